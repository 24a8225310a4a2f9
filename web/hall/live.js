/** What others do with the seats, as it happens: server-sent events, or asking every second where there are none. */

import { read } from "../api.js";

const ASK_MS = 1000;
const TRY_AGAIN_MS = 20_000;
const SILENCE_MS = 25_000; // the gateway says every ten seconds how it stands; a line that is dead says nothing
const FAILED_LOOKS = 2;

/**
 * Tells the hall until `left`. `stale(problem)` is run when looking has failed twice in a row, with the Problem, or null
 * where there is none to speak of; `fresh()` whenever the seats are as they are.
 */
export function follow(hall, left, { stale, fresh }) {
  const id = hall.screening.screening_id;
  let stream = null;
  let timer = null;
  let silence = null;
  let asking = null;
  let failed = 0;

  function listen() {
    const told = new Map(); // what this stream has said; its changes belong to that, whatever else the hall has heard
    stream = new EventSource(`/live/${id}`);
    const hear = ({ type, data }) => {
      const { seats, version } = JSON.parse(data);
      if (type === "seats") told.clear();
      for (const { seat_id: seat, state } of seats) told.set(seat, state);
      stopAsking();
      listenFor();
      if (type === "stale") miss(null, FAILED_LOOKS);
      else take([...told].map(([seat_id, state]) => ({ seat_id, state })), version);
    };
    for (const type of ["seats", "change", "fresh", "stale"]) stream.addEventListener(type, hear);
    stream.addEventListener("error", () => {
      if (!asking) ask();
      if (stream?.readyState !== EventSource.CLOSED) return;
      stream = null;
      setTimeout(() => wanted() && !stream && listen(), TRY_AGAIN_MS);
    });
    listenFor();
  }

  function listenFor() {
    clearTimeout(silence);
    silence = setTimeout(() => {
      if (!stream) return;
      stream.close();
      listen();
      ask();
    }, SILENCE_MS);
  }

  async function ask() {
    stopAsking();
    if (!wanted()) return;
    const mine = (asking = new AbortController());
    try {
      const { seats, version } = await read(
        "/film/get_hall_info",
        { screening_id: id },
        AbortSignal.any([left, mine.signal]),
      );
      take(seats, version);
    } catch (problem) {
      if (left.aborted || mine.signal.aborted) return;
      miss(problem);
    }
    asking = null;
    if (wanted() && stream?.readyState !== EventSource.OPEN) timer = setTimeout(ask, ASK_MS);
  }

  /** An older answer that comes after a newer one is none: it says nothing of the seats as they are. */
  function take(seats, version) {
    if (!hall.hear(seats, version, true)) return miss(null);
    failed = 0;
    return fresh();
  }

  function miss(problem, looks = 1) {
    failed += looks;
    if (failed >= FAILED_LOOKS) stale(problem);
  }

  const wanted = () => !left.aborted && !document.hidden;
  const stopAsking = () => {
    clearTimeout(timer);
    asking?.abort();
    asking = null;
  };
  const stop = () => {
    stopAsking();
    clearTimeout(silence);
    stream?.close();
    stream = null;
  };
  // A browser has few connections a site: a page that nobody looks at gives its own back.
  const look = () => (document.hidden ? stop() : stream || listen());
  document.addEventListener("visibilitychange", look, { signal: left });
  left.addEventListener("abort", stop);
  listen();
}
