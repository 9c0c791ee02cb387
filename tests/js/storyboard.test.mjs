import assert from "node:assert/strict";
import { test } from "node:test";

import { isIndex, tileAt } from "../../web/src/player/storyboard.js";

const INDEX = { interval_ms: 2000, tiles: 205, columns: 10, rows: 10, width: 160, height: 90, sprites: ["a.webp", "b.webp", "c.webp"] };
const URLS = { "a.webp": "/a", "b.webp": "/b", "c.webp": "/c" };

test("each moment has its tile, row by row and sprite by sprite", () => {
  assert.deepEqual(tileAt(INDEX, 0), { sprite: "a.webp", x: 0, y: 0 });
  assert.deepEqual(tileAt(INDEX, 1.999), { sprite: "a.webp", x: 0, y: 0 });
  assert.deepEqual(tileAt(INDEX, 2), { sprite: "a.webp", x: 160, y: 0 });
  assert.deepEqual(tileAt(INDEX, 21), { sprite: "a.webp", x: 0, y: 90 });
  assert.deepEqual(tileAt(INDEX, 199.9), { sprite: "a.webp", x: 1440, y: 810 });
  assert.deepEqual(tileAt(INDEX, 200), { sprite: "b.webp", x: 0, y: 0 });
  // The player may find the video longer than it was when the pictures were taken.
  assert.deepEqual(tileAt(INDEX, 9999), { sprite: "c.webp", x: 640, y: 0 });
  assert.deepEqual(tileAt(INDEX, -1), { sprite: "a.webp", x: 0, y: 0 });
});

test("what is no index, or names sprites that are not there, is not used", () => {
  assert.ok(isIndex(INDEX, URLS));
  for (const wrong of [null, {}, { ...INDEX, interval_ms: 0 }, { ...INDEX, width: "160" }, { ...INDEX, sprites: ["a.webp"] }, { ...INDEX, sprites: "abc" }]) assert.ok(!isIndex(wrong, URLS));
  assert.ok(!isIndex(INDEX, { "a.webp": "/a" }));
});
