/** The streak of seven days, with today's button. */

import { read, write } from "../api.js";
import { announce, fill, h } from "../dom.js";
import { money } from "../language/format.js";
import { t } from "../language/translations.js";
import { problemSentence } from "../problems.js";

/** `state` as loyalty.get_check_in gives it; `earned` gets the reward of a check-in. */
export function checkIn(state, earned) {
  const place = h("div", { class: "stack" });
  draw(place, state, earned);
  return place;
}

function draw(place, state, earned, news = "") {
  const { done, day: today, streak, rewards } = state;
  const note = h("p", { class: "small", role: "status" }, news);

  async function run(event) {
    const button = event.currentTarget;
    button.disabled = true;
    try {
      const { reward } = await write("/loyalty/check_in");
      const sentence = t("check_in.got", { reward: name(reward) });
      earned(reward);
      draw(place, await read("/loyalty/get_check_in"), earned, sentence);
      place.querySelector(".done-today")?.focus({ preventScroll: true });
      announce(sentence);
    } catch (problem) {
      note.textContent = problemSentence(problem);
      button.disabled = false;
    }
  }

  fill(
    place,
    h("p", { class: "muted" }, streak ? t("check_in.streak", { count: streak }) : t("check_in.begin")),
    h("ol", { class: "streak" }, rewards.map((reward, index) => dayOfStreak(index + 1, reward, { today, done }))),
    h(
      "p",
      { class: "row" },
      done
        ? h("span", { class: "done-today", tabindex: "-1" }, t("check_in.done"))
        : h("button", { class: "primary", onclick: run }, t("check_in.today")),
      note,
    ),
  );
}

function dayOfStreak(day, reward, { today, done }) {
  const isDone = day < today || (day === today && done);
  return h(
    "li",
    { class: isDone ? "done" : null, "aria-current": day === today ? "date" : null },
    h("span", { class: "day-number" }, t("check_in.day", { day })),
    h("strong", {}, isDone ? h("span", { "aria-hidden": "true" }, "✓ ") : null, name(reward)),
    isDone && h("span", { class: "unseen" }, t("check_in.collected")),
  );
}

const name = ({ kind, points, amount, currency }) =>
  kind === "points" ? t("points.amount", { count: points }) : money(amount, currency);
