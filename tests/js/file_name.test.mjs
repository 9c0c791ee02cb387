import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { titleFromFileName } from "../../web/src/upload/files/file_name.js";

// The command line and the Uppy dialect are held to the same ones (tests/unit/test_text.py).
const TITLES = JSON.parse(readFileSync(new URL("../data/file_titles.json", import.meta.url), "utf8"));

for (const [name, title] of Object.entries(TITLES)) {
  test(`${JSON.stringify(name)} becomes ${JSON.stringify(title)}`, () => assert.equal(titleFromFileName(name), title));
}

test("a long name is cut between characters, never inside one", () => {
  assert.equal(titleFromFileName(`${"🎬".repeat(300)}.mp4`, 200), "🎬".repeat(200));
});
