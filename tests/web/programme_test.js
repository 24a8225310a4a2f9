/** The filters of the front page, and the posters. */

import "./browser.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { GENRES, PATTERNS } from "../../web/poster/patterns.js";
import { poster } from "../../web/poster/poster.js";
import { anySet, fromQuery, inPart, PARTS, toAddress } from "../../web/programme/filters.js";

test("filters survive the way into an address and back", () => {
  const wanted = { title: "amélie & co", cinema: "", city: "Berlin", date: "2026-11-21", part: "evening" };
  const address = toAddress(wanted);
  assert.deepEqual(fromQuery(new URLSearchParams(address.slice(2))), wanted);
  assert.equal(toAddress(fromQuery(new URLSearchParams())), "/");
  assert.equal(anySet(wanted), true);
  assert.equal(anySet(fromQuery(new URLSearchParams("other=1"))), false);
});

test("every hour belongs to exactly one part of the day, and the hours after midnight are late", () => {
  for (let hour = 0; hour < 24; hour += 1) {
    const screening = { starts_at: `2026-11-21T${String(hour).padStart(2, "0")}:30:00+01:00` };
    const parts = Object.keys(PARTS).filter((part) => inPart(screening, part));
    assert.equal(parts.length, 1, `${hour} h is in ${parts}`);
    if (hour < 5) assert.deepEqual(parts, ["late"]);
    assert.equal(inPart(screening, ""), true);
  }
});

test("every pattern that suits a genre exists, and every pattern suits one", () => {
  assert.deepEqual(new Set(Object.values(GENRES).flat()), new Set(Object.keys(PATTERNS)));
});

const film = (id) => ({ film_id: id, title: "Arrival", director: "Denis Villeneuve", year: 2016, genres: ["Drama"] });

test("a film always has the same poster, and another film another", () => {
  assert.deepEqual(poster(film("arrival")), poster(film("arrival")));
  assert.notDeepEqual(poster(film("arrival")), poster(film("departure")));
});

for (const [name, draw] of Object.entries(PATTERNS)) {
  test(`the pattern ${name} draws numbers whatever the chances are`, () => {
    for (const chance of [0, 0.25, 0.5, 0.999]) {
      const drawing = JSON.stringify(draw({ chance: () => chance, first: "#111111", second: "#222222" }));
      assert.doesNotMatch(drawing, /NaN|undefined|Infinity/);
      assert.match(drawing, /"name":"(circle|path|rect)"/);
    }
  });
}
