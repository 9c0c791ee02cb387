/** Work in slices, so that the page answers in between: what changed is drawn once a frame, long lists a little at a time. */

// About half of a frame: the rest is the browser's, to lay out and paint what was drawn.
const SLICE_MS = 8;

/** Draws what was marked once each, in the next frame, and what does not fit into it in those that follow. */
export class Painter {
  #draw;
  #onFrame;
  #marked = new Set();
  #asked = null;

  /** `draw(item)` for what was marked, then `onFrame()` once for all that was drawn together. */
  constructor({ draw, onFrame = () => {} }) {
    this.#draw = draw;
    this.#onFrame = onFrame;
  }

  mark(item) {
    this.#marked.add(item);
    this.ask();
  }

  /** A frame, even if nothing was marked. */
  ask() {
    this.#asked ??= requestAnimationFrame(() => this.#paint());
  }

  #paint() {
    this.#asked = null;
    const until = performance.now() + SLICE_MS;
    for (const item of this.#marked) {
      this.#marked.delete(item);
      this.#draw(item);
      if (performance.now() >= until) break;
    }
    this.#onFrame();
    if (this.#marked.size > 0) this.ask();
  }
}

/** Calls `use` with each of `items`, as many at a time as fit into a slice. */
export async function inSlices(items, use) {
  let until = performance.now() + SLICE_MS;
  for (const item of items) {
    use(item);
    if (performance.now() < until) continue;
    await anotherTask();
    until = performance.now() + SLICE_MS;
  }
}

/** Resolves in a task of its own, before which the page may answer. */
export function anotherTask() {
  return new Promise((resolve) => setTimeout(resolve));
}
