/** The door: scans or takes typed codes, shows the answer, and keeps going without a network. */

import { announce, fill, h } from "../dom.js";
import { t } from "../language/translations.js";
import { localMoment, time } from "../language/format.js";
import { problemSentence } from "../problems.js";
import { browser } from "../storage.js";
import { attendance } from "./attendance.js";
import * as memory from "./memory.js";
import { askToUndo, earlierLine, kindOf, show, showAsking } from "./result.js";
import { seatOf } from "./codes.js";
import { scanner } from "./scanner.js";
import { admit, fetchList, sendQueue, undo } from "./sending.js";
import { signals } from "./signals.js";
import { Turns } from "./turns.js";

const NAME = "door-name";
const COUNT_MS = 5000;
const LIST_MS = 5 * 60_000;

export class Desk {
  constructor(signal, canScan) {
    this.signal = signal;
    this.attendance = attendance(signal, () => this.look());
    this.signals = signals(signal);
    this.turns = new Turns();
    this.list = { cinema: null, at: 0 };
    this.result = h("div", { class: "result", hidden: true });
    this.earlier = h("ul", { class: "earlier", hidden: true, "aria-label": t("door.earlier") });
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
    const camera = canScan &&
      scanner(signal, (code) => this.scan(code, this.cameraButton), (reason) => this.tell(t(reason)));
    this.element = h(
      "section",
      { class: "door" },
      h("div", { class: "leads-to" }, h("h1", { tabindex: "-1" }, t("door.title")), this.attendance.choice),
      h("div", { class: "guest" }, camera && camera.element, this.result, this.warning, this.earlier),
      h(
        "div",
        { class: "usher" },
        this.conflicts,
        camera ? this.makeCameraButton(camera) : h("p", { class: "muted small" }, t("door.no_camera")),
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

  makeCameraButton(camera) {
    let isOn = false;
    this.cameraButton = h("button", {
      class: "primary wide",
      onclick: async () => {
        this.warning.hidden = true;
        isOn = isOn ? camera.stop() : await camera.start();
        this.cameraButton.textContent = t(isOn ? "door.stop" : "door.scan");
      },
    }, t("door.scan"));
    return this.cameraButton;
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
      this.scan(code.value.trim(), code);
      code.value = "";
    };
    return h("form", { class: "row typed", onsubmit: submit }, code, h("button", {}, t("door.check")));
  }

  /** `source`: the element that the code came by, and the next one will. */
  async scan(code, source) {
    this.source = source;
    const turn = this.turns.begin(code);
    this.warning.hidden = true;
    this.result.hidden = false;
    showAsking(this.result, seatOf(code));
    this.drawEarlier();
    if (!turn) return;
    const outcome = { answer: null, problem: null };
    try {
      outcome.answer = await admit(code, { choice: this.attendance.chosen(), door: browser.get(NAME) });
    } catch (problem) {
      outcome.problem = problem;
    }
    if (this.turns.end(turn, outcome)) this.showOutcome(outcome);
    if (outcome.answer?.result === "admitted" && !outcome.answer.offline) this.attendance.refresh().catch(() => {});
    this.drawEarlier();
    this.drawWaiting();
  }

  /** Of the guest before the door: no answer to an earlier scan comes here. */
  showOutcome({ answer, problem }) {
    this.result.hidden = !answer;
    this.signals.give(answer ? kindOf(answer.result) : "stop");
    if (!answer) return this.tell(problemSentence(problem));
    show(this.result, answer, () => this.putAway(), (...undone) => this.undo(...undone));
    this.result.scrollIntoView({ block: "nearest" });
  }

  /** The guest before the door has gone on: the next one may come, by a scanner that types, too. */
  putAway() {
    this.turns.putAway();
    this.result.hidden = true;
    this.drawEarlier();
    this.source.focus();
  }

  /** `answer`: of the scan that is shown. What another scan has admitted is taken back whichever scan that was. */
  async undo(answer, button) {
    const { result, scan } = answer;
    if (result !== "admitted" && !(await askToUndo(answer))) return;
    button.disabled = true;
    try {
      await undo(result === "admitted" ? scan : { code: scan.code });
      if (this.turns.forget(answer)) {
        this.result.hidden = true;
        this.source.focus();
      }
      announce(t("door.undone"));
      this.look();
    } catch (problem) {
      this.tell(problemSentence(problem));
      button.disabled = false;
    }
    this.drawEarlier();
    this.drawWaiting();
  }

  drawEarlier() {
    const earlier = this.turns.earlier();
    this.earlier.hidden = !earlier.length;
    fill(this.earlier, earlier.map(earlierLine));
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
    const again = async () => {
      if (this.signal.aborted) return;
      await this.look();
      setTimeout(again, COUNT_MS);
    };
    addEventListener("online", () => this.look(), { signal: this.signal });
    return again();
  }

  async look() {
    try {
      await sendQueue();
      await this.attendance.refresh();
      await this.download();
    } catch {
      // Without a network the door goes on by its list; the counts stay as they were.
    }
    if (!this.signal.aborted) this.drawWaiting();
  }

  /** A new list, when the last one is old or of another cinema than that of the chosen screening. */
  async download() {
    const cinema = this.attendance.chosen()?.cinema_id ?? null;
    if (cinema === this.list.cinema && Date.now() - this.list.at <= LIST_MS) return;
    await fetchList(cinema);
    this.list = { cinema, at: Date.now() };
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
