/** The player as the system knows it: the media keys of a keyboard, a headset, a lock screen. */

export function describeToSystem(video, { title, artist, commands }) {
  const session = navigator.mediaSession;
  if (!session) return;
  session.metadata = new MediaMetadata({ title, artist });
  const actions = {
    play: () => video.play().catch(() => {}),
    pause: () => video.pause(),
    seekbackward: ({ seekOffset }) => commands.skip({ seconds: -(seekOffset ?? 10) }),
    seekforward: ({ seekOffset }) => commands.skip({ seconds: seekOffset ?? 10 }),
    seekto: ({ seekTime }) => commands.seek({ seconds: seekTime }),
  };
  for (const [name, run] of Object.entries(actions)) {
    try {
      session.setActionHandler(name, run);
    } catch {
      // Not every browser knows every action.
    }
  }
  for (const name of ["loadedmetadata", "durationchange", "seeked", "ratechange", "play", "pause"]) video.addEventListener(name, tell);

  function tell() {
    session.playbackState = video.paused ? "paused" : "playing";
    const { duration, currentTime, playbackRate } = video;
    if (Number.isFinite(duration) && duration > 0) {
      session.setPositionState?.({ duration, playbackRate, position: Math.min(currentTime, duration) });
    }
  }
}
