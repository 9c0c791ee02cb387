/** Keeps a device from falling asleep over an upload, where the browser can. */

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
      // Low battery or a setting forbids it; the upload goes on all the same.
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
