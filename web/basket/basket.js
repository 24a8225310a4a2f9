/** The picked seats, their price, and buying them once, whatever presses, reloads and lost answers happen. */

import { Problem, write } from "../api.js";
import { announce, fill, h } from "../dom.js";
import { money } from "../language/format.js";
import { tab } from "../storage.js";
import { list as seatNames, t } from "../language/translations.js";
import { problemSentence } from "../problems.js";
import { go } from "../navigation.js";
import * as session from "../account/session.js";
import { askToSignIn } from "../account/sign_in.js";
import { Purchase } from "./purchase.js";
import { snacks as snacksOf } from "./snacks.js";
import { Turn } from "./turn.js";

const RELEASE_MS = 2000; // until the news arrives that a failed purchase has released its seats

/** {element, resume}: the basket of a screening's page, until `signal` aborts. */
export function basket(hall, signal) {
  const { screening_id: id, currency } = hall.screening;
  const list = h("ul", { class: "picks" });
  const total = h("output", { class: "total" });
  const count = h("span", { class: "muted" });
  const snackSum = h("span", { class: "muted" });
  const priced = (what, amount) => [what, " ", h("span", { class: "price" }, money(amount, currency))];
  const warning = h("p", { class: "warning", role: "alert", hidden: true });
  const snacks = snacksOf(hall, draw);
  const purchase = new Purchase(id);
  const queuePlace = h("div", { class: "queue-place" });
  let release = null;
  let sending = false;
  let hasLost = false; // picked seats, and no others were taken instead
  let started = false; // a guest, for this purchase
  const turn = new Turn(id);
  let queue = null; // its panel, once the screening has had one
  const button = h("button", { class: "primary", onclick: buy }, t("basket.buy"));

  function draw() {
    const seats = hall.picked;
    fill(
      list,
      seats.length
        ? seats.map((seat) =>
          h(
            "li",
            {},
            h("span", { class: "seat-name" }, seat.seat_id),
            h("span", { class: "muted" }, t(`kind.${seat.kind}`)),
            h("span", { class: "price" }, money(seat.price, currency)),
            h("button", {
              class: "quiet icon",
              "aria-label": t("basket.remove", { seat: seat.seat_id }),
              onclick: () => hall.toggle(seat.seat_id),
            }, "×"),
          )
        )
        : h("li", { class: "muted nothing" }, t("basket.empty")),
    );
    total.textContent = money(hall.total + snacks.total(), currency);
    const extra = snacks.total();
    const seatCount = t("basket.count", { count: seats.length });
    fill(count, extra ? priced(seatCount, hall.total) : seatCount);
    fill(snackSum, extra > 0 && priced(t("snacks.title"), extra));
    button.disabled = isBlocked();
    warning.hidden = true;
  }

  /** On a phone the seats are in one line, which scrolls. */
  function showSeat(id) {
    const entry = list.children[hall.picked.findIndex((seat) => seat.seat_id === id)];
    if (entry) list.scrollLeft = entry.offsetLeft - list.offsetLeft - (list.clientWidth - entry.clientWidth) / 2;
  }

  async function buy() {
    if (sending || !hall.picks.size) return;
    await send(purchase.begin(selection(), hall.total + snacks.total()));
  }

  const selection = () => ({ seats: hall.picked.map((seat) => seat.seat_id), snacks: snacks.chosen() });
  const isBlocked = () => sending || turn.isAwaited() || !hall.picks.size;

  async function send({ selection, total: shown, key }) {
    if (!selection.seats.length) return;
    setSending(true);
    clearTimeout(release);
    hall.buying = true;
    const member = session.user();
    try {
      if (!member && !session.guest()) await startGuest();
      const order = await write("/order/buy", { screening_id: id, ...selection, total: shown, ...turn.pass() }, key);
      clear();
      if (session.guest()) session.keepGuest({ order: order.order_id });
      await go(`/order/${order.order_id}`);
    } catch (problem) {
      setSending(false);
      if (problem.code === "queue_required") return waitInQueue(selection);
      if (problem.code === "unauthenticated" && (member || !started)) return startAgain(member);
      showRefusal(problem);
      if (problem.isTransient) return; // perhaps it was done; the next try with the same key will tell
      purchase.remove();
      release = setTimeout(released, problem.code === "seats_taken" ? 0 : RELEASE_MS);
    }
  }

  /** Seats come first: whoever has no account buys as a guest. */
  async function startGuest() {
    started = true;
    await session.startGuest();
  }

  /** The session is over: a member signs in once more, a guest is started anew. */
  async function startAgain(member) {
    purchase.remove();
    released();
    hasLost = false;
    if (member && !(await askToSignIn(t("sign_in.to_buy")))) return;
    if (hasLost) return; // meanwhile: what is left of the seats may not be what the buyer wants
    const begun = purchase.begin(selection(), hall.total + snacks.total());
    // If another account has signed in, the page is being drawn anew for it and resumes this purchase.
    if (element.isConnected) await send(begun);
  }

  /** Wait for a turn, and then buy the seats `wanted` if they are still the picked ones. */
  async function waitInQueue(wanted) {
    purchase.remove();
    released();
    turn.begin(wanted);
    button.disabled = true;
    try {
      queue ??= await openQueue();
    } catch { // its module or its sentences did not come
      endTurn();
      return showRefusal(new Problem("offline"));
    }
    fill(queuePlace, queue.element);
    return queue.enter();
  }

  async function openQueue() {
    const { queue } = await import("../queue/queue.js");
    return queue(id, signal, { onturn: takeTurn, onend: endTurn, onagain: () => waitInQueue(selection()) });
  }

  function takeTurn(pass) {
    const { seats } = turn.wanted();
    turn.take(pass);
    button.disabled = isBlocked();
    const same = seats.length === hall.picks.size && seats.every((seat) => hall.picks.has(seat));
    if (seats.length && same) buy();
  }

  function endTurn() {
    turn.remove();
    button.disabled = isBlocked();
  }

  function released() {
    hall.buying = false;
    hall.dropTakenPicks();
  }

  function clear() {
    purchase.remove();
    tab.remove(`picks:${id}`);
    turn.remove();
    snacks.clear();
  }

  async function showRefusal(problem) {
    if (problem.code === "seats_taken") {
      hall.applySeatStates(problem.about.seats.map((seat) => ({ seat_id: seat, state: "held" })), hall.version, false);
      return;
    }
    if (problem.code === "sales_closed") {
      hall.buying = false; // it holds nothing
      hall.emit("closed");
    }
    if (problem.code === "price_changed") await reprice(problem.about);
    if (/^snacks_/.test(problem.code)) await snacks.load();
    if (sending) return; // sent again already
    const many = problem.code === "too_many_unpaid_orders";
    fill(warning, problemSentence(problem), many && [" ", h("a", { href: "/account" }, t("account.orders"))]);
    warning.hidden = false;
    if (problem.isTransient) button.textContent = t("problem.again");
  }

  /** Show the present prices, so that the next press buys at them. */
  async function reprice({ seats, snacks: priced }) {
    for (const { seat_id: seat, price } of seats) hall.seat(seat).price = price;
    snacks.reprice(priced);
    await snacks.load();
    draw();
  }

  function setSending(value) {
    sending = value;
    button.disabled = isBlocked();
    button.classList.toggle("busy", value);
    button.textContent = t(value ? "basket.buying" : "basket.buy");
  }

  /** Restore the picks of before a reload; a purchase without an answer is sent again with its own key. */
  function resume() {
    const begun = purchase.begun();
    const before = (begun?.selection.seats ?? tab.get(`picks:${id}`) ?? []).filter((seat) => hall.seat(seat));
    hall.picks = new Set(before);
    hall.emit("picks", before);
    snacks.resume();
    if (begun) return send(begun);
    hall.dropTakenPicks();
    return turn.isAwaited() && waitInQueue(turn.wanted());
  }

  hall.addEventListener("lost", () => {
    hasLost = true;
  });
  hall.addEventListener("chosen", () => {
    hasLost = false;
  });
  hall.addEventListener("picks", ({ detail }) => {
    draw();
    showSeat(detail.find((seat) => hall.picks.has(seat)));
    tab.set(`picks:${id}`, [...hall.picks]);
    const sentence = t("basket.announced", { count: hall.picks.size, total: total.textContent });
    announce(hall.picks.size ? `${seatNames(hall.picked.map((seat) => seat.seat_id))}: ${sentence}` : sentence);
  });
  draw();
  const element = h(
    "div",
    { class: "basket" },
    h("h2", {}, t("basket.title")),
    h("div", { class: "goods" }, list, snacks.element, queuePlace),
    warning,
    h("div", { class: "sum" }, h("p", {}, h("span", { class: "items" }, count, snackSum), total), button),
  );
  return { element, resume };
}
