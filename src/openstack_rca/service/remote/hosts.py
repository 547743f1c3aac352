"""Logs of other hosts through the system's OpenSSH, with the user's own configuration; nothing is written over there."""

import shlex
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from openstack_rca.errors import ConfigurationError, RemoteLogsUnavailable
from openstack_rca.service.remote.addresses import Address, hosts_and_path
from openstack_rca.service.remote.fetch_folder import Full, Spool
from openstack_rca.service.remote.inventory import Host, Inventory, read_inventory
from openstack_rca.service.remote.running import stream_to

AT_ONCE = 8
LARGEST_FILE_MEGABYTES = 512
TAR_CHANGED = 1
"""What tar says where a log grew while it was read."""


def fetch_files(address: Address, spool: Spool) -> None:
    """Files below a path of each host that changed since the beginning of the wanted time, packed on the way."""
    hosts, path = chosen_hosts(address, spool)
    if not path.strip("/"):
        raise ConfigurationError(f"{address.text} names no path.", "Write it like ssh://controller/var/log/kolla.")
    _from_each(hosts, spool, "logs.tar.gz", lambda: find_and_pack(path, spool), (0, TAR_CHANGED))


def fetch_journals(address: Address, spool: Spool) -> None:
    """The journal of each host, packed on the way; units may be named behind the hosts."""
    hosts, units = chosen_hosts(address, spool)
    command = shlex.join(journal_command(spool, [unit for unit in units.strip("/").split(",") if unit]))
    _from_each(hosts, spool, "journal.export.gz", lambda: f"{command} | gzip -1 -c", (0,))


def journal_command(spool: Spool, units: Sequence[str]) -> list[str]:
    """``journalctl`` for the wanted time, in the form that loses nothing."""
    command = ["journalctl", "--no-pager", "--quiet", "-o", "export"]
    command += ["--since", f"@{spool.since.timestamp():.0f}", "--until", f"@{spool.until.timestamp():.0f}"]
    return command + [f"--unit={unit}" for unit in units]


def room_of(host: Host, spool: Spool) -> Path:
    """The folder for what comes from a host, by its short name."""
    short = host.name.split(".")[0] if "." in host.name and not host.name[0].isdigit() else host.name
    return spool.room_of_host(short)


def find_and_pack(path: str, spool: Spool) -> str:
    """The shell command that packs files of a folder to standard output; it creates nothing and changes nothing."""
    newer = f"@{spool.since.timestamp():.0f}"
    find = (
        f"find -L . -type f -newermt {shlex.quote(newer)} -size -{LARGEST_FILE_MEGABYTES}M"
        r" ! -name '*.gpg' ! -name '*.key' ! -name '*.pem' -print0"
    )
    pack = "tar --create --file=- --null --files-from=- --dereference --ignore-failed-read --warning=no-file-changed"
    where = shlex.quote(path)
    one_file = f"tar --create --file=- --dereference --ignore-failed-read -C $(dirname {where}) $(basename {where})"
    return (
        f"if [ -d {where} ]; then cd {where} && {find} | {pack} | gzip -1 -c; "
        f"elif [ -e {where} ]; then {one_file} | gzip -1 -c; "
        f"else echo there is no {where} >&2; exit 3; fi"
    )


def ssh_command(host: Host, command: str, spool: Spool) -> list[str]:
    """``ssh`` as it is run: it never asks, forwards nothing, and gives up on a host that does not answer."""
    settings = spool.settings
    options = ["-T", "-x", "-a", "-o", "BatchMode=yes", "-o", "ClearAllForwardings=yes", "-o", "LogLevel=ERROR"]
    options += ["-o", f"ConnectTimeout={max(1, round(settings.network_timeout_seconds))}"]
    options += ["-F", str(settings.ssh_config)] if settings.ssh_config else []
    options += ["-p", str(host.port)] if host.port else []
    return ["ssh", *options, "--", host.target, command]


def chosen_hosts(address: Address, spool: Spool) -> tuple[list[Host], str]:
    """The hosts of an address, from the inventory where there is one, and what follows them. Raises ConfigurationError."""
    names, path = hosts_and_path(address.rest)
    file = spool.settings.hosts_file
    inventory = read_inventory(file) if file else Inventory()
    hosts = inventory.named(names)
    if not hosts:
        raise ConfigurationError(f"{address.text} names no host.", "Name hosts, or an inventory with --hosts FILE.")
    for host in hosts:
        if host.target.startswith("-") or any(sign.isspace() for sign in host.target):
            raise ConfigurationError(f"{host.target[:60]!r} is not a host name.", "Check the address and --hosts.")
    return hosts, path


def _from_each(hosts: Sequence[Host], spool: Spool, file: str, command: Callable[[], str], fine: Sequence[int]) -> None:
    """Fetch from all hosts at once; failures are told and the rest answers. Raises RemoteLogsUnavailable (no host), Full."""

    def fetch(host: Host) -> RemoteLogsUnavailable | Full | None:
        try:
            complaint = stream_to(ssh_command(host, command(), spool), room_of(host, spool) / file, spool, fine=fine)
        except (RemoteLogsUnavailable, Full) as error:
            return error
        if complaint:
            # A pipe over there ends with the status of its last program: what went wrong before shows only here.
            spool.note(f"Perhaps not all was read from {host.name}: {complaint}")
        return None

    with ThreadPoolExecutor(min(AT_ONCE, len(hosts))) as pool:
        outcomes = list(pool.map(fetch, hosts))
    failed = [
        (host, error) for host, error in zip(hosts, outcomes, strict=True) if isinstance(error, RemoteLogsUnavailable)
    ]
    for host, error in failed:
        spool.note(f"Not read from {host.name}: {error.message}")
    if len(failed) == len(hosts):
        raise failed[0][1]
    for outcome in outcomes:
        if isinstance(outcome, Full):
            raise outcome
