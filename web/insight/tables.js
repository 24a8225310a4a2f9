/** The same as the picture shows, as tables: all connections, and the processes of the rooms. */

import { fill, h } from "../dom.js";
import { t } from "../language/translations.js";
import { circuitOf } from "./edge.js";
import { duration, healthOf, instant, rate, share, whole } from "./figures.js";

/** Two tables to open, in `element`; `draw` gives them a topology. */
export class Tables {
  constructor() {
    this.connections = h("tbody", {});
    this.processes = h("tbody", {});
    this.element = h(
      "div",
      { class: "tables" },
      table(t("insight.connections"), ["caller", "callee", "rate", "failed", "p50", "p95", "state"], this.connections),
      table(t("insight.all_processes"), ["room", "process", "seen", "spans", "dropped"], this.processes),
    );
  }

  draw({ nodes, edges }) {
    const busiest = [...edges].sort((one, other) => other.calls_a_minute - one.calls_a_minute);
    fill(this.connections, busiest.map(connection));
    const processes = nodes.flatMap(({ name, instances }) => instances.map((each) => ({ name, ...each })));
    fill(
      this.processes,
      processes.map(({ name, instance, last_seen_at: seen, spans, dropped }) =>
        row(dropped ? "degraded" : "", name, instance, instant(seen), whole(spans), whole(dropped))
      ),
    );
  }
}

const table = (title, columns, body) =>
  h(
    "details",
    {},
    h("summary", {}, title),
    h(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": title },
      h(
        "table",
        {},
        h("thead", {}, h("tr", {}, columns.map((name) => h("th", { scope: "col" }, t(`insight.column.${name}`))))),
        body,
      ),
    ),
  );

function connection(edge) {
  const state = healthOf(edge);
  const words = [t(`insight.health.${state}`), circuitOf(edge)].filter(Boolean).join(", ");
  return row(
    state,
    edge.caller,
    edge.callee,
    rate(edge.calls_a_minute),
    share(edge.error_share),
    duration(edge.p50),
    duration(edge.p95),
    words,
  );
}

const row = (state, first, ...cells) =>
  h("tr", { class: state }, h("th", { scope: "row" }, first), cells.map((cell) => h("td", {}, cell)));
