/** A purchase without an answer yet: kept in this tab for the account that began it, for as long as seats are held. */

import { newKey } from "../api.js";
import { tab } from "../keep.js";
import * as session from "../session.js";

const HELD_MS = 8 * 60_000;

export class Purchase {
  constructor(screeningId) {
    this.name = `buy:${screeningId}`;
  }

  /** {key, wish, total} of the one that was begun; null where there is none, or it is too old, or somebody else's. */
  begun() {
    const kept = tab.get(this.name);
    if (kept && kept.buyer === session.user()?.username && Math.abs(Date.now() - kept.at) < HELD_MS) return kept;
    this.drop();
    return null;
  }

  /** Its key belongs to this wish and the total shown first, so repeating it never buys twice. */
  begin(wish, total) {
    const begun = this.begun();
    if (begun && JSON.stringify(begun.wish) === JSON.stringify(wish)) return begun;
    const fresh = { key: newKey(), wish, total, buyer: session.user()?.username, at: Date.now() };
    tab.set(this.name, fresh);
    return fresh;
  }

  drop() {
    tab.drop(this.name);
  }
}
