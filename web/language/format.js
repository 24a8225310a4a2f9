/** Money, days and times in the user's language. Times are the cinema's, by the offset that they were written with. */

import { minorDigits } from "./currencies.js";
import { language, locale, t } from "./translations.js";

/** `minor` units of a currency, such as cents: money(1250, "EUR") is €12.50. */
export function money(minor, currency) {
  const digits = minorDigits(currency);
  return new Intl.NumberFormat(locale(), {
    style: "currency",
    currency,
    currencyDisplay: "narrowSymbol",
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(minor / 10 ** digits);
}

/** The snack's name in the user's language where it has one. */
export const snackName = ({ name, name_zh: chinese }) => language() === "zh" ? chinese ?? name : name;

const moment = (when, zone, options) =>
  new Intl.DateTimeFormat(locale(), { timeZone: zone, ...options })
    .format(new Date(when));

/** The length of a text's longest word: a heading is small enough for it to stay whole, see style/films.css. */
export const longestWord = (text) => Math.max(...text.split(/[\s-]+/).map((word) => word.length));

/** 20:15, in `zone` or, without one, by the offset that `when` was written with. */
export const time = (when, zone) =>
  zone ? moment(when, zone, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }) : when.slice(11, 16);

/** 21 November at 20:15, where the browser is. */
export const localMoment = (when) =>
  moment(when, undefined, { day: "numeric", month: "long", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

/** 21 November 2026 at 20:15, in `zone` or, without one, where the browser is. */
export const dated = (when, zone) =>
  moment(when, zone, {
    day: "numeric",
    month: "long",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });

/** 2026-11-21: the day of a moment, by the offset that it was written with. */
export const dayOf = (when) => when.slice(0, 10);

/** Saturday, 21 November; `date` is a plain 2026-11-21. */
export const longDay = (date) => moment(`${date}T12:00:00Z`, "UTC", { weekday: "long", day: "numeric", month: "long" });

/** Today, Tomorrow, then Sat 21, or Mon 1 Mar in another month than the present one. */
export function shortDay(date) {
  const away = Math.round((Date.parse(date) - Date.parse(today())) / 86_400_000);
  if (away === 0) return t("day.today");
  if (away === 1) return t("day.tomorrow");
  const month = date.slice(0, 7) === today().slice(0, 7) ? undefined : "short";
  return moment(`${date}T12:00:00Z`, "UTC", { weekday: "short", day: "numeric", month });
}

/** 19:50, or Mon 23 19:50 on another day than today. */
export const shortMoment = (when) => dayOf(when) === today() ? time(when) : `${shortDay(dayOf(when))} ${time(when)}`;

/** Today by the browser's clock, as 2026-11-21. */
export const today = () => plainDate(new Date());

/** 2026-11-21, by the browser's clock. */
export const plainDate = (date) =>
  [date.getFullYear(), date.getMonth() + 1, date.getDate()]
    .map((part) => String(part).padStart(2, "0")).join("-");

/** 1 h 46 min. */
export const runningTime = (minutes) => t("film.running", { hours: Math.floor(minutes / 60), minutes: minutes % 60 });

/** "45 seconds", "3 minutes" or "2 hours" to wait, never less than it takes. */
export function waiting(seconds) {
  const [size, unit] = seconds <= 90 ? [1, "second"] : seconds <= 90 * 60 ? [60, "minute"] : [3600, "hour"];
  return new Intl.NumberFormat(locale(), { style: "unit", unit, unitDisplay: "long" }).format(
    Math.ceil(seconds / size),
  );
}

/** 7:03 for a number of milliseconds, never negative. */
export function clock(milliseconds) {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
