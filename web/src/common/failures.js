/** Why something did not work, in the few kinds that the uploader tells apart. */

/** `kind` is one of the words below; the rest is what the answer said, as far as there was one. */
export class Failure extends Error {
  constructor(kind, { status = 0, code = null, detail = null, retryAfterMs = null, missing = null, errors = null } = {}) {
    super(code ?? kind);
    this.name = "Failure";
    this.kind = kind;
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.retryAfterMs = retryAfterMs;
    this.missing = missing;
    this.errors = errors;
  }

  /** It may be otherwise in a moment: wait and try again, for as long as the page lives. */
  get isPassing() {
    return PASSING.has(this.kind);
  }
}

export const OFFLINE = "offline"; // no answer, or none of ours
export const BUSY = "busy"; // 408, 429, 5xx, or a conflict that says when to come back
export const STALLED = "stalled"; // bytes stopped moving
export const SIGNED_OUT = "signed-out"; // 401: the session has ended
export const EXPIRED = "expired"; // 403 from the storage: the URL is too old or not right
export const REFUSED = "refused"; // a definite no
export const FILE_CHANGED = "file-changed"; // the file on this device cannot be read any more, or is another one now
export const OTHER_FILE = "other-file"; // the uploaded part belongs to another file

const PASSING = new Set([OFFLINE, BUSY, STALLED, SIGNED_OUT]);

/** The kind that an error status from our own API means. */
export function kindOfStatus(status, retryAfter) {
  if (status === 401) return SIGNED_OUT;
  if (isBusyStatus(status) || (status === 409 && retryAfter !== null)) return BUSY;
  return REFUSED;
}

export function isBusyStatus(status) {
  return status === 408 || status === 429 || status >= 500;
}
