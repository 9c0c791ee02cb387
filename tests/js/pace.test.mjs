import assert from "node:assert/strict";
import { test } from "node:test";

import { Pace } from "../../web/src/upload/sending/pace.js";
import { FakeClock, settled } from "./fake_clock.mjs";

function paced(rate) {
  const clock = new FakeClock();
  const pace = new Pace({ clock });
  pace.rate = rate;
  return { clock, pace };
}

/** When `pace` lets the next part begin, in milliseconds from the start; `change` is called once it waits. */
async function passedAt({ clock, pace }, change = () => {}) {
  let at = null;
  const passed = pace.wait().then(() => {
    at = clock.now();
  });
  await settled();
  change();
  for (let steps = 0; at === null && steps < 1000; steps += 1) {
    await settled();
    if (at === null) clock.advance(10);
  }
  await passed;
  return at;
}

test("without a limit nothing waits, and what left then is not held against it", async () => {
  const line = paced(null);
  line.pace.moved(1_000_000_000);
  assert.equal(await passedAt(line), 0);
  line.pace.rate = 1;
  assert.equal(await passedAt(line), 0);
});

test("a part that left at once is worked off at the rate", async () => {
  const line = paced(1000);
  line.pace.moved(5000);
  assert.equal(line.pace.secondsFor(2000), 7);
  assert.equal(await passedAt(line), 5000);
});

test("the time that a part itself took counts", async () => {
  const line = paced(1000);
  for (let second = 0; second < 3; second += 1) {
    line.pace.moved(2000);
    line.clock.advance(1000);
  }
  assert.equal(await passedAt(line), 6000);
});

test("a line that is slower than the limit is never held up, and saves nothing up", async () => {
  const line = paced(1000);
  for (let second = 0; second < 10; second += 1) {
    line.pace.moved(100);
    line.clock.advance(1000);
  }
  assert.equal(await passedAt(line), 10_000);
  line.pace.moved(1000);
  assert.equal(await passedAt(line), 11_000);
});

test("another limit holds for what is waiting now, and none lets it go at once", async () => {
  const faster = paced(100);
  faster.pace.moved(1000);
  assert.equal(await passedAt(faster, () => (faster.pace.rate = 1000)), 1000);
  const slower = paced(1000);
  slower.pace.moved(1000);
  assert.equal(await passedAt(slower, () => (slower.pace.rate = 500)), 2000);
  const lifted = paced(1);
  lifted.pace.moved(1000);
  assert.equal(await passedAt(lifted, () => (lifted.pace.rate = null)), 0);
});

test("who gives up waiting does so at once, and leaves nothing behind", async () => {
  const { clock, pace } = paced(1);
  pace.moved(1000);
  const stop = new AbortController();
  const waiting = pace.wait(stop.signal);
  await settled();
  stop.abort(new Error("enough"));
  await assert.rejects(waiting, /enough/);
  assert.equal(clock.waiting, 0);
  await assert.rejects(pace.wait(stop.signal), /enough/);
});
