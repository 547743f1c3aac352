"""A promotion that fails is told as what it is, costs no number, stands in the history, and goes on when it is tried again."""

from pathlib import Path

import pytest
from lifecycle_helpers import FACTS, MakeModel

from openstack_rca.errors import PublishFailed, StoreUnavailable
from openstack_rca.lifecycle.records import ModelKind
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.lifecycle.versions.promotion import promote
from openstack_rca.lifecycle.versions.seen_history import history
from openstack_rca.settings import Settings

TARGET = "openstack_rca_system_production"


@pytest.mark.parametrize("step", ["allocated", "uploaded", "described"])
def test_a_promotion_that_failed_goes_on_under_its_number(embedded: Settings, make_model: MakeModel, step: str) -> None:
    """The store goes down in the midst of it, and comes back."""
    down = True

    def at_step(name: str) -> None:
        if down and name == step:
            raise StoreUnavailable("The object store s3.example does not answer.")

    ModelLifecycle(embedded).publish(make_model("one"), **FACTS)
    lifecycle = ModelLifecycle(embedded, at_step=at_step)
    with pytest.raises(PublishFailed, match="Version 1 could not be promoted") as caught:
        promote(lifecycle, 1, TARGET, reason="a good week")
    assert "trained" not in str(caught.value)
    assert lifecycle.spool.waiting() == []
    assert [(event.action, event.details) for event in history(lifecycle)][-1] == ("notpromoted", {"to": TARGET})
    down = False
    done = promote(lifecycle, 1, TARGET, reason="a good week")
    assert (done.version.version, done.made) == (1, True)
    assert [version.status for version in lifecycle.other(TARGET, "lstm_model").list()] == ["ready"]
    assert [event.action for event in history(lifecycle)] == ["published", "notpromoted", "promoted"]


@pytest.mark.parametrize("sent_by", ["models history", "publish --spooled", "the next promotion"])
def test_a_failed_promotion_is_in_the_history_though_the_store_took_no_writes(
    embedded: Settings, make_model: MakeModel, sent_by: str
) -> None:
    """What the history says of it waits on this machine, and is written by the next command that can."""
    ModelLifecycle(embedded).publish(make_model("one"), **FACTS)
    root = Path(ModelLifecycle(embedded).store.root.removeprefix("file://"))
    written = next(root.glob("*_history"))
    written.rename(root / "away")
    written.write_text("a file where a folder belongs")

    def at_step(_name: str) -> None:
        raise StoreUnavailable("The object store s3.example takes no writes.")

    with pytest.raises(PublishFailed, match="takes no writes"):
        promote(ModelLifecycle(embedded, at_step=at_step), 1, TARGET)
    written.unlink()
    (root / "away").rename(written)
    lifecycle = ModelLifecycle(embedded)
    if sent_by == "publish --spooled":
        assert lifecycle.publish_spooled() == []
    elif sent_by == "the next promotion":
        promote(lifecycle, 1, TARGET)
    else:
        history(lifecycle)
    told = lifecycle.events.all()
    assert [event.action for event in told][:2] == ["published", "notpromoted"]
    assert (told[1].reason, told[1].details) == ("The object store s3.example takes no writes.", {"to": TARGET})
    assert lifecycle.spool.unwritten() == []


def test_a_promoted_version_keeps_its_kind(embedded: Settings, make_model: MakeModel) -> None:
    """What is no latest in one environment is none in the other."""
    lifecycle = ModelLifecycle(embedded)
    lifecycle.publish(make_model("one"), **FACTS, kind=ModelKind.OTHER)
    assert promote(lifecycle, 1, TARGET).version.kind is ModelKind.OTHER
