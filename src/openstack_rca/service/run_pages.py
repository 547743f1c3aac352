"""Where a run can be looked at: a page of the tracking server, or the command that serves one."""

import shlex
from urllib.parse import urlparse

from openstack_rca.lifecycle.mlflow import Tracking, without_password
from openstack_rca.settings import Settings


def run_page(settings: Settings, run_id: str) -> str | None:
    """Address of a run on an http(s) tracking server; None where runs are kept here. Raises RegistryUnavailable."""
    page = Tracking(settings).run_page(run_id)
    return page if page and urlparse(page).scheme in ("http", "https") else None


def serving_command(settings: Settings) -> str:
    """The command that shows the runs of a database without a server, in MLflow's own pages."""
    return shlex.join(["mlflow", "ui", "--backend-store-uri", without_password(settings.tracking_uri)])
