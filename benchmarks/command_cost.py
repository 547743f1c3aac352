"""CPU-seconds of the commands that scripts and people call most, with MLflow and without it.

    python benchmarks/command_cost.py [--repeat N]

Trains a small version on the packaged samples in a folder that is removed again, once recorded and once with
`--disable-mlflow`, and prints the CPU time (user and system) of that and of setting an alias, and of each other command the
least of N processes.
To measure another checkout, put its `src` into PYTHONPATH.
"""

import argparse
import os
import tempfile
from pathlib import Path

from analyze_cost import NOT_OURS, PROGRAM, ROOT, measure, run_once

TRAIN = ["train", str(ROOT / "samples" / "normal" / "logs"), "--epochs", "1"]
COMMANDS = (
    ["--version"],
    ["--help"],
    ["analyze", "--help"],
    ["models", "list"],
    ["models", "verify"],
    ["models", "alias", "champion", "1"],
    ["runs", "list"],
    ["doctor"],
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=3)
    repeat = parser.parse_args().repeat
    kept = {name: value for name, value in os.environ.items() if not name.startswith(NOT_OURS)}
    columns: list[dict[str, float]] = []
    for options in ([], ["--disable-mlflow"]):
        with tempfile.TemporaryDirectory() as folder:
            environment = kept | {"OPENSTACK_RCA_HOME": str(Path(folder) / "home")}
            costs = {"train": run_once([*PROGRAM, *TRAIN, *options], environment).cpu_seconds}
            for words in COMMANDS:
                # What changes nothing the second time is not what is asked for.
                times = 1 if "alias" in words else repeat
                told = [] if words[0].startswith("-") else options
                costs[" ".join(words[:2])] = measure([*PROGRAM, *words, *told], environment, times).cpu_seconds
        columns.append(costs)
    print(f"{'':<20}{'MLflow':>9}{'without':>9}")
    for name, cost in columns[0].items():
        print(f"{name:<20}{cost:>9.2f}{columns[1][name]:>9.2f}")


if __name__ == "__main__":
    main()
