/** Sends one part to the storage: one PUT, with progress. XMLHttpRequest, because fetch cannot tell how far it is. */

import { retryAfterMs } from "../../common/backoff.js";
import { systemClock } from "../../common/clock.js";
import { BUSY, EXPIRED, Failure, OFFLINE, REFUSED, STALLED, isBusyStatus } from "../../common/failures.js";

/**
 * Resolves when the storage has the part; rejects with a Failure, or with the signal's reason when that is aborted.
 * `onProgress` gets the bytes handed over so far. Without a byte or an answer for `stallMs` the part counts as stalled.
 */
export function putPart({
  url,
  headers,
  blob,
  signal,
  onProgress = () => {},
  stallMs = 30_000,
  clock = systemClock,
  newRequest = () => new XMLHttpRequest(),
}) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const request = newRequest();
    let stopWatch = () => {};
    const watch = () => {
      stopWatch();
      stopWatch = clock.after(stallMs, () => end(() => reject(new Failure(STALLED)), { isAborting: true }));
    };
    const aborted = () => end(() => reject(signal.reason), { isAborting: true });
    let hasEnded = false;
    const end = (settle, { isAborting = false } = {}) => {
      if (hasEnded) return;
      hasEnded = true;
      stopWatch();
      signal?.removeEventListener("abort", aborted);
      if (isAborting) request.abort();
      settle();
    };

    signal?.addEventListener("abort", aborted, { once: true });
    request.open("PUT", url);
    for (const [name, value] of Object.entries(headers ?? {})) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => {
      if (hasEnded) return;
      watch();
      onProgress(event.loaded);
    });
    request.addEventListener("error", () => end(() => reject(new Failure(OFFLINE))));
    request.addEventListener("load", () => end(() => (isStored(request) ? resolve() : reject(failureOf(request)))));
    watch();
    request.send(blob);
  });
}

function isStored(request) {
  return request.status >= 200 && request.status < 300;
}

function failureOf(request) {
  const { status } = request;
  const code = /<Code>(\w+)<\/Code>/.exec(request.responseText ?? "")?.[1] ?? null;
  // S3 says 400 RequestTimeout when a body came too slowly: that is the line, not the part.
  if (isBusyStatus(status) || code === "RequestTimeout") {
    return new Failure(BUSY, { status, code, retryAfterMs: retryAfterMs(fieldOf(request, "retry-after")) });
  }
  return new Failure(status === 403 ? EXPIRED : REFUSED, { status, code });
}

/** Asking for a field that the storage does not expose would put an error on the console; this list holds the exposed ones only. */
function fieldOf(request, name) {
  const line = (request.getAllResponseHeaders() ?? "").split("\r\n").find((entry) => entry.toLowerCase().startsWith(`${name}:`));
  return line?.slice(name.length + 1).trim() ?? null;
}
