/** Hashes one file from its beginning to its end, off the page's thread. (The browser's own hashing takes whole buffers only.) */

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

const BLOCK = 4 * 2 ** 20;

self.addEventListener("message", async ({ data: file }) => {
  const hash = sha256.create();
  try {
    for (let start = 0; start < file.size; start += BLOCK) {
      hash.update(new Uint8Array(await file.slice(start, start + BLOCK).arrayBuffer()));
    }
  } catch {
    // Whoever sends the file meets the same, and says so.
    self.postMessage({ sha256: null });
    return;
  }
  self.postMessage({ sha256: bytesToHex(hash.digest()) });
});
