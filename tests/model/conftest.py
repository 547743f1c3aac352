"""One small model, trained on synthetic logs for the whole session."""

from pathlib import Path

import polars as pl
import pytest
from model_events import SMALL, normal_events

from openstack_rca.model.training import TrainingResult, save, train


@pytest.fixture(scope="session")
def events() -> pl.DataFrame:
    return normal_events()


@pytest.fixture(scope="session")
def trained(events: pl.DataFrame) -> TrainingResult:
    return train(events, SMALL, source="synthetic")


@pytest.fixture(scope="session")
def model_path(trained: TrainingResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "small.keras"
    save(trained, path)
    return path
