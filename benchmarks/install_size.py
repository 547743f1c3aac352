"""How much disk an installation takes: the base and each extra, in an environment of its own.

    python benchmarks/install_size.py [EXTRA ...]

Without arguments: the base, train, mlflow, dashboard and all. pip takes packages from where its configuration says.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def megabytes(extra: str) -> float:
    """Install the checkout with one extra (empty: none) into a new environment and weigh its packages."""
    with tempfile.TemporaryDirectory() as folder:
        environment = Path(folder) / "environment"
        venv.create(environment, with_pip=False)
        python = environment / "bin" / "python"
        wanted = f"{ROOT}[{extra}]" if extra else str(ROOT)
        command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-compile", wanted]
        subprocess.run(command, check=True)
        return sum(path.stat().st_size for path in environment.rglob("*") if path.is_file()) / 1e6


def main() -> None:
    """Print one line an extra."""
    for extra in sys.argv[1:] or ["", "train", "mlflow", "dashboard", "all"]:
        print(f"{extra or 'base':<10} {megabytes(extra):7.0f} MB", flush=True)


if __name__ == "__main__":
    main()
