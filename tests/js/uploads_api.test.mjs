import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { UploadApi } from "../../web/src/common/uploads_api.js";
import { FakeClock } from "./fake_clock.mjs";
import { FaultServer, answer, cut, silent } from "./fault_server.mjs";

const FIELDS = { title: "Ocean", filename: "ocean.mp4", size: 2500, content_type: "video/mp4" };
let server;
let clock;
let api;
before(async () => {
  server = await new FaultServer().start();
  clock = new FakeClock();
  api = new UploadApi({ root: `${server.origin}/v1/uploads`, clock });
});
after(() => server.stop());

const problem = (status, json, fields) => answer(status, { json, fields });

test("the whole of a small upload's calls", async () => {
  const upload = await api.create(FIELDS, "key-1");
  assert.deepEqual([upload.state, upload.part_count], ["uploading", 3]);
  const { urls, headers, lifeMs } = await api.partUrls(upload.id, [1, 2, 3]);
  assert.deepEqual([Object.keys(urls), headers], [["1", "2", "3"], { "x-amz-test": "signed" }]);
  assert.ok(lifeMs > 890_000 && lifeMs <= 901_000);
  for (const url of Object.values(urls)) await fetch(url, { method: "PUT", body: "x" });
  assert.equal((await api.read(upload.id)).received.length, 3);
  assert.equal((await api.change(upload.id, { title: "New" })).title, "New");
  const { isSettled, upload: ready } = await api.complete(upload.id);
  assert.deepEqual([isSettled, ready.state], [true, "ready"]);
  await api.remove(upload.id);
  await api.remove(upload.id);
});

test("a lost answer to creation is asked for again with the same key: one upload", async () => {
  server.fault("POST /v1/uploads", cut);
  await assert.rejects(api.create(FIELDS, "key-2"), { kind: "offline", isPassing: true });
  const first = await api.create(FIELDS, "key-2");
  assert.equal((await api.create(FIELDS, "key-2")).id, first.id);
});

test("statuses become the kinds that the uploader tells apart", async () => {
  const kinds = [
    [problem(401, { code: "unauthenticated" }), { kind: "signed-out" }],
    [problem(404, { code: "not-found" }), { kind: "refused", status: 404 }],
    [problem(409, { code: "upload-not-open" }), { kind: "refused", code: "upload-not-open" }],
    [problem(409, { code: "conflict" }, { "Retry-After": "1" }), { kind: "busy", retryAfterMs: 1000 }],
    [problem(413, { code: "quota-exceeded", detail: "Too much." }), { kind: "refused", detail: "Too much." }],
    [problem(429, { code: "rate-limited" }, { "Retry-After": "9" }), { kind: "busy", retryAfterMs: 9000 }],
    [problem(503, { code: "storage-unavailable" }, { "Retry-After": "5" }), { kind: "busy", retryAfterMs: 5000 }],
    [answer(500), { kind: "busy" }],
  ];
  for (const [fault, expected] of kinds) {
    server.fault("GET /v1/uploads/x", fault);
    await assert.rejects(api.read("x"), expected);
  }
});

test("a page in place of our answer is nobody's answer", async () => {
  server.fault("GET /v1/uploads/x", answer(200, { fields: { "Content-Type": "text/html" }, text: "<p>Accept our terms</p>" }));
  await assert.rejects(api.read("x"), { kind: "offline" });
});

test("completion tells settled from not yet, and names the missing parts", async () => {
  server.fault("POST /complete", answer(202, { json: { state: "uploading" }, fields: { "Retry-After": "3" } }));
  assert.deepEqual((({ isSettled, retryAfterMs }) => [isSettled, retryAfterMs])(await api.complete("x")), [false, 3000]);
  const upload = await api.create(FIELDS, "key-3");
  await assert.rejects(api.complete(upload.id), { code: "parts-missing", missing: [1, 2, 3], isPassing: false });
});

test("no answer in time is no answer", async () => {
  server.fault("GET /v1/uploads/x", silent);
  const asking = assert.rejects(api.read("x"), { kind: "offline" });
  await server.arrives("GET /v1/uploads/x");
  clock.advance(30_000);
  await asking;
  assert.equal(clock.waiting, 0);
});

test("an aborted call ends with the signal's reason", async () => {
  server.fault("GET /v1/uploads/x", silent);
  const abort = new AbortController();
  const asking = api.read("x", abort.signal);
  await server.arrives("GET /v1/uploads/x");
  abort.abort(new Error("cancelled"));
  await assert.rejects(asking, { message: "cancelled" });
});
