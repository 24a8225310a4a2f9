/** The seats of others as they change: by server-sent events, or by polling every second while there is no stream. */

import { read } from "../api.js";

const POLL_MS = 1000;
const RETRY_MS = 20_000;
const SILENCE_MS = 25_000; // the gateway sends something every ten seconds; a dead connection sends nothing
const MAX_FAILURES = 2;

/**
 * Keep the hall up to date until `signal` aborts. `stale(problem)` is run after two failures in a row, with the Problem
 * or null where there is none; `fresh()` whenever the seats are up to date.
 */
export function followSeats(hall, signal, { stale, fresh }) {
  const id = hall.screening.screening_id;
  let stream = null;
  let timer = null;
  let silence = null;
  let polling = null;
  let failed = 0;

  function openStream() {
    const states = new Map(); // of this stream: its changes apply to its own map, whatever polling has found
    stream = new EventSource(`/live/${id}`);
    const onMessage = ({ type, data }) => {
      const { seats, version } = JSON.parse(data);
      if (type === "seats") states.clear();
      for (const { seat_id: seat, state } of seats) states.set(seat, state);
      stopPolling();
      restartSilenceTimer();
      if (type === "stale") missed(null, MAX_FAILURES);
      else apply([...states].map(([seat_id, state]) => ({ seat_id, state })), version);
    };
    for (const type of ["seats", "change", "fresh", "stale"]) stream.addEventListener(type, onMessage);
    stream.addEventListener("error", () => {
      if (!polling) poll();
      if (stream?.readyState !== EventSource.CLOSED) return;
      stream = null;
      setTimeout(() => isWanted() && !stream && openStream(), RETRY_MS);
    });
    restartSilenceTimer();
  }

  function restartSilenceTimer() {
    clearTimeout(silence);
    silence = setTimeout(() => {
      if (!stream) return;
      stream.close();
      openStream();
      poll();
    }, SILENCE_MS);
  }

  async function poll() {
    stopPolling();
    if (!isWanted()) return;
    const request = (polling = new AbortController());
    try {
      const { seats, version } = await read(
        "/film/get_hall_info",
        { screening_id: id },
        AbortSignal.any([signal, request.signal]),
      );
      apply(seats, version);
    } catch (problem) {
      if (signal.aborted || request.signal.aborted) return;
      missed(problem);
    }
    polling = null;
    if (isWanted() && stream?.readyState !== EventSource.OPEN) timer = setTimeout(poll, POLL_MS);
  }

  /** An answer older than the map counts as a failure: it says nothing about the present seats. */
  function apply(seats, version) {
    if (!hall.applySeatStates(seats, version, true)) return missed(null);
    failed = 0;
    return fresh();
  }

  function missed(problem, failures = 1) {
    failed += failures;
    if (failed >= MAX_FAILURES) stale(problem);
  }

  const isWanted = () => !signal.aborted && !document.hidden;
  const stopPolling = () => {
    clearTimeout(timer);
    polling?.abort();
    polling = null;
  };
  const stop = () => {
    stopPolling();
    clearTimeout(silence);
    stream?.close();
    stream = null;
  };
  // A browser has few connections per site: a hidden page gives its own back.
  const onVisibility = () => (document.hidden ? stop() : stream || openStream());
  document.addEventListener("visibilitychange", onVisibility, { signal });
  signal.addEventListener("abort", stop);
  openStream();
}
