/** Durations, rates and shares in the user's language, and the health that follows from them. */

import { locale, t } from "../language/translations.js";

const format = (value, options) => new Intl.NumberFormat(locale(), options).format(value);
/** @type {[number, string][]} */
const UNITS = [[60_000_000, "min"], [1_000_000, "s"], [1000, "ms"], [1, "µs"]];

/** 850 µs, 5.23 ms, 1.4 s; a dash where there is none. */
export function duration(microseconds) {
  if (microseconds === null) return "–";
  const [size, unit] = UNITS.find(([least]) => microseconds >= least) ?? UNITS.at(-1);
  return `${format(microseconds / size, { maximumSignificantDigits: 3 })} ${unit}`;
}

/** 38, 0.2: so many a minute. */
export const number = (callsAMinute) =>
  format(callsAMinute, { maximumSignificantDigits: callsAMinute < 10 ? 2 : 3, notation: "compact" });

/** 38/min, 0.2/min. */
export const rate = (callsAMinute) => t("insight.rate", { rate: number(callsAMinute) });

/** 1.2%. */
export const share = (part) =>
  format(part, { style: "percent", maximumFractionDigits: part > 0 && part < 0.1 ? 1 : 0 });

/** 1,234. */
export const whole = (count) => format(count, {});

const NARROW = " .,";

/** About how wide a text of figures is drawn, in pixels, by letters of this size. */
export const widthOf = (text, size) =>
  [...text].reduce((sum, letter) => sum + size * (NARROW.includes(letter) ? 0.35 : letter > "\u2e7f" ? 1.05 : 0.66), 0);

/** 14:03:22.123, where the browser is. */
export const instant = (moment) =>
  new Intl.DateTimeFormat(locale(), {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: 3,
    hourCycle: "h23",
  }).format(new Date(moment));

// How well things go is shown by colour, shape and words.

/** The states there are; `away` is a room that does not run. */
export const STATES = ["good", "degraded", "failing", "quiet", "away"];
const DEGRADED_SHARE = 0.01;
const FAILING_SHARE = 0.1;
/** A p95 above this, in microseconds, is a trouble by itself. */
export const SLOW = 1_000_000;

/**
 * quiet: nothing came; failing: a tenth of the calls or more fail; degraded: some do, or they are slow; good otherwise.
 * An edge whose circuit is open fails, whatever its figures are: nobody is called. `flow` has the figures of an edge or a node, see schemas/insight/topology.py.
 */
export function healthOf({ calls_a_minute: rate, error_share: errors, p95, circuit = "closed" }) {
  if (circuit !== "closed") return circuit === "open" ? "failing" : "degraded";
  if (!rate) return "quiet";
  if (errors >= FAILING_SHARE) return "failing";
  return errors >= DEGRADED_SHARE || p95 > SLOW ? "degraded" : "good";
}

/** How wide the line of an edge is drawn: a pixel more each time the calls grow fourfold. */
export const lineWidth = (rate) => Math.min(6, 1.25 + Math.log2(1 + Math.max(0, rate)) / 2);
