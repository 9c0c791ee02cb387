/** Time as a parameter: the browser's clock here; tests bring one that they move by hand. */

export const systemClock = {
  /** Milliseconds that only ever grow. */
  now: () => performance.now(),
  /** Runs `run` once after `delayMs`; returns what calls it off. */
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Resolves after `delayMs`, or rejects with the signal's reason as soon as that is aborted. */
export function sleep(clock, delayMs, signal) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const stop = clock.after(delayMs, () => {
      signal?.removeEventListener("abort", aborted);
      resolve();
    });
    const aborted = () => {
      stop();
      reject(signal.reason);
    };
    signal?.addEventListener("abort", aborted, { once: true });
  });
}
