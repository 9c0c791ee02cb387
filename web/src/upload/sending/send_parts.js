/** Sends the parts of a file: several at once, each until the storage has it. */

import { systemClock } from "../../common/clock.js";
import { BUSY, EXPIRED, FILE_CHANGED, Failure, OFFLINE, REFUSED, STALLED } from "../../common/failures.js";
import { HASHED, PartUrls } from "./part_urls.js";
import { partLength, partRange } from "./plan.js";
import { putPart } from "./put_part.js";
import { SendWindow } from "./send_window.js";

// A part that is refused this often with fresh URLs will not be accepted: say so instead of retrying forever.
const MOST_REFUSALS = 8;
const STALL_MS = 30_000;
// What S3 says of a part whose content has not the checksum that its URL was signed with.
const BAD_DIGEST = "BadDigest";

/**
 * Resolves when every part in `numbers` is stored; rejects at the first failure that waiting cannot mend.
 * `askUrls(numbers, signal, checksums)` makes one attempt to get part URLs; `checksums` (a PartChecksums) are computed for
 * them where that is given. `onProgress({number, sent, moved})` says how much of a
 * part is handed over and how many bytes left since the last call; `onPart(number)` that the storage has it.
 * `turn(signal)` resolves when one more may begin, and `mostAtOnce()` bounds how many are under way.
 */
export async function sendParts({
  file,
  plan,
  numbers,
  askUrls,
  checksums = null,
  gate,
  signal,
  put = putPart,
  sendWindow = new SendWindow(),
  clock = systemClock,
  turn = async () => {},
  mostAtOnce = () => Infinity,
  onProgress = () => {},
  onPart = () => {},
}) {
  const fault = new AbortController();
  const stop = signal ? AbortSignal.any([signal, fault.signal]) : fault.signal;
  const urls = new PartUrls({ ask, clock, ...(checksums && { sizes: HASHED }) });
  const queue = [...numbers];
  const running = new Map();
  const tries = new Map();

  async function ask(wanted) {
    const sums = checksums ? await inTurn(wanted, (number) => checksums.of(number)) : undefined;
    return gate.persist("api", () => askUrls(wanted, stop, sums), stop);
  }

  async function send(number) {
    await turn(stop);
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
      await gate.once("storage", () => attempt(number, { url, headers, blob, stallMs, onProgress: report }, history), stop);
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
    sendWindow.succeeded({ startedAt, now: clock.now() });
    report(partLength(plan, number));
    onPart(number);
  }

  async function attempt(number, request, history) {
    try {
      await put({ ...request, signal: stop, clock });
    } catch (failure) {
      if (stop.aborted || !(failure instanceof Failure)) throw failure;
      if (failure.kind === OFFLINE && !(await isReadable(request.blob))) throw new Failure(FILE_CHANGED);
      if (failure.kind !== EXPIRED && failure.kind !== REFUSED) throw failure;
      // Damaged on the way, and sent again; or not what it was when it was hashed.
      if (failure.code === BAD_DIGEST && checksums && !(await checksums.isStill(number))) throw new Failure(FILE_CHANGED);
      history.refusals += 1;
      if (history.refusals >= MOST_REFUSALS) throw new Failure(REFUSED, failure);
      // The first 403 is most likely age, and a fresh URL mends it at once; what comes after is worth a wait.
      throw history.refusals === 1 && failure.kind === EXPIRED ? failure : new Failure(BUSY, failure);
    }
  }

  try {
    while (queue.length > 0 || running.size > 0) {
      while (queue.length > 0 && running.size < Math.min(sendWindow.limit, mostAtOnce())) {
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

/** One after the other, so that few parts are in memory at once. */
async function inTurn(numbers, compute) {
  const found = {};
  for (const number of numbers) found[number] = await compute(number);
  return found;
}

/** A file that was changed, moved or unplugged makes a request fail as if the network had: look before waiting for that. */
export async function isReadable(blob) {
  try {
    await blob.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}
