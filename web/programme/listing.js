/** The programme, put together from as many pages as the API needs. */

import { read } from "../api.js";

const PAGE_SIZE = 100;
const MAX_PAGES = 6;

/** Every film now showing, by title, or those that a search finds, the best match first. */
export const films = (signal, search = "") => every("/film/get_all_list", "films", { search }, signal);

/** The next screenings that match, see filters.js. */
export const screenings = (wanted, signal) => every("/film/get_info_list", "screenings", wanted, signal);

async function every(path, name, fields, signal) {
  const ask = (page) => read(path, { ...fields, page, page_size: PAGE_SIZE }, signal);
  const first = await ask(1);
  const pages = Math.min(MAX_PAGES, Math.ceil(first.total / PAGE_SIZE));
  const rest = await Promise.all(Array.from({ length: Math.max(0, pages - 1) }, (_, at) => ask(at + 2)));
  return [first, ...rest].flatMap((answer) => answer[name]);
}
