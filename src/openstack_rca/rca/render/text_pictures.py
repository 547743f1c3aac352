"""Pictures in text that every rendering shares: the causal chain as a tree, a request as bars."""

from collections.abc import Sequence
from dataclasses import dataclass

from openstack_rca.rca.render.wording import clock
from openstack_rca.rca.report import Hop, StoryPicture


@dataclass(frozen=True)
class ChainRow:
    """One row of the causal chain drawn as a tree."""

    depth: int
    component: str
    hop: Hop | None
    """The step that leads here; None for a component where the trouble starts."""


@dataclass(frozen=True)
class ChainLine:
    """Rows of the chain that say the same of several components, together on one line."""

    depth: int
    components: tuple[str, ...]
    hop: Hop | None


def chain_lines(rows: Sequence[ChainRow]) -> list[ChainLine]:
    """Return the rows as lines; leaves that one component troubles in the same way share the line of the first."""
    lines: list[ChainLine] = []
    ends: dict[Hop, int] = {}
    for position, row in enumerate(rows):
        end = position + 1 == len(rows) or rows[position + 1].depth <= row.depth
        said = row.hop.model_copy(update={"target": ""}) if row.hop and end else None
        if said in ends:
            before = lines[ends[said]]
            lines[ends[said]] = ChainLine(before.depth, (*before.components, row.component), before.hop)
            continue
        if said is not None:
            ends[said] = len(lines)
        lines.append(ChainLine(row.depth, (row.component,), row.hop))
    return lines


def chain_rows(hops: Sequence[Hop]) -> list[ChainRow]:
    """Return the hops as rows of a tree, each hop exactly once, whatever shape the graph has.

    A tree starts at every component that nothing troubles; a component with several troublers has its own followers
    below the first one only. What is left then is cycles: each is entered at the first hop left.
    """
    targets = {hop.target for hop in hops}
    starts = [hop.source for hop in hops if hop.source not in targets] + [hop.source for hop in hops]
    waiting: dict[str, list[Hop]] = {}
    for hop in hops:
        waiting.setdefault(hop.source, []).append(hop)
    rows: list[ChainRow] = []
    for start in starts:
        if not waiting.get(start):
            continue
        rows.append(ChainRow(0, start, None))
        stack = [(1, hop) for hop in reversed(waiting.pop(start))]
        while stack:
            depth, hop = stack.pop()
            rows.append(ChainRow(depth, hop.target, hop))
            stack.extend((depth + 1, following) for following in reversed(waiting.pop(hop.target, [])))
    return rows


_BAR, _LEAST_BAR = 14, 4
_PICTURE = 76
"""Characters of a line of a picture: one that is wrapped is none."""


def story_title(story: StoryPicture) -> str:
    """Which request a picture shows, when it began, and how many more stopped like it."""
    others = f"; {story.like_it - 1} more stopped alike" if story.like_it > 1 else ""
    return f"{story.name}, begun {clock(story.begun)}{others}"


def story_lines(story: StoryPicture) -> list[str]:
    """A request as a picture in text: one line a step, what is normal on the left, this time on the right."""
    longest = max([step.within_seconds or step.normal_seconds for step in story.steps] or [1.0]) or 1.0
    width = max([len(step.component) for step in story.steps] or [0])
    whole = max(_LEAST_BAR, min(_BAR, (_PICTURE - width - len("  |          nothing within 1000.0 s")) // 2))

    def bar(seconds: float, sign: str = "-") -> str:
        return "|" + sign * round(whole * min(seconds / longest, 1.0))

    lines = [f"{'':{width}}  {'normally':{whole + 10}}this time"]
    for step in story.steps:
        normal = f"{bar(step.normal_seconds)} {step.normal_seconds:.1f} s"
        if step.seconds is None:
            here = f"{bar(step.within_seconds or longest, '.')} nothing within {step.within_seconds or longest:.1f} s"
        else:
            late = step.within_seconds is not None and step.seconds > step.within_seconds
            here = f"{bar(step.seconds)} {step.seconds:.1f} s{', late' if late else ''}"
        lines.append(f"{step.component:{width}}  {normal:{whole + 10}}{here}")
    return lines
