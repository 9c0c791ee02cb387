/** Fresh source URLs, from stream_svc. */

const TIMEOUT_MS = 15_000;

/** Why there is no URL: `signed-out`, `gone`, or `unreachable` (worth another try). */
export class NoSource extends Error {
  constructor(reason) {
    super(reason);
    this.name = "NoSource";
    this.reason = reason;
  }
}

/** Where fresh ones come from: each question that is asked meanwhile has the same answer, which may count a visitor. */
export class Playback {
  #address;
  #fetch;
  #asked = null;

  constructor(address, { fetch } = {}) {
    this.#address = address;
    this.#fetch = fetch;
  }

  /** As freshSource. Raises NoSource. */
  fresh() {
    this.#asked ??= this.#ask().finally(() => {
      this.#asked = null;
    });
    return this.#asked;
  }

  async #ask() {
    const source = await freshSource(this.#address, this.#fetch ? { fetch: this.#fetch } : {});
    this.#address = source.address;
    return source;
  }
}

/**
 * `{url, lifeMs, address, hls}`: `address` is where the next one comes from; the life is reckoned by the server's clock.
 * `hls` has the renditions: `{url, setId, lifeMs, files}`, `files` by name, or is null. Raises NoSource.
 */
export async function freshSource(address, { fetch = globalThis.fetch.bind(globalThis), signal = AbortSignal.timeout(TIMEOUT_MS) } = {}) {
  let response;
  let playback;
  try {
    response = await fetch(address, { headers: { Accept: "application/json" }, cache: "no-store", signal });
    playback = response.ok ? await response.json() : null;
  } catch {
    throw new NoSource("unreachable");
  }
  if (response.status === 401) throw new NoSource("signed-out");
  if (response.status === 403 || response.status === 404) throw new NoSource("gone");
  const source = playback?.sources?.[0];
  if (!source) throw new NoSource("unreachable");
  const serverNow = Date.parse(response.headers.get("Date") ?? "") || Date.now();
  const lifeOf = ({ expires_at: end }) => Date.parse(end) - serverNow;
  const hls = playback.hls ?? null;
  return {
    url: source.url,
    lifeMs: lifeOf(source),
    address: playback.renewal_url ?? address,
    hls: hls
      ? {
          url: hls.url,
          setId: hls.set_id,
          lifeMs: Math.min(...hls.renditions.map(lifeOf)),
          files: Object.fromEntries(hls.renditions.map(({ name, url: file }) => [name, file])),
        }
      : null,
  };
}

/** Whether the storage gives out the first byte: if it does and the player still fails, the file is the trouble. */
export async function isReachable(url, { fetch = globalThis.fetch.bind(globalThis), signal = AbortSignal.timeout(TIMEOUT_MS) } = {}) {
  try {
    const response = await fetch(url, { headers: { Range: "bytes=0-0" }, cache: "no-store", signal });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
