/** What moviegoers ask of a film and of a cinema, as far as the programme says it. */

import { h } from "../dom.js";
import { list, locale, t } from "../language/translations.js";

const named = (type, code) => new Intl.DisplayNames([locale()], { type, fallback: "code" }).of(code);

/** The name of a language in BCP 47, in the user's language: French for fr. */
export const languageName = (tag) => named("language", tag);

/** "French", "English subtitles", "35 mm": how a film is played; a film room of an older version does not say. */
export const playedIn = ({ language, subtitles, format }) =>
  [
    language && languageName(language),
    subtitles?.length && t("film.with_subtitles", { languages: list(subtitles.map(languageName)) }),
    format,
  ].filter(Boolean);

/** "Germany: 12", "United States: PG-13". */
export const ageRatings = ({ age_rating: ratings }) =>
  Object.entries(ratings ?? {}).map(([country, rating]) => `${named("region", country)}: ${rating}`);

/** The age rating of a film or screening: where it is played if that is known, else the film's own. */
export const rating = (text) =>
  h("span", { class: "rating" }, h("span", { class: "unseen" }, t("film.age"), " "), text);

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

/** The same behind its title, for a page that is about something else. */
export function foldedDirections(cinema) {
  const shown = directions(cinema);
  return shown && h("details", { class: "way" }, h("summary", {}, t("cinema.directions")), shown);
}
