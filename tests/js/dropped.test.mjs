import assert from "node:assert/strict";
import { test } from "node:test";

import { filesIn } from "../../web/src/upload/files/dropped.js";

const file = (name) => ({ name });
const fileEntry = (name) => ({ name, isDirectory: false, file: (resolve) => resolve(file(name)) });
const unreadable = (name) => ({ name, isDirectory: false, file: (_, reject) => reject(new Error("gone")) });

/** A folder that gives its entries two at a time, as browsers give a hundred. */
function folderEntry(name, children) {
  return {
    name,
    isDirectory: true,
    createReader() {
      const left = [...children];
      return { readEntries: (resolve) => resolve(left.splice(0, 2)) };
    },
  };
}

const dropped = (entries) => ({
  items: entries.map((entry) => ({ webkitGetAsEntry: () => entry })),
  files: entries.map(({ name }) => file(name)),
});
const names = (files) => files.map(({ name }) => name);

test("files are files", async () => {
  const { files, found } = await filesIn(dropped([fileEntry("b.mp4"), fileEntry("a.txt")]));
  assert.deepEqual([names(files), found], [["b.mp4", "a.txt"], []]);
});

test("a folder gives all that is in it, in order, but what is hidden or cannot be read", async () => {
  const inner = folderEntry("2", [fileEntry("z.mp4"), fileEntry(".hidden.mp4")]);
  const folder = folderEntry("holiday", [fileEntry("9.mp4"), inner, fileEntry("10.mp4"), unreadable("1.mp4"), fileEntry("a.txt")]);
  const { files, found } = await filesIn(dropped([folder, fileEntry("beside.mp4"), folderEntry("empty", [])]));
  assert.deepEqual(names(files), ["beside.mp4"]);
  assert.deepEqual(names(found).sort(), ["10.mp4", "9.mp4", "a.txt", "z.mp4"].sort());
  assert.ok(names(found).indexOf("z.mp4") >= 0);
});

test("where the browser does not tell folders, there are files", async () => {
  const data = { items: [{}], files: [file("a.mp4")] };
  assert.deepEqual(names((await filesIn(data)).files), ["a.mp4"]);
});
