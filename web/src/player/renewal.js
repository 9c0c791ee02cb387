/** When a presigned source URL is renewed, and how often one tries: decisions only, on values. */

// Renewing is due when this much of a URL's life has passed.
const DUE_SHARE = 0.8;
// With less than this buffered ahead the picture is about to stand still anyway.
const NEARLY_DRY_SECONDS = 2;
const RETRY_DELAYS_MS = [0, 1_000, 2_000, 4_000, 8_000];
const FIRST_STALL_MS = 8_000;

/** On which instant of the caller's clock a URL got at `now` is due. A life of nothing (this device's clock is wrong) is due at once. */
export function dueAt({ now, lifeMs }) {
  return now + Math.max(0, lifeMs) * DUE_SHARE;
}

/**
 * Whether to swap the source now. A swap interrupts, so only where that is not seen: while paused (and looked at: a
 * forgotten tab need not renew for ever), or when the buffer is nearly empty, or when the jump leads out of it.
 */
export function shouldRenew({ now, due, isPaused, isHidden, isSeeking, bufferedAheadSeconds, leftSeconds }) {
  if (now < due || isHidden) return false;
  if (isPaused) return true;
  // What is left to play is here already.
  if (bufferedAheadSeconds >= leftSeconds - 0.5) return false;
  return isSeeking ? bufferedAheadSeconds <= 0 : bufferedAheadSeconds < NEARLY_DRY_SECONDS;
}

/** Seconds buffered from `position` on without a hole; 0 when there is nothing. `ranges` is a TimeRanges or alike. */
export function bufferedAhead(ranges, position) {
  for (let index = 0; index < ranges.length; index += 1) {
    // Seeking lands a little before or after where a range begins.
    if (ranges.start(index) - 0.1 <= position && position < ranges.end(index)) return ranges.end(index) - position;
  }
  return 0;
}

/** The wait before try `attempt` (0, 1, …) in a row, or null when it is time to say so and leave it to the person. */
export function retryDelayMs(attempt) {
  return RETRY_DELAYS_MS[attempt] ?? null;
}

/** How long a picture may stand still before a fresh URL is worth it; longer each time, for lines that are merely slow. */
export function stallLimitMs(attempt) {
  return FIRST_STALL_MS * 2 ** Math.min(attempt, 3);
}
