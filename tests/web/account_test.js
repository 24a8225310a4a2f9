/** What the account page says of a session's device. */

import "./browser.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { deviceName } from "../../web/account/sessions.js";

test("a device is named by its browser and system, as far as it tells", () => {
  const agents = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0",
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
    "curl/8.5.0",
    "",
    null,
  ];
  assert.deepEqual(agents.map(deviceName), [
    "Firefox · Windows",
    "Safari · iPhone",
    "Edge · Linux",
    "Chrome · Android",
    "curl",
    null,
    null,
  ]);
});
