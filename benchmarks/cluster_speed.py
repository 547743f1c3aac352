"""What an answer over a Dask cluster costs, and where: slopes a line for the workers and for the process that asks.

    python benchmarks/cluster_speed.py [--sizes 100000 300000] [--workers 2] [--model FILE] [--write docs/scale.md]

The logs are those of corpus.py in a temporary folder; the cluster is a scheduler in this process and worker processes on
this machine, so what a network costs is not in these figures. Each size is read (and scored, with --model) once by this process
alone and once by the workers, and the events are compared. CPU-seconds are user and system time; what this process needs for the
scheduler is in its own. A slope is the difference between the smallest and the largest size by the lines between them, so that
what is paid once is not in it. The last lines are products of the slopes with the lines of a day; nobody measured a day.
"""

import argparse
import logging
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import distributed
from corpus import write_corpus

from openstack_rca.service.analysis import Prepared, prepare
from openstack_rca.service.cluster import Cluster, open_cluster
from openstack_rca.settings import Settings, load_settings

MARKS = ("<!-- cluster_speed begins -->", "<!-- cluster_speed ends -->")
DAY_BYTES = 10**12


def measured(
    folder: Path, model: str, settings: Settings, cluster: Cluster | None, client: Any
) -> tuple[Prepared, dict[str, float]]:
    """The prepared logs, and what they cost."""
    before = sum(client.run(time.process_time).values())
    cpu, wall = time.process_time(), time.monotonic()
    prepared = prepare([folder], settings=settings, model=model, cluster=cluster)
    cost = {"here": time.process_time() - cpu, "wall": time.monotonic() - wall}
    cost["workers"] = sum(client.run(time.process_time).values()) - before
    cost["counted"] = prepared.read.table.counted.estimated_size() / max(prepared.read.table.height, 1)
    return prepared, cost


def rows(sizes: list[int], workers: int, model: str) -> list[dict[str, float]]:
    """One row a size."""
    found = []
    with (
        tempfile.TemporaryDirectory() as room,
        distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            host="127.0.0.1",
            protocol="tcp://",
            dashboard_address=None,
            silence_logs=logging.CRITICAL,
            env={"POLARS_MAX_THREADS": "1"},
        ) as started,
        distributed.Client(started, set_as_default=False) as client,
    ):
        settings = load_settings(home=Path(room) / "home", mlflow_enabled=False, log_cache_bytes=0)
        with open_cluster(started.scheduler_address, settings) as cluster:
            assert cluster is not None
            for size in sizes:
                folder = Path(room) / str(size)
                write_corpus(size, folder)
                alone, one = measured(folder, model, settings, None, client)
                many, shared = measured(folder, model, settings, cluster, client)
                assert many.read.files == alone.read.files
                assert many.read.table.counted.drop("host", "service", "file").equals(
                    alone.read.table.counted.drop("host", "service", "file")
                )
                size_bytes = sum(path.stat().st_size for path in folder.rglob("*.log"))
                lines = sum(file.lines for file in alone.read.files)
                found.append(
                    {"lines": lines, "bytes": size_bytes, "alone": one["here"], "alone_wall": one["wall"], **shared}
                )
    return found


def told(found: list[dict[str, float]], workers: int, scored: bool) -> list[str]:
    """The table, the slopes and the day, as Markdown."""
    first, last = found[0], found[-1]
    lines = last["lines"] - first["lines"]
    alone, far, here = ((last[name] - first[name]) / lines * 1e6 for name in ("alone", "workers", "here"))
    per_line = last["bytes"] / last["lines"]
    day = DAY_BYTES / per_line / 1e6
    hour = day / 24
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    titles = ("alone: CPU-s", "wall", f"{workers} workers: CPU-s", "asking process: CPU-s", "wall")
    text = [" | ".join(("| lines read" + " and scored" * scored, "MB", *titles)) + " |", "|---" * 7 + "|"]
    for row in found:
        costs = (row[name] for name in ("alone", "alone_wall", "workers", "here", "wall"))
        cells = (f"{row['lines']:,.0f}", f"{row['bytes'] / 1e6:,.0f}", *(f"{cost:.1f}" for cost in costs))
        text.append(f"| {' | '.join(cells)} |")
    return [
        *text,
        "",
        f"Measured slopes: a million lines more cost {far:.1f} CPU-s of the workers and {here:.1f} CPU-s of the asking process,",
        f"alone {alone:.1f}. An event takes {last['counted']:.0f} bytes of the asking process's memory, a line {per_line:.0f}",
        f"bytes of its file. The highest memory of that process, scheduler included, was {peak:,.0f} MB.",
        "",
        f"Extrapolated from these slopes, and measured by nobody: 1 TB a day are {day:,.0f} million lines, which cost "
        f"{day * far / 3600:,.0f} CPU-hours of workers",
        f"({day * far / 86400:.1f} processors that do nothing else) and {day * here / 3600:,.0f} CPU-hours of asking processes.",
        f"An answer about one whole hour reads {hour:,.0f} million lines:",
        f"{hour * far / 60:,.0f} CPU-minutes of workers, then {hour * here / 60:,.0f} CPU-minutes and "
        f"{hour * last['counted'] / 1e3:,.1f} GB of the asking process until it looks for trouble.",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 300_000])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--model", default="none")
    parser.add_argument("--write", type=Path)
    arguments = parser.parse_args()
    text = told(
        rows(sorted(arguments.sizes), arguments.workers, arguments.model), arguments.workers, arguments.model != "none"
    )
    print("\n".join(text))
    if arguments.write:
        document = arguments.write.read_text(encoding="utf-8")
        before, _, rest = document.partition(MARKS[0])
        _, _, behind = rest.partition(MARKS[1])
        arguments.write.write_text("\n".join([before + MARKS[0], *text, MARKS[1] + behind]), encoding="utf-8")


if __name__ == "__main__":
    main()
