"""Streamlit pages: read widgets, call a use case, draw what it gives. ``app.py`` is what Streamlit runs."""
