"""CPU-seconds of the commands that scripts and people call most, with MLflow and without it.

    python benchmarks/command_cost.py [--repeat N]

Trains a small version on the packaged samples in a folder that is removed again, once recorded and once with
`--disable-mlflow`, and prints of each command the least CPU time (user and system) of N processes. To measure another
checkout, put its `src` into PYTHONPATH.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from analyze_cost import PROGRAM, ROOT, measure, run_once

LOGS = str(ROOT / "samples" / "normal" / "logs")
TRAIN = ["train", LOGS, "--epochs", "3"]
COMMANDS = (
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
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "AWS_"))}
    columns: list[dict[str, float]] = []
    for options in ([], ["--disable-mlflow"]):
        with tempfile.TemporaryDirectory() as folder:
            environment = kept | {"OPENSTACK_RCA_HOME": str(Path(folder) / "home")}
            # The first training also fills the caches of the file system and of compiled modules.
            run_once([*PROGRAM, *TRAIN, *options], environment)
            commands = [*COMMANDS, TRAIN]
            costs = [measure([*PROGRAM, *words, *options], environment, repeat) for words in commands]
            columns.append({" ".join(words[:2]): cost.cpu_seconds for words, cost in zip(commands, costs, strict=True)})
    print(f"{'':<20}{'MLflow':>9}{'without':>9}")
    for name, cost in columns[0].items():
        print(f"{name.removesuffix(LOGS):<20}{cost:>9.2f}{columns[1][name]:>9.2f}")


if __name__ == "__main__":
    main()
