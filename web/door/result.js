/** The answer to a scan, to be seen from two metres: a colour, a shape, a word, and what staff have to say. */

import { openDialog } from "../dialog.js";
import { fill, h, s } from "../dom.js";
import { dayOf, longDay, time } from "../language/format.js";
import { t } from "../language/translations.js";
import { cinemaClock } from "../order/refunds/refund_terms.js";
import { problemSentence } from "../problems.js";
import { seatOf } from "./codes.js";

const SHORT = 12; // of what is no code of a ticket
const LEAST_AGE = 12; // that has to be proven; younger children come with a parent
const FOR_CHILDREN = ["G", "PG", "U"]; // of the ratings that are letters alone
const KINDS = { admitted: "go", wrong_screening: "wait", too_early: "wait" };

/** Whether a guest may go in (`go`), is right elsewhere or later (`wait`), or may not go in (`stop`). */
export const kindOf = (result) => KINDS[result] ?? "stop";

/** A circle with a tick, a triangle with an exclamation mark, an octagon with a cross. */
const SHAPES = {
  go: () => [s("circle", { cx: 50, cy: 50, r: 45 }), s("path", { d: "M27 52l16 17 31-36", class: "mark" })],
  wait: () => [s("path", { d: "M50 7 96 90H4Z" }), s("path", { d: "M50 38v18M50 76v.5", class: "mark" })],
  stop: () => [
    s("path", { d: "M31 5h38l26 26v38L69 95H31L5 69V31Z" }),
    s("path", { d: "M34 34l32 32M66 34 34 66", class: "mark" }),
  ],
};

/** 19:42, by the clock of the cinema where it is known, or of this browser. */
const clockOf = (moment, screening) =>
  screening
    ? cinemaClock(moment, screening.starts_at).time
    : time(moment, Intl.DateTimeFormat().resolvedOptions().timeZone);

/**
 * What staff say to the guest.
 * @param {Record<string, any>} answer
 */
export function advice({ result, admission, screening, film, starts_at: starts, doors_open_at: open, directions }) {
  switch (result) {
    case "already_admitted":
      // Only what this browser itself remembers has no name of a door.
      return t(admission.door ? "door.admitted_before" : "door.admitted_here", {
        time: clockOf(admission.admitted_at, screening),
        door: admission.door,
      });
    case "too_early":
      return t("door.opens", { day: longDay(dayOf(open)), time: time(open) });
    case "wrong_screening":
      if (!screening) return t("door.not_today");
      return [
        t("door.belongs", {
          film,
          day: longDay(dayOf(starts)),
          time: time(starts),
          hall: screening.hall_name,
          cinema: screening.cinema_name,
        }),
        directions,
      ].filter(Boolean).join(" ");
    default:
      return t(`door.advice.${result}`);
  }
}

/** Whether ushers ask for proof of age where a film has this rating in the country of the cinema, or null. */
export function asksForProof(rating) {
  if (!rating) return false;
  const [age] = /\d+/.exec(rating) ?? [];
  return age ? Number(age) >= LEAST_AGE : !FOR_CHILDREN.includes(rating);
}

/** Ask whether to undo the admission of the guest who came first; settles with whether to. */
export const askToUndo = (answer) =>
  openDialog(t("door.undo_first"), (close) =>
    h(
      "div",
      { class: "stack" },
      h("p", {}, advice(answer)),
      h("p", {}, t("door.undo_means")),
      h(
        "p",
        { class: "row" },
        h("button", { class: "primary", autofocus: true, onclick: () => close(false) }, t("door.keep")),
        h("button", { onclick: () => close(true) }, t("door.undo_first")),
      ),
    ));

/** Fill `place` while the order room is asked about the ticket for this seat. */
export function showAsking(place, seat) {
  place.className = "result asking";
  fill(
    place,
    h("div", { role: "status" }, h("p", { class: "word" }, t("door.asking")), h("p", { class: "seat-big" }, seat)),
  );
}

/** A line about a guest before the one who stands here; `outcome`: null, or {answer} or {problem} of the scan. */
export function earlierLine({ code, outcome }) {
  const { answer, problem } = outcome ?? {};
  const word = answer ? t(`door.result.${answer.result}`) : problem ? problemSentence(problem) : t("door.asking");
  return h(
    "li",
    { class: answer ? kindOf(answer.result) : problem && "stop" },
    h("strong", {}, answer?.seat ?? seatOf(code) ?? code.slice(0, SHORT)),
    ` ${word}`,
  );
}

/** The button that takes back what this scan has admitted, or that asks about what an earlier one has. */
const UNDO = { admitted: "door.undo", already_admitted: "door.undo_first" };

/** Fill `place` with the answer; `onseen` puts it away, and `onundo` takes an admission back. */
export function show(place, answer, onseen, onundo) {
  const kind = kindOf(answer.result);
  place.className = `result ${kind}`;
  fill(
    place,
    s("svg", { viewBox: "0 0 100 100", class: "shape", "aria-hidden": "true" }, SHAPES[kind]()),
    h(
      "div",
      { role: "alert" },
      h("p", { class: "word" }, t(`door.result.${answer.result}`)),
      answer.seat && h("p", { class: "seat-big" }, answer.seat),
      answer.film && h("p", { class: "what" }, `${answer.film} · ${time(answer.starts_at)}`),
      answer.result === "admitted" && asksForProof(answer.age_rating) &&
        h("p", { class: "age" }, t("door.age", { rating: answer.age_rating })),
      h("p", {}, advice(answer)),
      answer.offline && h("p", { class: "small" }, t("door.decided_here")),
    ),
    h(
      "div",
      { class: "row" },
      h("button", { class: "primary", onclick: onseen }, t("door.seen")),
      answer.result in UNDO &&
        h("button", { onclick: (event) => onundo(answer, event.target) }, t(UNDO[answer.result])),
    ),
  );
}
