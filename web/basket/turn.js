/** A turn to buy in the queue of a screening, kept in this tab for the account that waits for it. */

import { tab } from "../storage.js";
import * as session from "../account/session.js";

/** The turn for a screening's seats: awaited, then taken. */
export class Turn {
  constructor(screeningId) {
    this.name = `queue:${screeningId}`;
  }

  kept() {
    const kept = tab.get(this.name);
    return kept?.buyer === session.user()?.username ? kept : null;
  }

  /** Wait for the turn with a selection, {seats, snacks}. */
  begin(wanted) {
    tab.set(this.name, { wanted, buyer: session.user()?.username });
  }

  /** It is the user's turn; `pass` is missing where none is needed. */
  take(pass) {
    tab.set(this.name, { pass, buyer: session.user()?.username });
  }

  isAwaited() {
    return Boolean(this.kept()?.wanted);
  }

  wanted() {
    return this.kept()?.wanted ?? { seats: [], snacks: [] };
  }

  /** {pass}, or {} while there is none. */
  pass() {
    const { pass } = this.kept() ?? {};
    return pass ? { pass } : {};
  }

  remove() {
    tab.remove(this.name);
  }
}
