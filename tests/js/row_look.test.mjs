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
  ["refused", null, ["again"], ["remove"]],
  ["chosen", null, ["again", "submit"], ["open", "remove"]],
  ["waiting", WAITING, ["again", "bar"], ["leave", "open"]],
  ["comparing", { ...WAITING, record: RECORD }, ["again", "bar", "link"], ["leave", "open"]],
  ["sending", { ...WAITING, record: RECORD }, ["again", "bar", "link"], ["ask-cancel", "open", "pause"]],
  ["sending", TROUBLE, ["again", "bar", "link", "trouble", "try-now"], ["ask-cancel", "open"]],
  ["paused", { ...WAITING, record: RECORD }, ["again", "bar", "link"], ["ask-cancel", "open", "resume"]],
  ["checking", { ...WAITING, record: RECORD }, ["again", "bar", "link"], ["ask-cancel", "open"]],
  // What somebody else completes is theirs, too.
  ["checking", { ...WAITING, record: RECORD, isElsewhere: true }, ["again", "bar", "link"], ["leave", "open"]],
  ["done", { ...WAITING, record: RECORD }, ["again", "bar", "checksum", "copy", "link", "receipt", "watch"], ["open", "remove", "who"]],
]) {
  test(`${state}${upload?.trouble ? " in trouble" : ""}${upload?.isElsewhere ? " elsewhere" : ""}: its parts and buttons`, () => {
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

test("figures stay in every state; only where something moves they say how fast", () => {
  const progress = { sentBytes: 50, safeBytes: 50, totalBytes: 100, bytesPerSecond: 10, secondsLeft: 5, limit: null };
  const figures = (state, upload = WAITING) => figuresOf(state, { ...upload, progress }, { now: 2000, language: "en", ...LINE });
  assert.match(figures("sending").words, /^50% · 50 of 100 bytes · .* left$/);
  for (const [state, upload] of [["waiting"], ["paused"], ["checking"], ["failed"], ["sending", TROUBLE]]) {
    assert.equal(figures(state, upload).words, "50% · 50 of 100 bytes", state);
  }
  assert.equal(figures("done").words, "100 bytes");
  assert.match(figures("sending", TROUBLE).next, /3/);
  assert.deepEqual([figures("sending").value, figures("checking").value, figures("checking").max], [50, 100, 100]);
});

test("each state is said, but not every try of a wait", () => {
  assert.equal(spokenOf("chosen", null, LINE), "");
  assert.equal(spokenOf("sending", { ...TROUBLE, trouble: { ...TROUBLE.trouble, isTrying: true } }, LINE), "");
  assert.notEqual(spokenOf("sending", TROUBLE, LINE), spokenOf("sending", { ...WAITING, record: RECORD }, LINE));
  assert.notEqual(spokenOf("sending", TROUBLE, LINE), spokenOf("sending", TROUBLE, { isOnline: false }));
});
