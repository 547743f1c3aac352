"""Group accuracy of the templates on a LogHub sample, beside naive rivals on the same messages.

    python benchmarks/template_accuracy.py [FOLDER]

FOLDER holds ``*.log``, ``*.log_structured.csv`` with the true ``EventId`` of each line. As LogHub defines it, a line is
grouped right when the set of lines with its predicted template equals the set of lines with its true one.

The labels of the OpenStack sample put all requests of one HTTP method into one group, whatever their path and status.
Ours keep both, because a root cause hides behind one path or one status; so two figures are printed for them: as they
are, and with path and status of request lines merged (one rule for any access log), which is what the labels mean.
"""

import sys
import time
from pathlib import Path

import polars as pl

from openstack_rca.logs.events import read_logs
from openstack_rca.logs.templates import mask_messages

DEFAULT = Path(__file__).resolve().parents[2] / "shared" / "data" / "loghub-openstack-2k"
REPEATS = 50


def group_accuracy(predicted: pl.Series, truth: pl.Series) -> float:
    """Share of lines whose predicted group is exactly their true group."""
    table = pl.DataFrame({"predicted": predicted, "truth": truth})
    right = (pl.len().over("predicted", "truth") == pl.len().over("predicted")) & (
        pl.len().over("predicted", "truth") == pl.len().over("truth")
    )
    return float(table.select(right.mean()).item())


def merged_requests(templates: pl.Series) -> pl.Series:
    """Request lines with path, query and status taken out."""
    return templates.str.replace_all(r'"([A-Z]+) [^"]*"', '"${1} <*>"').str.replace_all(r"(status: )\d{3}", "${1}<*>")


def digits_masked(messages: pl.Series) -> pl.Series:
    """The simplest rival that still masks."""
    return messages.str.replace_all(r"\d+", "<*>")


def main() -> int:
    """Print one line for each method."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT
    logs = sorted(folder.glob("*.log"))
    truths = sorted(folder.glob("*.log_structured.csv"))
    if not logs or not truths:
        print(f"{folder} holds no LogHub sample (*.log and *.log_structured.csv).", file=sys.stderr)
        return 1
    truth = pl.read_csv(truths[0], columns=["LineId", "EventId"])
    events = read_logs([logs[0]]).events.join(
        truth.with_columns(pl.col("LineId").cast(pl.Int32)), left_on="line", right_on="LineId", how="inner"
    )
    messages, labels = events["message"], events["EventId"]
    print(f"{logs[0].name}: {truth.height} labelled lines, {events.height} events, {labels.n_unique()} true groups")
    print(f"{'method':46} {'group accuracy':>14} {'templates':>10} {'lines/CPU-s':>12}")
    methods = {
        "masks, requests merged by method as labelled": lambda texts: merged_requests(mask_messages(texts)),
        "masks, as used (paths and status kept)": mask_messages,
        "rival: digits masked": digits_masked,
        "rival: digits masked, requests merged": lambda texts: merged_requests(digits_masked(texts)),
        "rival: message as it is": lambda texts: texts,
    }
    # Repeated, since 2,000 lines are gone before a clock can tell; suffixes keep the repeats distinct.
    many = pl.concat(messages + f" #{number}" for number in range(REPEATS))
    for name, method in methods.items():
        predicted = method(messages)
        started = time.process_time()
        method(many)
        spent = max(time.process_time() - started, 1e-6)
        accuracy = group_accuracy(predicted, labels)
        speed = f"{many.len() / spent:12,.0f}" if predicted is not messages else f"{'-':>12}"
        print(f"{name:46} {accuracy:14.4f} {predicted.n_unique():10d} {speed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
