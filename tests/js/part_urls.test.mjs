import assert from "node:assert/strict";
import { test } from "node:test";

import { PartUrls } from "../../web/src/upload/sending/part_urls.js";
import { FakeClock, settled } from "./fake_clock.mjs";

function newUrls({ lifeMs = 900_000, fails = () => false } = {}) {
  const clock = new FakeClock();
  const asked = [];
  const urls = new PartUrls({
    clock,
    async ask(numbers) {
      asked.push(numbers);
      if (fails(asked.length)) throw new Error("no");
      const generation = asked.length;
      return { urls: Object.fromEntries(numbers.map((number) => [number, `${number}@${generation}`])), headers: { a: "b" }, lifeMs };
    },
  });
  return { clock, asked, urls };
}

const range = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

test("one call brings a batch, and the next is asked for before it is needed", async () => {
  const { asked, urls } = newUrls();
  assert.deepEqual((await urls.take(1, range(2, 200))).url, "1@1");
  assert.deepEqual(asked, [range(1, 16)]);
  for (let number = 2; number <= 9; number += 1) await urls.take(number, range(number + 1, 200));
  await settled();
  assert.deepEqual(asked.length, 2);
  assert.deepEqual(asked[1], range(17, 48));
});

test("parts that ask at once share a call", async () => {
  const { asked, urls } = newUrls();
  const taken = await Promise.all([urls.take(1, range(5, 9)), urls.take(2, range(5, 9)), urls.take(5, range(6, 9))]);
  assert.deepEqual(taken.map(({ url }) => url.split("@")[0]), ["1", "2", "5"]);
  assert.ok(asked.length <= 2);
});

test("batches grow to what one call may ask for, and no further", async () => {
  const { asked, urls } = newUrls();
  for (let number = 1; number <= 900; number += 1) await urls.take(number, range(number + 1, 1000));
  await settled();
  assert.ok(asked.every((numbers) => numbers.length <= 100));
  assert.equal(asked.at(-1).length, 100);
});

test("a URL is not used in the last tenth of its life", async () => {
  const { clock, urls } = newUrls({ lifeMs: 900_000 });
  assert.equal((await urls.take(1, [])).url, "1@1");
  clock.advance(809_000);
  assert.equal((await urls.take(1, [])).url, "1@1");
  clock.advance(2_000);
  assert.equal((await urls.take(1, [])).url, "1@2");
});

test("a forgotten URL is asked for again", async () => {
  const { urls } = newUrls();
  await urls.take(1, [2]);
  urls.forget(1);
  assert.equal((await urls.take(1, [2])).url, "1@2");
});

test("a URL that is dead on arrival is handed out rather than asked for for ever", async () => {
  const { asked, urls } = newUrls({ lifeMs: 0 });
  assert.equal((await urls.take(1, [])).url, "1@1");
  assert.equal(asked.length, 1);
});

test("a failed call reaches who needs it, and a failed call ahead of need nobody", async () => {
  const { urls } = newUrls({ fails: (call) => call === 2 });
  await urls.take(1, range(2, 16));
  await urls.take(9, range(10, 40));
  await settled();
  assert.equal((await urls.take(17, [])).url, "17@3");
  const broken = newUrls({ fails: () => true });
  await assert.rejects(broken.urls.take(1, []), { message: "no" });
});

test("a number among those beside it is asked for once", async () => {
  const asked = [];
  const urls = new PartUrls({
    ask: async (numbers) => {
      asked.push(numbers);
      return { urls: Object.fromEntries(numbers.map((number) => [number, `u${number}`])), headers: {}, lifeMs: 900_000 };
    },
    clock: new FakeClock(),
  });
  await urls.take(2, [1, 2, 3]);
  assert.deepEqual(asked[0].toSorted(), [1, 2, 3]);
});
