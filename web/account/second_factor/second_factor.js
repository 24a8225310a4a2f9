/** The second factor of the account: whether there is one, and setting one up, replacing it or removing it. */

import { read, write } from "../../api.js";
import { announce, fill, h } from "../../dom.js";
import { localMoment } from "../../language/format.js";
import { t } from "../../language/translations.js";
import { problemSentence } from "../../problems.js";
import { codeField } from "./code_field.js";

/** A section that draws itself; `done()` runs when the user has kept the codes of a new second factor. */
export function secondFactor(profile, signal, done = () => {}) {
  const place = h("section", { class: "second-factor stack", "aria-label": t("factor.title") });
  const note = h("p", { class: "muted small", role: "status" });

  function draw(...children) {
    note.textContent = "";
    fill(place, h("h2", { tabindex: "-1" }, t("factor.title")), ...children, note);
  }

  /** Run `work` for a form or a button, and say below what went wrong. */
  const run = (work) => async (event) => {
    event.preventDefault();
    const button = event.submitter ?? event.target;
    button.disabled = true;
    try {
      await work(event.target.tagName === "FORM" ? Object.fromEntries(new FormData(event.target)) : {});
    } catch (problem) {
      note.textContent = problemSentence(problem);
    } finally {
      button.disabled = false;
    }
  };

  const reload = async () => show(await read("/user/get_second_factor", {}, signal));

  function show({ since, recovery_codes_left: left, required }) {
    const begin = (fields) => showSecret(write("/user/begin_second_factor", fields));
    const remove = (fields) =>
      write("/user/remove_second_factor", fields).then(reload).then(() => say("factor.removed"));
    draw(
      h("p", {}, since ? t("factor.since", { moment: localMoment(since), count: left }) : t("factor.why")),
      !since && required && h("p", { class: "note" }, t("factor.required")),
      h(
        "form",
        { class: "stack", onsubmit: (event) => run(event.submitter?.name === "remove" ? remove : begin)(event) },
        h("input", { autocomplete: "username", value: profile.username, hidden: true }),
        h(
          "label",
          { class: "field" },
          t("sign_in.password"),
          h("input", {
            name: "password",
            type: "password",
            autocomplete: "current-password",
            required: true,
            maxlength: 1024,
          }),
        ),
        since && codeField(),
        h(
          "p",
          { class: "row" },
          h("button", {}, t(since ? "factor.replace" : "factor.begin")),
          since && !required && h("button", { name: "remove" }, t("factor.remove")),
        ),
      ),
    );
  }

  async function showSecret(asked) {
    const { svg, uri, secret } = await asked;
    const confirm = async (fields) => showRecoveryCodes(await write("/user/confirm_second_factor", fields));
    draw(
      h("p", {}, t("factor.scan")),
      h("img", { class: "qr", alt: t("factor.qr"), src: `data:image/svg+xml,${encodeURIComponent(svg)}` }),
      h("p", {}, t("factor.type"), " ", h("a", { href: uri }, h("code", {}, secret.match(/.{1,4}/g).join(" ")))),
      h(
        "form",
        { class: "stack", onsubmit: run(confirm) },
        codeField(),
        h("p", {}, h("button", { class: "primary" }, t("factor.confirm"))),
      ),
    );
    place.querySelector("h2").focus();
  }

  function showRecoveryCodes({ recovery_codes: codes }) {
    const finish = run(async () => {
      await reload();
      done();
    });
    draw(
      h("p", { class: "note" }, t("factor.recovery")),
      h("ul", { class: "recovery-codes" }, codes.map((code) => h("li", {}, h("code", {}, code)))),
      h("p", {}, h("button", { class: "primary", onclick: finish }, t("factor.kept"))),
    );
    place.querySelector("h2").focus();
    announce(t("factor.recovery"));
  }

  function say(key) {
    note.textContent = t(key);
    announce(t(key));
  }

  reload().catch((problem) => {
    if (!signal?.aborted) draw(h("p", {}, problemSentence(problem)));
  });
  return place;
}
