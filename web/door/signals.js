/** What a result sounds and feels like, so that staff need not look: one way for each kind. */

import { t } from "../language/translations.js";
import { sounds } from "../staff/sound.js";

const GAIN = 0.25;
/** [hertz, seconds] one after another, and the pattern of the vibration in milliseconds. */
const SIGNALS = {
  go: { tones: [[880, 0.09], [1320, 0.16]], pattern: [80] },
  wait: { tones: [[520, 0.2], [520, 0.2]], pattern: [120, 80, 120] },
  stop: { tones: [[220, 0.18], [180, 0.18], [140, 0.34]], pattern: [300, 100, 300], isHarsh: true },
};

/** {element, give}: the button that switches the sound on and off, and what makes it for `go`, `wait` or `stop`. */
export function signals(signal) {
  const { element, play } = sounds("door-sound", t("door.sound"), signal);

  function give(kind) {
    const { tones, pattern, isHarsh } = SIGNALS[kind];
    navigator.vibrate?.(pattern);
    play(tones, { isHarsh, gain: GAIN });
  }

  return { element, give };
}
