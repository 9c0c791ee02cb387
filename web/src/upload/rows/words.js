/** What the page says about an upload: whether anything is lost and what to do, in plain words. */

import { BUSY, FILE_CHANGED, OFFLINE, OTHER_FILE, SIGNED_OUT, STALLED } from "../../common/failures.js";
import { formatMegabits, formatPart, formatRate, formatShare, formatTimeLeft } from "../../common/format.js";
import { gettext } from "../../common/i18n.js";

/** The state in a word or two, as it stands beside the file and as a screen reader hears it. */
export function stateWords(state) {
  switch (state) {
    case "creating":
      return gettext("Starting…");
    case "comparing":
      return gettext("Checking what’s already uploaded…");
    case "sending":
      return gettext("Uploading");
    case "waiting":
      return gettext("Queued");
    case "trouble":
      return gettext("Interrupted");
    case "paused":
      return gettext("Paused");
    case "checking":
      return gettext("Verifying…");
    case "done":
      return gettext("Uploaded");
    case "failed":
      return gettext("Upload failed");
    default:
      return "";
  }
}

/** How much has left, short of all: that it has arrived, only the server can say. */
export function shareWords({ sentBytes, totalBytes }, language) {
  return formatShare(Math.min(0.99, totalBytes ? sentBytes / totalBytes : 0), language);
}

/** "43% · 120.0 of 280.0 MB · 12.4 MB/s (or: limited to 2 Mbit/s) · 2 min left · 39% kept if you leave": what is not known yet is left out. */
export function progressWords(progress, language) {
  const { sentBytes, safeBytes, totalBytes, bytesPerSecond, secondsLeft, limit } = progress;
  const words = [
    shareWords(progress, language),
    gettext("%(sent)s of %(total)s", formatPart(sentBytes, totalBytes, language)),
  ];
  if (limit) words.push(gettext("limited to %(megabits)s Mbit/s", { megabits: formatMegabits(limit, language) }));
  else if (bytesPerSecond) words.push(formatRate(bytesPerSecond, language));
  if ((limit || bytesPerSecond) && secondsLeft !== null && sentBytes < totalBytes) words.push(formatTimeLeft(secondsLeft));
  // What is left of it if the page is closed now, where that is less.
  const safe = shareWords({ sentBytes: safeBytes, totalBytes }, language);
  if (safe !== words[0]) words.push(gettext("%(share)s kept if you leave", { share: safe }));
  return words.join(" · ");
}

/** What it waits for: `{happened, next}`. `next` counts down; `secondsLeft` is null when it waits for the person. */
export function troubleWords({ failure, isTrying, secondsLeft, isOnline }) {
  return { happened: happenedWords(failure, isOnline), next: nextWords(isTrying, secondsLeft) };
}

function nextWords(isTrying, secondsLeft) {
  if (isTrying) return gettext("Retrying…");
  if (secondsLeft === null) return "";
  return gettext("Retrying in %(seconds)s s.", { seconds: Math.max(1, Math.ceil(secondsLeft)) });
}

function happenedWords(failure, isOnline) {
  if (failure.kind === SIGNED_OUT) {
    return gettext("You’ve been logged out. Nothing is lost: log in again in another tab, then resume here.");
  }
  if (!isOnline) return gettext("You’re offline. Nothing is lost.");
  switch (failure.kind) {
    case OFFLINE:
      return gettext("The connection dropped. Nothing is lost.");
    case STALLED:
      return gettext("The connection has stalled. Nothing is lost.");
    case BUSY:
      // Its own words say what there was too much of; the storage has none.
      return (failure.status === 429 && failure.detail) || gettext("The server is busy. Nothing is lost.");
    default:
      return gettext("Something went wrong on the way. Nothing is lost.");
  }
}

/** Why it stopped, for good or until the person does something. To a guest the server says what is gone: the upload, or the link. */
export function failureWords(failure, { isGuest = false } = {}) {
  if (failure.kind === FILE_CHANGED) {
    return gettext("The file was changed, moved or deleted during the upload. Choose it again.");
  }
  if (failure.kind === OTHER_FILE) {
    return gettext("This isn’t the file you started uploading – its contents are different. Your earlier upload is safe. Choose the original file, or upload this one separately.");
  }
  const saysWhatIsGone = isGuest && failure.status === 404 && failure.detail;
  if (!saysWhatIsGone && (failure.status === 404 || failure.code === "upload-not-open")) {
    return gettext("This upload no longer exists: it was discarded or has expired.");
  }
  if (failure.detail) return failure.detail;
  if (failure.status === 403) {
    return gettext("The file was rejected by the storage server. What you’ve uploaded so far is kept for 7 days – try again, or ask your administrator.");
  }
  return gettext("Something went wrong. What you’ve uploaded so far is kept for 7 days – try again.");
}
