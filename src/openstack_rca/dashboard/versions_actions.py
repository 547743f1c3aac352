"""What can be done with versions: yank, pin, roll back, describe, move to a stage; each with a reason and a confirmation."""

from collections.abc import Callable, Sequence

import streamlit as st

from openstack_rca.dashboard.held_model import refresh
from openstack_rca.dashboard.words import plain, prose, sentence, time_cells, time_formats
from openstack_rca.errors import OpenStackRcaError
from openstack_rca.service.models import ModelVersion
from openstack_rca.service.versions import STAGES, VersionChanges, model_history, version_changes
from openstack_rca.settings import Settings

NO_STAGE = "none"
_DONE = "version_change_done"


def draw_done() -> None:
    """Draw what the last change did; its button was pressed before the page was drawn anew."""
    done = st.session_state.pop(_DONE, None)
    if done:
        st.success(prose(done))


def draw_environment_actions(settings: Settings, versions: Sequence[ModelVersion]) -> None:
    """Roll back and unpin: they are about what ``latest`` means, not about one version."""
    pinned = next((version for version in versions if version.pinned), None)
    good = [version for version in versions if version.resolvable]
    with st.container(horizontal=True):
        if len(good) > 1:
            told = "The last good version before the one in use is pinned. Everyone who works here uses it then."
            _ask(
                "Roll back",
                "undo",
                "rollback",
                told,
                "Rolled back to version {}.",
                settings,
                lambda to, why: to.rollback(why),
            )
        if pinned is not None:
            told, done = "The highest good version is the latest again.", "Version {} is not pinned any more."
            number = str(pinned.version)
            _ask("Unpin", "keep_off", "unpin", told, done, settings, lambda to, why: to.unpin(number, why))


def draw_version_actions(settings: Settings, version: ModelVersion) -> None:
    """What can be done with one version, as it is now."""
    name = str(version.version)
    with st.container(horizontal=True):
        if version.yanked:
            told, done = "It may be the latest again.", "Version {} is not yanked any more."
            icon = "settings_backup_restore"
            _ask(
                "Take the yank back", icon, f"unyank-{name}", told, done, settings, lambda to, why: to.unyank(name, why)
            )
        elif version.status == "ready" and not version.pinned:
            told = "It is taken out of what latest means. By its number it can still be had, with a notice."
            done = "Version {} is yanked."
            _ask("Yank", "block", f"yank-{name}", told, done, settings, lambda to, why: to.yank(name, why))
            told = "It is the latest until it is unpinned, whatever is trained later."
            done = "Version {} is pinned."
            _ask("Pin", "keep", f"pin-{name}", told, done, settings, lambda to, why: to.pin(name, why))
        _draw_description(settings, version)
        if version.status == "ready":
            _draw_stage(settings, version)


def _ask(
    label: str,
    icon: str,
    key: str,
    consequence: str,
    done: str,
    settings: Settings,
    change: Callable[[VersionChanges, str], ModelVersion | int],
) -> None:
    """A button that opens what it would do, a field for the reason, and the confirmation."""
    with st.popover(label, icon=f":material/{icon}:"), st.form(f"form-{key}", border=False):  # ours
        st.write(consequence)  # ours
        reason = st.text_input("Reason", key=f"reason-{key}", placeholder="What others will read")
        if st.form_submit_button("Do it", type="primary", key=f"confirm-{key}"):
            if not reason.strip():
                st.error("A reason is needed: others will read it.")
            else:
                _do(lambda to: change(to, reason), done, settings)


def _do(change: Callable[[VersionChanges], ModelVersion | int], done: str, settings: Settings) -> None:
    try:
        changed = change(version_changes(settings))
    except OpenStackRcaError as error:
        st.error(sentence(error))
        return
    # Who changed what is the latest wants to see it in the sidebar at once.
    refresh(settings)
    st.session_state[_DONE] = done.format(changed if isinstance(changed, int) else changed.version)
    st.rerun()


def _draw_description(settings: Settings, version: ModelVersion) -> None:
    key = f"describe-{version.version}"
    with st.popover("Describe", icon=":material/edit_note:"), st.form(f"form-{key}", border=False):
        text = st.text_area("What this version is", value=version.description, key=f"text-{key}")
        if st.form_submit_button("Save", type="primary", key=f"confirm-{key}"):
            number = str(version.version)
            _do(lambda to: to.describe(number, text), "Version {} has its description.", settings)


def _draw_stage(settings: Settings, version: ModelVersion) -> None:
    key = f"stage-{version.version}"
    options = [NO_STAGE, *STAGES]
    with st.popover("Stage", icon=":material/stairs:"), st.form(f"form-{key}", border=False):
        st.write("The version that was in the stage leaves it.")
        place = options.index(version.stage) if version.stage in options else 0
        stage = st.selectbox("Stage", options, index=place, key=f"choice-{key}")
        reason = st.text_input("Reason", key=f"reason-{key}")
        if st.form_submit_button("Move it", type="primary", key=f"confirm-{key}"):
            number, chosen = str(version.version), "" if stage == NO_STAGE else str(stage)
            _do(lambda to: to.set_stage(number, chosen, reason), "Version {} has moved.", settings)


def draw_history(settings: Settings) -> None:
    """Who changed what, when and why, the latest first."""
    with st.expander("History of all changes", key="version-history", on_change="rerun") as shown:
        if not shown.open:
            return
        rows = [
            {
                **time_cells("when", event.when),
                "version": event.version or None,
                "what": plain(event.action, 40),
                "who": plain(event.who, 80),
                "why": plain(event.reason, 300),
            }
            for event in reversed(model_history(settings))
        ]
        st.dataframe(
            rows,
            hide_index=True,
            placeholder="",
            column_config={
                **time_formats("when", "YYYY-MM-DD HH:mm:ss"),
                "why": st.column_config.TextColumn(width=300),
            },
        )
