/** The tickets of an order, with the codes to show at the door. */

import { read } from "../api.js";
import { fill, h, isTest } from "../dom.js";
import { dayOf, longDay, time } from "../language/format.js";
import { comma, t } from "../language/translations.js";
import { problemSentence } from "../problems.js";
import { keeper } from "./offline/kept.js";
import { cinemaClock } from "./refunds/refund_terms.js";

const isValid = (ticket) => ticket.status === "valid";

/** The elements of the tickets; their codes are loaded afterwards. `screening`: a promise, see paid/way.js. */
export function tickets(order, screening, signal) {
  const codes = new Map(
    order.tickets.map((
      ticket,
    ) => [
      ticket.ticket_id,
      h("div", { class: "code" }, isValid(ticket) ? null : h("p", { class: "muted" }, t("ticket.void"))),
    ]),
  );
  const warning = h("p", { class: "note warning", role: "alert", hidden: true });
  const keep = keeper(order);

  async function draw() {
    warning.hidden = true;
    try {
      const found = await read("/order/get_ticket_images", { order_id: order.order_id }, signal);
      for (const { ticket_id: id, seat_id: seat, svg } of found.tickets) fill(codes.get(id), picture(svg, seat));
      if (found.tickets.length) {
        screening.then((known) => keep({ images: found, ...(known && { screening: known }) }));
      }
    } catch (problem) {
      if (signal.aborted) return;
      fill(warning, problemSentence(problem), h("button", { type: "button", onclick: draw }, t("problem.again")));
      warning.hidden = false;
    }
  }

  draw();
  return [
    warning,
    h(
      "ul",
      { class: "tickets" },
      order.tickets.map((ticket) =>
        h(
          "li",
          { class: isValid(ticket) ? "ticket" : "ticket void" },
          stub(order.screening, ticket),
          codes.get(ticket.ticket_id),
        )
      ),
    ),
  ];
}

const picture = (svg, seat) =>
  h("img", {
    class: "qr",
    alt: t("ticket.qr", { seat }),
    src: `data:image/svg+xml,${encodeURIComponent(svg)}`,
  });

function stub(screening, ticket) {
  const fact = (name, value, look) => h("div", {}, h("dt", {}, t(`ticket.${name}`)), h("dd", { class: look }, value));
  return h(
    "div",
    { class: "stub" },
    isTest && h("p", { class: "test-mark" }, t("test.ticket")),
    h("p", { class: "ticket-film" }, screening.film_title),
    h(
      "dl",
      {},
      fact("seat", ticket.seat_id, "seat-big"),
      fact("time", time(screening.starts_at)),
      fact("day", longDay(dayOf(screening.starts_at))),
      fact("place", `${screening.cinema_name}${comma()}${screening.hall_name}`),
    ),
    ticket.admitted_at && h(
      "p",
      { class: "muted" },
      t("ticket.used", { time: cinemaClock(ticket.admitted_at, screening.starts_at).time }),
    ),
  );
}
