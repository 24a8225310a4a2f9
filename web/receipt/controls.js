/** What stands above a receipt on the screen, and not on paper: the choice of an address, and the way to a printer. */

import { h } from "../dom.js";
import { t } from "../language/translations.js";

/** `choose` gets the id of the address that is chosen. */
export function controls({ order_id: id, buyer }, addresses, choose) {
  const chosen = buyer?.address?.address_id;
  return h(
    "div",
    { class: "row spread no-print" },
    addresses.length > 0 && h(
      "label",
      { class: "field made-out" },
      t("receipt.address"),
      h(
        "select",
        { onchange: ({ target }) => choose(target.value) },
        addresses.map((each) =>
          h("option", { value: each.address_id, selected: each.address_id === chosen }, oneLine(each))
        ),
      ),
    ),
    h(
      "div",
      { class: "row" },
      h("button", { class: "primary", onclick: () => print() }, t("receipt.print")),
      h("a", { class: "button", href: `/order/${id}` }, t("receipt.order")),
    ),
  );
}

const oneLine = ({ name, street, city }) => [name, street, city].join(", ");
