/** What plays when a video has ended: the next one of the list, after a count that can be stopped. */

import { systemClock } from "../common/clock.js";
import { gettext } from "../common/i18n.js";
import { sendOn } from "./sent_on.js";

const SECONDS = 8;
const TIMEOUT_MS = 10_000;

/** Counts seconds down, only while `mayCount()`; `draw` is told what is left, `end` is called at nothing. */
export class Countdown {
  #stop = () => {};

  constructor({ seconds, mayCount, draw, end, clock = systemClock }) {
    const tick = (left) => {
      if (left <= 0) return end();
      draw(left);
      this.#stop = clock.after(1_000, () => tick(mayCount() ? left - 1 : left));
    };
    tick(seconds);
  }

  stop() {
    this.#stop();
  }
}

/**
 * The first of `candidates` (`{id, url}`) that may be watched, with its title; null where there is none, or nobody answers.
 * What was deleted or closed since the page was made is passed over. Behind a link (`{url, title}`) its page is asked.
 */
export async function firstToWatch(candidates, { fetch = globalThis.fetch.bind(globalThis) } = {}) {
  for (const { id, url, title } of candidates) {
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const answer = await (id === undefined ? fetch(url, { method: "HEAD", signal }) : fetch(`/v1/videos/${id}`, { headers: { Accept: "application/json" }, signal }));
      if (answer.ok) return { url, title: title ?? (await answer.json()).title };
      if (answer.status !== 403 && answer.status !== 404) return null;
    } catch {
      return null;
    }
  }
  return null;
}

export class UpNext {
  #card;
  #status;
  #candidates;
  #closed;
  #countdown = null;
  #url = null;
  #asked = 0;
  #skips = 0;

  /** `isWanted` and `mayCount` are asked as it goes; `closed` is told when the card goes, with the keyboard on it. */
  constructor(player, { list, video, isWanted, mayCount, closed }) {
    this.#card = player.querySelector("[data-next]");
    this.#status = player.querySelector("[data-player-status]");
    this.#candidates = [...list].map((card) => {
      const { href: url, textContent: title } = card.querySelector(".video-link");
      return "linked" in card.dataset ? { url, title } : { id: card.dataset.video, url };
    });
    this.#closed = closed;
    this.#part("go").addEventListener("click", () => this.#go());
    this.#part("cancel").addEventListener("click", () => this.cancel());
    video.addEventListener("ended", async () => {
      if (!isWanted()) return;
      const next = await this.#next();
      if (next && video.ended && isWanted()) this.#show(next, () => isWanted() && mayCount());
    });
    for (const name of ["play", "seeking", "emptied"]) video.addEventListener(name, () => this.cancel());
    // A page that the browser keeps is come back to, and must not go on by itself then.
    addEventListener("pagehide", () => {
      this.#skips += 1;
      this.cancel();
    });
  }

  get isShown() {
    return !this.#card.hidden;
  }

  /** Plays it at once, without a count. */
  async skip() {
    // Somebody asks for it: what the video does meanwhile, which may begin just now, does not call it off.
    this.#asked += 1;
    const skips = (this.#skips += 1);
    const next = await firstToWatch(this.#candidates);
    if (next && skips === this.#skips) sendOn(next.url);
  }

  cancel() {
    this.#asked += 1;
    if (!this.isShown) return;
    this.#countdown.stop();
    const hadFocus = this.#card.contains(document.activeElement);
    this.#card.hidden = true;
    this.#status.textContent = "";
    if (hadFocus) this.#closed();
  }

  /** null also when it was called off while the answer was awaited. */
  async #next() {
    this.#asked += 1;
    const asked = this.#asked;
    const next = await firstToWatch(this.#candidates);
    return asked === this.#asked ? next : null;
  }

  #show({ url, title }, mayCount) {
    this.#url = url;
    this.#part("title").textContent = title;
    this.#card.hidden = false;
    this.#status.textContent = gettext("Up next in %(seconds)s seconds: %(title)s", { seconds: SECONDS, title });
    this.#countdown = new Countdown({
      seconds: SECONDS,
      mayCount,
      draw: (seconds) => {
        this.#part("when").textContent = gettext("Up next in %(seconds)s", { seconds });
      },
      end: () => this.#go(),
    });
  }

  #go() {
    const url = this.#url;
    this.cancel();
    sendOn(url);
  }

  #part(name) {
    return this.#card.querySelector(`[data-next-${name}]`);
  }
}
