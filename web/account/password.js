/** The user's password: a new one for the old. */

import { write } from "../api.js";
import { announce, fill, h } from "../dom.js";
import { t } from "../language/translations.js";
import { problemSentence } from "../problems.js";

const field = (label, attributes, hint = null) =>
  h(
    "label",
    { class: "field" },
    label,
    h("input", { type: "password", required: true, ...attributes }),
    hint && h("small", {}, hint),
  );

/** The field for a password that is chosen now. */
export const newPasswordField = () =>
  field(
    t("password.new"),
    { name: "new_password", autocomplete: "new-password", minlength: 8, maxlength: 128 },
    t("sign_in.password_hint"),
  );

/** `profile` as user.get_profile gives it; `changed()` runs once the other sessions have ended. */
export function password(profile, changed) {
  const place = h("section", { class: "password stack", "aria-label": t("password.title") });
  draw(place, profile, changed);
  return place;
}

function draw(place, profile, changed, news = null) {
  const note = h("p", { class: "muted small", role: "status" }, news);
  const warning = h("p", { class: "warning", role: "alert", hidden: true });

  async function change(event) {
    event.preventDefault();
    const given = new FormData(event.target);
    event.submitter.disabled = true;
    warning.hidden = true;
    try {
      await write("/user/change_password", {
        old_password: given.get("old_password"),
        new_password: given.get("new_password"),
      });
      draw(place, profile, changed, t("password.changed"));
      place.querySelector("h2").focus({ preventScroll: true });
      announce(t("password.changed"));
      changed();
    } catch (problem) {
      const isRefused = Boolean(problem.about?.fields?.new_password);
      warning.textContent = isRefused ? t("password.refused") : problemSentence(problem);
      warning.hidden = false;
      place.querySelector(`[name=${isRefused ? "new" : "old"}_password]`).focus();
    } finally {
      event.submitter.disabled = false;
    }
  }

  fill(
    place,
    h("h2", { tabindex: "-1" }, t("password.title")),
    h(
      "form",
      { class: "stack", onsubmit: change },
      // Password managers want to know whose password it is.
      h("input", { autocomplete: "username", value: profile.username, hidden: true }),
      field(t("password.old"), { name: "old_password", autocomplete: "current-password", maxlength: 1024 }),
      newPasswordField(),
      warning,
      h("p", {}, h("button", {}, t("password.set"))),
    ),
    note,
  );
}
