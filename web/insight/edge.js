/** An arrow of the picture: its width is the rate; its colour, dashes and head say how the calls go. */

import { s } from "../dom.js";
import { t } from "../language/translations.js";
import { duration, healthOf, lineWidth, number, rate, share, STATES, widthOf } from "./figures.js";

/** How wide the ground of a label is, of bold letters with some room around them. */
export const labelWidth = (text) => widthOf(text, 12) + 8;

/** `show` gives it the figures of the moment; `line` and `label` are drawn at different depths. */
export class Edge {
  constructor({ caller, callee, d, label: { x, y }, isUse }) {
    this.caller = caller;
    this.callee = callee;
    this.isUse = isUse;
    this.title = s("title");
    this.path = s("path", { class: "edge-line", d });
    this.line = s(
      "g",
      { class: isUse ? "edge use" : "edge" },
      s("path", { class: "edge-touch", d }),
      this.path,
      isUse ? null : s("path", { class: "edge-flow", d }),
      this.title,
    );
    this.text = s("text", { x, y: y + 4 });
    this.back = s("rect", { y: y - 8, height: 16, rx: 5 });
    this.label = s("g", {}, this.back, this.text);
    this.middle = x;
  }

  show(edge) {
    const state = healthOf(edge);
    for (const each of STATES) {
      this.line.classList.toggle(each, each === state);
      this.label.classList.toggle(each, each === state);
    }
    this.label.classList.toggle("use", this.isUse);
    this.path.setAttribute("marker-end", `url(#arrow-${state})`);
    this.line.style.setProperty("--wide", `${lineWidth(edge.calls_a_minute)}px`);
    this.line.style.setProperty("--pace", `${Math.max(0.6, 4 - Math.log10(1 + edge.calls_a_minute)).toFixed(1)}s`);
    const text = ["good", "quiet"].includes(state) ? number(edge.calls_a_minute) : worst(edge);
    if (this.text.textContent !== text) this.write(text);
    this.title.textContent = `${edge.caller} → ${edge.callee}: ${rate(edge.calls_a_minute)}, ${
      t("insight.errors_of", { share: share(edge.error_share) })
    }, p50 ${duration(edge.p50)}, p95 ${duration(edge.p95)}${circuitOf(edge) && `, ${circuitOf(edge)}`}`;
  }

  /** On a ground of its own, or what flows below would cross it. */
  write(text) {
    const width = labelWidth(text);
    this.text.textContent = text;
    this.back.setAttribute("width", String(width));
    this.back.setAttribute("x", String(this.middle - width / 2));
  }

  joins(one, other) {
    return (this.caller === one && this.callee === other) || (this.callee === one && this.caller === other);
  }

  bringOut(name) {
    const isOf = Boolean(name) && (this.caller === name || this.callee === name);
    this.line.classList.toggle("near", isOf);
    this.label.classList.toggle("near", isOf);
  }
}

/** What the circuit breaker of an edge does, in words; "" while it lets calls through. */
export const circuitOf = ({ circuit = "closed" }) => circuit === "closed" ? "" : t(`insight.circuit.${circuit}`);

const worst = (edge) => circuitOf(edge) || `▲ ${edge.error_share > 0 ? share(edge.error_share) : duration(edge.p95)}`;

// Arrow heads differ by shape, too: full, open, a bar across.
const HEADS = {
  good: "M0 1L9 5L0 9Z",
  degraded: "M1 1L9 5L1 9",
  failing: "M0 1L9 5L0 9ZM10 0V10",
  quiet: "M1 2L8 5L1 8",
};

const arrowHead = (state) =>
  s("marker", {
    id: `arrow-${state}`,
    class: `head-${state}`,
    viewBox: "0 0 11 10",
    refX: 9,
    refY: 5,
    markerWidth: 11,
    markerHeight: 10,
    markerUnits: "userSpaceOnUse",
    orient: "auto",
  }, s("path", { d: HEADS[state] }));

/** The heads that the arrows refer to. */
export const arrowHeads = () => Object.keys(HEADS).map(arrowHead);
