/** The account page: what the user has in all rooms, orders, e-mail and postal addresses, password, sessions, signing out, and closing. */

import { closing } from "../account/closing/closing.js";
import { emailAddress } from "../account/email_address.js";
import { addresses } from "../account/postal/addresses.js";
import { overview, readOverview, unavailable } from "../account/overview.js";
import { password } from "../account/password.js";
import { sessions } from "../account/sessions.js";
import { read } from "../api.js";
import { cards, readCards } from "../cards/kept.js";
import { fill, h } from "../dom.js";
import { dayOf, longDay, money, time } from "../language/format.js";
import { t } from "../language/translations.js";
import { go, reload } from "../navigation.js";
import { secondFactor } from "../account/second_factor/second_factor.js";
import { signOut } from "../account/sign_out.js";
import * as session from "../account/session.js";
import { statusBadge } from "../order/status.js";
import { receipts } from "../receipt/list.js";
import { askToSignIn } from "../account/sign_in.js";

export async function show(main, { signal }) {
  if (!session.user()) return signInPrompt(main);
  const user = session.user();
  const orders = h("ul", { class: "orders" });
  const papers = receipts();
  const away = h("div");
  const more = h("button", { hidden: true, onclick: load });
  let next = "";
  let isAway = false;

  /** The orders from `next` on; while the order room is away, the button asks for them again. */
  async function load() {
    try {
      const page = await read("/order/get_list", { limit: 20, cursor: next }, signal);
      orders.append(...page.orders.map(orderLine));
      papers.add(page.orders);
      next = page.next_cursor;
      isAway = false;
    } catch (problem) {
      if (problem.code === "unauthenticated" || !problem.isTransient) throw problem;
      isAway = true;
    }
    showRest();
  }

  function showRest() {
    fill(away, isAway && unavailable());
    away.hidden = !isAway;
    more.textContent = t(isAway ? "problem.again" : "account.more");
    more.hidden = !isAway && !next;
  }

  let profile;
  let account;
  let kept;
  try {
    [profile, account, kept] = await Promise.all([
      read("/user/get_profile", {}, signal),
      readOverview(signal),
      readCards(signal),
      load(),
    ]);
  } catch (problem) {
    if (problem.code === "unauthenticated") return signInPrompt(main);
    if (problem.code === "second_factor_required") return enrolment(main, signal);
    throw problem;
  }
  showRest(); // again: now the sentences of this page are there
  if (!isAway && !orders.children.length) {
    orders.append(
      h("li", { class: "empty" }, h("p", {}, t("account.none")), h("a", { class: "button", href: "/" }, t("nav.home"))),
    );
  }
  const email = emailAddress(profile);
  const elsewhere = sessions(signal);
  const isUnconfirmed = profile.email && !profile.email_confirmed_at; // then the address comes first
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
        h("button", { onclick: signOut }, t("account.sign_out")),
      ),
      h(
        "div",
        { class: "stack" },
        ...(isUnconfirmed ? [email] : []),
        ...overview(account, signal),
        h("h2", {}, t("account.orders")),
        orders,
        away,
        more,
        papers.place,
        ...(isUnconfirmed ? [] : [email]),
        addresses(signal),
        cards(kept, signal),
        password(profile, elsewhere.reload),
        session.isStaff() && secondFactor(profile, signal, elsewhere.reload),
        elsewhere.place,
        closing(profile, signal),
      ),
    ),
  );
  return t("account.title");
}

/** All that staff may do before they have the second factor that they need. */
async function enrolment(main, signal) {
  const profile = await read("/user/get_profile", {}, signal);
  fill(
    main,
    h(
      "section",
      { class: "account" },
      h(
        "header",
        { class: "row spread" },
        h("h1", { tabindex: "-1" }, t("account.title")),
        h("button", { onclick: signOut }, t("account.sign_out")),
      ),
      h("div", { class: "stack" }, secondFactor(profile, signal, () => reload({ scroll: 0, focus: true }))),
    ),
  );
  return t("account.title");
}

function signInPrompt(main) {
  const ask = () => askToSignIn().then((done) => done && go("/account"));
  fill(
    main,
    h(
      "section",
      { class: "problem" },
      h("h1", { tabindex: "-1" }, t("account.title")),
      h("p", {}, t("account.stranger")),
      h("p", {}, h("button", { class: "primary", onclick: ask }, t("nav.sign_in"))),
    ),
  );
  return t("account.title");
}

function orderLine(order) {
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
      statusBadge(order),
    ),
  );
}
