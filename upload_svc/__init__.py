"""The creator's side: what a video is called, whose it is, who may see it, and the upload of its bytes to S3."""
