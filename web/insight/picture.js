/** The live picture of the mesh: nodes, and arrows whose colour, dashes and width say how things go. */

import { fill, h, s } from "../dom.js";
import { t } from "../language/translations.js";
import { arrowHeads, Edge } from "./edge.js";
import { healthOf, STATES } from "./figures.js";
import { layout } from "./layout.js";
import { MARKS, Node } from "./node.js";

const NARROW = 720;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Shows a topology in `element`; `choose(name)` is told which node was pressed. */
export class Picture {
  constructor(choose) {
    this.choose = choose;
    this.chosen = "";
    this.svg = s("svg", { class: "mesh", role: "group", "aria-label": t("insight.picture") });
    this.element = h("div", { class: "mesh-frame" }, this.svg, legend());
    this.nodes = new Map();
    this.edges = new Map();
    this.svg.addEventListener("keydown", (event) => this.press(event));
    this.svg.addEventListener("focusin", (event) => this.step(nameOf(event.target)));
    for (const [begin, end] of [["pointerover", "pointerout"], ["focusin", "focusout"]]) {
      this.svg.addEventListener(begin, (event) => this.point(nameOf(event.target)));
      this.svg.addEventListener(end, () => this.point(null));
    }
    this.observer = new ResizeObserver(() => this.topology && this.draw(this.topology, this.up));
  }

  /** Draw `topology`, a schemas/insight/topology.py TopologyReply. `up`: the rooms that run; null: nobody knows. */
  draw(topology, up) {
    this.topology = topology;
    this.up = up;
    const width = Math.floor(this.svg.getBoundingClientRect().width) || 1200;
    const key = JSON.stringify([
      width,
      topology.nodes.map(({ name }) => name),
      topology.edges.map(({ caller, callee }) => [
        caller,
        callee,
      ]),
    ]);
    if (key !== this.key) this.build(topology, width);
    this.key = key;
    topology.edges.forEach((edge) => this.edges.get(`${edge.caller} ${edge.callee}`)?.show(edge));
    topology.nodes.forEach((node) => this.nodes.get(node.name).show(node, this.stateOf(node), this.chosen));
  }

  stateOf(node) {
    const front = this.topology.edges.find(({ caller }) => caller === "clients");
    if (node.kind === "clients") return front ? healthOf(front) : "quiet";
    const runs = node.kind !== "room" || !this.up || this.up.has(node.name);
    return runs ? healthOf(node) : "away";
  }

  build({ nodes, edges }, width) {
    const focused = nameOf(document.activeElement);
    const plan = layout(nodes, edges, { width, vertical: width < NARROW });
    this.edges = new Map(plan.paths.map((path) => [`${path.caller} ${path.callee}`, new Edge(path)]));
    this.nodes = new Map(nodes.map((node) => [node.name, new Node(node, plan.places.get(node.name), this.choose)]));
    const lines = [...this.edges.values()];
    this.svg.setAttribute("viewBox", `0 0 ${width} ${plan.height}`);
    fill(
      this.svg,
      s("defs", {}, arrowHeads()),
      s("g", {}, lines.map(({ line }) => line)),
      s("g", {}, [...this.nodes.values()].map(({ element }) => element)),
      s("g", { class: "mesh-labels", "aria-hidden": "true" }, lines.map(({ label }) => label)),
    );
    this.here = this.nodes.has(this.here)
      ? this.here
      : nodes.find(({ kind }) => kind === "gateway")?.name ?? nodes[0]?.name;
    this.step(this.here);
    if (focused) this.nodes.get(focused)?.element.focus();
    this.observer.disconnect();
    this.observer.observe(this.element);
  }

  /** Mark the node that filters the list. */
  mark(name) {
    this.chosen = name;
    if (this.topology) this.draw(this.topology, this.up);
  }

  /** Bring out the arrows of a node, or of none. */
  point(name) {
    this.svg.classList.toggle("pointed", Boolean(name));
    for (const edge of this.edges.values()) edge.bringOut(name);
    for (const [other, node] of this.nodes) {
      node.element.classList.toggle(
        "near",
        name === other || [...this.edges.values()].some((edge) => edge.joins(name, other)),
      );
    }
  }

  step(name) {
    if (!name) return;
    this.nodes.get(this.here)?.element.setAttribute("tabindex", "-1");
    this.here = name;
    this.nodes.get(name)?.element.setAttribute("tabindex", "0");
  }

  press(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || !nameOf(event.target)) return;
    if (event.key in ARROWS) this.nodes.get(nearest(this.nodes, this.here, ARROWS[event.key]))?.element.focus();
    else if (event.key === "Enter" || event.key === " ") this.choose(nameOf(event.target));
    else return;
    event.preventDefault();
  }
}

const nameOf = (element) => element?.closest?.(".node")?.getAttribute("data-node") ?? null;

/** The nearest node in a direction: one ahead is preferred to one beside. */
function nearest(nodes, here, [right, down]) {
  const from = nodes.get(here).place;
  let best = here;
  let least = Infinity;
  for (const [name, { place }] of nodes) {
    const ahead = (place.x - from.x) * right + (place.y - from.y) * down;
    const beside = Math.abs((place.x - from.x) * down) + Math.abs((place.y - from.y) * right);
    const far = ahead + 2 * beside;
    if (ahead > 1 && far < least) [best, least] = [name, far];
  }
  return best;
}

/** What the lines and marks mean. */
function legend() {
  return h(
    "ul",
    { class: "mesh-legend" },
    STATES.map((state) =>
      h(
        "li",
        {},
        s(
          "svg",
          { class: `sample ${state}`, viewBox: "0 0 58 16", width: 58, height: 16, "aria-hidden": "true" },
          s("path", { class: "mark", d: MARKS[state], transform: "translate(8 8)" }),
          state !== "away" &&
            s("g", { class: `edge ${state}` }, s("path", { class: "edge-line", d: "M20 8H56" })),
        ),
        t(`insight.health.${state}`),
      )
    ),
    h("li", {}, t("insight.numbers")),
  );
}
