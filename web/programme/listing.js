/** The programme, put together from as many pages as the API needs. */

import { read } from "../api.js";

const PAGE_SIZE = 100;
const MAX_PAGES = 6;

/** Every film now showing. */
export const films = (signal) => every("/film/get_all_list", "films", {}, signal);

/** The next screenings that match; the API matches titles in any script. */
export const screenings = (wanted, signal) => every("/film/get_info_list", "screenings", wanted, signal);

async function every(path, name, fields, signal) {
  const ask = (page) => read(path, { ...fields, page, page_size: PAGE_SIZE }, signal);
  const first = await ask(1);
  const pages = Math.min(MAX_PAGES, Math.ceil(first.total / PAGE_SIZE));
  const rest = await Promise.all(Array.from({ length: Math.max(0, pages - 1) }, (_, at) => ask(at + 2)));
  return [first, ...rest].flatMap((answer) => answer[name]);
}
