/** A list that opens on demand and loads a page at a time. */

import { read } from "../api.js";
import { h } from "../dom.js";
import { t } from "../language/translations.js";
import { problemSentence } from "../problems.js";

/** Fill `place` anew by `draw()`. A list in it that was open is open again, with its newest entries, and keeps the focus. */
export function redraw(place, draw) {
  const hadFocus = place.contains(document.activeElement);
  const isOpen = place.querySelector(".history")?.open;
  draw();
  const history = place.querySelector(".history");
  history.open = Boolean(isOpen);
  if (hadFocus) history.querySelector("summary").focus({ preventScroll: true });
}

/**
 * A closed list of what `path` gives in `field`, each drawn by `line`. `onpage(entries)` is run with each page.
 */
export function entries({ title, path, field, line, signal, onpage = (_entries) => {} }) {
  const list = h("ul", { class: "entries" });
  const note = h("p", { class: "muted small", role: "status" });
  const more = h("button", { hidden: true }, t("entries.more"));

  async function load(cursor) {
    more.disabled = true;
    try {
      const page = await read(path, { limit: 10, cursor }, signal);
      list.append(...page[field].map((entry) => h("li", {}, line(entry))));
      note.textContent = list.children.length ? "" : t("entries.none");
      more.hidden = !page.next_cursor;
      more.onclick = () => load(page.next_cursor);
      onpage(page[field]);
    } catch (problem) {
      if (signal.aborted) return;
      note.textContent = problemSentence(problem);
      more.hidden = false;
      more.onclick = () => load(cursor);
    } finally {
      more.disabled = false;
    }
  }

  return h(
    "details",
    { class: "history", ontoggle: (event) => event.target.open && !list.children.length && load("") },
    h("summary", {}, title),
    list,
    note,
    more,
  );
}
