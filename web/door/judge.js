/** Whom a door admits while there is no network, by the list that it has taken along: as the order room decides. */

const at = (moment) => Date.parse(moment);

/**
 * The answer to a scan, in the fields of `order.admit`. `found`: of `readCode`. `seen`: {admitted_at, door} by ticket,
 * of those whom this browser has admitted. `screeningId`: that the door leads to; without it, any of the list's.
 */
export function judge(found, { list, seen, screeningId, now }) {
  if (typeof found === "string") return { result: found };
  const { ticket, seat } = found;
  const screening = list.screenings.find(({ screening_id: id }) => id === found.screening);
  const admission = seen[ticket] ?? list.used.find((used) => used.ticket === ticket) ?? null;
  const facts = {
    ticket,
    seat,
    admission,
    film: screening?.film ?? null,
    starts_at: screening?.starts_at ?? null,
    screening: screening ?? null,
    doors_open_at: screening?.doors_open_at ?? null,
    age_rating: screening?.age_rating ?? null,
  };
  return { ...facts, result: resultOf(found, facts, { list, screeningId, now }) };
}

function resultOf({ ticket, screening: wanted }, { screening, admission }, { list, screeningId, now }) {
  if (screening?.cancelled) return "cancelled";
  const given = list.void.find((each) => each.ticket === ticket);
  if (given) return given.reason;
  if (screeningId ? wanted !== screeningId : !screening) return "wrong_screening";
  if (screening && at(screening.ends_at) <= now) return "wrong_screening";
  if (admission) return "already_admitted";
  return screening && now < at(screening.doors_open_at) ? "too_early" : "admitted";
}
