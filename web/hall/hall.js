/** A screening's hall as this page knows it: the chart, the state of each seat, and the seats picked here. */

import { runsOf } from "./geometry.js";

/** How many seats an order may have, as the gateway has written it into the page. */
export const MOST_SEATS = Number(document.documentElement.dataset.mostSeats);
/** The kinds of seats that are only offered to those who ask for one. */
export const ACCESSIBLE = ["wheelchair", "companion"];

/**
 * Emits `picks`, `states` and `chosen` with seat ids, `lost` with {gone, wanted}, and `closed` when the API has refused to
 * sell because the screening has begun.
 */
export class Hall extends EventTarget {
  /** Takes the answer of film.get_hall_info. */
  constructor({ screening, chart, seats, version }) {
    super();
    this.screening = screening;
    this.chart = chart;
    this.version = version;
    this.seats = new Map(chart.seats.map((seat) => [seat.seat_id, { ...seat, state: "free" }]));
    this.picks = new Set();
    this.ownSeats = new Set();
    this.buying = false; // while buying, a picked seat that is held may be held by this purchase
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

  /** Whether the seat can be picked; half a couple seat is free only together with the other half. */
  isFree(seat) {
    return this.units.get(seat.seat_id).every((half) => half.state === "free");
  }

  /** Whether there is nothing to pick: the seats that a purchase here holds are not gone. */
  get isSoldOut() {
    return !this.picks.size && ![...this.seats.values()].some((seat) => this.isFree(seat));
  }

  /** The state that is shown: free, picked, own, held or sold. */
  stateOf(id) {
    const seat = this.seat(id);
    if (this.ownSeats.has(id)) return "own";
    if (this.picks.has(id)) return "picked";
    return seat.state === "free" && !this.isFree(seat) ? "sold" : seat.state;
  }

  /** The other half of a couple seat, or undefined. */
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
   * Pick or unpick the seat, and the other half of a couple seat with it. Returns null or why not: `taken`, `most`, or
   * `companion` (no wheelchair place is picked).
   */
  toggle(id) {
    const unit = this.units.get(id);
    const changed = unit.map((seat) => seat.seat_id);
    if (this.picks.has(id)) unit.forEach((seat) => this.picks.delete(seat.seat_id));
    else if (!this.isFree(unit[0])) return "taken";
    else if (this.picks.size + unit.length > MOST_SEATS) return "most";
    else if (!mayGoTogether([...this.picked, ...unit])) return "companion";
    else unit.forEach((seat) => this.picks.add(seat.seat_id));
    this.emit("picks", [...changed, ...this.dropCompanions()]);
    return null;
  }

  /** Pick exactly these seats as far as they are free, couple seats only whole. Emits `chosen`. */
  pick(ids) {
    const before = [...this.picks];
    const wanted = new Set(ids.filter((id) => this.seats.has(id) && this.isFree(this.seat(id))));
    const units = [...new Set([...wanted].map((id) => this.units.get(id)))];
    this.picks = new Set();
    for (const unit of units.filter((halves) => halves.every((half) => wanted.has(half.seat_id)))) {
      if (this.picks.size + unit.length <= MOST_SEATS) unit.forEach((seat) => this.picks.add(seat.seat_id));
    }
    this.dropCompanions();
    this.emit("picks", [...before, ...this.picks]);
    this.emit("chosen", [...this.picks]);
  }

  /**
   * Take over seat states, [{seat_id, state}], of the `whole` hall (seats not named are free) or only of changed seats.
   * Returns false, and changes nothing, if `version` is older than the map.
   */
  applySeatStates(states, version, whole) {
    if (version < this.version) return false;
    const given = new Map(states.map(({ seat_id: id, state }) => [id, state]));
    const changed = [...this.seats.values()].filter((seat) => {
      const state = given.get(seat.seat_id) ?? (whole ? "free" : seat.state);
      const differs = state !== seat.state;
      seat.state = state;
      return differs;
    }).flatMap((seat) => this.units.get(seat.seat_id).map((half) => half.seat_id));
    this.version = version;
    if (changed.length) this.emit("states", changed);
    if (!this.buying) this.dropTakenPicks();
    return true;
  }

  /** Unpick the seats that are no longer free. */
  dropTakenPicks() {
    this.dropPicks([...this.picks].filter((id) => !this.isFree(this.seat(id))));
  }

  /** Unpick these seats, because somebody else has them; couple seats whole. Emits `lost`. */
  dropPicks(ids) {
    const wanted = this.picked;
    const gone = wanted.filter((seat) => ids.includes(seat.seat_id));
    if (!gone.length) return;
    for (const seat of gone) this.units.get(seat.seat_id).forEach((half) => this.picks.delete(half.seat_id));
    this.dropCompanions();
    this.emit("picks", wanted.map((seat) => seat.seat_id));
    this.dispatchEvent(new CustomEvent("lost", { detail: { gone: gone.map((seat) => seat.seat_id), wanted } }));
  }

  /** Unpick companion places if no wheelchair place is picked any more; returns their ids. */
  dropCompanions() {
    if (mayGoTogether(this.picked)) return [];
    const alone = this.picked.filter((seat) => seat.kind === "companion").map((seat) => seat.seat_id);
    alone.forEach((id) => this.picks.delete(id));
    return alone;
  }

  /** The seats of the user's own orders. */
  setOwnSeats(ids) {
    const before = [...this.ownSeats];
    this.ownSeats = new Set(ids);
    this.emit("states", [...before, ...ids]);
  }

  /** Tell the listeners of an event which seats are concerned. */
  emit(name, ids = []) {
    this.dispatchEvent(new CustomEvent(name, { detail: ids }));
  }
}

/** A companion place is sold only with a wheelchair place. */
export function mayGoTogether(seats) {
  return !seats.some((seat) => seat.kind === "companion") || seats.some((seat) => seat.kind === "wheelchair");
}
