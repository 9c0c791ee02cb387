"""Looks at what was uploaded, and makes what a library shows of it. A worker: it asks for jobs, and nobody calls it.

It has neither a database nor a key of the storage.
"""
