"""What the LSTM is worth to the answer, beside the simplest rivals, on labelled incidents of several clouds.

    openstack-rca train ../shared/data/lab-zed/normal/run-02/logs --output zed.keras
    openstack-rca train ../shared/data/lab-epoxy/normal/run-01/logs --output epoxy.keras
    python benchmarks/model_worth.py lab-zed=zed.keras lab-epoxy=epoxy.keras

Each LAB=MODEL names a folder below DATA, which holds ``incidents/``, and the model of that cloud. Every cloud is answered
without a model, by what its model knows without its network (normal rates, follow rules), with the network for events
alone, with all of it, and with the next cloud's model, which has not seen it. Each is asked three questions: as logs are,
without signatures (a fault that nobody wrote down), and with nothing at WARNING or above left in the logs.
"""

import argparse
from pathlib import Path

from openstack_rca.service.evaluation import evaluate
from openstack_rca.settings import load_settings

QUESTIONS: tuple[tuple[str, tuple[str, ...], bool], ...] = (
    ("as they are", (), False),
    ("no signatures", ("signatures",), False),
    ("only INFO", (), True),
)


def ways(own: str, other: str) -> list[tuple[str, str, tuple[str, ...]]]:
    """Name, model and what is left out."""
    found = [
        ("no model", "none", ()),
        ("normal rates alone", own, ("lstm", "stories")),
        ("normal rates and follow rules", own, ("lstm",)),
        ("the LSTM, without stories", own, ("stories",)),
        ("the LSTM", own, ()),
    ]
    return found + ([("another cloud's model", other, ())] if other != own else [])


def main(data: Path, given: list[tuple[str, str]]) -> None:
    """Print first answers that are right, and incidents with their evidence among the first ten lines, of each way."""
    settings = load_settings()
    print(f"{'right first answers / evidence in ten':44s}" + "".join(f"{name:>16s}" for name, _, _ in QUESTIONS))
    for place, (lab, own) in enumerate(given):
        other = given[(place + 1) % len(given)][1]
        for name, model, without in ways(own, other):
            cells, of, alarms = [], 0, 0
            for _, also, only_info in QUESTIONS:
                result = evaluate(
                    data / lab / "incidents",
                    settings=settings,
                    model=model,
                    without=(*without, *also),
                    only_info=only_info,
                )
                of = result["incidents"]
                alarms += result["false_alarms"]
                cited = result["evidence_at_10"] * result["citable"]
                cells.append(f"{result['top1'] * of:.0f} / {cited:.0f} of {result['citable']}")
            print(f"{lab:10s} ({of}) {name:29s}" + "".join(f"{cell:>16s}" for cell in cells), f" {alarms} false alarms")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("models", nargs="+", metavar="LAB=MODEL", help="cloud and its model file")
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    arguments.add_argument("--data", type=Path, default=default)
    chosen = arguments.parse_args()
    main(chosen.data, [(lab, model) for lab, _, model in (text.partition("=") for text in chosen.models)])
