"""The manual's door: ``streamlit run streamlit_app/chatbot.py``."""

import sys
from pathlib import Path

# The package of this checkout comes before an installed one.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from openstack_rca.dashboard.app import main

if __name__ == "__main__":
    main()
