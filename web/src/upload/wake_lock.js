/** Keeps the device awake during an upload, if the browser can. */

/** Returns what lets it sleep again. */
export function keepAwake() {
  const done = new AbortController();
  let lock = null;
  async function hold() {
    if (document.hidden || !navigator.wakeLock) return;
    try {
      lock = await navigator.wakeLock.request("screen");
      if (done.signal.aborted) await lock.release();
    } catch {
      // Low battery or a setting forbids it; the upload continues.
    }
  }
  // The browser drops the lock whenever the page is hidden.
  document.addEventListener("visibilitychange", hold, { signal: done.signal });
  hold();
  return () => {
    done.abort();
    lock?.release();
  };
}
