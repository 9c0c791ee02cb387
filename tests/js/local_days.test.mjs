import assert from "node:assert/strict";
import { test } from "node:test";

import { localDays } from "../../web/src/common/local_days.js";

test("a day is the one where the reader is, whichever it is in UTC", () => {
  process.env.TZ = "Asia/Dubai";
  globalThis.document = { documentElement: { lang: "en" } };
  const time = { dateTime: "2026-12-31T22:30:00Z", dataset: { day: "" }, textContent: "31 December 2026 (UTC)" };
  const withTime = { ...time, dataset: { day: "with-time" } };
  localDays({ querySelectorAll: (selector) => (selector === "time[data-day]" ? [time, withTime] : []) });
  assert.equal(time.textContent, "1 Jan 2027");
  assert.match(withTime.textContent, /1 January 2027 at 0?2:30/);
});
