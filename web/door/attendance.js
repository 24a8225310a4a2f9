/** Today's screenings: which one a door leads to, and how many of its guests are in. */

import { read } from "../api.js";
import { fill, h } from "../dom.js";
import { shortMoment } from "../language/format.js";
import { locale, t } from "../language/translations.js";
import { browser } from "../storage.js";
import * as memory from "./memory.js";

const CHOICE = "door-choice";

/** [name, screenings] of each cinema; the screenings of one stand by their start, and cinemas by their names. */
export function byCinema(screenings) {
  const start = ({ starts_at: starts }) => Date.parse(starts);
  const sorted = screenings.toSorted((one, other) => start(one) - start(other));
  return [...Map.groupBy(sorted, ({ cinema_name: name }) => name)].sort(([one], [other]) =>
    one.localeCompare(other, locale())
  );
}

/** 19:45 Großer Saal: Arrival, with the day where it is not today's. */
export const titleOf = ({ starts_at: starts, hall_name: hall, film }) => `${shortMoment(starts)} ${hall}: ${film}`;

/**
 * {element, choice, chosen, refresh}: the counts, the list to choose from, and the screening that is chosen, as it was
 * last heard of, or null for any. `onchoice` runs when it is another one.
 */
export function attendance(signal, onchoice) {
  let screenings = memory.list()?.screenings ?? [];
  let isComplete = false;
  let chosen = browser.get(CHOICE);
  const choice = h("select", { "aria-label": t("door.screening"), onchange: () => choose(choice.value) });
  const element = h("div", { class: "counts" });

  const find = (id) => screenings.find(({ screening_id: each }) => each === id);

  function keep(screening) {
    chosen = screening ?? null;
    browser.set(CHOICE, chosen);
  }

  function choose(id) {
    keep(id === chosen?.screening_id ? chosen : find(id));
    draw();
    onchoice();
  }

  /** Ask for all screenings once, to choose from, then for those of the chosen cinema. Rejects with a Problem. */
  async function refresh() {
    const cinema = isComplete ? chosen?.cinema_id : null;
    const { screenings: found } = await read("/order/get_attendance", { cinema_id: cinema }, signal);
    isComplete = true;
    const isOther = ({ cinema_id: id, ends_at: ends }) => id !== cinema && Date.parse(ends) > Date.now();
    screenings = cinema ? [...found, ...screenings.filter(isOther)] : found;
    if (chosen) keep(find(chosen.screening_id) ?? chosen);
    draw();
  }

  /** A screening that is over stays chosen: a door that leads to it admits nobody until an usher chooses another. */
  const isGone = () => chosen && !find(chosen.screening_id);

  function draw() {
    const cinemas = byCinema(screenings);
    const isOne = cinemas.length < 2;
    const options = (some) =>
      some.map((each) =>
        h("option", { value: each.screening_id, selected: each.screening_id === chosen?.screening_id }, titleOf(each))
      );
    // An open list is not drawn anew under a finger.
    if (document.activeElement !== choice || !choice.childElementCount) {
      fill(
        choice,
        h("option", { value: "" }, t("door.any")),
        isGone() && h("option", { value: chosen.screening_id, selected: true }, t("door.gone")),
        cinemas.map(([name, some]) => isOne ? options(some) : h("optgroup", { label: name }, options(some))),
      );
    }
    const shown = chosen ? [find(chosen.screening_id)].filter(Boolean) : screenings;
    const empty = t(isGone() ? "door.choose" : "door.nothing_today");
    fill(
      element,
      byCinema(shown).map(([name, some]) => [!isOne && h("h2", {}, name), h("ul", {}, some.map(line))]),
      !shown.length && h("p", { class: "muted" }, empty),
    );
  }

  const line = (screening) =>
    h(
      "li",
      {},
      h("span", { class: "muted" }, titleOf(screening)),
      h("strong", {}, t("door.in", { admitted: screening.admitted, expected: screening.expected })),
      h("progress", {
        max: Math.max(1, screening.expected),
        value: screening.admitted,
        "aria-label": t("door.in_of", { film: screening.film }),
      }),
    );

  draw();
  return { element, choice, chosen: () => chosen, refresh };
}
