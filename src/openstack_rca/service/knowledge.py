"""What an analysis may know besides the logs: past incidents, where they are asked for, and semantic search."""

from openstack_rca.errors import HistoryUnavailable
from openstack_rca.rca.relevance import INSTALL_HINT, History, Knowledge, PastIncident, open_semantic_search
from openstack_rca.settings import Settings

EMBEDDINGS_FOLDER = "embeddings"


def knowledge_for(settings: Settings, *, fast: bool, issue: str = "", history: History | None = None) -> Knowledge:
    """Past incidents of ``history``, if given, and unless ``fast`` semantic search; a notice for each that is missing."""
    notices = []
    past: list[PastIncident] = []
    if history is not None:
        try:
            state = history.state()
        except HistoryUnavailable as error:
            notices.append(f"Past incidents were not compared. {error.message}")
        else:
            past = state.incidents
            if state.skipped:
                notices.append(f"{state.skipped} line(s) of the history of incidents cannot be read and were skipped.")
    search = None if fast else open_semantic_search(settings.state_folder / EMBEDDINGS_FOLDER)
    if search is None and not fast and issue.strip():
        notices.append(INSTALL_HINT)
    return Knowledge(past, search, notices)
