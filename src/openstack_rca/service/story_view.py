"""A story as a person reads it: its lines over all services, what was expected after each, and what became of it."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import polars as pl

from openstack_rca.errors import StoryNotFound
from openstack_rca.model.stories import Stories, build_stories
from openstack_rca.model.story_learning import select
from openstack_rca.model.story_scoring import story_scores
from openstack_rca.plain_text import counted
from openstack_rca.rca.report import mask_secrets, one_line
from openstack_rca.service.analysis import Prepared

MOST_STORIES = 5
SHORTEST_ID = 8
TEXT_LIMIT = 240
_ID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){0,3}[0-9a-f]{0,12}")
"""An id or its begin, with its dashes or without."""


@dataclass(frozen=True)
class ShownExpectation:
    """A step that normal stories have within ``within_seconds``; ``state`` is ``came``, ``late`` or ``missing``."""

    service: str
    template: str
    within_seconds: float
    state: str
    wait_seconds: float | None


@dataclass(frozen=True)
class ShownStep:
    """One line of a story.

    ``seconds`` are since the line before; ``surprise`` is how unexpected the network found the line, in nats; None where
    not known.
    """

    time: datetime | None
    host: str
    service: str
    level: str
    text: str
    file: str
    line: int
    seconds: float | None = None
    surprise: float | None = None
    expected: list[ShownExpectation] = field(default_factory=list)


@dataclass(frozen=True)
class ShownStory:
    """One story.

    Attributes:
        name, kind: what it is the story of.
        ended: False where the logs stop so soon after it that it may go on.
        steps: its lines.
        score: of the network, in [0, 1]: 0.999 means that one normal story in a thousand is as surprising. None without a
            model that knows stories.
        next: what the network expects after the last line, the likeliest first, each with its probability.
    """

    name: str
    kind: str
    ended: bool
    steps: list[ShownStep]
    score: float | None = None
    next: list[tuple[str, float]] = field(default_factory=list)


@dataclass(frozen=True)
class ShownStories:
    """The first stories of an id, and how many there are in all."""

    stories: list[ShownStory]
    found: int

    @property
    def remark(self) -> str:
        """What to do to see the others; "" where all are shown."""
        shown = len(self.stories)
        return f"{shown} of {self.found:,} stories are shown; give more of the id." if shown < self.found else ""


def stories_of(prepared: Prepared, name: str) -> ShownStories:
    """The stories of an object or of a request, at most ``MOST_STORIES``, in the order in which they begin.

    ``name`` is the id of a request (with or without ``req-``), a server, a port, a volume, an image ..., in capitals and without
    dashes too, or a name that holds it (``volume-<id>``, ``<id>_disk``, ``tap<the id's begin>``); its first eight characters do.
    Else the stories are those whose lines hold the name, as those of a port's belong to its server's. Raises StoryNotFound:
    the logs tell no story of this id.
    """
    text = name.strip()
    stories = build_stories(prepared.read.events)
    own = text.lower().removeprefix("req-")
    written = _ID.search(own)
    begin = (written[0] if written else own).replace("-", "")
    names = [told.lower().removeprefix("req-").replace("-", "") for told in stories.names]
    chosen = [number for number, told in enumerate(names) if told.startswith(begin)]
    if len(own) < SHORTEST_ID:
        chosen = []
    elif not chosen:
        # Eight digits alone may be a date.
        forms = {begin, _dashed(begin)} if written and len(begin) > SHORTEST_ID else set()
        chosen = _naming(prepared, stories, {own, *forms})
    if not chosen:
        raise StoryNotFound(
            f"The logs hold no story of {one_line(text, 80)}.",
            "Give the id of a request, a server, a port, a volume or an image as it stands in the logs, or at least its"
            f" first {SHORTEST_ID} characters.",
        )
    found, chosen = len(chosen), chosen[:MOST_STORIES]
    read = _read(prepared, stories, chosen)
    shown = [
        ShownStory(
            name=one_line(stories.names[i], 80),
            kind=stories.kind[i],
            ended=bool(stories.ended[i]),
            steps=_steps(prepared, stories.rows[stories.offsets[i] : stories.offsets[i + 1]].tolist(), surprise),
            score=score,
            next=following,
        )
        for i, (surprise, score, following) in zip(chosen, read, strict=True)
    ]
    return ShownStories(shown, found)


def _naming(prepared: Prepared, stories: Stories, texts: Collection[str]) -> list[int]:
    """Stories with a line that holds one of these texts, those of objects first."""
    said = pl.col("message").str.contains_any(sorted(texts), ascii_case_insensitive=True)
    rows = prepared.read.events.select(said.fill_null(value=False)).to_series().to_numpy()
    named = np.unique(stories.story_of_row()[rows[stories.rows]]).tolist()
    return sorted(named, key=lambda number: (stories.kind[number] == "request", number))


def _dashed(digits: str) -> str:
    """An id as services write it, or its begin, from its digits alone."""
    return "-".join(filter(None, (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])))


_Reading = tuple[dict[int, float], float | None, list[tuple[str, float]]]
"""What the network says of one story: surprise per row, score, what should come next."""


def _read(prepared: Prepared, stories: Stories, chosen: list[int]) -> list[_Reading]:
    file = prepared.model.file
    if file is None or not file.knows_stories:
        return [({}, None, []) for _ in chosen]
    # The network is told the stories in their own order; the chosen ones may stand in another.
    wanted = np.isin(np.arange(len(stories)), chosen)
    scores = story_scores(file, prepared.read.events, select(stories, wanted))
    place = {number: position for position, number in enumerate(np.flatnonzero(wanted).tolist())}
    read: list[_Reading] = []
    for number in chosen:
        whole = scores.stories.row(place[number], named=True)
        own = scores.positions.filter(pl.col("story") == place[number]).drop_nulls("row")
        following = [
            (
                "the end" if item["end"] else f"{item['service'] or '?'}: {item['template'] or 'something rare'}",
                item["probability"],
            )
            for item in whole["expected_next"] or []
        ]
        shown = [(mask_secrets(one_line(text, TEXT_LIMIT)), float(probability)) for text, probability in following]
        read.append((dict(own.select("row", "surprise").iter_rows()), float(whole["score"]), shown))
    return read


def _steps(prepared: Prepared, rows: list[int], surprise: dict[int, float]) -> list[ShownStep]:
    events = prepared.read.events[rows]
    expected = _expectations(prepared, rows)
    steps = []
    before: datetime | None = None
    for place, event in enumerate(events.iter_rows(named=True)):
        time = event["time"]
        steps.append(
            ShownStep(
                time=time,
                host=one_line(event["host"] or "", 80),
                service=one_line(event["service"] or "", 80),
                level=event["level"],
                text=mask_secrets(one_line(event["message"] or "", TEXT_LIMIT)),
                file=one_line(event["file"]),
                line=event["line"],
                seconds=(time - before).total_seconds() if time and before else None,
                surprise=surprise.get(rows[place]),
                expected=expected.get(rows[place], []),
            )
        )
        before = time or before
    return steps


def _expectations(prepared: Prepared, rows: list[int]) -> dict[int, list[ShownExpectation]]:
    """Row -> what the request that it belongs to should have had next, in a story of an object too."""
    steps = prepared.expected.told
    found: dict[int, list[ShownExpectation]] = {}
    if steps.is_empty():
        return found
    own = steps.filter(pl.col("row").is_in(rows)).sort("row", "median_seconds")
    for step in own.iter_rows(named=True):
        found.setdefault(step["row"], []).append(
            ShownExpectation(
                service=step["follower"],
                template=mask_secrets(one_line(step["follower_template"] or "", TEXT_LIMIT)),
                within_seconds=step["within_seconds"],
                state=step["state"],
                wait_seconds=step["wait_seconds"],
            )
        )
    return found


def story_text(story: ShownStory, clock: Callable[[datetime], str] = "{:%H:%M:%S}".format) -> list[str]:
    """A story in lines: one an event, below it what was expected and did not come, or came late."""
    ended = "" if story.ended else ", cut off by the end of the logs"
    first = next((step.time for step in story.steps if step.time), None)
    day = f" from {first:%Y-%m-%d} (UTC)" if first else ""
    lines = [f"{story.kind} {story.name}: {counted(len(story.steps), 'line')}{day}{ended}"]
    if story.score is not None:
        lines.append(f"score {story.score:.4f}: {1.0 - story.score:.2%} of normal stories are as surprising")
    for step in story.steps:
        wait = "" if step.seconds is None else f"+{step.seconds:.1f} s"
        surprise = "" if step.surprise is None else f"  surprise {step.surprise:.1f}"
        when = clock(step.time) if step.time else "--:--:--"
        place = f"{step.service}@{step.host}" if step.host else step.service
        lines.append(f"{when} {wait:>9}  {place}  {step.level}  {step.text}{surprise}")
        lines += [f"{'':20}{_told(item)}" for item in step.expected]
    for text, probability in story.next:
        lines.append(f"{'':20}  next, by the network ({probability:.0%}): {text}")
    return lines


def _told(item: ShownExpectation) -> str:
    within = f"within {item.within_seconds:.1f} s"
    if item.state == "missing":
        return f"  x {item.service} should have gone on {within}, and did not: {item.template}"
    if item.state == "late":
        return f"  ! {item.service} went on after {item.wait_seconds:.1f} s; normally {within}"
    return f"  > {item.service} went on after {max(item.wait_seconds or 0.0, 0.0):.1f} s, as it should {within}"
