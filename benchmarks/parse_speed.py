"""Lines per CPU-second and peak memory of reading logs and of `logs inspect`, beside one regular expression a line in Python.

    python benchmarks/parse_speed.py [PATH ...]

Each method runs in a fresh process. The rival does less: it joins no tracebacks, knows oslo.log only, and masks with one
expression where ours applies all masks; it is what one would write first.
"""

import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

DEFAULT = Path(__file__).resolve().parents[2] / "shared" / "data" / "lab-zed" / "normal" / "run-02" / "logs"
ROUNDS = 3

_LINE = re.compile(
    r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) (\d+) ([A-Z]+) (\S+)(?: \[(?:(None|req-\S+) )?(req-\S+|-)?([^\]]*)\])? ?(.*)$"
)
_VALUE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{32}\b|\d+(?:\.\d+)*")


def ours(paths: list[str]) -> tuple[int, int]:
    """Lines and events by ``read_logs``."""
    from openstack_rca.logs.events import read_logs

    result = read_logs(paths)
    return sum(read.lines for read in result.files), result.table.height


def inspected(paths: list[str]) -> tuple[int, int]:
    """Lines and events by ``logs inspect``, which reads them and tells what was understood."""
    from openstack_rca.service.log_inspection import inspect_logs
    from openstack_rca.settings import load_settings

    files = inspect_logs(paths, load_settings()).files
    return sum(file.lines for file in files), sum(file.events for file in files)


def python_regex(paths: list[str]) -> tuple[int, int]:
    """Lines and records by one match and one substitution a line."""
    count = 0
    records = []
    for path in paths:
        root = Path(path)
        for file in sorted(root.rglob("*.log")) if root.is_dir() else [root]:
            with file.open(encoding="utf-8", errors="replace") as lines:
                for number, line in enumerate(lines, 1):
                    count += 1
                    match = _LINE.match(line.rstrip("\n"))
                    if match is not None:
                        stamp = datetime.fromisoformat(match[1]).replace(tzinfo=UTC)
                        template = _VALUE.sub("<*>", match[8])
                        records.append((stamp, file.name, number, *match.groups()[1:], template))
    return count, len(records)


METHODS: dict[str, Callable[[list[str]], tuple[int, int]]] = {
    "ours": ours,
    "logs inspect": inspected,
    "python regex per line": python_regex,
}


def main() -> int:
    """Print one line for each method; with ``--one NAME`` measure it in this process."""
    if sys.argv[1:2] == ["--one"]:
        method, paths = METHODS[sys.argv[2]], sys.argv[3:]
        method(paths)  # imports, page cache and compiled expressions are not what is measured
        best = float("inf")
        for _ in range(ROUNDS):
            started = time.process_time()
            lines, events = method(paths)
            best = min(best, time.process_time() - started)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{sys.argv[2]:24} {lines:8d} lines {events:8d} events {lines / best:10,.0f} lines/CPU-s {peak:6.0f} MB")
        return 0
    paths = sys.argv[1:] or [str(DEFAULT)]
    for name in METHODS:
        done = subprocess.run([sys.executable, __file__, "--one", name, *paths], check=False)
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
