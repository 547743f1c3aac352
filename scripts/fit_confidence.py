#!/usr/bin/env python3
"""Fit the map from proof and score to confidence on labelled incidents, and store it with its date and numbers.

Every incident is answered twice: as it is, and without the signatures that speak for its kind of fault, since an installation
meets both kinds that the rules know and kinds that nobody wrote down. The calibration error is told leave-one-kind-out.

    python scripts/fit_confidence.py DIR...     # folders of labelled incidents
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from openstack_rca.rca.scoring import LabelledAnswer, fit_steps, leave_one_group_out_error
from openstack_rca.rca.vocabulary import Verdict
from openstack_rca.service.evaluation import evaluate
from openstack_rca.settings import load_settings

STORED = Path(__file__).resolve().parents[1] / "src" / "openstack_rca" / "rca" / "judgement" / "confidence.json"


def main(folders: list[Path]) -> None:
    """Fit on the incidents of the folders, print what comes of it and store it."""
    result = evaluate(folders, settings=load_settings(mlflow_enabled=False), model="none", leave_one_out=True)
    given = [*result["answered"], *result["leave_one_out"]["answered"]]
    answers = [LabelledAnswer(one["group"], Verdict(one["verdict"]), one["score"], one["right"]) for one in given]
    steps = fit_steps(answers)
    error = leave_one_group_out_error(answers)
    stored = {
        "fitted": f"{datetime.now(UTC):%Y-%m-%d}",
        "incidents": result["incidents"],
        "answers": len(answers),
        "kinds": len({answer.group for answer in answers}),
        "calibration_error_leave_one_kind_out": error,
        "steps": [list(step) for step in steps],
    }
    STORED.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(stored, indent=1))


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
