/** Where to go on once a screening has begun, in the place of its seat map, or above the map when it is sold out. */

import { read } from "../../api.js";
import { fill, h } from "../../dom.js";
import { shortDay, time } from "../../language/format.js";
import { t } from "../../language/translations.js";
import * as session from "../../account/session.js";

const MOST_SHOWN = 6;

/** Fill `main`; `about` is the header of the screening's page. The next screenings are added when they are known. */
export function showBegun(main, screening, about, signal) {
  const { film } = screening;
  const next = h("div", { class: "next-screenings" });
  fill(
    main,
    h(
      "div",
      { class: "begun" },
      about,
      h("p", { class: "note", role: "alert" }, t("refusal.sales_closed")),
      next,
      h(
        "p",
        { class: "row" },
        h("a", { class: "button", href: `/film/${film.film_id}` }, t("begun.film")),
        session.user() && h("a", { class: "button", href: "/account" }, t("account.orders")),
        h("a", { class: "button quiet", href: "/" }, t("nav.home")),
      ),
    ),
  );
  offerNext(next, screening, signal);
}

/** Add the next screenings to `place`, which says that this one is sold out. */
export function offerOthers(place, screening, signal) {
  if (place.children.length > 1) return;
  const next = h("div", { class: "next-screenings" });
  place.append(h("p", {}, t("sold_out.hope")), next);
  offerNext(next, screening, signal);
}

/** Fill `place` with the next screenings of this film that have seats, those in the same cinema first. */
async function offerNext(place, { screening_id: present, film, cinema: here }, signal) {
  try {
    const { cinemas } = await read("/film/get_info", { film_id: film.film_id }, signal);
    const found = cinemas.flatMap(({ cinema, screenings }) => screenings.map((screening) => ({ cinema, ...screening })))
      .filter(({ screening_id: id, seats_left: free }) => id !== present && free !== 0);
    const [first, others] = [true, false].map((same) =>
      found.filter(({ cinema }) => (cinema.cinema_id === here.cinema_id) === same)
    );
    if (found.length) {
      fill(place, h("h2", {}, t("begun.next")), links([...first, ...others].slice(0, MOST_SHOWN), here));
    }
  } catch {
    // The page of the film has them, too.
  }
}

const links = (screenings, here) =>
  h(
    "ul",
    { class: "row" },
    screenings.map((screening) =>
      h(
        "li",
        {},
        h(
          "a",
          { class: "button", href: `/screening/${screening.screening_id}` },
          `${shortDay(screening.local_date)} `,
          h("b", {}, time(screening.starts_at)),
          screening.cinema.cinema_id !== here.cinema_id && h("small", { class: "muted" }, screening.cinema.name),
        ),
      )
    ),
  );
