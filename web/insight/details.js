/** All that is known of a span, as it stands below its row. */

import { h } from "../dom.js";
import { hasSentence, t } from "../language/translations.js";
import { duration } from "./figures.js";

const ORDER = "marquee.order_id";
const REQUEST = "marquee.request_id";

/** `row` is one of the waterfall's; `traceId` that of its trace. */
export function details({ span, offset, self }, traceId) {
  const { attributes, events, links } = span;
  return h(
    "div",
    { class: "span-details" },
    h(
      "dl",
      { class: "facts" },
      fact(t("insight.process"), `${span.room} · ${span.instance}`),
      fact(t("insight.kind"), word("kind", span.kind)),
      fact(t("insight.outcome"), word("span_status", span.status)),
      fact(t("insight.offset"), duration(offset)),
      fact(t("insight.took"), duration(span.duration)),
      fact(t("insight.self"), duration(self)),
    ),
    events.map((event) => happening(event, span)),
    Object.keys(attributes).length > 0 && [
      h("h2", {}, t("insight.attributes")),
      h(
        "dl",
        { class: "attributes" },
        Object.entries(attributes).sort().map(([name, value]) => fact(name, valueOf(name, value))),
      ),
    ],
    links.length > 0 && [h("h2", {}, t("insight.linked")), h("p", {}, links.map(linkTo))],
    h("h2", {}, t("insight.in_the_logs")),
    h("p", {}, h("code", {}, logFields(traceId, span))),
  );
}

/** A link to another trace. */
export const linkTo = (id) => h("a", { class: "trace-link", href: `/insight?trace=${id}` }, id.slice(0, 12), "…");

const fact = (name, value) => h("div", {}, h("dt", {}, name), h("dd", {}, value));

const word = (of, value) => hasSentence(`insight.${of}.${value}`) ? t(`insight.${of}.${value}`) : value;

function valueOf(name, value) {
  if (name === ORDER) return h("a", { href: `/insight?order_id=${encodeURIComponent(value)}` }, value);
  if (name === REQUEST) return h("a", { href: `/insight?request_id=${encodeURIComponent(value)}` }, value);
  return String(value);
}

const happening = ({ name, at, attributes }, span) =>
  h(
    "div",
    { class: name === "exception" ? "note warning" : "note" },
    h("strong", {}, attributes["exception.type"] ?? name, " ", h("small", {}, `+${duration(at - span.started_at)}`)),
    attributes["exception.message"] && h("span", {}, attributes["exception.message"]),
  );

/** The fields by which the log lines of this span are found. */
function logFields(traceId, { span_id: spanId, attributes }) {
  const fields = { trace_id: traceId, span_id: spanId };
  if (attributes[REQUEST]) fields.request_id = attributes[REQUEST];
  return JSON.stringify(fields).slice(1, -1).replaceAll(",", ", ").replaceAll(":", ": ");
}
