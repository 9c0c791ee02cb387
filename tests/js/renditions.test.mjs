import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { FilmFiles } from "../../web/src/player/film_files.js";
import { Playback } from "../../web/src/player/playback_api.js";
import { AUTO, ORIGINAL, beginning, sizesOf } from "../../web/src/player/quality.js";
import { FakeClock } from "./fake_clock.mjs";
import { FaultServer, answer } from "./fault_server.mjs";

const AT = "Wed, 01 Jan 2031 00:00:00 GMT";
const PIECE = "https://vss.example/v1/videos/v/hls/first/720p.mp4?seen=me";

let server;
before(async () => {
  server = await new FaultServer().start();
});
after(() => server.stop());

/** What stream_svc says of a film whose URLs, of one set, are good until that time. */
function playback(setId, url, until) {
  const expires = { expires_at: `2031-01-01T00:${until}Z` };
  const json = {
    sources: [{ url: "https://s3.example/original", ...expires }],
    hls: { url: "https://vss.example/index.m3u8", set_id: setId, renditions: [{ name: "720p", url, ...expires }] },
  };
  return answer(200, { json, fields: { Date: AT } });
}

test("sizes are offered from the largest on, and sounds are none", () => {
  assert.deepEqual(sizesOf(["480p", "1080p", "720p", "audio", "audio-2"]), ["1080p", "720p", "480p"]);
});

test("a video begins with its original, unless that does not play or is too much for a line", () => {
  const film = { kept: null, sizes: ["720p", AUTO], isOriginalPlayable: true, bitRate: 5_000_000 };
  assert.equal(beginning(film), ORIGINAL);
  assert.equal(beginning({ ...film, bitRate: null }), ORIGINAL);
  assert.equal(beginning({ ...film, bitRate: 8_000_001 }), AUTO);
  assert.equal(beginning({ ...film, isOriginalPlayable: false }), AUTO);
});

test("what a person chose last is begun with, where there is such a thing", () => {
  const film = { kept: "720p", sizes: ["720p", AUTO], isOriginalPlayable: true, bitRate: 5_000_000 };
  assert.equal(beginning(film), "720p");
  assert.equal(beginning({ ...film, kept: AUTO }), AUTO);
  assert.equal(beginning({ ...film, kept: "1080p" }), ORIGINAL);
  assert.equal(beginning({ ...film, kept: ORIGINAL, bitRate: 20_000_000 }), ORIGINAL);
  assert.equal(beginning({ ...film, kept: ORIGINAL, isOriginalPlayable: false }), AUTO);
  assert.equal(beginning({ ...film, sizes: [], isOriginalPlayable: false }), ORIGINAL);
});

test("a piece is asked for by the URL of this moment, which is renewed before it ends, and when it is refused", async () => {
  const clock = new FakeClock();
  const files = new FilmFiles(new Playback(`${server.origin}/playback`), { clock });
  server.fault(
    "GET /playback",
    playback("first", "https://s3.example/1", "15:00"),
    playback("first", "https://s3.example/2", "15:00"),
    playback("first", "https://s3.example/3", "15:00"),
  );
  // Many at once are one question.
  assert.deepEqual(await Promise.all([files.urlOf(PIECE), files.urlOf(PIECE)]), ["https://s3.example/1", "https://s3.example/1"]);
  clock.advance(14 * 60_000 + 29_000);
  assert.equal(await files.urlOf(PIECE), "https://s3.example/1");
  clock.advance(2_000);
  assert.equal(await files.urlOf(PIECE), "https://s3.example/2");
  files.forget();
  assert.equal(await files.urlOf(PIECE), "https://s3.example/3");
});

test("what is of another set, or a playlist, or cannot be renewed, is asked for at its own address", async () => {
  const files = new FilmFiles(new Playback(`${server.origin}/playback`), { clock: new FakeClock() });
  server.fault("GET /playback", playback("second", "https://s3.example/1", "15:00"), answer(404));
  assert.equal(await files.urlOf(PIECE), PIECE);
  assert.equal(await files.urlOf("https://vss.example/index.m3u8"), "https://vss.example/index.m3u8");
  files.forget();
  assert.equal(await files.urlOf(PIECE), PIECE);
});
