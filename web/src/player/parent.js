/** The page of another site that shows this player: it is told what happens here, and may ask for a little (docs/embedding.md). */

import { systemClock } from "../common/clock.js";

const EVERY_MS = 250;
const HAVE_METADATA = 1;

/** Whether an origin is one of the `sites` that may frame the player; `https://*.lms.example` stands for all names below that one. */
export function isListed(origin, sites) {
  return sites.some((site) => {
    const [scheme, rest] = site.split("*.");
    return rest === undefined ? origin === site : origin.startsWith(scheme) && origin.endsWith(`.${rest}`);
  });
}

export class Parent {
  #video;
  #sites;
  #window;
  #clock;
  #origin;
  #isPlaying = false;
  #toldAt = -Infinity;
  #isDue = false;

  /** `play()`, `pause()` and `seek(seconds)` do what the page asks for. */
  constructor(video, { sites, play, pause, seek, window = globalThis, clock = systemClock }) {
    this.#video = video;
    this.#sites = sites;
    this.#window = window;
    this.#clock = clock;
    if (window.parent === window) return;
    this.#origin = this.#ownOrigin();
    const commands = { play, pause, seek: ({ time }) => Number.isFinite(time) && time >= 0 && seek(time) };
    window.addEventListener("message", ({ source, origin, data }) => {
      if (source !== window.parent || !isListed(origin, sites)) return;
      // Some pages do not let a frame know where it is; whoever speaks to it does.
      this.#origin = origin;
      const command = data?.vss;
      if (Object.hasOwn(commands, command)) commands[command](data);
    });
    video.addEventListener("loadedmetadata", () => this.#tell("ready"), { once: true });
    video.addEventListener("play", () => this.#plays(true));
    video.addEventListener("pause", () => this.#plays(false));
    video.addEventListener("ended", () => this.#tell("ended"));
    video.addEventListener("timeupdate", () => this.#moved());
  }

  /** `reason` as in SourceKeeper. */
  failed(reason) {
    this.#tell("error", { reason });
  }

  #ownOrigin() {
    const { location, document } = this.#window;
    const found = location.ancestorOrigins?.[0] ?? (URL.canParse(document.referrer) ? new URL(document.referrer).origin : "");
    return isListed(found, this.#sites) ? found : null;
  }

  // A renewed source begins to play once more; that is nothing to the page.
  #plays(isPlaying) {
    if (isPlaying === this.#isPlaying) return;
    this.#isPlaying = isPlaying;
    this.#tell(isPlaying ? "play" : "pause");
  }

  // The last of many is told as well: where it stands still.
  #moved() {
    if (this.#isDue) return;
    const waitMs = this.#toldAt + EVERY_MS - this.#clock.now();
    if (waitMs <= 0) return this.#tellTime();
    this.#isDue = true;
    this.#clock.after(waitMs, () => {
      this.#isDue = false;
      this.#tellTime();
    });
  }

  #tellTime() {
    // Between two sources it is at 0 for a moment.
    if (this.#video.readyState < HAVE_METADATA) return;
    this.#toldAt = this.#clock.now();
    this.#tell("timeupdate");
  }

  #tell(event, more = {}) {
    if (!this.#origin) return;
    const { currentTime, duration } = this.#video;
    const message = { source: "vss", event, currentTime, duration: Number.isFinite(duration) ? duration : null, ...more };
    this.#window.parent.postMessage(message, this.#origin);
  }
}
