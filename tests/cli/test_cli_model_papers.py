"""``openstack-rca models`` diff, card, export and import: what is written about versions, and parcels without a network."""

import io
import json
import shutil
import tarfile
from pathlib import Path

import pytest
from cli_helpers import Program, refused

from openstack_rca.lifecycle.records import TAG
from trained_environment import Trained


def exported(rca: Program, folder: Path) -> Path:
    result = rca("models", "export", "1", folder)
    assert (result.status, result.err) == (0, "")
    return Path(result.out.strip())


def test_a_version_goes_to_another_machine_in_one_tar(
    home: Path, trained: Trained, rca: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """File, manifest and card; there it is the next version with the same bytes, and says where it came from."""
    (tmp_path / "parcels").mkdir()
    parcel = exported(rca, tmp_path / "parcels")
    with tarfile.open(parcel) as archive:
        assert archive.getnames() == ["model.keras", "manifest.json", "card.md"]
    before = rca("models", "show", "1", "--format", "json").json()
    monkeypatch.setenv("OPENSTACK_RCA_HOME", str(tmp_path / "elsewhere"))
    assert rca("models", "import", parcel, "--format", "json").json()["kind"] == "engine"
    after = rca("models", "show", "latest", "--format", "json").json()
    assert (after["sha256"], after["metrics"]) == (before["sha256"], before["metrics"])
    assert after["tags"][f"{TAG}imported_from"] == "openstack_rca_system_staging/lstm_model version 1"
    again = rca("models", "import", parcel, "--format", "json").json()
    assert (again["version"], again["made"]) == ("1", False)


def test_a_tar_that_is_not_ours_or_not_whole_is_refused(home: Path, rca: Program, tmp_path: Path) -> None:
    """One line each, and nothing is published."""
    parcel = exported(rca, tmp_path)
    changed, other = tmp_path / "changed.tar", tmp_path / "other.tar"
    with tarfile.open(parcel) as old, tarfile.open(changed, "w") as new:
        for member in old:
            content = old.extractfile(member)
            assert content is not None
            data = content.read() if member.name != "model.keras" else content.read()[:-1] + b"x"
            new.addfile(member, io.BytesIO(data))
    with tarfile.open(other, "w") as empty:
        empty.addfile(tarfile.TarInfo("../model.keras"))
    refused(rca("models", "import", changed), "not the one that its manifest names")
    refused(rca("models", "import", other), "is not an exported version")
    refused(rca("models", "import", tmp_path / "nowhere.tar"), "cannot be read")
    assert len(rca("models", "list", "--format", "json").json()) == 1


def test_diff_and_card_tell_data_settings_figures_and_vocabulary(home: Path, rca: Program) -> None:
    """Version 2 has another figure, and then a file that is not its own and is not compared."""
    equal = "Versions 1 and {} are equal: data, settings, figures, packages, vocabulary."
    assert rca("models", "diff", "1", "1").out == equal.format(1) + "\n"
    manifest = next((home / "artifacts").glob("*_0001/models/lstm_model_v1.json"))
    facts = json.loads(manifest.read_text())
    other = Path(str(manifest).replace("0001", "0002").replace("_v1", "_v2"))
    other.parent.mkdir(parents=True)
    facts |= {"version": 2, "metrics": {**facts["metrics"], "inference_time": 7.5}}
    other.write_text(json.dumps(facts))
    shutil.copy(manifest.with_suffix(".keras"), other.with_suffix(".keras"))
    clock = rca("models", "diff", "1", "2", "--disable-mlflow").out
    assert clock.startswith(equal.format(2)) and ", 7.5." in clock
    facts["metrics"] |= {
        "test_accuracy": 0.125,
        "inference_time": json.loads(manifest.read_text())["metrics"]["inference_time"],
    }
    other.write_text(json.dumps(facts))
    found = rca("models", "diff", "1", "2", "--disable-mlflow", "--format", "json").json()["differences"]
    assert [(row["part"], row["name"], row["second"]) for row in found] == [("figures", "test_accuracy", 0.125)]
    other.write_text(json.dumps(facts | {"sha256": "0" * 64}))
    rows = rca("models", "diff", "1", "2", "--disable-mlflow", "--format", "json").json()["differences"]
    assert [(row["name"], row["first"]) for row in rows if row["part"] == "vocabulary"] == [("file", None)]
    card = rca("models", "card", "1").out
    assert card.startswith(("# lstm\\_model version 1", "# lstm_model version 1"))
    assert "## Data" in card and "## Figures" in card and "data_fingerprint" in card.replace("\\", "")


def test_json_is_strict_whatever_the_figures_are(capsys: pytest.CaptureFixture[str]) -> None:
    """A figure that is no number is null: JSON knows no NaN, and strict readers refuse it."""
    from openstack_rca.cli.output import print_json

    print_json({"metrics": {"a": float("nan"), "b": [float("inf"), 1.5]}})

    def strict(word: str) -> None:
        raise AssertionError(word)

    assert json.loads(capsys.readouterr().out, parse_constant=strict) == {"metrics": {"a": None, "b": [None, 1.5]}}


def test_the_card_is_a_page_too(home: Path, rca: Program) -> None:
    """A page that needs nothing else; what others wrote is text in it."""
    rca("models", "describe", "1", "the <b>quiet</b> week")
    page = rca("models", "card", "1", "--format", "html").out
    assert page.startswith("<!doctype html>") and "<h2>Figures</h2>" in page
    assert "the &lt;b&gt;quiet&lt;/b&gt; week" in page and "<b>" not in page
    assert "src=" not in page and "href=" not in page
