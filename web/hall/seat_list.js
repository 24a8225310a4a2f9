/** The same seats as a list of rows, for screen readers and users who prefer lists; loaded when it is chosen. */

import { announce, h } from "../dom.js";
import { money } from "../language/format.js";
import { t } from "../language/translations.js";

/** The list's element; `toggle(id)` picks or unpicks a seat. */
export function seatList(hall, toggle) {
  const { currency } = hall.screening;
  const boxes = new Map();
  const kind = choice("kind", t("list.any_kind"), distinct("kind").map((each) => [each, t(`kind.${each}`)]));
  const price = choice(
    "price",
    t("list.any_price"),
    distinct("price").sort((one, other) => one - other)
      .map((each) => [each, t("list.up_to", { price: money(each, currency) })]),
  );
  const none = h("p", { class: "muted", role: "status", hidden: true }, t("list.none"));
  const rows = hall.rows.map((row) =>
    h("fieldset", {}, h("legend", {}, t("list.row", { row: row[0].row })), h("ul", {}, row.map(entry)))
  );
  const element = h(
    "div",
    { class: "seat-list" },
    h(
      "div",
      { class: "seat-filters", role: "group", "aria-label": t("list.filter") },
      kind,
      price,
      h("button", { type: "button", class: "next-free", onclick: goToNextFree }, t("list.next_free")),
    ),
    none,
    rows,
  );
  let last = null; // the seat that had the focus last
  element.addEventListener("focusin", ({ target }) => {
    if (target.name === "seat") last = target.value;
  });

  function distinct(name) {
    return [...new Set(hall.chart.seats.map((seat) => seat[name]))];
  }

  function choice(name, all, options) {
    return h(
      "select",
      { name: `seat-${name}`, "aria-label": t(`list.${name}`), onchange: filter },
      h("option", { value: "" }, all),
      options.map(([value, label]) => h("option", { value }, label)),
    );
  }

  function entry(seat) {
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
    const line = h("li", {}, h("label", {}, box, h("span", {}, seat.seat_id), note));
    boxes.set(seat.seat_id, { box, note, line });
    return line;
  }

  const isWanted = (seat) =>
    (!kind.value || seat.kind === kind.value) && (!price.value || seat.price <= Number(price.value));

  function filter() {
    for (const [id, { line }] of boxes) line.hidden = !isWanted(hall.seat(id));
    for (const row of rows) row.hidden = [...row.querySelectorAll("li")].every((line) => line.hidden);
    const count = [...hall.seats.values()].filter((seat) => isWanted(seat) && hall.isFree(seat)).length;
    none.hidden = count > 0;
    announce(t("list.count", { count }));
  }

  /** From the seat that had the focus last, or from the front; after the last seat it begins again. */
  function goToNextFree() {
    const ids = [...boxes.keys()];
    const from = ids.indexOf(last) + 1;
    const next = [...ids.slice(from), ...ids.slice(0, from)]
      .find((id) => isWanted(hall.seat(id)) && hall.stateOf(id) === "free");
    if (next) boxes.get(next).box.focus();
    else announce(t("list.none"));
  }

  function refresh(id) {
    const seat = hall.seat(id);
    const { box, note } = boxes.get(id);
    const state = hall.stateOf(id);
    const open = ["free", "picked"].includes(state);
    box.checked = state === "picked";
    box.disabled = !open;
    note.textContent = open ? `${t(`kind.${seat.kind}`)} · ${money(seat.price, currency)}` : t(`state.${state}`);
  }

  for (const event of ["picks", "states"]) hall.addEventListener(event, ({ detail }) => detail.forEach(refresh));
  boxes.forEach((_, id) => refresh(id));
  return element;
}
