/** One trace: its facts, and the waterfall of its spans with all that is known of each. */

import { read } from "../api.js";
import { fill, h } from "../dom.js";
import { t } from "../language/translations.js";
import { rename } from "../navigation.js";
import { tab } from "../storage.js";
import { details, linkTo } from "./details.js";
import { duration, instant, whole, widthOf } from "./figures.js";
import { labelled, timeline, waterfall } from "./waterfall.js";

const REFRESH_MS = 4000;
const LETTER = 12.5; // pixels, and the room around a text on the ruler, as style/insight.css has them
const AROUND = 11;
const YOUNG_MS = 120_000; // mail and popcorn may still follow

/** Shows a trace in `element`; `spanId`: the span that is open. */
export class TraceView {
  constructor(traceId, spanId, signal) {
    this.traceId = traceId;
    this.signal = signal;
    this.onlyRequest = false;
    this.opened = new Set([spanId].filter(Boolean));
    this.facts = h("dl", { class: "figures" });
    this.linked = h("p", { class: "row", hidden: true });
    this.ruler = h("div", { class: "ruler", "aria-hidden": "true" });
    this.sized = new ResizeObserver(() => this.drawRuler());
    this.sized.observe(this.ruler);
    signal.addEventListener("abort", () => this.sized.disconnect());
    this.list = h("ol", { class: "spans", onkeydown: (event) => this.press(event) });
    this.scopes = h("div", { class: "windows", role: "group", "aria-label": t("insight.scope") });
    this.title = h("h1", { tabindex: "-1" });
    this.element = h(
      "section",
      { class: "insight trace" },
      h("p", {}, h("a", { class: "back", href: tab.get("insight") ?? "/insight" }, `← ${t("insight.title")}`)),
      h("header", { class: "row spread" }, this.title, this.scopes),
      this.facts,
      this.linked,
      h("div", { class: "waterfall" }, this.ruler, this.list),
    );
  }

  async load() {
    const found = await read("/insight/get_trace", { trace_id: this.traceId }, this.signal);
    const isSame = this.found?.spans.length === found.spans.length;
    this.found = found;
    if (!isSame) this.draw();
  }

  /** Take in what still comes of a trace that has just begun. */
  follow() {
    const again = async () => {
      if (this.signal.aborted || Date.now() - this.plan.end / 1000 > YOUNG_MS) return;
      if (!document.hidden) await this.load().catch(() => {});
      setTimeout(again, REFRESH_MS);
    };
    setTimeout(again, REFRESH_MS);
  }

  draw() {
    const { trace, spans, follows, followed_by: followers } = this.found;
    this.plan = waterfall(spans);
    this.title.textContent = trace.name;
    const rooms = [...new Set(spans.map(({ room }) => room))].sort();
    this.hues = new Map(rooms.map((room, at) => [room, at * 137.5 % 360])); // far apart, however many there are
    fill(
      this.facts,
      [
        ["began", instant(trace.started_at)],
        ["request", duration(trace.duration)],
        ["whole", duration(trace.whole_duration)],
        ["rooms", whole(rooms.length)],
        ["all_spans", whole(trace.spans)],
        ["failed_spans", whole(trace.errors), trace.errors ? "failing" : null],
      ].map(([name, value, state]) =>
        h("div", { class: state ?? "" }, h("dt", {}, t(`insight.figure.${name}`)), h("dd", {}, value))
      ),
    );
    this.linked.hidden = !follows.length && !followers.length;
    fill(
      this.linked,
      follows.length > 0 && [h("span", { class: "muted" }, t("insight.follows")), follows.map(linkTo)],
      followers.length > 0 && [h("span", { class: "muted" }, t("insight.followed_by")), followers.map(linkTo)],
    );
    this.drawSpans();
  }

  drawSpans() {
    const { start, rootEnd, rows } = this.plan;
    const scopes = { request: true, whole: false };
    fill(
      this.scopes,
      Object.entries(scopes).map(([name, only]) =>
        h("button", {
          "aria-pressed": String(this.onlyRequest === only),
          onclick: () => {
            this.onlyRequest = only;
            this.drawSpans();
            /** @type {HTMLElement} */ (this.scopes.querySelector("[aria-pressed=true]")).focus();
          },
        }, t(`insight.scope.${name}`))
      ),
    );
    const works = this.onlyRequest ? [{ started_at: start, duration: rootEnd - start }] : this.found.spans;
    this.timeline = timeline(works);
    this.drawRuler();
    const { at } = this.timeline;
    const focused = document.activeElement?.getAttribute("data-span");
    fill(this.list, rows.map((row) => this.row(row, at)));
    this.buttons = /** @type {HTMLElement[]} */ ([...this.list.querySelectorAll("[data-span]")]);
    this.step(this.buttons.find((button) => button.dataset.span === focused) ?? this.buttons[0], Boolean(focused));
  }

  /** Again when its width changes: fewer times stand on a narrow ruler. */
  drawRuler() {
    if (!this.timeline) return;
    const { marks, pauses } = this.timeline;
    const room = (text) => widthOf(text, LETTER) + AROUND;
    const times = labelled(marks, this.ruler.clientWidth, duration, room);
    fill(
      this.ruler,
      pauses.map(({ part, width }) => stretched(placed(h("i", { class: "pause" }), part), width)),
      times.map(({ part, text, isBefore }) => placed(h("span", { class: isBefore && "last" }, h("b", {}, text)), part)),
    );
  }

  row(row, at) {
    const { span, depth, offset } = row;
    const [from, to] = [at(span.started_at), at(span.started_at + span.duration)];
    const isOpen = this.opened.has(span.span_id);
    const below = h("div", { hidden: !isOpen }, isOpen && details(row, this.traceId));
    const isLate = this.onlyRequest && span.started_at >= this.plan.rootEnd && offset > 0;
    const bar = stretched(placed(h("span", { class: isLate ? "bar late" : "bar" }), from), to - from);
    const took = isLate ? `+${duration(offset)}` : duration(span.duration);
    const button = h(
      "button",
      {
        class: span.status === "error" ? "span error" : "span",
        tabindex: "-1",
        "data-span": span.span_id,
        "aria-expanded": String(isOpen),
        onclick: () => this.toggle(row, button, below),
      },
      indented(depth, span, row.children),
      h(
        "span",
        { class: "track" },
        bar,
        besideBar(took, to, from),
      ),
    );
    const item = h("li", { class: `kind-${span.kind}` }, button, below);
    item.style.setProperty("--hue", String(Math.round(this.hues.get(span.room))));
    return item;
  }

  toggle(row, button, below) {
    const id = row.span.span_id;
    const opens = !this.opened.delete(id);
    if (opens) this.opened.add(id);
    fill(below, opens && details(row, this.traceId));
    below.hidden = !opens;
    button.setAttribute("aria-expanded", String(opens));
    rename(opens ? `/insight?trace=${this.traceId}&span=${id}` : `/insight?trace=${this.traceId}`);
    this.step(button, true);
  }

  /** Up and down, Home and End go from span to span; one of them is in the tab order. */
  press(event) {
    const at = this.buttons.indexOf(event.target);
    if (at < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: this.buttons.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.step(this.buttons[Math.max(0, Math.min(this.buttons.length - 1, to))], true);
  }

  step(button, focus) {
    this.here?.setAttribute("tabindex", "-1");
    this.here = button;
    button?.setAttribute("tabindex", "0");
    if (focus) button?.focus();
  }
}

function placed(element, part) {
  element.style.setProperty("--from", `${(100 * part).toFixed(3)}%`);
  return element;
}

function stretched(element, part) {
  element.style.setProperty("--took", `${(100 * part).toFixed(3)}%`);
  return element;
}

function indented(depth, { room, name, status }, children) {
  const element = h(
    "span",
    { class: children ? "span-name parent" : "span-name" },
    h("span", { class: "room" }, room),
    " ",
    h("span", { class: "what" }, name),
    status === "error" && h("span", { class: "failed" }, ` ${t("insight.failed")}`),
  );
  element.style.setProperty("--depth", String(Math.min(depth, 14)));
  return element;
}

/** The duration stands after its bar, before it where there is no room, or on it where it fills the whole track. */
function besideBar(text, end, from) {
  const isBefore = end > 0.86;
  const place = isBefore && (from < 0.2 ? "within" : "before");
  const element = h("span", { class: place ? `bar-took ${place}` : "bar-took" }, text);
  return placed(element, isBefore ? from : end);
}
