/** The picture of the mesh and the waterfall of a trace: where everything stands. */

import "./browser.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { labelWidth } from "../../web/insight/edge.js";
import { duration, healthOf, lineWidth, share, widthOf } from "../../web/insight/figures.js";
import { addressOf, readQuery } from "../../web/insight/filters.js";
import { layout } from "../../web/insight/layout.js";
import { labelled, ticks, timeline, waterfall } from "../../web/insight/waterfall.js";
import { use } from "../../web/language/translations.js";

await use("en");

const CALLS = {
  clients: ["gateway"],
  gateway: ["user", "film", "order", "account", "kitchen", "loyalty", "wallet", "notification", "insight"],
  account: ["order", "loyalty", "wallet", "user"],
  order: ["film", "payment", "kitchen", "user", "redis", "mariadb", "rabbitmq"],
  payment: ["wallet", "provider", "mariadb"],
  rabbitmq: ["kitchen", "loyalty", "office", "notification"],
  notification: ["smtp"],
  film: ["mariadb", "redis"],
  user: ["mariadb"],
};
const KINDS = {
  clients: "clients",
  gateway: "gateway",
  redis: "cache",
  mariadb: "database",
  rabbitmq: "broker",
  smtp: "mail",
  provider: "provider",
};
const EDGES = Object.entries(CALLS).flatMap(([caller, callees]) => callees.map((callee) => ({ caller, callee })));
const NAMES = [...new Set(EDGES.flatMap(({ caller, callee }) => [caller, callee]))];
const NODES = NAMES.map((name) => ({ name, kind: KINDS[name] ?? "room" }));
const WINDOWS = [{ width: 1400 }, { width: 1100 }, { width: 760 }, { width: 330, vertical: true }];

const numbers = (d) => d.match(/-?[\d.]+/g).map(Number);

for (const size of WINDOWS) {
  test(`no node covers another or leaves the picture, ${size.width} wide`, () => {
    const { places, height } = layout(NODES, EDGES, size);
    assert.equal(places.size, NODES.length);
    const boxes = [...places.values()];
    for (const [at, { x, y, width, height: tall }] of boxes.entries()) {
      assert.ok(x - width / 2 >= 0 && x + width / 2 <= size.width && y - tall / 2 >= 0 && y + tall / 2 <= height);
      for (const other of boxes.slice(at + 1)) {
        assert.ok(Math.abs(x - other.x) >= width || Math.abs(y - other.y) >= tall);
      }
    }
  });

  test(`every arrow runs from the side of its caller to that of its callee, ${size.width} wide`, () => {
    const { places, paths } = layout(NODES, EDGES, size);
    assert.equal(paths.length, EDGES.length);
    for (const { caller, callee, d } of paths) {
      const points = numbers(d);
      for (const [name, [x, y]] of [[caller, points.slice(0, 2)], [callee, points.slice(-2)]]) {
        const box = places.get(name);
        const [along, across] = size.vertical ? [Math.abs(y - box.y), x - box.x] : [Math.abs(x - box.x), y - box.y];
        assert.ok(Math.abs(along - (size.vertical ? box.height : box.width) / 2) < 0.1, `${caller} → ${callee}`);
        assert.ok(Math.abs(across) <= (size.vertical ? box.width : box.height) / 2);
      }
    }
  });
}

test("calls run from left to right, and what rooms use stands at the end", () => {
  const { places } = layout(NODES, EDGES, { width: 1400 });
  const x = (name) => places.get(name).x;
  for (
    const [caller, callee] of [["clients", "gateway"], ["gateway", "account"], ["account", "order"], [
      "order",
      "payment",
    ], ["payment", "wallet"]]
  ) assert.ok(x(caller) < x(callee), `${caller} before ${callee}`);
  for (const name of ["redis", "mariadb", "rabbitmq", "smtp", "provider"]) assert.ok(x(name) > x("wallet"));
});

test("an arrow that passes a column runs behind none of its nodes", () => {
  const { places, paths } = layout(NODES, EDGES, { width: 1400 });
  for (const { caller, callee, d, isUse } of paths) {
    if (isUse) continue;
    const lines = [...d.matchAll(/([\d.]+) ([\d.]+)L([\d.]+) /g)].map((found) => found.slice(1).map(Number));
    for (const [from, y, to] of lines) {
      for (const [name, box] of places) {
        const isPassed = box.x > from - 1 && box.x < to + 1;
        assert.ok(!isPassed || Math.abs(box.y - y) > box.height / 2, `${caller} → ${callee} runs behind ${name}`);
      }
    }
  }
});

for (const { width } of [{ width: 1600 }, { width: 1208 }]) {
  test(`the figures of an arrow lie on no node, ${width} wide`, () => {
    const { places, paths } = layout(NODES, EDGES, { width });
    const half = labelWidth("▲ 1.14 s") / 2;
    for (const { caller, callee, label } of paths) {
      for (const [name, box] of places) {
        const isOn = Math.abs(label.x - box.x) < box.width / 2 + half && Math.abs(label.y - box.y) < box.height / 2 + 8;
        assert.ok(!isOn, `that of ${caller} → ${callee} on ${name}`);
      }
    }
  });
}

test("the picture stays the same in whatever order nodes and edges come", () => {
  const one = layout(NODES, EDGES, { width: 1400 });
  const other = layout([...NODES].reverse(), EDGES, { width: 1400 });
  assert.deepEqual([...other.places].sort(), [...one.places].sort());
});

test("circles, loops and edges of unknown nodes do no harm", () => {
  const nodes = ["a", "b", "c"].map((name) => ({ name, kind: "room" }));
  const edges = [["a", "b"], ["b", "c"], ["c", "a"], ["a", "a"], ["a", "gone"]].map(([caller, callee]) => ({
    caller,
    callee,
  }));
  const { places, paths } = layout(nodes, edges, { width: 900 });
  assert.equal(places.size, 3);
  assert.equal(paths.length, 3);
  assert.ok(paths.every(({ d, label }) => !d.includes("NaN") && label.x >= 0));
  assert.equal(layout([], [], { width: 900 }).places.size, 0);
});

test("health follows from errors and slowness", () => {
  const health = (calls_a_minute, error_share, p95 = 1000) => healthOf({ calls_a_minute, error_share, p95 });
  assert.deepEqual(
    [health(0, 0), health(5, 0), health(5, 0.009), health(5, 0.01), health(5, 0.1), health(5, 0, 2_000_000)],
    ["quiet", "good", "good", "degraded", "failing", "degraded"],
  );
  assert.equal(healthOf({ calls_a_minute: 0, error_share: 0, p95: null, circuit: "open" }), "failing");
  assert.equal(healthOf({ calls_a_minute: 9, error_share: 0, p95: 10, circuit: "half_open" }), "degraded");
  assert.equal(healthOf({ calls_a_minute: 9, error_share: 0, p95: 10, circuit: "closed" }), "good");
  assert.ok(lineWidth(1000) > lineWidth(1) && lineWidth(1e9) <= 6);
});

const span = (span_id, parent_id, started_at, length) => ({ span_id, parent_id, started_at, duration: length });

test("a waterfall shows each span below its parent, the earliest first", () => {
  const { rows, start, end, rootEnd } = waterfall([
    span("c", "a", 140, 20),
    span("d", "b", 115, 5),
    span("a", null, 100, 100),
    span("b", "a", 110, 40),
    span("late", "a", 500, 10),
    span("orphan", "gone", 130, 10),
  ]);
  assert.deepEqual(
    rows.map(({ span: { span_id: id }, depth, offset }) => [id, depth, offset]),
    [["a", 0, 0], ["b", 1, 10], ["d", 2, 15], ["c", 1, 40], ["late", 1, 400], ["orphan", 0, 30]],
  );
  assert.deepEqual([start, end, rootEnd], [100, 510, 200]);
});

test("the time of a span by itself is that without its children, however they overlap", () => {
  const self = Object.fromEntries(
    waterfall([
      span("a", null, 0, 100),
      span("b", "a", 10, 30),
      span("c", "a", 20, 40),
      span("d", "a", 90, 50),
      span("e", "a", 300, 10),
    ]).rows.map(({ span: { span_id: id }, self }) => [id, self]),
  );
  assert.deepEqual(self, { a: 40, b: 30, c: 40, d: 50, e: 10 });
});

test("spans that are each other's parents end no program", () => {
  assert.deepEqual(waterfall([span("a", "b", 0, 1), span("b", "a", 0, 1)]).rows, []);
});

test("a ruler cuts pauses short, and keeps everything in its order", () => {
  const { at, marks, pauses } = timeline([
    span("a", null, 1000, 100),
    span("b", "a", 1020, 30),
    span("near", "a", 1105, 5),
    span("late", "a", 60_000_000, 100),
  ]);
  const places = [900, 1000, 1050, 1100, 1110, 30_000_000, 60_000_000, 60_000_050, 60_000_100, 1e12].map(at);
  assert.deepEqual([...places].sort((one, other) => one - other), places);
  assert.deepEqual([places[0], places[1], places.at(-2), places.at(-1)], [0, 0, 1, 1]);
  assert.ok(Math.abs((places[2] - places[1]) - (places[7] - places[6])) < 1e-9, "the same scale everywhere");
  assert.equal(pauses.length, 1);
  assert.ok(pauses[0].width < 0.1 && Math.abs(pauses[0].part + pauses[0].width - places[6]) < 1e-9);
  assert.deepEqual(marks.map(({ offset }) => offset), [0, 50, 100, 59_999_000]);
});

test("without pauses a ruler is even", () => {
  const { at, pauses, marks } = timeline([span("a", null, 0, 1000), span("b", "a", 900, 200)]);
  assert.deepEqual([at(0), at(550), at(1100), pauses.length], [0, 0.5, 1, 0]);
  assert.deepEqual(marks.map(({ part }) => part), [0, 500 / 1100, 1000 / 1100]);
  assert.deepEqual(timeline([span("a", null, 5, 0)]).marks, [{ part: 0, offset: 0 }]);
});

test("no time on a ruler lies on another or sticks out, however narrow that is", () => {
  const marks = [0, 0.21, 0.41, 0.92, 0.998, 1].map((part, at) => ({ part, offset: at * 9_380_000 }));
  const wide = (text) => widthOf(text, 13) + 12;
  const texts = [755, 400, 300, 150].map((width) => {
    const boxes = labelled(marks, width, duration, wide).filter(({ text }) => text).map(({ part, text, isBefore }) => {
      const from = part * width - (isBefore ? wide(text) : 0);
      return [from, from + wide(text)];
    });
    for (const [at, [from, to]] of boxes.entries()) {
      assert.ok(from >= (boxes[at - 1]?.[1] ?? 0) && to <= width, `${at}`);
    }
    return boxes.length;
  });
  assert.deepEqual(texts, [4, 4, 4, 2]);
  assert.equal(labelled(marks, 300, duration, wide).length, marks.length, "every line stays");
});

test("a ruler has a few round marks", () => {
  assert.deepEqual(ticks(100), [0, 20, 40, 60, 80, 100]);
  assert.deepEqual(ticks(5230), [0, 2000, 4000]);
  for (const length of [1, 7, 1234, 99_999, 12_345_678]) assert.ok(ticks(length).length <= 6 && ticks(length)[0] === 0);
});

test("a duration has three digits and its unit", () => {
  assert.deepEqual([null, 0, 850, 5234, 61_000, 1_400_000, 125_000_000].map(duration), [
    "–",
    "0 µs",
    "850 µs",
    "5.23 ms",
    "61 ms",
    "1.4 s",
    "2.08 min",
  ]);
  assert.deepEqual([0, 0.004, 0.25, 1].map(share), ["0%", "0.4%", "25%", "100%"]);
});

test("what is shown is in the address, and read from it again", () => {
  const address = "/insight?minutes=60&room=order&status=error&min_ms=20";
  const selection = readQuery(new URL(address, "https://cinema.example").searchParams);
  assert.deepEqual([selection.minutes, addressOf(selection)], [60, address]);
  assert.equal(addressOf(readQuery(new URLSearchParams("minutes=7&nonsense=1"))), "/insight");
  assert.equal(
    addressOf(readQuery(new URLSearchParams("min_ms=abc&status=foo&since=soon&room=order"))),
    "/insight?room=order",
  );
});
