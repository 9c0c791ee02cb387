"""`python -m media_svc`."""

import os
from typing import Final

from common.web.run import run
from media_svc.app import create_app
from media_svc.settings import Settings

# Whoever waits for a page or a film comes first.
NICENESS: Final = 10

if __name__ == "__main__":
    os.nice(NICENESS)
    run("media_svc", Settings, create_app)
