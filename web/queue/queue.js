/** Waiting for a turn to buy, while a screening that many want has a queue. */

import { read, write } from "../api.js";
import { announce, fill, h } from "../dom.js";
import { localMoment } from "../language/format.js";
import { include, t } from "../language/translations.js";
import { countdown } from "../order/countdown.js";
import { problemSentence } from "../problems.js";

const RETRY_SECONDS = 5; // after a question that had no answer
const ANNOUNCED_MS = 30_000; // between two sentences for screen readers

/**
 * {element, enter}: a panel, empty until `enter` takes a place in the queue; then it shows the place until `signal`
 * aborts. `onturn(pass)` is run when it is the user's turn, without a pass where the queue has closed; `onend` when the
 * turn is over, or the user or the cinema has ended the waiting; `onagain` when the user wants to wait once more.
 */
export async function queue(screeningId, signal, { onturn, onend, onagain }) {
  await include("queue");
  const about = { screening_id: screeningId };
  const heading = h("h3", { tabindex: "-1" });
  const number = h("p", { class: "place" });
  const text = h("p", {});
  const note = h("p", { class: "muted small" });
  const leaving = h("button", { type: "button", class: "quiet", onclick: leave }, t("queue.leave"));
  const again = h("button", { type: "button", onclick: () => onagain() }, t("queue.again"));
  const element = h("section", { class: "queue", "aria-label": t("queue.title"), hidden: true });
  fill(element, heading, number, text, note, leaving, again);
  let timer = null;
  let announced = -ANNOUNCED_MS;
  signal.addEventListener("abort", () => clearTimeout(timer));

  /** Take a place, or find the one there is. The focus goes to the panel: the button that was pressed is disabled. */
  async function enter() {
    await ask(() => write("/order/join_queue", about));
    if (!element.hidden) heading.focus();
  }

  async function ask(question) {
    clearTimeout(timer);
    try {
      const place = await question();
      if (!signal.aborted) show(place);
    } catch (problem) {
      if (!signal.aborted) await failed(problem);
    }
  }

  function failed(problem) {
    if (problem.code === "not_in_queue") return ask(() => write("/order/join_queue", about));
    if (problem.isTransient || problem.status === 429) return askAgain(RETRY_SECONDS);
    put({ title: problemSentence(problem) });
    return onend();
  }

  /** Each page asks later by a part of its own, so that not all ask at once. */
  function askAgain(seconds) {
    const pause = seconds * 1000 * (1 + Math.random() / 4);
    timer = setTimeout(() => ask(() => read("/order/get_place", about, signal)), pause);
  }

  function show(place) {
    if (place.status === "off") {
      element.hidden = true;
      return onturn();
    }
    if (place.status === "admitted") return admit(place);
    const isDrawing = place.status === "drawing";
    const facts = isDrawing
      ? t("queue.drawing", { when: localMoment(place.draw_at) })
      : `${beforeSentence(place.people_before)} ${waitSentence(place.wait_seconds)}`;
    put({
      title: t("queue.title"),
      place: isDrawing ? "" : t("queue.number", { number: place.number }),
      facts,
      hint: t("queue.stay"),
      stays: true,
    });
    if (performance.now() - announced > ANNOUNCED_MS) say(facts);
    return askAgain(place.ask_again_seconds);
  }

  function admit(place) {
    put({ title: t("queue.turn"), facts: t("queue.until") });
    text.append(" ", countdown(place.pass_until, place.server_time, signal, over));
    say(t("queue.turn"));
    onturn(place.pass);
  }

  function over() {
    put({ title: t("queue.over") });
    again.hidden = false;
    say(t("queue.over"));
    onend();
  }

  /** Ask no more: after a minute or two the place is passed over. */
  function leave() {
    clearTimeout(timer);
    element.hidden = true;
    onend();
  }

  function put({ title, place = "", facts = "", hint = "", stays = false }) {
    heading.textContent = title;
    number.textContent = place;
    text.textContent = facts;
    note.textContent = hint;
    leaving.hidden = !stays;
    again.hidden = true;
    element.hidden = false;
  }

  function say(sentence) {
    announced = performance.now();
    announce(sentence);
  }

  return { element, enter };
}

const beforeSentence = (people) => people ? t("queue.before", { count: people }) : t("queue.next");

function waitSentence(seconds) {
  return seconds < 60 ? t("queue.soon") : t("queue.wait", { count: Math.ceil(seconds / 60) });
}
