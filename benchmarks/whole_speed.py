"""From logs to answer at several sizes, beside Python's `re` and other tools over the same lines in the same run.

    python benchmarks/whole_speed.py [--sizes 10000 100000 1000000] [--rival-python PYTHON] [--rivals-up-to 100000]
                                     [--write docs/performance.md]

The logs are copies of the packaged recording, shifted in time and with ids renamed, followed by a recorded incident (see
corpus.py). Each figure is that of a process of its own: CPU-seconds (user and system), peak memory, and for our answer the
share of each stage. `re.match` is one match of the oslo.log line by Python's `re`, and nothing else; a machine that is busy or
slow changes both, so their ratio holds anywhere, and --most makes a check of it: exit status 1 where the answer on the
largest size costs more than so many times the CPU of `re.match`. The other tools run with PYTHON, of an environment of their own
(`pip install drain3 logreduce loglead`), up to a size, and are left out without one. They do less: Drain3 finds templates,
with masks; logreduce learns the first half of the lines and finds for each line of the second the nearest one; LogLead learns
the words of the first half and says how rare those of each line of the second are. --write puts the table between the marks of
that file and a picture beside it (which needs matplotlib).
"""

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
DRAIN_MASKS = (
    ("ID", r"(?:req-)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32}"),
    ("IP", r"\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?"),
    ("NUM", r"\b\d+(?:\.\d+)?\b"),
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
    from openstack_rca.service.listener import Listener
    from openstack_rca.settings import load_settings

    seconds: dict[str, float] = {}
    last = ["start", time.process_time()]

    class Clock(Listener):
        def step(self, name: str) -> None:
            now = time.process_time()
            seconds[str(last[0])] = seconds.get(str(last[0]), 0.0) + now - float(last[1])
            last[:] = [name, now]

    clock = Clock()

    with tempfile.TemporaryDirectory() as home:
        settings = load_settings(home=Path(home), mlflow_enabled=False, log_cache_bytes=0)
        outcome = analyze([folder], "401 on every call", settings=settings, model="none", listener=clock)
    clock.step("end")
    return {"stages": seconds, "answer": outcome.report.causes[0].component if outcome.report.causes else ""}


def re_match(folder: Path) -> dict[str, Any]:
    """One match a line."""
    return {"answer": str(sum(OSLO.match(line.rstrip("\n")) is not None for line in lines_of(folder)))}


def drain3(folder: Path) -> dict[str, Any]:
    """Templates of the messages, with masks."""
    from drain3 import TemplateMiner
    from drain3.masking import MaskingInstruction
    from drain3.template_miner_config import TemplateMinerConfig

    config = TemplateMinerConfig()
    config.masking_instructions = [MaskingInstruction(pattern, name) for name, pattern in DRAIN_MASKS]
    miner = TemplateMiner(config=config)
    for line in lines_of(folder):
        match = OSLO.match(line.rstrip("\n"))
        miner.add_log_message(match[8] if match else line.rstrip("\n"))
    return {"answer": f"{len(miner.drain.clusters)} templates"}


def logreduce(folder: Path) -> dict[str, Any]:
    """The distance of each line of the second half from the nearest one of the first."""
    from logreduce.models import HashingNeighbors
    from logreduce.tokenizer import Tokenizer

    tokens = [Tokenizer.process(line) for line in lines_of(folder)]
    half = len(tokens) // 2
    model = HashingNeighbors()
    model.train(sorted(set(tokens[:half])))
    found = model.test(sorted(set(tokens[half:])))
    return {"answer": f"{sum(distance > 0.2 for (distance,) in found)} unlike lines"}


def loglead(folder: Path) -> dict[str, Any]:
    """How rare the words of each line of the second half are in the first."""
    import warnings

    from loglead import AnomalyDetector
    from loglead.enhancers import EventLogEnhancer
    from loglead.loaders import RawLoader

    warnings.simplefilter("ignore")
    events = RawLoader(str(folder), filename_pattern="*.log").execute()
    events = EventLogEnhancer(events).mask()
    events = EventLogEnhancer(events).words("e_message_normalized").drop_nulls("e_words")
    detector = AnomalyDetector(item_list_col="e_words", print_scores=False)
    detector.test_train_split(events, test_frac=0.5, shuffle=False)
    detector.train_RarityModel()
    return {"answer": f"{detector.predict().height} scores"}


METHODS = {"answer": ours, "re.match": re_match, "Drain3": drain3, "LogLead": loglead, "logreduce": logreduce}
RIVALS = ("Drain3", "LogLead", "logreduce")


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
    facts: dict[str, Any] = json.loads(out.splitlines()[-1])
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


def picture(rows: list[tuple[int, str, dict[str, Any]]], path: Path) -> None:
    """Lines a CPU-second by size, one line a method."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "whole_speed"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4))
    for method in METHODS:
        points = [(size, size / facts["cpu"]) for size, name, facts in rows if name == method]
        if points:
            axes.plot(*zip(*points, strict=True), marker="o", label=method)
    axes.set(xscale="log", yscale="log", xlabel="lines", ylabel="lines a CPU-second", title="From logs to answer")
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend()
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--rival-python", metavar="PYTHON")
    parser.add_argument("--rivals-up-to", type=int, default=1_000_000, metavar="LINES")
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
                python = given.rival_python if name in RIVALS else sys.executable
                if python and (name not in RIVALS or size <= given.rivals_up_to):
                    rows.append((written, name, measure(python, name, Path(folder))))
    text = table(rows)
    print(text)
    if given.write:
        before, rest = given.write.read_text().split(MARKS[0])
        given.write.write_text(f"{before}{MARKS[0]}\n{text}\n{MARKS[1]}{rest.split(MARKS[1])[1]}")
        picture(rows, given.write.parent / "images" / "whole_speed.svg")
    largest = {name: facts["cpu"] for size, name, facts in rows if size == rows[-1][0]}
    if given.most and largest["answer"] > given.most * largest["re.match"]:
        sys.exit(
            f"The answer costs {largest['answer'] / largest['re.match']:.1f} times re.match, allowed are {given.most}."
        )


if __name__ == "__main__":
    main()
