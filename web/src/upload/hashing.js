/** SHA-256 of the parts of a file, as the storage compares them, and of the whole file. */

import { FILE_CHANGED, Failure } from "./failures.js";
import { partRange } from "./plan.js";

// A part is read whole to be hashed: so large files as to have larger ones than 64 MiB are sent without.
const LARGEST_HASHED_FILE = 64 * 2 ** 20 * 10_000;

/** Whether parts of this file can be hashed here: browsers offer it to pages from a safe origin only. */
export function canHash(file) {
  return Boolean(globalThis.crypto?.subtle) && file.size <= LARGEST_HASHED_FILE;
}

/** The checksums of a file's parts, in base64, each computed once. */
export class PartChecksums {
  #file;
  #plan;
  #known = new Map();

  constructor(file, plan) {
    this.#file = file;
    this.#plan = plan;
  }

  /** Rejects with FILE_CHANGED when the file cannot be read as it was when it was chosen. */
  of(number) {
    if (!this.#known.has(number)) this.#known.set(number, this.#compute(number));
    return this.#known.get(number);
  }

  /** Reads the part once more; whether it is still what it was. */
  async isStill(number) {
    return (await this.of(number)) === (await this.#compute(number));
  }

  async #compute(number) {
    const { start, end } = partRange(this.#plan, number);
    let content;
    try {
      content = await this.#file.slice(start, end).arrayBuffer();
    } catch {
      throw new Failure(FILE_CHANGED);
    }
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
    return btoa(String.fromCharCode(...digest));
  }
}

/**
 * The SHA-256 of the whole file in hexadecimal digits, computed beside the page; null when it cannot be: it is shown, and
 * nothing depends on it.
 */
export function hashFile(file, signal, newWorker = defaultWorker) {
  return new Promise((resolve) => {
    let worker;
    try {
      worker = newWorker();
    } catch {
      resolve(null);
      return;
    }
    const end = (sha256) => {
      worker.terminate();
      resolve(sha256);
    };
    worker.addEventListener("message", ({ data }) => end(data.sha256));
    worker.addEventListener("error", () => end(null));
    signal?.addEventListener("abort", () => end(null), { once: true });
    worker.postMessage(file);
  });
}

function defaultWorker() {
  return new Worker(new URL("hash_worker.js", import.meta.url), { type: "module" });
}
