import assert from "node:assert/strict";
import { test } from "node:test";

import { Failure, OFFLINE } from "../../web/src/common/failures.js";
import { Saver } from "../../web/src/upload/rows/saver.js";
import { FakeClock } from "./fake_clock.mjs";

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** What a row's fields do, told in `said`; `isOnline` is whether the server hears them. */
function fields(name, said, line) {
  return {
    async save() {
      if (!line.isOnline) throw new Failure(OFFLINE);
      said.push(`${name} saved`);
    },
    delayed() {
      if (!line.isOnline) said.push(`${name} not yet`);
    },
  };
}

test("what is typed is saved once it rests, and lost with the page only until then", async () => {
  const clock = new FakeClock();
  const saver = new Saver({ clock });
  const said = [];
  const title = fields("title", said, { isOnline: true });
  for (let key = 0; key < 5; key += 1) {
    saver.soon(title);
    clock.advance(300);
  }
  await settled();
  assert.deepEqual([said, saver.isBusy], [[], true]);
  clock.advance(700);
  await settled();
  assert.deepEqual([said, saver.isBusy], [["title saved"], false]);
});

test("offline it is kept, said, and saved when the line is back, each row in its turn", async () => {
  const saver = new Saver({ clock: new FakeClock() });
  const [said, line] = [[], { isOnline: false }];
  saver.now(fields("first", said, line));
  saver.now(fields("second", said, line));
  await settled();
  assert.deepEqual([said, saver.isBusy], [["first not yet"], true]);
  line.isOnline = true;
  saver.wake();
  await settled();
  assert.deepEqual([said, saver.isBusy], [["first not yet", "first saved", "second saved"], false]);
});
