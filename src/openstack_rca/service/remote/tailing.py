"""What is being written elsewhere: its lines come into a temporary folder, which a watch follows like any other.

Hosts, journals and containers send what they write through a tool each that stays; Loki and OpenSearch are asked again and again.
"""

import re
import shlex
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import IO

from openstack_rca.errors import ConfigurationError, NoRemoteLogs, RemoteLogsUnavailable
from openstack_rca.service.remote.addresses import Address, Place, is_remote, names_in, parse_address
from openstack_rca.service.remote.containers import PodLog, named_containers, named_pods
from openstack_rca.service.remote.fetch_folder import Full, Spool, safe_name, safe_path
from openstack_rca.service.remote.hosts import chosen_hosts, room_of, ssh_command
from openstack_rca.service.remote.inventory import Host
from openstack_rca.service.remote.running import last_words, require_tool, started
from openstack_rca.settings import Settings

ASKED_EVERY_SECONDS = 10.0
LATE = timedelta(seconds=5)
"""Servers show a line only some seconds after it was written: so far behind now they are asked."""
LARGEST_BYTES = 64 * 1024 * 1024
"""A file that holds more is begun anew; the watch has read it long before."""
MOST_FILES = 1000
LONGEST_LINE = 1024 * 1024
FRESH_MINUTES = 24 * 60
"""Files of a host in which nothing was written for so long are not followed."""
HEADER = re.compile(rb"==> (.+) <==\n")
"""What ``tail`` writes before lines of another file than those before."""


@dataclass(frozen=True)
class Tail:
    """A source elsewhere that goes on writing logs.

    ``command`` is the tool that prints what is written after a moment, and stays; ``target`` a file for its lines, a folder where
    they come from several files, each named by a header.
    """

    name: str
    command: Callable[[datetime], list[str]]
    target: Path
    is_folder: bool = False


@dataclass
class _Tails:
    """All that is followed, until the watch ends."""

    settings: Settings
    on_note: Callable[[str], None]
    stopped: threading.Event = field(default_factory=threading.Event)
    spools: list[Spool] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)

    def start(self, work: Callable[[], None]) -> None:
        """Work beside the watch."""
        thread = threading.Thread(target=work, daemon=True)
        self.threads.append(thread)
        thread.start()

    def stop(self) -> None:
        """End the tools, and wait for the last of their lines."""
        self.stopped.set()
        for spool in self.spools:
            spool.stop()
        for thread in self.threads:
            thread.join(self.settings.remote_timeout_seconds)


@contextmanager
def tailed(
    paths: Sequence[str | Path], settings: Settings, on_note: Callable[[str], None]
) -> Iterator[list[str | Path]]:
    """The paths, with a folder in place of each address that fills with what is written there; it goes with the block.

    ``on_note`` is told what cannot be followed; it is tried again. Raises ConfigurationError: an address cannot be made out,
    or nothing goes on being written in such a place. RemoteLogsUnavailable: a tool is not installed, or lists nothing.
    """
    # The tools end before their folders go.
    with ExitStack() as folders, ExitStack() as running:
        tails = _Tails(settings, on_note)
        running.callback(tails.stop)
        local: list[str | Path] = []
        for path in paths:
            if not is_remote(str(path)):
                local.append(path)
                continue
            folder = Path(folders.enter_context(tempfile.TemporaryDirectory(prefix="openstack-rca-")))
            now = datetime.now(UTC)
            spool = Spool(folder, settings, now, now)
            tails.spools.append(spool)
            _begin(parse_address(str(path)), spool, tails)
            local.append(folder)
        yield local


def _begin(address: Address, spool: Spool, tails: _Tails) -> None:
    from openstack_rca.service.remote.loki import fetch_loki
    from openstack_rca.service.remote.opensearch import fetch_opensearch

    asked = {
        Place.LOKI: fetch_loki,
        Place.LOKI_PLAIN: fetch_loki,
        Place.OPENSEARCH: fetch_opensearch,
        Place.OPENSEARCH_PLAIN: fetch_opensearch,
    }.get(address.place)
    if asked is not None:
        tails.start(partial(_ask_again, address, asked, spool, tails))
        return
    list_tails = {
        Place.JOURNAL: _journal,
        Place.SSH_JOURNAL: _journals,
        Place.SSH: _files,
        Place.DOCKER: _containers,
        Place.PODMAN: _containers,
        Place.KUBECTL: _pods,
    }.get(address.place)
    if list_tails is None:
        raise ConfigurationError(
            f"A watch cannot follow {address.text}: nobody appends to it.",
            "Analyze it at intervals instead: openstack-rca analyze ADDRESS --since 10m --exit-code",
        )
    for tail in list_tails(address, spool):
        require_tool(tail.command(spool.since)[0])
        tails.start(partial(_follow, tail, spool, tails))


def _journal(address: Address, spool: Spool) -> list[Tail]:
    units = names_in(address.rest.strip("/"))
    return [Tail(address.text, partial(_journal_command, units), spool.folder / "journal.log")]


def _journals(address: Address, spool: Spool) -> list[Tail]:
    hosts, units = chosen_hosts(address, spool)
    wanted = [unit for unit in units.strip("/").split(",") if unit]

    def command(host: Host, since: datetime) -> list[str]:
        return ssh_command(host, shlex.join(_journal_command(wanted, since)), spool)

    return [Tail(host.name, partial(command, host), room_of(host, spool) / "journal.log") for host in hosts]


def _journal_command(units: Sequence[str], since: datetime) -> list[str]:
    command = ["journalctl", "--quiet", "--follow", "--no-tail", "-o", "json", "--since", f"@{since.timestamp():.0f}"]
    return command + [f"--unit={unit}" for unit in units]


def _files(address: Address, spool: Spool) -> list[Tail]:
    hosts, path = chosen_hosts(address, spool)
    if not path.strip("/"):
        raise ConfigurationError(f"{address.text} names no path.", "Write it like ssh://controller/var/log/kolla.")
    where = shlex.quote(path)
    find = rf"find -L . -type f -mmin -{FRESH_MINUTES} ! -name '*.gz' ! -name '*.gpg' ! -name '*.key' ! -name '*.pem' -print0"
    # GNU tail ends when whoever reads it is gone.
    follow = "tail --lines=0 --verbose -F"
    command = (
        f"if [ -d {where} ]; then cd {where} && {find} | xargs -0 -r -x {follow} --; "
        f"elif [ -e {where} ]; then {follow} -- {where}; else echo there is no {where} >&2; exit 3; fi"
    )

    def over_there(host: Host, _since: datetime) -> list[str]:
        return ssh_command(host, command, spool)

    return [Tail(host.name, partial(over_there, host), room_of(host, spool), is_folder=True) for host in hosts]


def _containers(address: Address, spool: Spool) -> list[Tail]:
    tool, names = named_containers(address, spool)

    def command(name: str, since: datetime) -> list[str]:
        return [tool, "logs", "--follow", "--timestamps", "--since", f"{since:%Y-%m-%dT%H:%M:%SZ}", name]

    return [Tail(name, partial(command, name), spool.folder / f"{safe_name(name)}.log") for name in names]


def _pods(address: Address, spool: Spool) -> list[Tail]:
    def command(pod: PodLog, since: datetime) -> list[str]:
        return [*pod.command(since), "--follow"]

    pods = named_pods(address, spool)
    return [Tail(f"{pod.name}/{pod.container}", partial(command, pod), pod.target(spool)) for pod in pods]


def _follow(tail: Tail, spool: Spool, tails: _Tails) -> None:
    """Run the tool, and again where it ends, until the watch does; the same complaint is told once."""
    told, since = "", spool.since
    while not tails.stopped.is_set():
        words = _run(tail, since, spool)
        since = datetime.now(UTC)
        if tails.stopped.is_set():
            return
        if words != told:
            told = words
            tails.on_note(
                f"{tail.name} sends nothing more: {words} It is asked again every {ASKED_EVERY_SECONDS:.0f} s."
            )
        tails.stopped.wait(ASKED_EVERY_SECONDS)


def _run(tail: Tail, since: datetime, spool: Spool) -> str:
    """Let the tool write until it ends; gives its last words."""
    with started(tail.command(since), spool) as (process, output, complaints), ExitStack() as files:
        last = _take_lines(output, tail, files)
        process.kill()
        status = process.wait()
        words = complaints() or last_words(last) or f"exit status {status}"
        return words if words.endswith(".") else f"{words}."


def _take_lines(stream: IO[bytes], tail: Tail, files: ExitStack) -> bytes:
    """Write the lines where they belong; gives the last one."""
    opened: dict[Path, IO[bytes]] = {}

    def file(path: Path) -> IO[bytes]:
        if path not in opened:
            path.parent.mkdir(parents=True, exist_ok=True)
            opened[path] = files.enter_context(path.open("ab", buffering=0))
        return opened[path]

    target = None if tail.is_folder else file(tail.target)
    blank = line = b""
    while more := stream.readline(LONGEST_LINE):
        line = more
        header = HEADER.fullmatch(line) if tail.is_folder else None
        if header:
            name = header[1].decode("utf-8", "replace").removeprefix("./")
            path = tail.target / safe_path(name)
            if path in opened or len(opened) < MOST_FILES:
                target = file(path)
            blank = b""
            continue
        if target is None:
            continue
        # tail writes an empty line before a header.
        held, blank = (blank, line) if tail.is_folder and line == b"\n" else (blank + line, b"")
        if target.tell() > LARGEST_BYTES:
            target.truncate(0)
        target.write(held)
    return line


def _ask_again(address: Address, fetch: Callable[[Address, Spool], None], spool: Spool, tails: _Tails) -> None:
    """Fetch what came since the last time, until the watch ends; what a fault kept away is asked for again."""
    told, since = "", spool.since - LATE
    while not tails.stopped.wait(ASKED_EVERY_SECONDS):
        until = datetime.now(UTC) - LATE
        with tempfile.TemporaryDirectory(prefix="openstack-rca-") as folder:
            piece = Spool(Path(folder), tails.settings, since, until)
            try:
                fetch(address, piece)
            except NoRemoteLogs:
                pass
            except (RemoteLogsUnavailable, ConfigurationError) as error:
                if error.message != told:
                    told = error.message
                    tails.on_note(f"{told} It is asked again every {ASKED_EVERY_SECONDS:.0f} s.")
                continue
            except Full:
                tails.on_note(
                    f"{address.text} sends more than OPENSTACK_RCA_REMOTE_BYTES at once; the rest was left out."
                )
            _append(Path(folder), spool.folder)
        since = until


def _append(piece: Path, whole: Path) -> None:
    for path in sorted(path for path in piece.rglob("*") if path.is_file()):
        target = whole / path.relative_to(piece)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.name == "hostname":
            target.write_bytes(path.read_bytes())
            continue
        with target.open("ab") as stream:
            if stream.tell() > LARGEST_BYTES:
                stream.truncate(0)
            stream.write(path.read_bytes())
