/** What to offer when no film matches: the filters without which there would be one. */

import { shortDay } from "../language/format.js";
import { t } from "../language/translations.js";
import { setFilters } from "./filters.js";

const LABELS = { date: shortDay, part: (part) => t(`part.${part}`) };

/**
 * The filters, of several, without each of which `find(wanted)` finds screenings: [{label, wanted}], `wanted` without it.
 */
export async function waysOut(wanted, find) {
  const names = setFilters(wanted);
  if (names.length < 2) return [];
  const ways = names.map((name) => ({
    label: LABELS[name]?.(wanted[name]) ?? wanted[name],
    wanted: { ...wanted, [name]: "" },
  }));
  const found = await Promise.all(ways.map((way) => find(way.wanted)));
  return ways.filter((_, at) => found[at].length);
}
