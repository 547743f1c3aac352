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
            told = next((text for key in _TELLING if isinstance(text := result.get(key), str) and text.strip()), "")
            yield {
                "timestamp": task["duration"].get("start"),
                "host": host,
                "service": "ansible",
                "level": "ERROR" if failed and result.get("ignore_errors") is not True else "INFO",
                "message": f"{task.get('name') or 'task'}: {told or json.dumps(result)[:400]}",
            }
