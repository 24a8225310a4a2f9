/** The page of a film: its facts, and its screenings by day and cinema. */

import { read } from "../api.js";
import { fill, h } from "../dom.js";
import { longDay, longestWord, money, runningTime, shortDay, time } from "../language/format.js";
import { list, t } from "../language/translations.js";
import { chosenCinema, isChosen } from "../programme/cinema.js";
import { poster } from "../poster/poster.js";
import { elsewhere } from "../programme/directions.js";
import { ageRatings, foldedDirections, playedIn, rating } from "../programme/facts.js";
import { rename } from "../navigation.js";

export async function show(main, { id, query, signal }) {
  const { film, cinemas } = await read("/film/get_info", { film_id: id }, signal);
  const dates = [...new Set(cinemas.flatMap(({ screenings }) => screenings.map((screening) => screening.local_date)))]
    .sort();
  const there = cinemas.filter(({ cinema: place }) => isChosen(place)).flatMap(({ screenings }) => screenings);
  const first = there.map((screening) => screening.local_date).sort()[0] ?? dates[0];
  let date = dates.includes(query.get("date")) ? query.get("date") : first;
  const programme = h("div", { class: "programme" });
  const tabs = h("div", { class: "days", role: "group", "aria-label": t("filter.date") });

  function choose(day) {
    date = day;
    for (const button of tabs.children) button.setAttribute("aria-pressed", String(button.dataset.day === day));
    fill(programme, h("h2", { class: "unseen" }, longDay(day)), places(cinemas, day));
  }

  tabs.append(...dates.map((day) =>
    h("button", {
      type: "button",
      class: "day",
      "data-day": day,
      title: longDay(day),
      onclick: () => {
        choose(day);
        rename(`/film/${id}?date=${day}`);
      },
    }, shortDay(day))
  ));
  fill(
    main,
    h(
      "article",
      { class: "film-page" },
      poster(film),
      h("div", { class: "facts" }, facts(film)),
      h(
        "section",
        { class: "when", "aria-label": t("film.screenings") },
        dates.length ? [tabs, programme] : h("p", { class: "empty" }, t("film.none")),
      ),
    ),
  );
  if (dates.length) choose(date);
  return film.title;
}

function facts(film) {
  const rows = [
    ["film.director", film.director],
    ["film.cast", list(film.cast)],
    ["film.genres", list(film.genres.map(genre))],
    ["film.played_in", playedIn(film).join(" · ")],
    ["film.ages", ageRatings(film).join(" · ")],
  ].filter(([, value]) => value);
  const title = h("h1", { tabindex: "-1" }, film.title);
  title.style.setProperty("--longest", String(longestWord(film.title)));
  return [
    title,
    film.original_title !== film.title && h("p", { class: "original" }, film.original_title),
    h(
      "p",
      { class: "muted" },
      `${film.year} · ${runningTime(film.running_minutes)} · `,
      rating(film.rating),
    ),
    film.synopsis && h("p", { class: "synopsis" }, film.synopsis),
    film.trailer_url && h("p", {}, elsewhere(film.trailer_url, t("film.trailer"))),
    h("dl", {}, rows.map(([name, value]) => h("div", {}, h("dt", {}, t(name)), h("dd", {}, value)))),
  ];
}

/** The chosen cinema comes first, and the others are folded away; where it has nothing on this day, that is said. */
function places(cinemas, day) {
  const entries = (some) => some.map((place) => cinema(place, day)).filter(Boolean);
  const chosen = entries(cinemas.filter((place) => isChosen(place.cinema)));
  const others = entries(cinemas.filter((place) => !isChosen(place.cinema)));
  if (!chosenCinema()) return others;
  if (!chosen.length) return [h("p", { class: "note" }, t("film.not_there", { cinema: chosenCinema() })), ...others];
  if (!others.length) return chosen;
  const more = h("summary", {}, t("film.other_cinemas", { count: others.length }));
  return [...chosen, h("details", { class: "other-cinemas" }, more, others)];
}

const genre = (name) => {
  const key = `genre.${name.toLowerCase().replace(/ /g, "_")}`;
  return t(key) === key ? name : t(key);
};

function cinema({ cinema: place, screenings }, day) {
  const found = screenings.filter((screening) => screening.local_date === day);
  if (!found.length) return null;
  return h(
    "section",
    { class: "cinema" },
    h("h3", {}, place.name, " ", h("small", { class: "muted" }, place.city)),
    foldedDirections(place),
    h("ul", { class: "screenings" }, found.map((screening) => h("li", {}, entry(screening)))),
  );
}

function entry(screening) {
  const { seats_left: free, hall } = screening;
  const meter = h("span", { class: "meter", "aria-hidden": "true" }, h("i"));
  meter.firstChild.style.setProperty("--share", String((free ?? 0) / hall.capacity));
  const full = free === 0;
  return h(
    "a",
    { class: full ? "screening full" : "screening", href: `/screening/${screening.screening_id}` },
    h("strong", { class: "starts" }, time(screening.starts_at)),
    h("span", { class: "muted" }, hall.name),
    meter,
    h(
      "span",
      { class: free !== null && free < 12 ? "few" : "muted" },
      free === null ? t("film.counting") : full ? t("film.sold_out") : t("film.seats_left", { count: free }),
    ),
    h("span", { class: "price" }, t("film.from", { price: money(screening.price_from, screening.currency) })),
  );
}
