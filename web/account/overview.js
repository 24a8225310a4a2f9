/** What the user has in all rooms: the next tickets, check-in, points, wallet, messages. */

import { read } from "../api.js";
import { h, loadStyle } from "../dom.js";
import { dayOf, longDay, time } from "../language/format.js";
import { include, t } from "../language/translations.js";
import { checkIn } from "./check_in.js";
import { messages } from "./messages.js";
import { points } from "./points.js";
import { wallet } from "./wallet.js";

const NOTHING = {
  next_tickets: null,
  open_orders: null,
  points: null,
  check_in: null,
  wallet: null,
  unread_messages: null,
};
const STYLE = "/web/style/account.css";

/** The reply of account.get_overview with what it takes to show it; all parts are null where the room is away. */
export async function readOverview(signal) {
  const [account] = await Promise.all([readAccount(signal), include("account"), loadStyle(STYLE)]);
  return account;
}

/** The elements of an account. */
export function overview(account, signal) {
  const purse = account.wallet && wallet(account.wallet, signal);
  const score = account.points && points(account.points, currencyOf(account), signal, () => purse?.expect());
  const earned = ({ kind }) => (kind === "points" ? score : purse)?.expect();
  return [
    nextTickets(account.next_tickets),
    openOrders(account.open_orders),
    part("check_in", account.check_in, (state) => checkIn(state, earned)),
    h(
      "div",
      { class: "purses" },
      part("points", score, ({ place }) => place),
      part("wallet", purse, ({ place }) => place),
    ),
    part("messages", account.unread_messages, (unread) => messages(unread, signal)),
  ];
}

/** The currency of the member's next order, or of the money in the wallet; null where there is neither. */
export function currencyOf({ next_tickets: next, open_orders: open, wallet: balances }) {
  const order = next?.[0]?.order ?? open?.[0];
  return (order ?? balances?.find(({ posted }) => posted > 0))?.currency ?? null;
}

async function readAccount(signal) {
  try {
    return await read("/account/get_overview", {}, signal);
  } catch (problem) {
    if (problem.code === "unauthenticated" || !problem.isTransient) throw problem;
    return NOTHING;
  }
}

/** A titled section around `draw(state)`; a part that is missing says so in its place. */
function part(name, state, draw) {
  return h(
    "section",
    { class: `part ${name} stack`, "aria-label": t(`${name}.title`) },
    h("h2", {}, t(`${name}.title`)),
    state === null ? unavailable() : draw(state),
  );
}

/** What stands in the place of something whose room is away. */
export const unavailable = () => h("p", { class: "muted unavailable" }, t("overview.unavailable"));

function nextTickets(found) {
  const title = h("h2", {}, t("next.title"));
  if (found === null) return h("section", { class: "part stack" }, title, unavailable());
  if (!found.length) return null;
  const [first, ...later] = found;
  return h(
    "section",
    { class: "next-tickets stack", "aria-label": t("next.title") },
    title,
    ticketCard(first),
    later.length > 0 && h("ul", { class: "later" }, later.map(({ order }) => h("li", {}, orderLink(order)))),
  );
}

function ticketCard({ order, images }) {
  const { screening, seats } = order;
  const valid = new Set(images.map((image) => image.seat_id));
  return h(
    "article",
    { class: "next-ticket" },
    h(
      "div",
      { class: "next-facts" },
      h("p", { class: "next-day" }, `${longDay(dayOf(screening.starts_at))} · ${time(screening.starts_at)}`),
      h("h3", {}, screening.film_title),
      h("p", {}, `${screening.cinema_name} · ${screening.hall_name}`),
      h("p", { class: "seat-big" }, seats.map((seat) => seat.seat_id).filter((seat) => valid.has(seat)).join(", ")),
      h("p", {}, h("a", { class: "button", href: `/order/${order.order_id}` }, t("next.open"))),
    ),
    h(
      "ul",
      { class: "next-codes", tabindex: "0", "aria-label": t("next.codes") },
      images.map(({ seat_id: seat, svg }) =>
        h(
          "li",
          {},
          h("img", {
            class: "qr",
            alt: t("ticket.qr", { seat }),
            src: `data:image/svg+xml,${encodeURIComponent(svg)}`,
          }),
          h("span", {}, seat),
        )
      ),
    ),
  );
}

function openOrders(found) {
  if (!found?.length) return null;
  return h(
    "section",
    { class: "part stack open-orders", "aria-label": t("open.title") },
    h("h2", {}, t("open.title")),
    h("ul", { class: "later" }, found.map((order) => h("li", {}, orderLink(order)))),
  );
}

function orderLink({ order_id: id, screening, seats }) {
  return h(
    "a",
    { href: `/order/${id}` },
    h("strong", {}, screening.film_title),
    h(
      "span",
      { class: "muted" },
      `${longDay(dayOf(screening.starts_at))} · ${time(screening.starts_at)} · ${
        seats.map((seat) => seat.seat_id).join(", ")
      }`,
    ),
  );
}
