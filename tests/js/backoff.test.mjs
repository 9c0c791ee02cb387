import assert from "node:assert/strict";
import { test } from "node:test";

import { backoffMs, retryAfterMs } from "../../web/src/common/backoff.js";

test("waits double up to half a minute, half of each is chance", () => {
  const shortest = [1, 2, 3, 4, 5, 6, 60].map((attempt) => backoffMs(attempt, () => 0));
  assert.deepEqual(shortest, [500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
  assert.equal(backoffMs(60, () => 1), 30_000);
});

test("Retry-After is read as seconds and as a date", () => {
  const now = Date.parse("2026-11-24T10:00:00Z");
  assert.equal(retryAfterMs("8", now), 8000);
  assert.equal(retryAfterMs("Tue, 24 Nov 2026 10:00:05 GMT", now), 5000);
  assert.equal(retryAfterMs("Tue, 24 Nov 2026 09:00:00 GMT", now), 0);
});

test("a Retry-After that says nothing usable is no wait, and an absurd one is bounded", () => {
  assert.equal(retryAfterMs(null), null);
  assert.equal(retryAfterMs("soon"), null);
  assert.equal(retryAfterMs("99999999"), 600_000);
});
