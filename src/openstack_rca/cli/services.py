"""The use cases that commands call, each imported when one of its names is first used: no help or completion waits for it."""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openstack_rca.service import (
        analysis,
        cluster,
        comparison,
        deliveries,
        demo,
        drift,
        evaluation,
        explore,
        history,
        kept_logs,
        kept_reports,
        language_model,
        log_events,
        log_inspection,
        log_reading,
        model_choice,
        model_papers,
        models,
        places,
        remote,
        reports,
        sensitivity,
        signatures,
        story_view,
        training,
        troubles,
        upkeep,
        versions,
        waiting_runs,
        watch_run,
        watching,
    )
else:

    class _Later:
        def __init__(self, module: str) -> None:
            self._module = module

        def __getattr__(self, name: str) -> object:
            return getattr(importlib.import_module(f"openstack_rca.service.{self._module}"), name)

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return _Later(name)


__all__ = [
    "analysis", "cluster", "comparison", "deliveries", "demo", "drift", "evaluation", "explore", "history", "kept_logs",
    "kept_reports", "language_model", "log_events", "log_inspection", "log_reading", "model_choice", "model_papers", "models",
    "places", "remote", "reports", "sensitivity", "signatures", "story_view", "training", "troubles", "upkeep", "versions",
    "waiting_runs", "watch_run", "watching",
]  # fmt: skip
