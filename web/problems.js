/** What went wrong, as a sentence for people, and as a panel in the place of a page. */

import { Problem } from "./api.js";
import { h } from "./dom.js";
import { money, waiting } from "./language/format.js";
import { hasSentence, list, t } from "./language/translations.js";
import { report } from "./report.js";

/** One sentence, with the seats and amounts that the API has named. */
export function problemSentence(problem) {
  if (!(problem instanceof Problem)) return t("problem.thrown");
  const about = problem.about;
  const facts = {
    ...about,
    seats: list((about.seats ?? []).map((seat) => seat.seat_id ?? seat)),
    wait: waiting(about.retry_after ?? 1),
  };
  const amounts = about.currency ? ["total", "minimum", "maximum"].filter((name) => name in about) : [];
  for (const name of amounts) facts[name] = money(about[name], about.currency);
  const key = `refusal.${problem.code}`;
  return t(hasSentence(key) ? key : "refusal.internal_error", facts);
}

/** The panel; `retry` is run by its button, which is missing where nothing can be found at this address any more. */
export function problemPanel(problem, retry) {
  const reported = h("p", { class: "muted small", hidden: true });
  if (!(problem instanceof Problem)) {
    console.error(problem);
    report(problem).then((id) => {
      reported.textContent = t("problem.reported", { id });
      reported.hidden = !id;
    });
  }
  const gone = problem instanceof Problem &&
    /^(unknown_|not_found|screening_over|screening_cancelled)/.test(problem.code);
  return h(
    "section",
    { class: "problem", role: "alert" },
    h("h1", { tabindex: "-1" }, t(gone ? "problem.gone" : "problem.title")),
    h("p", {}, problemSentence(problem)),
    reported,
    h(
      "p",
      { class: "row" },
      gone ? null : h("button", { class: "primary", onclick: retry }, t("problem.again")),
      problem.code === "second_factor_required" && h("a", { class: "button", href: "/account" }, t("account.title")),
      h("a", { class: "button", href: "/" }, t("nav.home")),
    ),
  );
}
