/** The notes that a map may be out of date, and that it is up to date again. */

import { h } from "../dom.js";
import { t } from "../language/translations.js";
import { problemSentence } from "../problems.js";

const FRESH_MS = 8000; // how long the second note stays

/** {element, stale, fresh}, the latter two as followSeats takes them. */
export function freshness() {
  const element = h("p", { class: "note", role: "status", hidden: true });
  let isStale = false;

  function show(text, kind) {
    element.hidden = !text;
    element.className = `note ${kind}`;
    if (element.textContent !== text) element.textContent = text; // setting it again would be read aloud again
  }

  return {
    element,
    stale(problem) {
      isStale = true;
      show(`${t("map.stale")}${problem ? ` ${problemSentence(problem)}` : ""}`, "warning");
    },
    fresh() {
      if (!isStale) return;
      isStale = false;
      show(t("map.fresh"), "good");
      setTimeout(() => isStale || show("", "good"), FRESH_MS);
    },
  };
}
