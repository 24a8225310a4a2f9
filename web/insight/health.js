/** How well things go, by their figures; it is shown by colour, shape and words. */

/** The states there are; `away` is a room that does not run. */
export const STATES = ["good", "degraded", "failing", "quiet", "away"];
const DEGRADED_SHARE = 0.01;
const FAILING_SHARE = 0.1;
/** A p95 above this, in microseconds, is a trouble by itself. */
export const SLOW = 1_000_000;

/**
 * quiet: nothing came; failing: a tenth of the calls or more fail; degraded: some do, or they are slow; good otherwise.
 * An edge whose circuit is open fails, whatever its figures are: nobody is called. `flow` has the figures of an edge or a node, see schemas/insight/topology.py.
 */
export function healthOf({ calls_a_minute: rate, error_share: errors, p95, circuit = "closed" }) {
  if (circuit !== "closed") return circuit === "open" ? "failing" : "degraded";
  if (!rate) return "quiet";
  if (errors >= FAILING_SHARE) return "failing";
  return errors >= DEGRADED_SHARE || p95 > SLOW ? "degraded" : "good";
}

/** How wide the line of an edge is drawn: a pixel more each time the calls grow fourfold. */
export const lineWidth = (rate) => Math.min(6, 1.25 + Math.log2(1 + Math.max(0, rate)) / 2);
