"""CPU time that loading all shipped signatures costs, compiled already, as at every start but the first.

python benchmarks/signature_load.py
"""

import subprocess
import sys

ASK = """
import time
from openstack_rca.rca.knowledge import load_catalogue, load_topology
load_topology()
began = time.process_time()
catalogue = load_catalogue()
print(f"{len(catalogue)} {(time.process_time() - began) * 1000:.0f}")
"""


def main() -> None:
    """Print the time of a first start, which compiles where a rule has changed, and of five later ones."""
    command = [sys.executable, "-c", ASK]
    times = [subprocess.run(command, check=True, capture_output=True, text=True).stdout.split() for _ in range(6)]
    print(f"{times[0][0]} signatures: {times[0][1]} ms CPU at the first start, then")
    print(", ".join(f"{milliseconds} ms" for _, milliseconds in times[1:]))


if __name__ == "__main__":
    main()
