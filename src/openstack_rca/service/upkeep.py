"""Keeping it tidy and safe: old runs, copies of the tracking database, the bucket's own clean-up."""

from pathlib import Path

from openstack_rca.lifecycle.mlflow import DatabaseFacts, Restored, RunDecision, back_up, plan_runs
from openstack_rca.lifecycle.mlflow import prune_runs as _prune_runs
from openstack_rca.lifecycle.mlflow import restore as _restore
from openstack_rca.lifecycle.objects import BucketRules, apply_rules, rules_for
from openstack_rca.service.places import require_home
from openstack_rca.settings import Settings

__all__ = ["BucketRules", "DatabaseFacts", "Restored", "RunDecision", "back_up"]


def prune_runs(settings: Settings, keep: int, *, apply: bool) -> list[RunDecision]:
    """Decide which runs go (never the newest ``keep`` of a kind); with ``apply`` remove them. Raises RegistryUnavailable."""
    return _prune_runs(settings, keep) if apply else plan_runs(settings, keep)


def restore(settings: Settings, source: Path) -> Restored:
    """Put a copy of ``back_up`` back; the old database is kept. Raises ConfigurationError, BackupFailed, BackupDamaged."""
    require_home(settings, writable=True)
    return _restore(settings, source)


def bucket_rules(settings: Settings, upload_days: int, run_days: int, *, apply: bool) -> BucketRules:
    """The lifecycle policy for the bucket; with ``apply`` it is set there. Raises ConfigurationError, StoreError."""
    rules = rules_for(settings, upload_days, run_days)
    if apply:
        apply_rules(settings, rules)
    return rules
