"""What tasks of Ansible came to, in the JSON that its callback and Zuul's write of a whole run."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

_TELLING = ("msg", "stderr", "stdout", "exception", "reason")


def results_of_task(value: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A record for each host of a task's result, whose level tells whether it failed; none for any other value."""
    task, hosts = value.get("task"), value.get("hosts")
    if not (isinstance(task, dict) and isinstance(hosts, dict) and isinstance(task.get("duration"), dict)):
        return
    for host, result in hosts.items():
        if isinstance(result, dict):
            failed = result.get("failed") is True or result.get("unreachable") is True
            items = result.get("results")
            inner = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
            broken = [item for item in inner if item.get("failed") is True]
            # Of a loop, the task itself says only that all items are done.
            told = "; ".join(filter(None, map(_told, broken))) or _told(result)
            yield {
                "timestamp": task["duration"].get("start"),
                "host": host,
                "service": "ansible",
                "level": "ERROR" if failed and result.get("ignore_errors") is not True else "INFO",
                "message": f"{task.get('name') or 'task'}: {told or json.dumps(result)[:400]}",
            }


def _told(result: Mapping[str, Any]) -> str:
    return next((text for key in _TELLING if isinstance(text := result.get(key), str) and text.strip()), "")
