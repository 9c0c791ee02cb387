/** What a row shows in each state, and what is said of it, as values: nothing here touches the page. */

import { FILE_CHANGED, OTHER_FILE, SIGNED_OUT } from "../../common/failures.js";
import { gettext } from "../../common/i18n.js";
import { failureWords, progressWords, stateWords, troubleWords } from "./words.js";

// From the moment an upload is asked for: what stands below must not jump when its turn comes.
const BEGUN = new Set(["waiting", "creating", "comparing", "sending", "paused", "checking"]);
const CAN_REMOVE = new Set(["refused", "chosen", "waiting", "failed", "done"]);
// What was begun elsewhere is not discarded by leaving it here.
const CANNOT_CANCEL = new Set(["checking", "waiting", "comparing"]);

/**
 * `state` is the row's, `upload` null before there is one. Gives `{state, parts, buttons, texts, canCopy}`: which parts and
 * buttons are shown, and what stands in them.
 */
export function lookOf(state, upload) {
  const trouble = upload?.trouble ?? null;
  const failure = state === "failed" ? upload.failure : null;
  const shownState = trouble ? "trouble" : state;
  const isBegun = BEGUN.has(state);
  const isSignedOut = trouble?.failure.kind === SIGNED_OUT;
  const isOther = failure?.kind === OTHER_FILE;
  const words = stateWords(shownState);
  const { part_checksums, sha256 } = state === "done" ? upload.record : {};
  return {
    state: shownState,
    parts: {
      fields: state !== "refused",
      submit: state === "chosen",
      progress: isBegun,
      trouble: Boolean(trouble),
      figures: !trouble,
      failure: state === "failed",
      again: !isGone(failure) && !isOther && failure?.kind !== FILE_CHANGED,
      anew: isOther,
      link: (isBegun || Boolean(upload?.record)) && !isGone(upload?.failure),
      watch: state === "done",
      login: isSignedOut,
      "try-now": Boolean(trouble) && !trouble.isTrying,
      receipt: Boolean(part_checksums),
      checksum: Boolean(sha256),
    },
    buttons: {
      pause: state === "sending" && !trouble,
      resume: state === "paused",
      "ask-cancel": !CANNOT_CANCEL.has(state),
      remove: CAN_REMOVE.has(state),
    },
    texts: {
      state: words && ` · ${words}`,
      "try-now": isSignedOut ? gettext("Resume") : gettext("Try now"),
      "failure-words": failure ? failureWords(failure) : "",
      sha256: sha256 ?? "",
    },
    canCopy: Boolean(upload?.record),
  };
}

/** What changes by itself: `{max, value, words, figures, happened, next}`. `now` in ms, by the clock of the upload's waits. */
export function figuresOf(state, upload, { now, isOnline, language }) {
  const { progress, trouble } = upload;
  const max = Math.max(1, progress.totalBytes);
  const words = progressWords(progress, language);
  const secondsLeft = trouble?.until == null ? null : (trouble.until - now) / 1000;
  return {
    max,
    value: state === "checking" ? max : progress.sentBytes,
    words,
    figures: state === "checking" || state === "waiting" ? "" : words,
    ...(trouble && troubleWords({ ...trouble, secondsLeft, isOnline })),
  };
}

/** For those who listen, or "": neither per cent nor seconds, nor every try of a long wait. */
export function spokenOf(state, upload, { isOnline }) {
  if (!upload || upload.trouble?.isTrying) return "";
  if (upload.trouble) return troubleWords({ ...upload.trouble, secondsLeft: null, isOnline }).happened;
  return upload.failure ? `${stateWords(state)}. ${failureWords(upload.failure)}` : stateWords(state);
}

function isGone(failure) {
  return failure?.status === 404 || failure?.code === "upload-not-open";
}
