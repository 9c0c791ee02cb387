import assert from "node:assert/strict";
import { test } from "node:test";

import { bytesIn, missingParts, partRange, planOf } from "../../web/src/upload/sending/plan.js";

const plan = planOf({ size: 2500, part_size: 1000, part_count: 3 });

test("parts lie end to end, and the last one ends with the file", () => {
  assert.deepEqual([1, 2, 3].map((number) => partRange(plan, number)), [
    { start: 0, end: 1000 },
    { start: 1000, end: 2000 },
    { start: 2000, end: 2500 },
  ]);
});

test("received parts are not sent again", () => {
  assert.deepEqual(missingParts(plan), [1, 2, 3]);
  assert.deepEqual(missingParts(plan, [{ part_number: 2, size: 1000 }, { part_number: 3, size: 500 }]), [1]);
});

test("a received part of another size than planned is sent again", () => {
  assert.deepEqual(missingParts(plan, [{ part_number: 1, size: 999 }, { part_number: 3, size: 1000 }]), [1, 2, 3]);
});

test("bytes are counted with the short last part", () => {
  assert.equal(bytesIn(plan, [1, 3]), 1500);
  assert.equal(bytesIn(plan, missingParts(plan)), plan.size);
});
