/** The window to sign in or open an account, over the page in progress. */

import { openDialog } from "../dialog.js";
import { fill, h } from "../dom.js";
import { t } from "../language/translations.js";
import { problemSentence } from "../problems.js";
import { codeField } from "./second_factor/code_field.js";
import * as session from "./session.js";

/** Settles with whether somebody is signed in afterwards; `why` is a sentence about the reason. */
export async function askToSignIn(why = null) {
  if (session.user()) return true;
  const done = await openDialog(t("sign_in.title"), (close, heading) => form(why, close, heading));
  return Boolean(done);
}

const REFUSED = { username: "sign_in.username_refused", password: "password.refused", email: "email.refused" };

/** What is wrong with the field that the API refuses; undefined if it is none of these. */
function refusedField({ about }) {
  const name = Object.keys(REFUSED).find((each) => about?.fields?.[each]);
  return name && t(REFUSED[name]);
}

function field(name, label, attributes, hint = null) {
  return h(
    "label",
    { class: "field" },
    label,
    h("input", { name, required: true, ...attributes }),
    hint && h("small", {}, hint),
  );
}

function form(why, close, heading) {
  let isNew = false;
  const warning = h("p", { class: "warning", role: "alert", hidden: true });
  const fields = h("div", { class: "stack" });
  const submit = h("button", { class: "primary wide" });
  const change = h("button", { class: "link", type: "button", onclick: () => show(!isNew) });

  const forgotten = h("a", { href: "/forgotten", onclick: () => close(false) }, t("sign_in.forgotten"));

  function show(asNew) {
    const username = fields.querySelector("[name=username]")?.value ?? "";
    isNew = asNew;
    warning.hidden = true;
    fill(
      fields,
      field("username", t(isNew ? "sign_in.username" : "sign_in.name"), {
        autocomplete: "username",
        autocapitalize: "none",
        spellcheck: "false",
        autofocus: true,
        minlength: isNew ? 2 : 1,
        maxlength: isNew ? 32 : 254,
        pattern: isNew ? "[\\p{L}\\p{N}][\\p{L}\\p{M}\\p{N}._\\-]*" : null,
        value: username,
      }, isNew ? t("sign_in.username_hint") : null),
      field("password", t("sign_in.password"), {
        type: "password",
        autocomplete: isNew ? "new-password" : "current-password",
        minlength: isNew ? 8 : 1,
        maxlength: isNew ? 128 : 1024,
      }, isNew ? t("sign_in.password_hint") : null),
      isNew &&
        field(
          "email",
          t("sign_in.email"),
          { type: "email", autocomplete: "email", required: false, maxlength: 254 },
          t("sign_in.email_hint"),
        ),
    );
    heading.textContent = t(isNew ? "sign_in.register" : "sign_in.title");
    submit.textContent = t(isNew ? "sign_in.register" : "sign_in.sign_in");
    forgotten.hidden = isNew;
    change.textContent = t(isNew ? "sign_in.to_sign_in" : "sign_in.to_register");
  }

  /** The password was right: now the code, in the same form, so that the password is sent with it once more. */
  function askForCode() {
    const code = codeField();
    for (const each of fields.querySelectorAll(".field")) each.hidden = true;
    fields.append(code);
    heading.textContent = t("factor.title");
    change.hidden = forgotten.hidden = true;
    code.querySelector("input").focus();
  }

  async function send(event) {
    event.preventDefault();
    const given = new FormData(event.target);
    submit.disabled = true;
    warning.hidden = true;
    try {
      const [username, password] = [String(given.get("username")).trim(), given.get("password")];
      await (isNew
        ? session.register(username, password, given.get("email"))
        : session.signIn(username, password, given.get("second_factor")));
      close(true);
    } catch (problem) {
      if (problem.code === "second_factor_missing") {
        askForCode();
        return;
      }
      warning.textContent = refusedField(problem) ?? problemSentence(problem);
      warning.hidden = false;
    } finally {
      submit.disabled = false;
      if (!event.target.contains(document.activeElement)) submit.focus(); // which it lost when it was disabled
    }
  }

  show(false);
  return h(
    "form",
    { class: "stack", onsubmit: send },
    why && h("p", { class: "muted" }, why),
    fields,
    warning,
    submit,
    h("p", { class: "centred" }, change),
    h("p", { class: "centred" }, forgotten),
  );
}
