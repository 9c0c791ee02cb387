import assert from "node:assert/strict";
import { test } from "node:test";

import { Failure } from "../../web/src/common/failures.js";
import { Gate } from "../../web/src/upload/sending/gate.js";
import { FakeClock, settled } from "./fake_clock.mjs";

function newGate() {
  const clock = new FakeClock();
  return { clock, gate: new Gate({ clock, random: () => 1 }) };
}

const works = async () => "done";
const fails = (gate, who = "storage", failure = new Failure("offline")) =>
  gate.once(who, () => Promise.reject(failure)).catch(() => {});

test("a passing failure is tried again by itself, after longer and longer waits", async () => {
  const { clock, gate } = newGate();
  let tries = 0;
  const asking = gate.persist("api", async () => {
    tries += 1;
    if (tries < 4) throw new Failure("offline");
    return "done";
  });
  for (const waitMs of [1000, 2000, 4000]) {
    await settled();
    assert.equal(gate.trouble.until - clock.now(), waitMs);
    clock.advance(waitMs);
  }
  assert.equal(await asking, "done");
  assert.equal(gate.trouble, null);
  assert.equal(clock.waiting, 0);
});

test("a definite no is not tried again", async () => {
  const { gate } = newGate();
  await assert.rejects(gate.persist("api", () => Promise.reject(new Failure("refused", { status: 404 }))), { status: 404 });
});

test("parts that fail together wait once, and all go on together", async () => {
  const { clock, gate } = newGate();
  await Promise.all([fails(gate), fails(gate), fails(gate), fails(gate)]);
  assert.equal(gate.trouble.until, 1000);
  const going = Promise.all([gate.once("storage", works), gate.once("storage", works)]);
  await settled();
  clock.advance(1000);
  assert.deepEqual(await going, ["done", "done"]);
});

test("while others are still under way there is no trouble to show", async () => {
  const { gate } = newGate();
  let finish;
  const other = gate.once("storage", () => new Promise((resolve) => (finish = resolve)));
  await settled();
  await fails(gate);
  assert.equal(gate.trouble, null);
  finish();
  await other;
  assert.equal(gate.trouble.failure.kind, "offline");
});

test("a Retry-After is kept to", async () => {
  const { gate } = newGate();
  await fails(gate, "api", new Failure("busy", { status: 429, retryAfterMs: 45_000 }));
  assert.equal(gate.trouble.until, 45_000);
});

test("an API that answers does not shorten the waits for a storage that does not", async () => {
  const { clock, gate } = newGate();
  await fails(gate);
  clock.advance(1000);
  await gate.once("api", works);
  assert.equal(gate.trouble.isTrying, true);
  await fails(gate);
  assert.equal(gate.trouble.until - clock.now(), 2000);
});

test("an ended session waits for the person, without a countdown, whatever else failed beside it", async () => {
  const { clock, gate } = newGate();
  await Promise.all([fails(gate), fails(gate, "api", new Failure("signed-out"))]);
  const asking = gate.persist("api", works);
  clock.advance(3_600_000);
  await settled();
  assert.deepEqual([gate.trouble.failure.kind, gate.trouble.until, gate.trouble.isTrying], ["signed-out", null, false]);
  gate.open();
  assert.equal(await asking, "done");
  assert.equal(gate.trouble, null);
});

test("a wait ends at once when asked to, and shows that it tries", async () => {
  const { clock, gate } = newGate();
  await fails(gate);
  let finish;
  const trying = gate.once("storage", () => new Promise((resolve) => (finish = resolve)));
  await settled();
  gate.open();
  await settled();
  assert.equal(gate.trouble.isTrying, true);
  assert.equal(clock.waiting, 0);
  gate.moved(100_000);
  assert.equal(gate.trouble.isTrying, true);
  gate.moved(500_000);
  assert.equal(gate.trouble, null);
  finish();
  await trying;
});

test("an aborted wait ends with the signal's reason", async () => {
  const { gate } = newGate();
  const abort = new AbortController();
  await fails(gate);
  const waiting = gate.once("storage", works, abort.signal);
  abort.abort(new Error("cancelled"));
  await assert.rejects(waiting, { message: "cancelled" });
});
