import assert from "node:assert/strict";
import { test } from "node:test";

import { Estimate } from "../../web/src/upload/sending/estimate.js";

test("a steady line gives its rate and the time left", () => {
  const estimate = new Estimate();
  for (let now = 0; now <= 20_000; now += 500) estimate.add(500, now);
  assert.equal(estimate.rate(20_000), 1000);
  assert.equal(estimate.secondsLeft(30_000, 20_000), 30);
});

test("within the first second nothing is said", () => {
  const estimate = new Estimate();
  estimate.add(0, 0);
  estimate.add(5000, 900);
  assert.equal(estimate.rate(900), null);
  assert.equal(estimate.secondsLeft(1, 900), null);
});

test("it follows a line that becomes slower", () => {
  const estimate = new Estimate();
  for (let now = 0; now <= 10_000; now += 500) estimate.add(50_000, now);
  for (let now = 10_500; now <= 20_000; now += 500) estimate.add(500, now);
  assert.equal(estimate.rate(20_000), 1000);
});

test("silence counts as time, down to no rate at all", () => {
  const estimate = new Estimate();
  for (let now = 0; now <= 4000; now += 500) estimate.add(1000, now);
  assert.ok(estimate.rate(8000) < 1500);
  assert.equal(estimate.rate(60_000), 0);
  assert.equal(estimate.secondsLeft(1000, 60_000), null);
});

test("after a restart the time before says nothing", () => {
  const estimate = new Estimate();
  for (let now = 0; now <= 4000; now += 500) estimate.add(1000, now);
  estimate.restart();
  assert.equal(estimate.rate(5000), null);
  estimate.add(0, 60_000);
  estimate.add(3000, 63_000);
  assert.equal(estimate.rate(63_000), 1000);
});
