/** The order in the user's own calendar. */

import { read } from "../../api.js";

/** Save the .ics file that the API makes of the order. */
export async function saveCalendar({ order_id: id, screening }) {
  const { calendar } = await read("/order/get_calendar", { order_id: id });
  const address = URL.createObjectURL(new Blob([calendar], { type: "text/calendar" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = `${screening.film_title.replace(/[^\p{L}\p{N}]+/gu, "-")}.ics`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
