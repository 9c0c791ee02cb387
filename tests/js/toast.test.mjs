import assert from "node:assert/strict";
import { test } from "node:test";

import { Life } from "../../web/src/common/toast.js";
import { FakeClock } from "./fake_clock.mjs";

function newLife() {
  const clock = new FakeClock();
  let ends = 0;
  const life = new Life({ lifeMs: 8_000, clock, onEnd: () => (ends += 1) });
  return { clock, life, ended: () => ends };
}

test("a toast lives for its time and ends once", () => {
  const { clock, ended } = newLife();
  clock.advance(7_999);
  assert.equal(ended(), 0);
  clock.advance(60_000);
  assert.equal(ended(), 1);
});

test("its time stands still while pointer or focus hold it, and goes on when both have left", () => {
  const { clock, life, ended } = newLife();
  clock.advance(5_000);
  life.hold("pointer");
  life.hold("focus");
  clock.advance(60_000);
  life.release("pointer");
  clock.advance(60_000);
  life.release("focus");
  clock.advance(2_999);
  assert.equal(ended(), 0);
  clock.advance(1);
  assert.equal(ended(), 1);
});

test("the pointer that comes twice is one, and one that never came changes nothing", () => {
  const { clock, life, ended } = newLife();
  life.hold("pointer");
  life.hold("pointer");
  life.release("focus");
  clock.advance(60_000);
  assert.equal(ended(), 0);
  life.release("pointer");
  clock.advance(8_000);
  assert.equal(ended(), 1);
});

test("what was dismissed does not end again", () => {
  const { clock, life, ended } = newLife();
  life.stop();
  clock.advance(60_000);
  assert.equal(ended(), 0);
});
