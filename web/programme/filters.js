/** The filters of the front page, kept in the address so that a link shows the same films. */

import { h } from "../dom.js";
import { plainDate, shortDay } from "../language/format.js";
import { t } from "../language/translations.js";

const NAMES = ["title", "cinema", "city", "date", "part"];
const DAYS = 10;
const TYPING_MS = 220;

/** Parts of the day by the hour in which a screening begins, by the cinema's clock; hours after midnight are late. */
export const PARTS = { morning: [5, 12], afternoon: [12, 17], evening: [17, 21], late: [21, 29] };

const MOST_LETTERS = 200; // that the API takes

/**
 * {title, cinema, city, date, part} of an address's query; empty strings for all that is missing or makes no sense.
 * @returns {Record<string, string>}
 */
export function fromQuery(query) {
  const given = Object.fromEntries(NAMES.map((name) => [name, (query.get(name) ?? "").trim().slice(0, MOST_LETTERS)]));
  return {
    ...given,
    date: isDay(given.date) ? given.date : "",
    part: Object.hasOwn(PARTS, given.part) ? given.part : "",
  };
}

/** Whether this is a day of the calendar, as 2026-11-21. */
function isDay(text) {
  if (!/^[1-9]\d{3}-\d\d-\d\d$/.test(text)) return false;
  const day = new Date(`${text}T12:00:00Z`);
  return !Number.isNaN(day.valueOf()) && day.toISOString().startsWith(text); // 31 February becomes 3 March
}

/** The front page's address with these filters. */
export function toAddress(wanted) {
  const query = new URLSearchParams(NAMES.filter((name) => wanted[name]).map((name) => [name, wanted[name]]));
  return query.size ? `/?${query}` : "/";
}

/** The filters that are set, by name. */
export const setFilters = (wanted) => NAMES.filter((name) => wanted[name]);

/** Whether any filter is set. */
export const anySet = (wanted) => setFilters(wanted).length > 0;

/** Whether a screening begins in this part of the day; every screening is in an unknown part. */
export function inPart(screening, part) {
  if (!Object.hasOwn(PARTS, part)) return true;
  const hour = Number(screening.starts_at.slice(11, 13));
  const [from, to] = PARTS[part];
  return (hour >= from && hour < to) || (hour + 24 >= from && hour + 24 < to);
}

/** {form, offer}: `changed(wanted)` is run after each change; `offer({cinemas, cities})` adds choices. */
export function filters(wanted, changed) {
  let typing;
  const set = (name, value) => {
    wanted = { ...wanted, [name]: value };
    changed(wanted);
  };
  const search = h("input", {
    type: "search",
    name: "title",
    value: wanted.title,
    placeholder: t("filter.title"),
    "aria-label": t("filter.title"),
    autocomplete: "off",
    maxlength: MOST_LETTERS,
    oninput: (event) => {
      clearTimeout(typing);
      typing = setTimeout(() => set("title", event.target.value.trim()), TYPING_MS);
    },
  });
  const cinema = choice("cinema", wanted, set);
  const city = choice("city", wanted, set);
  const part = choice("part", wanted, set, Object.keys(PARTS).map((name) => [name, t(`part.${name}`)]));
  const form = h(
    "form",
    { class: "filters", role: "search", onsubmit: (event) => event.preventDefault() },
    search,
    h("div", { class: "row selects" }, cinema, city, part),
    days(wanted, set),
  );
  return {
    form,
    offer: (found) => {
      offer(cinema, found.cinemas, wanted.cinema);
      offer(city, found.cities, wanted.city);
    },
  };
}

function choice(name, wanted, set, options = []) {
  const select = h(
    "select",
    { name, "aria-label": t(`filter.${name}`), onchange: () => set(name, select.value) },
    h("option", { value: "" }, t(`filter.${name}`)),
    options.map(([value, label]) => h("option", { value }, label)),
  );
  if (wanted[name] && !options.some(([value]) => value === wanted[name])) offer(select, [wanted[name]], wanted[name]);
  select.value = wanted[name];
  return select;
}

function offer(select, names, chosen) {
  const known = new Set([...select.options].map((option) => option.value));
  select.append(...names.filter((name) => !known.has(name)).map((name) => h("option", { value: name }, name)));
  select.value = chosen;
}

function days(wanted, set) {
  const next = Array.from({ length: DAYS }, (_, ahead) => {
    const date = new Date();
    date.setDate(date.getDate() + ahead);
    return plainDate(date);
  });
  const dates = [...new Set([...next, wanted.date])].filter(Boolean).sort(); // one that a link has asked for, too
  const group = h("div", { class: "days", role: "group", "aria-label": t("filter.date") });
  const press = (value) => {
    set("date", value);
    for (const button of group.children) button.setAttribute("aria-pressed", String(button.dataset.day === value));
  };
  group.append(...["", ...dates].map((date) =>
    h("button", {
      type: "button",
      class: "day",
      "data-day": date,
      "aria-pressed": String(date === wanted.date),
      onclick: () => press(date),
    }, date ? shortDay(date) : t("day.any"))
  ));
  return group;
}
