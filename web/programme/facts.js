/** What moviegoers ask of a film, as far as the programme says it. */

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

/** What a stranger understands: "no age limit" for 0, "12 and over" for 12; letters such as PG stay as they are. */
export const ratingName = (text) => {
  if (text === "Not rated") return t("film.not_rated");
  if (!/^\d+$/.test(text)) return text;
  return Number(text) ? t("film.from_age", { age: text }) : t("film.any_age");
};

/** "Germany: 12 and over", "United States: PG-13". */
export const ageRatings = ({ age_rating: ratings }) =>
  Object.entries(ratings ?? {}).map(([country, rating]) =>
    t("film.rated_in", { country: named("region", country), rating: ratingName(rating) })
  );

/** The age rating of a film, or of a screening where that is known. */
export const rating = (text) => h("span", { class: "rating", title: t("film.age") }, ratingName(text));

/** The way to a cinema behind its title, read when it is opened; nothing where the programme does not say it. */
export function foldedDirections(cinema) {
  if (!cinema.address && !cinema.map_url && !cinema.directions) return null;
  const details = h("details", { class: "way", ontoggle: unfold }, h("summary", {}, t("cinema.directions")));

  async function unfold() {
    const { directions } = await import("./directions.js");
    if (details.children.length === 1) details.append(directions(cinema));
  }

  return details;
}
