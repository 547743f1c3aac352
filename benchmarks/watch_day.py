"""A day of a cloud's logs, replayed to `openstack-rca watch` at speed: what it tells, its lag and its memory.

    python benchmarks/watch_day.py [--hours 24] [--rate 100] [--incident-every 60] [--step 10]

The lines are those of the packaged recording, at so many lines a second, with other ids in each pass; every so many minutes a
recorded incident (INC-003) happens between them; more often than the cool-down of half an hour it is told but once. Files are
rotated each hour. The watch is stepped whenever so many seconds of lines were written, by a clock that is that of the lines.
Prints what is told, for each tenth of the time memory, lag, CPU time, how many events the window holds and how much Python itself
(objects with a collector, and blocks of memory), and at the end how many incidents were told; exit
status 1 where one was missed or told twice, or where memory grew by more than a quarter after the first tenth.
"""

import argparse
import gc
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from corpus import SAMPLES, STAMP, STAMPED, Copy, recording, span

from openstack_rca.service.deliveries import Deliveries
from openstack_rca.service.model_choice import open_model
from openstack_rca.service.troubles import Turn, describe
from openstack_rca.service.watching import Watch, WatchOptions
from openstack_rca.settings import load_settings

BEGAN = datetime(2026, 11, 23)
Line = tuple[float, str, str]


def stamped(folder: Path) -> list[Line]:
    """Seconds since the beginning, file and text of every line; lines without a stamp belong to the one before them."""
    logs = recording(folder)
    begins, _ = span(logs)
    found: list[Line] = []
    for name, lines in logs.items():
        seconds = 0.0
        for text in lines:
            match = STAMP.match(text)
            if match:
                seconds = (datetime.strptime(match[0].replace("T", " "), STAMPED) - begins).total_seconds()
            found.append((seconds, name, text))
    return sorted(found, key=lambda line: line[0])


def at_rate(lines: list[Line], rate: float) -> Iterator[Line]:
    """The lines again and again, so many a second."""
    number, copy = 0, Copy(0, timedelta())
    while True:
        for _, name, text in lines:
            if number % len(lines) == 0:
                copy = Copy(number, timedelta())
            yield number / rate, name, copy.line(text)
            number += 1


def moved(text: str, seconds: float) -> str:
    """A line with the stamp of a moment of the day."""
    return STAMP.sub((BEGAN + timedelta(seconds=seconds)).strftime(STAMPED), text, count=1)


def resident_megabytes() -> float:
    """What the process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=24)
    parser.add_argument("--rate", type=float, default=100)
    parser.add_argument("--incident-every", type=float, default=60, metavar="MINUTES")
    parser.add_argument("--step", type=float, default=10, metavar="SECONDS")
    given = parser.parse_args()
    normal, trouble = (
        stamped(SAMPLES / "normal" / "logs"),
        stamped(SAMPLES / "incidents" / "INC-003" / "logs"),
    )
    end, period = given.hours * 3600, given.incident_every * 60
    waiting = [
        (begin + seconds, name, Copy(int(begin), timedelta()).line(text))
        for begin in range(int(period / 2), int(end - period / 2) + 1, int(period))
        for seconds, name, text in trouble
    ]
    incidents, written, told, memory, lag = len(waiting) // len(trouble), 0, [], [], 0
    moment = [0.0]
    with tempfile.TemporaryDirectory() as folder:
        logs = Path(folder) / "logs"
        logs.mkdir()
        settings = load_settings(home=Path(folder) / "home", mlflow_enabled=False)
        watch = Watch(
            [logs], settings, open_model("none", settings), Deliveries([], time.monotonic), WatchOptions(from_start=True),
            None, lambda: (BEGAN - datetime(1970, 1, 1)).total_seconds() + moment[0],
        )  # fmt: skip
        stream = at_rate(normal, given.rate)
        line = next(stream)
        begun = time.process_time()
        while moment[0] < end:
            moment[0] += given.step
            files: dict[str, list[str]] = {}
            while line[0] < moment[0]:
                files.setdefault(line[1], []).append(moved(line[2], line[0]))
                line = next(stream)
            while waiting and waiting[0][0] < moment[0]:
                seconds, name, text = waiting.pop(0)
                files.setdefault(name, []).append(moved(text, seconds))
            for name, texts in files.items():
                path = logs / name
                path.parent.mkdir(parents=True, exist_ok=True)
                if moment[0] % 3600 < given.step and path.exists():
                    path.replace(path.with_name(f"{path.name}.1"))
                with path.open("a") as file:
                    file.write("\n".join(texts) + "\n")
                written += len(texts)
            for each in watch.step():
                told.append(each)
                print(f"{moment[0] / 3600:6.2f} h {describe(each).splitlines()[0]}")
            lag = max(lag, watch.figures.lag_bytes)
            if moment[0] * 10 // end > (moment[0] - given.step) * 10 // end:
                memory.append(resident_megabytes())
                spent = time.process_time() - begun
                print(f"{moment[0] / 3600:6.2f} h {written:>10,} lines {memory[-1]:5.0f} MB", end=" ")
                print(f"largest lag {lag:,} bytes {spent:7.1f} CPU-s", end=" ")
                print(
                    f"window {watch.figures.window_events:,} events, Python {len(gc.get_objects()):,} objects", end=" "
                )
                print(f"{sys.getallocatedblocks():,} blocks", flush=True)
        watch.close()
    began = sum(each.turn is Turn.BEGAN for each in told)
    right = sum(each.turn is not Turn.ENDED and each.component == "keystone" for each in told)
    ended = sum(each.turn is Turn.ENDED for each in told)
    print(f"{incidents} incidents; {began} troubles told, in {right} the incident's cause, {ended} ends")
    if began > incidents or right < incidents or memory[-1] > 1.25 * memory[0]:
        sys.exit(1)


if __name__ == "__main__":
    main()
