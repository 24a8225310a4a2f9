/** The picture of the mesh, its figures and the traces below it, kept up to date. */

import { read } from "../api.js";
import { announce, fill, h } from "../dom.js";
import { t } from "../language/translations.js";
import { go, rename } from "../navigation.js";
import { problemSentence } from "../problems.js";
import { tab } from "../storage.js";
import { duration, healthOf, rate, share, SLOW, whole } from "./figures.js";
import { addressOf, FilterForm, filtersOf, WINDOWS } from "./filters.js";
import { TraceList } from "./list.js";
import { Picture } from "./picture.js";
import { Tables } from "./tables.js";

const REFRESH_MS = 3000;
const TRACE_ID = /^[0-9a-f]{32}$/;

/** Shows what `selection` (see filters.js) ask for in `element` until `signal` aborts. */
export class Overview {
  constructor(selection, signal) {
    this.selection = selection;
    this.signal = signal;
    this.warning = h("p", { class: "note warning", role: "alert", hidden: true });
    this.figures = h("dl", { class: "figures" });
    this.picture = new Picture((name) => this.form.set({ room: this.selection.room === name ? "" : name }));
    this.list = new TraceList((cursor) => this.loadMore(cursor));
    this.form = new FilterForm(selection, () => this.apply(), (id) => this.find(id));
    this.tables = new Tables();
    this.element = h(
      "section",
      { class: "insight" },
      h(
        "header",
        { class: "row spread" },
        h("div", {}, h("h1", { tabindex: "-1" }, t("insight.title")), h("p", { class: "muted" }, t("insight.lead"))),
        this.windows(),
      ),
      this.warning,
      this.figures,
      this.picture.element,
      this.tables.element,
      h("h2", {}, t("insight.traces")),
      this.form.element,
      this.list.element,
    );
    this.picture.mark(selection.room);
  }

  windows() {
    const choose = (minutes) => {
      this.selection.minutes = minutes;
      press();
      this.apply();
    };
    const buttons = WINDOWS.map((minutes) =>
      h("button", { onclick: () => choose(minutes) }, t("insight.minutes", { minutes }))
    );
    const press = () =>
      buttons.forEach((button, at) =>
        button.setAttribute("aria-pressed", String(WINDOWS[at] === this.selection.minutes))
      );
    press();
    return h("div", { class: "windows", role: "group", "aria-label": t("insight.window") }, buttons);
  }

  /** Follow another selection: in the address, in the picture and in the list. */
  async apply() {
    rename(addressOf(this.selection));
    tab.set("insight", addressOf(this.selection));
    this.picture.mark(this.selection.room);
    const wanted = JSON.stringify(this.selection);
    this.asked = wanted;
    try {
      await Promise.all([
        this.refreshPicture(),
        this.readTraces().then((page) => {
          if (this.asked !== wanted) return; // another was made meanwhile
          this.list.replace(page);
          announce(t("insight.found", { count: page.traces.length }));
        }),
      ]);
      this.warning.hidden = true;
    } catch (problem) {
      this.showProblem(problem);
    }
  }

  /** The first time: everything, and whatever is wrong is thrown. */
  async load() {
    tab.set("insight", addressOf(this.selection));
    const [page] = await Promise.all([this.readTraces(), this.readPicture()]);
    this.list.replace(page);
  }

  /** Once `element` is in the page, so that the picture knows its width. */
  follow() {
    this.drawPicture();
    const again = async () => {
      if (this.signal.aborted) return;
      try {
        if (!document.hidden) await this.refresh();
        this.warning.hidden = true;
      } catch (problem) {
        if (!this.signal.aborted) this.showProblem(problem);
      }
      setTimeout(again, REFRESH_MS);
    };
    setTimeout(again, REFRESH_MS);
  }

  async refresh() {
    const before = this.asked;
    const [page] = await Promise.all([this.readTraces(), this.refreshPicture()]);
    if (before === this.asked) this.list.update(page);
    this.form.offer(this.topology.nodes.map(({ name }) => name), this.list.names());
  }

  readTraces = (cursor = "") => read("/insight/get_traces", { ...filtersOf(this.selection), cursor }, this.signal);

  async loadMore(cursor) {
    try {
      this.list.append(await this.readTraces(cursor));
    } catch (problem) {
      this.showProblem(problem);
    }
  }

  async readPicture() {
    const { minutes } = this.selection;
    const [topology, services] = await Promise.all([
      read("/insight/get_topology", { minutes }, this.signal),
      read("/services", {}, this.signal).catch(() => null),
    ]);
    if (minutes !== this.selection.minutes) return; // another time was chosen meanwhile
    this.up = services && new Set(services.services.map(({ room }) => room));
    this.topology = withServices(topology, services ?? {});
  }

  async refreshPicture() {
    await this.readPicture();
    if (!this.signal.aborted) this.drawPicture();
  }

  drawPicture() {
    const { topology } = this;
    this.picture.draw(topology, this.up);
    this.form.offer(topology.nodes.map(({ name }) => name), this.list.names());
    fill(
      this.figures,
      figuresOf(topology).map(([name, value, state]) =>
        h("div", { class: state ?? "" }, h("dt", {}, t(`insight.figure.${name}`)), h("dd", {}, value))
      ),
    );
    this.tables.draw(topology);
  }

  /** Look for an order, a request or a trace with this id. */
  async find(id) {
    try {
      for (const name of ["order_id", "request_id"]) {
        const { traces } = await read("/insight/get_traces", { [name]: id, limit: 1 }, this.signal);
        if (traces.length) return this.form.set({ order_id: "", request_id: "", [name]: id });
      }
      if (TRACE_ID.test(id)) {
        const found = await read("/insight/get_trace", { trace_id: id }, this.signal).catch(() => null);
        if (found) return go(`/insight?trace=${id}`);
      }
      announce(t("insight.not_found"));
      this.warning.textContent = t("insight.not_found");
      this.warning.hidden = false;
    } catch (problem) {
      this.showProblem(problem);
    }
  }

  showProblem(problem) {
    this.warning.textContent = problemSentence(problem);
    this.warning.hidden = false;
  }
}

/** What the page is called. */
export const title = () => t("insight.title");

/** Who may see the page, for somebody who may not. */
export const whoMay = (code) => t(`insight.${code === "forbidden" ? "forbidden" : "stranger"}`);

const NO_CALLS = { calls_a_minute: 0, error_share: 0, p50: null, p95: null };

/** With the rooms that run although no span of them has come, and the circuits between rooms that are not closed. */
function withServices(topology, { services = [], circuits = {} }) {
  const known = new Set(topology.nodes.map(({ name }) => name));
  const quiet = services.filter(({ room }) => !known.has(room)).map(({ room: name }) => ({
    name,
    kind: name === "gateway" ? "gateway" : "room",
    instances: [],
    ...NO_CALLS,
  }));
  const calls = new Map(topology.edges.map((edge) => [`${edge.caller} ${edge.callee}`, edge]));
  for (const [caller, states] of Object.entries(circuits)) {
    for (const [callee, circuit] of Object.entries(states)) {
      const name = `${caller} ${callee}`;
      if (circuit !== "closed") calls.set(name, { caller, callee, ...NO_CALLS, ...calls.get(name), circuit });
    }
  }
  return { ...topology, nodes: [...topology.nodes, ...quiet], edges: [...calls.values()] };
}

function figuresOf({ nodes, edges, spans, dropped }) {
  const front = edges.find(({ caller }) => caller === "clients");
  const rooms = nodes.filter(({ kind, calls_a_minute: calls }) => calls && ["room", "gateway"].includes(kind));
  const troubled = rooms.filter((node) => ["degraded", "failing"].includes(healthOf(node))).length;
  return [
    ["requests", front ? rate(front.calls_a_minute) : "–"],
    ["failed", front ? share(front.error_share) : "–", front && front.error_share >= 0.01 ? "failing" : null],
    ["p50", duration(front?.p50 ?? null)],
    ["p95", duration(front?.p95 ?? null), front?.p95 > SLOW ? "degraded" : null],
    ["troubled", `${whole(troubled)} / ${whole(rooms.length)}`, troubled ? "degraded" : null],
    ["spans", whole(spans)],
    ["dropped", whole(dropped), dropped ? "degraded" : null],
  ];
}
