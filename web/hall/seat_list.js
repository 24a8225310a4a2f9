/** The same seats as a list of rows, for screen readers and users who prefer lists. */

import { h } from "../dom.js";
import { money } from "../language/format.js";
import { t } from "../language/translations.js";

/** The list's element; `toggle(id)` picks or unpicks a seat. */
export function seatList(hall, toggle) {
  const boxes = new Map();
  const entry = (seat) => {
    const box = h("input", {
      type: "checkbox",
      name: "seat",
      value: seat.seat_id,
      onchange: () => {
        toggle(seat.seat_id);
        refresh(seat.seat_id);
      },
    });
    const note = h("small", {});
    boxes.set(seat.seat_id, { box, note });
    return h("li", {}, h("label", {}, box, h("span", {}, seat.seat_id), note));
  };
  const element = h(
    "div",
    { class: "seat-list" },
    hall.rows.map((row) =>
      h("fieldset", {}, h("legend", {}, t("list.row", { row: row[0].row })), h("ul", {}, row.map(entry)))
    ),
  );

  function refresh(id) {
    const seat = hall.seat(id);
    const { box, note } = boxes.get(id);
    const state = hall.stateOf(id);
    const open = ["free", "picked"].includes(state);
    box.checked = state === "picked";
    box.disabled = !open;
    note.textContent = open
      ? `${t(`kind.${seat.kind}`)} · ${money(seat.price, hall.screening.currency)}`
      : t(`state.${state}`);
  }

  for (const event of ["picks", "states"]) hall.addEventListener(event, ({ detail }) => detail.forEach(refresh));
  boxes.forEach((_, id) => refresh(id));
  return element;
}
