/** Sends the parts of a file: several at once, each until the storage has it. */

import { systemClock } from "../common/clock.js";
import { SendWindow } from "./concurrency.js";
import { BUSY, EXPIRED, FILE_CHANGED, Failure, OFFLINE, REFUSED, STALLED } from "./failures.js";
import { PartUrls } from "./part_urls.js";
import { partLength, partRange } from "./plan.js";
import { putPart } from "./put_part.js";

// A part that is refused this often with fresh URLs will not be taken: say so instead of trying for ever.
const MOST_REFUSALS = 8;
const STALL_MS = 30_000;

/**
 * Resolves when every part in `numbers` is stored; rejects at the first failure that waiting cannot mend.
 * `askUrls(numbers, signal)` makes one attempt to get part URLs. `onProgress({number, sent, moved})` says how much of a
 * part is handed over and how many bytes left since the last call; `onPart(number)` that the storage has it.
 */
export async function sendParts({
  file,
  plan,
  numbers,
  askUrls,
  gate,
  signal,
  put = putPart,
  sendWindow = new SendWindow(),
  clock = systemClock,
  onProgress = () => {},
  onPart = () => {},
}) {
  const fault = new AbortController();
  const stop = signal ? AbortSignal.any([signal, fault.signal]) : fault.signal;
  const urls = new PartUrls({ ask: (wanted) => gate.persist("api", () => askUrls(wanted, stop), stop), clock });
  const queue = [...numbers];
  const running = new Map();
  const tries = new Map();

  async function send(number) {
    await gate.pass(stop);
    const { url, headers } = await urls.take(number, [...running.keys(), ...queue]);
    const { start, end } = partRange(plan, number);
    const blob = file.slice(start, end);
    const history = tries.get(number) ?? { stalls: 0, refusals: 0 };
    tries.set(number, history);
    const startedAt = clock.now();
    let sent = 0;
    const report = (now) => {
      onProgress({ number, sent: now, moved: Math.max(0, now - sent) });
      sent = now;
    };
    // A line so slow that a part stalls is given longer each time, else it could never end.
    const stallMs = STALL_MS * 2 ** Math.min(history.stalls, 3);
    try {
      await gate.once("storage", () => attempt({ url, headers, blob, stallMs, onProgress: report }, history), stop);
    } catch (failure) {
      if (stop.aborted) throw failure;
      report(0);
      // An URL that grew old says nothing about the line.
      if (failure.kind !== EXPIRED) sendWindow.failed({ startedAt, now: clock.now() });
      if (failure.kind === STALLED) history.stalls += 1;
      if (failure.status >= 400) urls.forget(number);
      if (!failure.isPassing && failure.kind !== EXPIRED) throw failure;
      queue.unshift(number);
      return;
    }
    sendWindow.succeeded();
    report(partLength(plan, number));
    onPart(number);
  }

  async function attempt(request, history) {
    try {
      await put({ ...request, signal: stop, clock });
    } catch (failure) {
      if (stop.aborted || !(failure instanceof Failure)) throw failure;
      if (failure.kind === OFFLINE && !(await isReadable(request.blob))) throw new Failure(FILE_CHANGED);
      if (failure.kind !== EXPIRED && failure.kind !== REFUSED) throw failure;
      history.refusals += 1;
      if (history.refusals >= MOST_REFUSALS) throw new Failure(REFUSED, failure);
      // The first 403 is most likely age, and a fresh URL mends it at once; what comes after is worth a wait.
      throw history.refusals === 1 && failure.kind === EXPIRED ? failure : new Failure(BUSY, failure);
    }
  }

  try {
    while (queue.length > 0 || running.size > 0) {
      while (queue.length > 0 && running.size < sendWindow.limit) {
        const number = queue.shift();
        running.set(
          number,
          send(number).finally(() => running.delete(number)),
        );
      }
      await Promise.race(running.values());
    }
  } catch (failure) {
    fault.abort(failure);
    await Promise.allSettled(running.values());
    throw failure;
  }
}

/** A file that was changed, moved or unplugged makes a request fail as if the network had: look before waiting for that. */
async function isReadable(blob) {
  try {
    await blob.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}
