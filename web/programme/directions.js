/** How to get to a cinema, as far as the programme says it. */

import { h } from "../dom.js";
import { t } from "../language/translations.js";

/** A link to a page elsewhere, which learns nothing of where its visitor came from. */
export const elsewhere = (href, text) => h("a", { href, target: "_blank", rel: "noopener noreferrer" }, text);

/** The cinema's address, a link to a map and the way there; nothing where the programme says none of it. */
export function directions({ address, map_url: map, directions: way }) {
  if (!address && !map && !way) return null;
  return h(
    "div",
    { class: "directions" },
    (address || map) && h("p", {}, address && h("span", {}, address, " "), map && elsewhere(map, t("cinema.map"))),
    way && h("p", { class: "muted" }, way),
  );
}
