/** The panel of a running upload: shows state, progress and trouble; has no will of its own. */

import { systemClock } from "../common/clock.js";
import { gettext } from "../common/i18n.js";
import { FILE_CHANGED, SIGNED_OUT } from "./failures.js";
import { failureWords, progressWords, stateWords, troubleWords } from "./words.js";

export class Panel {
  #root;
  #language;
  #clock;
  #say;
  #announced = "";

  /** `root` holds elements marked `data-panel="<name>"`; `say(words)` reaches those who listen. */
  constructor(root, { say, language = document.documentElement.lang, clock = systemClock }) {
    this.#root = root;
    this.#say = say;
    this.#language = language;
    this.#clock = clock;
  }

  get heading() {
    return this.#part("heading");
  }

  /** Everything, from the upload as it is now. */
  show(upload) {
    const { state, trouble, failure } = upload;
    const look = trouble ? "trouble" : state;
    this.#root.dataset.state = look;
    this.#root.hidden = state === "ready" || state === "cancelled" || (state === "failed" && !upload.record);
    this.#text("heading", stateWords(state));

    this.#part("progress").hidden = state === "done" || state === "failed";
    this.#part("stored").hidden = state !== "done";
    this.#part("trouble").hidden = !trouble;
    this.#part("failure").hidden = state !== "failed";
    this.#part("cancel").hidden = state === "done";
    this.#part("link").hidden = !upload.record || isGone(failure);
    if (trouble) {
      const isSignedOut = trouble.failure.kind === SIGNED_OUT;
      this.#part("login").hidden = !isSignedOut;
      this.#text("try-now", isSignedOut ? gettext("Go on") : gettext("Try now"));
      this.#part("try-now").hidden = trouble.isTrying;
    }
    if (state === "failed") {
      this.#text("failure-words", failureWords(failure));
      this.#part("again").hidden = isGone(failure) || failure.kind === FILE_CHANGED;
    }
    this.tick(upload);
    this.#announce(upload);
  }

  /** What changes by itself: figures, rate, countdown. */
  tick(upload) {
    const { progress, state } = upload;
    const bar = this.#part("bar");
    bar.max = Math.max(1, progress.totalBytes);
    bar.value = state === "checking" ? bar.max : progress.sentBytes;
    const words = progressWords(progress, this.#language);
    bar.setAttribute("aria-valuetext", words);
    this.#text("figures", words);
    if (upload.trouble) this.#showTrouble(upload.trouble);
  }

  showLink(url) {
    const link = this.#part("watch-link");
    link.href = url;
    link.textContent = url;
    this.#part("watch").href = url;
  }

  #showTrouble(trouble) {
    const secondsLeft = trouble.until === null ? null : (trouble.until - this.#clock.now()) / 1000;
    const words = troubleWords({ ...trouble, secondsLeft, isOnline: navigator.onLine });
    this.#text("happened", words.happened);
    this.#text("next", words.next);
  }

  /** For those who listen: each change once; neither per cent nor seconds, nor every try of a long wait. */
  #announce({ state, trouble, failure }) {
    if (trouble?.isTrying) return;
    let words = stateWords(state);
    if (trouble) words = troubleWords({ ...trouble, secondsLeft: null, isOnline: navigator.onLine }).happened;
    if (failure) words = `${words}. ${failureWords(failure)}`;
    if (words === this.#announced) return;
    this.#announced = words;
    this.#say(words);
  }

  #part(name) {
    return this.#root.querySelector(`[data-panel="${name}"]`);
  }

  #text(name, text) {
    const element = this.#part(name);
    // Writing the same again would make live regions speak and selections jump.
    if (element.textContent !== text) element.textContent = text;
  }
}

function isGone(failure) {
  return failure?.status === 404 || failure?.code === "upload-not-open";
}
