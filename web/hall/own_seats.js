/** The seats of the user's own orders here, with a link to an order that waits to be paid. */

import { read } from "../api.js";
import { fill, h } from "../dom.js";
import { countdown } from "../order/countdown.js";
import { list, t } from "../language/translations.js";
import * as session from "../account/session.js";

const UNPAID = ["created", "paying"];

/** Mark the user's seats in the hall and list unpaid orders in `place`, again whenever one expires. */
export async function showOwnSeats(hall, place, signal) {
  if (!session.user() && !session.guest()) return;
  try {
    const { orders, server_time: now } = await read("/order/get_list", { limit: 50 }, signal);
    const here = orders.filter((order) => order.screening_id === hall.screening.screening_id);
    const unpaid = here.filter((order) => UNPAID.includes(order.status) && order.expires_at > now);
    const tickets = here.flatMap((order) => order.tickets.filter((ticket) => ticket.status === "valid"));
    hall.setOwnSeats([...unpaid.flatMap((order) => order.seats), ...tickets].map((seat) => seat.seat_id));
    fill(
      place,
      unpaid.map((order) =>
        h(
          "div",
          { class: "note own" },
          h(
            "p",
            {},
            t("own.unpaid", { count: order.seats.length, seats: list(order.seats.map((seat) => seat.seat_id)) }),
            " ",
            countdown(order.expires_at, now, signal, () => showOwnSeats(hall, place, signal)),
          ),
          h("a", { class: "button", href: `/order/${order.order_id}` }, t("own.pay")),
        )
      ),
    );
  } catch {
    // The map is useful without them.
  }
}
