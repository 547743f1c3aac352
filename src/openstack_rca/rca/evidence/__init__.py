"""What was found in the logs: findings, each against one component. May touch ``knowledge`` and ``vocabulary``."""

from openstack_rca.rca.evidence.accusations import tells_of_time_out
from openstack_rca.rca.evidence.doubts import goes_on_failing, is_picked
from openstack_rca.rca.evidence.finding import Finding, noisy_or
from openstack_rca.rca.evidence.matching import add_novelty, collect_findings, observe
from openstack_rca.rca.evidence.normal_rates import NormalRates
from openstack_rca.rca.evidence.window import FoundWindow, find_windows, suspicion

__all__ = [
    "Finding",
    "FoundWindow",
    "NormalRates",
    "add_novelty",
    "collect_findings",
    "find_windows",
    "goes_on_failing",
    "is_picked",
    "noisy_or",
    "observe",
    "suspicion",
    "tells_of_time_out",
]
