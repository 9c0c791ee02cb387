/** The watch page: the native player, kept alive, with the keys that people know. */

import { gettext } from "../common/i18n.js";
import { actionOf, steppedRate } from "./keys.js";
import { SourceKeeper } from "./source_keeper.js";

const NOTE_MS = 900;

function watchPage(player) {
  const video = player.querySelector("video");
  const trouble = player.querySelector("[data-player-trouble]");
  const note = player.querySelector("[data-player-note]");
  const keeper = new SourceKeeper(video, {
    address: video.dataset.playbackApi,
    // The page may come out of a cache, and this clock may be wrong; the answer to either is one early renewal.
    lifeMs: Date.parse(video.dataset.expiresAt) - Date.now(),
    position: Number(video.dataset.resumeAt) || 0,
  });

  keeper.addEventListener("trouble", ({ detail: reason }) => {
    trouble.hidden = false;
    player.querySelector("[data-player-words]").textContent = troubleWords(reason);
    player.querySelector("[data-player-login]").hidden = reason !== "signed-out";
    player.querySelector("[data-player-retry]").hidden = reason === "gone";
    player.querySelector("[data-player-download]").hidden = reason !== "unplayable";
  });
  keeper.addEventListener("recovered", () => {
    const hadFocus = trouble.contains(document.activeElement);
    trouble.hidden = true;
    if (hadFocus) video.focus();
  });
  player.querySelector("[data-player-retry]").addEventListener("click", () => keeper.retry());

  let noteTimer = null;
  function showNote(words) {
    note.textContent = words;
    note.hidden = false;
    clearTimeout(noteTimer);
    noteTimer = setTimeout(() => {
      note.hidden = true;
    }, NOTE_MS);
  }

  const actions = {
    toggle: () => (video.paused ? video.play().catch(() => {}) : video.pause()),
    skip: ({ seconds }) => seek(video.currentTime + seconds),
    jump: ({ share }) => seek(video.duration * share),
    mute: () => {
      video.muted = !video.muted;
      showNote(video.muted ? gettext("Sound off") : gettext("Sound on"));
    },
    volume: ({ change }) => {
      video.muted = false;
      video.volume = Math.min(1, Math.max(0, video.volume + change));
      showNote(gettext("Volume %(percent)s%%", { percent: Math.round(video.volume * 100) }));
    },
    rate: ({ step }) => {
      video.playbackRate = steppedRate(video.playbackRate, step);
      showNote(`${video.playbackRate}×`);
    },
    fullscreen: () => (document.fullscreenElement ? document.exitFullscreen() : video.requestFullscreen?.().catch(() => {})),
  };

  function seek(seconds) {
    if (!Number.isFinite(video.duration)) return;
    video.currentTime = Math.min(video.duration, Math.max(0, seconds));
  }

  document.addEventListener("keydown", (event) => {
    const action = actionOf({
      key: event.key,
      hasModifier: event.ctrlKey || event.metaKey || event.altKey,
      isOnPlayer: event.target === video,
      isTyping: isTyping(event.target, event.key),
    });
    if (!action || event.defaultPrevented) return;
    event.preventDefault();
    actions[action.name](action);
  });
}

function isTyping(target, key) {
  if (target.closest("input, textarea, select, [contenteditable]")) return true;
  // A button or a link answers to space itself.
  return key === " " && Boolean(target.closest("button, a, summary"));
}

function troubleWords(reason) {
  switch (reason) {
    case "signed-out":
      return gettext("You have been logged out. Log in again to watch on from here.");
    case "gone":
      return gettext("This video is no longer here for you to watch.");
    case "unplayable":
      return gettext("This browser cannot play this video. Download it to watch it with another player.");
    default:
      return gettext("The video does not come through. Check the connection, then go on where you were.");
  }
}

watchPage(document.querySelector("[data-player]"));
