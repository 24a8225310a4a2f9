/** The door: scans or takes typed codes, shows the answer, and keeps going without a network. */

import { announce, fill, h } from "../dom.js";
import { t } from "../language/translations.js";
import { localMoment, time } from "../language/format.js";
import { problemSentence } from "../problems.js";
import { browser } from "../storage.js";
import { attendance } from "./attendance.js";
import * as memory from "./memory.js";
import { scanner } from "./scanner.js";
import { admit, fetchList, sendQueue, undo } from "./sending.js";
import { signals } from "./signals.js";
import { kindOf, show } from "./verdict.js";

const NAME = "door-name";
const COUNT_MS = 5000;
const LIST_MS = 5 * 60_000;

export class Desk {
  constructor(signal, canScan) {
    this.signal = signal;
    this.attendance = attendance(signal);
    this.signals = signals(signal);
    this.verdict = h("div", { class: "verdict", hidden: true });
    this.warning = h("p", { class: "note warning", role: "alert", hidden: true });
    this.waiting = h("p", { class: "note", role: "status", hidden: true });
    this.conflicts = h("section", { class: "note warning", hidden: true, "aria-label": t("door.conflicts") });
    this.listNote = h("p", { class: "muted small" });
    this.name = h("input", {
      name: "door",
      maxlength: 40,
      autocomplete: "off",
      value: browser.get(NAME) ?? "",
      onchange: () => browser.set(NAME, this.name.value.trim()),
    });
    const camera = canScan && scanner(signal, (code) => this.scan(code), (reason) => this.tell(t(reason)));
    this.element = h(
      "section",
      { class: "door" },
      h("div", { class: "leads-to" }, h("h1", { tabindex: "-1" }, t("door.title")), this.attendance.choice),
      h("div", { class: "guest" }, camera && camera.element, this.verdict, this.warning),
      h(
        "div",
        { class: "usher" },
        this.conflicts,
        camera ? this.cameraButton(camera) : h("p", { class: "muted small" }, t("door.no_camera")),
        this.form(),
        this.waiting,
        this.attendance.element,
        h(
          "details",
          { class: "about-door" },
          h("summary", {}, t("door.settings")),
          h("label", { class: "field" }, t("door.name"), this.name, h("small", {}, t("door.name_hint"))),
          h("p", { class: "row" }, this.signals.element),
          this.listNote,
        ),
      ),
    );
    this.drawWaiting();
  }

  cameraButton(camera) {
    let isOn = false;
    const button = h("button", {
      class: "primary wide",
      onclick: async () => {
        this.warning.hidden = true;
        isOn = isOn ? camera.stop() : await camera.start();
        button.textContent = t(isOn ? "door.stop" : "door.scan");
      },
    }, t("door.scan"));
    return button;
  }

  form() {
    const code = h("input", {
      name: "code",
      required: true,
      maxlength: 255,
      autocomplete: "off",
      autocapitalize: "off",
      spellcheck: "false",
      "aria-label": t("door.code"),
      placeholder: t("door.code"),
    });
    const submit = (event) => {
      event.preventDefault();
      this.scan(code.value.trim());
      code.value = "";
    };
    return h("form", { class: "row typed", onsubmit: submit }, code, h("button", {}, t("door.check")));
  }

  async scan(code) {
    this.warning.hidden = true;
    this.verdict.classList.add("asking");
    const screening = this.attendance.chosen();
    const door = browser.get(NAME);
    try {
      const answer = await admit(code, { ...(screening && { screening_id: screening }), ...(door && { door }) });
      this.verdict.hidden = false;
      show(this.verdict, answer, (...undone) => this.undo(...undone));
      this.signals.give(kindOf(answer.result));
      this.verdict.scrollIntoView({ block: "nearest" });
      if (answer.result === "admitted" && !answer.offline) this.attendance.refresh().catch(() => {});
    } catch (problem) {
      this.verdict.hidden = true;
      this.signals.give("stop");
      this.tell(problemSentence(problem));
    }
    this.verdict.classList.remove("asking");
    this.drawWaiting();
  }

  /** `answer`: of the scan that is shown. What another scan has admitted is taken back whichever scan that was. */
  async undo({ result, scan }, button) {
    button.disabled = true;
    try {
      await undo(result === "admitted" ? scan : { code: scan.code });
      this.verdict.hidden = true;
      announce(t("door.undone"));
      this.attendance.refresh().catch(() => {});
    } catch (problem) {
      this.tell(problemSentence(problem));
      button.disabled = false;
    }
    this.drawWaiting();
  }

  tell(sentence) {
    this.warning.textContent = sentence;
    this.warning.hidden = false;
  }

  drawWaiting() {
    const count = memory.queue().length;
    this.waiting.hidden = !count;
    this.waiting.textContent = count ? t("door.waiting", { count }) : "";
    const conflicts = memory.conflicts();
    this.conflicts.hidden = !conflicts.length;
    fill(
      this.conflicts,
      h("h2", {}, t("door.conflicts")),
      h("ul", {}, conflicts.map(conflictLine)),
      h("button", {
        onclick: () => {
          memory.forgetConflicts();
          this.drawWaiting();
        },
      }, t("door.seen")),
    );
    const list = memory.list();
    this.listNote.textContent = list ? t("door.list_of", { when: localMoment(list.made_at) }) : t("door.no_list");
  }

  /** Keep the counts, the queue and the list up to date until the page is left. */
  follow() {
    let listed = 0;
    const again = async () => {
      if (this.signal.aborted) return;
      await this.look(Date.now() - listed > LIST_MS && (() => (listed = Date.now())));
      setTimeout(again, COUNT_MS);
    };
    addEventListener("online", () => this.look(), { signal: this.signal });
    return again();
  }

  async look(onlist) {
    try {
      await sendQueue();
      await this.attendance.refresh();
      if (onlist) await fetchList().then(onlist);
    } catch {
      // Without a network the door goes on by its list; the counts stay as they were.
    }
    if (!this.signal.aborted) this.drawWaiting();
  }
}

const conflictLine = ({ seat, film, admitted_at: at, answer }) =>
  h(
    "li",
    {},
    t("door.conflict", {
      seat: seat ?? "?",
      film: film ?? "?",
      time: time(at, Intl.DateTimeFormat().resolvedOptions().timeZone),
      result: t(answer.result ? `door.result.${answer.result}` : `refusal.${answer.code}`),
      door: answer.admission?.door ?? "",
    }),
  );
