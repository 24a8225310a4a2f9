/** The front page: the films now showing, as posters, and a search among them. */

import { announce, fill, h } from "../dom.js";
import { runningTime, shortDay, time } from "../language/format.js";
import { t } from "../language/translations.js";
import { poster } from "../poster/poster.js";
import { problemSentence } from "../problems.js";
import { rename } from "../navigation.js";
import { chooseCinema, chosenCinema, filmAddress } from "../programme/cinema.js";
import { anySet, filters, fromQuery, inPart, toAddress } from "../programme/filters.js";
import { languageName, ratingName } from "../programme/facts.js";
import { films as allFilms, screenings } from "../programme/listing.js";
import { fitTimes } from "../programme/times.js";
import { tab } from "../storage.js";
import { waysOut } from "../programme/ways_out.js";

const TIMES_SHOWN = 3;

export async function show(main, { query, signal }) {
  let wanted = fromQuery(query);
  if (query.has("cinema")) chooseCinema(wanted.cinema);
  else if (chosenCinema()) {
    wanted = { ...wanted, cinema: chosenCinema() };
    rename(toAddress(wanted));
  }
  let latest = 0;
  const grid = h("ul", { class: "posters" }, Array.from({ length: 12 }, ghost));
  const fit = fitTimes(grid);
  const count = h("p", { class: "muted count" }, "\u00a0");
  const { form, offer } = filters(wanted, (now) => {
    wanted = now;
    chooseCinema(now.cinema);
    rename(toAddress(wanted));
    search();
  });
  fill(main, farewell(), h("div", { class: "hero" }, h("h1", { tabindex: "-1" }, t("now.title")), count), form, grid);
  const programme = allFilms(signal);
  const find = async (asked) => {
    const { part, title: search, ...fields } = asked; // the API knows no parts of a day
    return (await screenings({ search, ...fields }, signal)).filter((screening) => inPart(screening, part));
  };

  async function search() {
    const current = (latest += 1);
    grid.setAttribute("aria-busy", "true");
    try {
      const [films, found] = await Promise.all([
        wanted.title ? allFilms(signal, wanted.title) : programme,
        find(wanted),
      ]);
      if (current !== latest || signal.aborted) return;
      if (!anySet(wanted)) offer({ cinemas: names(found, "name"), cities: names(found, "city") });
      draw(films, found);
    } catch (problem) {
      if (signal.aborted) return;
      fill(
        grid,
        h(
          "li",
          { class: "empty" },
          h("p", {}, problemSentence(problem)),
          h("button", {
            class: "primary",
            onclick: () => show(main, { query: new URLSearchParams(location.search), signal }),
          }, t("problem.again")),
          anySet(wanted) && allFilmsLink(),
        ),
      );
    } finally {
      if (current === latest) grid.removeAttribute("aria-busy");
    }
  }

  function draw(films, found) {
    const byFilm = grouped(found);
    const shown = anySet(wanted) ? films.filter((film) => byFilm.has(film.film_id)) : films;
    fill(grid, shown.length ? shown.map((film) => card(film, byFilm.get(film.film_id) ?? [], wanted)) : nothing());
    fit();
    count.textContent = t("now.count", { count: shown.length });
    if (latest > 1) announce(count.textContent);
  }

  function nothing() {
    const ways = h("p", { class: "row" }, allFilmsLink());
    const asked = wanted;
    waysOut(asked, find).then((found) => {
      ways.prepend(
        ...found.map((way) =>
          h(
            "a",
            { class: "button", href: toAddress(way.wanted), onclick: () => chooseCinema(way.wanted.cinema) },
            t("now.without", { filter: way.label }),
          )
        ),
      );
    }, () => {}); // there is a way out already
    return h("li", { class: "empty" }, h("p", {}, t("now.none")), ways);
  }

  await search();
  if (anySet(wanted)) {
    screenings({}, signal).then(
      (found) => offer({ cinemas: names(found, "name"), cities: names(found, "city") }),
      () => {},
    );
  }
  return t("now.title");
}

/** What was left to say, once, to somebody who has closed the account. */
function farewell() {
  const sentence = tab.get("farewell");
  tab.remove("farewell");
  return sentence && h("p", { class: "note good" }, sentence);
}

const allFilmsLink = () => h("a", { class: "button", href: "/", onclick: () => chooseCinema("") }, t("now.all"));

const names = (found, name) => [...new Set(found.map((screening) => screening.cinema[name]))].sort();

function grouped(found) {
  const groups = new Map();
  // Local times are compared: 20:00 comes before 21:00 in whatever zone.
  for (
    const screening of [...found].sort((
      one,
      other,
    ) => (one.starts_at.slice(0, 16) < other.starts_at.slice(0, 16) ? -1 : 1))
  ) {
    groups.set(screening.film.film_id, [...(groups.get(screening.film.film_id) ?? []), screening]);
  }
  return groups;
}

const ghost = () =>
  h(
    "li",
    { class: "film ghost", "aria-hidden": "true" },
    h(
      "div",
      {},
      h("div", { class: "film-link" }, h("div", { class: "poster" }), h("p", { class: "film-title" }, "\u00a0")),
      h("p", { class: "muted" }, "\u00a0"),
    ),
    h("p", { class: "times" }, h("span", { class: "chip" }, "\u00a0")),
  );

const facts = ({ running_minutes: minutes, rating, language }) =>
  [runningTime(minutes), rating && ratingName(rating), language && languageName(language)].filter(Boolean);

const moment = (screening) => `${screening.local_date} ${time(screening.starts_at)}`;

/** Whether another of these screenings begins at the same time, which must be at another place. */
const isSimultaneous = (screening, others) =>
  others.some((other) => other !== screening && moment(other) === moment(screening));

function card(film, found, wanted) {
  const shown = found.slice(0, TIMES_SHOWN);
  return h(
    "li",
    { class: "film" },
    h(
      "div",
      {},
      h(
        "a",
        { class: "film-link", href: filmAddress(film.film_id, wanted.date) },
        poster(film),
        h("h2", { class: "film-title" }, film.title),
      ),
      h("p", { class: "muted" }, facts(film).join(" · ")),
    ),
    h(
      "p",
      { class: "times" },
      shown.map((screening) =>
        h(
          "a",
          {
            class: "chip",
            href: `/screening/${screening.screening_id}`,
            title: `${screening.cinema.name}, ${screening.hall.name}`,
            "aria-label": t("now.time", {
              title: film.title,
              day: shortDay(screening.local_date),
              time: time(screening.starts_at),
              cinema: screening.cinema.name,
            }),
          },
          h("small", {}, shortDay(screening.local_date)),
          " ",
          time(screening.starts_at),
          isSimultaneous(screening, shown) && [" ", h("small", { class: "where" }, screening.cinema.name)],
        )
      ),
    ),
  );
}
