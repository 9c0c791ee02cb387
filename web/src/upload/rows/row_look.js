/** What a row shows in each state, and what is said of it, as values: nothing here touches the page. */

import { FILE_CHANGED, OTHER_FILE, SIGNED_OUT } from "../../common/failures.js";
import { formatSize } from "../../common/format.js";
import { gettext } from "../../common/i18n.js";
import { failureWords, progressWords, stateWords, troubleWords } from "./words.js";

// From the moment an upload is asked for: what stands below must not jump when its turn comes.
const HAS_BAR = new Set(["waiting", "creating", "comparing", "sending", "paused", "checking", "failed", "done"]);
const WAITS = new Set(["waiting", "creating"]);
// Nothing was sent, or what was is kept: leaving it needs no question.
const CAN_LEAVE = new Set(["waiting", "comparing"]);
const CAN_CANCEL = new Set(["creating", "sending", "paused", "checking"]);
const CAN_REMOVE = new Set(["refused", "chosen", "failed", "done"]);

// Nothing moves: a rate would tell of what was.
const STILL = { bytesPerSecond: null, secondsLeft: null, limit: null };

/**
 * `state` is the row's, `upload` null before there is one. Gives `{state, parts, buttons, texts}`: which parts and buttons
 * are shown, and what stands in them.
 */
export function lookOf(state, upload, { isGuest = false } = {}) {
  const trouble = upload?.trouble ?? null;
  const failure = state === "failed" ? upload.failure : null;
  const shownState = trouble ? "trouble" : state;
  const isSignedOut = trouble?.failure.kind === SIGNED_OUT;
  const isOther = failure?.kind === OTHER_FILE;
  const isDone = state === "done";
  const words = stateWords(shownState);
  const { part_checksums, sha256 } = isDone ? upload.record : {};
  // What somebody else completes is not discarded by leaving it here.
  const isElsewhere = state === "checking" && upload.isElsewhere;
  return {
    state: shownState,
    parts: {
      submit: state === "chosen",
      bar: HAS_BAR.has(state),
      trouble: Boolean(trouble),
      failure: state === "failed",
      again: !isGone(failure) && !isOther && failure?.kind !== FILE_CHANGED,
      anew: isOther,
      link: Boolean(upload?.record) && !isGone(upload.failure),
      watch: isDone,
      copy: isDone,
      login: isSignedOut,
      "try-now": Boolean(trouble) && !trouble.isTrying,
      receipt: Boolean(part_checksums),
      checksum: Boolean(sha256),
    },
    buttons: {
      pause: state === "sending" && !trouble,
      resume: state === "paused",
      "ask-cancel": CAN_CANCEL.has(state) && !isElsewhere,
      leave: CAN_LEAVE.has(state) || isElsewhere,
      remove: CAN_REMOVE.has(state),
      open: state !== "refused",
      who: isDone,
    },
    texts: {
      // Figures that move say it themselves.
      state: words && shownState !== "sending" ? `${words} · ` : "",
      "try-now": isSignedOut ? gettext("Resume") : gettext("Try now"),
      "failure-words": failure ? failureWords(failure, { isGuest }) : "",
      sha256: sha256 ?? "",
    },
  };
}

/** What changes by itself: `{max, value, words, happened, next}`. `now` in ms, by the clock of the upload's waits. */
export function figuresOf(state, upload, { now, isOnline, language }) {
  const { progress, trouble } = upload;
  const max = Math.max(1, progress.totalBytes);
  const isMoving = state === "sending" && !trouble;
  const secondsLeft = trouble?.until == null ? null : (trouble.until - now) / 1000;
  const isWhole = state === "done" || (WAITS.has(state) && progress.sentBytes === 0);
  return {
    max,
    value: state === "checking" || state === "done" ? max : progress.sentBytes,
    words: isWhole ? formatSize(progress.totalBytes, language) : progressWords(isMoving ? progress : { ...progress, ...STILL }, language),
    ...(trouble && troubleWords({ ...trouble, secondsLeft, isOnline })),
  };
}

/** For those who listen, or "": neither per cent nor seconds, nor every try of a long wait. */
export function spokenOf(state, upload, { isOnline, isGuest = false }) {
  if (!upload || upload.trouble?.isTrying) return "";
  if (upload.trouble) return troubleWords({ ...upload.trouble, secondsLeft: null, isOnline }).happened;
  return upload.failure ? `${stateWords(state)}. ${failureWords(upload.failure, { isGuest })}` : stateWords(state);
}

function isGone(failure) {
  return failure?.status === 404 || failure?.code === "upload-not-open";
}
