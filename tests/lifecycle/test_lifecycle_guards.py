"""What keeps a version where it is, lets it go when its time is over, and tells others of a promotion."""

import http.server
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from lifecycle_helpers import MakeModel, publish
from pydantic import SecretStr

from openstack_rca.errors import ConfigurationError, VersionNotFound
from openstack_rca.lifecycle.records import Place
from openstack_rca.lifecycle.versions import VersionChanges
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.lifecycle.versions.retention import carry_out, parse_policy, plan_pruning
from openstack_rca.service.versions import model_history, promote_model, version_changes
from openstack_rca.settings import Settings

ELSEWHERE = "elsewhere"


class Hook(http.server.ThreadingHTTPServer):
    """Answers what it is told to, one status a request, the last one for ever."""

    def __init__(self) -> None:
        self.statuses = [200]
        self.told: list[dict[str, object]] = []
        super().__init__(("127.0.0.1", 0), Answer)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook?token=a-secret-token"


class Answer(http.server.BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        self.server.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.statuses.pop(0) if len(self.server.statuses) > 1 else self.server.statuses[0])
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Quiet."""


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    monkeypatch.setattr("openstack_rca.lifecycle.versions.announcing.PAUSE", 0.0)
    with Hook() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(params=["store_only", "postgres_and_s3"])
def chosen(request: pytest.FixtureRequest) -> Settings:
    """Without a registry, and as a team has it."""
    settings: Settings = request.getfixturevalue(request.param)
    return settings


@pytest.fixture
def guarded(chosen: Settings) -> Settings:
    return chosen.model_copy(update={"protected_aliases": "champion, production"})


def test_a_protected_alias_moves_with_force_only(guarded: Settings, make_model: MakeModel) -> None:
    """Set, taken away, or led elsewhere by its stage: refused, and nothing is in the history; other names move freely."""
    lifecycle = ModelLifecycle(guarded)
    publish(lifecycle, make_model("one"))
    publish(lifecycle, make_model("two"))
    changes = VersionChanges(lifecycle)
    changes.set_alias("Champion", 1, force=True)
    changes.set_stage(1, "Production", force=True)
    before = len(model_history(guarded))
    for refused in (
        lambda: changes.set_alias("champion", 2),
        lambda: changes.delete_alias("Champion"),
        lambda: changes.set_stage(2, "Production"),
        lambda: changes.set_stage(1, ""),
    ):
        with pytest.raises(ConfigurationError, match="protected") as caught:
            refused()
        assert "--force" in caught.value.hint
    assert len(model_history(guarded)) == before
    assert changes.set_alias("canary", 2).aliases == ("canary",)
    assert changes.set_stage(2, "Production", force=True).stage == "Production"


def test_a_promotion_that_may_not_move_the_alias_copies_nothing(guarded: Settings, make_model: MakeModel) -> None:
    publish(ModelLifecycle(guarded), make_model("one"))
    with pytest.raises(ConfigurationError, match="protected"):
        promote_model(guarded, "1", ELSEWHERE, alias="champion")
    there = ModelLifecycle(guarded).other(ELSEWHERE, "lstm_model")
    with pytest.raises(VersionNotFound):
        there.resolve("latest")
    assert promote_model(guarded, "1", ELSEWHERE, alias="champion", force=True).version.aliases == ("champion",)


def test_a_rule_says_how_long_the_versions_of_a_stage_stay(chosen: Settings, make_model: MakeModel) -> None:
    """What latest or another alias leads to stays; so does a stage without a rule; the plan says why."""
    lifecycle = ModelLifecycle(chosen)
    for content in ("one", "two", "three", "four", "five"):
        publish(lifecycle, make_model(content))
    changes = VersionChanges(lifecycle)
    changes.set_stage(1, "Staging")
    changes.set_stage(2, "Production")
    changes.set_alias("champion", 3)
    policy = parse_policy("Staging=90d, none=2w")
    for days, going in ((10, []), (20, [4]), (100, [4, 1])):
        plan = plan_pruning(lifecycle, policy=policy, now=datetime.now(UTC) + timedelta(days=days))
        assert [step.version for step in plan if step.remove] == going
    assert {step.version: step.why for step in plan if not step.remove} == {
        5: "latest",
        3: "has the alias champion",
        2: "in stage Production",
    }
    assert [step.version for step in carry_out(lifecycle, plan)] == [4, 1]
    assert [version.version for version in lifecycle.list()] == [5, 3, 2]
    with pytest.raises(VersionNotFound):
        lifecycle.resolve("@staging")


def test_what_entered_a_stage_since_the_plan_stays(store_only: Settings, make_model: MakeModel) -> None:
    lifecycle = ModelLifecycle(store_only)
    for content in ("one", "two"):
        publish(lifecycle, make_model(content))
    plan = plan_pruning(lifecycle, policy=parse_policy("none=1d"), now=datetime.now(UTC) + timedelta(days=9))
    VersionChanges(lifecycle).set_stage(1, "Staging")
    assert carry_out(lifecycle, plan) == []


def test_a_webhook_learns_of_a_promotion_and_is_asked_again_where_it_stumbles(
    store_only: Settings, make_model: MakeModel, hook: Hook
) -> None:
    """From where, to where, why and by whom; a sentence for chat programs."""
    publish(ModelLifecycle(store_only), make_model("one"))
    hook.statuses = [503, 429, 200]
    settings = store_only.model_copy(update={"promotion_webhook": SecretStr(hook.address)})
    promotion = promote_model(settings, "1", ELSEWHERE, reason="a good week")
    assert (promotion.notice, len(hook.told)) == ("", 3)
    told = hook.told[-1]
    assert told["to"] == {"experiment": ELSEWHERE, "model": "lstm_model", "version": "1"}
    assert told["sha256"] == promotion.version.sha256
    assert str(told["text"]).endswith(f"is version 1 of {ELSEWHERE}: a good week")


@pytest.mark.parametrize("status", [404, 500])
def test_a_webhook_that_refuses_is_a_note_that_tells_no_secret(
    store_only: Settings, make_model: MakeModel, hook: Hook, status: int
) -> None:
    """The promotion is done all the same; what can never work is not tried again."""
    publish(ModelLifecycle(store_only), make_model("one"))
    hook.statuses = [status]
    promotion = promote_model(store_only, "1", ELSEWHERE, webhook=hook.address)
    assert promotion.made and str(status) in promotion.notice
    assert "a-secret-token" not in promotion.notice and "127.0.0.1" in promotion.notice
    assert len(hook.told) == (1 if status == 404 else 3)


def test_an_address_that_is_none_is_refused_before_anything_is_promoted(
    store_only: Settings, make_model: MakeModel
) -> None:
    publish(ModelLifecycle(store_only), make_model("one"))
    for address in ("file:///etc/passwd", "http://", "http://host\r\nX: y/", "no address"):
        with pytest.raises(ConfigurationError, match="webhook") as caught:
            promote_model(store_only, "1", ELSEWHERE, webhook=address)
        assert address not in str(caught.value)
    assert not ModelLifecycle(store_only).store.exists(Place(ELSEWHERE, "lstm_model").manifest_key(1))


def test_the_alias_of_a_promotion_is_set_without_protection_too(store_only: Settings, make_model: MakeModel) -> None:
    publish(ModelLifecycle(store_only), make_model("one"))
    assert version_changes(store_only).set_alias("champion", "1").aliases == ("champion",)
    assert promote_model(store_only, "@champion", ELSEWHERE, alias="champion").version.aliases == ("champion",)
