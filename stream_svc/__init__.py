"""The viewer's side: the library, the watch page, playback URLs, and where each viewer stopped.

Reads `videos`, and never writes it.
"""
