"""Treat the model lifecycle badly for as long as it takes to believe it, and count.

    python benchmarks/faults [PART ...] [--kills N] [--faults N] [--writers N] [--turns N] [--versions N]

Parts, all by default:

    writers   N processes publish at once, TURNS times each: on the embedded default, and on an MLflow server with
              PostgreSQL, with versions in OpenStack Swift and in Ceph. All versions must differ, all must be whole.
    kills     SIGKILL before each changing operation of publish, load, pin, unpin, prune and yank in turn, and then at
              random moments, N kills in all, on a folder alone and on the embedded default.
    network   N random faults of a proxy before the MLflow server and before Swift: cut, lost, silent, delayed, truncated,
              corrupted and trickling answers, 403, 429, 500 and 503. Each ends in the right model or in an error in words.
    listing   N versions of three environments in one place: latest must be right; the time of a listing, beside MLflow's
              own search over the same registry and beside a bare listing of the bucket.

The shorter forms of the same are tests/faults. Servers run on loopback and need what the tests need (make test
installs it), Ceph what tests/lifecycle/ceph_server.py says; where one is missing, it says so and goes on without.
"""

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
for _folder in ("tests", "tests/lifecycle", "tests/faults"):
    sys.path.insert(0, str(ROOT / _folder))

PARTS = ("writers", "kills", "network", "listing")


def main() -> None:
    """Run the parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--kills", type=int, default=500, help="SIGKILLs in all (%(default)s)")
    parser.add_argument("--faults", type=int, default=200, help="random network faults (%(default)s)")
    parser.add_argument("--writers", type=int, default=16, help="processes that publish at once (%(default)s)")
    parser.add_argument("--turns", type=int, default=20, help="versions that each of them publishes (%(default)s)")
    parser.add_argument(
        "--versions", type=int, default=1200, help="versions to list, of all environments (%(default)s)"
    )
    options = parser.parse_args()
    unknown = [part for part in options.parts if part not in PARTS]
    if unknown:
        parser.error(f"there is no part {unknown[0]!r}; parts are {', '.join(PARTS)}")
    for name in [name for name in os.environ if name.startswith(("MLFLOW_", "AWS_", "OPENSTACK_RCA_"))]:
        del os.environ[name]

    from fault_runs import kills, listing, network, writers

    parts = options.parts or PARTS
    if "writers" in parts:
        writers(options.writers, options.turns)
    if "kills" in parts:
        kills(options.kills)
    if "network" in parts:
        network(options.faults)
    if "listing" in parts:
        listing(options.versions)


if __name__ == "__main__":
    main()
