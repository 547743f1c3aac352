"""The use cases that commands call, each imported when one of its names is first used: no help or completion waits for it."""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # isort: off
    from openstack_rca.service import (
        analysis as analysis,
        cluster as cluster,
        comparison as comparison,
        deliveries as deliveries,
        demo as demo,
        drift as drift,
        evaluation as evaluation,
        explore as explore,
        history as history,
        kept_logs as kept_logs,
        kept_reports as kept_reports,
        language_model as language_model,
        log_events as log_events,
        log_inspection as log_inspection,
        log_reading as log_reading,
        model_choice as model_choice,
        model_papers as model_papers,
        models as models,
        places as places,
        remote as remote,
        reports as reports,
        sensitivity as sensitivity,
        signatures as signatures,
        story_view as story_view,
        training as training,
        troubles as troubles,
        upkeep as upkeep,
        versions as versions,
        waiting_runs as waiting_runs,
        watch_run as watch_run,
        watching as watching,
    )
else:

    class _Later:
        def __init__(self, module: str) -> None:
            self._module = module

        def __getattr__(self, name: str) -> object:
            return getattr(importlib.import_module(f"openstack_rca.service.{self._module}"), name)

    def __getattr__(name: str) -> object:
        if name.startswith("_"):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return _Later(name)
