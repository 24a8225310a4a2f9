/** Which seats here are the reader's own already, and the way on to an order that waits to be paid. */

import { read } from "../api.js";
import { fill, h } from "../dom.js";
import { countdown } from "../order/countdown.js";
import { list, t } from "../language.js";
import * as session from "../session.js";

const UNPAID = ["created", "paying"];

export async function markMine(hall, place, left) {
  if (!session.user()) return;
  try {
    const { orders, server_time: now } = await read("/order/get_list", { limit: 50 }, left);
    const here = orders.filter((order) => order.screening_id === hall.screening.screening_id);
    const unpaid = here.filter((order) => UNPAID.includes(order.status) && order.expires_at > now);
    const tickets = here.flatMap((order) => order.tickets.filter((ticket) => ticket.status === "valid"));
    hall.own([...unpaid.flatMap((order) => order.seats), ...tickets].map((seat) => seat.seat_id));
    fill(
      place,
      unpaid.map((order) =>
        h(
          "div",
          { class: "note own" },
          h(
            "p",
            {},
            t("mine.unpaid", { seats: list(order.seats.map((seat) => seat.seat_id)) }),
            " ",
            countdown(order.expires_at, now, left, () => markMine(hall, place, left)),
          ),
          h("a", { class: "button", href: `/order/${order.order_id}` }, t("mine.pay")),
        )
      ),
    );
  } catch {
    // The map is of use without it.
  }
}
