import assert from "node:assert/strict";
import { test } from "node:test";

import { localDays } from "../../web/src/common/local_days.js";

test("a day is the one where the reader is, whichever it is in UTC", () => {
  process.env.TZ = "Asia/Dubai";
  globalThis.document = { documentElement: { lang: "en" } };
  const time = { dateTime: "2026-12-31T22:30:00Z", textContent: "31 December 2026 (UTC)" };
  localDays({ querySelectorAll: (selector) => (selector === "time[data-day]" ? [time] : []) });
  assert.equal(time.textContent, "1 Jan 2027");
});
