/** What stands over the picture when it cannot be shown: what is wrong, and what to do. */

import { gettext } from "../common/i18n.js";

/** Reasons are those of SourceKeeper, `no-picture`, `no-sound`, and `closed`: who never was logged in may not watch it any more. */
export class Trouble {
  #box;
  #changed;
  #reason = null;

  /** `changed` is told after each change, and with `hadFocus` when the keyboard was on what is gone. */
  constructor(box, { retry, changed }) {
    this.#box = box;
    this.#changed = changed;
    this.#part("retry").addEventListener("click", retry);
    for (const name of ["listen", "watch"]) this.#part(name).addEventListener("click", () => this.hide());
  }

  get reason() {
    return this.#reason;
  }

  /** `codec` is what people call the one that is missing, where that is known. */
  show(reason, codec = null) {
    this.#reason = reason;
    const { title, words } = wordsOf(reason, codec);
    this.#part("title").textContent = title;
    this.#part("words").textContent = words;
    this.#part("retry").hidden = reason !== "unreachable" && reason !== "unplayable";
    this.#part("listen").hidden = reason !== "no-picture";
    this.#part("watch").hidden = reason !== "no-sound";
    this.#part("login").hidden = reason !== "signed-out" && reason !== "closed";
    this.#part("library").hidden = reason !== "gone";
    this.#part("download").hidden = reason === "gone" || reason === "signed-out" || reason === "closed";
    // The way on that helps stands out.
    const isFormat = reason === "unplayable" || reason === "no-picture" || reason === "no-sound";
    this.#part("download").dataset.look = isFormat ? "primary" : "";
    this.#part("retry").dataset.look = isFormat ? "" : "primary";
    this.#box.hidden = false;
    this.#changed({ hadFocus: false });
  }

  hide() {
    if (this.#reason === null) return;
    this.#reason = null;
    const hadFocus = this.#box.contains(document.activeElement);
    this.#box.hidden = true;
    this.#changed({ hadFocus });
  }

  #part(name) {
    return this.#box.querySelector(`[data-trouble="${name}"]`);
  }
}

function wordsOf(reason, codec) {
  switch (reason) {
    case "signed-out":
      return { title: gettext("You’ve been logged out"), words: gettext("Log in to keep watching.") };
    case "closed":
      return { title: gettext("This video is no longer public"), words: gettext("It was deleted, or you need to log in to watch it.") };
    case "gone":
      return { title: gettext("This video is unavailable"), words: gettext("It was deleted, or you no longer have access.") };
    case "unplayable":
      return {
        title: gettext("Your browser can’t play this format"),
        words: codec
          ? gettext("Your browser can’t show %(codec)s. Download the video and open it in another player.", { codec })
          : gettext("Download the video and open it in another player."),
      };
    case "no-picture":
      return {
        title: gettext("Sound only"),
        words: codec
          ? gettext("Your browser can’t show this video’s picture (%(codec)s). Download it to watch it elsewhere.", { codec })
          : gettext("Your browser can’t show this video’s picture (often HEVC/H.265). Download it to watch it elsewhere."),
      };
    case "no-sound":
      return {
        title: gettext("No sound"),
        words: codec
          ? gettext("Your browser can’t play this video’s sound (%(codec)s). Download it to hear it in another player.", { codec })
          : gettext("Your browser can’t play this video’s sound (often AC-3 or DTS). Download it to hear it in another player."),
      };
    default:
      return { title: gettext("Can’t load the video"), words: gettext("Check your connection, then pick up where you left off.") };
  }
}
