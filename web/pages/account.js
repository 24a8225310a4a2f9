/** The reader's account: my orders, my address, and the way out. */

import { address } from "../address.js";
import { read } from "../api.js";
import { fill, h } from "../dom.js";
import { dayOf, longDay, money, time } from "../format.js";
import { t } from "../language.js";
import { go } from "../router.js";
import { leave } from "../sign_out.js";
import * as session from "../session.js";
import { pill } from "../order/status.js";
import { askToSignIn } from "../sign_in.js";

export async function show(main, { left }) {
  if (!session.user()) return strangers(main);
  const user = session.user();
  const orders = h("ul", { class: "orders" });
  const more = h("button", { hidden: true }, t("account.more"));

  async function load(cursor = "") {
    const page = await read("/order/get_list", { limit: 20, cursor }, left);
    orders.append(...page.orders.map(entry));
    more.hidden = !page.next_cursor;
    more.onclick = () => load(page.next_cursor);
  }

  let profile;
  try {
    [profile] = await Promise.all([read("/user/get_profile", {}, left), load()]);
  } catch (problem) {
    if (problem.code === "unauthenticated") return strangers(main);
    throw problem;
  }
  if (!orders.children.length) {
    orders.append(
      h("li", { class: "empty" }, h("p", {}, t("account.none")), h("a", { class: "button", href: "/" }, t("nav.home"))),
    );
  }
  const mail = address(profile);
  const waits = profile.email && !profile.email_confirmed_at; // which is worth the first place
  fill(
    main,
    h(
      "section",
      { class: "account" },
      h(
        "header",
        { class: "row spread" },
        h(
          "div",
          {},
          h("h1", { tabindex: "-1" }, t("account.title")),
          h("p", { class: "muted" }, user.display_name ?? user.username),
        ),
        h("button", { onclick: leave }, t("account.sign_out")),
      ),
      h(
        "div",
        { class: "stack" },
        ...(waits ? [mail] : []),
        h("h2", {}, t("account.orders")),
        orders,
        more,
        ...(waits ? [] : [mail]),
      ),
    ),
  );
  return t("account.title");
}

function strangers(main) {
  const ask = () => askToSignIn().then((done) => done && go("/account"));
  fill(
    main,
    h(
      "section",
      { class: "trouble" },
      h("h1", { tabindex: "-1" }, t("account.title")),
      h("p", {}, t("account.stranger")),
      h("p", {}, h("button", { class: "primary", onclick: ask }, t("nav.sign_in"))),
    ),
  );
  return t("account.title");
}

function entry(order) {
  const { order_id: id, screening, seats, total, refunded, currency } = order;
  return h(
    "li",
    {},
    h(
      "a",
      { class: "order-line", href: `/order/${id}` },
      h(
        "span",
        {},
        h("strong", {}, screening.film_title),
        h(
          "span",
          { class: "muted" },
          `${longDay(dayOf(screening.starts_at))} · ${time(screening.starts_at)} · ${screening.cinema_name}`,
        ),
      ),
      h("span", { class: "muted" }, seats.map((seat) => seat.seat_id).join(", ")),
      h(
        "span",
        { class: "price" },
        money(total, currency),
        refunded > 0 && h("small", { class: "muted" }, t("account.back", { amount: money(refunded, currency) })),
      ),
      pill(order),
    ),
  );
}
