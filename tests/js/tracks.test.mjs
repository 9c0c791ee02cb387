import assert from "node:assert/strict";
import { test } from "node:test";

import { missingOf, tracksOfCodecs } from "../../web/src/player/codecs.js";
import { tracksOf } from "../../web/src/player/tracks.js";

const box = (type, ...inside) => {
  const content = Buffer.concat(inside.map((part) => Buffer.from(part, "latin1")));
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + content.length);
  head.write(type, 4, "latin1");
  return Buffer.concat([head, content]);
};
const track = (kind, codec) =>
  box("trak", box("mdia", box("hdlr", "\0".repeat(8), kind, "\0".repeat(12)), box("minf", box("stbl", box("stsd", "\0".repeat(8), box(codec))))));
const MOVIE = box("moov", track("vide", "hvc1"), track("soun", "ac-3"), track("soun", "mp4a"));

/** The storage, with one file that it gives out by ranges; `asked` counts. */
function storageOf(file) {
  const storage = { asked: 0 };
  storage.fetch = async (_, { headers }) => {
    storage.asked += 1;
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers.Range);
    const part = file.subarray(Number(from), Number(to) + 1);
    return { status: 206, arrayBuffer: async () => new Uint8Array(part).buffer };
  };
  return storage;
}

test("tracks are found wherever the index is", async () => {
  const expected = { pictures: ["hvc1"], sounds: ["ac-3", "mp4a"] };
  const first = storageOf(Buffer.concat([box("ftyp", "isom"), MOVIE, box("mdat", "\0".repeat(200_000))]));
  assert.deepEqual(await tracksOf("/film", first), expected);
  assert.equal(first.asked, 1);
  const last = storageOf(Buffer.concat([box("ftyp", "isom"), box("mdat", "\0".repeat(200_000)), MOVIE]));
  assert.deepEqual(await tracksOf("/film", last), expected);
  assert.equal(last.asked, 3);
  const matroska = Buffer.from("\x1aE\xdf\xa3....V_MPEG4/ISO/AVC...A_AC3...", "latin1");
  assert.deepEqual(await tracksOf("/film", storageOf(matroska)), { pictures: ["V_MPEG4"], sounds: ["A_AC3"] });
});

test("of what is not read here, broken or gone, nothing is known", async () => {
  for (const content of ["RIFF....AVI LIST", "", "\0\0\0\0moov", "\0\0\0\x10moov\0\0\xff\xfftrak".repeat(2)]) {
    const tracks = await tracksOf("/film", storageOf(Buffer.from(content, "latin1")));
    assert.ok(tracks === null || tracks.pictures.length + tracks.sounds.length === 0, content);
  }
  assert.equal(await tracksOf("/film", { fetch: async () => ({ status: 403 }) }), null);
});

test("missing is only what a browser says it cannot decode, and all of it", () => {
  const none = () => "";
  assert.equal(missingOf({ pictures: [], sounds: ["ac-3"] }, none).sound, "AC-3");
  assert.equal(missingOf({ pictures: [], sounds: ["ac-3"] }, () => "probably").sound, null);
  assert.deepEqual(missingOf({ pictures: [], sounds: ["ac-3", "mp4a"] }, none), { picture: null, sound: null });
  assert.deepEqual(missingOf({ pictures: [], sounds: [] }, none), { picture: null, sound: null });
});

test("what facts name and what files name is judged by one rule", () => {
  const asked = [];
  const canPlayType = (type) => {
    asked.push(type);
    return type.includes("hvc1.2") || type.includes("ac-3") ? "" : "probably";
  };
  const facts = tracksOfCodecs(["hvc1.2.4.L153.B0", "mp4a.40.2", "ac-3"]);
  assert.deepEqual(facts, { pictures: ["hvc1.2.4.L153.B0"], sounds: ["mp4a.40.2", "ac-3"] });
  assert.deepEqual(missingOf(facts, canPlayType), { picture: "HEVC (H.265)", sound: null });
  assert.deepEqual(missingOf({ pictures: ["V_MPEGH"], sounds: ["A_AC3"] }, canPlayType), { picture: null, sound: "AC-3" });
  assert.deepEqual(asked, ['video/mp4; codecs="hvc1.2.4.L153.B0"', 'video/mp4; codecs="hvc1.1.6.L93.B0"', 'audio/mp4; codecs="ac-3"']);
  // The codecs of every browser, and one that nobody knows.
  for (const codec of ["avc1.640028", "vp09.00.31.08", "vp8", "opus", "h264-of-another-kind"]) assert.deepEqual(missingOf(tracksOfCodecs([codec]), () => ""), { picture: null, sound: null });
});
