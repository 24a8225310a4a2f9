/** What stands in the place of a page that is for staff, for everybody else. */

import * as session from "./account/session.js";
import { askToSignIn } from "./account/sign_in.js";
import { fill, h } from "./dom.js";
import { t } from "./language/translations.js";
import { reload } from "./navigation.js";

/** Fill `main` with the reason and a way to sign in, for a guest, or home; returns the title. */
export function accessPrompt(main, title, why) {
  const ask = () => askToSignIn().then((done) => done && reload({ scroll: 0, focus: true }));
  fill(
    main,
    h(
      "section",
      { class: "problem" },
      h("h1", { tabindex: "-1" }, title),
      h("p", {}, why),
      h(
        "p",
        {},
        session.user()
          ? h("a", { class: "button", href: "/" }, t("nav.home"))
          : h("button", { class: "primary", onclick: ask }, t("nav.sign_in")),
      ),
    ),
  );
  return title;
}
