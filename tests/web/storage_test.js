/** What is kept in a browser whose storage is full, forbidden, or shared with other tabs. */

import "./browser.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { browser } from "../../web/storage.js";

/** A storage that holds `kept` and may be full. */
function storage(kept) {
  return {
    isFull: false,
    getItem: (name) => kept[name] ?? null,
    setItem(name, value) {
      if (this.isFull) throw new DOMException("full", "QuotaExceededError");
      kept[name] = value;
    },
    removeItem: (name) => delete kept[name],
  };
}

test("a value that a full storage refuses counts, and the older one that it holds does not", () => {
  const kept = { list: '"old"' };
  const own = browser.storage;
  const full = browser.storage = storage(kept);
  full.isFull = true;
  browser.set("list", "new");
  assert.equal(browser.get("list"), "new");
  browser.set("list", null);
  assert.equal(browser.get("list"), null);

  full.isFull = false;
  browser.set("list", "newer");
  kept.list = '"of another tab"';
  assert.equal(browser.get("list"), "of another tab");

  full.isFull = true;
  browser.set("list", "new");
  browser.remove("list");
  assert.equal(browser.get("list"), null);
  browser.storage = own;
});

test("without a storage values are kept as long as the page", () => {
  const own = browser.storage;
  browser.storage = null;
  browser.set("list", "new");
  assert.equal(browser.get("list"), "new");
  assert.equal(browser.get("queue"), null);
  browser.remove("list");
  assert.equal(browser.get("list"), null);
  browser.storage = own;
});
