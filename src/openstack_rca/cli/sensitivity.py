"""How ``openstack-rca evaluate --sensitivity`` looks on a terminal."""

from typing import Any

from rich.console import Console
from rich.table import Table

_HOW = {"halved": "halved", "doubled": "doubled", "off": "left out"}


def print_sensitivity(result: dict[str, Any], screen: Console) -> None:
    """Print which answers change with which number and which rule, and what changes nothing."""
    screen.print(
        f"{result['incidents']} incidents; an answer is first cause, kind of fault, verdict and told fact",
        soft_wrap=True,
    )
    screen.print(_table("number", result["numbers"]))
    screen.print(_table("rule", result["rules"]))
    for what in ("numbers", "rules"):
        without = result[f"{what}_without_effect"]
        screen.print(
            f"{len(without)} {what} change no answer: {', '.join(without) or '-'}", markup=False, soft_wrap=True
        )
    if result["unreadable"]:
        screen.print(f"could not be read: {', '.join(result['unreadable'])}", markup=False, soft_wrap=True)


def _table(what: str, rows: list[dict[str, Any]]) -> Table:
    table = Table(show_edge=False, padding=(0, 1, 0, 0))
    for name in (what, "value", "answers", "to wrong", "to right", "changes"):
        table.add_column(name, justify="left" if name in (what, "changes") else "right", overflow="fold")
    for row in rows:
        if not row["answers"]:
            continue
        told = [
            f"{change['incident']} {_HOW[change['how']]}: "
            + ", ".join(f"{name} {before} -> {after}" for name, (before, after) in change["changes"].items())
            for change in row["changes"]
        ]
        value = f"{row['value']:g}" if "value" in row else ""
        table.add_row(
            row["name"],
            value,
            str(row["answers"]),
            str(row["right_to_wrong"]),
            str(row["wrong_to_right"]),
            "\n".join(told),
        )
    return table
