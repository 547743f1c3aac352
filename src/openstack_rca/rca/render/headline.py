"""What a reader must know first: the point of a report, for its first lines."""

from dataclasses import dataclass

from openstack_rca.rca.render.wording import SURE, certainty, clock, moment, names, place
from openstack_rca.rca.report import Cause, EvidenceItem, Report
from openstack_rca.rca.vocabulary import Verdict

ACTION_WHEN_HEALTHY = (
    "Nothing in these logs asks for action. If the trouble goes on, add the logs of further hosts or a longer stretch."
)
ACTION_WHEN_UNSURE = "Add what is missing (see below) and analyse again."


@dataclass(frozen=True)
class Headline:
    """The point of a report, for its first lines."""

    verdict: Verdict
    sure: bool
    """True if the first cause is an answer, not a guess."""
    subject: str
    """Component and host of the first cause; empty if there is none."""
    cause: Cause | None
    why: str
    proof: EvidenceItem | None
    action: str
    others: int
    """How many further causes the report ranks."""
    reach: str
    """What the first cause accounts for, as a sentence; empty for a guess or nothing."""
    also: str
    """What else went wrong on its own account or at another time, as a sentence; empty if nothing did."""


def headline(report: Report) -> Headline:
    """Return what a reader must know first."""
    cause = report.causes[0] if report.causes else None
    healthy = report.verdict is Verdict.NO_FAILURE_FOUND
    sure = report.verdict in SURE
    if healthy:
        action = ACTION_WHEN_HEALTHY
    elif cause and sure and cause.remedy:
        action = cause.remedy
    elif cause and cause.next_checks:
        then = f" (if that confirms it: {cause.remedy.removesuffix('.')})" if cause.remedy else ""
        action = f"Check: {cause.next_checks[0]}{then}"
    else:
        action = (cause.remedy if cause else "") or ACTION_WHEN_UNSURE
    return Headline(
        verdict=report.verdict,
        sure=sure,
        subject=place(cause.component, cause.host) if cause else "",
        cause=cause,
        why=cause.statement if cause and sure else report.summary,
        proof=cause.evidence[0] if cause and cause.evidence else None,
        action=action,
        others=max(0, len(report.causes) - 1),
        reach=_reach(cause) if cause and sure else "",
        also=_also(report),
    )


def _reach(cause: Cause) -> str:
    return f"It accounts for the trouble of {names(cause.explains)}." if cause.explains else ""


def _also(report: Report) -> str:
    """Return the further simultaneous causes and the further stretches of trouble as sentences."""
    told = [
        f"{place(cause.component, cause.host)} failed on its own account."
        for cause in simultaneous(report)
        if cause is not report.causes[0]
    ]
    told += [
        f"Trouble again from {clock(episode.start)[:8]} to {clock(episode.end)[:8]} UTC: "
        f"{place(episode.component, episode.host)} ({episode.verdict.value})."
        for episode in report.episodes
    ]
    return " ".join(told)


def simultaneous(report: Report) -> list[Cause]:
    """Return the causes that failed on their own account where there are several; empty for a single fault."""
    own = [cause for cause in report.causes if cause.independent]
    return own if len(own) > 1 else []


def since_and_record(point: Headline) -> list[str]:
    """Return up to two phrases: since when the first cause lasts, if known, and its ``certainty``, unless it is a guess."""
    cause = point.cause
    since = [f"since {moment(cause.onset)}"] if cause and cause.onset else []
    return since + ([certainty(point.verdict, cause.confidence)] if cause and point.sure else [])


def lacks(report: Report) -> str:
    """Return the first thing that the analysis could not see, and the number of others; "" if there is none."""
    if not report.missing:
        return ""
    more = len(report.missing) - 1
    return report.missing[0].rstrip(".") + (f" (and {more} more)" if more else "")
