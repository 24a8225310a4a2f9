/** Signing out, and how far that went. */

import { openDialog } from "../dialog.js";
import { h } from "../dom.js";
import { t } from "../language/translations.js";
import { problemSentence } from "../problems.js";
import { go } from "../navigation.js";
import * as session from "./session.js";

/** Sign out; after a failure, as often as the user wants to try again. */
export async function signOut() {
  for (;;) {
    try {
      await session.signOut();
      return await go("/");
    } catch (problem) {
      const stays = Boolean(session.user());
      if (!stays) await go("/");
      if (!(await explain(stays, problemSentence(problem)))) return undefined;
    }
  }
}

/** Say what has happened; settles with whether to try again. */
function explain(stays, problem) {
  return openDialog(
    t(stays ? "sign_out.not" : "sign_out.here"),
    (close) =>
      h(
        "div",
        { class: "stack" },
        h("p", { role: "alert" }, t(stays ? "sign_out.no_answer" : "sign_out.lives_on", { problem })),
        !stays && h("p", { class: "muted" }, t("sign_out.later")),
        h("button", {
          class: "primary wide",
          type: "button",
          autofocus: true,
          onclick: () => close(true),
        }, t("problem.again")),
      ),
  );
}
