/** The user's e-mail address: whether it is confirmed, another link, another address. */

import { newKey, Problem, write } from "../api.js";
import { announce, fill, h } from "../dom.js";
import { t } from "../language/translations.js";
import { problemSentence } from "../problems.js";
import * as session from "./session.js";

/** `profile` as user.get_profile gives it. */
export function emailAddress(profile) {
  const place = h("section", { class: "email-address stack", "aria-label": t("email.title") });
  draw(place, profile);
  return place;
}

function draw(place, profile, news = null) {
  const { email, email_confirmed_at: confirmed } = profile;
  const note = h("p", { class: "muted small", role: "status" }, news);
  const input = h("input", { name: "email", type: "email", autocomplete: "email", maxlength: 254, value: email ?? "" });

  async function run(event, work) {
    event.preventDefault();
    const button = event.submitter ?? event.target;
    button.disabled = true;
    try {
      if (session.user()?.username !== profile.username) {
        throw new Problem(session.user() ? "other_user" : "unauthenticated");
      }
      await work();
    } catch (problem) {
      note.textContent = problem.about?.fields?.email ? t("email.refused") : problemSentence(problem);
    } finally {
      button.disabled = false;
    }
  }

  async function save() {
    const changed = await write("/user/update_profile", { email: input.value.trim() || null }, newKey());
    draw(place, changed, t("email.saved"));
    announce(t("email.saved"));
  }

  async function sendAgain() {
    await write("/user/send_confirmation", {}, newKey());
    note.textContent = t("email.sent", { email });
  }

  fill(
    place,
    h("h2", {}, t("email.title")),
    h("p", {}, !email ? t("email.none") : t(confirmed ? "email.confirmed" : "email.unconfirmed", { email })),
    email && !confirmed && h("p", {}, h("button", { onclick: (event) => run(event, sendAgain) }, t("email.again"))),
    h(
      "form",
      { class: "row", onsubmit: (event) => run(event, save) },
      h("label", { class: "field" }, t("email.field"), input),
      h("button", {}, t("email.save")),
    ),
    note,
  );
}
