"""Pictures of a training are written without a window system."""

import logging
from dataclasses import replace
from pathlib import Path

import polars as pl

from openstack_rca.model.plots import distinct_labels, training_plots
from openstack_rca.model.training import TrainingResult


def test_a_training_gives_three_png_files(trained: TrainingResult, tmp_path: Path) -> None:
    paths = training_plots(trained, tmp_path / "plots")
    assert [path.name for path in paths] == ["learning_curves.png", "calibration.png", "surprising_templates.png"]
    for path in paths:
        assert path.read_bytes().startswith(b"\x89PNG")


def test_a_folder_that_takes_no_cache_of_fonts_is_not_told(trained: TrainingResult, tmp_path: Path) -> None:
    """Matplotlib's own warnings are nothing that who trains could act on."""
    training_plots(trained, tmp_path)
    assert not logging.getLogger("matplotlib.font_manager").isEnabledFor(logging.WARNING)


def test_templates_with_signs_of_formula_languages_are_drawn_as_they_are(
    trained: TrainingResult, tmp_path: Path
) -> None:
    """A dollar sign starts no formula; an empty table and one epoch are drawn too (a warning fails a test here)."""
    odd = pl.DataFrame(
        {"template": ["a $b_{ $ \\frac", ""], "service": ["s", None], "count": [1, 2], "surprise": [3.0, 1.0]}
    )
    strange = replace(trained, surprising=odd, history=trained.history[:1])
    assert len(training_plots(strange, tmp_path)) == 3
    assert len(training_plots(replace(trained, surprising=odd.clear()), tmp_path)) == 3


def test_labels_of_an_axis_are_distinct() -> None:
    """Long ones that begin alike differ at their end, and like ones are numbered."""
    alike = "nova-compute: " + "x" * 100
    labels = distinct_labels([f"{alike} one", f"{alike} two", "same", "same"])
    assert len(set(labels)) == 4
    assert labels[0].endswith(" one") and labels[2:] == ["same (1)", "same (2)"]
    assert all(len(label) <= 90 for label in labels)
