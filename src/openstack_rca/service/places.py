"""Can it be written there? Asked before the work is done, so that no hour of training ends at a closed door."""

import os
import traceback
from pathlib import Path

from openstack_rca.errors import ConfigurationError, OpenStackRcaError
from openstack_rca.lifecycle.objects import not_kept_in
from openstack_rca.settings import Settings, load_settings


def require_home(settings: Settings, *, writable: bool) -> None:
    """Make the folder of state if it is missing; with ``writable`` it must be writable. Raises ConfigurationError."""
    way = "Set OPENSTACK_RCA_HOME to a folder that this user may write."
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        reason = "this user may not write there" if writable and not _may_write(settings.home) else ""
    except OSError as error:
        reason, way = error.strerror or str(error), not_kept_in(settings.home, error)[1]
    if reason:
        raise ConfigurationError(f"The folder of models, runs and cache {settings.home} cannot be used: {reason}.", way)


def where_nothing_is(settings: Settings, advice: str) -> str:
    """``advice`` how to make what is not kept yet; where nothing can be kept in the folder of state, that instead."""
    home = settings.home.absolute()
    nearest = next(folder for folder in (home, *home.parents) if folder.exists())
    if _may_write(nearest):
        return advice
    return f"This user may not write in {nearest}, so nothing is kept there; set OPENSTACK_RCA_HOME to another folder."


def require_output(path: Path) -> None:
    """Check that a file can be written; folders above it may still be missing. Raises ConfigurationError."""
    try:
        if path.is_dir():
            raise cannot_write(path, "it is a folder")
        nearest = next(folder for folder in path.absolute().parents if folder.exists())
        if not nearest.is_dir():
            raise cannot_write(path, f"{nearest} is not a folder")
        if not _may_write(nearest):
            raise cannot_write(path, f"this user may not write in {nearest}")
    except OSError as error:
        raise cannot_write(path, error.strerror or str(error)) from None


def cannot_write(path: Path, reason: str) -> ConfigurationError:
    """The error for a file that cannot be written."""
    return ConfigurationError(f"{path} cannot be written: {reason}.", "Choose another --output.")


def _may_write(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK)


TRACE_FILE = "last-error.txt"


def keep_trace() -> str:
    """Write the stack trace of the error being handled below the folder of state; gives a sentence that names the file."""
    report = "This is a defect of openstack-rca; please report it"
    try:
        folder = load_settings().state_folder
        path = folder / TRACE_FILE
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(traceback.format_exc(), encoding="utf-8")
    except (OSError, OpenStackRcaError):
        return f"{report}."
    return f"{report} with {path}."
