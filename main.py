"""The manual's door: ``python3 main.py --mode train`` and ``python3 main.py --mode analyze --issue TEXT``."""

import sys
from pathlib import Path

# The package of this checkout comes before an installed one.
sys.path.insert(0, str(Path(__file__).resolve().parent / "src"))

try:
    import config.config  # noqa: F401 - what is edited there takes effect

    from openstack_rca.cli.manual import main
except KeyboardInterrupt:
    raise SystemExit(130) from None

if __name__ == "__main__":
    main()
