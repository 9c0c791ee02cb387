import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { afterEach, beforeEach, test } from "node:test";

import { PartChecksums } from "../../web/src/upload/sending/hashing.js";
import { UploadApi } from "../../web/src/common/uploads_api.js";
import { Pace } from "../../web/src/upload/sending/pace.js";
import { putPart } from "../../web/src/upload/sending/put_part.js";
import { Upload } from "../../web/src/upload/sending/upload.js";
import { FakeClock, settled } from "./fake_clock.mjs";
import { FaultServer, answer, cut, lost, silent } from "./fault_server.mjs";
import { NodeRequest } from "./node_request.mjs";

const SIZE = 9500;
const bytes = Uint8Array.from({ length: SIZE }, (_, index) => (index * 31) % 251);
const FIELDS = { title: "Ocean", filename: "ocean.mp4", size: SIZE, content_type: "video/mp4" };

let server;
let clock;
let file;
beforeEach(async () => {
  server = await new FaultServer().start();
  clock = new FakeClock();
  file = new Blob([bytes]);
});
afterEach(() => server.stop());

/** An upload whose visible waits end at once, as if somebody pressed "try now"; the waits are kept in `troubles`. */
function newUpload({ isImpatient = true, isGuest = false, ...options } = {}) {
  const api = new UploadApi({ root: `${server.origin}/v1/uploads`, isGuest, clock });
  const put = (part) => putPart({ newRequest: () => new NodeRequest(), ...part });
  const upload = new Upload({ file, api, clock, put, random: () => 0.5, ...options });
  upload.states = [];
  upload.troubles = [];
  upload.addEventListener("statechange", () => {
    if (upload.states.at(-1) !== upload.state) upload.states.push(upload.state);
    if (!upload.trouble || upload.trouble.isTrying) return;
    upload.troubles.push(upload.trouble.failure.kind);
    if (isImpatient) queueMicrotask(() => upload.tryNow());
  });
  return upload;
}

/** A line that has borne as many parts at once as there may be. */
function wideLine() {
  const pace = new Pace({ clock });
  for (let part = 0; part < 3; part += 1) pace.sendWindow.succeeded({ startedAt: 0, now: 1 });
  return pace;
}

function assertStored(upload) {
  assert.deepEqual([upload.state, upload.failure, server.uploads.size], ["done", null, 1]);
  const { parts, record } = server.uploads.get(upload.record.id);
  const stored = Buffer.concat([...parts.keys()].sort((a, b) => a - b).map((number) => parts.get(number)));
  assert.equal(record.state, "ready");
  assert.equal(createHash("sha256").update(stored).digest("hex"), createHash("sha256").update(bytes).digest("hex"));
  assert.equal(clock.waiting, 0);
}

test("a file arrives whole, in parts with the header fields they were signed with, and says so step by step", async () => {
  const upload = newUpload();
  const arrived = [];
  upload.addEventListener("partuploaded", ({ detail }) => arrived.push(detail));
  await upload.start(FIELDS);
  assertStored(upload);
  assert.deepEqual(upload.states, ["creating", "sending", "checking", "done"]);
  assert.deepEqual(arrived.sort((a, b) => a - b), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  assert.equal(upload.progress.sentBytes, SIZE);
  assert.equal(server.uploads.get(upload.record.id).fields["x-amz-test"], "signed");
  assert.equal(server.count("PUT /put/"), 10);
});

test("a lost answer to creation makes no second upload", async () => {
  server.fault("POST /v1/uploads", lost);
  const upload = newUpload();
  await upload.start(FIELDS);
  assertStored(upload);
  assert.deepEqual(upload.troubles, ["offline"]);
  assert.equal(new Set(server.idempotencyKeys).size, 1);
});

test("parts that are cut off, turned away or badly signed are sent again until they are there", async () => {
  server.fault("PUT /put/", cut, answer(503), answer(403), answer(500), cut, answer(429), answer(403));
  const upload = newUpload();
  await upload.start(FIELDS);
  assertStored(upload);
});

test("a 403 brings a fresh URL at once, without a wait", async () => {
  server.fault("PUT /put/", answer(403));
  const upload = newUpload();
  await upload.start(FIELDS);
  assertStored(upload);
  assert.deepEqual([upload.troubles, server.count("POST /part-urls")], [[], 2]);
});

test("a part that stands still is restarted", async () => {
  server.fault("PUT /put/", silent);
  const upload = newUpload({ isImpatient: true, pace: wideLine() });
  const ended = upload.start(FIELDS);
  await server.arrives("PUT /put/");
  while (server.count("PUT /put/") < 10) await settled();
  while (clock.waiting > 1) await settled();
  clock.advance(30_000);
  await ended;
  assertStored(upload);
  assert.deepEqual(upload.troubles, ["stalled"]);
});

test("what is already there is not sent again", async () => {
  const first = newUpload();
  server.fault("POST /complete", answer(404, { json: { code: "not-found" } }));
  await first.start(FIELDS);
  assert.equal(first.state, "failed");
  const { parts } = server.uploads.get(first.record.id);
  for (const number of [3, 10]) parts.delete(number);
  server.requests.length = 0;

  const second = newUpload({ record: first.record });
  await second.start();
  assertStored(second);
  assert.equal(server.count("PUT /put/"), 2);
});

test("parts that the server misses at the end are sent again", async () => {
  server.fault("POST /complete", answer(422, { json: { code: "parts-missing", missing: [2, 9] } }));
  server.fault("POST /complete", answer(409, { json: { code: "part-ambiguous", missing: [9] } }));
  const upload = newUpload();
  const ended = upload.start(FIELDS);
  // What is sent again must be newer by the storage's clock, which knows seconds.
  await clock.timer(2_000);
  clock.advance(2_000);
  await ended;
  assertStored(upload);
  assert.equal(server.count("PUT /put/"), 13);
});

test("a server that misses the same parts for ever is not believed for ever", async () => {
  for (let round = 0; round < 9; round += 1) {
    server.fault("POST /complete", answer(422, { json: { code: "parts-missing", missing: [1], detail: "Part 1 is missing." } }));
  }
  const upload = newUpload();
  await upload.start(FIELDS);
  assert.deepEqual([upload.state, upload.failure.code], ["failed", "parts-missing"]);
});

test("while the server settles it, completion is asked for again after the time it gave", async () => {
  server.fault("POST /complete", answer(202, { json: {}, fields: { "Retry-After": "4" } }));
  const upload = newUpload();
  const ended = upload.start(FIELDS);
  await clock.timer(4000);
  assert.equal(upload.state, "checking");
  clock.advance(4000);
  await ended;
  assertStored(upload);
});

test("a lost answer to completion is asked for again", async () => {
  server.fault("POST /complete", lost);
  const upload = newUpload();
  await upload.start(FIELDS);
  assertStored(upload);
  assert.equal(server.count("POST /complete"), 2);
});

test("a storage that is unsure at the end is waited for as long as it says", async () => {
  server.fault("POST /complete", answer(503, { json: { code: "storage-unavailable" }, fields: { "Retry-After": "6" } }));
  const upload = newUpload({ isImpatient: false });
  const ended = upload.start(FIELDS);
  await clock.timer(6000);
  await settled();
  assert.equal(upload.trouble.failure.code, "storage-unavailable");
  clock.advance(6000);
  await ended;
  assertStored(upload);
});

test("after the session has ended it goes on when the person says so", async () => {
  server.fault("POST /part-urls", answer(401, { json: { code: "unauthenticated" } }));
  const upload = newUpload();
  await upload.start(FIELDS);
  assertStored(upload);
  assert.deepEqual(upload.troubles, ["signed-out"]);
});

/** Another tab completes the upload, with a file of this SHA-256. */
function completedElsewhere(sha256) {
  server.fault("POST /part-urls", (request, response) => {
    for (const { record } of server.uploads.values()) Object.assign(record, { state: "ready", sha256 });
    answer(409, { json: { code: "upload-not-open" } })(request, response);
  });
}

test("an upload that another tab has completed is done when it was with this file", async () => {
  completedElsewhere("f".repeat(64));
  const upload = newUpload(HASHED);
  await upload.start(FIELDS);
  assert.deepEqual([upload.state, upload.record.sha256], ["done", "f".repeat(64)]);
});

test("what another tab has completed with another file is not taken for this one", async () => {
  completedElsewhere("0".repeat(64));
  const upload = newUpload(HASHED);
  await upload.start(FIELDS);
  assert.deepEqual([upload.state, upload.failure.kind], ["failed", "other-file"]);
  // Nor when there was nothing left to send.
  const late = newUpload({ ...HASHED, record: { id: upload.record.id } });
  await late.start();
  assert.deepEqual([late.state, late.failure.kind, server.count("PUT /put/")], ["failed", "other-file", 0]);
});

test("a file that cannot be hashed does not take another one's SHA-256 for its own", async () => {
  const upload = newUpload();
  server.fault("POST /complete", (request, response) => {
    for (const { record } of server.uploads.values()) record.sha256 = "0".repeat(64);
    answer(503)(request, response);
  });
  await upload.start(FIELDS);
  assert.deepEqual([upload.state, upload.record.sha256], ["done", null]);
});

test("a part that is held with another content is not sent over", async () => {
  const upload = newUpload(HASHED);
  server.fault("POST /complete", (request, response) => {
    for (const { checksums } of server.uploads.values()) checksums.set(3, "A".repeat(44));
    answer(409, { json: { code: "part-ambiguous", missing: [3] } })(request, response);
  });
  await upload.start(FIELDS);
  assert.deepEqual([upload.state, upload.failure.kind, server.count("PUT /put/")], ["failed", "other-file", 10]);
});

test("an upload that somebody discarded is over, and says so", async () => {
  const upload = newUpload();
  server.fault("POST /part-urls", answer(404, { json: { code: "not-found" } }));
  await upload.start(FIELDS);
  assert.deepEqual([upload.state, upload.failure.status], ["failed", 404]);
});

test("a refused creation says why, and corrected fields are another request", async () => {
  const errors = [{ pointer: "#/title", detail: "Too long." }];
  server.fault("POST /v1/uploads", answer(422, { json: { code: "invalid", errors } }));
  const upload = newUpload();
  await upload.start(FIELDS);
  assert.deepEqual([upload.state, upload.record, upload.failure.errors], ["failed", null, errors]);
  await upload.start({ ...FIELDS, title: "Shorter" });
  assertStored(upload);
  assert.equal(new Set(server.idempotencyKeys).size, 2);
});

test("a storage that refuses with every fresh URL ends it, after many tries", async () => {
  for (let round = 0; round < 100; round += 1) server.fault("PUT /put/", answer(403, { text: "<Code>SignatureDoesNotMatch</Code>" }));
  const upload = newUpload();
  await upload.start(FIELDS);
  assert.deepEqual([upload.state, upload.failure.kind, upload.failure.code], ["failed", "refused", "SignatureDoesNotMatch"]);
  assert.ok(server.count("PUT /put/") >= 8 && server.count("PUT /put/") <= 40);
});

test("a file that can no longer be read is told from a dropped connection", async () => {
  const unreadable = { arrayBuffer: () => Promise.reject(new Error("NotReadableError")), slice: () => unreadable };
  file = { size: SIZE, slice: () => unreadable };
  const upload = newUpload();
  await upload.start(FIELDS);
  assert.deepEqual([upload.state, upload.failure.kind, upload.troubles], ["failed", "file-changed", []]);
});

test("of a file that cannot be read when its turn comes nothing is begun", async () => {
  const unreadable = { arrayBuffer: () => Promise.reject(new Error("NotReadableError")) };
  file = { size: SIZE, slice: () => unreadable };
  const upload = newUpload();
  await upload.start(FIELDS);
  assert.deepEqual([upload.state, upload.failure.kind, upload.record, server.uploads.size], ["failed", "file-changed", null, 0]);
});

test("cancelling stops everything and removes what has arrived", async () => {
  server.fault("PUT /put/", silent, silent, silent, silent);
  const upload = newUpload();
  const ended = upload.start(FIELDS);
  const { socket } = await server.arrives("PUT /put/");
  const cutOff = once(socket, "close");
  assert.equal(await upload.cancel(), true);
  await ended;
  await cutOff;
  assert.deepEqual([upload.state, server.uploads.size, clock.waiting], ["cancelled", 0, 0]);
});

test("a guest whose link has ended is told so, and not that anything was cancelled", async () => {
  server.fault("PUT /put/", silent, silent, silent, silent);
  server.fault("DELETE /v1/uploads", answer(404, { json: { code: "not-found", detail: "This link doesn’t work." } }));
  const upload = newUpload({ isGuest: true });
  const ended = upload.start(FIELDS);
  await server.arrives("PUT /put/");
  assert.equal(await upload.cancel(), false);
  await ended;
  assert.equal(upload.keptBecause, "This link doesn’t work.");
});

test("cancelling before anything has left sends nothing", async () => {
  const upload = newUpload();
  const ended = upload.start(FIELDS);
  assert.equal(await upload.cancel(), true);
  await ended;
  assert.deepEqual([upload.state, server.requests], ["cancelled", []]);
});

test("cancelling while it is being created leaves nothing behind", async () => {
  const upload = newUpload();
  const ended = upload.start(FIELDS);
  await server.arrives("POST /v1/uploads");
  assert.equal(upload.state, "creating");
  assert.equal(await upload.cancel(), true);
  await ended;
  assert.deepEqual([upload.state, server.uploads.size], ["cancelled", 0]);
});

test("cancelling out of a wait does not wait", async () => {
  server.fault("POST /part-urls", answer(503, { fields: { "Retry-After": "60" } }));
  const upload = newUpload({ isImpatient: false });
  const ended = upload.start(FIELDS);
  await clock.timer(60_000);
  assert.equal(await upload.cancel(), true);
  await ended;
  assert.deepEqual([upload.state, server.uploads.size], ["cancelled", 0]);
});

test("a pause frees the line at once, and afterwards only what had not arrived is sent", async () => {
  const upload = newUpload({ pace: wideLine() });
  const arrived = new Set();
  upload.addEventListener("partuploaded", ({ detail }) => arrived.add(detail));
  const stuck = 4;
  for (let part = 0; part < stuck; part += 1) server.fault("PUT /put/", silent);
  const ended = upload.start(FIELDS);
  const { socket } = await server.arrives("PUT /put/");
  const cutOff = once(socket, "close");
  upload.pause();
  await cutOff;
  for (let turn = 0; turn < 5; turn += 1) await settled();
  assert.deepEqual([upload.state, upload.isUnderWay, upload.trouble, clock.waiting], ["paused", true, null, 0]);
  const before = server.count("PUT /put/");
  const kept = arrived.size;
  upload.resume();
  await ended;
  assertStored(upload);
  assert.equal(server.count("PUT /put/") - before, 10 - kept);
  assert.deepEqual(upload.states, ["creating", "sending", "paused", "sending", "checking", "done"]);
});

/** Resolves when `count` parts have arrived, and no more come without a limit's leave. */
async function heldAfter(count) {
  while (server.count("PUT /put/") < count || clock.waiting === 0) await settled();
  for (let turn = 0; turn < 5; turn += 1) await settled();
}

test("under a limit one part goes after the other, each when the last one is worked off", async () => {
  const pace = new Pace({ clock });
  pace.rate = 1000;
  const upload = newUpload({ pace });
  const ended = upload.start(FIELDS);
  // Parts of 1000 bytes: one a second.
  for (let sent = 1; sent < 10; sent += 1) {
    await heldAfter(sent);
    assert.equal(server.count("PUT /put/"), sent);
    const { sentBytes, limit, secondsLeft } = upload.progress;
    // After the last part, which has 500, nothing is waited for.
    assert.deepEqual([upload.state, sentBytes, limit, secondsLeft], ["sending", sent * 1000, 1000, Math.max(1, (SIZE - sent * 1000) / 1000)]);
    clock.advance(1000);
  }
  await ended;
  assertStored(upload);
  assert.equal(clock.now(), 9000);
  assert.equal(upload.progress.limit, null);
});

test("a limit that is lifted or changed under way holds at once", async () => {
  const pace = new Pace({ clock });
  pace.rate = 1;
  const upload = newUpload({ pace });
  const ended = upload.start(FIELDS);
  await heldAfter(1);
  assert.equal(upload.progress.secondsLeft, 1000 + SIZE - 2000);
  pace.rate = 100;
  clock.advance(10_000);
  await heldAfter(2);
  pace.rate = null;
  await ended;
  assertStored(upload);
  assert.equal(clock.now(), 10_000);
});

test("a limit's wait ends at once when it is paused or cancelled, and what has left still counts", async () => {
  const pace = new Pace({ clock });
  pace.rate = 1;
  const upload = newUpload({ pace });
  const ended = upload.start(FIELDS);
  await heldAfter(1);
  upload.pause();
  while (clock.waiting > 0) await settled();
  assert.deepEqual([upload.state, upload.progress.limit], ["paused", null]);
  upload.resume();
  await heldAfter(1);
  assert.deepEqual([server.count("PUT /put/"), upload.state], [1, "sending"]);
  assert.equal(await upload.cancel(), true);
  await ended;
  assert.deepEqual([upload.state, server.uploads.size, clock.waiting], ["cancelled", 0, 0]);
});

test("a paused upload can be cancelled, and a pause outside sending changes nothing", async () => {
  const upload = newUpload();
  upload.pause();
  upload.resume();
  assert.equal(upload.state, "ready");
  server.fault("PUT /put/", silent, silent, silent, silent);
  const ended = upload.start(FIELDS);
  await server.arrives("PUT /put/");
  upload.pause();
  assert.equal(await upload.cancel(), true);
  await ended;
  assert.deepEqual([upload.state, server.uploads.size, clock.waiting], ["cancelled", 0, 0]);
});

test("going on ends the wait that a pause came upon", async () => {
  server.fault("POST /part-urls", answer(503, { fields: { "Retry-After": "60" } }));
  const upload = newUpload({ isImpatient: false });
  const ended = upload.start(FIELDS);
  await clock.timer(60_000);
  upload.pause();
  upload.resume();
  await ended;
  assertStored(upload);
});

const HASHED = { checksumsOf: (content, plan) => new PartChecksums(content, plan), hashFile: async () => "f".repeat(64) };

/** An upload that lacks some parts, as a page that was closed leaves it. */
async function leftUnfinished({ lacking, ...options }) {
  server.fault("POST /complete", answer(404, { json: { code: "not-found" } }));
  const first = newUpload({ ...HASHED, ...options });
  await first.start(FIELDS);
  const kept = server.uploads.get(first.record.id);
  for (const number of lacking) {
    kept.parts.delete(number);
    kept.checksums.delete(number);
  }
  server.requests.length = 0;
  return { record: { id: first.record.id }, kept };
}

test("each part carries its checksum, and the whole file's and what the parts come to go with the last word", async () => {
  const upload = newUpload(HASHED);
  await upload.start(FIELDS);
  assertStored(upload);
  assert.equal(server.uploads.get(upload.record.id).checksums.size, 10);
  assert.equal(upload.record.isProven, true);
  assert.equal(upload.record.sha256, "f".repeat(64));
});

test("a part that was damaged on the way is sent again", async () => {
  server.fault("PUT /put/", answer(400, { text: "<Error><Code>BadDigest</Code></Error>" }));
  const upload = newUpload(HASHED);
  await upload.start(FIELDS);
  assertStored(upload);
  assert.equal(server.count("PUT /put/"), 11);
});

test("a file that is no longer what was hashed is said to have changed", async () => {
  let reads = 0;
  const changing = { size: SIZE, slice: (start, end) => file.slice(start, end) };
  const checksumsOf = (content, plan) => {
    const sums = new PartChecksums(content, plan);
    return { of: (number) => sums.of(number), isStill: async () => (reads += 1) === 0 };
  };
  server.fault("PUT /put/", answer(400, { text: "<Error><Code>BadDigest</Code></Error>" }));
  const upload = newUpload({ ...HASHED, checksumsOf, file: changing });
  await upload.start(FIELDS);
  assert.deepEqual([upload.state, upload.failure.kind, reads], ["failed", "file-changed", 1]);
});

test("whoever goes on elsewhere with the same file sends what is missing and nothing twice", async () => {
  const { record } = await leftUnfinished({ lacking: [3, 10] });
  const second = newUpload({ ...HASHED, record });
  await second.start();
  assertStored(second);
  assert.deepEqual(second.states, ["comparing", "sending", "checking", "done"]);
  assert.equal(server.count("PUT /put/"), 2);
  assert.equal(second.record.isProven, true);
});

test("another file of the same size is refused before anything of it is sent", async () => {
  const { record, kept } = await leftUnfinished({ lacking: [3, 10] });
  const other = new Blob([Uint8Array.from(bytes, (byte, index) => (index === 5000 ? byte ^ 1 : byte))]);
  const second = newUpload({ ...HASHED, record, file: other });
  await second.start();
  assert.deepEqual([second.state, second.failure.kind], ["failed", "other-file"]);
  assert.deepEqual([server.count("PUT /put/"), kept.parts.size], [0, 8]);
  const shorter = newUpload({ ...HASHED, record, file: file.slice(0, SIZE - 1) });
  await shorter.start();
  assert.equal(shorter.failure.kind, "other-file");
});

test("a part of which it is not certain whose it is, is sent once more", async () => {
  const { record, kept } = await leftUnfinished({ lacking: [] });
  kept.checksums.delete(4);
  const second = newUpload({ ...HASHED, record });
  await second.start();
  assertStored(second);
  assert.equal(server.count("PUT /put/"), 1);
});

test("a file that meets another one's part on the way says so", async () => {
  server.fault("POST /part-urls", answer(409, { json: { code: "part-differs", detail: "Parts differ." } }));
  const upload = newUpload(HASHED);
  await upload.start(FIELDS);
  assert.deepEqual([upload.state, upload.failure.kind], ["failed", "other-file"]);
});
