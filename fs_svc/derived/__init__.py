"""Derived objects: what a worker has made of a video, a few files under one key prefix, as long as the video is there.

`lifecycle` is what services ask for and what is finished without them, `pictures` the URLs for people, `walk` the
comparison of bucket and rows.
"""
