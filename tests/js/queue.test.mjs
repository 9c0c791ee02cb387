import assert from "node:assert/strict";
import { test } from "node:test";

import { Queue } from "../../web/src/upload/sending/queue.js";

/** What the queue knows of an upload; its state is moved by hand. */
class FakeUpload extends EventTarget {
  constructor(totalBytes = 100) {
    super();
    this.state = "ready";
    this.progress = { sentBytes: 0, totalBytes };
  }

  get isUnderWay() {
    return ["creating", "sending", "paused", "checking"].includes(this.state);
  }

  become(state, sentBytes = this.progress.sentBytes) {
    this.state = state;
    this.progress.sentBytes = sentBytes;
    this.dispatchEvent(new Event("statechange"));
  }
}

/** A queue with these uploads in it, which begin to send when it is their turn. */
function queueOf(...uploads) {
  const queue = new Queue();
  for (const upload of uploads) queue.add(upload, () => upload.become("creating"));
  return queue;
}

function states(...uploads) {
  return uploads.map((upload) => upload.state);
}

test("one goes after the other, in the order they were asked for", () => {
  const [a, b, c] = [new FakeUpload(), new FakeUpload(), new FakeUpload()];
  const queue = queueOf(a, b, c);
  assert.deepEqual(states(a, b, c), ["creating", "ready", "ready"]);
  assert.deepEqual([a, b, c].map((upload) => queue.isWaiting(upload)), [false, true, true]);
  a.become("sending");
  assert.deepEqual(states(a, b, c), ["sending", "ready", "ready"]);
  // While the server checks one, the line is free for the next.
  a.become("checking");
  assert.deepEqual(states(a, b, c), ["checking", "creating", "ready"]);
  b.become("done");
  assert.deepEqual(states(a, b, c), ["checking", "done", "creating"]);
});

test("while it is held nobody begins", () => {
  const [a, b, c] = [new FakeUpload(), new FakeUpload(), new FakeUpload()];
  const queue = queueOf(a, b);
  queue.hold();
  a.become("done");
  queue.add(c, () => c.become("creating"));
  assert.deepEqual(states(a, b, c), ["done", "ready", "ready"]);
  queue.release();
  assert.deepEqual(states(a, b, c), ["done", "creating", "ready"]);
});

test("a failed, a cancelled and a paused one hold nobody up", () => {
  for (const state of ["failed", "cancelled", "paused"]) {
    const [a, b] = [new FakeUpload(), new FakeUpload()];
    queueOf(a, b);
    a.become(state);
    assert.equal(b.state, "creating", state);
  }
});

test("what gives up its turn is never begun", () => {
  const [a, b, c] = [new FakeUpload(), new FakeUpload(), new FakeUpload()];
  const queue = queueOf(a, b, c);
  queue.remove(b);
  a.become("done");
  assert.deepEqual(states(a, b, c), ["done", "ready", "creating"]);
});

test("it is busy while anything waits or is under way, and sending while bytes are to move", () => {
  const a = new FakeUpload();
  const queue = queueOf(a);
  const seen = ["creating", "sending", "paused", "checking", "done"].map((state) => {
    a.become(state);
    return [queue.isBusy, queue.isSending];
  });
  assert.deepEqual(seen, [[true, true], [true, true], [true, false], [true, true], [false, false]]);
});

test("progress is of all together, and begins anew with a new round", () => {
  const [a, b, c] = [new FakeUpload(100), new FakeUpload(300), new FakeUpload(50)];
  const queue = queueOf(a, b);
  a.become("sending", 40);
  assert.deepEqual(queue.progress, { sentBytes: 40, totalBytes: 400 });
  a.become("done", 100);
  b.become("cancelled", 30);
  assert.deepEqual(queue.progress, { sentBytes: 100, totalBytes: 100 });
  queue.add(c, () => c.become("creating"));
  assert.deepEqual(queue.progress, { sentBytes: 0, totalBytes: 50 });
});

test("one that goes on after a failure waits for its turn again and is heard once", () => {
  const [a, b] = [new FakeUpload(), new FakeUpload()];
  let changes = 0;
  const queue = new Queue({ onChange: () => (changes += 1) });
  queue.add(a, () => a.become("sending"));
  a.become("failed");
  queue.add(b, () => b.become("sending"));
  queue.add(a, () => a.become("sending"));
  assert.deepEqual([queue.isWaiting(a), a.state], [true, "failed"]);
  changes = 0;
  a.dispatchEvent(new Event("statechange"));
  assert.equal(changes, 1);
  b.become("done");
  assert.equal(a.state, "sending");
});
