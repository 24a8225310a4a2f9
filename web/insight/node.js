/** A node of the picture: a room or what rooms use, with its figures and a mark for its health. */

import { s } from "../dom.js";
import { t } from "../language/translations.js";
import { duration, rate, share, STATES } from "./figures.js";

// A mark for each state, 12 units wide, so that nobody needs the colours.
export const MARKS = {
  good: "M0 -5A5 5 0 1 0 0 5A5 5 0 1 0 0 -5Z",
  degraded: "M0 -6L6.2 5H-6.2Z",
  failing: "M0 -6.6L6.6 0L0 6.6L-6.6 0Z",
  quiet: "M0 -4.5A4.5 4.5 0 1 0 0 4.5A4.5 4.5 0 1 0 0 -4.5Z",
  away: "M-5 -5L5 5M5 -5L-5 5",
};
const GLYPHS = {
  clients: "M-4 4V3A4 4 0 0 1 4 3V4M0 -6A2.4 2.4 0 1 0 0 -1.2A2.4 2.4 0 1 0 0 -6",
  gateway: "M-6 5V-2L0 -6L6 -2V5M-2 5V1H2V5",
  room: "M-5 -5H5V5H-5ZM-5 -1H5",
  broker: "M-6 -3H2L-1 -6M6 3H-2L1 6",
  cache: "M1 -6L-4 1H0L-1 6L4 -1H0Z",
  database: "M-5 -4A5 2 0 0 0 5 -4A5 2 0 0 0 -5 -4V4A5 2 0 0 0 5 4V-4M-5 0A5 2 0 0 0 5 0",
  provider: "M-6 -4H6V4H-6ZM-6 -1.2H6",
  mail: "M-6 -4H6V4H-6ZM-6 -4L0 1L6 -4",
};

/** `show` gives it the figures of the moment. */
export class Node {
  constructor({ name, kind }, place, choose) {
    this.place = place;
    const { width, height } = place;
    const left = -width / 2;
    const isSmall = width < 130;
    this.mark = s("path", {
      class: "mark",
      transform: `translate(${width / 2 - 14} ${isSmall ? 12 : 15 - height / 2})`,
    });
    this.figures = s("text", { class: "node-figures", x: left + 12, y: 16 });
    this.count = s("tspan", { class: "node-count" });
    this.element = s(
      "g",
      {
        class: `node kind-${kind}`,
        role: "button",
        tabindex: "-1",
        "data-node": name,
        transform: `translate(${place.x} ${place.y})`,
        onclick: () => choose(name),
      },
      s("rect", { x: left, y: -height / 2, width, height, rx: kind === "room" || kind === "gateway" ? 14 : 28 }),
      isSmall ? null : s("path", { class: "glyph", d: GLYPHS[kind], transform: `translate(${left + 19} -7)` }),
      s(
        "text",
        { class: name.length > 10 ? "node-name long" : "node-name", x: left + (isSmall ? 12 : 32), y: -3 },
        label(name, isSmall ? 12 : 15),
        this.count,
      ),
      this.figures,
      this.mark,
    );
    this.isSmall = isSmall;
  }

  show(node, state, chosen) {
    const { element } = this;
    for (const each of STATES) element.classList.toggle(each, each === state);
    element.setAttribute("aria-pressed", String(chosen === node.name));
    element.setAttribute("aria-label", spoken(node, state));
    this.mark.setAttribute("d", MARKS[state]);
    const figures = this.textOf(node, state);
    if (this.figures.textContent !== figures) this.figures.textContent = figures;
    this.count.textContent = node.instances.length > 1 ? ` ×${node.instances.length}` : "";
  }

  textOf({ kind, calls_a_minute: calls, p95 }, state) {
    if (kind === "clients") return this.isSmall ? "" : t("insight.clients");
    if (!calls) return t(`insight.health.${state}`);
    return this.isSmall ? rate(calls) : `${rate(calls)} · ${duration(p95)}`;
  }
}

const label = (name, most) => (name.length > most ? `${name.slice(0, most - 1)}…` : name);

function spoken(node, state) {
  const facts = [`${node.name}: ${t(`insight.health.${state}`)}`];
  if (node.calls_a_minute) {
    facts.push(
      rate(node.calls_a_minute),
      t("insight.errors_of", { share: share(node.error_share) }),
      `p95 ${duration(node.p95)}`,
    );
  }
  if (node.instances.length) facts.push(t("insight.processes", { count: node.instances.length }));
  return facts.join(", ");
}
