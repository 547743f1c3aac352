"""Objects that commands show in JSON, as records: containers of Docker and podman, what OpenStack's client shows of a server."""

from collections.abc import Mapping
from typing import Any

_CONTAINER_THINGS = (
    "container",
    "pod",
    "network",
    "volume",
    "image",
    "service",
    "node",
    "daemon",
    "plugin",
    "secret",
    "config",
)


_TOLD_TO_END = 143
"""Exit code of who ended by SIGTERM."""


def failed_server(value: Mapping[str, Any]) -> dict[str, Any] | None:
    """Why a server of Nova's is in error, of what the client shows of it; None for anything else."""
    fault = value.get("fault")
    if not (isinstance(fault, dict) and isinstance(fault.get("message"), str) and isinstance(value.get("id"), str)):
        return None
    # When it was is told by Nova alone: a record of anybody's that holds a fault keeps its own words.
    if not isinstance(fault.get("created"), str):
        return None
    host = value.get("OS-EXT-SRV-ATTR:host")
    told = {
        "timestamp": fault["created"],
        "level": "error",
        "service": "openstackclient",
        "instance_uuid": value["id"],
    }
    name = value.get("name", value["id"])
    return told | ({"host": host} if isinstance(host, str) else {}) | {"message": f"server {name}: {fault['message']}"}


def ended_container(value: Mapping[str, Any]) -> dict[str, Any] | None:
    """How a container ended, of what `docker inspect` and `podman inspect` show of it; None for anything else."""
    state, name = value.get("State"), value.get("Name")
    if not (isinstance(state, dict) and isinstance(name, str) and isinstance(state.get("ExitCode"), int)):
        return None
    killed, health = state.get("OOMKilled") is True, state.get("Health", state.get("Healthcheck"))
    unwell = isinstance(health, dict) and health.get("Status") == "unhealthy"
    ended = f"{state.get('Status')} with exit code {state['ExitCode']}" + killed * ", killed for want of memory"
    ended += unwell * ", unhealthy"
    told = {"timestamp": state.get("FinishedAt"), "service": name.strip("/"), "message": f"container {name}: {ended}"}
    # One that is restarted over and over runs, too; one that was told to end says so by its code.
    at_work = state.get("Running") is True and state.get("Restarting") is not True
    failed = killed or unwell or (state["ExitCode"] not in (0, _TOLD_TO_END) and not at_work)
    return told | {"level": "error" if failed else "info"}


def container_event(value: Mapping[str, Any]) -> dict[str, Any] | None:
    """What Docker or podman tells of a container, as the line that they print of it; None for anything else."""
    done, actor = value.get("Action", value.get("Status")), value.get("Actor")
    actor = actor if isinstance(actor, dict) else {"ID": value.get("ID"), **value}
    if value.get("Type") not in _CONTAINER_THINGS or not isinstance(done, str) or not isinstance(actor.get("ID"), str):
        return None
    attributes = actor.get("Attributes")
    told = {"name": value.get("Name"), "exitCode": value.get("ContainerExitCode")}
    told |= {"health": value.get("health_status"), **(attributes if isinstance(attributes, dict) else {})}
    stamp = value.get("Time", value.get("timeNano", value.get("time")))
    listed = ", ".join(f"{key}={one}" for key, one in told.items() if one is not None)
    return {"timestamp": stamp, "message": f"{value['Type']} {done} {actor['ID'] or '-'} ({listed})"}
