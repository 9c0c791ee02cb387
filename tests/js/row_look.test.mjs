import assert from "node:assert/strict";
import { test } from "node:test";

import { FILE_CHANGED, Failure, OFFLINE, OTHER_FILE, REFUSED, SIGNED_OUT } from "../../web/src/common/failures.js";
import { figuresOf, lookOf, spokenOf } from "../../web/src/upload/rows/row_look.js";

const RECORD = { id: "1", part_checksums: "sha256", sha256: "f".repeat(64) };
const LINE = { isOnline: true };

function shown(things) {
  return Object.keys(things).filter((name) => things[name]).sort();
}

const WAITING = { trouble: null, failure: null, record: null };
const TROUBLE = { trouble: { failure: new Failure(OFFLINE), until: 5000, isTrying: false }, failure: null, record: RECORD };

for (const [state, upload, parts, buttons] of [
  ["refused", null, ["again", "figures"], ["ask-cancel", "remove"]],
  ["chosen", null, ["again", "fields", "figures", "submit"], ["ask-cancel", "remove"]],
  ["waiting", WAITING, ["again", "fields", "figures", "link", "progress"], ["remove"]],
  ["sending", { ...WAITING, record: RECORD }, ["again", "fields", "figures", "link", "progress"], ["ask-cancel", "pause"]],
  ["sending", TROUBLE, ["again", "fields", "link", "progress", "trouble", "try-now"], ["ask-cancel"]],
  ["paused", { ...WAITING, record: RECORD }, ["again", "fields", "figures", "link", "progress"], ["ask-cancel", "resume"]],
  ["checking", { ...WAITING, record: RECORD }, ["again", "fields", "figures", "link", "progress"], []],
  ["done", { ...WAITING, record: RECORD }, ["again", "checksum", "fields", "figures", "link", "receipt", "watch"], ["ask-cancel", "remove"]],
]) {
  test(`${state}${upload?.trouble ? " in trouble" : ""}: its parts and buttons`, () => {
    const look = lookOf(state, upload);
    assert.deepEqual([shown(look.parts), shown(look.buttons)], [parts, buttons]);
  });
}

test("a failure offers what can mend it, and a video that is gone has no link", () => {
  const ways = (failure, record = RECORD) => {
    const { again, anew, link } = lookOf("failed", { trouble: null, failure, record }).parts;
    return { again, anew, link };
  };
  assert.deepEqual(ways(new Failure(REFUSED, { status: 403 })), { again: true, anew: false, link: true });
  assert.deepEqual(ways(new Failure(OTHER_FILE)), { again: false, anew: true, link: true });
  assert.deepEqual(ways(new Failure(FILE_CHANGED), null), { again: false, anew: false, link: false });
  assert.deepEqual(ways(new Failure(REFUSED, { status: 404 })), { again: false, anew: false, link: false });
});

test("whoever was logged out is shown where to log in", () => {
  const trouble = { failure: new Failure(SIGNED_OUT), until: null, isTrying: false };
  const { parts } = lookOf("sending", { trouble, failure: null, record: RECORD });
  assert.deepEqual([parts.login, parts["try-now"]], [true, true]);
});

test("figures count a wait down, and fill the bar while it is checked", () => {
  const progress = { sentBytes: 50, safeBytes: 50, totalBytes: 100, bytesPerSecond: null, secondsLeft: null, limit: null };
  const sending = figuresOf("sending", { ...TROUBLE, progress }, { now: 2000, language: "en", ...LINE });
  assert.deepEqual([sending.value, sending.max], [50, 100]);
  assert.match(sending.next, /3/);
  const checking = figuresOf("checking", { ...WAITING, progress }, { now: 2000, language: "en", ...LINE });
  assert.deepEqual([checking.value, checking.figures], [100, ""]);
});

test("each state is said, but not every try of a wait", () => {
  assert.equal(spokenOf("chosen", null, LINE), "");
  assert.equal(spokenOf("sending", { ...TROUBLE, trouble: { ...TROUBLE.trouble, isTrying: true } }, LINE), "");
  assert.notEqual(spokenOf("sending", TROUBLE, LINE), spokenOf("sending", { ...WAITING, record: RECORD }, LINE));
  assert.notEqual(spokenOf("sending", TROUBLE, LINE), spokenOf("sending", TROUBLE, { isOnline: false }));
});
