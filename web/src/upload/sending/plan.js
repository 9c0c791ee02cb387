/** Which bytes each part holds and which parts are still to be sent. The server chose the sizes; this only does the sums. */

/** The plan in an upload as upload_svc describes it. */
export function planOf({ size, part_size, part_count }) {
  return { size, partSize: part_size, partCount: part_count };
}

/** Where part `number` (from 1) lies in the file: `start` inclusive, `end` exclusive. */
export function partRange(plan, number) {
  const start = (number - 1) * plan.partSize;
  return { start, end: Math.min(plan.size, start + plan.partSize) };
}

export function partLength(plan, number) {
  const { start, end } = partRange(plan, number);
  return end - start;
}

/** Part numbers still to be sent, ascending. A received part of another size than planned does not count. */
export function missingParts(plan, received = []) {
  const held = new Set(
    received.filter(({ part_number, size }) => size === partLength(plan, part_number)).map((part) => part.part_number),
  );
  const numbers = [];
  for (let number = 1; number <= plan.partCount; number += 1) {
    if (!held.has(number)) numbers.push(number);
  }
  return numbers;
}

/** How many bytes these parts hold together. */
export function bytesIn(plan, numbers) {
  return numbers.reduce((sum, number) => sum + partLength(plan, number), 0);
}
