/** The advice beside the map: a seat left alone, a seat lost and the seats to take instead. */

import { bringToFront } from "../dialog.js";
import { announce, fill, h } from "../dom.js";
import { list, t } from "../language/translations.js";
import { leftAlone, nearestBlock } from "./blocks.js";

const REST_MS = 2500; // after the last pick a buyer has finished picking

const ids = (seats) => seats.map((seat) => seat.seat_id);

/** {place, show}: `place` is its element, `show(sentence)` puts a sentence there. */
export function advice(hall) {
  const place = h("div", { class: "advice" });
  let rest;

  function put(kind, sentence, block, label) {
    fill(
      place,
      h(
        "div",
        { class: `note ${kind}` },
        h("p", {}, sentence),
        block && h("button", { type: "button", onclick: () => take(block) }, t(label, { seats: list(ids(block)) })),
        h(
          "button",
          { type: "button", class: "quiet icon dismiss", "aria-label": t("advice.dismiss"), onclick: clear },
          "×",
        ),
      ),
    );
  }

  function take(block) {
    const sentence = t("pick.now", { seats: list(ids(block)) });
    hall.pick(ids(block));
    const dialog = place.closest("dialog");
    if (!dialog) return announce(sentence);
    put("good", sentence, null); // the map is behind the window
    dialog.addEventListener("close", clear);
    place.firstChild.setAttribute("role", "status");
    return place.querySelector(".dismiss").focus();
  }

  function clear() {
    delete place.dataset.stays;
    fill(place);
  }

  /** Somebody else has taken picked seats, perhaps while their buyer was signing in. */
  function lost({ gone, wanted }) {
    const block = nearestBlock(hall, wanted);
    put(
      "warning",
      t("lost.seats", { seats: list(gone), count: gone.length }) + (block ? "" : ` ${t("lost.nothing")}`),
      block,
      "lost.instead",
    );
    bringToFront(place);
    place.firstChild.setAttribute("role", "alert");
    place.dataset.stays = "";
  }

  /** Warn of seats left alone once the picking has come to rest. */
  function awaitRest() {
    clearTimeout(rest);
    if (hall.picked.length) delete place.dataset.stays;
    if ("stays" in place.dataset) return;
    clear();
    rest = setTimeout(checkPicks, REST_MS);
  }

  function checkPicks() {
    const { picked } = hall;
    if ("stays" in place.dataset || hall.buying) return null;
    const alone = picked.length ? leftAlone(hall, picked) : [];
    if (!alone.length) return null;
    const tidy = nearestBlock(hall, picked, true);
    return put("gentle", t("alone.warning", { seats: list(ids(alone)), count: alone.length }), tidy, "alone.instead");
  }

  hall.addEventListener("lost", ({ detail }) => lost(detail));
  hall.addEventListener("picks", awaitRest);
  return { place, show: (sentence) => put("gentle", sentence, null) };
}
