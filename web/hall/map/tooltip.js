/** The name and price of the seat under the pointer or the focus. */

import { h } from "../../dom.js";
import { money } from "../../language/format.js";
import { list, t } from "../../language/translations.js";

/** Add the tooltip to `place`, which holds the drawing. */
export function tooltip(drawing, place) {
  const { hall } = drawing;
  const bubble = h("div", { class: "tooltip", "aria-hidden": "true", hidden: true });
  place.append(bubble);
  const show = (event) => {
    const element = event.target.closest?.(".seat");
    bubble.hidden = !element;
    if (!element) return;
    const seat = hall.seat(element.dataset.seat);
    const unit = hall.units.get(seat.seat_id);
    const price = unit.reduce((sum, half) => sum + half.price, 0);
    bubble.replaceChildren(
      h("strong", {}, list(unit.map((half) => half.seat_id))),
      ` ${t(`kind.${seat.kind}`)} · ${money(price, hall.screening.currency)}`,
      hall.isFree(seat) ? "" : ` · ${t(`state.${hall.stateOf(seat.seat_id)}`)}`,
    );
    const at = element.getBoundingClientRect();
    const around = place.getBoundingClientRect();
    const half = bubble.offsetWidth / 2;
    const x = Math.min(Math.max(at.left + at.width / 2 - around.left, half + 4), around.width - half - 4);
    bubble.style.transform = `translate(${x - half}px, ${at.top - around.top - bubble.offsetHeight - 6}px)`;
  };
  drawing.svg.addEventListener("pointerover", (event) => event.pointerType === "mouse" && show(event));
  drawing.svg.addEventListener("pointerleave", () => {
    bubble.hidden = true;
  });
  drawing.svg.addEventListener("focusin", (event) => event.target.matches?.(":focus-visible") && show(event));
  drawing.svg.addEventListener("focusout", () => {
    bubble.hidden = true;
  });
}
