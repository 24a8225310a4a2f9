/** The seat map of a screening: pick, see what others pick, buy. */

import { read } from "../api.js";
import { fill, h, say } from "../dom.js";
import { longDay, time } from "../format.js";
import { advice as adviceOf } from "../hall/advice.js";
import { basket as basketOf } from "../hall/basket.js";
import { bestSeats } from "../hall/best.js";
import { Drawing } from "../hall/drawing.js";
import { freshness } from "../hall/freshness.js";
import { Hall } from "../hall/hall.js";
import { keyboard } from "../hall/keyboard.js";
import { legend } from "../hall/legend.js";
import { seatList } from "../hall/list.js";
import { follow } from "../hall/live.js";
import { markMine } from "../hall/mine.js";
import { sign } from "../hall/sign.js";
import { zoomable } from "../hall/zoom.js";
import { browser } from "../keep.js";
import { t } from "../language.js";

export async function show(main, { id, left }) {
  const hall = new Hall(await read("/film/get_hall_info", { screening_id: id }, left));
  const { screening } = hall;
  const drawing = new Drawing(hall);
  const { view, buttons, settle } = zoomable(drawing);
  const advice = adviceOf(hall);
  const basket = basketOf(hall);
  const mine = h("div", {});
  const state = freshness();

  const toggle = (seat) => {
    const reason = hall.toggle(seat);
    if (!reason) return;
    advice.say(t(`pick.${reason}`, { seat }));
    say(t(`pick.${reason}`, { seat }));
  };
  keyboard(drawing, toggle);
  drawing.svg.addEventListener("click", (event) => {
    const element = event.target.closest(".seat");
    if (element) toggle(element.dataset.seat);
  });
  const stage = h("div", { class: "stage" }, view);
  sign(drawing, stage);
  const key = legend(hall);
  const list = seatList(hall, toggle);

  fill(
    main,
    h(
      "div",
      { class: "picker" },
      header(screening),
      h(
        "section",
        { class: "map", "aria-label": t("map.label") },
        h(
          "div",
          { class: "tools" },
          bestSeats(hall, advice),
          h("div", { class: "viewing" }, buttons, views([stage, buttons, key], list, settle)),
        ),
        h("p", { class: "unseen", id: "map-keys" }, t("map.keys")),
        state.element,
        stage,
        list,
        key,
      ),
      h("aside", { class: "side" }, mine, advice.place, basket.element),
    ),
  );
  settle();
  basket.resume();
  markMine(hall, mine, left);
  follow(hall, left, state);
  return `${screening.film.title}, ${time(screening.starts_at)}`;
}

function header({ film, cinema, hall, starts_at: starts, local_date: day }) {
  return h(
    "header",
    { class: "about" },
    h("h1", { tabindex: "-1" }, h("a", { href: `/film/${film.film_id}` }, film.title)),
    h("p", {}, h("b", {}, time(starts)), ` · ${longDay(day)}`),
    h("p", { class: "muted" }, `${cinema.name} · ${hall.name}`),
  );
}

/** The choice between the map and the list; remembered, since whoever needs the list needs it always. */
function views(map, list, settle) {
  const choose = (asList) => {
    for (const part of map) part.hidden = asList;
    list.hidden = !asList;
    group.firstChild.setAttribute("aria-pressed", String(!asList));
    group.lastChild.setAttribute("aria-pressed", String(asList));
    browser.set("list", asList);
    if (!asList) settle();
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
