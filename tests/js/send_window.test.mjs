import assert from "node:assert/strict";
import { test } from "node:test";

import { SendWindow } from "../../web/src/upload/sending/send_window.js";

/** So many parts arrive, each after `took` ms. */
function arrive(sendWindow, count, took = 100) {
  for (let part = 0; part < count; part += 1) sendWindow.succeeded({ startedAt: 0, now: took });
}

/** How many at once a line bears which takes `aloneMs` for one part alone. */
function limitOn(aloneMs) {
  const sendWindow = new SendWindow();
  for (let part = 0; part < 40; part += 1) arrive(sendWindow, 1, aloneMs * sendWindow.limit);
  return sendWindow.limit;
}

test("it begins with one, and the first part that arrives says how many the line bears", () => {
  for (const [took, limit] of [[100, 4], [6_000, 3], [84_000, 1]]) {
    const sendWindow = new SendWindow();
    assert.equal(sendWindow.limit, 1);
    arrive(sendWindow, 1, took);
    assert.equal(sendWindow.limit, limit);
  }
});

test("on a slow line few are half-way: no more than arrive within twenty seconds each", () => {
  assert.deepEqual([84_000, 20_001, 10_001, 8_000, 6_000, 4_000, 100].map(limitOn), [1, 1, 1, 2, 3, 4, 4]);
});

test("a line that has become slow is given fewer", () => {
  const sendWindow = new SendWindow();
  arrive(sendWindow, 3);
  arrive(sendWindow, 1, 84_000);
  assert.equal(sendWindow.limit, 1);
});

test("a failure halves it, it never closes, and then it grows by one after a full round", () => {
  const sendWindow = new SendWindow();
  arrive(sendWindow, 3);
  sendWindow.failed({ startedAt: 1, now: 1 });
  assert.equal(sendWindow.limit, 2);
  arrive(sendWindow, 1);
  assert.equal(sendWindow.limit, 2);
  arrive(sendWindow, 1);
  assert.equal(sendWindow.limit, 3);
  for (const now of [2, 3, 4]) sendWindow.failed({ startedAt: now, now });
  assert.equal(sendWindow.limit, 1);
});

test("parts that were under way together count as one failure", () => {
  const sendWindow = new SendWindow();
  arrive(sendWindow, 3);
  for (const now of [100, 101, 102, 103]) sendWindow.failed({ startedAt: 50, now });
  assert.equal(sendWindow.limit, 2);
});
