/** One upload from the chosen file to the stored video: its states, its progress, its events. Knows no page. */

import { sleep, systemClock } from "../../common/clock.js";
import { FILE_CHANGED, Failure, OTHER_FILE } from "../../common/failures.js";
import { UploadApi } from "../../common/uploads_api.js";
import { Gate } from "./gate.js";
import { Pace } from "./pace.js";
import { bytesIn, missingParts, partLength, planOf } from "./plan.js";
import { Progress } from "./progress.js";
import { isReadable, sendParts } from "./send_parts.js";

// If the server misses parts this often after we sent them, sending them once more will not help.
const MOST_ROUNDS = 5;
const SETTLE_MS = 2_000;
const REMOVE_TRIES = 3;

/**
 * States: ready → creating, or comparing when it goes on from elsewhere, → sending ⇄ paused, sending → checking → done, or failed (which `start` goes on from), or
 * cancelled.
 * Events: `statechange` (state or trouble), `partuploaded` (detail: part number), `uploadcreated`.
 */
export class Upload extends EventTarget {
  #file;
  #api;
  #clock;
  #put;
  #gate;
  #abort = new AbortController();
  #pause = new AbortController();
  #idempotencyKey = null;
  #creating = null;
  #checksumsOf;
  #checksums = null;
  #hashFile;
  #sha256 = null;
  #isProven;
  #pace;
  #progress;

  /**
   * `record` is the server's upload, for going on with one that exists: what the storage holds of it is not sent again.
   * `checksumsOf(file, plan)` makes the PartChecksums with which parts are sent, and by which a file is known again;
   * `hashFile(file, signal)` resolves to the whole file's SHA-256 or null. Without the two nothing is hashed.
   * `pace` is shared by all that use the line.
   */
  constructor({ file, record = null, checksumsOf = null, hashFile = async () => null, api = new UploadApi(), clock = systemClock, pace = new Pace({ clock }), random, put }) {
    super();
    this.#checksumsOf = checksumsOf;
    this.#hashFile = hashFile;
    this.#isProven = record === null;
    this.#file = file;
    this.#api = api;
    this.#clock = clock;
    this.#put = put;
    this.#pace = pace;
    this.#progress = new Progress({ totalBytes: file.size, pace, clock });
    this.#gate = new Gate({ clock, random, onChange: () => this.#troubleChanged() });
    this.record = record;
    this.state = "ready";
    /** Why it failed. */
    this.failure = null;
    /** Why the server would not discard it, in its words; null where it did, or has not answered. */
    this.keptBecause = null;
    /** Whether somebody else has completed it, or is about to. */
    this.isElsewhere = false;
  }

  get signal() {
    return this.#abort.signal;
  }

  /** What it waits for, `{failure, until, isTrying}` as the gate has it, or null. */
  get trouble() {
    return this.isUnderWay && this.state !== "paused" ? this.#gate.trouble : null;
  }

  /** From the first request until it is stored, has failed or was cancelled. */
  get isUnderWay() {
    return ["creating", "comparing", "sending", "paused", "checking"].includes(this.state);
  }

  /** As Progress gives it. */
  get progress() {
    return this.#progress.now({ isSending: this.state === "sending" });
  }

  /** Does the whole of it, or what is left. Never rejects: how it ended is in `state` and `failure`. */
  async start(fields) {
    this.failure = null;
    try {
      let received = [];
      if (this.record) {
        this.#setState(this.#isProven ? "sending" : "comparing");
        this.record = await this.#ask(() => this.#api.read(this.record.id, this.signal));
        received = this.record.received ?? [];
      } else {
        this.#setState("creating");
        // It may have gone while it waited for its turn.
        if (!(await isReadable(this.#file))) throw new Failure(FILE_CHANGED);
        this.record = await this.#create({ ...fields, ...(this.#checksumsOf && { part_checksums: "sha256" }) });
        this.#isProven = true;
        this.dispatchEvent(new Event("uploadcreated"));
      }
      if (this.record.state === "uploading") {
        this.signal.throwIfAborted();
        const plan = planOf(this.record);
        if (this.record.part_checksums) this.#checksums ??= this.#checksumsOf?.(this.#file, plan) ?? null;
        if (!this.#isProven) received = await this.#prove(plan, received);
        this.#sha256 ??= this.#hashFile(this.#file, this.signal);
        const numbers = missingParts(plan, received);
        await this.#send(plan, numbers);
        await this.#complete(plan);
      } else {
        await this.#settleElsewhere();
      }
      this.#setState("done");
    } catch (failure) {
      if (this.signal.aborted) return;
      try {
        // Another tab may have completed or discarded it meanwhile, with this file or with another one.
        if (failure.code !== "upload-not-open") throw failure;
        await this.#settleElsewhere();
        this.#setState("done");
      } catch (reason) {
        if (this.signal.aborted) return;
        this.#fail(reason);
      }
    }
  }

  #fail(failure) {
    if (failure.code === "part-differs" || failure.code === "file-differs") failure = new Failure(OTHER_FILE, failure);
    this.failure = failure instanceof Failure ? failure : new Failure("fault", { detail: String(failure) });
    this.#setState("failed");
  }

  /** Ends a wait at once. */
  tryNow() {
    this.#gate.open();
  }

  /** Frees the line at once; parts that were under way are sent anew when it goes on. */
  pause() {
    if (this.state !== "sending") return;
    this.#setState("paused");
    this.#pause.abort();
    this.#progress.dropHalfway();
  }

  resume() {
    if (this.state !== "paused") return;
    this.#setState("sending");
    this.#pause = new AbortController();
    this.#gate.open();
    this.dispatchEvent(new Event("resumed"));
  }

  /** Stops here; what has arrived stays where it is. */
  leave() {
    this.#setState("cancelled");
    this.#abort.abort();
  }

  /** Stops, and has the server discard what has arrived. Resolves to whether the server said it did. */
  async cancel() {
    this.leave();
    // The answer that would have told us the id may still be on its way.
    const record = this.record ?? (await this.#creating?.catch(() => null));
    if (!record) return true;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#api.remove(record.id);
        return true;
      } catch (failure) {
        if (!failure.isPassing) this.keptBecause = failure.detail;
        if (attempt === REMOVE_TRIES || !failure.isPassing) return false;
        await sleep(this.#clock, 1000 * attempt);
      }
    }
  }

  /** The received parts of which it is certain that they are this file's. Rejects when one of them is another's. */
  async #prove(plan, received) {
    if (plan.size !== this.#file.size) throw new Failure(OTHER_FILE);
    // Where nothing can be hashed, name and size must do.
    if (this.#checksumsOf) {
      const known = received.filter(({ checksum }) => checksum && this.#checksums);
      for (const { part_number: number, checksum, size } of known) {
        this.signal.throwIfAborted();
        if ((await this.#checksums.of(number)) !== checksum) throw new Failure(OTHER_FILE);
        this.#progress.stored(size);
      }
      received = known;
    }
    this.#isProven = true;
    return received;
  }

  #create(fields) {
    const body = JSON.stringify(fields);
    // One key for one set of values: after a correction it is another request.
    if (this.#idempotencyKey?.body !== body) this.#idempotencyKey = { body, value: crypto.randomUUID() };
    const key = this.#idempotencyKey.value;
    return this.#ask(() => {
      // Not abortable: a request cut off may have made an upload that nobody knows of.
      this.#creating = this.#api.create(fields, key);
      return this.#creating;
    });
  }

  async #send(plan, numbers) {
    this.#setState("sending");
    const left = new Set(numbers);
    for (;;) {
      const pause = this.#pause.signal;
      try {
        await this.#sendUntil(pause, plan, left);
        return;
      } catch (failure) {
        if (this.signal.aborted || !pause.aborted) throw failure;
      }
      await this.#resumed();
    }
  }

  /** Sends what is in `left`, taking out what has arrived. */
  async #sendUntil(pause, plan, left) {
    const numbers = [...left];
    this.#progress.begin({ safeBytes: plan.size - bytesIn(plan, numbers), partSize: plan.partSize });
    await sendParts({
      file: this.#file,
      plan,
      numbers,
      gate: this.#gate,
      signal: AbortSignal.any([this.signal, pause]),
      clock: this.#clock,
      askUrls: (wanted, signal, checksums) => this.#api.partUrls(this.record.id, wanted, signal, checksums),
      checksums: this.#checksums,
      ...(this.#put && { put: this.#put }),
      sendWindow: this.#pace.sendWindow,
      turn: (signal) => this.#turn(signal),
      mostAtOnce: () => (this.#pace.rate === null ? Infinity : 1),
      onProgress: (step) => {
        this.#progress.moved(step);
        this.#gate.moved(step.moved);
        this.#pace.moved(step.moved);
      },
      onPart: (number) => {
        left.delete(number);
        this.#progress.stored(partLength(plan, number), number);
        this.dispatchEvent(new CustomEvent("partuploaded", { detail: number }));
      },
    });
  }

  async #turn(signal) {
    if (this.#pace.isAhead) await this.#progress.held(() => this.#pace.wait(signal));
  }

  /** Resolves when it goes on; rejects when it is cancelled. */
  #resumed() {
    return new Promise((resolve, reject) => {
      if (this.state !== "paused") {
        resolve();
        return;
      }
      this.addEventListener("resumed", resolve, { once: true });
      this.signal.addEventListener("abort", () => reject(this.signal.reason), { once: true });
    });
  }

  async #complete(plan) {
    for (let round = 1; ; round += 1) {
      try {
        // What is left unread now is read by the server instead.
        await this.#settle(await this.#checksums?.composite().catch(() => null));
        return;
      } catch (failure) {
        const numbers = (failure.missing ?? []).filter((number) => number >= 1 && number <= plan.partCount);
        if (numbers.length === 0 || round === MOST_ROUNDS) throw failure;
        await this.#refuseAnother(numbers);
        // The storage tells in whole seconds which of two copies is the newer one.
        if (failure.code === "part-ambiguous") await sleep(this.#clock, SETTLE_MS, this.signal);
        await this.#send(plan, numbers);
      }
    }
  }

  /**
   * Rejects when the storage holds another content for one of these parts. Of which it does not say whose it is, is sent
   * again: the server knows this file's SHA-256 by now, and compares before anything is ready.
   */
  async #refuseAnother(numbers) {
    if (!this.#checksums) return;
    const { received } = await this.#ask(() => this.#api.read(this.record.id, this.signal));
    for (const { part_number: number, checksum } of received ?? []) {
      if (checksum && numbers.includes(number) && (await this.#checksums.of(number)) !== checksum) throw new Failure(OTHER_FILE);
    }
  }

  /** Believes that what somebody else has completed is this file only after the server has compared. */
  async #settleElsewhere() {
    this.isElsewhere = true;
    this.#sha256 ??= this.#hashFile(this.#file, this.signal);
    // Nothing can be compared where nothing can be hashed.
    if (!(await this.#sha256)) throw new Failure(OTHER_FILE);
    await this.#settle();
  }

  /** `composite` proves that the parts which the storage holds are this file's. */
  async #settle(composite) {
    this.#setState("checking");
    const sha256 = await this.#sha256;
    this.signal.throwIfAborted();
    for (;;) {
      const answer = await this.#ask(() => this.#api.complete(this.record.id, this.signal, { sha256, composite }));
      if (answer.isSettled) {
        // Whatever stands there besides was not computed here.
        this.record = { ...this.record, ...answer.upload, sha256 };
        return;
      }
      await sleep(this.#clock, answer.retryAfterMs ?? SETTLE_MS, this.signal);
    }
  }

  #ask(operation) {
    return this.#gate.persist("api", operation, this.signal);
  }

  #setState(state) {
    if (this.state === state || this.state === "cancelled") return;
    this.state = state;
    this.dispatchEvent(new Event("statechange"));
  }

  #troubleChanged() {
    // The silence is no property of the line.
    if (this.#gate.trouble?.isTrying) this.#progress.restart();
    this.dispatchEvent(new Event("statechange"));
  }
}
