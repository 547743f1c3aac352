"""Where the recorded sample logs are: package data of an installed wheel, or ``samples/`` next to the sources."""

from importlib.resources import files
from pathlib import Path

from openstack_rca.errors import LogPathNotFound

PACKAGED_NAME = "_samples"
"""Name of the folder inside the installed package; the build puts the checkout's ``samples/`` there."""


def samples_folder() -> Path:
    """Folder that holds ``normal/`` and ``incidents/``.

    Raises LogPathNotFound: this installation carries no samples.
    """
    package = Path(str(files("openstack_rca")))
    candidates = (package / PACKAGED_NAME, package.parent.parent / "samples")
    for candidate in candidates:
        if (candidate / "normal").is_dir() and (candidate / "incidents").is_dir():
            return candidate
    raise LogPathNotFound(
        f"The sample logs are neither in {candidates[0]} nor in {candidates[1]}.",
        "Install the released wheel, or run from a complete checkout; --logs takes logs of your own.",
    )


def normal_logs() -> Path:
    """Folder of the fault-free recording, ``<host>/<service>.log.xz``: what the demo trains on."""
    return samples_folder() / "normal" / "logs"


def incidents_folder() -> Path:
    """Folder of the labelled incidents and of the healthy window, one folder each."""
    return samples_folder() / "incidents"


def incident_names() -> list[str]:
    """Names of the sample incidents, healthy windows included, sorted."""
    return sorted(path.parent.name for path in incidents_folder().glob("*/incident.json"))


def incident_folder(name: str) -> Path:
    """Folder of one incident: ``incident.json`` and ``logs/``.

    Raises LogPathNotFound: no sample incident has this name.
    """
    if name not in incident_names():
        raise LogPathNotFound(f"There is no sample incident {name!r}.", f"There are {', '.join(incident_names())}.")
    return incidents_folder() / name
