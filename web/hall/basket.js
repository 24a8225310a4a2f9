/** The seats picked, what they cost, and buying them: once, however often one presses, reloads or loses the line. */

import { write } from "../api.js";
import { fill, h, say } from "../dom.js";
import { money } from "../format.js";
import { tab } from "../keep.js";
import { t } from "../language.js";
import { sentence } from "../problems.js";
import { go } from "../router.js";
import { askToSignIn } from "../sign_in.js";
import { Purchase } from "./purchase.js";
import { snacks as snacksOf } from "./snacks.js";

const RELEASE_MS = 2000; // until a purchase that failed is heard to have let its seats go

export function basket(hall) {
  const { screening_id: id, currency } = hall.screening;
  const list = h("ul", { class: "picks" });
  const total = h("output", { class: "total" });
  const count = h("span", { class: "muted" });
  const trouble = h("p", { class: "warning", role: "alert", hidden: true });
  const snacks = snacksOf(hall, draw);
  const purchase = new Purchase(id);
  let release = null;
  let sending = false;
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
    count.textContent = t("basket.count", { count: seats.length });
    button.disabled = sending || !seats.length;
    trouble.hidden = true;
  }

  async function buy() {
    if (sending || !hall.picks.size || !(await askToSignIn(t("sign_in.to_buy")))) return;
    const wish = { seats: hall.picked.map((seat) => seat.seat_id), snacks: snacks.chosen() };
    const begun = purchase.begin(wish, hall.total + snacks.total());
    // Where another account has signed in, the page is being drawn anew for it, and resumes what was begun.
    if (element.isConnected) await send(begun);
  }

  async function send({ wish, total: shown, key }) {
    if (!wish.seats.length) return;
    busy(true);
    clearTimeout(release);
    hall.buying = true;
    try {
      const order = await write("/order/buy", { screening_id: id, ...wish, total: shown }, key);
      forget();
      await go(`/order/${order.order_id}`);
    } catch (problem) {
      busy(false);
      refused(problem);
      if (problem.passes) return; // perhaps it was done; then the next try is told so
      purchase.drop();
      release = setTimeout(over, problem.code === "seats_taken" ? 0 : RELEASE_MS);
    }
  }

  function over() {
    hall.buying = false;
    hall.loseTaken();
  }

  function forget() {
    purchase.drop();
    tab.drop(`picks:${id}`);
    snacks.forget();
  }

  async function refused(problem) {
    if (problem.code === "seats_taken") {
      hall.hear(problem.about.seats.map((seat) => ({ seat_id: seat, state: "held" })), hall.version, false);
      return;
    }
    if (problem.code === "price_changed") await reprice(problem.about);
    if (/^snacks_/.test(problem.code)) await snacks.load();
    if (sending) return; // once more already
    const many = problem.code === "too_many_unpaid_orders";
    fill(trouble, sentence(problem), many && [" ", h("a", { href: "/account" }, t("account.orders"))]);
    trouble.hidden = false;
    if (problem.passes) button.textContent = t("trouble.again");
    if (problem.code === "unauthenticated") buy();
  }

  /** What it costs now, so that whoever presses once more buys at that. */
  async function reprice({ seats, snacks: priced }) {
    for (const { seat_id: seat, price } of seats) hall.seat(seat).price = price;
    snacks.reprice(priced);
    await snacks.load();
    draw();
  }

  function busy(is) {
    sending = is;
    button.disabled = is || !hall.picks.size;
    button.classList.toggle("busy", is);
    button.textContent = t(is ? "basket.buying" : "basket.buy");
  }

  /** What was picked here before a reload; a purchase without an answer is asked for again, with its own key. */
  function resume() {
    const begun = purchase.begun();
    const before = (begun?.wish.seats ?? tab.get(`picks:${id}`) ?? []).filter((seat) => hall.seat(seat));
    hall.picks = new Set(before);
    hall.changed("picks", before);
    snacks.resume();
    if (begun) send(begun);
    else hall.loseTaken();
  }

  hall.addEventListener("picks", () => {
    draw();
    tab.set(`picks:${id}`, [...hall.picks]);
    say(t("basket.said", { count: hall.picks.size, total: total.textContent }));
  });
  draw();
  const element = h(
    "div",
    { class: "basket" },
    h("h2", {}, t("basket.title")),
    list,
    snacks.element,
    trouble,
    h("div", { class: "sum" }, h("p", {}, count, total), button),
  );
  return { element, resume };
}
