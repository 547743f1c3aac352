"""The same logs as other tools would have handed them over: runtimes, archives, other names, other encodings."""

import json
import lzma
import re
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

Logs = dict[str, dict[str, str]]
"""Host to file name to text."""

_STAMP = re.compile(r"\b\d{4}-\d\d-\d\d[ T]+(\d{1,2}:\d\d:\d\d)")
ADDRESSES = {"controller": "10.0.0.1", "compute1": "10.0.0.11", "compute2": "10.0.0.12", "compute3": "10.0.0.13"}


def load(folder: Path) -> Logs:
    """The logs of a sample incident."""
    return {
        host.name: {
            file.name.removesuffix(".xz"): lzma.decompress(file.read_bytes()).decode()
            for file in sorted(host.iterdir())
        }
        for host in sorted(folder.iterdir())
    }


def _stamped(text: str) -> Iterator[tuple[str, str]]:
    """Each line with the time at which the runtime would have seen it: its own, or that of the line before."""
    clock = "03:00:00"
    for line in text.removesuffix("\n").split("\n"):
        found = _STAMP.search(line)
        clock = found[1].zfill(8) if found else clock
        yield f"2026-11-23T{clock}", line


def _each(logs: Logs, folder: Path, change: Callable[[str], bytes]) -> None:
    for host, files in logs.items():
        for name, text in files.items():
            path = folder / host / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(change(text))


def _lines(form: Callable[[str, str], str]) -> Callable[[str], bytes]:
    return lambda text: "".join(form(time, line) + "\n" for time, line in _stamped(text)).encode()


def _json_file(time: str, line: str) -> str:
    return json.dumps({"log": line + "\n", "stream": "stderr", "time": time + ".000000001Z"})


def addresses(logs: Logs, folder: Path) -> None:
    """Folders called by address."""
    for host, files in logs.items():
        _each({ADDRESSES[host]: files}, folder, str.encode)


def sosreports(logs: Logs, folder: Path) -> None:
    """An unpacked sosreport of each host."""
    for host, files in logs.items():
        report = folder / f"sosreport-{host}-2026-11-23-abcdefg"
        (report / "sos_commands/host").mkdir(parents=True)
        (report / "sos_commands/host/hostname").write_text(host + "\n")
        for name, text in files.items():
            path = report / "var/log/openstack" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


def flat(logs: Logs, folder: Path) -> None:
    """One folder, the host before each file's name."""
    for host, files in logs.items():
        for name, text in files.items():
            (folder / f"{host}-{name}").write_text(text)


def short_names(logs: Logs, folder: Path) -> None:
    """RDO's names: the project's folder holds a file called by the rest."""
    for host, files in logs.items():
        for name, text in files.items():
            project, _, rest = name.removesuffix(".log").partition("-")
            short = f"{project}/{rest}.log" if rest and project in ("cinder", "glance") else f"{project}/{name}"
            path = folder / host / "var/log" / short
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


def tar_xz(logs: Logs, folder: Path) -> None:
    """One archive of all."""
    plain = folder.parent / f"{folder.name}-plain"
    _each(logs, plain, str.encode)
    with tarfile.open(folder / "logs.tar.xz", "w:xz", preset=0) as archive:
        for host in sorted(plain.iterdir()):
            archive.add(host, host.name)


def zipped(logs: Logs, folder: Path) -> None:
    """One zip of all."""
    with zipfile.ZipFile(folder / "logs.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for host, files in logs.items():
            for name, text in files.items():
                archive.writestr(f"{host}/{name}", text)


PACKINGS: dict[str, Callable[[Logs, Path], None]] = {
    "podman logs -t": lambda logs, folder: _each(
        logs, folder, _lines(lambda time, line: f"{time}.000000001+00:00 {line}")
    ),
    "CRI": lambda logs, folder: _each(
        logs, folder, _lines(lambda time, line: f"{time}.000000001+00:00 stderr F {line}")
    ),
    "json-file": lambda logs, folder: _each(logs, folder, _lines(_json_file)),
    "addresses": addresses,
    "sosreports": sosreports,
    "flat": flat,
    "RDO": short_names,
    "UTF-16": lambda logs, folder: _each(logs, folder, lambda text: b"\xff\xfe" + text.encode("utf-16-le")),
    "tar.xz": tar_xz,
    "zip": zipped,
}
