/** The way to the cinema of an order. */

import { read } from "../../api.js";
import { h } from "../../dom.js";
import { t } from "../../language/translations.js";
import { directions } from "../../programme/directions.js";

/** The screening of an order as the film room knows it, or null while that is away. */
export const screeningOf = ({ screening_id: id }, signal) =>
  read("/film/get_screening", { screening_id: id }, signal).catch(() => null);

/** A section that is filled once `found`, a promise of that, has come; without a way it stays out of sight. */
export function wayThere(found) {
  const section = h("section", { class: "stack no-print", hidden: true }, h("h2", {}, t("cinema.directions")));
  found.then((reply) => {
    const way = reply && directions(reply.screening.cinema);
    if (!way) return;
    section.append(way);
    section.hidden = false;
  });
  return section;
}
