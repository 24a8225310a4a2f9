/** The list of traces, the newest first. */

import { fill, h } from "../dom.js";
import { t } from "../language/translations.js";
import { duration, instant, whole } from "./figures.js";

const MOST = 200;

/** Shows traces in `element`; `more(cursor)` asks for older ones. */
export class TraceList {
  constructor(more) {
    this.rows = new Map();
    this.list = h("ol", { class: "traces" });
    this.empty = h("p", { class: "muted nothing", hidden: true }, t("insight.nothing"));
    this.fresh = h("button", { class: "fresh", hidden: true, onclick: (event) => this.showFresh(event) });
    this.more = h("button", { hidden: true, onclick: () => more(this.cursor) }, t("insight.more"));
    this.element = h("div", { class: "stack" }, this.fresh, this.empty, this.list, h("p", {}, this.more));
  }

  /** Show these instead of all others. */
  replace({ traces, next_cursor: cursor }) {
    this.rows = new Map(traces.map((trace) => [trace.trace_id, new Row(trace)]));
    this.waiting = null;
    this.cursor = cursor;
    fill(this.list, [...this.rows.values()].map(({ element }) => element));
    this.settle();
  }

  /** Add older ones at the end. */
  append({ traces, next_cursor: cursor }) {
    for (const trace of traces.filter(({ trace_id: id }) => !this.rows.has(id))) {
      const row = new Row(trace);
      this.rows.set(trace.trace_id, row);
      this.list.append(row.element);
    }
    this.cursor = this.rows.size < MOST ? cursor : null;
    this.settle();
  }

  /** Take in the newest page: known traces get what has come since; new ones wait while somebody is at the list. */
  update(page) {
    for (const trace of page.traces) this.rows.get(trace.trace_id)?.show(trace);
    const news = page.traces.filter(({ trace_id: id }) => !this.rows.has(id)).length;
    const isBusy = this.list.matches(":hover") || this.list.contains(document.activeElement);
    this.waiting = news ? page : null;
    if (news && !isBusy) this.showWaiting();
    else this.settle();
  }

  /** Show what waits. The button disappears, so the focus of a keyboard moves to the first new trace. */
  showFresh({ detail: clicks }) {
    this.showWaiting();
    if (!clicks) this.list.querySelector("a")?.focus();
  }

  /** Put the traces that wait before the others, which stay the elements that they are, so that a focus stays. */
  showWaiting() {
    const page = this.waiting;
    this.waiting = null;
    if (page && !page.traces.some(({ trace_id: id }) => this.rows.has(id))) return this.replace(page);
    const news = (page?.traces ?? []).filter(({ trace_id: id }) => !this.rows.has(id)).map((trace) => new Row(trace));
    this.list.prepend(...news.map(({ element }) => element));
    this.rows = new Map([...news.map((row) => [row.id, row]), ...this.rows]);
    for (const row of [...this.rows.values()].slice(MOST)) {
      row.element.remove();
      this.rows.delete(row.id);
    }
    return this.settle();
  }

  settle() {
    const news = this.waiting?.traces.filter(({ trace_id: id }) => !this.rows.has(id)).length ?? 0;
    this.fresh.hidden = !news;
    this.fresh.textContent = t("insight.fresh", { count: news });
    this.empty.hidden = this.rows.size > 0;
    this.more.hidden = !this.cursor;
    const longest = Math.max(1, ...[...this.rows.values()].map(({ trace }) => trace.duration));
    for (const row of this.rows.values()) row.scale(longest);
  }

  /** The names of the roots that are shown. */
  names() {
    return [...new Set([...this.rows.values()].map(({ trace }) => trace.name))].sort();
  }
}

class Row {
  constructor(trace) {
    this.id = trace.trace_id;
    this.name = h("span", { class: "trace-name" }, h("b", {}, trace.name));
    this.code = h("span", { class: "http-code" });
    this.bar = h("span", { class: "bar" });
    this.took = h("span", { class: "trace-took" });
    this.facts = h("span", { class: "trace-facts muted" });
    this.element = h(
      "li",
      {},
      h(
        "a",
        { href: `/insight?trace=${trace.trace_id}` },
        h("time", { class: "muted" }, instant(trace.started_at)),
        this.name,
        this.code,
        h("span", { class: "track", "aria-hidden": "true" }, this.bar),
        this.took,
        this.facts,
      ),
    );
    this.show(trace);
  }

  show(trace) {
    this.trace = trace;
    const failed = trace.errors > 0;
    this.element.classList.toggle("error", failed);
    this.name.firstChild.textContent = trace.name;
    this.code.textContent = trace.status_code ?? "";
    this.code.className = `http-code code-${String(trace.status_code ?? 0)[0]}`;
    this.took.textContent = duration(trace.duration);
    const facts = [
      trace.room,
      t("insight.spans", { count: trace.spans, number: whole(trace.spans) }),
      ...(failed ? [t("insight.errors", { count: trace.errors, number: whole(trace.errors) })] : []),
    ];
    if (this.facts.textContent !== facts.join(" · ")) this.facts.textContent = facts.join(" · ");
  }

  /** On a scale of logarithms, as durations differ by so much. */
  scale(longest) {
    const part = Math.log(1 + this.trace.duration / 1000) / Math.log(1 + longest / 1000) || 0;
    this.bar.style.setProperty("--took", `${Math.max(1, Math.min(100, 100 * part)).toFixed(1)}%`);
  }
}
