"""What servers say, in our words: tables of sentences (``*_words.yaml``), each with its meaning, its remedy and its kind.

A row has ``signs`` (regular expressions, of which one must be found), ``what`` it means and the ``remedy``, both with names in
braces to be filled in, and the ``kind`` of error where it is not the table's usual one.
"""

import re
from dataclasses import dataclass
from functools import cache

from openstack_rca import errors
from openstack_rca.errors import LifecycleError
from openstack_rca.shipped import shipped_yaml


@dataclass(frozen=True)
class Saying:
    """One row of a table; ``sign`` finds it in an answer, ``kind`` is None for the table's usual error class."""

    sign: re.Pattern[str]
    what: str
    remedy: str
    kind: type[LifecycleError] | None


@cache
def sayings(room: str, table: str) -> tuple[Saying, ...]:
    """The rows of a table; ``room`` is the package that holds the file ``table``. The most specific come first."""
    return tuple(
        Saying(
            re.compile("|".join(row["signs"]), re.IGNORECASE),
            row["what"],
            row["remedy"],
            getattr(errors, row["kind"]) if "kind" in row else None,
        )
        for row in shipped_yaml(room, table)
    )


def meaning(text: str, room: str, table: str) -> Saying | None:
    """The first row of a table whose sign is in ``text``, a server's answer; ``None`` if there is none."""
    return next((row for row in sayings(room, table) if row.sign.search(text)), None)
