/** The note that a map may be out of date, and the one that it is no longer. */

import { h } from "../dom.js";
import { t } from "../language.js";
import { sentence } from "../problems.js";

const FRESH_MS = 8000; // for so long it is said that all is well again

/** `element` stands beside the map; `stale` and `fresh` are as `follow` wants them. */
export function freshness() {
  const element = h("p", { class: "note", role: "status", hidden: true });
  let isStale = false;

  function tell(words, kind) {
    element.hidden = !words;
    element.className = `note ${kind}`;
    if (element.textContent !== words) element.textContent = words; // what is said twice is read out twice
  }

  return {
    element,
    stale(problem) {
      isStale = true;
      tell(`${t("map.stale")}${problem ? ` ${sentence(problem)}` : ""}`, "warning");
    },
    fresh() {
      if (!isStale) return;
      isStale = false;
      tell(t("map.fresh"), "good");
      setTimeout(() => isStale || tell("", "good"), FRESH_MS);
    },
  };
}
