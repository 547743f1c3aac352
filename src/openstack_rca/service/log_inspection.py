"""What was understood of logs, for a person and for a program, before anything is concluded from them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from openstack_rca.logs.clocks import estimate_skew
from openstack_rca.logs.inspection import FileFacts, Inspection, LevelsKnown, describe_skew, inspect_read
from openstack_rca.logs.log_read import LogRead
from openstack_rca.logs.records import SkipReason
from openstack_rca.plain_text import called, counted
from openstack_rca.service.kept_logs import KeptLogs
from openstack_rca.service.listener import SILENT, Listener
from openstack_rca.service.log_reading import canonical_names, read_given
from openstack_rca.settings import Settings

OTHERS_NAMED = 10
"""Of files that are simply no logs so many are named in a report; ``logs inspect`` names more."""

CUT_NAMED = 3
"""So many logs that were not read are named in the one line; of more only the number is told."""


def inspect_logs(paths: Sequence[str | Path], settings: Settings, listener: Listener = SILENT) -> Inspection:
    """Read logs and say what was understood; arguments and errors as for ``read_given``."""
    # What was understood of lines is told without their templates.
    read = read_given(paths, settings, listener, templates=False)
    names = canonical_names(read.table.counted["service"])
    return inspect_read(replace(read, table=read.table.renamed("service", names)), settings.log_timezone)


def reading_line(read: LogRead) -> str:
    """What was read and how much of it can not be trusted, in one line; empty where everything was read and understood."""
    with_events = [file for file in read.files if file.events]
    blind = [file for file in with_events if file.unknown_lines and file.unknown_lines >= file.lines]
    cut = [file for file in read.files if file.skip and file.skip is not SkipReason.NOT_A_LOG]
    if not blind and not cut:
        return ""
    lines = sum(file.lines for file in with_events)
    line = f"Read {counted(lines, 'line')} of {counted(len(with_events), 'file')}"
    line += f"; no level is known in {counted(len(blind), 'file')}" if blind else ""
    if 0 < len(cut) <= CUT_NAMED:
        line += f"; not read, or not to the end: {', '.join(f'{called(file.file)} ({file.skip})' for file in cut)}"
    elif cut:
        line += f"; {counted(len(cut), 'file')} not read, or not to the end"
    return f"{line}. What helps: openstack-rca logs inspect PATH"


def reading_notes(read: LogRead, kept: KeptLogs | None = None) -> list[str]:
    """Sentences on what of the logs was not read, has no known level, or comes from a clock that disagrees."""
    notes = []
    reasons: dict[SkipReason, list[str]] = {}
    for file in read.files:
        if file.skip is not None:
            cut = " (from some place on)" if file.events else ""
            reasons.setdefault(file.skip, []).append(f"{called(file.file)}{cut}")
    for reason, names in reasons.items():
        shown = names[:OTHERS_NAMED] if reason is SkipReason.NOT_A_LOG else names
        more = f" and {len(names) - len(shown):,} more" if len(names) > len(shown) else ""
        notes.append(f"Not read ({reason}): {', '.join(shown)}{more}.")
    blind = [called(file.file) for file in read.files if file.events and file.unknown_lines >= max(1, file.lines)]
    if blind:
        notes.append(f"Read without levels, as its lines state none: {', '.join(blind)}.")
    skews = partial(estimate_skew, read.table)
    return notes + [
        f"{describe_skew(skew)} --correct-skew corrects it." for skew in (kept.skews(skews) if kept else skews())
    ]


def inspection_lines(inspection: Inspection) -> list[str]:
    """The inspection as lines of text; what they quote of a log is not sanitised yet."""
    lines = []
    for file in inspection.files:
        lines += _file_lines(file)
    lines += ["", f"Hosts: {_counted(inspection.hosts)}", f"Services: {_counted(inspection.services)}"]
    lines += [describe_skew(skew) for skew in inspection.skew] or [
        "No clock disagrees, as far as shared requests tell."
    ]
    if inspection.advice:
        lines += ["", "What would help:", *(f"  - {text}" for text in inspection.advice)]
    return lines


def _file_lines(file: FileFacts) -> list[str]:
    if file.skip is not None and not file.events:
        return [f"{called(file.file)}: not read, {file.skip}" + (f" ({file.detail})" if file.detail else "")]
    lines = [
        f"{called(file.file)}: {file.format}, {file.known_share:.0%} of {counted(file.lines, 'line')} understood, "
        f"{counted(file.events, 'event')}"
    ]
    if not file.events:
        return [f"{called(file.file)}: {file.format}"]
    services, hosts = ", ".join(file.services) or "unknown", ", ".join(file.hosts) or "unknown"
    origin = f" (from the {file.host_from})" if file.host_from else ""
    lines.append(f"  service {services}; host {hosts}{origin}; levels {file.levels}")
    if file.first and file.last:
        lines.append(
            f"  {_moment(file.first)} to {_moment(file.last)} UTC; zone {file.zone} (from the {file.zone_from})"
        )
    if file.levels is not LevelsKnown.STATED:
        lines += [f"  line {example.line}: {example.text}" for example in file.unparsed]
    lines += [f"  nothing from {_moment(gap.start)} to {_moment(gap.end)} ({gap.seconds:,.0f} s)" for gap in file.gaps]
    if file.skip is not None:
        lines.append(f"  its rest was not read: {file.detail or file.skip}")
    return lines


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _counted(names: dict[str, int]) -> str:
    return ", ".join(f"{name} ({number:,})" for name, number in names.items()) or "none known"
