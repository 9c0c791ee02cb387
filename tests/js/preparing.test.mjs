import assert from "node:assert/strict";
import { test } from "node:test";

import { Preparing } from "../../web/src/common/preparing.js";
import { FakeClock } from "./fake_clock.mjs";

/** Time goes on, and what is asked meanwhile is answered. */
async function pass(clock, ms) {
  clock.advance(ms);
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
}

test("one question is asked for all, ever more rarely, until each is prepared or has taken too long", async () => {
  const clock = new FakeClock();
  const states = { a: "preparing", b: "preparing", other: "ready" };
  const said = [];
  let asked = 0;
  let isAway = true;
  const preparing = new Preparing(
    async () => {
      asked += 1;
      if (isAway) throw new Error("away");
      return Object.entries(states).map(([id, state]) => ({ id, media: { state } }));
    },
    { clock },
  );
  for (const id of ["a", "b"]) preparing.add(id, (media) => said.push([id, media?.state ?? null]));
  await pass(clock, 1_000);
  isAway = false;
  await pass(clock, 1_500);
  assert.deepEqual([asked, said], [2, []]);
  states.a = "failed";
  await pass(clock, 2_250);
  assert.deepEqual([asked, said], [3, [["a", "failed"]]]);
  for (let second = 0; second < 600; second += 1) await pass(clock, 1_000);
  assert.deepEqual(said, [["a", "failed"], ["b", null]]);
  assert.ok(asked < 50, String(asked));
  assert.equal(clock.waiting, 0);
});
