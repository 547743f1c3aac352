"""What a page shows of a report: its parts, the words that all renderings share, and text made harmless."""

from dataclasses import dataclass
from datetime import datetime

from openstack_rca.plain_text import counted as counted
from openstack_rca.plain_text import sized as sized
from openstack_rca.plain_text import without_markdown as without_markdown
from openstack_rca.rca.render import EvidenceGroup as EvidenceGroup
from openstack_rca.rca.render import Headline as Headline
from openstack_rca.rca.render import as_utc as as_utc
from openstack_rca.rca.render import category_text as category_text
from openstack_rca.rca.render import certainty as certainty
from openstack_rca.rca.render import confidence_sides as confidence_sides
from openstack_rca.rca.render import confidence_text as confidence_text
from openstack_rca.rca.render import counts as counts
from openstack_rca.rca.render import grouped as grouped
from openstack_rca.rca.render import headline as headline
from openstack_rca.rca.render import kind_text as kind_text
from openstack_rca.rca.render import like_text as like_text
from openstack_rca.rca.render import moment as moment
from openstack_rca.rca.render import percent as percent
from openstack_rca.rca.render import place as place
from openstack_rca.rca.render import since_and_record as since_and_record
from openstack_rca.rca.render import spot as spot
from openstack_rca.rca.render import story_lines as story_lines
from openstack_rca.rca.render import story_title as story_title
from openstack_rca.rca.render import window_text as window_text
from openstack_rca.rca.report import Cause as Cause
from openstack_rca.rca.report import EvidenceItem as EvidenceItem
from openstack_rca.rca.report import Hop as Hop
from openstack_rca.rca.report import Report as Report
from openstack_rca.rca.report import RequestPath as RequestPath
from openstack_rca.rca.report import markdown_prose as markdown_prose
from openstack_rca.rca.report import mask_secrets as mask_secrets
from openstack_rca.rca.report import one_line as one_line
from openstack_rca.rca.vocabulary import Verdict as Verdict


@dataclass(frozen=True)
class ChainStep:
    """A step of the causal chain, the line in which its target complains, and the time of that line or the source's onset."""

    hop: Hop
    item: EvidenceItem | None
    since: datetime | None


def chain_steps(report: Report) -> list[ChainStep]:
    """The causal chain in order, each arrow with the line behind it."""
    items = [item for cause in report.causes for item in cause.evidence]
    onsets = {cause.component: cause.onset for cause in reversed(report.causes)}
    steps = []
    for hop in report.chain:
        item = next((item for item in items if item.accuses == hop.source and item.service == hop.target), None)
        steps.append(ChainStep(hop, item, item.time if item and item.time else onsets.get(hop.source)))
    return steps
