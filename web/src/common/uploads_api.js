/** The calls to upload_svc's `/v1/uploads`. Each makes one attempt; what is worth another is for the caller to decide. */

import { retryAfterMs } from "../common/backoff.js";
import { systemClock } from "../common/clock.js";
import { Failure, OFFLINE, kindOfStatus } from "./failures.js";

const TIMEOUT_MS = 30_000;
// The server may take a minute to complete, and for many at once; only then is no answer a lost answer.
const LONG_TIMEOUT_MS = 75_000;

export class UploadApi {
  #root;
  #isGuest;
  #fetch;
  #clock;

  /** `isGuest`: at `root` is what one sends by a link, which may have ended: then nothing is there. */
  constructor({ root = "/v1/uploads", isGuest = false, fetch = globalThis.fetch.bind(globalThis), clock = systemClock } = {}) {
    this.#root = root;
    this.#isGuest = isGuest;
    this.#fetch = fetch;
    this.#clock = clock;
  }

  /** The upload. The same key with the same fields gives the same upload, so that a lost answer may be asked for again. */
  async create(fields, idempotencyKey, signal) {
    const headers = { "Idempotency-Key": idempotencyKey };
    return (await this.#call("POST", "", { body: fields, headers, signal })).body;
  }

  /** `{urls, headers, partHeaders, lifeMs}`; `checksums` by part number, where parts have them. The life is reckoned by the server's own clock, since this device's may be wrong. */
  async partUrls(id, partNumbers, signal, checksums) {
    const { body, date } = await this.#call("POST", `/${id}/part-urls`, { body: { part_numbers: partNumbers, checksums }, signal });
    const lifeMs = Math.max(0, Date.parse(body.expires_at) - date);
    return { urls: body.urls, headers: body.headers ?? {}, partHeaders: body.part_headers ?? {}, lifeMs };
  }

  async read(id, signal) {
    return (await this.#call("GET", `/${id}`, { signal })).body;
  }

  /** The newest that are ready, a hundred at most. */
  async listReady() {
    return (await this.#call("GET", "?state=ready&limit=100", {})).body.items;
  }

  /** Makes that moment the video's picture, as soon as a worker has taken it. */
  async choosePoster(id, seconds) {
    await this.#call("PUT", `/${id}/poster`, { body: { seconds } });
  }

  /** Has workers try again what failed of the video. */
  async retryMedia(id) {
    await this.#call("POST", `/${id}/media/retry`, {});
  }

  /** Makes the picture in that file the video's, as soon as a worker has prepared it. */
  async sendPicture(id, file) {
    await this.#call("PUT", `/${id}/poster`, { file, timeoutMs: LONG_TIMEOUT_MS });
  }

  async change(id, fields, signal) {
    return (await this.#call("PATCH", `/${id}`, { body: fields, signal })).body;
  }

  /** `{upload, isSettled, retryAfterMs}`: not settled means ask again after that. `sha256` is the whole file's and `composite` its parts', as far as they are known. */
  async complete(id, signal, { sha256 = null, composite = null } = {}) {
    const body = { ...(sha256 && { sha256 }), ...(composite && { checksum_sha256: composite }) };
    const answer = await this.#call("POST", `/${id}/complete`, { body, signal, timeoutMs: LONG_TIMEOUT_MS });
    return { upload: answer.body, isSettled: answer.status === 200, retryAfterMs: answer.retryAfterMs };
  }

  /** The links to a video, the newest first. */
  async links(id) {
    return (await this.#every(`/${id}/grants`)).filter(({ subject, right }) => subject === "link" && right === "watch");
  }

  /** A new link, with its `url`, which is not told again. */
  async createLink(id, fields) {
    return (await this.#call("POST", `/${id}/grants`, { body: { subject: "link", ...fields } })).body;
  }

  async revokeLink(id, linkId) {
    await this.unshare(id, linkId);
  }

  /** Who may watch a video, or what is in a collection, other than by links, the newest first. */
  async people(id) {
    return (await this.#every(`/${id}/grants`)).filter(({ subject }) => subject !== "link");
  }

  /** The titles of the collections by which others may watch a video. */
  async sharedCollections(id) {
    return (await this.#call("GET", `/${id}/grants?limit=1`, {})).body.collections.map(({ title }) => title);
  }

  /** Lets the account or the group watch; of one that may already, the end changes. */
  async shareWith(id, fields) {
    return (await this.#call("POST", `/${id}/grants`, { body: fields })).body;
  }

  async unshare(id, grantId) {
    await this.#call("DELETE", `/${id}/grants/${grantId}`, {});
  }

  /** `{subject, name}` of the account of that name, or, without one, of the groups that one can share with. */
  async grantees(username = "") {
    const query = username && `?username=${encodeURIComponent(username)}`;
    // Beside the uploads.
    return (await this.#call("GET", `/../grantees${query}`, {})).body.items;
  }

  /** Puts the video of a collection (the root is theirs) behind another one, with null before all. */
  async place(collectionId, id, after) {
    await this.#call("PUT", `/${collectionId}/videos/${id}`, { body: { after }, isKept: true });
  }

  async trash(id) {
    await this.#call("POST", `/${id}/trash`, { isKept: true });
  }

  async restore(id) {
    await this.#call("POST", `/${id}/restore`, { isKept: true });
  }

  /** `{id, status, code, detail}` of each of these, with all of which the same is done. */
  async batch(ids, change) {
    const body = { ids, ...change };
    return (await this.#call("POST", "/batch", { body, isKept: true, timeoutMs: LONG_TIMEOUT_MS })).body.results;
  }

  /** Gone already is as good as gone now; but to a guest whose link has ended all looks gone. */
  async remove(id) {
    try {
      await this.#call("DELETE", `/${id}`, { isKept: true });
    } catch (failure) {
      if (failure.status !== 404 || this.#isGuest) throw failure;
    }
  }

  /** All items of a list, page by page. */
  async #every(path) {
    const items = [];
    let cursor = "";
    do {
      const { body } = await this.#call("GET", `${path}?limit=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`, {});
      items.push(...body.items);
      cursor = body.next_cursor ?? "";
    } while (cursor);
    return items;
  }

  /** `isKept`: it is said even if the page is left at that moment. `file` is sent as it is, `body` as JSON. */
  async #call(method, path, { body, file, headers = {}, signal, timeoutMs = TIMEOUT_MS, isKept = false }) {
    const timeout = new AbortController();
    const stopTimer = this.#clock.after(timeoutMs, () => timeout.abort());
    const options = {
      method,
      headers: { Accept: "application/json", ...headers },
      signal: signal ? AbortSignal.any([signal, timeout.signal]) : timeout.signal,
      // A page of another service of ours may be at another port.
      credentials: "include",
      cache: "no-store",
      keepalive: isKept,
    };
    if (body !== undefined) {
      options.headers["Content-Type"] = "application/json";
      options.body = JSON.stringify(body);
    }
    if (file) {
      options.headers["Content-Type"] = file.type;
      options.body = file;
    }
    try {
      const response = await this.#fetch(this.#root + path, options);
      return await read(response);
    } catch (error) {
      if (error instanceof Failure) throw error;
      signal?.throwIfAborted();
      throw new Failure(OFFLINE);
    } finally {
      stopTimer();
    }
  }
}

async function read(response) {
  const retryAfter = retryAfterMs(response.headers.get("Retry-After"));
  const date = Date.parse(response.headers.get("Date") ?? "") || Date.now();
  const isJson = /\bjson\b/.test(response.headers.get("Content-Type") ?? "");
  if (response.ok) {
    // A page in place of our answer is a captive portal or a proxy speaking: we have not been heard.
    if (!isJson && response.status !== 204) throw new Failure(OFFLINE);
    return { status: response.status, body: isJson ? await response.json() : null, retryAfterMs: retryAfter, date };
  }
  const problem = isJson ? await response.json() : {};
  throw new Failure(kindOfStatus(response.status, retryAfter), {
    status: response.status,
    code: problem.code ?? null,
    detail: problem.detail ?? problem.title ?? null,
    missing: problem.missing ?? null,
    errors: problem.errors ?? null,
    retryAfterMs: retryAfter,
  });
}
