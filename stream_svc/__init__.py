"""The viewer's side: the library, the watch page and playback URLs. Reads `videos`, and never writes it."""
