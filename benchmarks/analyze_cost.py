"""What one cold `openstack-rca analyze` costs, beside grep over the same lines, measured in the same run.

    python benchmarks/analyze_cost.py [LOGS] [--home FOLDER] [--model REFERENCE] [--repeat N]

Prints CPU-seconds (user and system, the least of N processes) and peak memory (the most of N) of an analysis that is
recorded as an MLflow run, of one that is not, and of the rival: `grep -rE "ERROR|CRITICAL"` over the decompressed files.
With no --home, a small version is trained on the packaged samples first, in a folder that is removed again; what an
analysis costs depends little on how well its model was trained, but --home measures the one that is really used.
"""

import argparse
import bz2
import gzip
import lzma
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import zstandard

ROOT = Path(__file__).resolve().parents[1]
DEFAULT_LOGS = ROOT / "samples" / "incidents" / "INC-003" / "logs"
ISSUE = "Instances stay in BUILD"
PROGRAM = [sys.executable, "-c", "from openstack_rca.cli import main; main()"]
UNPACK: dict[str, Callable[[bytes], bytes]] = {
    ".xz": lzma.decompress,
    ".gz": gzip.decompress,
    ".bz2": bz2.decompress,
    ".zst": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
}
RIVAL_IN_A_ROW = 100
NOT_OURS = ("MLFLOW_", "AWS_", "PYTHONDONTWRITEBYTECODE")
"""Variables that a measurement leaves out; with the last one every start would compile the program anew."""
TARGET_CPU_SECONDS, TARGET_MEGABYTES = 4.0, 400.0


@dataclass(frozen=True)
class Cost:
    """CPU-seconds and peak resident megabytes of a process with all its children."""

    cpu_seconds: float
    megabytes: float


def run_once(arguments: list[str], environment: dict[str, str]) -> Cost:
    """Run a process to its end and ask the kernel what it took."""
    with tempfile.TemporaryFile() as errors:
        started = subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(started.pid, 0)
        started.returncode = os.waitstatus_to_exitcode(status)
        if started.returncode != 0:
            errors.seek(0)
            sys.exit(f"{' '.join(arguments[-8:])} failed: {errors.read().decode(errors='replace')}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def measure(arguments: list[str], environment: dict[str, str], repeat: int) -> Cost:
    """The least CPU time, which other work on the machine disturbs least, and the highest peak of memory."""
    costs = [run_once(arguments, environment) for _ in range(repeat)]
    return Cost(min(cost.cpu_seconds for cost in costs), max(cost.megabytes for cost in costs))


def grep(folder: Path, environment: dict[str, str], repeat: int) -> Cost:
    """One grep is over before the clock of the kernel has moved: so many in a row, and their mean."""
    loop = f'for _ in $(seq {RIVAL_IN_A_ROW}); do grep -rE "ERROR|CRITICAL" "$0" >/dev/null; done; exit 0'
    cost = measure(["bash", "-c", loop, str(folder)], environment, repeat)
    return Cost(cost.cpu_seconds / RIVAL_IN_A_ROW, cost.megabytes)


def unpack(logs: Path, target: Path) -> int:
    """Write every file below ``logs`` decompressed below ``target``; returns how many lines they hold."""
    lines = 0
    for path in sorted(path for path in logs.rglob("*") if path.is_file()):
        data = UNPACK.get(path.suffix, bytes)(path.read_bytes())
        copy = target / path.relative_to(logs)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(data)
        lines += data.count(b"\n")
    return lines


@contextmanager
def trained_home(given: Path | None, environment: dict[str, str]) -> Iterator[Path]:
    """The home to measure in: the given one, else one with a small version that is trained now."""
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        words = ["train", str(ROOT / "samples" / "normal" / "logs"), "--epochs", "3"]
        run_once([*PROGRAM, *words], environment | {"OPENSTACK_RCA_HOME": str(home)})
        yield home


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("logs", nargs="?", type=Path, default=DEFAULT_LOGS, metavar="LOGS")
    parser.add_argument(
        "--home", type=Path, help="OPENSTACK_RCA_HOME to measure in; it gets the runs of the measurement"
    )
    parser.add_argument("--model", default="latest")
    parser.add_argument("--repeat", type=int, default=3)
    given = parser.parse_args()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(NOT_OURS)}
    with tempfile.TemporaryDirectory() as folder, trained_home(given.home, kept) as home:
        plain = Path(folder) / "plain"
        lines = unpack(given.logs, plain)
        environment = kept | {"OPENSTACK_RCA_HOME": str(home)}
        analyze = [*PROGRAM, "analyze", str(given.logs), "--issue", ISSUE, "--model", given.model]
        # The first run of each is not counted: it fills the caches of the file system and of compiled modules.
        run_once(analyze, environment)
        rows = {
            "analyze, recorded as a run": measure(analyze, environment, given.repeat),
            "analyze --disable-mlflow": measure([*analyze, "--disable-mlflow"], environment, given.repeat),
            "analyze --help (start only)": measure([*PROGRAM, "analyze", "--help"], environment, given.repeat),
            'grep -rE "ERROR|CRITICAL"': grep(plain, environment, given.repeat),
        }
    rival = list(rows.values())[-1]
    print(f"{given.logs}: {lines:,} lines")
    print(f"{'':<30}{'CPU-s':>9}{'MB':>9}{'x grep CPU':>13}{'x grep MB':>12}{'lines/CPU-s':>14}")
    for name, cost in rows.items():
        times = cost.cpu_seconds / max(rival.cpu_seconds, 0.001)
        print(
            f"{name:<30}{cost.cpu_seconds:>9.3f}{cost.megabytes:>9.0f}{times:>13.0f}"
            f"{cost.megabytes / rival.megabytes:>12.1f}{lines / max(cost.cpu_seconds, 0.001):>14,.0f}"
        )
    print(f"{'target for 10,000 lines':<30}{TARGET_CPU_SECONDS:>9.3f}{TARGET_MEGABYTES:>9.0f}")


if __name__ == "__main__":
    main()
