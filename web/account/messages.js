/** The messages that the user was sent; opening them marks them as read. */

import { write } from "../api.js";
import { h } from "../dom.js";
import { longDay, plainDate } from "../language/format.js";
import { t } from "../language/translations.js";
import { entries } from "./entries.js";

/** `unread`: how many of them are. */
export function messages(unread, signal) {
  const count = h("p", { class: "muted" }, sentence(unread));

  async function markRead(found) {
    const ids = found.filter((message) => !message.read_at).map((message) => message.message_id);
    if (!ids.length) return;
    try {
      count.textContent = sentence((await write("/notification/mark_read", { message_ids: ids })).unread);
    } catch {
      // They stay unread, and are marked the next time that they are shown.
    }
  }

  return [
    count,
    entries({
      title: t("messages.open"),
      path: "/notification/get_messages",
      field: "messages",
      line,
      signal,
      onpage: markRead,
    }),
  ];
}

const sentence = (unread) => unread ? t("messages.unread", { count: unread }) : t("messages.all_read");

function line({ kind, title, order_id: order, created_at: when, read_at: read }) {
  return [
    h("span", { class: read ? null : "unread" }, h("a", { href: `/order/${order}` }, t(`message.${kind}`, { title }))),
    h("span", { class: "muted" }, longDay(plainDate(new Date(when)))),
  ];
}
