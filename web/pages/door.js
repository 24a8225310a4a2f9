/** The page for staff at the door of a hall: whose ticket admits, and who is in. Made for a phone. */

import { accessPrompt } from "../access.js";
import * as session from "../account/session.js";
import { Desk } from "../door/desk.js";
import { canScan } from "../door/scanner.js";
import { isAway } from "../door/sending.js";
import { fill, loadStyle } from "../dom.js";
import { include, t } from "../language/translations.js";

export async function show(main, { signal }) {
  await Promise.all([include("door"), loadStyle("/web/style/door.css")]);
  if (!session.user()) return accessPrompt(main, t("door.title"), t("door.stranger"));
  const desk = new Desk(signal, await canScan());
  try {
    await desk.attendance.refresh();
  } catch (problem) {
    if (problem.code === "unauthenticated") return accessPrompt(main, t("door.title"), t("door.stranger"));
    if (problem.code === "forbidden") return accessPrompt(main, t("door.title"), t("door.forbidden"));
    if (!isAway(problem)) throw problem; // the door goes on by its list
  }
  fill(main, desk.element);
  desk.follow();
  return t("door.title");
}
