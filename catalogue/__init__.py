"""What a video is, who may watch it, and how lists of videos are read.

The table is written by upload_svc and read by stream_svc.
"""
