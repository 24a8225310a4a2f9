/** Which answer is whose, in whatever order they come: only that of the guest before the door is shown in large. */

const MOST_EARLIER = 5;

export class Turns {
  constructor() {
    /** {code, outcome} of the code scanned last; the outcome is null while the order room is asked. Or null. */
    this.newest = null;
    this.open = new Set();
    this.done = [];
  }

  /** A code is scanned: its turn, or null if it is being asked about already. From now on it is the newest. */
  begin(code) {
    const same = [...this.open].find((turn) => turn.code === code);
    this.putAway();
    this.newest = same ?? { code, outcome: null };
    this.open.add(this.newest);
    return same ? null : this.newest;
  }

  /** The answer in large is seen: it joins those of the guests before. */
  putAway() {
    if (this.newest?.outcome) this.done.unshift(this.newest);
    this.newest = null;
  }

  /** The outcome of a turn, {answer} or {problem}; whether it is for the guest before the door. */
  end(turn, outcome) {
    turn.outcome = outcome;
    this.open.delete(turn);
    if (turn !== this.newest) this.done.unshift(turn);
    return turn === this.newest;
  }

  /** Forget an answer that was taken back; whether it was that of the guest before the door. */
  forget(answer) {
    this.done = this.done.filter(({ outcome }) => outcome.answer !== answer);
    const isNewest = this.newest?.outcome?.answer === answer;
    if (isNewest) this.newest = null;
    return isNewest;
  }

  /** The turns of the guests before, those without an answer at the head. */
  earlier() {
    this.done.length = Math.min(this.done.length, MOST_EARLIER);
    return [...this.open].filter((turn) => turn !== this.newest).concat(this.done);
  }
}
