import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { NoSource, freshSource, isReachable } from "../../web/src/player/playback_api.js";
import { bufferedAhead, dueAt, retryDelayMs, shouldRenew, stallLimitMs } from "../../web/src/player/renewal.js";
import { FaultServer, answer } from "./fault_server.mjs";

let server;
before(async () => {
  server = await new FaultServer().start();
});
after(() => server.stop());

const playing = { now: 800, due: 700, isPaused: false, isHidden: false, isSeeking: false, bufferedAheadSeconds: 30, leftSeconds: 600 };
const ranges = (...pairs) => ({ length: pairs.length, start: (index) => pairs[index][0], end: (index) => pairs[index][1] });

test("a URL is due after four fifths of its life, and at once when this device's clock is wrong", () => {
  assert.equal(dueAt({ now: 100, lifeMs: 900_000 }), 720_100);
  assert.equal(dueAt({ now: 100, lifeMs: -5000 }), 100);
});

test("nothing is renewed before it is due", () => {
  assert.equal(shouldRenew({ ...playing, now: 699, isPaused: true }), false);
});

test("a paused film is renewed when it is due, unless nobody looks", () => {
  assert.equal(shouldRenew({ ...playing, isPaused: true }), true);
  assert.equal(shouldRenew({ ...playing, isPaused: true, isHidden: true }), false);
});

test("a playing film is not interrupted while it has something to play", () => {
  assert.equal(shouldRenew(playing), false);
  assert.equal(shouldRenew({ ...playing, bufferedAheadSeconds: 1.5 }), true);
});

test("a film that is here to its end needs no renewal", () => {
  assert.equal(shouldRenew({ ...playing, bufferedAheadSeconds: 1.2, leftSeconds: 1.2 }), false);
});

test("a jump out of the buffer renews at once, a jump within it does not", () => {
  assert.equal(shouldRenew({ ...playing, isSeeking: true, bufferedAheadSeconds: 0 }), true);
  assert.equal(shouldRenew({ ...playing, isSeeking: true, bufferedAheadSeconds: 1 }), false);
});

test("the buffer ahead ends at the first hole", () => {
  assert.equal(bufferedAhead(ranges([0, 10], [20, 30]), 4), 6);
  assert.equal(bufferedAhead(ranges([0, 10], [20, 30]), 15), 0);
  assert.equal(bufferedAhead(ranges([0, 10], [20, 30]), 19.95), 30 - 19.95);
  assert.equal(bufferedAhead(ranges(), 0), 0);
});

test("tries are bounded, and a slow line is given more time each time", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5].map(retryDelayMs), [0, 1000, 2000, 4000, 8000, null]);
  assert.deepEqual([0, 1, 2, 9].map(stallLimitMs), [8000, 16_000, 32_000, 64_000]);
});

test("the life of a fresh URL is reckoned by the server's clock", async () => {
  const json = { sources: [{ url: "https://s3.example/a", type: "video/mp4", expires_at: "2031-01-01T00:15:00Z" }], position: 0 };
  server.fault("GET /playback", answer(200, { json, fields: { Date: "Wed, 01 Jan 2031 00:00:00 GMT" } }));
  assert.deepEqual(await freshSource(`${server.origin}/playback`), { url: "https://s3.example/a", lifeMs: 900_000, address: `${server.origin}/playback`, hls: null });
});

test("why there is no URL is told apart", async () => {
  const cases = [
    [answer(401), "signed-out"],
    [answer(404), "gone"],
    [answer(403), "gone"],
    [answer(503), "unreachable"],
    [answer(200, { text: "<p>Accept our terms</p>" }), "unreachable"],
    [answer(200, { json: { sources: [] } }), "unreachable"],
  ];
  for (const [fault, reason] of cases) {
    server.fault("GET /playback", fault);
    await assert.rejects(freshSource(`${server.origin}/playback`), (error) => error instanceof NoSource && error.reason === reason);
  }
});

test("a source is reachable when the storage gives out its first byte", async () => {
  assert.equal(await isReachable(`${server.origin}/case/film`), true);
  server.fault("GET /case/film", answer(403), (request) => request.socket.destroy());
  assert.equal(await isReachable(`${server.origin}/case/film`), false);
  assert.equal(await isReachable(`${server.origin}/case/film`), false);
});
