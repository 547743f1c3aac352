"""Questions that only the doctor asks: which MLflow the server is, and whether it can keep the files of runs."""

import re
from typing import Any
from urllib.parse import urlparse
from uuid import uuid4

from openstack_rca.errors import RegistryFailed, StoreError
from openstack_rca.lifecycle.mlflow.client import (
    ONE_CALL,
    connect,
    is_server,
    registry_errors,
    too_slow,
    without_password,
)
from openstack_rca.lifecycle.mlflow.server_errors import called, said
from openstack_rca.lifecycle.mlflow.tracking import artifact_location
from openstack_rca.lifecycle.objects import ObjectStore, within
from openstack_rca.settings import Settings

DEFAULT_EXPERIMENT = "0"
LONGEST_QUOTE = 200


def server_version(settings: Settings) -> str:
    """The version that a tracking server says it is; empty where it does not say so. Raises RegistryUnavailable."""
    if not is_server(settings.tracking_uri):
        return ""
    answer = _ask(settings, "/version", "GET")
    return (
        answer.text.strip() if answer.status_code == 200 and re.fullmatch(r"\d+\.[\w.]+", answer.text.strip()) else ""
    )


def probe_artifacts(settings: Settings) -> str:
    """Write a small file where the files of runs go, read it back, remove it; returns where that is.

    Raises RegistryFailed: the server cannot keep it. RegistryUnavailable, StoreError: it cannot be tried.
    """
    client, uri = connect(settings), settings.tracking_uri
    with registry_errors(uri):
        experiment = client.get_experiment_by_name(settings.experiment_name)
        location = experiment.artifact_location if experiment else artifact_location(settings)
        # Before the first run, a server's own experiment shows where it keeps files.
        location = str(location or client.get_experiment(DEFAULT_EXPERIMENT).artifact_location)
    name, token = f"openstack-rca-doctor-{uuid4().hex}", uuid4().hex
    if urlparse(location).scheme == "mlflow-artifacts":
        _probe_server(settings, f"{urlparse(location).path.strip('/')}/{name}", token)
    else:
        store = ObjectStore(settings, location)
        store.put_new_bytes(name, token.encode())
        if store.read(name) != token.encode():
            raise StoreError(f"{location} returned other bytes than were written.", "Look for a proxy in front of it.")
        store.delete(name)
    return location


def _probe_server(settings: Settings, path: str, token: str) -> None:
    for method, body in (("PUT", token), ("GET", None), ("DELETE", None)):
        answer = _ask(settings, f"/api/2.0/mlflow-artifacts/artifacts/{path}", method, body)
        if answer.status_code >= 400 or (method == "GET" and answer.text != token):
            known = said(f"error code {answer.status_code} {answer.text}", settings.tracking_uri)
            # What a proxy says is about the server; of the server's own trouble the bucket is the usual reason.
            if known is not None and answer.status_code != 500:
                raise known
            quoted = " ".join(re.sub("<[^>]*>", " ", answer.text).split())[:LONGEST_QUOTE]
            raise RegistryFailed(
                f"{called(settings.tracking_uri)} cannot keep the files of runs ({method}: {answer.status_code} {quoted}).",
                known.hint
                if known is not None
                else "On the server: pip install boto3 for an s3:// destination, and give it the keys of the bucket; "
                "see docs/servers.md. Its log has the reason.",
            )


def _ask(settings: Settings, endpoint: str, method: str, body: str | None = None) -> Any:
    """One request with MLflow's own log-in and certificates, never repeated."""
    from mlflow.utils.credentials import get_default_host_creds
    from mlflow.utils.rest_utils import http_request

    uri = settings.tracking_uri
    more = {"data": body} if body is not None else {}

    def work(_alive: object) -> Any:
        return http_request(get_default_host_creds(uri), endpoint, method, max_retries=0, raise_on_status=False, **more)

    with registry_errors(uri):
        return within(ONE_CALL * settings.network_timeout_seconds, work, too_slow(without_password(uri)))
