"""What the cases of the table of weights share: what findings come to."""

from collections.abc import Callable

from openstack_rca.rca.evidence import (
    Finding,
)
from openstack_rca.rca.judgement import (
    explain,
    rank,
    verdict_on,
    weigh,
)
from openstack_rca.rca.knowledge import load_topology
from openstack_rca.rca.weights import current

TOPOLOGY = load_topology()
Case = Callable[[], object]


def answer(*found: Finding) -> Case:
    """Ranking, kind of fault and verdict that findings come to."""

    def told() -> object:
        ranked = rank(explain(weigh(list(found)), list(found), TOPOLOGY), {})
        suspects = [candidate for candidate in ranked if candidate.guilt >= current().noticeable]
        return [c.component for c in suspects], [c.category for c in suspects[:1]], verdict_on(suspects)

    return told
