"""Answer an issue from logs; keep the answer as a run."""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TypedDict, Unpack

import polars as pl

from openstack_rca.errors import ConfigurationError
from openstack_rca.logs.durations import took_seconds
from openstack_rca.logs.event_table import EventTable
from openstack_rca.logs.log_read import LogRead
from openstack_rca.model.baseline import Baseline
from openstack_rca.model.stories import MENTIONS, READS
from openstack_rca.rca.engine import AnalysisRequest, Case, Keeper, build_report, investigate
from openstack_rca.rca.evidence import ExpectedSteps, NormalRates
from openstack_rca.rca.knowledge import Catalogue, Deployment, load_catalogue, load_topology
from openstack_rca.rca.relevance import History
from openstack_rca.rca.report import FileSummary, Report, with_fitting_checks
from openstack_rca.service.cluster import Cluster
from openstack_rca.service.cluster_scoring import scores_of
from openstack_rca.service.kept_logs import KeptLogs
from openstack_rca.service.knowledge import knowledge_for
from openstack_rca.service.listener import SILENT, Listener
from openstack_rca.service.log_inspection import reading_line, reading_notes
from openstack_rca.service.log_reading import read_for_question, read_given, reading_words
from openstack_rca.service.model_choice import OpenModel, open_model
from openstack_rca.service.remote import plain_address
from openstack_rca.service.stories import as_table, expected_steps, from_table
from openstack_rca.service.waiting_runs import Sent, send_waiting_runs, write_down
from openstack_rca.settings import Settings

AROUND = timedelta(minutes=10)


class PreparingStep(StrEnum):
    """A step before the stages of the engine; the value is what the command line shows."""

    READ = "read logs"
    LOAD = "load model"
    SCORE = "score events"


class How(TypedDict, total=False):
    """How a question is asked: by its words alone, of which stretch of time, by whose own rules besides, beside which past.

    ``history`` holds past incidents to compare with; it is only read.
    """

    fast: bool
    since: datetime | None
    until: datetime | None
    signatures: Path | None
    history: History | None


@dataclass(frozen=True)
class AnalysisOutcome:
    """A report, what it rests on, and what is needed to record it."""

    report: Report
    model: OpenModel
    case: Case
    reading: str = ""


def analyze(
    paths: Sequence[str | Path],
    issue: str,
    *,
    settings: Settings,
    model: str | OpenModel = "latest",
    baseline: Sequence[str | Path] = (),
    cluster: Cluster | None = None,
    listener: Listener = SILENT,
    **how: Unpack[How],
) -> AnalysisOutcome:
    """Find the root cause of an issue in logs.

    Args:
        paths: files, folders, globs; ``-`` is standard input.
        issue: what is wrong, in the operator's words; empty where nothing was said.
        model: reference for ``open_model``, or a model that is already open.
        baseline: known-good logs of the same cloud, compared with beside the model's own baseline.
        cluster: whose workers read and score; None: this process does.
        listener: told each step as it begins, and how far reading is.
        how: see ``How``.

    Raises ConfigurationError (the window ends before it begins), LogInputError, LifecycleError, ModelError, AnalysisError,
    ClusterError.
    """
    window = _window(how)
    prepared = prepare(
        paths, settings=settings, model=model, baseline=baseline, window=window, cluster=cluster, listener=listener
    )
    return ask(prepared, paths, issue, settings=settings, listener=listener, **how)


def ask(
    prepared: Prepared,
    paths: Sequence[str | Path],
    issue: str,
    *,
    settings: Settings,
    listener: Listener = SILENT,
    **how: Unpack[How],
) -> AnalysisOutcome:
    """Answer one question about logs that are read and scored; arguments and errors as for ``analyze``."""
    since, until = _window(how)
    fast, signatures = how.get("fast", False), how.get("signatures")
    addresses = [plain_address(str(path)) for path in paths]
    request = AnalysisRequest(
        issue=_sound(issue),
        logs=[_sound(address) for address in addresses],
        since=since,
        until=until,
        fast=fast,
        command=_sound(_command(addresses, issue, prepared.model, fast, since, until, signatures, _words(settings))),
        knowledge=knowledge_for(settings, fast=fast, issue=issue, history=how.get("history")),
    )
    catalogue = load_catalogue(signatures or settings.signatures_folder)
    return answer(prepared, request, catalogue, listener, given_deployment(settings))


def _window(how: How) -> tuple[datetime | None, datetime | None]:
    since, until = how.get("since"), how.get("until")
    if since is not None and until is not None and since >= until:
        raise ConfigurationError("The window ends before it begins.", "Give --since earlier than --until.")
    return since, until


@dataclass(frozen=True)
class Prepared:
    """Logs that are read and scored, ready for any number of questions.

    ``scores`` are row-aligned with ``read.events``, or None without a model; ``seconds`` are wall seconds per step;
    ``notes`` tell what of the logs was not read or not understood; ``keeper`` keeps what is found for the next question.
    """

    read: LogRead
    model: OpenModel
    scores: pl.DataFrame | None
    rates: NormalRates
    seconds: dict[str, float]
    expected: ExpectedSteps = field(default_factory=ExpectedSteps)
    notes: list[str] = field(default_factory=list)
    keeper: Keeper | None = None


def prepare(
    paths: Sequence[str | Path],
    *,
    settings: Settings,
    model: str | OpenModel = "latest",
    baseline: Sequence[str | Path] = (),
    only_info: bool = False,
    window: tuple[datetime | None, datetime | None] = (None, None),
    network: bool = True,
    cluster: Cluster | None = None,
    listener: Listener = SILENT,
) -> Prepared:
    """Read logs and score their events; arguments and errors as for ``analyze``.

    What was read and scored for an earlier question is taken from the cache. With a window the events hold at least what
    lies in it.

    With ``only_info`` the events at WARNING and above are taken out first, as if nobody had complained: a test of what
    the silent part of the logs tells. Without ``network`` the steps of requests are expected by follow rules alone.
    """
    seconds: dict[str, float] = {}
    clock = time.monotonic()

    def lap(name: str) -> None:
        nonlocal clock
        seconds[name] = time.monotonic() - clock
        clock = time.monotonic()

    listener.step(PreparingStep.READ)
    given = read_for_question(paths, settings, *window, listener, cluster)
    read, kept = given.read, given.kept
    if only_info:
        calm = read.table.counted.select((pl.col("level") < "WARNING").arg_true()).to_series()
        read, kept = replace(read, table=read.table.chosen(calm)), None
    notes = [*given.notes, *reading_notes(read, kept)]
    lap("read")
    listener.step(PreparingStep.LOAD)
    opened = model if isinstance(model, OpenModel) else open_model(model, settings)
    lap("load model")
    listener.step(PreparingStep.SCORE)
    scores, rates = score_events(opened, read.table, kept, cluster)
    known = opened.file.baseline if opened.file else None
    if baseline:
        good = Baseline.learn(events_without_words(read_given(baseline, settings, cluster=cluster).table, objects=True))
        shown = NormalRates.from_baseline(good, load_topology().canonical)
        rates = rates.merged_with(shown) if rates.known else shown
        known = known if known and good.follow.rules.is_empty() else good
    asked = opened.file if network and opened.file and known is opened.file.baseline else None
    expected, keeps = ExpectedSteps(), kept if asked else None
    if known and not known.follow.rules.is_empty():

        def expect() -> ExpectedSteps:
            return expected_steps(known, events_without_words(read.table), asked, cluster)

        expected = from_table(keeps.steps(opened.used.digest, lambda: as_table(expect()))) if keeps else expect()
    lap("score")
    keeper = _keeper(kept, opened) if not baseline and (asked or not opened.file) else None
    return Prepared(read, opened, scores, rates, seconds, expected, notes, keeper)


def _keeper(kept: KeptLogs | None, opened: OpenModel) -> Keeper | None:
    """Keeps what is found in these logs with the rates and the expected steps of this model, known by its digest."""
    if kept is None or (opened.file is not None and not opened.used.digest):
        return None
    return partial(kept.cases, opened.used.digest if opened.file is not None else "")


_READ_BY_MODELS = (
    *("time", "host", "service", "process", "level", "global_request_id", "request_id", "instance_id"),
    *("template_id", "template", "lines"),
)


def events_without_words(table: EventTable, *, objects: bool = False) -> pl.DataFrame:
    """The events with the columns that stories of requests need; the texts stay packed.

    With ``objects`` also what learning needs: ``message`` holds the objects that a line names, and ``took`` the seconds
    that an answer took.
    """
    learnt = [MENTIONS, took_seconds(pl.col("message")).alias("took")] if objects else []
    said = [table.evaluated(expression) for expression in (READS, *learnt)]
    return table.take(columns=_READ_BY_MODELS).with_columns(said)


def given_deployment(settings: Settings) -> Deployment | None:
    """The tool that installed the cloud, where the user named it. Raises ConfigurationError: there is no such tool."""
    try:
        return None if settings.deployment is None else Deployment(settings.deployment)
    except ValueError:
        raise ConfigurationError(
            f"There is no deployment {settings.deployment!r}.", f"Name one of: {', '.join(Deployment)}."
        ) from None


def answer(
    prepared: Prepared,
    request: AnalysisRequest,
    catalogue: Catalogue,
    listener: Listener = SILENT,
    deployment: Deployment | None = None,
) -> AnalysisOutcome:
    """Answer one question about prepared logs; checks are typed for ``deployment``, None: for the one that the logs show."""
    started = time.monotonic()
    table, topology = prepared.read.table, load_topology()
    case = investigate(
        request,
        table,
        prepared.scores,
        prepared.rates,
        catalogue,
        topology,
        listener.step,
        prepared.expected,
        prepared.keeper,
    )
    report = build_report(
        case,
        files=[FileSummary.model_validate(file, from_attributes=True) for file in prepared.read.files],
        model=prepared.model.used,
        seconds=prepared.seconds | {"analyze": time.monotonic() - started},
        notes=prepared.notes,
    )
    report = with_fitting_checks(report, deployment or case.deployment or Deployment.PACKAGES, topology)
    return AnalysisOutcome(report, prepared.model, case, reading_line(prepared.read))


def around_window(moment: datetime) -> tuple[datetime, datetime]:
    """The stretch of time that ``--around`` means: ``AROUND`` before and after."""
    return moment - AROUND, moment + AROUND


def score_events(
    opened: OpenModel, table: EventTable, kept: KeptLogs | None = None, cluster: Cluster | None = None
) -> tuple[pl.DataFrame | None, NormalRates]:
    """Anomaly scores of the events, kept with them in the cache, and the normal rates; without a model None and empty rates."""
    file = opened.file
    if file is None:
        return None, NormalRates.empty()
    topology = load_topology()

    def score() -> pl.DataFrame:
        return scores_of(file, table, cluster)

    scores = kept.scores(opened.used.digest, score) if kept else score()
    return scores, NormalRates.from_baseline(file.baseline, topology.canonical)


def record_analysis(outcome: AnalysisOutcome, settings: Settings) -> Sent:
    """Record the analysis and its report as an MLflow run, and all runs that waited; a failure is told in ``notices``."""
    try:
        write_down(outcome.report, settings)
    except ConfigurationError as error:
        return Sent(notices=[str(error)])
    return send_waiting_runs(settings)


def _sound(text: str) -> str:
    """Text without the halves of characters that a shell passes on and no report can hold."""
    return text.strip().encode("utf-8", "replace").decode("utf-8")


def _words(settings: Settings) -> list[str]:
    """The options that say how the logs are read and what the cloud is."""
    return reading_words(settings) + (["--deployment", settings.deployment] if settings.deployment else [])


def _command(
    paths: Sequence[str | Path],
    issue: str,
    opened: OpenModel,
    fast: bool,
    since: datetime | None,
    until: datetime | None,
    signatures: Path | None,
    reading: Sequence[str],
) -> str:
    if "-" in paths:
        # What came through standard input is gone.
        return ""
    words = ["openstack-rca", "analyze", *(str(path) for path in paths)]
    words += ["--issue", issue.strip()] if issue.strip() else []
    words += ["--model", opened.reference] if opened.reference else []
    words += ["--fast"] if fast else []
    words += ["--since", since.isoformat()] if since else []
    words += ["--until", until.isoformat()] if until else []
    words += ["--signatures", str(signatures)] if signatures else []
    return shlex.join([*words, *reading])
