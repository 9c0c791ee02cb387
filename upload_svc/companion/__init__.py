"""Uploads in the S3 dialect of Uppy's Companion, for pages that have an Uppy of their own (docs/uppy.md).

The same uploads under the same rules as in the API. What differs is what this dialect does not say: how large the file
is, and how it is cut. `uploadId` and `key` are both our id; what the storage calls them is known to fs_svc alone.
"""
