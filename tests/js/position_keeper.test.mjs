import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { PositionKeeper } from "../../web/src/player/position_keeper.js";

const settled = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  globalThis.document = Object.assign(new EventTarget(), { hidden: false });
  globalThis.window = new EventTarget();
});

afterEach(() => {
  delete globalThis.document;
  delete globalThis.window;
});

/** A film that is played to `seconds` and paused there; `answers` are what the service says, or throws. */
async function pausedAt(seconds, answers, clock = { now: () => 0 }) {
  const video = Object.assign(new EventTarget(), { currentTime: 0, duration: 60, readyState: 4, error: null, paused: false });
  const sent = [];
  const fetch = async (_address, { body }) => {
    sent.push(JSON.parse(body));
    const answer = answers.shift() ?? { status: 204 };
    if (answer instanceof Error) throw answer;
    return answer;
  };
  new PositionKeeper(video, { address: "/position", reach: { isUnderWay: false }, clock, fetch });
  video.dispatchEvent(new Event("playing"));
  Object.assign(video, { currentTime: seconds, paused: true });
  video.dispatchEvent(new Event("pause"));
  await settled();
  return { video, sent };
}

test("while it plays, a place is kept every ten seconds", async () => {
  const clock = { now: () => clock.ms, ms: 0 };
  const { video, sent } = await pausedAt(1, [], clock);
  video.paused = false;
  for (const seconds of [5, 9, 10, 11, 19, 20, 29]) {
    clock.ms = seconds * 1000;
    video.currentTime = seconds;
    video.dispatchEvent(new Event("timeupdate"));
    await settled();
  }
  assert.deepEqual(sent.map(({ seconds }) => seconds), [1, 10, 20]);
});

test("a place that was kept is not sent again", async () => {
  const { sent } = await pausedAt(20, []);
  window.dispatchEvent(new Event("pagehide"));
  await settled();
  assert.deepEqual(sent, [{ seconds: 20, duration: 60 }]);
});

for (const [name, answer] of [["the network is away", new TypeError("Failed to fetch")], ["the service is away", { status: 503 }]]) {
  test(`a place that could not be kept is sent again when the page is left: ${name}`, async () => {
    const { sent } = await pausedAt(20, [answer]);
    window.dispatchEvent(new Event("pagehide"));
    await settled();
    assert.deepEqual(sent, [{ seconds: 20, duration: 60 }, { seconds: 20, duration: 60 }]);
  });
}

test("a refusal is not asked for again", async () => {
  const { sent } = await pausedAt(20, [{ status: 404 }]);
  window.dispatchEvent(new Event("pagehide"));
  await settled();
  assert.equal(sent.length, 1);
});

/** A film at the places of `visit`, of which each request waits for the test to answer it. */
function unanswered() {
  const video = Object.assign(new EventTarget(), { currentTime: 0, duration: 60, readyState: 4, error: null, paused: true });
  const requests = [];
  const fetch = (_address, { body, signal }) =>
    new Promise((resolve, reject) => {
      requests.push({ seconds: JSON.parse(body).seconds, signal, answer: () => resolve({ status: 204 }) });
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  new PositionKeeper(video, { address: "/position", reach: { isUnderWay: false }, clock: { now: () => 0 }, fetch });
  video.dispatchEvent(new Event("playing"));
  const visit = (seconds) => {
    video.currentTime = seconds;
    video.dispatchEvent(new Event("pause"));
  };
  return { requests, visit };
}

test("a newer place waits for the answer to the older one, and of several the newest is sent", async () => {
  const { requests, visit } = unanswered();
  for (const seconds of [20, 30, 40]) visit(seconds);
  await settled();
  assert.deepEqual(requests.map(({ seconds }) => seconds), [20]);
  requests[0].answer();
  await settled();
  assert.deepEqual(requests.map(({ seconds }) => seconds), [20, 40]);
  requests[1].answer();
  await settled();
  visit(50);
  await settled();
  assert.deepEqual(requests.map(({ seconds, signal }) => [seconds, signal.aborted]), [[20, false], [40, false], [50, false]]);
});

test("whoever leaves waits for nothing: the older one is given up, and that is no failure of the newer", async () => {
  const { requests, visit } = unanswered();
  visit(20);
  Object.assign(document, { hidden: true });
  visit(30);
  document.dispatchEvent(new Event("visibilitychange"));
  window.dispatchEvent(new Event("pagehide"));
  await settled();
  assert.deepEqual(requests.map(({ seconds }) => seconds), [20, 30]);
  assert.deepEqual(requests.map(({ signal }) => signal.aborted), [true, false]);
  requests[1].answer();
  await settled();
  window.dispatchEvent(new Event("pagehide"));
  await settled();
  assert.equal(requests.length, 2);
});
