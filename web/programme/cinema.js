/** The cinema that the visitor has chosen on the front page: it stays, in this tab, through films and back. */

import { tab } from "../storage.js";

const NAME = "cinema";

/** Its name, or an empty string. */
export const chosenCinema = () => tab.get(NAME) ?? "";

/** Choose a cinema by its name, or none. */
export function chooseCinema(name) {
  if (name) tab.set(NAME, name);
  else tab.remove(NAME);
}

/** Where the page of a film is; `date`: the day to show there. */
export function filmAddress(filmId, date = "") {
  return date ? `/film/${filmId}?date=${date}` : `/film/${filmId}`;
}

/** Whether a cinema is the chosen one: a choice may be a part of the name, as in a link. */
export const isChosen = ({ name }) =>
  Boolean(chosenCinema()) && name.toLowerCase().includes(chosenCinema().toLowerCase());
