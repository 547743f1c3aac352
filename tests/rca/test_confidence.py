"""Confidence rises with the score, and what is told of a cause comes from one finding."""

from __future__ import annotations

from finding_samples import finding
from hypothesis import given
from hypothesis import strategies as st

from openstack_rca.rca.judgement import probability, weigh
from openstack_rca.rca.vocabulary import Category, Directness


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_higher_score_is_never_less_sure(one: float, other: float) -> None:
    """The map is monotone and stays within (0, 1)."""
    low, high = sorted((one, other))
    assert 0.0 < probability(low) <= probability(high) < 1.0


def test_the_reason_before_a_stop_is_what_is_told() -> None:
    """A service that cannot parse its configuration and is stopped for it has a fault of configuration."""
    stop = finding("nova-api", "nova-api", weight=0.95, directness=Directness.CAUSE, at=3)
    why = finding("nova-api", "nova-api", weight=0.8, directness=Directness.CAUSE, category=Category.CONFIG)
    assert weigh([stop, why])[0].leading is why


def test_what_is_complained_of_long_after_a_stop_is_no_reason() -> None:
    """A queue that is full after the restart did not stop the service."""
    stop = finding("keystone", "keystone", weight=0.95, directness=Directness.CAUSE)
    late = finding("keystone", "keystone", weight=1.0, directness=Directness.CAUSE, category=Category.CAPACITY, at=46)
    assert weigh([stop, late])[0].category is Category.PROCESS_DOWN


def test_the_kind_of_fault_of_a_silent_server_is_what_most_say() -> None:
    """Clients that wait in vain say that it hangs."""
    waits = [finding("rabbitmq", name, weight=0.5, category=Category.HANG) for name in ("nova-api", "cinder-api")]
    one = finding("rabbitmq", "heat-engine", weight=0.5, category=Category.MESSAGING, at=-1)
    assert weigh([one, *waits])[0].category is Category.HANG
