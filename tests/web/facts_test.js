/** What moviegoers ask of a film and of a cinema, in their language. */

import "./browser.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { directions, elsewhere } from "../../web/programme/directions.js";
import { ageRatings, foldedDirections, playedIn, ratingName } from "../../web/programme/facts.js";
import { use } from "../../web/language/translations.js";

const FILM = { language: "fr", subtitles: ["en", "zh-Hans"], format: "35 mm", age_rating: { DE: "12", US: "PG-13" } };

test("languages, subtitles and countries have names in the reader's language", async () => {
  await use("en");
  assert.deepEqual(playedIn(FILM), ["French", "English and Simplified Chinese subtitles", "35 mm"]);
  assert.deepEqual(ageRatings(FILM), ["Germany: 12 and over", "United States: PG-13"]);
  await use("zh");
  assert.deepEqual(playedIn(FILM), ["法语", "英语、简体中文字幕", "35 mm"]);
  assert.deepEqual(ageRatings(FILM), ["德国：12 岁以上", "美国：PG-13"]);
});

test("a rating that is a bare number, or no rating, is said in words", async () => {
  const told = ["0", "6", "PG", "Not rated"];
  await use("en");
  assert.deepEqual(told.map(ratingName), ["No age limit", "6 and over", "PG", "Not rated"]);
  await use("zh");
  assert.deepEqual(told.map(ratingName), ["不限年龄", "6 岁以上", "PG", "未分级"]);
});

test("nothing is said where the programme, or a film room of an older version, says nothing", () => {
  const films =
    /** @type {any[]} */ ([{}, { language: null, subtitles: null, format: null, age_rating: null }, { subtitles: [] }]);
  for (const film of films) {
    assert.deepEqual(playedIn(film), []);
    assert.deepEqual(ageRatings(film), []);
  }
  assert.equal(directions({ address: null, map_url: null, directions: null }), null);
  assert.equal(directions(/** @type {any} */ ({})), null);
  assert.equal(foldedDirections({}), null);
});

test("a link to a page elsewhere tells it nothing, and gets no hold of this one", () => {
  const link = /** @type {any} */ (elsewhere("https://map.example/", "Map"));
  assert.equal(link.attributes.rel, "noopener noreferrer");
  assert.equal(link.attributes.href, "https://map.example/");
});
