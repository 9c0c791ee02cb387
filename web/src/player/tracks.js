/** What a file holds, read in its own words from its head: the codec of each track, where no browser tells. */

const HEAD_BYTES = 64 * 1024;
// An index (`moov`) of many hours is smaller.
const MOST_INDEX_BYTES = 16 * 1024 * 1024;
const MOST_BOXES = 16;
const CONTAINERS = ["moov", "trak", "mdia", "minf", "stbl"];

/**
 * The codecs of the file at `url`, as `{pictures, sounds}`, or null where it is of a kind that is not read here, or does
 * not let itself be read. A few range requests, most often one.
 */
export async function tracksOf(url, { fetch = globalThis.fetch, signal } = {}) {
  const read = async (from, bytes) => {
    const answer = await fetch(url, { headers: { Range: `bytes=${from}-${from + bytes - 1}` }, signal });
    return answer.status === 206 ? new DataView(await answer.arrayBuffer()) : null;
  };
  try {
    const head = await read(0, HEAD_BYTES);
    if (!head) return null;
    return head.getUint32(0) === 0x1a45dfa3 ? matroskaTracks(head) : await mp4Tracks(head, read);
  } catch {
    // It is gone, or broken off in the middle of a box: nothing is known.
    return null;
  }
}

/** The names of codecs stand in Matroska and WebM as plain letters, before the first picture. */
function matroskaTracks(head) {
  const names = letters(head, 0, head.byteLength).match(/[VA]_[A-Z0-9]{2,}/g) ?? [];
  return { pictures: names.filter((name) => name.startsWith("V_")), sounds: names.filter((name) => name.startsWith("A_")) };
}

async function mp4Tracks(head, read) {
  let at = 0;
  for (let count = 0; count < MOST_BOXES; count += 1) {
    const isHere = at + 16 <= head.byteLength;
    const box = boxAt(isHere ? head : await read(at, 16), isHere ? at : 0);
    if (box.type === "moov" && box.size <= MOST_INDEX_BYTES) {
      const index = at + box.size <= head.byteLength ? head : await read(at, box.size);
      const tracks = { pictures: [], sounds: [] };
      walk(index, index === head ? at : 0, box.size, tracks);
      return tracks;
    }
    if (box.size < 8) return null;
    at += box.size;
  }
  return null;
}

/** Boxes within boxes: of each track its kind (`hdlr`), and then the first of its codecs (`stsd`). */
function walk(view, from, size, tracks) {
  let kind = null;
  for (let at = from; at + 8 <= from + size; ) {
    const box = boxAt(view, at);
    if (box.size < 8) return kind;
    const inside = at + box.head;
    if (CONTAINERS.includes(box.type)) kind = walkInto(box, inside, kind);
    else if (box.type === "hdlr") kind = letters(view, inside + 8, 4);
    else if (box.type === "stsd") tracks.found?.(letters(view, inside + 12, 4));
    at += box.size;
  }
  return kind;

  function walkInto(box, inside, known) {
    const list = { vide: tracks.pictures, soun: tracks.sounds }[known];
    const within = list && box.type === "minf" ? { ...tracks, found: (codec) => list.push(codec) } : tracks;
    walk(view, inside, box.size - box.head, within);
    return known;
  }
}

function boxAt(view, at) {
  const size = view.getUint32(at);
  const type = letters(view, at + 4, 4);
  return size === 1 ? { type, head: 16, size: Number(view.getBigUint64(at + 8)) } : { type, head: 8, size };
}

function letters(view, at, count) {
  return new TextDecoder("latin1").decode(new Uint8Array(view.buffer, view.byteOffset + at, count));
}
