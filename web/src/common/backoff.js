/** How long to wait before the next try. */

const BASE_MS = 1_000;
const CAP_MS = 30_000;
// A wrong header must not put an upload to sleep for a day.
const LONGEST_RETRY_AFTER_MS = 10 * 60_000;

/** The wait after the `attempt`-th failure in a row (1, 2, …): it doubles, half of it is chance, so that clients do not return together. */
export function backoffMs(attempt, random = Math.random) {
  const ceiling = Math.min(CAP_MS, BASE_MS * 2 ** (attempt - 1));
  return ceiling / 2 + (ceiling / 2) * random();
}

/** A Retry-After field (seconds or a date, RFC 9110 10.2.3) in milliseconds; null when it says nothing usable. */
export function retryAfterMs(field, epochNowMs = Date.now()) {
  if (!field) return null;
  const wait = /^\d+$/.test(field.trim()) ? Number(field) * 1000 : Date.parse(field) - epochNowMs;
  return Number.isNaN(wait) ? null : Math.min(LONGEST_RETRY_AFTER_MS, Math.max(0, wait));
}
