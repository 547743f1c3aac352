"""One signature: how something is known to fail, whom that accuses, and the cases that prove the rule right."""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from openstack_rca.rca.knowledge.literals import required_literals
from openstack_rca.rca.knowledge.topology import Topology, load_topology
from openstack_rca.rca.vocabulary import Category, Directness

CAPTURES = ("url", "port", "host", "topic", "service", "path")
"""Named groups that decide who is accused; every named group may fill the title."""

Level = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]

_LONGEST_VALUE = 160
_GROUP = re.compile(r"\(\?P?<([A-Za-z_]\w*)>")
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_OPTIONAL = re.compile(r"\[([^\[\]{}]*\{[a-z_]+\}[^\[\]]*)\]")
LOGGER = "logger"
"""The placeholder of whoever logged the line; it needs no group."""
_ANY_LOGGER = "a service"
_OF_A_CHECK = re.compile(r"<([a-z][a-z-]*)>")
_OTHER_END = {"other-host": ("host", "peer")}
_OF_THE_ACCUSED = ("host", "component", "unit")
_PLAIN_WORD = re.compile(r"[\w./:@%+,=~][\w./:@%+,=~-]*")
"""What a shell takes as one word, and no program as an option."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_ANY_API = re.compile(r"/?(?:v\d{1,2}(?:\.\d{1,2})?/?)?")
_BUG = r"^[A-Za-z][\w./-]*[#-]\d+$"
_DYNAMIC = ("@self", "@url", "@topic", "@service")
DEFAULT_WEIGHTS = {Directness.CAUSE: 1.0, Directness.ACCUSATION: 0.7, Directness.SYMPTOM: 0.2}


def alike_groups(name: str) -> tuple[str, ...]:
    """Names of the groups that hold the same thing in other alternatives of a pattern: ``user``, ``user2`` ..."""
    return (name, *(f"{name}{number}" for number in range(2, 5)))


class Case(BaseModel):
    """One log line and what the rule has to make of it: a hit (``line``), or nothing (``silent``).

    Attributes:
        service: who logs it; left out: the first component that may carry the signature.
        accuses: canonical component that has to be accused.
        category: kind of fault that has to be told, where it is not the rule's own.
        statement_has: words that the filled title has to hold.
        remedy_has: words that the remedy for the line has to hold.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    line: str | None = Field(default=None, min_length=1)
    silent: str | None = Field(default=None, min_length=1)
    service: str | None = None
    level: Level = "ERROR"
    accuses: str | None = None
    category: Category | None = None
    statement_has: str | None = None
    remedy_has: str | None = None

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Self:
        if (self.line is None) == (self.silent is None):
            raise ValueError("a case holds either line or silent")
        if self.silent is not None and (self.accuses or self.category or self.statement_has or self.remedy_has):
            raise ValueError("a silent case answers nothing")
        return self

    @property
    def text(self) -> str:
        """The log line."""
        return self.line if self.line is not None else self.silent or ""


class Remedy(BaseModel):
    """What to do about one of several faults that a rule knows by the same words.

    Attributes:
        says: expression, in any case, that the line holds where it is this fault.
        checks: those that look at this fault; they come before the rule's own.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    says: str = Field(min_length=3)
    remedy: str = Field(min_length=8)
    checks: tuple[str, ...] = ()


class Signature(BaseModel):
    """One way in which something is known to fail.

    Attributes:
        title: one sentence, what is wrong; ``{name}`` stands for what the pattern's named group captured, ``{logger}`` for
            who logged it. A part in square brackets is left out where a value of it is missing.
        title_plain: the sentence without values, for a hit in which a group of the title captured nothing.
        pattern: regular expression (no look-around, no back-references) over message, exception and detail,
            joined by new lines.
        services: canonical components, or globs of them, whose logs may carry it; empty: any.
        level: least severity; lines whose level is unknown always pass.
        accuses: canonical component; or ``@self`` (who logged it), ``@url`` (behind the captured url or port; who logged it,
            where the captured path is of no API of the cloud),
            ``@topic`` (consumer of the captured RPC topic), ``@service`` (named by the captured service).
        otherwise: component (or ``@self``) accused where a dynamic form leads nowhere.
        accused_host: where the fault is: on the host that logged it, on the host in the group ``host``, or unknown.
        directness: cause (direct evidence), accusation (another component names it), symptom (cause is elsewhere).
        weight: strength in [0, 1]; 0 switches the signature off.
        at_least: so many hits against one component within ``within`` count fully, fewer only for their share: for
            what healthy clouds log now and then too.
        needs: ids of signatures of which one has to be found in the same window; without it this one is silent.
        unless: ids of signatures that silence this one in the logs of a component that hold them in the same window.
        bug: numbers in trackers (``LP#1234567``); releases: where it occurs and where it was mended.
        every: one hit for every match in a text, not only for the first.
        phase: the line tells that the accused was stopped, started or changed in good order; a stop that a start follows
            at once, and of which nobody complains, is a restart and no failure; a change counts only if trouble follows.
        contains: literals of which a matching text holds at least one (any case); derived from the pattern if empty.
        recovered: expression of the line that tells that it is over. What its named groups capture has to stand in the hit's
            line too. Of two faults, the one that is not over is told.
        recovered_by: canonical components that may tell it besides the speaker; those that run on many hosts, on its host only.
        no_look_alike: nothing that a healthy cloud writes resembles the line, so no silent case is asked for.
        remedies: what to do instead where the line says which fault it is; the first that fits counts.
        cases: what the rule must and must not do; empty where the catalogue was loaded compiled.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    area: str = ""
    title: str = Field(min_length=8)
    title_plain: str | None = Field(default=None, min_length=8)
    pattern: str = Field(min_length=3)
    services: tuple[str, ...] = ()
    level: Level = "INFO"
    accuses: str
    otherwise: str | None = None
    accused_host: Literal["logger", "named", "unknown"] = "unknown"
    category: Category
    directness: Directness
    weight: float = Field(default=-1.0, ge=-1, le=1)
    at_least: int = Field(default=1, ge=1)
    within: str | None = Field(default=None, pattern=r"^[1-9]\d*[smh]$")
    needs: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    bug: tuple[str, ...] = ()
    releases: str | None = None
    remedy: str = Field(min_length=8)
    checks: tuple[str, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    source: str = Field(min_length=3)
    contains: tuple[str, ...] = ()
    every: bool = False
    phase: Literal["stop", "start", "change"] | None = None
    recovered: str | None = Field(default=None, min_length=3)
    recovered_by: tuple[str, ...] = ()
    no_look_alike: bool = False
    cases: tuple[Case, ...] = Field(default=(), exclude=True)

    @model_validator(mode="before")
    @classmethod
    def _default_weight(cls, given: Any) -> Any:
        if isinstance(given, dict) and "weight" not in given and given.get("directness") in list(Directness):
            return {**given, "weight": DEFAULT_WEIGHTS[Directness(given["directness"])]}
        return given

    @model_validator(mode="after")
    def _sound(self) -> Self:
        topology = load_topology()
        if not _ID.fullmatch(self.id):
            raise ValueError(f"id {self.id!r} is not in lower case with '-' between words")
        if self.weight < 0:
            raise ValueError("weight is not between 0 and 1")
        for name, dynamic in ((self.accuses, _DYNAMIC), (self.otherwise, ("@self",))):
            if name is not None and name not in topology and name not in dynamic:
                raise ValueError(f"{name!r} is not a canonical component, nor one of {', '.join(dynamic)}")
        for glob in (*self.services, *self.recovered_by):
            if not any(fnmatchcase(name, glob) for name in topology.components):
                raise ValueError(f"services or recovered_by: {glob!r} fits no canonical component")
        for number in self.bug:
            if not re.match(_BUG, number):
                raise ValueError(f"bug: {number!r} is not a tracker and a number, such as LP#1234567")
        if (self.within is None) != (self.at_least == 1):
            raise ValueError("at_least (2 or more) and within belong together")
        self._require_groups()
        return self

    def _require_groups(self) -> None:
        """Named groups that the accused, its host and the title are read from are in the pattern."""
        needed = {"@url": {"url", "port"}, "@topic": {"topic"}, "@service": {"service"}}.get(self.accuses, set())
        if needed and not needed & set(self.groups):
            raise ValueError(f"accuses {self.accuses} needs a group named {' or '.join(sorted(needed))}")
        if self.accused_host == "named" and "host" not in self.groups:
            raise ValueError("accused_host: named needs a group named host")
        wanted = set(_PLACEHOLDER.findall(self.title)) - {LOGGER}
        if missing := sorted(wanted - set(self.groups)):
            raise ValueError(f"title: the pattern has no group named {missing[0]}")
        always = set(_PLACEHOLDER.findall(_OPTIONAL.sub("", self.title))) - {LOGGER}
        if always and self.title_plain is None:
            raise ValueError("title_plain is needed beside a title with values")

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Names of the pattern's named groups."""
        return tuple(dict.fromkeys(_GROUP.findall(self.pattern)))

    @cached_property
    def literals(self) -> tuple[str, ...]:
        """Lower-case literals of which a matching text holds at least one; empty if none can be named."""
        return tuple(text.lower() for text in self.contains) or required_literals(self.pattern)

    def applies_to(self, service: str | None) -> bool:
        """True if a log of ``service`` may carry this signature.

        A log whose service no topology knows (syslog, a journal) may carry any that names the component it accuses.
        """
        if not self.services:
            return True
        if service is None:
            return self.accuses != "@self"
        return any(fnmatchcase(service, glob) for glob in self.services)

    def accused(self, captured: Mapping[str, str | None], logged_by: str | None, topology: Topology) -> str | None:
        """Canonical component that one hit accuses, ``None`` if it cannot be told.

        Args:
            captured: a row of `Catalogue.match`.
            logged_by: canonical component, or raw service name, of the log that carries the hit.
        """
        found: str | None = self.accuses
        if self.accuses == "@self":
            found = topology.canonical(logged_by) or logged_by
        elif self.accuses == "@topic":
            found = topology.component_of_topic(captured.get("topic"))
        elif self.accuses == "@service":
            found = topology.component_of_backend(captured.get("service"))
        elif self.accuses == "@url":
            port = captured.get("port") or ""
            found = topology.component_of_port(int(port)) if port.isdecimal() else None
            found = found or topology.component_of_url(captured.get("url"))
            if found is None and _is_foreign(captured.get("path"), topology):
                return topology.canonical(logged_by) or logged_by
        if found is None and self.otherwise == "@self":
            return topology.canonical(logged_by) or logged_by
        return found or self.otherwise

    def told_values(self, values: Mapping[str, str | None]) -> dict[str, str | None]:
        """The captured values that the title names, by placeholder; empty values are left out."""
        found = {
            name: next((values[alike] for alike in alike_groups(name) if values.get(alike)), None)
            for name in _PLACEHOLDER.findall(self.title)
        }
        return {name: value for name, value in found.items() if value}

    def statement(self, values: Mapping[str, str | None]) -> str:
        """The title, filled with what one hit captured; the plain title where a value is missing.

        Alternatives of a pattern name the same thing in groups ``user``, ``user2`` and so on; the one that captured fills
        ``{user}``. Values are quoted from a log: control characters are left out and long ones are cut.
        """
        found: dict[str, str | None] = dict.fromkeys(_PLACEHOLDER.findall(self.title)) | self.told_values(values)
        found[LOGGER] = values.get(LOGGER) or _ANY_LOGGER
        told = _OPTIONAL.sub(
            lambda part: part[1] if all(found[name] for name in _PLACEHOLDER.findall(part[1])) else "", self.title
        )
        if not all(found[name] for name in _PLACEHOLDER.findall(told)):
            return self.title_plain or self.title
        told = _PLACEHOLDER.sub(lambda placeholder: _printable(found[placeholder[1]] or ""), told)
        # A value that ended a sentence of the log ends this one too.
        told = re.sub(r"(?<!\.)\.\.$", ".", told)
        return f"A{told[1:]}" if told.startswith(f"{_ANY_LOGGER} ") else told

    def cure(self, line: str) -> tuple[str, tuple[str, ...]]:
        """What to do, and the checks, for the fault that a line tells."""
        chosen = next((one for one in self.remedies if re.search(one.says, line, re.IGNORECASE)), None)
        return (chosen.remedy, (*chosen.checks, *self.checks)) if chosen else (self.remedy, self.checks)

    def concrete(self, values: Mapping[str, str | None], line: str = "") -> list[str]:
        """The checks for a line, with what its hit captured in the place of ``<name>`` where a group has that name.

        ``<other-host>`` is the group ``host`` or ``peer``, as ``<host>`` is where the accused is. Values are quoted from a log:
        what is not a plain word stays a placeholder.
        """

        def filled(placeholder: re.Match[str]) -> str:
            name = placeholder[1]
            groups = () if name in _OF_THE_ACCUSED else _OTHER_END.get(name, (name,))
            found = [values[alike] for group in groups for alike in alike_groups(group) if values.get(alike)]
            return found[0] if found and found[0] and _PLAIN_WORD.fullmatch(found[0]) else placeholder[0]

        return [_OF_A_CHECK.sub(filled, check) for check in self.cure(line)[1]]


def _is_foreign(path: str | None, topology: Topology) -> bool:
    """Whether a path that was asked for is of no API of the cloud: what a caller meets there concerns the caller alone.

    A version alone, at which any API begins, tells nothing.
    """
    return _ANY_API.fullmatch(path or "") is None and topology.component_of_url(path) is None


def _printable(value: str) -> str:
    text = " ".join(_CONTROL.sub(" ", value).split())
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def speaker(signature: Signature, case: Case) -> str | None:
    """Component that logs the line of a case: its ``service``, else the first that may carry the signature; None: none may."""
    if case.service is not None:
        return case.service
    return next((name for name in load_topology().components if signature.applies_to(name)), None)
