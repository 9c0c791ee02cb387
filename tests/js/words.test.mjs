import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { formatRate, formatShare, formatSize, formatTimeLeft } from "../../web/src/common/format.js";
import { gettext, ngettext, pluralOf, setCatalogue } from "../../web/src/common/i18n.js";
import { Failure } from "../../web/src/common/failures.js";
import { failureWords, progressWords, troubleWords } from "../../web/src/upload/rows/words.js";

afterEach(() => setCatalogue({ entries: {}, plural: (n) => (n === 1 ? 0 : 1) }));

test("sizes have one decimal and the unit that reads best", () => {
  const sizes = [0, 999, 1000, 12_400_000, 999_960, 5_368_709_120].map((bytes) => formatSize(bytes, "en"));
  assert.deepEqual(sizes, ["0 bytes", "999 bytes", "1.0 kB", "12.4 MB", "1.0 MB", "5.4 GB"]);
});

test("rates, shares and spans read as people say them", () => {
  assert.equal(formatRate(12_400_000, "en"), "12.4 MB/s");
  assert.equal(formatShare(0.4399, "en"), "43%");
  assert.deepEqual([0.2, 59, 61, 3599, 7260].map(formatTimeLeft), ["1 s left", "59 s left", "2 min left", "1 h 0 min left", "2 h 1 min left"]);
});

test("progress leaves out what is not known, and never claims all before the server has said so", () => {
  const known = { sentBytes: 50_000_000, safeBytes: 50_400_000, totalBytes: 100_000_000, bytesPerSecond: 1_000_000, secondsLeft: 50 };
  assert.equal(progressWords(known, "en"), "50% · 50.0 of 100.0 MB · 1.0 MB/s · 50 s left");
  const begun = { sentBytes: 0, safeBytes: 0, totalBytes: 100_000_000, bytesPerSecond: null, secondsLeft: null };
  assert.equal(progressWords(begun, "en"), "0% · 0.0 of 100.0 MB");
  assert.match(progressWords({ ...begun, sentBytes: 100_000_000 }, "en"), /^99%/);
  // What leaving the page now would keep, where that is less.
  assert.equal(progressWords({ ...known, safeBytes: 39_000_000 }, "en"), "50% · 50.0 of 100.0 MB · 1.0 MB/s · 50 s left · 39% kept if you leave");
  // Between two parts nothing moves, and nothing is wrong.
  const limited = { ...known, bytesPerSecond: null, limit: 250_000, secondsLeft: 192 };
  assert.equal(progressWords(limited, "en"), "50% · 50.0 of 100.0 MB · limited to 2 Mbit/s · 4 min left");
});

test("every trouble says that nothing is lost and what comes next", () => {
  for (const failure of [new Failure("offline"), new Failure("stalled"), new Failure("busy", { status: 503 }), new Failure("busy", { status: 429 })]) {
    const words = troubleWords({ failure, isTrying: false, secondsLeft: 7.2, isOnline: true });
    assert.match(words.happened, /Nothing is lost\.$/);
    assert.equal(words.next, "Retrying in 8 s.");
  }
  const signedOut = troubleWords({ failure: new Failure("signed-out"), isTrying: false, secondsLeft: null, isOnline: true });
  assert.match(signedOut.happened, /log in again/);
  assert.equal(signedOut.next, "");
});

test("what the server gives as the reason is what a person reads", () => {
  assert.equal(failureWords(new Failure("refused", { status: 413, detail: "This needs 5 GB; 1 GB is left." })), "This needs 5 GB; 1 GB is left.");
  assert.match(failureWords(new Failure("refused", { status: 404 })), /no longer exists/);
  const ended = new Failure("refused", { status: 404, detail: "This link doesn’t work." });
  assert.match(failureWords(ended), /no longer exists/);
  assert.equal(failureWords(ended, { isGuest: true }), "This link doesn’t work.");
  assert.match(failureWords(new Failure("file-changed")), /Choose it again/);
});

test("a catalogue puts its words and its plural forms in place of ours", () => {
  const form = (n) => (n === 1 ? 0 : n === 2 ? 1 : 2);
  setCatalogue({ entries: { "%(n)s part": ["eins", "zwei", "%(n)s Teile"], "Hello %(name)s": "Hallo %(name)s" }, plural: form });
  assert.equal(gettext("Hello %(name)s", { name: "Bo" }), "Hallo Bo");
  assert.deepEqual([1, 2, 5].map((n) => ngettext("%(n)s part", "%(n)s parts", n)), ["eins", "zwei", "5 Teile"]);
  assert.equal(gettext("not translated: 100%% of %(thing)s", { thing: "it" }), "not translated: 100% of it");
});

test("a form for every count, by the rules of the language", () => {
  setCatalogue({ entries: { "%(n)s file": ["none", "one", "two", "%(n)s few", "%(n)s many", "%(n)s other"] }, plural: pluralOf("ar") });
  const forms = [0, 1, 2, 3, 11, 100].map((n) => ngettext("%(n)s file", "%(n)s files", n));
  assert.deepEqual(forms, ["none", "one", "two", "3 few", "11 many", "100 other"]);
  setCatalogue({ entries: {}, plural: pluralOf("en") });
  assert.equal(ngettext("%(n)s file", "%(n)s files", 0), "0 files");
});

test("too much of something is said in the server's own words", () => {
  const waiting = { isTrying: false, secondsLeft: 60, isOnline: true };
  const detail = "You have 20 unfinished uploads: finish or discard one of them first.";
  const ours = new Failure("busy", { status: 429, code: "rate-limited", detail });
  assert.equal(troubleWords({ ...waiting, failure: ours }).happened, detail);
  const storages = new Failure("busy", { status: 429 });
  assert.equal(troubleWords({ ...waiting, failure: storages }).happened, "The server is busy. Nothing is lost.");
});
