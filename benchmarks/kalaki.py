"""Anomalous VM creations on a devstack (Kalaki et al.): the model's stories beside the simplest rival.

    python benchmarks/kalaki.py [FOLDER] [--part dev]

FOLDER holds ``train_normal.csv`` (50 normal sequences) and ``PART_normal.csv`` and ``PART_abnormal.csv``: a sequence id,
a comma, event numbers apart by blanks. A sequence is a story, and is judged as ``story_learning`` judges any: five folds
over the training sequences calibrate, the final network learns from all of them, and a sequence is anomalous when its
score is above ``STORY_ALARM_SCORE``. Rival: it holds an event that no training sequence holds. Nothing of the part that is
judged chooses anything.
"""

import argparse
import dataclasses
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from openstack_rca.model.calibration import STORY_ALARM_SCORE, StoryCalibration, StoryFigures
from openstack_rca.model.card import TrainingConfig
from openstack_rca.model.measures import auroc, binary_measures
from openstack_rca.model.scoring import Forward
from openstack_rca.model.sequences import encode_stories
from openstack_rca.model.stories import Stories
from openstack_rca.model.story_learning import learn_alone, out_of_fold, story_figures
from openstack_rca.model.vocabulary import Vocabulary

CONFIG = TrainingConfig(epochs=60, batch_size=4, chunk_length=64, lstm_units=32, embedding_units=16)


@dataclass(frozen=True)
class LearnedStories:
    """A network that was trained on stories alone.

    Attributes:
        forward: its forward pass.
        vocabulary: what it knows by index.
        calibration: from folds over the same stories.
        epochs: passes that the final training made: the median of what was best for the folds.
    """

    forward: Forward
    vocabulary: Vocabulary
    calibration: StoryCalibration
    epochs: int

    def figures(self, events: pl.DataFrame, stories: Stories) -> StoryFigures:
        """Mean and sum of the surprise of each story."""
        steps = encode_stories(events, stories, self.vocabulary)
        return story_figures(steps, self.forward.score(steps), self.vocabulary.others)


def learn_stories(events: pl.DataFrame, stories: Stories, config: TrainingConfig) -> LearnedStories:
    """Calibrate by folds, then train on all stories: for recordings too small to hold a part back."""
    from openstack_rca.model import network

    folds = out_of_fold(events, stories, config)
    epochs = int(np.median(folds.epochs))
    model, vocabulary, _ = learn_alone(events, stories, None, dataclasses.replace(config, epochs=epochs))
    return LearnedStories(Forward(network.weights_of(model)), vocabulary, folds.calibration, epochs)


def read(path: Path) -> tuple[pl.DataFrame, Stories]:
    """Events without times, and one story a sequence."""
    names, sequences = [], []
    for line in path.read_text(encoding="utf-8").splitlines():
        name, _, numbers = line.partition(",")
        names.append(name)
        sequences.append([int(number) for number in numbers.split()])
    events = [number for sequence in sequences for number in sequence]
    frame = pl.DataFrame({"template_id": pl.Series(events, dtype=pl.UInt64)}).with_columns(
        pl.lit(None, pl.Datetime("us", "UTC")).alias("time"),
        pl.lit("devstack").alias("host"),
        pl.lit("vm").alias("service"),
        pl.lit("INFO").alias("level"),
        pl.format("event {}", "template_id").alias("template"),
    )
    stories = Stories(
        rows=np.arange(len(events)),
        offsets=np.cumsum([0, *(len(sequence) for sequence in sequences)]),
        ended=np.ones(len(names), dtype=np.bool_),
        kind=["instance"] * len(names),
        names=names,
    )
    return frame, stories


def main(folder: Path, part: str) -> None:
    train, train_stories = read(folder / "train_normal.csv")
    learned = learn_stories(train, train_stories, CONFIG)
    known = set(train["template_id"])
    found, unseen, truth = [], [], []
    for name, abnormal in (("normal", False), ("abnormal", True)):
        events, stories = read(folder / f"{part}_{name}.csv")
        found.append(learned.figures(events, stories))
        new = np.asarray([number not in known for number in events["template_id"]])
        unseen.append(np.logical_or.reduceat(new, stories.offsets[:-1]))
        truth.append(np.full(len(stories.names), abnormal))
    labels, new = np.concatenate(truth), np.concatenate(unseen)
    print(f"{(~labels).sum()} normal and {labels.sum()} abnormal sequences; CPU {time.process_time():.1f} s")
    print(f"{'':30s} precision  recall     f1  auroc")
    rows = [("event never seen in training", new, new.astype(np.float64))]
    for name, values, table in (
        ("mean of surprise", np.concatenate([part.mean for part in found]), learned.calibration.mean),
        ("sum of surprise", np.concatenate([part.total for part in found]), learned.calibration.total),
    ):
        rows.append((name, table.score(values, [None] * len(values)) > STORY_ALARM_SCORE, values))
    scores = np.concatenate([learned.calibration.score(part, ["instance"] * len(part.steps))[0] for part in found])
    rows.append(("story score", scores > STORY_ALARM_SCORE, scores))
    for name, flagged, order in rows:
        figures = binary_measures(labels, flagged)
        print(f"{name:30s}    {'  '.join(f'{value:.4f}' for value in figures.values())}  {auroc(labels, order):.4f}")


if __name__ == "__main__":
    default = Path(__file__).resolve().parents[2] / "shared" / "data" / "kalaki-sequences"
    arguments = argparse.ArgumentParser(description="Judge Kalaki's sequences by their stories.")
    arguments.add_argument("folder", nargs="?", type=Path, default=default)
    arguments.add_argument("--part", default="dev", help="which PART_normal.csv and PART_abnormal.csv to judge")
    given = arguments.parse_args()
    main(given.folder, given.part)
