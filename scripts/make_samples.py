"""Make samples/ from a folder of recordings: ``python scripts/make_samples.py LAB_FOLDER [OUTPUT_FOLDER]``.

The same recordings give the same bytes: an .xz file holds no time, no name and no user, and every file is compressed
by itself with fixed settings (another version of liblzma may pack differently; what unpacks is the same).
"""

import lzma
import shutil
import sys
from pathlib import Path

NORMAL = "normal/run-02"
"""The clean recording; it ends one second before the recorded window HEALTHY-010 begins and shares no line with it."""

INCIDENTS = ("HEALTHY-001", "INC-002", "INC-003", "INC-009", "INC-010", "INC-017", "INC-019")
"""One healthy window and six faults with six different causes in five categories; README.md in samples/ names them."""


def copy_logs(source: Path, target: Path) -> None:
    """Compress each ``<host>/<service>.log`` below ``source`` to ``<host>/<service>.log.xz`` below ``target``."""
    for log in sorted(source.rglob("*.log")):
        packed = target / log.relative_to(source).with_name(log.name + ".xz")
        packed.parent.mkdir(parents=True, exist_ok=True)
        packed.write_bytes(lzma.compress(log.read_bytes(), check=lzma.CHECK_CRC64, preset=9 | lzma.PRESET_EXTREME))


def make_samples(lab: Path, output: Path) -> None:
    """Replace ``output/normal`` and ``output/incidents`` by the cut of ``lab``; other files of ``output`` stay."""
    for folder in ("normal", "incidents"):
        shutil.rmtree(output / folder, ignore_errors=True)
    copy_logs(lab / NORMAL / "logs", output / "normal" / "logs")
    for name in INCIDENTS:
        source, target = lab / "incidents" / name, output / "incidents" / name
        copy_logs(source / "logs", target / "logs")
        shutil.copyfile(source / "incident.json", target / "incident.json")
    for path in output.rglob("*"):
        if path.is_file() and path.parent != output:
            path.chmod(0o644)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    checkout = Path(__file__).resolve().parent.parent
    make_samples(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else checkout / "samples")
