"""The stack trace of an unexpected error, kept where a bug report can take it from."""

from __future__ import annotations

import traceback

from openstack_rca.errors import OpenStackRcaError
from openstack_rca.settings import load_settings

TRACE_FILE = "last-error.txt"


def keep_trace() -> str:
    """Write the stack trace of the error that is being handled below the folder of state; say where in words."""
    report = "This is a defect of openstack-rca; please report it"
    try:
        folder = load_settings().state_folder
        path = folder / TRACE_FILE
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(traceback.format_exc(), encoding="utf-8")
    except (OSError, OpenStackRcaError):
        return f"{report}."
    return f"{report} with {path}."
