import assert from "node:assert/strict";
import { test } from "node:test";

import { titleFromFileName } from "../../web/src/upload/files/file_name.js";

const TITLES = {
  "ocean.mp4": "ocean",
  "My_Holiday.2026-final.MP4": "My Holiday 2026-final",
  "the.long.way.home.mkv": "the long way home",
  "Release v1.2 at 10.30.webm": "Release v1.2 at 10.30",
  "__trailer__.mov": "trailer",
  ".mp4": "mp4",
  "no ending": "no ending",
  "u\u0308bung.mp4": "übung",
  "a\u202Egpj.mp4": "agpj",
  "tab\there.mp4": "tabhere",
  "f\u200f.mp4\u200f": "f",
  "  .mp4": "",
};

for (const [name, title] of Object.entries(TITLES)) {
  test(`${JSON.stringify(name)} becomes ${JSON.stringify(title)}`, () => assert.equal(titleFromFileName(name), title));
}

test("a long name is cut between characters, never inside one", () => {
  assert.equal(titleFromFileName(`${"🎬".repeat(300)}.mp4`, 200), "🎬".repeat(200));
});
