/** The page of an order: time to pay, then tickets, then perhaps a refund. */

import { Problem, read, writeOnce } from "../api.js";
import { announce, fill, h } from "../dom.js";
import { t } from "../language/translations.js";
import { readOwn } from "../guest/elsewhere.js";
import { addressField, choiceIn, isAddressValid, isGuest, keepInAccount } from "../guest/paying.js";
import { moreTime } from "../order/unpaid/more_time.js";
import { orderHeader } from "../order/header.js";
import { mayChange } from "../order/changes.js";
import { drop } from "../order/offline/kept.js";
import { paidSection, refundNews } from "../order/paid/paid.js";
import { attemptName, paymentPageUrl, paymentRequest, paymentSection, paymentStage } from "../order/paying.js";
import { endedSection } from "../order/ended.js";
import { askForRefund } from "../order/refunds/refund.js";
import { announceChange, isPaid } from "../order/status.js";
import { hasTurnedBack, leaveFor } from "../order/unpaid/turning_back.js";
import { walletRequest } from "../order/wallet.js";
import { problemSentence } from "../problems.js";
import { reload } from "../navigation.js";
import { askToSignIn } from "../account/sign_in.js";
import { hasReceipt } from "../receipt/list.js";

const UNPAID = ["created", "paying"];
const POLL_MS = 3000;
const ASKING_POLL_MS = 1000;

let cancelling = null; // a Cancellation, which outlives a page that is drawn anew

export async function show(main, { id, query, signal }) {
  const turnedBack = hasTurnedBack(id, query);
  const link = location.hash.length > 1 && (await import("../guest/link.js"));
  if (link && !(await link.open(main, id))) return t("link.title");
  const order = await readOwn(main, () => read("/order/get_info", { order_id: id }, signal));
  if (!order) return t("link.title");
  const place = h("article", { class: "order" });
  fill(main, place);
  const page = new OrderPage(place, signal, turnedBack);
  if (cancelling?.isOf(order)) page.showCancellation(cancelling);
  page.draw(order);
  return t("order.title", { film: order.screening.film_title });
}

class OrderPage {
  constructor(place, signal, turnedBack) {
    this.place = place;
    this.turnedBack = turnedBack;
    this.signal = signal;
    this.since = performance.now();
    this.warning = h("p", { class: "note warning", role: "alert", hidden: true });
    document.addEventListener("visibilitychange", () => document.hidden || this.refresh(), { signal });
    addEventListener("online", () => this.refresh(), { signal });
  }

  /** Milliseconds since the page was opened. */
  get shown() {
    return performance.now() - this.since;
  }

  draw(order) {
    const before = this.order;
    this.order = order;
    this.stage = this.stageOfPayment();
    this.scheduleRefresh();
    const { status, refunded, kitchen: cooking, end_reason: reason, payment, kept_at: kept } = order;
    const { expires_at: end, extendable } = order;
    if (!UNPAID.includes(status)) this.cancellation = this.cancellation?.stop();
    const seen = JSON.stringify([
      [status, refunded, cooking, reason, this.stage, payment?.reason, kept, end, extendable],
      [isGuest(), Boolean(this.cancellation)],
    ]);
    if (seen === this.seen) return;
    this.seen = seen;
    if (before && UNPAID.includes(before.status) && !["begin", "open"].includes(this.stage)) {
      this.warning.hidden = true;
    }
    this.clocks?.abort();
    this.clocks = new AbortController();
    const hadFocus = this.place.contains(document.activeElement);
    fill(this.place, orderHeader(this.order, this.stage), this.body());
    if (hadFocus) this.place.querySelector("h1").focus({ preventScroll: true });
    if (before) announceChange(before, this.order, this.stage);
  }

  /** A buyer who has just read why paying failed is not told to wait for the bank. */
  stageOfPayment() {
    if (!UNPAID.includes(this.order.status)) return null;
    const stage = paymentStage(this.order, this.shown, this.turnedBack);
    return stage === "asking" && !this.warning.hidden ? "begin" : stage;
  }

  scheduleRefresh() {
    clearTimeout(this.timer);
    if (!mayChange(this.order, this.shown)) return;
    this.timer = setTimeout(() => this.refresh(), this.stage === "asking" ? ASKING_POLL_MS : POLL_MS);
  }

  async refresh() {
    if (this.signal.aborted) return;
    const known = this.order;
    try {
      const order = await read("/order/get_info", { order_id: known.order_id }, this.signal);
      if (this.order === known) this.draw(order); // otherwise a newer one was drawn meanwhile
    } catch {
      this.scheduleRefresh();
    }
  }

  body() {
    if (UNPAID.includes(this.order.status)) return this.unpaid();
    return isPaid(this.order) ? this.paid() : this.ended();
  }

  unpaid() {
    if (this.cancellation) return this.cancellation.element;
    return paymentSection(this.order, this.stage, {
      signal: AbortSignal.any([this.signal, this.clocks.signal]),
      onexpire: () => this.refresh(),
      warning: this.warning,
      more: moreTime(this.order, (event) => this.extend(event.target)),
      guest: isGuest() ? addressField(this.stage, () => this.signIn()) : null,
      onpay: (event) => isAddressValid(this.place) && this.pay(event.target, choiceIn(this.place)),
      oncard: (event, card) => this.pay(event.target, { card_id: card }),
      onwallet: (event) =>
        this.send("pay", walletRequest(this.order), event.target, `${attemptName(this.order)}:wallet`),
      oncancel: () => this.cancel(),
    });
  }

  async extend(button) {
    const { order_id: id } = this.order;
    if (await this.send("extend", { order_id: id }, button, `extend:${id}`)) announce(t("order.extended"));
  }

  /** The cancellation waits for some seconds, in which it can be taken back. */
  async cancel() {
    try {
      const { isSure, Cancellation } = await import("../order/unpaid/cancelling.js");
      if (!(await isSure(this.order)) || !UNPAID.includes(this.order.status) || this.signal.aborted) return;
      cancelling = new Cancellation(this.order);
      this.showCancellation(cancelling);
    } catch { // the module did not come
      return this.showProblem(new Problem("offline"));
    }
    return this.draw(this.order);
  }

  showCancellation(cancellation) {
    this.cancellation = cancellation;
    cancellation.show(this.signal, (order, problem) => {
      this.cancellation = null;
      if (this.signal.aborted) return;
      this.draw(order ?? this.order);
      if (problem) this.showProblem(problem);
    });
  }

  async signIn() {
    const order = await keepInAccount(this.order, this.signal);
    if (order) this.draw(order);
  }

  ended() {
    drop(this.order);
    return endedSection(this.order, hasReceipt(this.order) && this.receiptLink());
  }

  paid() {
    return paidSection(this.order, {
      signal: this.signal,
      drawn: this.clocks.signal,
      news: this.news,
      warning: this.warning,
      receipt: this.receiptLink(),
      onsignin: () => this.signIn(),
      onrefund: () => this.refund(),
      onproblem: (problem) => this.showProblem(problem),
    });
  }

  receiptLink() {
    return h("a", { class: "button", href: `/receipt/${this.order.order_id}` }, t("order.receipt"));
  }

  async refund() {
    try {
      const before = this.order;
      const after = await askForRefund(before);
      if (after) this.showRefund(before, after);
    } catch (problem) {
      this.showProblem(problem);
    }
  }

  /** The buyer, who may be far down the page, is brought to where it says what has happened. */
  showRefund(before, after) {
    this.news = refundNews(before, after);
    this.draw(after);
    this.place.scrollIntoView();
    (this.place.querySelector(".news") ?? this.place.querySelector("h1")).focus({ preventScroll: true });
  }

  /** `choice`: which kept card pays, or whether the card that pays is kept. */
  async pay(button, choice) {
    const name = attemptName(this.order, choice);
    const answer = await this.send("pay", paymentRequest(this.order, choice), button, name);
    if (!answer?.payment?.redirect_url) return;
    leaveFor(paymentPageUrl(answer), answer.order_id);
  }

  /**
   * Call order.`method` once, however often the button is pressed or an answer is lost. Draws and returns the answer;
   * after a refusal, which is shown, null.
   */
  async send(method, fields, button, name) {
    this.warning.hidden = true;
    button.disabled = true;
    button.classList.add("busy");
    try {
      const answer = await writeOnce(name, `/order/${method}`, fields);
      this.draw(answer);
      return answer;
    } catch (problem) {
      this.showProblem(problem);
      return null;
    } finally {
      button.disabled = false;
      button.classList.remove("busy");
    }
  }

  showProblem(problem) {
    this.warning.textContent = problem.about.fields?.email ? t("email.refused") : problemSentence(problem);
    this.warning.hidden = false;
    if (problem.code === "unauthenticated") {
      askToSignIn(t("sign_in.to_see")).then((done) => done && reload({ scroll: 0, focus: true }));
    } else if (!problem.isTransient) this.refresh();
  }
}
