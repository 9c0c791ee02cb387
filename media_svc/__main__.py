"""`python -m media_svc`."""

from common.web.run import run
from media_svc.app import create_app
from media_svc.settings import Settings

if __name__ == "__main__":
    run("media_svc", Settings, create_app)
