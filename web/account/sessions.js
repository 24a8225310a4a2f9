/** Where the user is signed in, with a button that ends each session elsewhere. */

import { read, write } from "../api.js";
import { announce, fill, h } from "../dom.js";
import { localMoment } from "../language/format.js";
import { t } from "../language/translations.js";
import { problemSentence } from "../problems.js";

// The first one found counts: most browsers name others too.
const BROWSERS = [
  ["Edg", "Edge"],
  ["OPR/", "Opera"],
  ["FxiOS", "Firefox"],
  ["Firefox", "Firefox"],
  ["CriOS", "Chrome"],
  ["Chrome", "Chrome"],
  ["Safari", "Safari"],
];
const SYSTEMS = [
  ["iPhone", "iPhone"],
  ["iPad", "iPad"],
  ["Android", "Android"],
  ["Windows", "Windows"],
  ["Mac OS", "macOS"],
  ["CrOS", "ChromeOS"],
  ["Linux", "Linux"],
];

const known = (names, agent) => names.find(([sign]) => agent.includes(sign))?.[1];

/** "Firefox · Windows" for a User-Agent; of one that is no browser its own name; null for none. */
export function deviceName(agent) {
  const names = [known(BROWSERS, agent ?? ""), known(SYSTEMS, agent ?? "")].filter(Boolean);
  return names.join(" · ") || agent?.split(/[ /]/)[0] || null;
}

/** A section that draws itself; its `reload` reads the sessions anew. */
export function sessions(signal) {
  const list = h("ul", { class: "sessions" });
  const note = h("p", { class: "muted small", role: "status" });
  const place = h(
    "section",
    { class: "stack", "aria-label": t("sessions.title") },
    h("h2", { tabindex: "-1" }, t("sessions.title")),
    list,
    note,
  );

  async function reload() {
    try {
      const { sessions: found } = await read("/user/get_sessions", {}, signal);
      fill(list, found.map((each) => line(each, end)));
    } catch (problem) {
      if (!signal?.aborted) note.textContent = problemSentence(problem);
    }
  }

  async function end(button, { session_id }) {
    button.disabled = true;
    note.textContent = "";
    try {
      await write("/user/end_session", { session_id });
      await reload();
      place.querySelector("h2").focus({ preventScroll: true });
      note.textContent = t("sessions.ended");
      announce(t("sessions.ended"));
    } catch (problem) {
      note.textContent = problemSentence(problem);
      button.disabled = false;
    }
  }

  reload();
  return { place, reload };
}

function line(session, end) {
  const name = deviceName(session.device) ?? t("sessions.unknown");
  const button = h("button", {
    "aria-label": t("sessions.end_of", { device: name }),
    onclick: () => end(button, session),
  }, t("sessions.end"));
  return h(
    "li",
    { class: "row spread" },
    h(
      "span",
      {},
      h("strong", {}, name),
      h("br"),
      h("span", { class: "muted small" }, t("sessions.since", { moment: localMoment(session.issued_at) })),
    ),
    session.current ? h("span", { class: "muted" }, t("sessions.here")) : button,
  );
}
