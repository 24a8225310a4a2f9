/** The page of what goes on inside: the picture of the mesh and its traces, or one trace. For managers. */

import { accessPrompt } from "../access.js";
import * as session from "../account/session.js";
import { fill, loadStyle } from "../dom.js";
import { readQuery } from "../insight/filters.js";
import { Overview, title, whoMay } from "../insight/overview.js";
import { TraceView } from "../insight/trace.js";
import { include } from "../language/translations.js";

export async function show(main, { query, signal }) {
  await include("insight");
  if (!session.user()) return accessPrompt(main, title(), whoMay("unauthenticated"));
  const trace = query.get("trace");
  const view = trace ? new TraceView(trace, query.get("span"), signal) : new Overview(readQuery(query), signal);
  try {
    await Promise.all([view.load(), loadStyle("/web/style/insight.css")]);
  } catch (problem) {
    if (!["unauthenticated", "forbidden"].includes(problem.code)) throw problem;
    return accessPrompt(main, title(), whoMay(problem.code));
  }
  fill(main, view.element);
  view.follow();
  return view.element.querySelector("h1").textContent;
}
