/** Hashes off the page's thread: `{id, part}` one part at once, `{id, file}` a file from its beginning to its end; `{id}` alone gives that up. */

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { digestOf } from "./part_digest.js";

const BLOCK = 4 * 2 ** 20;

const givenUp = new Set();

self.addEventListener("message", async ({ data: { id, part, file } }) => {
  if (!part && !file) {
    givenUp.add(id);
    return;
  }
  let digest = null;
  try {
    digest = part ? await digestOf(part) : await hashWhole(file, id);
  } catch {
    // It cannot be read: what that means, whoever asked knows.
  }
  self.postMessage({ id, digest });
});

/** In hexadecimal digits. (The browser's own hashing takes whole buffers only.) */
async function hashWhole(file, id) {
  const hash = sha256.create();
  for (let start = 0; start < file.size; start += BLOCK) {
    const block = await file.slice(start, start + BLOCK).arrayBuffer();
    if (givenUp.delete(id)) return null;
    hash.update(new Uint8Array(block));
  }
  return bytesToHex(hash.digest());
}
