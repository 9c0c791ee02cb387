"""`python -m stream_svc`."""

from common.web.run import run
from stream_svc.app import create_app
from stream_svc.settings import Settings

if __name__ == "__main__":
    run("stream_svc", Settings, create_app)
