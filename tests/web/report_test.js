/** What a page reports of an error: where it was, and nothing that somebody has typed. */

import "./browser.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { describe } from "../../web/report.js";

test("a report has the error's name and our scripts, and neither its message nor the order's id", () => {
  const error = new TypeError("ada@example.org is not a function");
  error.stack = `TypeError: ada@example.org is not a function
    at draw (https://cinema.example/web/hall/map/zoom.js:12:5)
    at https://elsewhere.example/inject.js:1:1
    at https://cinema.example/web/app.js:90:1`;
  assert.deepEqual(describe(error), {
    page: "/order",
    error: "TypeError",
    frames: ["/web/hall/map/zoom.js:12:5", "/web/app.js:90:1"],
  });
});

test("what was thrown and is no error is reported without its content", () => {
  assert.deepEqual(describe("ada@example.org"), { page: "/order", error: "NoError", frames: [] });
});

test("a module that could not be fetched is named", () => {
  const error = new TypeError("Failed to fetch dynamically imported module: https://cinema.example/web/pages/film.js");
  error.stack = "";
  assert.deepEqual(describe(error).frames, ["/web/pages/film.js:0:0"]);
});
