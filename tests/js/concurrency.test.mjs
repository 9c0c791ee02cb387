import assert from "node:assert/strict";
import { test } from "node:test";

import { SendWindow } from "../../web/src/upload/concurrency.js";

test("it grows by one after a full round of successes, up to the most", () => {
  const sendWindow = new SendWindow({ initial: 4, most: 6 });
  for (let sent = 0; sent < 3; sent += 1) sendWindow.succeeded();
  assert.equal(sendWindow.limit, 4);
  sendWindow.succeeded();
  assert.equal(sendWindow.limit, 5);
  for (let sent = 0; sent < 100; sent += 1) sendWindow.succeeded();
  assert.equal(sendWindow.limit, 6);
});

test("a failure halves it, and it never closes", () => {
  const sendWindow = new SendWindow({ initial: 4 });
  for (const now of [1, 2, 3, 4]) sendWindow.failed({ startedAt: now, now });
  assert.equal(sendWindow.limit, 1);
});

test("parts that were under way together count as one failure", () => {
  const sendWindow = new SendWindow({ initial: 4 });
  for (const now of [100, 101, 102, 103]) sendWindow.failed({ startedAt: 50, now });
  assert.equal(sendWindow.limit, 2);
});
