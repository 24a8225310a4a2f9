/** The page of what goes on inside: the picture of the mesh and its traces, or one trace. For managers. */

import * as session from "../account/session.js";
import { askToSignIn } from "../account/sign_in.js";
import { fill, h, loadStyle } from "../dom.js";
import { readQuery } from "../insight/filters.js";
import { Overview } from "../insight/overview.js";
import { TraceView } from "../insight/trace.js";
import { include, t } from "../language/translations.js";
import { reload } from "../navigation.js";

export async function show(main, { query, signal }) {
  await include("insight");
  if (!session.user()) return accessPrompt(main, "insight.stranger");
  const trace = query.get("trace");
  const view = trace ? new TraceView(trace, query.get("span"), signal) : new Overview(readQuery(query), signal);
  try {
    await Promise.all([view.load(), loadStyle("/web/style/insight.css")]);
  } catch (problem) {
    if (problem.code === "unauthenticated") return accessPrompt(main, "insight.stranger");
    if (problem.code === "forbidden") return accessPrompt(main, "insight.forbidden");
    throw problem;
  }
  fill(main, view.element);
  view.follow();
  return trace ? view.element.querySelector("h1").textContent : t("insight.title");
}

function accessPrompt(main, why) {
  const title = t("insight.title");
  const ask = () => askToSignIn().then((done) => done && reload({ scroll: 0, focus: true }));
  fill(
    main,
    h(
      "section",
      { class: "problem" },
      h("h1", { tabindex: "-1" }, title),
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
  return title;
}
