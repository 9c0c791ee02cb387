/** Which codecs a browser cannot decode: one rule for those that facts name (RFC 6381) and those that a file itself names. */

const PICTURE = "pictures";
const SOUND = "sounds";

/**
 * How the codec's name begins, which kind it is, what people call it, and the media type by which a browser is asked: for
 * the codec itself where `isExact`, and else for one of its kind. What is not here, no browser is asked about.
 */
const KNOWN = [
  { begins: /^(hvc1|hev1)\./, kind: PICTURE, name: "HEVC (H.265)", type: "video/mp4", isExact: true },
  { begins: /^(hvc1|hev1|V_MPEGH)/, kind: PICTURE, name: "HEVC (H.265)", type: "video/mp4", asked: "hvc1.1.6.L93.B0" },
  { begins: /^av01\./, kind: PICTURE, name: "AV1", type: "video/mp4", isExact: true },
  { begins: /^(av01|V_AV1)/, kind: PICTURE, name: "AV1", type: "video/mp4", asked: "av01.0.04M.08" },
  { begins: /^(mp4v|mpeg4$)/, kind: PICTURE, name: "MPEG-4 Visual", type: "video/mp4", asked: "mp4v.20.9" },
  { begins: /^(mpeg1video|mpeg2video|V_MPEG2)/, kind: PICTURE, name: "MPEG-2", type: "video/mp4", asked: "mp4v.61" },
  { begins: /^(avc1|avc3|V_MPEG4|vp8|V_VP8|vp09|V_VP9|theora|V_|prores|dnxhd|dvvideo|ffv1|h263|flv|wmv|vc1|msmpeg4|mjpeg|png)/, kind: PICTURE },
  { begins: /^(ac-3|A_AC3)/, kind: SOUND, name: "AC-3", type: "audio/mp4", asked: "ac-3" },
  { begins: /^(ec-3|A_EAC3)/, kind: SOUND, name: "E-AC-3", type: "audio/mp4", asked: "ec-3" },
  { begins: /^(dts[cheh]|A_DTS)/, kind: SOUND, name: "DTS", type: "audio/mp4", asked: "dtsc" },
  { begins: /^alac/, kind: SOUND, name: "ALAC", type: "audio/mp4", asked: "alac" },
  { begins: /^(truehd|mlpa|A_TRUEHD)/, kind: SOUND, name: "TrueHD", type: "audio/mp4", asked: "mlpa" },
];

/** Facts' codecs as `{pictures, sounds}`. */
export function tracksOfCodecs(codecs) {
  const tracks = { [PICTURE]: [], [SOUND]: [] };
  for (const codec of codecs) tracks[known(codec)?.kind ?? SOUND].push(codec);
  return tracks;
}

/** What people call that of which there is something, and nothing that is decoded: `{picture, sound}`, null where all is well. */
export function missingOf({ pictures, sounds }, canPlayType) {
  return { picture: missing(pictures, canPlayType), sound: missing(sounds, canPlayType) };
}

function missing(codecs, canPlayType) {
  const isMissing = codecs.length > 0 && codecs.every((codec) => isLacking(codec, canPlayType));
  return isMissing ? known(codecs[0]).name : null;
}

function isLacking(codec, canPlayType) {
  const { type, asked, isExact } = known(codec) ?? {};
  return type !== undefined && canPlayType(`${type}; codecs="${isExact ? codec : asked}"`) === "";
}

function known(codec) {
  return KNOWN.find(({ begins }) => begins.test(codec));
}
