"""The part that opens files of strangers: a process of its own that can do nothing but compute.

It is started by `media_svc.jail`, imports FFmpeg (PyAV), locks itself in and only then hears of a file, which it reads
block by block from its parent.
"""
