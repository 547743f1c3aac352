"""What the tests of the service layer work with."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _clean(clean_environment: Path) -> None:
    """Every test begins without a setting, in an empty working folder."""
