/** A clock that stands still until the test moves it. */

export class FakeClock {
  #now = 0;
  #timers = new Set();
  #watchers = new Set();

  now() {
    return this.#now;
  }

  after(delayMs, run) {
    const timer = { at: this.#now + delayMs, delayMs, run };
    this.#timers.add(timer);
    for (const watcher of [...this.#watchers]) watcher(timer);
    return () => this.#timers.delete(timer);
  }

  /** Resolves once something waits for exactly `delayMs`. */
  async timer(delayMs) {
    if ([...this.#timers].some((timer) => timer.delayMs === delayMs)) return;
    await new Promise((resolve) => {
      const watcher = (timer) => {
        if (timer.delayMs !== delayMs) return;
        this.#watchers.delete(watcher);
        resolve();
      };
      this.#watchers.add(watcher);
    });
  }

  /** Moves time on, running what falls due in its order. */
  advance(durationMs) {
    const end = this.#now + durationMs;
    for (;;) {
      const next = [...this.#timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#timers.delete(next);
      this.#now = next.at;
      next.run();
    }
    this.#now = end;
  }

  get waiting() {
    return this.#timers.size;
  }
}

/** Lets everything that only waits for promises go on. */
export function settled() {
  return new Promise((resolve) => setImmediate(resolve));
}
