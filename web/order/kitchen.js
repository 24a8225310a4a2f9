/** The progress of an order's snacks, and the code to say at the counter. */

import { h } from "../dom.js";
import { snackName, time } from "../language/format.js";
import { comma, t } from "../language/translations.js";

const STEPS = ["new", "preparing", "ready", "collected"];

/** Whether the kitchen may still move the order a step on. */
export const isCooking = ({ kitchen }) => ["reserved", "new", "preparing", "ready"].includes(kitchen?.status);

/** Whether the kitchen has begun, so that the snacks are not refunded. */
export const kitchenHasBegun = ({ kitchen }) =>
  ["preparing", "ready", "collected", "uncollected"].includes(kitchen?.status);

/** Whether snacks that were not refunded with the seats still wait for their guest. */
export const snacksStay = ({ status, end_reason: reason, kitchen }) =>
  ["refunding", "refunded"].includes(status) && reason === "asked" && ["preparing", "ready"].includes(kitchen?.status);

/** The steps, or one sentence after the film; null while the kitchen has not heard of the order. */
export function kitchenSection({ kitchen: { status, pick_up_code: code, needed_at: needed } }) {
  if (["uncollected", "expired"].includes(status)) return h("p", { class: "muted" }, t("kitchen.explain.ended"));
  if (!STEPS.includes(status)) return null;
  const reached = STEPS.indexOf(status);
  return h(
    "section",
    { class: `counter ${status}`, "aria-label": t("snacks.title") },
    h("p", { class: "pick-up" }, h("span", { class: "muted" }, t("kitchen.code")), h("strong", {}, code)),
    h(
      "div",
      { class: "stack" },
      h(
        "ol",
        { class: "steps" },
        STEPS.map((step, at) =>
          h("li", {
            class: at < reached ? "done" : null,
            "aria-current": at === reached ? "step" : null,
          }, t(`kitchen.${step}`))
        ),
      ),
      h("p", { class: "muted small" }, t(`kitchen.explain.${status}`, { time: time(needed) })),
    ),
  );
}

/** 2 × Large popcorn, 1 × Cola. */
export const snackSummary = (snacks) => snacks.map((snack) => `${snack.quantity} × ${snackName(snack)}`).join(comma());
