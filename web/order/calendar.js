/** The screening as a calendar file. */

import { read } from "../api.js";

const stamp = (when) => new Date(when).toISOString().replace(/[-:]|\.\d{3}/g, "");
const escape = (text) => text.replace(/[\\;,]/g, "\\$&").replace(/\n/g, "\\n");

/** Lines of at most 75 bytes, as RFC 5545 wants them. */
function fold(line) {
  const parts = [""];
  for (const letter of line) {
    if (new TextEncoder().encode(parts.at(-1) + letter).length > 74) parts.push("");
    parts[parts.length - 1] += letter;
  }
  return parts.join("\r\n ");
}

export function calendar({ order_id: id, screening, tickets, created_at: created }, ends = null) {
  const seats = tickets.filter((ticket) => ticket.status === "valid").map((ticket) => ticket.seat_id);
  return [
    "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Marquee//EN", "BEGIN:VEVENT", `UID:${id}@marquee`, `DTSTAMP:${stamp(created)}`,
    `DTSTART:${stamp(screening.starts_at)}`, ends && `DTEND:${stamp(ends)}`, `SUMMARY:${escape(screening.film_title)}`,
    `LOCATION:${escape(`${screening.cinema_name}, ${screening.hall_name}`)}`, `DESCRIPTION:${escape(seats.join(", "))}`,
    "END:VEVENT", "END:VCALENDAR",
  ].filter(Boolean).map(fold).join("\r\n").concat("\r\n");
}

/** Hand the file to the reader; when it ends is known as long as the screening is shown. */
export async function saveCalendar(order) {
  const found = await read("/film/get_hall_info", { screening_id: order.screening_id }).catch(() => null);
  const address = URL.createObjectURL(new Blob([calendar(order, found?.screening.ends_at)], { type: "text/calendar" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = `${order.screening.film_title.replace(/[^\p{L}\p{N}]+/gu, "-")}.ics`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
