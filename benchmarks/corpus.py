"""Logs of any length for the benchmarks: copies of the packaged recording, shifted in time, with ids renamed.

    python benchmarks/corpus.py LINES FOLDER [--incident]

Writes about LINES lines below FOLDER, in plain files by host and service. Each copy of the recording begins where the one
before it ended; request ids and UUIDs are other ones in each copy, so that stories do not run together. With --incident a
recorded incident (INC-003) follows the last copy, so that there is something to find.
"""

import argparse
import hashlib
import lzma
import re
from datetime import datetime, timedelta
from pathlib import Path

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
STAMP = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?=[.,]\d)")
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
STAMPED = "%Y-%m-%d %H:%M:%S"


def recording(folder: Path) -> dict[str, list[str]]:
    """Lines of every oslo.log file of a packaged recording, by its path."""
    found = {}
    for path in sorted(folder.rglob("*.log.xz")):
        lines = lzma.decompress(path.read_bytes()).decode(errors="replace").splitlines()
        if lines and STAMP.match(lines[0]):
            found[path.relative_to(folder).as_posix().removesuffix(".xz")] = lines
    return found


def span(logs: dict[str, list[str]]) -> tuple[datetime, datetime]:
    """First and last stamp."""
    stamps = [match[0].replace("T", " ") for lines in logs.values() for line in lines if (match := STAMP.match(line))]
    return datetime.strptime(min(stamps), STAMPED), datetime.strptime(max(stamps), STAMPED)


class Copy:
    """One copy of a recording: moves stamps, renames ids."""

    def __init__(self, number: int, shift: timedelta) -> None:
        self._number = number
        self._shift = shift
        self._stamps: dict[str, str] = {}
        self._ids: dict[str, str] = {}

    def line(self, text: str) -> str:
        """The line as it stands in this copy."""
        return ID.sub(self._id, STAMP.sub(self._stamp, text))

    def _stamp(self, match: re.Match[str]) -> str:
        text = match[0]
        if text not in self._stamps:
            moved = datetime.strptime(text.replace("T", " "), STAMPED) + self._shift
            self._stamps[text] = moved.strftime(STAMPED).replace(" ", text[10])
        return self._stamps[text]

    def _id(self, match: re.Match[str]) -> str:
        text = match[0]
        if text not in self._ids:
            made = hashlib.md5(f"{self._number} {text}".encode(), usedforsecurity=False).hexdigest()
            self._ids[text] = f"{made[:8]}-{made[8:12]}-{made[12:16]}-{made[16:20]}-{made[20:]}"
        return self._ids[text]


def write_corpus(lines: int, folder: Path, *, incident: bool = False) -> int:
    """Write about so many lines below a folder; gives how many they are."""
    normal = recording(SAMPLES / "normal" / "logs")
    first, last = span(normal)
    period = last - first + timedelta(seconds=1)
    written, number = 0, 0
    while written < lines:
        copy = Copy(number, period * number)
        left = lines - written
        size = sum(map(len, normal.values()))
        share = min(1.0, left / size)
        for name, content in normal.items():
            written += _append(folder / name, [copy.line(text) for text in content[: int(len(content) * share) + 1]])
        number += 1
    if incident:
        trouble = recording(SAMPLES / "incidents" / "INC-003" / "logs")
        begins, _ = span(trouble)
        copy = Copy(number, first + period * number - begins)
        for name, content in trouble.items():
            written += _append(folder / name, [copy.line(text) for text in content])
    return written


def _append(path: Path, lines: list[str]) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)
    return len(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lines", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--incident", action="store_true")
    given = parser.parse_args()
    print(f"{write_corpus(given.lines, given.folder, incident=given.incident):,} lines")


if __name__ == "__main__":
    main()
