/** Whom a door admits while there is no network, by its list: as services/order/admitting/rules.py decides. */

const at = (moment) => Date.parse(moment);

/**
 * The answer to a scan, in the fields of `order.admit`. `found`: of `readCode`. `seen`: {admitted_at, door} by ticket,
 * of those whom this browser has admitted. `choice`: the screening that the door leads to, which the list may lack;
 * without it, any of the list's.
 */
export function judge(found, { list, seen, choice, now }) {
  if (typeof found === "string") return { result: found };
  const { ticket, seat } = found;
  const screening = [...list.screenings, choice].find((each) => each?.screening_id === found.screening) ?? null;
  const facts = {
    ticket,
    seat,
    screening,
    admission: seen[ticket] ?? list.used.find((used) => used.ticket === ticket) ?? null,
    film: screening?.film ?? null,
    starts_at: screening?.starts_at ?? null,
    doors_open_at: screening?.doors_open_at ?? null,
    age_rating: screening?.age_rating ?? null,
  };
  return { ...facts, result: resultOf(facts, { list, choice, now }) };
}

function resultOf({ ticket, screening, admission }, { list, choice, now }) {
  if (screening?.cancelled) return "cancelled";
  const given = list.void.find((each) => each.ticket === ticket);
  if (given) return given.reason;
  const isElsewhere = !screening || (choice && choice.screening_id !== screening.screening_id);
  if (isElsewhere || at(screening.ends_at) <= now) return "wrong_screening";
  if (admission) return "already_admitted";
  return now < at(screening.doors_open_at) ? "too_early" : "admitted";
}
