"""The kinds of upload that only clients of Uppy's Companion use (docs/uppy.md): they do not say how large a file is."""
