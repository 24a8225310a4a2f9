/** Two minutes before an order ends its buyer hears of it, and may have more time, once. */

import { announce, h } from "../../dom.js";
import { t } from "../../language/translations.js";

const told = new Set(); // the deadlines that were announced: a page that is drawn anew does not repeat them

/** {element, onsoon}: `onsoon` shows the element, whose button runs `onextend(event)`. */
export function moreTime({ order_id: id, expires_at: end, extendable }, onextend) {
  const element = h(
    "p",
    { class: "more-time row", hidden: true },
    h("span", {}, t("order.soon")),
    extendable && h("button", { type: "button", class: "extend", onclick: onextend }, t("order.extend")),
  );
  return {
    element,
    onsoon() {
      element.hidden = false;
      if (told.has(`${id} ${end}`)) return;
      told.add(`${id} ${end}`);
      announce(`${t("order.soon")} ${extendable ? t("order.may_extend") : ""}`);
    },
  };
}
