"""Changes to versions that are there, their history, promotion, pruning and repair; command line and dashboard alike."""

from dataclasses import replace
from datetime import timedelta

from openstack_rca.lifecycle.history import STAGES as STAGES
from openstack_rca.lifecycle.history import VersionEvent as VersionEvent
from openstack_rca.lifecycle.versions import DEFAULT_AGE as DEFAULT_AGE
from openstack_rca.lifecycle.versions import DEFAULT_KEEP as DEFAULT_KEEP
from openstack_rca.lifecycle.versions import Finding as Finding
from openstack_rca.lifecycle.versions import (
    ModelLifecycle,
    announce,
    changes,
    check_webhook,
    parse_policy,
    retention,
    seen_history,
)
from openstack_rca.lifecycle.versions import Promotion as Promotion
from openstack_rca.lifecycle.versions import PruneStep as PruneStep
from openstack_rca.lifecycle.versions import VersionChanges as VersionChanges
from openstack_rca.lifecycle.versions import parse_age as parse_age
from openstack_rca.lifecycle.versions import promotion as promoting
from openstack_rca.lifecycle.versions import repair as repairing
from openstack_rca.settings import Settings


def version_changes(settings: Settings) -> VersionChanges:
    """Changes to versions: yank, pin, roll back, describe, alias, stage."""
    return VersionChanges(ModelLifecycle(settings))


def model_history(settings: Settings, reference: str | None = None) -> list[VersionEvent]:
    """Who did what when and why, oldest first; errors as for ``lifecycle.versions.seen_history.history``."""
    return seen_history.history(ModelLifecycle(settings), reference)


def promote_model(
    settings: Settings,
    reference: str,
    experiment: str,
    model_name: str | None = None,
    reason: str = "",
    *,
    alias: str = "",
    force: bool = False,
    webhook: str | None = None,
) -> Promotion:
    """Copy a version to another environment, let an alias there lead to it, and tell a webhook (a notice where it cannot be).

    Raises as ``promote`` and ``VersionChanges.set_alias``; a protected alias is refused before anything is copied.
    """
    address = webhook or (settings.promotion_webhook.get_secret_value() if settings.promotion_webhook else "")
    if address:
        check_webhook(address)
    lifecycle = ModelLifecycle(settings)
    changes_there = VersionChanges(lifecycle.other(experiment, model_name or lifecycle.place.model_name))
    if alias:
        changes.check_alias(alias)
        changes_there.require_unprotected(alias, force=force)
    promotion = promoting.promote(lifecycle, reference, experiment, model_name, reason)
    if alias:
        version = changes_there.set_alias(alias, promotion.version.version, reason, force=force)
        promotion = replace(promotion, version=version)
    problem = announce(address, promotion, reason, settings) if address else ""
    return replace(promotion, notice=" ".join(part for part in (promotion.notice, problem) if part))


def prune_models(
    settings: Settings,
    keep: int = DEFAULT_KEEP,
    younger_than: timedelta = DEFAULT_AGE,
    *,
    orphans: bool = False,
    policy: bool = False,
    apply: bool = False,
) -> tuple[list[PruneStep], list[PruneStep]]:
    """Say which versions may go, and with ``apply`` remove them; gives the whole plan, and of it what was removed.

    With ``policy`` the setting ``retention`` says how long versions of a stage stay, instead of ``keep`` and ``younger_than``.
    Raises ConfigurationError: there is no such rule. RegistryUnavailable, StoreError: it could not be done to its end.
    """
    rules = parse_policy(settings.retention) if policy else {}
    lifecycle = ModelLifecycle(settings)
    steps = retention.plan_pruning(lifecycle, keep, younger_than, orphans=orphans, policy=rules)
    return steps, retention.carry_out(lifecycle, steps) if apply else []


def repair_models(settings: Settings, *, apply: bool = False) -> list[Finding]:
    """Say what the registry lacks of what the store holds, and with ``apply`` bring it back; raises as ``repair``."""
    lifecycle = ModelLifecycle(settings)
    return repairing.repair(lifecycle) if apply else repairing.find_repairs(lifecycle)
