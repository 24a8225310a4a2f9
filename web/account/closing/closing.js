/** Closing the account: a window that says what is lost, money in the wallet included, before the member confirms. */

import { read, write } from "../../api.js";
import { openDialog } from "../../dialog.js";
import { h } from "../../dom.js";
import { money } from "../../language/format.js";
import { t } from "../../language/translations.js";
import { go } from "../../navigation.js";
import { problemSentence } from "../../problems.js";
import * as session from "../session.js";

/** `profile` as user.get_profile gives it. The wallet is asked when the window opens: money may have come meanwhile. */
export function closing(profile, signal) {
  async function open({ currentTarget: button }) {
    button.disabled = true;
    const balances = await read("/wallet/get_balance", {}, signal).catch(() => null);
    button.disabled = false;
    if (!signal.aborted) openDialog(t("closing.title"), (close) => form(profile, balances, close));
  }

  return h(
    "section",
    { class: "closing stack", "aria-label": t("closing.title") },
    h("h2", {}, t("closing.title")),
    h("p", { class: "muted" }, t("closing.text")),
    h("p", {}, h("button", { onclick: open }, t("closing.open"))),
  );
}

function form(profile, balances, close) {
  const warning = h("p", { class: "warning", role: "alert", hidden: true });

  async function closeAccount(event) {
    event.preventDefault();
    event.submitter.disabled = true;
    warning.hidden = true;
    try {
      await write("/user/close_account", { password: new FormData(event.target).get("password") });
      close();
      session.forget();
      await go("/");
    } catch (problem) {
      warning.textContent = problem.code === "login_failed" ? t("refusal.wrong_password") : problemSentence(problem);
      warning.hidden = false;
      event.submitter.disabled = false;
    }
  }

  return h(
    "form",
    { class: "stack", onsubmit: closeAccount },
    h("p", {}, t("closing.text")),
    whatIsLost(balances),
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

/** `balances` as wallet.get_balance gives them, or null while they are not known. */
function whatIsLost(balances) {
  if (!balances) return h("p", { class: "note warning" }, t("closing.wallet_unknown"));
  return balances.filter(({ posted }) => posted > 0).map(({ posted, currency }) =>
    h("p", { class: "note warning" }, t("closing.wallet", { amount: money(posted, currency) }))
  );
}
