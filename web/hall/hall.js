/** A screening's hall as this page knows it: the chart, who has which seat, and which seats are picked here. */

export const MOST_SEATS = 8;
export const ACCESSIBLE = ["wheelchair", "companion"];

export class Hall extends EventTarget {
  /** `reply` is the answer of film.get_hall_info. */
  constructor({ screening, chart, seats, version }) {
    super();
    this.screening = screening;
    this.chart = chart;
    this.version = version;
    this.seats = new Map(chart.seats.map((seat) => [seat.seat_id, { ...seat, state: "free" }]));
    this.picks = new Set();
    this.mine = new Set();
    this.buying = false; // then a picked seat that is somebody's may be ours
    for (const { seat_id: id, state } of seats) this.seats.get(id).state = state;
    this.rows = chart.rows.map((row) =>
      chart.seats.filter((seat) => seat.row === row).map((seat) => this.seats.get(seat.seat_id))
    );
    this.runs = this.rows.flatMap(runsOf);
    this.units = new Map(this.runs.flat().flatMap((unit) => unit.map((seat) => [seat.seat_id, unit])));
  }

  seat(id) {
    return this.seats.get(id);
  }

  /** Half a couple seat is nobody's: it is free only together with the other half. */
  isFree(seat) {
    return this.units.get(seat.seat_id).every((half) => half.state === "free");
  }

  /** What is drawn and said: free, picked, mine, held or sold. */
  stateOf(id) {
    const seat = this.seat(id);
    if (this.mine.has(id)) return "mine";
    if (this.picks.has(id)) return "picked";
    return seat.state === "free" && !this.isFree(seat) ? "sold" : seat.state;
  }

  /** The other half of a couple seat, or nothing. */
  otherHalf(seat) {
    return this.seats.get(seat.goes_with);
  }

  get picked() {
    return this.chart.seats.filter((seat) => this.picks.has(seat.seat_id)).map((seat) => this.seat(seat.seat_id));
  }

  get total() {
    return this.picked.reduce((sum, seat) => sum + seat.price, 0);
  }

  /**
   * Pick the seat or let it go, and the other half of a couple seat with it. Says why not: `taken`, `most`,
   * `companion` (no wheelchair place is picked), or null.
   */
  toggle(id) {
    const unit = this.units.get(id);
    const changed = unit.map((seat) => seat.seat_id);
    if (this.picks.has(id)) unit.forEach((seat) => this.picks.delete(seat.seat_id));
    else if (!this.isFree(unit[0])) return "taken";
    else if (this.picks.size + unit.length > MOST_SEATS) return "most";
    else if (!mayGoTogether([...this.picked, ...unit])) return "companion";
    else unit.forEach((seat) => this.picks.add(seat.seat_id));
    this.changed("picks", [...changed, ...this.dropCompanions()]);
    return null;
  }

  /** Pick exactly these, as far as they can be had, and couple seats whole. */
  pick(ids) {
    const before = [...this.picks];
    const wanted = new Set(ids.filter((id) => this.seats.has(id) && this.isFree(this.seat(id))));
    const units = [...new Set([...wanted].map((id) => this.units.get(id)))];
    this.picks = new Set();
    for (const unit of units.filter((halves) => halves.every((half) => wanted.has(half.seat_id)))) {
      if (this.picks.size + unit.length <= MOST_SEATS) unit.forEach((seat) => this.picks.add(seat.seat_id));
    }
    this.dropCompanions();
    this.changed("picks", [...before, ...this.picks]);
    this.changed("chosen", [...this.picks]);
  }

  /**
   * What is known of others' seats: `states` is [{seat_id, state}], of the whole hall or only of what has changed. Says
   * whether it was heard: what is older than the map changes nothing.
   */
  hear(states, version, whole) {
    if (version < this.version) return false;
    const told = new Map(states.map(({ seat_id: id, state }) => [id, state]));
    const changed = [...this.seats.values()].filter((seat) => {
      const state = told.get(seat.seat_id) ?? (whole ? "free" : seat.state);
      const differs = state !== seat.state;
      seat.state = state;
      return differs;
    }).flatMap((seat) => this.units.get(seat.seat_id).map((half) => half.seat_id));
    this.version = version;
    if (changed.length) this.changed("states", changed);
    if (!this.buying) this.loseTaken();
    return true;
  }

  /** Picked seats that are not free any more are somebody else's. */
  loseTaken() {
    this.lose([...this.picks].filter((id) => !this.isFree(this.seat(id))));
  }

  /** Somebody else has these of the picked seats; halves of couple seats go together. */
  lose(ids) {
    const wanted = this.picked;
    const gone = wanted.filter((seat) => ids.includes(seat.seat_id));
    if (!gone.length) return;
    for (const seat of gone) this.units.get(seat.seat_id).forEach((half) => this.picks.delete(half.seat_id));
    this.dropCompanions();
    this.changed("picks", wanted.map((seat) => seat.seat_id));
    this.dispatchEvent(new CustomEvent("lost", { detail: { gone: gone.map((seat) => seat.seat_id), wanted } }));
  }

  /** Let picked companion places go when no wheelchair place is picked any more; says which. */
  dropCompanions() {
    if (mayGoTogether(this.picked)) return [];
    const alone = this.picked.filter((seat) => seat.kind === "companion").map((seat) => seat.seat_id);
    alone.forEach((id) => this.picks.delete(id));
    return alone;
  }

  own(ids) {
    const before = [...this.mine];
    this.mine = new Set(ids);
    this.changed("states", [...before, ...ids]);
  }

  changed(what, ids) {
    this.dispatchEvent(new CustomEvent(what, { detail: ids }));
  }
}

/** A companion place is sold only with a wheelchair place. */
export function mayGoTogether(seats) {
  return !seats.some((seat) => seat.kind === "companion") || seats.some((seat) => seat.kind === "wheelchair");
}

/** Seats side by side with no aisle between them; what is only sold whole, a seat or two of a couple, is one unit. */
function runsOf(row) {
  const runs = [];
  let last = null;
  for (const seat of row) {
    if (!last || Math.abs(seat.x - last.x - 1) > 0.01) runs.push([]);
    const run = runs.at(-1);
    if (last?.goes_with === seat.seat_id) run.at(-1).push(seat);
    else run.push([seat]);
    last = seat;
  }
  return runs;
}
