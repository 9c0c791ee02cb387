"""The authority on bytes: plans, signs, lists, completes, aborts and deletes what is in the bucket.

It alone holds the S3 credentials. What a video means, what it is called and who may watch it is not decided
here.
"""
