/** What a result sounds and feels like, so that staff need not look: one way for each kind. */

import { h } from "../dom.js";
import { t } from "../language/translations.js";
import { browser } from "../storage.js";

const NAME = "door-sound";
const VOLUME = 0.25;
/** [hertz, seconds] one after another, and the pattern of the vibration in milliseconds. */
const SIGNALS = {
  go: { tones: [[880, 0.09], [1320, 0.16]], pattern: [80] },
  wait: { tones: [[520, 0.2], [520, 0.2]], pattern: [120, 80, 120] },
  stop: { tones: [[220, 0.18], [180, 0.18], [140, 0.34]], pattern: [300, 100, 300] },
};

/** {element, give}: the button that switches the sound on and off, and what makes it for `go`, `wait` or `stop`. */
export function signals(signal) {
  let context = null;
  let isOn = browser.get(NAME) ?? true;
  const element = h("button", { "aria-pressed": String(isOn), onclick: toggle }, t("door.sound"));
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
  }

  function give(kind) {
    const { tones, pattern } = SIGNALS[kind];
    navigator.vibrate?.(pattern);
    if (!isOn || context?.state !== "running") return;
    let start = context.currentTime;
    for (const [frequency, seconds] of tones) {
      const tone = new OscillatorNode(context, { frequency, type: kind === "stop" ? "square" : "sine" });
      tone.connect(new GainNode(context, { gain: VOLUME })).connect(context.destination);
      tone.start(start);
      tone.stop(start += seconds);
    }
  }

  return { element, give };
}
