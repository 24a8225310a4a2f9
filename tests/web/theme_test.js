/** The theme that a page has before its first paint. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";
import { test } from "node:test";

const EARLY = readFileSync(new URL("../../web/early.js", import.meta.url), "utf8");

/** `kept` is what was chosen before; undefined: the browser keeps nothing. */
function themeOf(system, kept) {
  const documentElement = { dataset: /** @type {any} */ ({}) };
  const getItem = () => {
    if (kept === undefined) throw new Error("no storage");
    return kept;
  };
  runInNewContext(EARLY, {
    document: { documentElement },
    localStorage: { getItem },
    matchMedia: (query) => ({ matches: query === `(prefers-color-scheme: ${system})` }),
    addEventListener() {},
  });
  return documentElement.dataset.theme;
}

test("a first visit has the theme of the system, a later one what was chosen", () => {
  assert.equal(themeOf("light", null), "light");
  assert.equal(themeOf("dark", null), "dark");
  assert.equal(themeOf("light", "dark"), "dark");
  assert.equal(themeOf("dark", "light"), "light");
  assert.equal(themeOf("light", undefined), "light");
  assert.equal(themeOf("light", "nonsense"), "dark");
});
