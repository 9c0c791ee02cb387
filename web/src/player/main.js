/** The watch page: the plain video made into a player, and kept alive. */

import { preference } from "../common/preferences.js";
import { shareDialog } from "../common/share.js";
import { saveVisibilities } from "../common/visibility.js";
import { missingOf, tracksOfCodecs } from "./codecs.js";
import { Commands } from "./commands.js";
import { Controls } from "./controls.js";
import { foldDescription } from "./description.js";
import { listenToHands } from "./gestures.js";
import { actionOf } from "./keys.js";
import { describeToSystem } from "./media_session.js";
import { playsByItself } from "./menu.js";
import { Parent } from "./parent.js";
import { Pictures } from "./picture.js";
import { Playback } from "./playback_api.js";
import { PositionKeeper } from "./position_keeper.js";
import { AUTO } from "./quality.js";
import { Reach } from "./reach.js";
import { Renditions } from "./renditions.js";
import { Screen } from "./screen.js";
import { sendOn, sendOnBy, wasSentHere } from "./sent_on.js";
import { SourceKeeper } from "./source_keeper.js";
import { isChosen, isWithoutPicture, isWithoutSound, mayHideControls, stateOf } from "./state.js";
import { Still } from "./still.js";
import { clockTime } from "./times.js";
import { tracksOf } from "./tracks.js";
import { Trouble } from "./trouble.js";
import { UpNext } from "./up_next.js";

const NOTE_MS = 900;
// Actions of keys.js that lead to another moment.
const SEEKING = new Set(["skip", "jump", "frame"]);

function watchPage(player) {
  const video = player.querySelector("video");
  const help = document.querySelector("[data-player-keys]");
  const { volume, muted } = preference("player.sound", { volume: 1, muted: false });
  video.volume = Math.min(1, Math.max(0, Number(volume) || 0));
  // An embedded one may be asked for without sound.
  video.muted = muted === true || video.defaultMuted;

  const reach = new Reach(video);
  const playback = new Playback(video.dataset.playbackApi);
  const keeper = new SourceKeeper(video, {
    reach,
    playback,
    // The page may come out of a cache, and this clock may be wrong; the answer to either is one early renewal.
    lifeMs: Date.parse(video.dataset.expiresAt) - Date.now(),
    position: Number(video.dataset.resumeAt) || 0,
  });
  const renditions = new Renditions(video, { names: video.dataset.renditions?.split(" ") ?? [], keeper, playback, reach });
  // There is one for whoever is logged in.
  const { positionApi } = video.dataset;
  if (positionApi) new PositionKeeper(video, { address: positionApi, reach });

  const screen = new Screen(player, video);
  const said = new Commands(video, { reach, say: noteOf(player.querySelector("[data-player-note]")) });
  const commands = {
    ...bound(said, ["toggle", "seek", "skip", "jump", "frame", "mute", "volume", "setVolume", "rate", "setRate"]),
    ...bound(screen, ["fullscreen", "pip", "theatre"]),
    help: () => (help.open ? help.close() : help.showModal()),
    next: () => upNext.skip(),
    // There is one behind a link to a collection.
    previous: () => {
      const link = document.querySelector('.watch a[rel="prev"]');
      if (link) sendOn(link.href);
    },
    cancel: () => upNext.cancel(),
    // There is one for the owner.
    pictures: video.dataset.uploadsApi ? new Pictures(video, { root: video.dataset.uploadsApi, id: video.dataset.id }) : null,
  };

  const box = player.querySelector("[data-player-controls]");
  const controls = new Controls(box, { player, video, screen, commands, renditions });
  const trouble = new Trouble(player.querySelector("[data-player-trouble]"), {
    retry: () => (renditions.isOn ? renditions.retry() : keeper.retry()),
    changed: ({ hadFocus }) => {
      drawState();
      if (hadFocus) box.querySelector('[data-command="toggle"]').focus();
    },
  });
  // There is one where another site's page shows the player.
  const parent = video.dataset.sites
    ? new Parent(video, {
        sites: video.dataset.sites.split(" "),
        play: () => video.play().catch(() => {}),
        pause: () => video.pause(),
        seek: (seconds) => reach.go(seconds),
      })
    : null;
  for (const source of [keeper, renditions]) {
    source.addEventListener("trouble", ({ detail: reason }) => failed(reason));
    source.addEventListener("recovered", () => trouble.hide());
  }

  function failed(reason) {
    if (reason === "unplayable" && playsInstead()) return;
    parent?.failed(reason);
    trouble.show(reason === "signed-out" && !positionApi ? "closed" : reason, reason === "unplayable" ? (foretold?.picture ?? foretold?.sound) : null);
  }

  /** Whether the film was made into something that this browser plays, which is begun with then. */
  function playsInstead() {
    if (!renditions.isThere || renditions.isOn) return false;
    renditions.choose(AUTO, { isKept: false });
    return true;
  }
  const canPlayType = (type) => video.canPlayType(type);
  const known = video.dataset.codecs ? tracksOfCodecs(video.dataset.codecs.split(" ")) : null;
  const foretold = known && missingOf(known, canPlayType);
  let isChecked = false;
  for (const name of ["loadeddata", "canplay"]) video.addEventListener(name, checkTracks);

  /** What is known to be missing is said before it starts. */
  function foretell() {
    const { picture, sound } = foretold;
    const isSilent = sound !== null || known.sounds.length === 0;
    if (picture !== null) trouble.show(isSilent ? "unplayable" : "no-picture", picture);
    else if (sound !== null) trouble.show("no-sound", sound);
    if (picture === null) return;
    // A browser that can do more than it says.
    video.addEventListener("loadeddata", () => {
      if (!isWithoutPicture(video) && isForetold(trouble.reason)) trouble.hide();
    }, { once: true });
  }

  /** Whatever is missing to the eye or the ear is said, once it is known why: no browser tells by itself. */
  async function checkTracks() {
    const hasNoPicture = isWithoutPicture(video);
    if (isChecked || renditions.isOn || !(hasNoPicture || isWithoutSound(video))) return;
    isChecked = true;
    const tracks = known?.pictures.length > 0 ? known : await tracksOf(video.currentSrc);
    if (trouble.reason !== null) return;
    const missing = tracks === null ? null : missingOf(tracks, canPlayType);
    if (hasNoPicture) {
      const isSoundAlone = tracks?.pictures.length === 0 || video.dataset.type.startsWith("audio/");
      player.toggleAttribute("data-sound-alone", isSoundAlone);
      if (!isSoundAlone && !playsInstead()) trouble.show("no-picture", missing?.picture);
    } else if (missing?.sound && !playsInstead()) {
      trouble.show("no-sound", missing.sound);
    }
  }

  function stateNow() {
    const { ended, paused, seeking, readyState, currentTime, duration } = video;
    return stateOf({ hasTrouble: trouble.reason !== null, ended, paused, seeking, readyState, currentTime, duration });
  }

  const still = new Still(player, {
    mayHide: () =>
      mayHideControls({
        state: stateNow(),
        isMenuOpen: controls.menu.isOpen || help.open,
        isSeeking: controls.seekBar.isDragged,
        hasKeyboardFocus: box.querySelector(":focus-visible") !== null,
        isPointerOver: matchMedia("(hover: hover)").matches && box.matches(":hover"),
      }),
  });

  function drawState() {
    const state = stateNow();
    if (player.dataset.state === state) return;
    player.dataset.state = state;
    if (state === "playing") player.dataset.begun = "";
    controls.drawState(state);
    still.stir();
  }
  for (const name of ["loadstart", "loadedmetadata", "loadeddata", "canplay", "play", "playing", "pause", "waiting", "stalled", "seeking", "seeked", "ended", "error", "emptied", "timeupdate"]) {
    video.addEventListener(name, drawState);
  }

  const upNext = new UpNext(player, {
    list: document.querySelectorAll("[data-video][data-next]"),
    video,
    // Who comes to a video that stands at its end has not watched it.
    isWanted: () => playsByItself() && "begun" in player.dataset && !reach.isUnderWay,
    mayCount: () =>
      !document.hidden && !controls.menu.isOpen && !document.querySelector("dialog[open], :popover-open, details[open]") && focusOf(document.activeElement, player) !== "text",
    closed: () => box.querySelector('[data-command="toggle"]').focus(),
  });

  sendOnBy(document.querySelectorAll('[data-linked] .video-link, .watch a:is([rel="prev"], [rel="next"])'));
  listenToHands(video, { commands, still });
  describeToSystem(video, { title: video.getAttribute("aria-label"), artist: video.dataset.owner, commands });

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    const { key, code, shiftKey: hasShift } = event;
    // On Windows AltGr, by which some layouts write < and >, is Ctrl and Alt together.
    const hasModifier = event.metaKey || (!event.getModifierState("AltGraph") && (event.ctrlKey || event.altKey));
    const action = actionOf({ key, code, hasShift, hasModifier, focus: focusOf(event.target, player), hasNext: upNext.isShown });
    if (!action || (help.open && action.name !== "help")) return;
    event.preventDefault();
    still.stir();
    commands[action.name](action);
    if (SEEKING.has(action.name)) controls.seekBar.glance(video.currentTime);
  });

  // There is none behind a link.
  const sharing = document.querySelector("[data-share-dialog]");
  if (sharing) shareDialog(sharing, { moment: () => ({ seconds: Math.floor(video.currentTime), text: clockTime(video.currentTime) }) });

  // From here on ours: without this module the browser's own controls are there.
  video.controls = false;
  box.hidden = false;
  drawState();
  renditions.begin({
    isOriginalPlayable: !(foretold?.picture || foretold?.sound),
    bitRate: video.dataset.bitRate ? Number(video.dataset.bitRate) : null,
  });
  if (foretold && !renditions.isOn) foretell();
  // What came before this module did is not told again.
  checkTracks();
  const [{ type }] = performance.getEntriesByType("navigation");
  // Where the browser does not let it, there is the button.
  const chosen = { referrer: document.referrer, url: location.href, origins: video.dataset.origins.split(" "), navigation: type, isHidden: document.hidden };
  const isSent = wasSentHere() && type === "navigate" && !document.hidden;
  const isWanted = parent ? "autoplay" in video.dataset : playsByItself() && (isSent || isChosen(chosen));
  if (isWanted && trouble.reason === null) video.play().catch(() => {});
}

/** Whether it is about what this browser can decode. */
function isForetold(reason) {
  return reason === "unplayable" || reason === "no-picture";
}

function bound(target, names) {
  return Object.fromEntries(names.map((name) => [name, (action) => target[name](action ?? {})]));
}

/** Where the keyboard is, as keys.js asks. */
function focusOf(target, player) {
  if (target.closest('input:not([type="range"]), textarea, select, [contenteditable]')) return "text";
  if (target.closest("[data-volume]")) return "range";
  if (target.closest("button, a, summary")) return "button";
  return target === document.body || player.contains(target) ? "player" : "page";
}

/** Shows a few words over the picture for a moment; `side` is where: left, right, or nothing for the middle. */
function noteOf(note) {
  let timer = null;
  return (words, side = "") => {
    note.textContent = words;
    note.dataset.side = side;
    note.hidden = false;
    clearTimeout(timer);
    timer = setTimeout(() => {
      note.hidden = true;
    }, NOTE_MS);
  };
}

watchPage(document.querySelector("[data-player]"));
saveVisibilities();
for (const fold of document.querySelectorAll("[data-fold]")) foldDescription(fold);
