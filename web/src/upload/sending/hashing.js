/** SHA-256 of the parts of a file, as the storage compares them, and of the whole file; both beside the page, in workers. */

import { FILE_CHANGED, Failure } from "../../common/failures.js";
import { digestOf } from "./part_digest.js";
import { partRange } from "./plan.js";

// A part is read whole to be hashed: so large files as to have larger ones than 64 MiB are sent without.
const LARGEST_HASHED_FILE = 64 * 2 ** 20 * 10_000;

/** What an Upload needs to hash this file; nothing where it cannot be done: browsers offer it to pages from a safe origin only. */
export function hashingOf(file) {
  if (!globalThis.crypto?.subtle || file.size > LARGEST_HASHED_FILE) return {};
  return { checksumsOf: (chosen, plan) => new PartChecksums(chosen, plan), hashFile };
}

/** One worker for all files, started when it is first asked. */
class Hasher {
  #worker = null;
  #isBroken = false;
  #last = 0;
  #asked = new Map();

  /** The digest of `{part}` or `{file}`, null when that cannot be read, undefined when there is no worker to be had. */
  ask(what, signal) {
    const worker = this.#start();
    if (!worker) return Promise.resolve(undefined);
    if (signal?.aborted) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.#last += 1;
      const id = this.#last;
      const giveUp = () => {
        this.#answer(id, null);
        worker.postMessage({ id });
      };
      signal?.addEventListener("abort", giveUp, { once: true });
      this.#asked.set(id, (digest) => {
        signal?.removeEventListener("abort", giveUp);
        resolve(digest);
      });
      worker.postMessage({ id, ...what });
    });
  }

  #start() {
    if (this.#worker || this.#isBroken) return this.#worker;
    try {
      this.#worker = new Worker(new URL("hash_worker.js", import.meta.url), { type: "module" });
    } catch {
      this.#isBroken = true;
      return null;
    }
    this.#worker.addEventListener("message", ({ data: { id, digest } }) => this.#answer(id, digest));
    this.#worker.addEventListener("error", () => {
      this.#isBroken = true;
      this.#worker = null;
      for (const id of [...this.#asked.keys()]) this.#answer(id, undefined);
    });
    return this.#worker;
  }

  #answer(id, digest) {
    this.#asked.get(id)?.(digest);
    this.#asked.delete(id);
  }
}

// Two: a part is waited for by whoever sends it, and must not wait behind a whole file.
const partHasher = new Hasher();
const fileHasher = new Hasher();

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
    if (!this.#known.has(number)) {
      const computed = this.#compute(number);
      this.#known.set(number, computed);
      computed.catch(() => this.#known.delete(number));
    }
    return this.#known.get(number);
  }

  /** S3's composite checksum of the parts: the SHA-256 of their digests one after the other, in base64, and their number. */
  async composite() {
    const digests = [];
    for (let number = 1; number <= this.#plan.partCount; number += 1) digests.push(bytesOf(await this.of(number)));
    return `${await digestOf(new Blob(digests))}-${this.#plan.partCount}`;
  }

  /** Reads the part once more; whether it is still what it was. */
  async isStill(number) {
    return (await this.of(number)) === (await this.#compute(number));
  }

  async #compute(number) {
    const { start, end } = partRange(this.#plan, number);
    const part = this.#file.slice(start, end);
    let digest = await partHasher.ask({ part });
    // Where there are no workers the page does it.
    if (digest === undefined) digest = await digestOf(part).catch(() => null);
    if (digest === null) throw new Failure(FILE_CHANGED);
    return digest;
  }
}

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** The SHA-256 of the whole file in hexadecimal digits; null when it cannot be had: it is shown, and nothing depends on it. */
async function hashFile(file, signal) {
  return (await fileHasher.ask({ file }, signal)) ?? null;
}
