"""`python -m upload_svc`."""

from common.web.run import run
from upload_svc.app import create_app
from upload_svc.settings import Settings

if __name__ == "__main__":
    run("upload_svc", Settings, create_app)
