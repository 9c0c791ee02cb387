/** Small pictures of what is where in a video, in sprites: which tile shows a moment, and how it comes on the page. */

const TIMEOUT_MS = 15_000;
const WHOLE = ["interval_ms", "tiles", "columns", "rows", "width", "height"];

/** The tile of a moment in seconds, as `{sprite, x, y}`: the sprite's name, and its place in it in pixels. */
export function tileAt(index, seconds) {
  const { interval_ms: interval, tiles, columns, rows, width, height, sprites } = index;
  const tile = Math.min(tiles - 1, Math.max(0, Math.floor((seconds * 1000) / interval)));
  const inSprite = tile % (columns * rows);
  return { sprite: sprites[Math.floor(tile / (columns * rows))], x: (inSprite % columns) * width, y: Math.floor(inSprite / columns) * height };
}

/** Whether this is an index by which tiles are found, in sprites that are there. */
export function isIndex(index, urls) {
  return (
    WHOLE.every((name) => Number.isSafeInteger(index?.[name]) && index[name] > 0) &&
    Array.isArray(index.sprites) &&
    index.sprites.length * index.columns * index.rows >= index.tiles &&
    index.sprites.every((name) => Object.hasOwn(urls, name))
  );
}

/** Draws into `picture`; nothing is fetched before the first moment is shown, and each sprite when it is needed. */
export class Storyboard {
  #picture;
  #urls;
  #index = null;
  #loading = null;
  #images = new Map();
  #seconds = 0;
  #changed;

  /** `urls` as `{index, sprites}`, null where there is none; `changed` is told when the picture's size has become known. */
  constructor(picture, urls, { changed }) {
    this.#picture = picture;
    this.#urls = urls;
    this.#changed = changed;
  }

  get isThere() {
    return this.#urls !== null;
  }

  show(seconds) {
    this.#seconds = seconds;
    if (!this.isThere) return;
    this.#loading ??= this.#load();
    this.#draw();
  }

  async #load() {
    try {
      const response = await fetch(this.#urls.index, { signal: AbortSignal.timeout(TIMEOUT_MS) });
      const index = response.ok ? await response.json() : null;
      if (!isIndex(index, this.#urls.sprites)) throw new TypeError("not an index");
      this.#index = index;
    } catch {
      // The time alone is shown.
      this.#urls = null;
      return;
    }
    this.#picture.style.inlineSize = `${this.#index.width}px`;
    this.#picture.style.blockSize = `${this.#index.height}px`;
    this.#picture.hidden = false;
    this.#changed();
    this.#draw();
  }

  #draw() {
    if (!this.#index) return;
    const { sprite, x, y } = tileAt(this.#index, this.#seconds);
    const image = this.#images.get(sprite) ?? this.#fetch(sprite);
    // The image itself, so that it is asked for once. Nothing rather than the picture of another moment.
    const shown = image.complete && image.naturalWidth > 0 ? image : null;
    if (this.#picture.firstChild !== shown) this.#picture.replaceChildren(...(shown ? [shown] : []));
    image.style.translate = `-${x}px -${y}px`;
  }

  #fetch(sprite) {
    const image = new Image();
    image.alt = "";
    image.decoding = "async";
    image.addEventListener("load", () => this.#draw());
    image.src = this.#urls.sprites[sprite];
    this.#images.set(sprite, image);
    return image;
  }
}
