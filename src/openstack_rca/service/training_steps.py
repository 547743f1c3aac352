"""The steps of a training: what the use case tells, and what the dashboard shows of it."""

from enum import IntEnum, StrEnum


class TrainingStep(StrEnum):
    """A step that the use case tells as it begins; the value is what the command line shows."""

    READ = "read logs"
    TRAIN = "train"
    SAVE = "save"
    COMPARE = "compare with the version in use"
    PUBLISH = "publish"


class ShownStep(IntEnum):
    """A step as the dashboard shows it; the value is its place in ``STEPS``, from 1. Some begin within a ``TrainingStep``."""

    CHECK = 1
    READ = 2
    EVENTS = 3
    SPLIT = 4
    FIT = 5
    MEASURE = 6
    WRITE = 7
    COMPARE = 8
    PUBLISH = 9
    RECORD = 10


STEPS = (
    "check settings and folders",
    "find and read the logs",
    "turn lines into events and templates",
    "split by time, learn the vocabulary",
    "train the LSTM",
    "measure on later logs, calibrate the scores",
    "write the model file",
    "compare with the version in use",
    "publish the version: number, upload, read back",
    "keep the run",
)
"""What each ``ShownStep`` is called, in order."""

SHOWN_AS: dict[TrainingStep, ShownStep] = {
    TrainingStep.READ: ShownStep.READ,
    TrainingStep.TRAIN: ShownStep.SPLIT,
    TrainingStep.SAVE: ShownStep.WRITE,
    TrainingStep.COMPARE: ShownStep.COMPARE,
    TrainingStep.PUBLISH: ShownStep.PUBLISH,
}
"""Told step -> the shown step that begins with it."""
