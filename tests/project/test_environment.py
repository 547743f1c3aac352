"""Which variables of the environment are read, and which are not."""

from pathlib import Path

import pytest

from openstack_rca.errors import ConfigurationError
from openstack_rca.settings import Settings, load_settings


def test_state_lives_below_the_home_folder_and_not_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """HOME is where the default folder hangs; it is not the folder."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("OPENSTACK_RCA_HOME", raising=False)
    assert load_settings().home == tmp_path / ".local" / "share" / "openstack-rca"


def test_our_own_variable_moves_the_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """OPENSTACK_RCA_HOME wins over HOME, and an argument wins over both."""
    monkeypatch.setenv("OPENSTACK_RCA_HOME", str(tmp_path / "state"))
    assert load_settings().home == tmp_path / "state"
    assert load_settings(home=tmp_path / "argument").home == tmp_path / "argument"


def test_the_first_name_of_a_setting_that_is_set_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several programs name the same thing; an empty variable is one that is not set, and an argument wins over all."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "")
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    assert load_settings().aws_default_region == "eu-north-1"
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-3")
    assert load_settings().aws_default_region == "eu-west-3"
    assert load_settings(aws_default_region="ca-central-1").aws_default_region == "ca-central-1"
    assert Settings.model_validate({"AWS_DEFAULT_REGION": "ca-central-1"}).aws_default_region == "ca-central-1"


def test_a_value_that_cannot_work_names_the_variable_that_holds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it is a later name of the setting, and never with a secret in it."""
    monkeypatch.setenv("AWS_SERVER_SIDE_ENCRYPTION", "rot13")
    with pytest.raises(ConfigurationError, match="AWS_SERVER_SIDE_ENCRYPTION cannot be used: 'rot13' is not AES256"):
        load_settings()


def aliases_of(field: str) -> set[str]:
    return {str(name) for name in getattr(Settings.model_fields[field].validation_alias, "choices", [])}


OTHER_NAMES = sorted(field for field in Settings.model_fields if field.upper() not in aliases_of(field))
"""Settings whose documented variables have names of their own."""


@pytest.mark.parametrize("field", OTHER_NAMES)
def test_a_setting_is_not_read_from_a_variable_of_its_bare_name(field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """MODEL_NAME or HOME in a user's shell belong to someone else; only the documented variables count."""
    before = load_settings().model_dump()[field]
    monkeypatch.setenv(field if field == "home" else field.upper(), "17")
    assert load_settings().model_dump()[field] == before
