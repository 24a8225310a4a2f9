/** The kitchen's page: what is to be prepared, the earliest first, with a button for each step. */

import * as session from "../account/session.js";
import { askToSignIn } from "../account/sign_in.js";
import { fill, h } from "../dom.js";
import { Board } from "../kitchen/board.js";
import { t } from "../language/translations.js";
import { go } from "../navigation.js";

export async function show(main, { signal }) {
  if (!session.user()) return accessPrompt(main, "kitchen.stranger");
  const board = new Board(signal);
  try {
    await board.refresh();
  } catch (problem) {
    if (problem.code === "unauthenticated") return accessPrompt(main, "kitchen.stranger");
    if (problem.code === "forbidden") return accessPrompt(main, "kitchen.forbidden");
    throw problem;
  }
  fill(main, board.element);
  board.findCinemas();
  board.follow();
  return t("kitchen.title");
}

function accessPrompt(main, why) {
  const ask = () => askToSignIn().then((done) => done && go("/kitchen"));
  fill(
    main,
    h(
      "section",
      { class: "problem" },
      h("h1", { tabindex: "-1" }, t("kitchen.title")),
      h("p", {}, t(why)),
      h(
        "p",
        {},
        session.user()
          ? h("a", { class: "button", href: "/" }, t("nav.home"))
          : h("button", { class: "primary", onclick: ask }, t("nav.sign_in")),
      ),
    ),
  );
  return t("kitchen.title");
}
