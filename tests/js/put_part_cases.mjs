/**
 * What sending one part promises, as cases that run anywhere: in Node against NodeRequest, in a browser against its own
 * XMLHttpRequest. Each gets `putPart`, `origin` (a FaultServer) and what makes faults on it.
 */

import { FakeClock } from "./fake_clock.mjs";

const BYTES = 300_000;
const blob = () => new Blob([new Uint8Array(BYTES).fill(7)]);

export const cases = {
  async "a part that is taken resolves, with its header fields and progress up to its size"({ putPart, origin }) {
    const seen = [];
    await putPart({ url: `${origin}/case/store`, headers: { "x-test": "signed" }, blob: blob(), onProgress: (sent) => seen.push(sent) });
    equal(seen.at(-1), BYTES);
    equal(seen.every((sent, index) => index === 0 || sent >= seen[index - 1]), true);
  },

  async "403 means expired, with the storage's code"({ putPart, origin, fault }) {
    await fault("403", { text: "<Error><Code>AccessDenied</Code></Error>" });
    const failure = await rejection(putPart({ url: `${origin}/case/refuse`, blob: blob() }));
    equal([failure.kind, failure.status, failure.code, failure.isPassing], ["expired", 403, "AccessDenied", false]);
  },

  async "503 and 429 mean busy"({ putPart, origin, fault }) {
    for (const status of ["503", "429"]) {
      await fault(status);
      const failure = await rejection(putPart({ url: `${origin}/case/busy`, blob: blob() }));
      equal([failure.kind, failure.isPassing], ["busy", true]);
    }
  },

  async "an exposed Retry-After is heard"({ putPart, origin, fault }) {
    await fault("503", { fields: { "Retry-After": "7", "Access-Control-Expose-Headers": "Retry-After" } });
    const failure = await rejection(putPart({ url: `${origin}/case/busy`, blob: blob() }));
    equal(failure.retryAfterMs, 7000);
  },

  async "a 400 that says the body came too slowly is the line's fault"({ putPart, origin, fault }) {
    await fault("400", { text: "<Error><Code>RequestTimeout</Code></Error>" });
    const failure = await rejection(putPart({ url: `${origin}/case/slow`, blob: blob() }));
    equal(failure.kind, "busy");
  },

  async "another 400 is a refusal"({ putPart, origin, fault }) {
    await fault("400", { text: "<Error><Code>BadDigest</Code></Error>" });
    const failure = await rejection(putPart({ url: `${origin}/case/digest`, blob: blob() }));
    equal([failure.kind, failure.code], ["refused", "BadDigest"]);
  },

  async "a cut connection means offline"({ putPart, origin, fault }) {
    // Browsers try once more by themselves when a connection is reset.
    await fault("cut");
    await fault("cut");
    const failure = await rejection(putPart({ url: `${origin}/case/cut`, blob: blob() }));
    equal([failure.kind, failure.isPassing], ["offline", true]);
  },

  async "nobody listening means offline"({ putPart }) {
    const failure = await rejection(putPart({ url: "http://127.0.0.1:9/", blob: blob() }));
    equal(failure.kind, "offline");
  },

  async "no answer after the last byte is a stall, after the time given and not before"({ putPart, origin, fault }) {
    await fault("silent");
    const clock = new FakeClock();
    let allSent;
    const sent = new Promise((resolve) => {
      allSent = resolve;
    });
    const sending = rejection(
      putPart({ url: `${origin}/case/silent`, blob: blob(), clock, stallMs: 30_000, onProgress: (bytes) => bytes === BYTES && allSent() }),
    );
    clock.advance(20_000);
    await sent;
    clock.advance(29_999);
    let hasEnded = false;
    sending.finally(() => {
      hasEnded = true;
    });
    await new Promise((resolve) => setTimeout(resolve));
    equal(hasEnded, false);
    clock.advance(1);
    equal((await sending).kind, "stalled");
    equal(clock.waiting, 0);
  },

  async "an aborted signal ends it with the signal's reason"({ putPart, origin, fault }) {
    await fault("silent");
    const abort = new AbortController();
    const reason = new Error("cancelled");
    const sending = rejection(
      putPart({ url: `${origin}/case/abort`, blob: blob(), signal: abort.signal, onProgress: () => abort.abort(reason) }),
    );
    equal((await sending) === reason, true);
  },
};

/** Runs all of them in a page that a FaultServer served; gives the names of those that failed, with the reason. */
export async function runInBrowser() {
  const { putPart } = await import("/web/src/upload/put_part.js");
  // Another origin for the page, as the storage is.
  const origin = location.origin.replace("127.0.0.1", "localhost");
  const fault = (kind, options) => fetch("/fault", { method: "POST", body: JSON.stringify({ match: "PUT /case/", kind, options }) });
  const failed = {};
  for (const [name, run] of Object.entries(cases)) {
    await fault("none");
    await run({ putPart, origin, fault }).catch((error) => {
      failed[name] = String(error);
    });
  }
  return failed;
}

async function rejection(promise) {
  try {
    await promise;
  } catch (failure) {
    return failure;
  }
  throw new Error("it should have failed");
}

function equal(actual, expected) {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) {
    throw new Error(`${JSON.stringify(actual)} is not ${JSON.stringify(expected)}`);
  }
}
