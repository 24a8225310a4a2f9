/** Sounds of the staff's pages; this browser remembers for each page whether they are wanted. */

import { h } from "../dom.js";
import { browser } from "../storage.js";

/**
 * {element, play}: the button `label` that switches the sounds on and off, and what plays `tones`, [hertz, seconds] one
 * after another. `name` is what the choice is kept by; `sample` is played when somebody switches the sounds on.
 */
export function sounds(name, label, signal, sample = []) {
  let context = null;
  let isOn = browser.get(name) ?? true;
  const element = h("button", { "aria-pressed": String(isOn), onclick: toggle }, label);
  // A browser lets a page make sounds once somebody has pressed something on it.
  const wake = () => {
    context ??= new AudioContext();
    context.resume();
  };
  for (const event of ["pointerdown", "keydown"]) document.addEventListener(event, wake, { once: true, signal });
  signal.addEventListener("abort", () => context?.close());

  function toggle() {
    isOn = !isOn;
    browser.set(name, isOn);
    element.setAttribute("aria-pressed", String(isOn));
    play(sample);
  }

  function play(tones, { isHarsh = false, gain = 0.2 } = {}) {
    if (!isOn || context?.state !== "running") return;
    let start = context.currentTime;
    for (const [frequency, seconds] of tones) {
      const tone = new OscillatorNode(context, { frequency, type: isHarsh ? "square" : "sine" });
      tone.connect(new GainNode(context, { gain })).connect(context.destination);
      tone.start(start);
      tone.stop(start += seconds);
    }
  }

  return { element, play };
}
