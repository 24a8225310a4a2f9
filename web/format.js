/** Money, days and times as the reader writes them; times always in the cinema's own zone. */

import { minorDigits } from "./currencies.js";
import { language, locale, t } from "./language.js";

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

/** What a snack is called in the reader's language, where it has a name in it. */
export const snackName = ({ name, name_zh: chinese }) => language() === "zh" ? chinese ?? name : name;

const moment = (when, zone, options) =>
  new Intl.DateTimeFormat(locale(), { timeZone: zone, ...options })
    .format(new Date(when));

/** 20:15. Without a zone, the clock that the moment itself was written with. */
export const time = (when, zone) =>
  zone ? moment(when, zone, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }) : when.slice(11, 16);

/** The day of a moment, in the clock that it was written with. */
export const dayOf = (when) => when.slice(0, 10);

/** Saturday, 21 November; `date` is a plain 2026-11-21. */
export const longDay = (date) => moment(`${date}T12:00:00Z`, "UTC", { weekday: "long", day: "numeric", month: "long" });

/** Today, Tomorrow, then Sat 21; with its month where that is not the present one. */
export function shortDay(date) {
  const away = Math.round((Date.parse(date) - Date.parse(today())) / 86_400_000);
  if (away === 0) return t("day.today");
  if (away === 1) return t("day.tomorrow");
  const month = date.slice(0, 7) === today().slice(0, 7) ? undefined : "short";
  return moment(`${date}T12:00:00Z`, "UTC", { weekday: "short", day: "numeric", month });
}

export const today = () => plainDate(new Date());

export const plainDate = (date) =>
  [date.getFullYear(), date.getMonth() + 1, date.getDate()]
    .map((part) => String(part).padStart(2, "0")).join("-");

export const runningTime = (minutes) => t("film.running", { hours: Math.floor(minutes / 60), minutes: minutes % 60 });

/** 7:03 of so many milliseconds. */
export function clock(milliseconds) {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
