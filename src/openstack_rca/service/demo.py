"""The first run: answer a recorded incident, then train on the sample recording."""

from dataclasses import dataclass
from pathlib import Path

from openstack_rca.rca.scoring import Question, Truth, read_question, read_truth
from openstack_rca.samples import incident_folder, normal_logs
from openstack_rca.service.analysis import AnalysisOutcome, analyze
from openstack_rca.service.choices import DEMO_INCIDENT
from openstack_rca.service.listener import SILENT, Listener
from openstack_rca.service.training import TrainOutcome, train
from openstack_rca.settings import Settings

__all__ = ["DemoAnswer", "answer_incident", "normal_logs", "sample_incident_logs", "train_on_samples"]


@dataclass(frozen=True)
class DemoAnswer:
    """A recorded incident and its answer; ``truth`` was read after the answer."""

    question: Question
    analysis: AnalysisOutcome
    truth: Truth


def sample_incident_logs() -> Path:
    """Folder of the logs of the incident that the demonstration answers."""
    return incident_folder(DEMO_INCIDENT) / "logs"


def train_on_samples(settings: Settings, listener: Listener = SILENT) -> TrainOutcome:
    """Train a version on the sample recording."""
    return train([normal_logs()], settings=settings, listener=listener)


def answer_incident(settings: Settings, incident: str = DEMO_INCIDENT, listener: Listener = SILENT) -> DemoAnswer:
    """Answer one sample incident, with the newest version if any. Raises LogPathNotFound: none has this name."""
    folder = incident_folder(incident)
    question = read_question(folder)
    analysis = analyze([question.logs], question.issue, settings=settings, listener=listener)
    return DemoAnswer(question, analysis, read_truth(folder))
