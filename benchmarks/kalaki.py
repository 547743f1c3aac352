"""Anomalous VM creations on a devstack (Kalaki et al.): the LSTM beside the simplest rival, on the development split.

    python benchmarks/kalaki.py [FOLDER]

FOLDER holds ``train_normal.csv`` (50 normal sequences), ``dev_normal.csv`` and ``dev_abnormal.csv``: a sequence id, a
comma, event numbers apart by blanks. Rival: a sequence is anomalous if it holds an event that no training sequence
holds. LSTM: the highest surprise in a sequence, against the highest in ten of the fifty training sequences that were
held out of the gradient steps (nothing of the development split chooses anything).
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import polars as pl

from openstack_rca.model.card import TrainingConfig
from openstack_rca.model.measures import auroc, binary_measures
from openstack_rca.model.scoring import Forward, event_scores
from openstack_rca.model.sequences import encode
from openstack_rca.model.vocabulary import Vocabulary

HELD_OUT = 10
CONFIG = TrainingConfig(epochs=60, batch_size=4, chunk_length=64, lstm_units=32, embedding_units=16)


def read(path: Path, first: int) -> pl.DataFrame:
    """One row an event, each sequence a stream of its own."""
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), first):
        _, _, events = line.partition(",")
        rows += [(str(number), int(event)) for event in events.split()]
    frame = pl.DataFrame(rows, schema={"host": pl.String, "template_id": pl.UInt64}, orient="row")
    return frame.with_columns(
        pl.lit(None, pl.Datetime("us", "UTC")).alias("time"),
        pl.lit("vm").alias("service"),
        pl.lit("INFO").alias("level"),
        pl.format("event {}", "template_id").alias("template"),
    )


def main(folder: Path) -> None:
    from openstack_rca.model import fitting, network

    train = read(folder / "train_normal.csv", 0)
    normal, abnormal = read(folder / "dev_normal.csv", 100_000), read(folder / "dev_abnormal.csv", 200_000)
    names = train["host"].unique(maintain_order=True).to_list()
    learned = train["host"].is_in(names[:-HELD_OUT])
    vocabulary = Vocabulary.learn(train.filter(learned), CONFIG.vocabulary_size)
    model, training_model = network.build(
        vocabulary,
        embedding_units=CONFIG.embedding_units,
        lstm_units=CONFIG.lstm_units,
        dropout_rate=CONFIG.dropout_rate,
        seed=CONFIG.seed,
    )
    steps = encode(train, vocabulary)
    part = np.where(steps.target >= 0, learned.to_numpy()[steps.target_event], False)
    held = np.where(steps.target >= 0, ~learned.to_numpy()[steps.target_event], False)
    lessons = [fitting.Lessons(chosen.astype(np.float32)) for chosen in (part, held)]
    fitting.fit(training_model, steps, lessons[0], lessons[1], CONFIG, None)
    forward = Forward(network.weights_of(model))

    def highest(events: pl.DataFrame) -> np.ndarray:
        steps = encode(events, vocabulary)
        surprise = event_scores(steps, forward.score(steps), vocabulary.others).surprise
        scored = events.with_columns(pl.Series("surprise", surprise)).group_by("host", maintain_order=True)
        return scored.agg(pl.col("surprise").max())["surprise"].to_numpy()

    def unseen(events: pl.DataFrame) -> np.ndarray:
        new = ~pl.col("template_id").is_in(train["template_id"].unique().to_list())
        return events.group_by("host", maintain_order=True).agg(new.any().alias("new"))["new"].to_numpy()

    lstm = [highest(events) for events in (normal, abnormal)]
    rival = [unseen(events) for events in (normal, abnormal)]
    threshold = highest(train.filter(~learned)).max()
    truth = np.repeat([False, True], [len(lstm[0]), len(lstm[1])])
    values, flags = np.concatenate(lstm), np.concatenate(rival)
    print(f"{len(lstm[0])} normal and {len(lstm[1])} abnormal sequences; CPU {time.process_time():.1f} s")
    for name, flagged, order in (
        ("event never seen in training", flags, flags.astype(float)),
        ("LSTM, highest surprise", values > threshold, values),
        ("either of the two", flags | (values > threshold), np.where(flags, values + 100.0, values)),
    ):
        figures = binary_measures(truth, flagged)
        line = "  ".join(f"{key} {value:.3f}" for key, value in figures.items())
        print(f"{name:30s} {line}  auroc {auroc(truth, order):.3f}")


if __name__ == "__main__":
    default = Path(__file__).resolve().parents[2] / "shared" / "data" / "kalaki-sequences"
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else default)
