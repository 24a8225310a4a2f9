/** The page of a screening: pick seats, see what others hold, buy; once it has begun, where to go instead. */

import { read } from "../api.js";
import { announce, fill, h } from "../dom.js";
import { longDay, longestWord, time } from "../language/format.js";
import { advice as adviceOf } from "../hall/advice.js";
import { basket as basketOf } from "../basket/basket.js";
import { fitHeight } from "../basket/height.js";
import { suggestSeats } from "../hall/suggest.js";
import { Drawing } from "../hall/map/drawing.js";
import { freshness } from "../hall/freshness.js";
import { Hall, MOST_SEATS } from "../hall/hall.js";
import { enableKeyboard } from "../hall/map/keyboard.js";
import { legend } from "../hall/legend.js";
import { awaitSalesEnd } from "../hall/sales/sales_end.js";
import { followSeats } from "../hall/live.js";
import { showOwnSeats } from "../hall/own_seats.js";
import { tooltip } from "../hall/map/tooltip.js";
import { zoomable } from "../hall/map/zoom.js";
import { filmAddress } from "../programme/cinema.js";
import { closeDialogs } from "../dialog.js";
import { foldedDirections, playedIn, rating } from "../programme/facts.js";
import { reload } from "../navigation.js";
import { browser } from "../storage.js";
import { comma, t } from "../language/translations.js";

export async function show(main, { id, signal }) {
  const seen = await read("/film/get_hall_info", { screening_id: id }, signal);
  const { screening } = seen;
  const about = header(screening);
  const title = `${screening.film.title}${comma()}${time(screening.starts_at)}`;
  if (seen.sales_open === false) { // a film room of an older version does not say
    const { showBegun } = await import("../hall/sales/begun.js");
    showBegun(main, screening, about, signal);
    return title;
  }
  const hall = new Hall(seen);
  const drawing = new Drawing(hall);
  const { stage, buttons, setInitialSize } = zoomable(drawing);
  const advice = adviceOf(hall);
  const basket = basketOf(hall, signal);
  const ownSeats = h("div", { class: "own-seats" });
  const side = h("aside", { class: "side", "aria-label": t("basket.title") }, advice.place, basket.element);
  const state = freshness();

  const toggle = (seat) => {
    const reason = hall.toggle(seat);
    if (!reason) return;
    const sentence = t(`pick.${reason}`, { seat, most: MOST_SEATS });
    advice.show(sentence);
    announce(sentence);
  };
  enableKeyboard(drawing, toggle);
  drawing.svg.addEventListener("click", (event) => {
    const element = event.target.closest(".seat");
    if (element) toggle(element.dataset.seat);
  });
  tooltip(drawing, stage);
  const legendElement = legend(hall);
  const list = h("div", { class: "list-place", hidden: true });
  const makeList = async () => {
    const { seatList } = await import("../hall/seat_list.js");
    if (!list.firstChild) fill(list, seatList(hall, toggle));
  };

  const soldOut = h("div", { class: "note sold-out" }, h("div", { role: "status" }, h("h2", {}, t("film.sold_out"))));
  const picker = h(
    "div",
    { class: "picker" },
    about,
    ownSeats,
    h(
      "section",
      { class: "map", "aria-label": t("map.label") },
      soldOut,
      h(
        "div",
        { class: "tools" },
        suggestSeats(hall, advice),
        h(
          "div",
          { class: "viewing" },
          buttons,
          views([stage, buttons, legendElement], list, makeList, setInitialSize),
        ),
      ),
      h("p", { class: "unseen", id: "map-keys" }, t("map.keys")),
      state.element,
      stage,
      list,
      legendElement,
    ),
    side,
  );
  fill(main, picker);
  const sayWhetherSoldOut = async () => {
    if (!picker.classList.toggle("full", hall.isSoldOut)) return;
    const module = await import("../hall/sales/begun.js").catch(() => null); // the film's page has them, too
    module?.offerOthers(soldOut, screening, signal);
  };
  fitHeight(side, [about, ownSeats]);
  setInitialSize();
  basket.resume();
  for (const event of ["picks", "states"]) hall.addEventListener(event, sayWhetherSoldOut);
  sayWhetherSoldOut();
  showOwnSeats(hall, ownSeats, signal);
  followSeats(hall, signal, state);
  awaitSalesEnd(hall, signal, () => {
    closeDialogs();
    reload({ scroll: 0, focus: true });
  });
  return title;
}

function header({ film, cinema, hall, starts_at: starts, local_date: day, age_rating: age }) {
  const title = h("h1", { tabindex: "-1" }, h("a", { href: filmAddress(film.film_id) }, film.title));
  title.style.setProperty("--longest", String(longestWord(film.title)));
  return h(
    "header",
    { class: "about" },
    title,
    h("p", {}, h("b", {}, time(starts)), ` · ${longDay(day)}`),
    h("p", { class: "muted" }, `${cinema.name} · ${hall.name} · `, rating(age ?? film.rating)),
    h("p", { class: "muted" }, playedIn(film).join(" · ")),
    foldedDirections(cinema),
  );
}

/** The switch between map and list, remembered: a user who needs the list needs it always. */
function views(map, list, makeList, setInitialSize) {
  const choose = async (asList) => {
    if (asList && !list.firstChild) await makeList().catch(() => (asList = false)); // its module did not come
    for (const part of map) part.hidden = asList;
    list.hidden = !asList;
    group.firstChild.setAttribute("aria-pressed", String(!asList));
    group.lastChild.setAttribute("aria-pressed", String(asList));
    browser.set("list", asList);
    if (!asList) setInitialSize();
  };
  const group = h(
    "div",
    { class: "views", role: "group", "aria-label": t("map.view") },
    h("button", { type: "button", onclick: () => choose(false) }, t("map.map")),
    h("button", { type: "button", onclick: () => choose(true) }, t("map.list")),
  );
  queueMicrotask(() => choose(Boolean(browser.get("list"))));
  return group;
}
