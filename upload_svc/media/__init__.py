"""What workers make of videos: jobs, the queue that they stand in, and how far they are."""
