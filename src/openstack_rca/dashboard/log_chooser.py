"""The chooser of logs, the same on every page that needs some: a sample incident, a path on the server, an upload."""

from collections.abc import Sequence

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from openstack_rca.dashboard.prepared_logs import LogChoice, current_logs, upload_folder
from openstack_rca.dashboard.words import plain, prose, sentence
from openstack_rca.errors import OpenStackRcaError
from openstack_rca.service.log_choice import (
    allowed_paths,
    entries_of_roots,
    logs_by_reference,
    reference_of,
    sample_incidents,
)
from openstack_rca.service.showing import counted, sized
from openstack_rca.service.uploads import Kept, keep_upload
from openstack_rca.settings import Settings

SAMPLE, PATH, UPLOAD = "Sample incident", "Server path", "Upload"
KINDS = (SAMPLE, PATH, UPLOAD)
LOGS = "logs"
"""The parameter of a link that names the logs."""
_KIND_OF = {"sample": SAMPLE, "path": PATH, "upload": UPLOAD}


def choose_logs(settings: Settings) -> LogChoice | None:
    """Draw the chooser; returns the chosen logs, if any. The choice stays when the visitor goes to another page."""
    chosen = current_logs()
    kind = st.segmented_control(
        "Logs",
        KINDS,
        default=_KIND_OF[chosen.kind] if chosen else SAMPLE,
        required=True,
        key="log_kind",
        help="Where the logs come from.",
    )
    found = {SAMPLE: _choose_sample, PATH: _choose_path, UPLOAD: _choose_upload}[str(kind or SAMPLE)](settings, chosen)
    if found is not None:
        st.session_state["logs"] = found
    return found


def take_linked_logs(settings: Settings) -> None:
    """Choose the logs that the page's link names; draw an error where they may not or cannot be read."""
    wanted = st.query_params.get(LOGS)
    if not wanted or st.session_state.get("logs_linked") == wanted:
        return
    st.session_state["logs_linked"] = wanted
    try:
        paths = tuple(logs_by_reference(wanted, settings))
    except OpenStackRcaError as error:
        st.error(sentence(error))
        return
    sample = next((sample for sample in sample_incidents() if sample.name == wanted), None)
    choice = LogChoice("sample" if sample else "path", plain(wanted, 200), paths, sample.issue if sample else "")
    for key in ("log_kind", "sample_name", "log_path"):
        st.session_state.pop(key, None)
    st.session_state["logs"] = choice


def link_logs(logs: LogChoice | None) -> None:
    """Write these logs into the page's address; an upload is its visitor's alone and gets no link."""
    if logs is None or logs.kind == "upload":
        st.query_params.pop(LOGS, None)
    else:
        st.query_params[LOGS] = st.session_state["logs_linked"] = reference_of(logs.paths)


def _choose_sample(_settings: Settings, chosen: LogChoice | None) -> LogChoice | None:
    samples = {sample.name: sample for sample in sample_incidents()}
    names = list(samples)
    index = names.index(chosen.name) if chosen and chosen.name in samples else names.index("INC-009")
    name = st.selectbox(
        "Incident",
        names,
        index=index,
        format_func=lambda name: f"{name}: {samples[name].issue}",
        key="sample_name",
        help="Recorded on a real cloud with a fault put in; HEALTHY is a window without one.",
    )
    sample = samples[str(name)]
    return LogChoice("sample", sample.name, (sample.logs,), sample.issue)


def _choose_path(settings: Settings, chosen: LogChoice | None) -> LogChoice | None:
    entries = [str(path) for path in entries_of_roots(settings)]
    before = "\n".join(str(path) for path in chosen.paths) if chosen and chosen.kind == "path" else None
    if before and before not in entries:
        entries.insert(0, before)
    text = st.selectbox(
        "File, folder or glob",
        entries,
        index=entries.index(before) if before else None,
        accept_new_options=True,
        placeholder="Choose, or type a path",
        key="log_path",
        help="Below the folders that this dashboard may read.",
    )
    if not text:
        st.caption(f"Open to this dashboard: {prose(settings.log_roots)}")
        return None
    try:
        paths = allowed_paths(str(text), settings)
    except OpenStackRcaError as error:
        st.error(sentence(error))
        return None
    return LogChoice("path", plain(text, 200), tuple(paths))


def _choose_upload(settings: Settings, chosen: LogChoice | None) -> LogChoice | None:
    megabytes = max(1, settings.upload_size_bytes // 1024**2)
    files = st.file_uploader(
        "Log files or archives",
        accept_multiple_files=True,
        max_upload_size=megabytes,
        key="uploaded",
        help="Plain or compressed logs, tar or zip archives, a sosreport. Only this browser session sees them.",
    )
    if not files:
        return chosen if chosen and chosen.kind == "upload" else None
    before = st.session_state.get("upload_taken")
    identity = tuple(file.file_id for file in files)
    if before and before[0] == identity:
        _say_what_came(before[1])
        return chosen if chosen and chosen.kind == "upload" else _upload_choice(files, before[1])
    try:
        with st.spinner("Uploading"):
            taken = keep_upload([(file.name, file) for file in files], upload_folder(settings), settings)
    except OpenStackRcaError as error:
        st.error(sentence(error))
        return None
    st.session_state["upload_taken"] = (identity, taken)
    _say_what_came(taken)
    return _upload_choice(files, taken)


def _upload_choice(files: Sequence[UploadedFile], taken: Kept) -> LogChoice:
    name = files[0].name if len(files) == 1 else f"{len(files)} uploaded files"
    return LogChoice("upload", plain(name, 200), (taken.folder,))


def _say_what_came(taken: Kept) -> None:
    left = ", ".join(f"{number} left out ({reason})" for reason, number in taken.left_out.items())
    st.caption(prose(f"{counted(taken.logs, 'log')}, {sized(taken.size_bytes)}. {left}"))
