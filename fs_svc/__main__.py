"""`python -m fs_svc`."""

from common.web.run import run
from fs_svc.app import create_app
from fs_svc.settings import Settings

if __name__ == "__main__":
    run("fs_svc", Settings, create_app)
