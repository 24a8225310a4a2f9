/** A short sound when an order comes in. */

import { t } from "../language/translations.js";
import { sounds } from "../staff/sound.js";

const TONES = [[880, 0.18], [1320, 0.18]];

/** {element, ring}: the button that switches the sound on and off, and what makes it. */
export function bell(signal) {
  const { element, play } = sounds("kitchen-sound", t("kitchen.sound"), signal, TONES);
  return { element, ring: () => play(TONES) };
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
