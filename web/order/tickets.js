/** The tickets of an order: what is shown at the door. */

import { h } from "../dom.js";
import { dayOf, longDay, time } from "../format.js";
import { t } from "../language.js";
import { qrCode } from "./qr.js";

export function tickets({ screening, tickets: all }) {
  return h("ul", { class: "tickets" }, all.map((ticket) => {
    const good = ticket.status === "valid";
    return h("li", { class: good ? "ticket" : "ticket void" },
      h("div", { class: "stub" },
        h("p", { class: "ticket-film" }, screening.film_title),
        h("dl", {},
          h("div", {}, h("dt", {}, t("ticket.seat")), h("dd", { class: "seat-big" }, ticket.seat_id)),
          h("div", {}, h("dt", {}, t("ticket.time")), h("dd", {}, time(screening.starts_at))),
          h("div", {}, h("dt", {}, t("ticket.day")), h("dd", {}, longDay(dayOf(screening.starts_at)))),
          h("div", {}, h("dt", {}, t("ticket.place")), h("dd", {}, `${screening.cinema_name}, ${screening.hall_name}`)))),
      h("div", { class: "code" }, good && ticket.code
        ? qrCode(ticket.code, t("ticket.qr", { seat: ticket.seat_id })) : h("p", { class: "muted" }, t("ticket.void"))));
  }));
}
