"""What a video is, who may watch it, and how lists of videos are read.

The table is written by upload_svc and read by stream_svc; what both say of videos on their pages is in TEMPLATES.
"""

from pathlib import Path
from typing import Final

TEMPLATES: Final = Path(__file__).parent / "templates"
