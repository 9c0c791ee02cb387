import assert from "node:assert/strict";
import { test } from "node:test";

import { bufferedGradient, isBuffered, labelPlace, timeAt } from "../../web/src/player/seek.js";
import { isChosen, isWithoutPicture, mayHideControls, stateOf } from "../../web/src/player/state.js";
import { Taps } from "../../web/src/player/taps.js";
import { clockTime, spokenPlace, spokenTime } from "../../web/src/player/times.js";
import { Countdown, firstToWatch } from "../../web/src/player/up_next.js";
import { FakeClock } from "./fake_clock.mjs";

const ranges = (...pairs) => ({ length: pairs.length, start: (index) => pairs[index][0], end: (index) => pairs[index][1] });
const playing = { hasTrouble: false, ended: false, paused: false, seeking: false, readyState: 4, currentTime: 5, duration: 60 };

test("times are written as long as the whole film's", () => {
  assert.deepEqual([clockTime(0), clockTime(65.9), clockTime(3723.9), clockTime(NaN)], ["0:00", "1:05", "1:02:03", "0:00"]);
  assert.equal(clockTime(5, 3600), "0:00:05");
  assert.equal(clockTime(65, 600), "01:05");
  assert.equal(clockTime(65, 599), "1:05");
});

test("times are spoken in words", () => {
  assert.deepEqual([spokenTime(0), spokenTime(61), spokenTime(3600), spokenTime(3723)], [
    "0 seconds",
    "1 minute 1 second",
    "1 hour",
    "1 hour 2 minutes 3 seconds",
  ]);
  assert.equal(spokenPlace(5.5, 142.6), "5 seconds of 2 minutes 22 seconds");
});

test("what was chosen in a list plays, and nothing else does", () => {
  const origins = ["https://vss.example", "https://vss.example:8443"];
  const chosen = { referrer: "https://vss.example/?q=sea", url: "https://vss.example/watch/a?t=5", origins, navigation: "navigate", isHidden: false };
  assert.ok(isChosen(chosen));
  // One of our own at another port says no more than that.
  for (const referrer of ["https://vss.example/watch/b", "https://vss.example/videos?limit=9", "https://vss.example:8443/"]) assert.ok(isChosen({ ...chosen, referrer }));
  for (const navigation of ["reload", "back_forward", "prerender"]) assert.ok(!isChosen({ ...chosen, navigation }));
  assert.ok(!isChosen({ ...chosen, isHidden: true }));
  // Another site, another port, a log-in, a bookmark, and the page itself in another language.
  for (const referrer of ["https://evil.example/", "https://vss.example:9999/", "https://vss.example/login?next=/", "", "https://vss.example/watch/a"]) {
    assert.ok(!isChosen({ ...chosen, referrer }), referrer);
  }
});

test("the count to the next video stands still while it may not go on, and ends once", () => {
  const clock = new FakeClock();
  const drawn = [];
  let mayCount = true;
  let ends = 0;
  const countdown = () => new Countdown({ seconds: 3, mayCount: () => mayCount, draw: (left) => drawn.push(left), end: () => (ends += 1), clock });
  countdown();
  clock.advance(1_000);
  mayCount = false;
  clock.advance(60_000);
  assert.deepEqual([Math.min(...drawn), ends], [2, 0]);
  mayCount = true;
  clock.advance(60_000);
  assert.deepEqual([drawn.at(-1), ends, clock.waiting], [1, 1, 0]);
  const stopped = countdown();
  clock.advance(1_000);
  stopped.stop();
  clock.advance(60_000);
  assert.equal(ends, 1);
});

test("what may not be watched any more is not next", async () => {
  const statuses = { a: 404, b: 403, c: 200 };
  const asked = (ids, extra = {}) =>
    firstToWatch([...ids].map((id) => ({ id, url: `/watch/${id}` })), {
      fetch: async (address) => {
        const status = { ...statuses, ...extra }[address.at(-1)];
        if (!status) throw new TypeError("offline");
        return { ok: status === 200, status, json: async () => ({ title: "C" }) };
      },
    });
  assert.deepEqual(await asked("abc"), { url: "/watch/c", title: "C" });
  // Behind a link the page says whether.
  const seen = [];
  const linked = await firstToWatch([{ url: "/s/x?v=a", title: "A" }, { url: "/s/x?v=b", title: "B" }], {
    fetch: async (address, { method }) => {
      seen.push([method, address]);
      const isThere = address.endsWith("b");
      return { ok: isThere, status: isThere ? 200 : 404 };
    },
  });
  assert.deepEqual([linked, seen], [{ url: "/s/x?v=b", title: "B" }, [["HEAD", "/s/x?v=a"], ["HEAD", "/s/x?v=b"]]]);
  // None, logged out, and nobody there: one stays.
  for (const [ids, extra] of [["", {}], ["ab", {}], ["ac", { a: 401 }], ["xc", {}]]) assert.equal(await asked(ids, extra), null);
});

test("what the player does follows from its element", () => {
  assert.equal(stateOf(playing), "playing");
  assert.equal(stateOf({ ...playing, readyState: 2 }), "buffering");
  assert.equal(stateOf({ ...playing, seeking: true, readyState: 1 }), "buffering");
  assert.equal(stateOf({ ...playing, paused: true }), "paused");
  assert.equal(stateOf({ ...playing, paused: true, seeking: true, readyState: 1 }), "buffering");
  assert.equal(stateOf({ ...playing, paused: true, readyState: 1 }), "paused");
  assert.equal(stateOf({ ...playing, paused: true, readyState: 0 }), "loading");
  assert.equal(stateOf({ ...playing, paused: true, ended: true }), "ended");
  assert.equal(stateOf({ ...playing, hasTrouble: true }), "trouble");
  const atEnd = { ...playing, paused: true, currentTime: 59.999999 };
  assert.equal(stateOf(atEnd), "ended");
  assert.equal(stateOf({ ...atEnd, seeking: true }), "paused");
  assert.equal(stateOf({ ...atEnd, paused: false }), "playing");
  assert.equal(stateOf({ ...atEnd, currentTime: 0, duration: 0 }), "paused");
});

test("controls hide over a film that runs, and never from under a hand", () => {
  const nobody = { state: "playing", isMenuOpen: false, isSeeking: false, hasKeyboardFocus: false, isPointerOver: false };
  assert.equal(mayHideControls(nobody), true);
  assert.equal(mayHideControls({ ...nobody, state: "buffering" }), true);
  for (const state of ["paused", "ended", "loading", "trouble"]) assert.equal(mayHideControls({ ...nobody, state }), false);
  for (const hand of ["isMenuOpen", "isSeeking", "hasKeyboardFocus", "isPointerOver"]) assert.equal(mayHideControls({ ...nobody, [hand]: true }), false);
});

test("a film whose pictures are missing is told from sound, and from one that is not there yet", () => {
  const black = { type: "video/mp4", videoWidth: 0, readyState: 4 };
  assert.equal(isWithoutPicture(black), true);
  assert.equal(isWithoutPicture({ ...black, videoWidth: 640 }), false);
  assert.equal(isWithoutPicture({ ...black, readyState: 0 }), false);
});

test("a pointer on the axis leads to the second that lies under it", () => {
  const box = { left: 100, width: 200 };
  assert.deepEqual([50, 100, 150, 300, 400].map((x) => timeAt(x, box, 80)), [0, 0, 20, 80, 80]);
  assert.equal(timeAt(50, { left: 0, width: 0 }, 80), 0);
  assert.deepEqual([100, 200, 300].map((x) => labelPlace(x, box, 40)), [20, 100, 180]);
});

test("each buffered range is drawn where it lies", () => {
  assert.equal(bufferedGradient(ranges(), 100, "red"), "none");
  assert.equal(bufferedGradient(ranges([0, 10]), NaN, "red"), "none");
  assert.equal(
    bufferedGradient(ranges([0, 10], [50, 75.5]), 100, "red"),
    "linear-gradient(to right, transparent 0%, red 0%, red 10%, transparent 10%, transparent 50%, red 50%, red 75.5%, transparent 75.5%)",
  );
  assert.deepEqual([5, 10, 60].map((seconds) => isBuffered(ranges([0, 10], [50, 75]), seconds)), [true, false, true]);
});

test("two taps at one side jump, each further one again, and anything else reveals", () => {
  const taps = new Taps();
  const reveal = { name: "reveal" };
  const back = { name: "skip", seconds: -10, side: "left" };
  assert.deepEqual([taps.tap(0, 0.1), taps.tap(250, 0.2), taps.tap(500, 0.1)], [reveal, back, back]);
  assert.deepEqual(taps.tap(801, 0.1), reveal);
  assert.deepEqual(taps.tap(900, 0.9), reveal);
  assert.deepEqual(taps.tap(1000, 0.9), { name: "skip", seconds: 10, side: "right" });
  assert.deepEqual([taps.tap(2000, 0.5), taps.tap(2100, 0.5)], [reveal, reveal]);
});
