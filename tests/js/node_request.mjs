/**
 * The part of XMLHttpRequest that sending a part uses, on node:http. put_part_cases.mjs holds it to what a browser's
 * own does: the same cases run against both.
 */

import http from "node:http";

const CHUNK_SIZE = 64 * 1024;

export class NodeRequest extends EventTarget {
  upload = new EventTarget();
  status = 0;
  responseText = "";
  #method;
  #url;
  #fields = {};
  #request = null;
  #answerFields = "";
  #isAborted = false;

  open(method, url) {
    this.#method = method;
    this.#url = url;
  }

  setRequestHeader(name, value) {
    this.#fields[name] = value;
  }

  getAllResponseHeaders() {
    return this.#answerFields;
  }

  abort() {
    this.#isAborted = true;
    this.#request?.destroy();
  }

  async send(blob) {
    const body = Buffer.from(await blob.arrayBuffer().catch(() => this.#fail()));
    if (this.#isAborted) return;
    const fields = { ...this.#fields, "Content-Length": body.length };
    const request = http.request(this.#url, { method: this.#method, headers: fields, agent: false });
    this.#request = request;
    request.on("error", () => this.#fail());
    request.on("response", (response) => this.#answered(response));
    for (let start = 0; start < body.length && !this.#isAborted; start += CHUNK_SIZE) {
      const chunk = body.subarray(start, start + CHUNK_SIZE);
      const isOpen = await new Promise((resolve) => request.write(chunk, (error) => resolve(!error)));
      if (!isOpen) return;
      this.#progress(start + chunk.length, body.length);
    }
    request.end();
  }

  #progress(loaded, total) {
    this.upload.dispatchEvent(Object.assign(new Event("progress"), { loaded, total }));
  }

  #answered(response) {
    response.setEncoding("utf8");
    response.on("data", (text) => {
      this.responseText += text;
    });
    response.on("error", () => this.#fail());
    response.on("end", () => {
      this.status = response.statusCode;
      this.#answerFields = Object.entries(response.headers)
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join("");
      this.dispatchEvent(new Event("load"));
    });
  }

  #fail() {
    if (!this.#isAborted && this.status === 0) this.dispatchEvent(new Event("error"));
    this.#isAborted = true;
    return new ArrayBuffer(0);
  }
}
