"""Uploads, from the intent to store a file until the object's end: one lifecycle, and a module for each kind.

`lifecycle` is what people ask for, `settling` what is finished without them, `kinds` what a kind has to decide. Kinds
that only Companion's dialect needs are in `fs_svc.companion`.
"""
