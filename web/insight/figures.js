/** Durations, rates and shares in the user's language. */

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

/** 14:03:22.123, where the browser is. */
export const instant = (moment) =>
  new Intl.DateTimeFormat(locale(), {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: 3,
    hourCycle: "h23",
  }).format(new Date(moment));
