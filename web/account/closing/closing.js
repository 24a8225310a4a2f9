/** Closing the account: a window that says what is lost, such as tickets and money, before the member confirms. */

import { read, write } from "../../api.js";
import { openDialog } from "../../dialog.js";
import { announce, h } from "../../dom.js";
import { money } from "../../language/format.js";
import { t } from "../../language/translations.js";
import { go } from "../../navigation.js";
import { isPaid } from "../../order/status.js";
import { problemSentence } from "../../problems.js";
import { tab } from "../../storage.js";
import * as session from "../session.js";

const ORDERS_ASKED = 50; // the newest

/** `profile` as user.get_profile gives it. What is lost is asked when the window opens: it may have changed meanwhile. */
export function closing(profile, signal) {
  async function open({ currentTarget: button }) {
    button.disabled = true;
    const [balances, orders] = await Promise.all([
      read("/wallet/get_balance", {}, signal),
      read("/order/get_list", { limit: ORDERS_ASKED }, signal),
    ].map((reply) => reply.catch(() => null)));
    button.disabled = false;
    if (signal.aborted) return;
    button.focus(); // which it lost when it was disabled, and gets back after the window
    openDialog(t("closing.title"), (close) => form(profile, [...ticketsLost(orders), ...moneyLost(balances)], close));
  }

  return h(
    "section",
    { class: "closing stack", "aria-label": t("closing.title") },
    h("h2", {}, t("closing.title")),
    h("p", { class: "muted" }, t("closing.text")),
    h("p", {}, h("button", { onclick: open }, t("closing.open"))),
  );
}

function form(profile, losses, close) {
  const warning = h("p", { class: "warning", role: "alert", hidden: true });

  async function closeAccount(event) {
    event.preventDefault();
    event.submitter.disabled = true;
    warning.hidden = true;
    try {
      await write("/user/close_account", { password: new FormData(event.target).get("password") });
    } catch (problem) {
      warning.textContent = problem.code === "login_failed" ? t("refusal.wrong_password") : problemSentence(problem);
      warning.hidden = false;
      event.submitter.disabled = false;
      event.target.querySelector("[name=password]").focus();
      return;
    }
    close();
    session.forget();
    tab.set("farewell", t("closing.done"));
    await go("/");
    announce(t("closing.done"));
  }

  return h(
    "form",
    { class: "stack", onsubmit: closeAccount },
    h("p", {}, t("closing.text")),
    losses.map((loss) => h("p", { class: "note warning" }, loss)),
    // Password managers want to know whose password it is.
    h("input", { autocomplete: "username", value: profile.username, hidden: true }),
    h(
      "label",
      { class: "field" },
      t("sign_in.password"),
      h("input", {
        name: "password",
        type: "password",
        required: true,
        maxlength: 1024,
        autocomplete: "current-password",
      }),
    ),
    warning,
    h("button", { class: "primary wide" }, t("closing.do")),
  );
}

/** What becomes of the tickets for coming screenings; `reply` of order.get_list, or null without an answer. */
export function ticketsLost(reply) {
  if (!reply) return [t("closing.tickets_unknown")];
  const isComing = ({ screening: { starts_at: start, ends_at: end } }) =>
    Date.parse(end ?? start) > Date.parse(reply.server_time);
  const count = reply.orders.filter((order) => isPaid(order) && isComing(order)).length;
  return count ? [t("closing.tickets", { count })] : [];
}

/** What becomes of the money; `balances` as wallet.get_balance gives them, or null without an answer. */
function moneyLost(balances) {
  if (!balances) return [t("closing.wallet_unknown")];
  return balances.filter(({ posted }) => posted > 0)
    .map(({ posted, currency }) => t("closing.wallet", { amount: money(posted, currency) }));
}
