/**
 * A real server on loopback that is both upload_svc's API and the storage, and does wrong what it is told to. Run by
 * itself it also serves the sources and the cases, so that a browser can run them.
 */

import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import http from "node:http";
import { fileURLToPath } from "node:url";

const ROOT = new URL("../../", import.meta.url);
const CORS = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Allow-Methods": "GET, PUT",
  "Access-Control-Allow-Headers": "*",
  "Access-Control-Expose-Headers": "ETag, Content-Range",
};

/** What can go wrong with one request; give these to `fault`. */
export const answer =
  (status, { fields = {}, json = null, text = "" } = {}) =>
  (request, response) => {
    request.resume();
    const type = json ? { "Content-Type": "application/problem+json" } : {};
    response.writeHead(status, { ...CORS, ...type, ...fields });
    response.end(json ? JSON.stringify(json) : text);
  };
export const cut = (request) => {
  request.once("data", () => request.socket.destroy());
  request.once("end", () => request.socket.destroy());
};
/** Takes everything and never answers. */
export const silent = (request) => request.resume();

export class FaultServer {
  uploads = new Map();
  requests = [];
  idempotencyKeys = [];
  #faults = [];
  // A machine that stands still for five seconds between two requests would find its connection closed, by chance.
  #server = http.createServer({ keepAliveTimeout: 0 }, (request, response) => this.#handle(request, response));
  partSize = 1000;

  async start() {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    this.origin = `http://127.0.0.1:${this.#server.address().port}`;
    return this;
  }

  async stop() {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  /** The next requests that match ("PUT /put/", "POST /complete") go wrong, one fault each. With `lost` they take effect, and their answer is lost. */
  fault(match, ...faults) {
    for (const fault of faults) this.#faults.push({ match, fault });
  }

  /** The next request after the call that matches. */
  async arrives(match) {
    for (;;) {
      const [request] = await once(this.#server, "request");
      if (matches(request, match)) return request;
    }
  }

  count(match) {
    return this.requests.filter((line) => line.startsWith(match.split(" ")[0]) && line.includes(match.split(" ")[1])).length;
  }

  async #handle(request, response) {
    this.requests.push(`${request.method} ${request.url}`);
    const key = request.headers["idempotency-key"];
    if (key) this.idempotencyKeys.push(key);
    if (request.method === "OPTIONS") {
      answer(204)(request, response);
      return;
    }
    const index = this.#faults.findIndex(({ match }) => matches(request, match));
    const [{ fault } = {}] = index < 0 ? [] : this.#faults.splice(index, 1);
    if (fault && !fault.isAfter) {
      fault(request, response);
      return;
    }
    const chunks = await request.toArray().catch(() => null);
    if (!chunks) return;
    const result = await this.#answerFor(request, Buffer.concat(chunks));
    if (fault) request.socket.destroy();
    else send(response, result);
  }

  async #answerFor(request, body) {
    const [, area, id, last] = new URL(request.url, this.origin).pathname.split("/");
    if (area === "put") return this.#put(id, last, body, request);
    if (area === "v1") return this.#api(request, body);
    if (area === "fault") return this.#faultFromPage(JSON.parse(body));
    if (area === "case") return { status: 200, json: { bytes: body.length, type: request.headers["x-test"] ?? null } };
    return this.#file(request.url);
  }

  #put(id, number, body, request) {
    const upload = this.uploads.get(id);
    if (!upload) return { status: 404, text: "<Error><Code>NoSuchUpload</Code></Error>" };
    const signed = request.headers["x-amz-checksum-sha256"];
    if (signed && signed !== checksumOf(body)) return { status: 400, text: "<Error><Code>BadDigest</Code></Error>" };
    upload.parts.set(Number(number), body);
    if (signed) upload.checksums.set(Number(number), signed);
    upload.fields = request.headers;
    return { status: 200 };
  }

  #api(request, body) {
    const [, , , id, action] = new URL(request.url, this.origin).pathname.split("/");
    const fields = body.length ? JSON.parse(body) : {};
    if (!id) return this.#create(fields, request.headers["idempotency-key"]);
    const upload = this.uploads.get(id);
    if (!upload) return { status: 404, json: { code: "not-found", title: "Not found" } };
    switch (`${request.method} ${action ?? ""}`) {
      case "GET ": {
        const received = [...upload.parts].map(([part_number, part]) => {
          const checksum = upload.checksums.get(part_number);
          return { part_number, size: part.length, ...(checksum && { checksum }) };
        });
        return { status: 200, json: { ...upload.record, received } };
      }
      case "PATCH ":
        Object.assign(upload.record, fields);
        return { status: 200, json: upload.record };
      case "DELETE ":
        this.uploads.delete(id);
        return { status: 204 };
      case "POST part-urls":
        return this.#partUrls(upload.record, fields);
      default:
        return this.#complete(upload, fields);
    }
  }

  #create(fields, key) {
    for (const { record, key: used } of this.uploads.values()) {
      if (used === key) return { status: 201, json: record };
    }
    const id = `u${this.uploads.size + 1}`;
    const part_count = Math.ceil(fields.size / this.partSize);
    const record = { ...fields, id, state: "uploading", part_size: this.partSize, part_count };
    this.uploads.set(id, { record, key, parts: new Map(), checksums: new Map() });
    return { status: 201, json: record };
  }

  #partUrls({ id, part_count, part_checksums }, { part_numbers: numbers, checksums }) {
    const isInPlan = numbers.every((number) => Number.isInteger(number) && number >= 1 && number <= part_count);
    if (!isInPlan || numbers.length > 100 || numbers.length < 1 || new Set(numbers).size < numbers.length) {
      return { status: 422, json: { code: "invalid", title: "Invalid", errors: [{ pointer: "#/part_numbers", detail: "1 to 100, each once" }] } };
    }
    const isHashed = numbers.every((number) => checksums?.[number]?.length === 44);
    if (part_checksums ? !isHashed : checksums) return { status: 422, json: { code: "invalid", title: "Invalid checksums" } };
    const part_headers = checksums && Object.fromEntries(numbers.map((number) => [number, { "x-amz-checksum-sha256": checksums[number] }]));
    const urls = Object.fromEntries(numbers.map((number) => [number, `${this.origin}/put/${id}/${number}`]));
    const expires_at = new Date(Date.now() + 900_000).toISOString();
    return { status: 200, json: { urls, headers: { "x-amz-test": "signed" }, part_headers, expires_at } };
  }

  #complete({ record, parts, checksums }, { sha256 = null, checksum_sha256: composite = null }) {
    if (sha256 && record.sha256 && sha256 !== record.sha256) return { status: 409, json: { code: "file-differs", title: "Another file" } };
    record.sha256 ??= sha256;
    if (record.state === "ready") return { status: 200, json: record };
    const missing = [];
    for (let number = 1; number <= record.part_count; number += 1) if (!parts.has(number)) missing.push(number);
    if (missing.length > 0) return { status: 422, json: { code: "parts-missing", title: "Parts are missing", missing } };
    // Proven by its parts, or read back.
    record.isProven = composite !== null;
    if (composite && composite !== compositeOf(checksums)) return { status: 409, json: { code: "file-differs", title: "Another file" } };
    record.state = "ready";
    return { status: 200, json: record };
  }

  /** Forgets what has not gone wrong yet. */
  clearFaults() {
    this.#faults.length = 0;
  }

  #faultFromPage({ match, kind, options }) {
    if (kind === "none") this.clearFaults();
    else this.fault(match, { cut, silent }[kind] ?? answer(Number(kind), options));
    return { status: 204 };
  }

  async #file(path) {
    if (path === "/") return { status: 200, text: "<!DOCTYPE html><title>cases</title>", type: "text/html" };
    const text = await readFile(new URL(`.${path}`, ROOT), "utf8").catch(() => null);
    return text === null ? { status: 404 } : { status: 200, text, type: "text/javascript" };
  }
}

function checksumOf(body) {
  return createHash("sha256").update(body).digest("base64");
}

function compositeOf(checksums) {
  const digests = [...checksums].sort(([one], [other]) => one - other).map(([, checksum]) => Buffer.from(checksum, "base64"));
  return `${checksumOf(Buffer.concat(digests))}-${digests.length}`;
}

/** A fault that strikes after the request has done its work. */
export function lost() {}
lost.isAfter = true;

function matches(request, match) {
  const [method, path] = match.split(" ");
  return request.method === method && request.url.includes(path);
}

function send(response, { status, json = null, text = "", type = "text/plain" }) {
  // Node's own is as old as its last look at the clock, which on a machine that stands still is more than a second.
  const now = { Date: new Date().toUTCString() };
  response.writeHead(status, { ...CORS, ...now, "Content-Type": json ? "application/json" : type });
  response.end(json ? JSON.stringify(json) : text);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const server = await new FaultServer().start();
  console.log(server.origin);
}
