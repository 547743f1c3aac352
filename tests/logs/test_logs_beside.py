"""A function that is done beside its caller, where there is a second processor."""

import threading

import pytest

from openstack_rca.logs import side_by_side
from openstack_rca.logs.side_by_side import beside


@pytest.mark.parametrize("processors", [1, 2])
def test_what_is_done_beside_the_caller_gives_its_result_or_its_error(
    processors: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(side_by_side, "usual_threads", lambda: processors)
    assert beside(lambda: 3)() == 3
    with pytest.raises(ZeroDivisionError):
        beside(lambda: 1 // 0)()


def test_with_two_processors_the_caller_goes_on_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "usual_threads", lambda: 2)
    both = threading.Barrier(2)
    result = beside(both.wait)
    both.wait()
    result()
