import assert from "node:assert/strict";
import { test } from "node:test";

import { FakeClock } from "./fake_clock.mjs";
import { Parent, isListed } from "../../web/src/player/parent.js";

const SITES = ["https://lms.example", "https://*.schule.example:8443", "http://localhost:8080"];

test("a site is its origin, and with *. every name below it", () => {
  for (const origin of ["https://lms.example", "https://a.schule.example:8443", "https://b.a.schule.example:8443", "http://localhost:8080"]) {
    assert.ok(isListed(origin, SITES), origin);
  }
  for (const origin of ["https://lms.example:444", "http://lms.example", "https://x.lms.example", "https://schule.example:8443", "https://a.schule.example", "https://aschule.example:8443", "http://a.schule.example:8443", "null", "", "https://lms.example.evil.example"]) {
    assert.ok(!isListed(origin, SITES), origin);
  }
});

/** A frame in a page at `origin`, which it knows by `ancestors` or by `referrer`. */
function framed({ ancestors, referrer = "" }) {
  const told = [];
  const done = [];
  const page = { postMessage: (message, origin) => told.push([origin, message.event, message.reason ?? message.currentTime]) };
  const window = Object.assign(new EventTarget(), { parent: page, location: { ancestorOrigins: ancestors }, document: { referrer } });
  const video = Object.assign(new EventTarget(), { currentTime: 1, duration: 47, readyState: 4 });
  const clock = new FakeClock();
  const parent = new Parent(video, { sites: SITES, window, clock, play: () => done.push("play"), pause: () => done.push("pause"), seek: (time) => done.push(time) });
  const say = (data, { source = page, origin = "https://lms.example" } = {}) => window.dispatchEvent(Object.assign(new Event("message"), { data, source, origin }));
  const happen = (...names) => names.forEach((name) => video.dispatchEvent(new Event(name)));
  return { parent, clock, video, told, done, say, happen };
}

test("the page is told at its own origin, each change once, and the time four times a second", () => {
  for (const known of [{ ancestors: ["https://lms.example"] }, { referrer: "https://lms.example/course?id=3" }]) {
    const { parent, clock, video, told, happen } = framed(known);
    happen("loadedmetadata", "play", "timeupdate");
    clock.advance(100);
    happen("timeupdate", "timeupdate");
    video.currentTime = 1.5;
    clock.advance(149);
    assert.equal(told.length, 3);
    clock.advance(1000);
    // A renewed source: at 0 for a moment, and playing once more.
    Object.assign(video, { readyState: 0, currentTime: 0 });
    happen("timeupdate", "loadedmetadata");
    Object.assign(video, { readyState: 4, currentTime: 2 });
    happen("play", "pause", "ended");
    parent.failed("gone");
    assert.deepEqual(told.map(([, ...what]) => what), [["ready", 1], ["play", 1], ["timeupdate", 1], ["timeupdate", 1.5], ["pause", 2], ["ended", 2], ["error", "gone"]]);
    assert.deepEqual([...new Set(told.map(([origin]) => origin))], ["https://lms.example"]);
  }
});

test("who is not on the list is told nothing and moves nothing", () => {
  for (const known of [{ ancestors: ["https://evil.example"] }, { referrer: "https://evil.example/" }, {}, { ancestors: ["null"] }]) {
    const { told, done, say, happen } = framed(known);
    happen("loadedmetadata", "play", "timeupdate");
    say({ vss: "play" }, { origin: "https://evil.example" });
    say({ vss: "play" }, { source: {} });
    happen("pause");
    assert.deepEqual([told, done], [[], []]);
    // But who is on it and speaks is known by that.
    say({ vss: "pause" });
    happen("ended");
    assert.deepEqual([told, done], [[["https://lms.example", "ended", 1]], ["pause"]]);
  }
});

test("what is no command of ours is passed over", () => {
  const { done, say } = framed({ ancestors: ["https://lms.example"] });
  for (const data of [null, "play", { vss: "toString" }, { vss: "constructor" }, { vss: ["play", "pause"] }, { vss: "seek" }, { vss: "seek", time: "9" }, { vss: "seek", time: -1 }, { vss: "seek", time: NaN }, { source: "x" }]) say(data);
  assert.deepEqual(done, []);
  for (const data of [{ vss: "seek", time: 9.5 }, { vss: "play" }]) say(data);
  assert.deepEqual(done, [9.5, "play"]);
});
