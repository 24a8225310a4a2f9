/** What went wrong, as a sentence for people, and the panel that says so in the place of a page. */

import { Problem } from "./api.js";
import { h } from "./dom.js";
import { money } from "./format.js";
import { knows, list, t } from "./language.js";

/** One sentence; seats are named, and a total told, where the API names them. */
export function sentence(problem) {
  if (!(problem instanceof Problem)) return t("refusal.internal_error");
  const about = problem.about;
  const facts = {
    ...about,
    seats: list((about.seats ?? []).map((seat) => seat.seat_id ?? seat)),
    seconds: Math.ceil(about.retry_after ?? 1),
  };
  const amounts = about.currency ? ["total", "minimum", "maximum"].filter((name) => name in about) : [];
  for (const name of amounts) facts[name] = money(about[name], about.currency);
  const key = `refusal.${problem.code}`;
  return t(knows(key) ? key : "refusal.internal_error", facts);
}

/** A whole page's trouble, with the way out of it. */
export function trouble(problem, again) {
  if (!(problem instanceof Problem)) console.error(problem);
  const gone = problem instanceof Problem &&
    /^(unknown_|not_found|screening_over|screening_cancelled)/.test(problem.code);
  return h(
    "section",
    { class: "trouble", role: "alert" },
    h("h1", { tabindex: "-1" }, t(gone ? "trouble.gone" : "trouble.title")),
    h("p", {}, sentence(problem)),
    h(
      "p",
      { class: "row" },
      gone ? null : h("button", { class: "primary", onclick: again }, t("trouble.again")),
      h("a", { class: "button", href: "/" }, t("nav.home")),
    ),
  );
}
