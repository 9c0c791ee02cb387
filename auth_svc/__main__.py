"""`python -m auth_svc`."""

from auth_svc.app import create_app
from auth_svc.settings import Settings
from common.web.run import run

if __name__ == "__main__":
    run("auth_svc", Settings, create_app)
