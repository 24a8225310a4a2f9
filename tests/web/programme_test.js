/** The filters of the front page, and the posters. */

import "./browser.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { GENRES, PATTERNS } from "../../web/poster/patterns.js";
import { poster, titleSize } from "../../web/poster/poster.js";
import { anySet, fromQuery, inPart, PARTS, toAddress } from "../../web/programme/filters.js";
import { waysOut } from "../../web/programme/ways_out.js";

test("filters survive the way into an address and back", () => {
  const wanted = { title: "amélie & co", cinema: "", city: "Berlin", date: "2026-11-21", part: "evening" };
  const address = toAddress(wanted);
  assert.deepEqual(fromQuery(new URLSearchParams(address.slice(2))), wanted);
  assert.equal(toAddress(fromQuery(new URLSearchParams())), "/");
  assert.equal(anySet(wanted), true);
  assert.equal(anySet(fromQuery(new URLSearchParams("other=1"))), false);
});

test("what makes no sense in an address is left out, the rest is kept", () => {
  const query = (text) => fromQuery(new URLSearchParams(text));
  for (const date of ["garbage", "2026-02-31", "2026-2-3", "0000-01-01", "+012026-01-01", "2026-11-21T20:00", "١٢"]) {
    assert.equal(query({ date, city: "Berlin" }).date, "", date);
    assert.equal(query({ date, city: "Berlin" }).city, "Berlin");
  }
  assert.equal(query({ date: "2028-02-29" }).date, "2028-02-29");
  assert.equal(query({ part: "constructor" }).part, "");
  assert.equal(query({ title: ` ${"x".repeat(300)}` }).title.length, 200);
});

test("of filters that contradict each other, those are named without which something is found", async () => {
  const wanted = { title: "", cinema: "Elbufer", city: "Berlin", date: "", part: "late" };
  const find = ({ cinema, city }) => Promise.resolve(cinema && city ? [] : ["a screening"]);
  const ways = await waysOut(wanted, find);
  assert.deepEqual(ways.map(({ label }) => label), ["Elbufer", "Berlin"]);
  assert.deepEqual(ways[0].wanted, { ...wanted, cinema: "" });
  assert.deepEqual(await waysOut({ ...wanted, cinema: "", part: "" }, find), [], "one filter: show all films");
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

test("the longest word of a title fits into a line of its poster unless it could not be read then", () => {
  for (const [type, letter] of Object.entries({ serif: 0.54, sans: 0.63, wide: 0.84 })) {
    for (const title of ["Up", "Arrival", "Götterdämmerung", "Crouching Tiger, Hidden Dragon", "千と千尋の神隠し"]) {
      const longest = Math.max(...title.split(/[\s-]+/).map((word) => word.length * (word > "\u2e80" ? 1.6 : 1)));
      assert.ok(titleSize(title, type) * letter * longest <= 84, `${title} in ${type}`);
    }
    assert.ok(titleSize("Weihnachtsgeschichte", type) >= 4.8);
  }
  const ofAWideFont = (word) => 0.68 * word.length; // as DejaVu Serif is
  for (const title of ["Paddington 2", "Seven Samurai", "Spider-Man"]) {
    const longest = Math.max(...title.split(/[\s-]/).map(ofAWideFont));
    assert.ok(titleSize(title, "serif", ofAWideFont) * longest <= 84, `${title} is broken`);
  }
  assert.equal(titleSize("Donaudampfschifffahrtsgesellschaftskapitän", "wide"), titleSize("x".repeat(90), "wide"));
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
