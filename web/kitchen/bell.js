/** A short sound when an order comes in; this browser remembers whether it is wanted. */

import { h } from "../dom.js";
import { t } from "../language/translations.js";
import { browser } from "../storage.js";

const NAME = "kitchen-sound";
const TONES_HZ = [880, 1320];
const TONE_SECONDS = 0.18;

/** {element, ring}: the button that switches the sound on and off, and what makes it. */
export function bell(signal) {
  let context = null;
  let isOn = browser.get(NAME) ?? true;
  const element = h("button", { "aria-pressed": String(isOn), onclick: toggle }, t("kitchen.sound"));
  // A browser lets a page make sounds once somebody has pressed something on it.
  const wake = () => {
    context ??= new AudioContext();
    context.resume();
  };
  for (const event of ["pointerdown", "keydown"]) document.addEventListener(event, wake, { once: true, signal });
  signal.addEventListener("abort", () => context?.close());

  function toggle() {
    isOn = !isOn;
    browser.set(NAME, isOn);
    element.setAttribute("aria-pressed", String(isOn));
    if (isOn) ring();
  }

  function ring() {
    if (!isOn || context?.state !== "running") return;
    TONES_HZ.forEach((pitch, at) => {
      const tone = new OscillatorNode(context, { frequency: pitch });
      const volume = new GainNode(context, { gain: 0.2 });
      tone.connect(volume).connect(context.destination);
      tone.start(context.currentTime + at * TONE_SECONDS);
      tone.stop(context.currentTime + (at + 1) * TONE_SECONDS);
    });
  }

  return { element, ring };
}

/** Keeps in mind which orders were there, and tells whether others have come since. */
export class NewOrders {
  constructor() {
    this.forget();
  }

  /** Another choice of cinemas shows other orders, of which none has just come. */
  forget() {
    this.known = null;
  }

  /** Whether there are orders among these tickets that were not there the last time. */
  haveCome(tickets) {
    const before = this.known;
    this.known = new Set([...before ?? [], ...tickets.map(({ order_id: id }) => id)]);
    return before !== null && this.known.size > before.size;
  }
}
