/** The calls of the API: a purchase is one trace. */

import "./browser.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { read, write } from "../../web/api.js";

const FIRST = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

test("what a page asks for an order belongs to the trace in which it was bought", async () => {
  const asked = [];
  let reply = FIRST;
  const fetch = (path, { headers }) => {
    asked.push([path, headers.traceparent]);
    return Promise.resolve(Response.json({ order_id: "o1" }, { headers: { traceparent: reply } }));
  };
  Object.defineProperty(globalThis, "fetch", { value: fetch, configurable: true });
  await read("/order/get_info", { order_id: "o1" });
  await write("/order/buy", { seats: ["F7"] });
  reply = FIRST.replace("00f067aa0ba902b7", "1111111111111111");
  await write("/order/pay", { order_id: "o1" });
  await write("/order/cancel", { order_id: "o1" });
  await write("/order/pay", { order_id: "o2" });
  assert.deepEqual(asked, [
    ["/order/get_info?order_id=o1", undefined],
    ["/order/buy", undefined],
    ["/order/pay", FIRST],
    ["/order/cancel", FIRST],
    ["/order/pay", undefined],
  ]);
});
