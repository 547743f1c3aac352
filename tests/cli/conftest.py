"""What the tests of the command line work with."""

from pathlib import Path

import pytest
from cli_helpers import Program, Result

from openstack_rca.cli.main import cli, run


@pytest.fixture(autouse=True)
def _clean(clean_environment: Path) -> None:
    """Every test begins without a setting, in an empty working folder."""


@pytest.fixture
def rca(capsys: pytest.CaptureFixture[str]) -> Program:
    """The command line, called in this process: ``rca("models", "list")``."""

    def call(*arguments: str | Path) -> Result:
        capsys.readouterr()
        status = run(cli, [str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Result(status, out, err)

    return call
