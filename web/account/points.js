/** The user's points: how many, how they came, and turning them into money. */

import { newKey, read, readUntil, write } from "../api.js";
import { announce, fill, h } from "../dom.js";
import { longDay, money, plainDate } from "../language/format.js";
import { hasSentence, t } from "../language/translations.js";
import { problemSentence } from "../problems.js";
import { entries, redraw } from "./entries.js";

/**
 * `state` as loyalty.get_points gives it, and the currency that the member pays with, or null; `redeemed()` runs once
 * points have become money. `expect` draws the points anew as soon as there are others.
 */
export function points(state, currency, signal, redeemed) {
  const place = h("div", { class: "stack" });
  let known = state;

  function show(now, news = "") {
    known = now;
    redraw(place, () => draw(place, now, { currency, signal, redeemed, show }, news));
  }

  async function expect() {
    const isNew = ({ balance }) => balance !== known.balance;
    const now = await readUntil(isNew, "/loyalty/get_points", {}, signal);
    if (now) show(now);
  }

  show(state);
  return { place, expect };
}

function draw(place, state, { currency: own, signal, redeemed, show }, news) {
  const { balance, tier } = state;
  const note = h("p", { class: "small", role: "status" }, news);

  async function redeem(button, points, currency) {
    button.disabled = true;
    try {
      const key = button.key ??= newKey(); // a second press repeats the first
      const done = await write("/loyalty/redeem", { points, currency }, key);
      const sentence = t("points.turned", { amount: money(done.amount, done.currency) });
      show(await read("/loyalty/get_points", {}, signal), sentence);
      place.querySelector(".balance").focus({ preventScroll: true });
      announce(sentence);
      redeemed();
    } catch (problem) {
      if (signal.aborted) return;
      if (!problem.isTransient) button.key = null;
      note.textContent = problemSentence(problem);
      button.disabled = false;
    }
  }

  const [first, others] = offersOf(state, own).map((found) => found.map(offer));

  function offer(rate) {
    const times = Math.floor(balance / rate.points);
    const facts = { count: times * rate.points, amount: money(times * rate.amount, rate.currency) };
    return h(
      "button",
      { onclick: (event) => redeem(event.currentTarget, facts.count, rate.currency) },
      t("points.redeem", facts),
    );
  }

  fill(
    place,
    h("p", { class: "balance", tabindex: "-1" }, t("points.amount", { count: balance })),
    tier && h("p", { class: "muted" }, hasSentence(`tier.${tier}`) ? t(`tier.${tier}`) : tier),
    first.length > 0 && h("div", { class: "row" }, first),
    others.length > 0 &&
      h(
        "details",
        { class: "others" },
        h("summary", {}, t("points.others")),
        h("div", { class: "row" }, others),
      ),
    note,
    entries({ title: t("points.history"), path: "/loyalty/get_entries", field: "entries", line, signal }),
  );
}

/** The rates that enough points are there for: those to show first, and those that few will want. */
export function offersOf({ balance, rates }, currency) {
  const possible = rates.filter((rate) => balance >= rate.points);
  const isOwn = (rate) => rate.currency === currency;
  return possible.some(isOwn) ? [possible.filter(isOwn), possible.filter((rate) => !isOwn(rate))] : [possible, []];
}

function line({ reason, points, occurred_at: when, order_id: order }) {
  const what = t(`points.${reason}`);
  return [
    h("span", {}, order ? h("a", { href: `/order/${order}` }, what) : what),
    h("span", { class: "muted" }, longDay(plainDate(new Date(when)))),
    h("strong", {}, points > 0 ? `+${points}` : String(points).replace("-", "−")),
  ];
}
