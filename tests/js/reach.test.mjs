import assert from "node:assert/strict";
import { test } from "node:test";

import { Reach, knownLength } from "../../web/src/player/reach.js";
import { FakeClock } from "./fake_clock.mjs";

const ranges = (...pairs) => ({ length: pairs.length, start: (index) => pairs[index][0], end: (index) => pairs[index][1] });

/** As Firefox plays what is still coming: no further than it knows, where it ends and pauses by itself. */
class GrowingVideo extends EventTarget {
  paused = true;
  #time = 0;

  constructor(duration) {
    super();
    this.duration = duration;
  }

  get currentTime() {
    return this.#time;
  }

  set currentTime(seconds) {
    this.#time = Math.min(seconds, this.duration);
    this.dispatchEvent(new Event("seeking"));
    if (!this.ended || this.paused) return;
    this.paused = true;
    this.dispatchEvent(new Event("pause"));
  }

  get ended() {
    return this.#time === this.duration;
  }

  grow(duration) {
    this.duration = duration;
    this.dispatchEvent(new Event("durationchange"));
  }

  async play() {
    this.paused = false;
  }
}

test("what is known of a film's length", () => {
  const endless = { duration: Infinity, currentTime: 3, buffered: ranges([0, 2], [3, 8]) };
  assert.equal(knownLength(endless), 8);
  assert.equal(knownLength({ ...endless, buffered: ranges() }), 3);
  assert.equal(knownLength({ ...endless, duration: 42 }), 42);
  assert.ok(Number.isNaN(knownLength({ ...endless, duration: NaN })));
});

test("a place beyond what has come is reached as it comes, and it plays on there", () => {
  const video = new GrowingVideo(7);
  const reach = new Reach(video, { clock: new FakeClock() });
  video.play();
  reach.go(20);
  assert.deepEqual([video.currentTime, reach.isUnderWay, video.paused], [7, true, true]);
  video.grow(15);
  assert.deepEqual([video.currentTime, reach.isUnderWay, video.paused], [15, true, true]);
  video.grow(30);
  assert.deepEqual([video.currentTime, reach.isUnderWay, video.paused], [20, false, false]);
  video.grow(40);
  assert.equal(video.currentTime, 20);
});

test("who goes elsewhere in the meantime, or meets the real end, is left there", () => {
  const clock = new FakeClock();
  const video = new GrowingVideo(7);
  const reach = new Reach(video, { clock });
  reach.go(20);
  video.currentTime = 2;
  video.grow(30);
  assert.equal(video.currentTime, 2);

  reach.go(60);
  clock.advance(5_000);
  assert.equal(reach.isUnderWay, false);
  video.grow(90);
  assert.equal(video.currentTime, 30);
});

test("a film without any end is led anywhere at once, and one of which nothing is known nowhere", () => {
  const video = new GrowingVideo(Infinity);
  const reach = new Reach(video, { clock: new FakeClock() });
  reach.go(500);
  assert.deepEqual([video.currentTime, reach.isUnderWay], [500, false]);
  video.duration = NaN;
  reach.go(3);
  assert.equal(reach.isUnderWay, false);
});
