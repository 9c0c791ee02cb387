import assert from "node:assert/strict";
import { test } from "node:test";

import { refusalOf } from "../../web/src/upload/files/accepting.js";

const TAKEN = { types: ["video/mp4", "video/x-matroska"], endings: [".mp4", ".mkv"] };

test("a video of a kind that is taken is not refused, by its ending or else by its type", () => {
  for (const file of [
    { name: "a.mp4", type: "video/mp4" },
    { name: "without ending", type: "video/mp4;codecs=avc1" },
    { name: "A.MKV", type: "" },
    { name: "a.mkv", type: "video/matroska" },
    { name: "a.mp4", type: "image/png" },
    { name: "a.mkv", type: "application/octet-stream" },
    { name: "f\u200f.mp4\u200f", type: "" },
    { name: "a.m\u202dkv\t \u2069", type: "" },
  ]) {
    assert.equal(refusalOf({ size: 1, ...file }, TAKEN), null, file.name);
  }
});

test("anything else is refused with the kinds that are taken", () => {
  for (const file of [
    { name: "notes.txt", type: "text/plain" },
    { name: "film.mp4.exe", type: "" },
    { name: "mp4", type: "" },
    { name: "a folder", type: "" },
    { name: "a.wmv", type: "video/x-ms-wmv" },
  ]) {
    assert.match(refusalOf({ size: 1, ...file }, TAKEN) ?? "", /MP4, MKV/, file.name);
  }
});

test("what macOS keeps beside a video is not taken for it", () => {
  assert.match(refusalOf({ name: "._a.mp4", type: "video/mp4", size: 4096 }, TAKEN), /macOS/);
  assert.equal(refusalOf({ name: "_.mp4", type: "video/mp4", size: 4096 }, TAKEN), null);
});

test("what is larger than a link takes is refused with the size that it does", () => {
  const limits = { ...TAKEN, mostBytes: 2_000_000, language: "en" };
  assert.match(refusalOf({ name: "a.mp4", type: "video/mp4", size: 2_000_001 }, limits), /2.0 MB/);
  assert.equal(refusalOf({ name: "a.mp4", type: "video/mp4", size: 2_000_000 }, limits), null);
});

test("an empty file is refused as that", () => {
  assert.match(refusalOf({ name: "a.mp4", type: "video/mp4", size: 0 }, TAKEN), /empty/);
});
