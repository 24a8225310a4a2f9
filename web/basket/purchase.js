/** A purchase without an answer yet, kept in this tab for the account that began it, as long as seats are held. */

import { newKey } from "../api.js";
import { tab } from "../storage.js";
import * as session from "../account/session.js";

const HELD_MS = 8 * 60_000;

/** The purchase of a screening's seats. */
export class Purchase {
  constructor(screeningId) {
    this.name = `buy:${screeningId}`;
  }

  /** {key, selection, total} of the purchase in progress; null if there is none of this account's, or it is too old. */
  begun() {
    const kept = tab.get(this.name);
    if (kept?.selection && kept.buyer === session.user()?.username && Math.abs(Date.now() - kept.at) < HELD_MS) {
      return kept;
    }
    this.remove();
    return null;
  }

  /** The purchase of this selection. Its key belongs to it and the first total, so repeating it never buys twice. */
  begin(selection, total) {
    const begun = this.begun();
    if (begun && JSON.stringify(begun.selection) === JSON.stringify(selection)) return begun;
    const fresh = { key: newKey(), selection, total, buyer: session.user()?.username, at: Date.now() };
    tab.set(this.name, fresh);
    return fresh;
  }

  remove() {
    tab.remove(this.name);
  }
}
