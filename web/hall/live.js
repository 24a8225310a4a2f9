/** What others do with the seats, as it happens: server-sent events, or asking every second where there are none. */

import { read } from "../api.js";

const ASK_MS = 1000;
const TRY_AGAIN_MS = 20_000;

/** Tells the hall until `left`; `trouble(problem)` is run when asking fails, with null when it works again. */
export function follow(hall, left, trouble) {
  const id = hall.screening.screening_id;
  let stream = null;
  let timer = null;

  function listen() {
    stream = new EventSource(`/live/${id}`);
    const hear = (whole) => (event) => {
      const { seats, version } = JSON.parse(event.data);
      stopAsking();
      trouble(null);
      hall.hear(seats, version, whole);
    };
    stream.addEventListener("seats", hear(true));
    stream.addEventListener("change", hear(false));
    stream.addEventListener("error", () => {
      ask();
      if (stream?.readyState !== EventSource.CLOSED) return;
      stream = null;
      setTimeout(() => wanted() && !stream && listen(), TRY_AGAIN_MS);
    });
  }

  async function ask() {
    stopAsking();
    if (!wanted()) return;
    try {
      const { seats, version } = await read("/film/get_hall_info", { screening_id: id }, left);
      if (!wanted()) return;
      trouble(null);
      hall.hear(seats, version, true);
    } catch (problem) {
      if (!left.aborted) trouble(problem);
    }
    if (wanted() && stream?.readyState !== EventSource.OPEN) timer = setTimeout(ask, ASK_MS);
  }

  const wanted = () => !left.aborted && !document.hidden;
  const stopAsking = () => clearTimeout(timer);
  const stop = () => {
    stopAsking();
    stream?.close();
    stream = null;
  };
  // A browser has few connections a site: a page that nobody looks at gives its own back.
  const look = () => (document.hidden ? stop() : stream || listen());
  document.addEventListener("visibilitychange", look, { signal: left });
  left.addEventListener("abort", stop);
  listen();
}
