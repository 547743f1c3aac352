"""From logs to answer at several sizes, beside Python's `re` and Drain3 over the same lines in the same run.

    python benchmarks/whole_speed.py [--sizes 10000 100000 1000000] [--rival-python PYTHON] [--write docs/performance.md]

The logs are copies of the packaged recording, shifted in time and with ids renamed, followed by a recorded incident (see
corpus.py). Each figure is that of a process of its own: CPU-seconds (user and system), peak memory, and for our answer the
share of each stage. `re.match` is one match of the oslo.log line by Python's `re`, and nothing else; a machine that is busy or
slow changes both, so their ratio holds anywhere, and --most makes a check of it: exit status 1 where the answer on the
largest size costs more than so many times the CPU of `re.match`. Drain3 finds templates only; it runs with PYTHON, of an
environment that has it (`pip install drain3`), and is left out without one. --write puts the table between the marks of
that file.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from corpus import write_corpus

OSLO = re.compile(
    r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) (\d+) ([A-Z]+) (\S+)(?: \[(?:(None|req-\S+) )?(req-\S+|-)?([^\]]*)\])? ?(.*)$"
)
MARKS = ("<!-- whole_speed begins -->", "<!-- whole_speed ends -->")
STAGES = ("read logs", "observe", "window", "match")


def lines_of(folder: Path) -> Iterator[str]:
    """Every line of every log."""
    for path in sorted(folder.rglob("*.log")):
        with path.open(encoding="utf-8", errors="replace") as file:
            yield from file


def ours(folder: Path) -> dict[str, Any]:
    """The answer, with the CPU-seconds of each stage."""
    from openstack_rca.service.analysis import analyze
    from openstack_rca.settings import load_settings

    seconds: dict[str, float] = {}
    last = ["start", time.process_time()]

    def step(name: str) -> None:
        now = time.process_time()
        seconds[str(last[0])] = seconds.get(str(last[0]), 0.0) + now - float(last[1])
        last[:] = [name, now]

    with tempfile.TemporaryDirectory() as home:
        settings = load_settings(home=Path(home), mlflow_enabled=False, log_cache_bytes=0)
        outcome = analyze([folder], "401 on every call", settings=settings, model="none", on_step=step)
    step("end")
    return {"stages": seconds, "answer": outcome.report.causes[0].component if outcome.report.causes else ""}


def re_match(folder: Path) -> dict[str, Any]:
    """One match a line."""
    return {"answer": str(sum(OSLO.match(line.rstrip("\n")) is not None for line in lines_of(folder)))}


def drain3(folder: Path) -> dict[str, Any]:
    """Templates of the messages."""
    from drain3 import TemplateMiner

    miner = TemplateMiner()
    for line in lines_of(folder):
        match = OSLO.match(line.rstrip("\n"))
        miner.add_log_message(match[8] if match else line.rstrip("\n"))
    return {"answer": f"{len(miner.drain.clusters)} templates"}


METHODS = {"answer": ours, "re.match": re_match, "Drain3": drain3}


def measure(python: str, name: str, folder: Path) -> dict[str, Any]:
    """Run one method in a process of its own and ask the kernel what it took."""
    with subprocess.Popen(
        [python, str(Path(__file__).resolve()), "--one", name, str(folder)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        out = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{name} failed")
    facts: dict[str, Any] = json.loads(out)
    return facts | {"cpu": usage.ru_utime + usage.ru_stime, "megabytes": usage.ru_maxrss / 1024}


def table(rows: list[tuple[int, str, dict[str, Any]]]) -> str:
    """The figures as Markdown."""
    head = [
        "lines",
        "what",
        "CPU-s",
        "peak MB",
        "lines/CPU-s",
        "times re.match",
        *(f"{stage} CPU-s" for stage in STAGES),
    ]
    lines = [" | ".join(["", *head, ""]).strip(), "|" + "---|" * len(head)]
    for size, name, facts in rows:
        base = next(found["cpu"] for other, what, found in rows if (other, what) == (size, "re.match"))
        stages = [f"{facts['stages'].get(stage, 0.0):.2f}" if "stages" in facts else "" for stage in STAGES]
        cells = [f"{size:,}", name, f"{facts['cpu']:.2f}", f"{facts['megabytes']:.0f}", f"{size / facts['cpu']:,.0f}"]
        lines.append(" | ".join(["", *cells, f"{facts['cpu'] / base:.1f}", *stages, ""]).strip())
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--rival-python", metavar="PYTHON")
    parser.add_argument("--most", type=float, help="fail where the largest answer costs more times the CPU of re.match")
    parser.add_argument("--write", type=Path, metavar="FILE")
    parser.add_argument("--one", nargs=2, metavar=("NAME", "FOLDER"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(METHODS[given.one[0]](Path(given.one[1]))))
        return
    rows = []
    for size in sorted(given.sizes):
        with tempfile.TemporaryDirectory() as folder:
            written = write_corpus(size, Path(folder), incident=True)
            for name in METHODS:
                python = given.rival_python if name == "Drain3" else sys.executable
                if python:
                    rows.append((written, name, measure(python, name, Path(folder))))
    text = table(rows)
    print(text)
    if given.write:
        before, rest = given.write.read_text().split(MARKS[0])
        given.write.write_text(f"{before}{MARKS[0]}\n{text}\n{MARKS[1]}{rest.split(MARKS[1])[1]}")
    largest = {name: facts["cpu"] for size, name, facts in rows if size == rows[-1][0]}
    if given.most and largest["answer"] > given.most * largest["re.match"]:
        sys.exit(
            f"The answer costs {largest['answer'] / largest['re.match']:.1f} times re.match, allowed are {given.most}."
        )


if __name__ == "__main__":
    main()
