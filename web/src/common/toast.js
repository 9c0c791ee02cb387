/**
 * Toasts: what happened, said once at the foot of the page, with an action such as Undo. They go by themselves, but not
 * while the pointer or the focus is on one: nobody is robbed of the way back.
 */

import { systemClock } from "./clock.js";
import { gettext } from "./i18n.js";

const LIFE_MS = 8_000;

let region = null;

/**
 * Shows `words`; returns what takes the toast away. `action` is `{label, run}`: pressing it runs it and ends the toast.
 * `isFocused` moves the focus to the action, for those who work by keyboard; when it ends there, the focus goes to what
 * `returnFocus()` gives.
 */
export function showToast(words, { action = null, isFocused = false, returnFocus = () => null, lifeMs = LIFE_MS, clock = systemClock } = {}) {
  const toast = document.createElement("div");
  toast.className = "toast";
  const text = document.createElement("p");
  text.textContent = words;
  toast.append(text);
  const life = new Life({ lifeMs, clock, onEnd: close });

  function close() {
    life.stop();
    const hadFocus = toast.contains(document.activeElement);
    toast.remove();
    if (hadFocus) returnFocus()?.focus();
  }

  if (action) {
    const button = newButton(action.label, () => {
      close();
      action.run();
    });
    toast.append(button);
    if (isFocused) queueMicrotask(() => button.focus({ focusVisible: true }));
  }
  const dismiss = newButton("×", close);
  dismiss.setAttribute("aria-label", gettext("Dismiss"));
  toast.append(dismiss);

  toast.addEventListener("pointerenter", () => life.hold("pointer"));
  toast.addEventListener("pointerleave", () => life.release("pointer"));
  toast.addEventListener("focusin", () => life.hold("focus"));
  toast.addEventListener("focusout", () => life.release("focus"));
  toast.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  place().append(toast);
  raise();
  return close;
}

/** Time that stands still while somebody or something holds it, and ends once. */
export class Life {
  #leftMs;
  #clock;
  #onEnd;
  #holders = new Set();
  #since = null;
  #cancel = null;

  constructor({ lifeMs, clock, onEnd }) {
    this.#leftMs = lifeMs;
    this.#clock = clock;
    this.#onEnd = onEnd;
    this.#run();
  }

  hold(holder) {
    this.#holders.add(holder);
    if (this.#cancel) this.#leftMs -= this.#clock.now() - this.#since;
    this.stop();
  }

  release(holder) {
    if (this.#holders.delete(holder) && this.#holders.size === 0) this.#run();
  }

  stop() {
    this.#cancel?.();
    this.#cancel = null;
  }

  #run() {
    this.#since = this.#clock.now();
    this.#cancel = this.#clock.after(Math.max(0, this.#leftMs), this.#onEnd);
  }
}

/** The live region. It must be there before the words are, or a screen reader does not hear them. */
function place() {
  // Another script of the page may have made it.
  region ??= document.querySelector(".toasts");
  if (!region) {
    region = document.createElement("div");
    region.className = "toasts";
    region.popover = "manual";
    region.setAttribute("role", "status");
  }
  if (!region.isConnected) document.body.append(region);
  return region;
}

/** Toasts lie above popovers, and within a modal dialog, beside which nothing can be seen or used. */
function raise() {
  if (!region?.hasChildNodes()) return;
  const place = [...document.querySelectorAll("dialog:modal")].at(-1) ?? document.body;
  const isOpen = region.matches(":popover-open");
  // Not without need: what is shown anew is not listened to.
  if (isOpen && region.parentElement === place && !document.querySelector(":popover-open:not(.toasts)")) return;
  const focused = region.contains(document.activeElement) ? document.activeElement : null;
  if (region.parentElement !== place) {
    place.append(region);
    // It may be removed when it closes, and what is in it too.
    if (place !== document.body) place.addEventListener("close", () => (document.body.append(region), raise()), { once: true });
  }
  if (region.matches(":popover-open")) region.hidePopover();
  region.showPopover();
  focused?.focus();
}

function newButton(label, run) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button";
  button.dataset.look = "quiet";
  button.textContent = label;
  button.addEventListener("click", run);
  return button;
}

if (globalThis.document?.body) {
  place();
  // What opens now would lie above.
  document.addEventListener("toggle", ({ target, newState }) => target !== region && newState === "open" && raise(), true);
}
