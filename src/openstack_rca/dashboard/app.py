"""What Streamlit runs: the pages and how one gets to them. ``openstack-rca dashboard`` starts it."""

from pathlib import Path

import streamlit as st

HERE = Path(__file__).resolve().parent
PAGES = HERE / "screens"
"""Not called pages: Streamlit would make a menu of its own of a folder of that name."""


def main() -> None:
    """Draw the page that the visitor chose."""
    st.set_page_config(page_title="OpenStack RCA", page_icon=str(HERE / "icon.png"), layout="wide")
    chosen = st.navigation(
        [
            st.Page(PAGES / "ask.py", title="Ask", icon=":material/troubleshoot:", default=True),
            st.Page(PAGES / "explore.py", title="Explore", icon=":material/table_rows:"),
            st.Page(PAGES / "models.py", title="Models", icon=":material/deployed_code_history:"),
            st.Page(PAGES / "train.py", title="Train", icon=":material/model_training:"),
            st.Page(PAGES / "runs.py", title="Runs", icon=":material/history:"),
        ]
    )
    chosen.run()


if __name__ == "__main__":
    main()
