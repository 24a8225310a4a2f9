/** The kitchen's page: what is to be prepared, the earliest first, with a button for each step. */

import { accessPrompt } from "../access.js";
import * as session from "../account/session.js";
import { fill, loadStyle } from "../dom.js";
import { Board } from "../kitchen/board.js";
import { include, t } from "../language/translations.js";

const SOON_MS = 1000; // so long the cinemas are waited for

export async function show(main, { signal }) {
  if (!session.user()) return accessPrompt(main, t("kitchen.title"), t("kitchen.stranger"));
  await Promise.all([include("kitchen"), loadStyle("/web/style/board.css")]);
  const board = new Board(signal);
  const cinemas = board.findCinemas();
  try {
    await board.refresh();
  } catch (problem) {
    if (problem.code === "unauthenticated") return accessPrompt(main, t("kitchen.title"), t("kitchen.stranger"));
    if (problem.code === "forbidden") return accessPrompt(main, t("kitchen.title"), t("kitchen.forbidden"));
    throw problem;
  }
  await Promise.race([cinemas, new Promise((over) => setTimeout(over, SOON_MS))]); // or what follows would move
  fill(main, board.element);
  board.follow();
  return t("kitchen.title");
}
