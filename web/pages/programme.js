/** What is on, however many answers it comes in. */

import { read } from "../api.js";

const PAGE_SIZE = 100;
const MOST_PAGES = 6;

/** Every film now showing. */
export const films = (left) => every("/film/get_all_list", "films", {}, left);

/** The next screenings that match; the API does the matching, in any script. */
export const screenings = (wanted, left) => every("/film/get_info_list", "screenings", wanted, left);

async function every(path, name, fields, left) {
  const ask = (page) => read(path, { ...fields, page, page_size: PAGE_SIZE }, left);
  const first = await ask(1);
  const pages = Math.min(MOST_PAGES, Math.ceil(first.total / PAGE_SIZE));
  const rest = await Promise.all(Array.from({ length: Math.max(0, pages - 1) }, (_, at) => ask(at + 2)));
  return [first, ...rest].flatMap((answer) => answer[name]);
}
