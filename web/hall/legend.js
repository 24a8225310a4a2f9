/** The meaning of shapes and marks, and the price of each kind of seat. */

import { h, s } from "../dom.js";
import { money } from "../language/format.js";
import { t } from "../language/translations.js";
import { shape } from "./map/shapes.js";

function sample(kind, state) {
  const seat = (side, attributes = {}) => s("g", attributes, s("g", { class: "body" }, shape(kind, side)));
  const drawn = kind === "couple"
    ? [seat("left", { transform: "translate(-20 0)" }), seat("right", { transform: "translate(20 0)" })]
    : seat("left");
  return s("svg", {
    class: kind === "couple" ? "sample double" : "sample",
    viewBox: kind === "couple" ? "-40 -20 80 40" : "-20 -20 40 40",
    "aria-hidden": "true",
  }, s("g", { class: `seat ${kind} ${state}` }, drawn));
}

/** The legend's element. */
export function legend(hall) {
  const prices = new Map();
  for (const { kind, price } of hall.chart.seats) prices.set(kind, [...(prices.get(kind) ?? []), price]);
  const cost = (kind) => {
    const [low, high] = [Math.min(...prices.get(kind)), Math.max(...prices.get(kind))];
    const { currency } = hall.screening;
    return low === high ? money(low, currency) : `${money(low, currency)}–${money(high, currency)}`;
  };
  const kinds = ["standard", "premium", "couple", "wheelchair", "companion"].filter((kind) => prices.has(kind));
  return h(
    "div",
    { class: "legend" },
    h(
      "ul",
      {},
      kinds.map((kind) => h("li", {}, sample(kind, "free"), h("span", {}, t(`kind.${kind}`)), h("b", {}, cost(kind)))),
    ),
    h(
      "ul",
      {},
      ["picked", "held", "sold"].map((state) =>
        h("li", {}, sample("standard", state), h("span", {}, t(`state.${state}`)))
      ),
    ),
  );
}
