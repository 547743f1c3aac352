"""Change the sources of one room, one place at a time, and count how many of the changes the room's tests catch.

``make mutate ROOM=sanitise`` runs it. It works on a copy of the checkout, so that a stopped run leaves nothing behind.
Mutants come from cosmic-ray; those of annotations and docstrings are left out, for they change nothing that runs. A mutant
meets the tests that run its statement, the quickest first, and all of them where the statement runs on import.
"""

import argparse
import ast
import importlib
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from difflib import unified_diff
from multiprocessing.connection import Connection
from pathlib import Path

import hypothesis
import pytest
from cosmic_ray.commands import init
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import use_db
from cosmic_ray.work_item import MutationSpec
from coverage import Coverage
from rich.progress import track

ROOT = Path(__file__).resolve().parents[1]
SOURCES = "src/openstack_rca/"

WITHOUT_SERVERS = ["-k", "not s3 and not processes_that_publish_at_once and not really_full_disk"]

ROOMS: dict[str, tuple[list[str], list[str]]] = {
    "sanitise": (
        ["rca/report/sanitise.py"],
        ["tests/rca/test_render_sanitise.py", "tests/rca/test_render_secrets.py"],
    ),
    "audit": (["model/audit.py"], ["tests/model/test_audit.py"]),
    "cache": (
        ["lifecycle/local/cache.py"],
        [
            "tests/lifecycle/test_lifecycle_cache_memory.py",
            "tests/lifecycle/test_lifecycle_cache.py",
            "tests/lifecycle/test_lifecycle_cache_origin.py",
            "tests/lifecycle/test_lifecycle_versions.py",
            *WITHOUT_SERVERS,
        ],
    ),
    "publishing": (
        ["lifecycle/versions/publishing.py"],
        [
            "tests/lifecycle/test_lifecycle_publishing.py",
            "tests/lifecycle/test_lifecycle_versions.py",
            "tests/lifecycle/test_lifecycle_crash.py",
            *WITHOUT_SERVERS,
        ],
    ),
    "retention": (
        ["lifecycle/versions/retention.py"],
        [
            "tests/lifecycle/test_lifecycle_retention.py",
            "tests/lifecycle/test_lifecycle_upkeep.py::test_pruning_clears_what_was_never_finished",
        ],
    ),
    "signing": (
        ["lifecycle/trust/signing.py", "lifecycle/trust/signing_keys.py"],
        [
            "tests/lifecycle/test_lifecycle_signing.py",
            "tests/lifecycle/test_lifecycle_signing_keys.py",
            "tests/lifecycle/test_lifecycle_publishing.py",
            *WITHOUT_SERVERS,
        ],
    ),
    "uploads": (["service/uploads.py"], ["tests/dashboard/test_dashboard_uploads.py"]),
    "archives": (
        ["logs/archives.py", "logs/bounds.py", "logs/members.py"],
        [
            "tests/logs/test_logs_bounds.py",
            "tests/logs/test_logs_cut_files.py",
            "tests/logs/test_logs_host_times.py",
            "tests/logs/test_logs_seven_zip.py",
            "tests/logs/test_logs_mails.py",
            "tests/logs/test_logs_packing.py",
            "tests/logs/test_logs_left_out.py",
            "tests/logs/test_logs_sources.py",
            "--deselect=tests/logs/test_logs_packing.py::test_no_damage_to_a_packing_does_more_than_to_be_named",
        ],
    ),
    "renderings": (
        [
            "rca/render/excerpts.py",
            "rca/render/headline.py",
            "rca/render/short_report.py",
            "rca/render/text_pictures.py",
            "rca/render/ticket.py",
            "rca/render/wording.py",
        ],
        [
            "tests/rca/test_render_common.py",
            "tests/rca/test_render_excerpt.py",
            "tests/rca/test_render_short.py",
            "tests/rca/test_render_text.py",
            "tests/rca/test_render_markdown.py",
        ],
    ),
    "tables": (["cli/output.py"], ["tests/cli/test_cli_output.py"]),
    "window": (["rca/evidence/window.py"], ["tests/rca/test_window.py"]),
    "ranking": (
        ["rca/judgement/ranking.py"],
        ["tests/rca/test_ranking.py"],
    ),
}
"""Room -> the modules that guard something, and the tests that must notice a change in them (arguments of pytest)."""

COPIED = (
    "src",
    "tests",
    "samples",
    "config",
    "mlflow_integration",
    "streamlit_app",
    "docs",
    "scripts",
    "pyproject.toml",
)
PYTEST = ("-x", "-q", "-p", "no:cacheprovider")
PATIENCE = 20.0
"""Seconds that a mutant's tests may take beyond ten times what they take unchanged: some mutants never end."""


PRELOADED = ("numpy", "polars", "pydantic", "rich.console")
"""Loaded once, before the processes of the mutants part from this one: that takes longer than most mutants' tests."""

_FORK = multiprocessing.get_context("fork")


class _Watch:
    """Which tests run which lines of the sources, and how long each test takes: a plugin of one run of pytest."""

    def __init__(self, sources: list[Path]) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.coverage = Coverage(data_file=None, include=[str(source) for source in sources])

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Count what runs from now on for this test."""
        self.coverage.switch_context(nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add up set-up, call and tear-down."""
        self.seconds[report.nodeid] += report.duration


class TestMap:
    """Which tests run a statement, and how long they take; they ran once, in a process of their own, which ``passed`` or not."""

    def __init__(self, sources: list[Path], tests: list[str]) -> None:
        receiver, sender = _FORK.Pipe(duplex=False)
        process = _FORK.Process(target=_watched, args=(sources, tests, sender))
        process.start()
        self.passed, self.seconds, self._tests = receiver.recv()
        process.join()

    def tests_of(self, mutation: MutationSpec) -> list[str]:
        """The tests that run the statement of a mutant, the quickest first; all where it runs on import or in other processes."""
        lines = self._tests.get(str(Path(mutation.module_path).resolve()), {})
        names = {name for line in _statement(mutation) for name in lines.get(line, ())}
        return sorted(self.seconds if not names or "" in names else names, key=lambda name: self.seconds[name])


def _watched(sources: list[Path], tests: list[str], answer: Connection) -> None:
    watch = _Watch(sources)
    watch.coverage.start()
    status = pytest.main([*PYTEST, *tests], plugins=[watch])
    watch.coverage.stop()
    data = watch.coverage.get_data()
    lines = {name: data.contexts_by_lineno(name) for name in data.measured_files()}
    answer.send((status == pytest.ExitCode.OK, dict(watch.seconds), lines))


def _tried(tests: list[str]) -> None:
    os.setsid()
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    sys.exit(pytest.main([*PYTEST, *tests]))


def survives(mutation: MutationSpec, tests: TestMap) -> str | None:
    """The patch of a mutant that its tests do not notice, empty for one that they do; one that takes too long is noticed.

    None is for what cosmic-ray names and cannot make, such as another exception for one that is named with its module.
    """
    chosen = tests.tests_of(mutation)
    operator = get_operator(mutation.operator_name)(**mutation.operator_args)
    path = Path(mutation.module_path)
    before = path.read_text()
    try:
        after = mutate_code(before, operator, mutation.occurrence)
    except AttributeError:
        after = None
    if after is None:
        return None
    try:
        path.write_text(after)
        process = _FORK.Process(target=_tried, args=(chosen,))
        process.start()
        process.join(PATIENCE + 10 * sum(tests.seconds[name] for name in chosen))
        # What a test began may still run, and all of it where the mutant never ends.
        with suppress(ProcessLookupError):
            os.killpg(process.pid or 0, signal.SIGKILL)
        process.join()
    finally:
        path.write_text(before)
    if process.exitcode != pytest.ExitCode.OK:
        return ""
    return "\n".join(
        unified_diff(before.splitlines(), after.splitlines(), *[str(mutation.module_path)] * 2, lineterm="")
    )


def _statement(mutation: MutationSpec) -> range:
    """Lines of the innermost statement around a mutant, those of its own blocks left out."""
    line, found = mutation.start_pos[0], range(mutation.start_pos[0], mutation.start_pos[0] + 1)
    for node in ast.walk(ast.parse(Path(mutation.module_path).read_text())):
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or 0):
            body = getattr(node, "body", None)
            found = range(node.lineno, body[0].lineno if body else (node.end_lineno or 0) + 1)
    return found


def _silent_ranges(source: str) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Places whose change cannot be seen when the module runs: annotations, docstrings, whether a dataclass is frozen."""
    for node in ast.walk(ast.parse(source)):
        silent: list[ast.expr | ast.stmt | None] = []
        if isinstance(node, ast.arg | ast.AnnAssign):
            silent.append(node.annotation)
        if isinstance(node, ast.ClassDef):
            silent += node.decorator_list
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            silent.append(node.returns)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            silent.append(node)
        for place in silent:
            if place is not None and place.end_lineno is not None and place.end_col_offset is not None:
                yield (place.lineno, place.col_offset), (place.end_lineno, place.end_col_offset)


def _runs(mutation: MutationSpec, silent: list[tuple[tuple[int, int], tuple[int, int]]]) -> bool:
    return not any(start <= tuple(mutation.start_pos) <= end for start, end in silent)


def mutants(folder: Path, sources: list[str]) -> list[MutationSpec]:
    """Every change that cosmic-ray knows for the sources, without those that nothing can notice."""
    session = folder / "session.sqlite"
    with use_db(str(session)) as database:
        init([Path(SOURCES + source) for source in sources], database, {})
        found = [mutation for item in database.work_items for mutation in item.mutations]
    silent = {path: list(_silent_ranges(path.read_text())) for path in {mutation.module_path for mutation in found}}
    running = [mutation for mutation in found if _runs(mutation, silent[mutation.module_path])]
    return sorted(
        running, key=lambda each: (str(each.module_path), each.start_pos, each.operator_name, each.occurrence)
    )


def copy_of_checkout(folder: Path) -> None:
    """What the tests need of the checkout, below ``folder``."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)


def main() -> int:
    """Run one room; the exit status says whether the share that was asked for was caught."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("room", choices=sorted(ROOMS))
    parser.add_argument("--sample", type=int, default=0, help="run so many mutants, drawn by the seed; 0: all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--minutes", type=float, default=0.0, help="stop after so long and count what was done; 0: never"
    )
    parser.add_argument("--least", type=float, default=0.85, help="share that has to be caught (default: 0.85)")
    arguments = parser.parse_args()
    sources, tests = ROOMS[arguments.room]
    with tempfile.TemporaryDirectory(prefix="mutate-") as name:
        folder = Path(name)
        copy_of_checkout(folder)
        os.chdir(folder)
        os.environ["PYTHONPATH"] = str(folder / "src")
        # Starting the plugins of pytest, which no room needs, would take longer than most mutants.
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        sys.path[:0] = [str(folder), str(folder / "src")]
        chosen = mutants(folder, sources)
        total = len(chosen)
        if arguments.sample and arguments.sample < total:
            chosen = random.Random(arguments.seed).sample(  # noqa: S311 - nothing is secret here
                chosen, arguments.sample
            )
        # A machine that is busy must not make a test fail that would not notice the mutant; no example needs to be the shortest.
        phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
        hypothesis.settings.register_profile("mutants", hypothesis.settings.get_profile("ci"), phases=phases)
        hypothesis.settings.load_profile("mutants")
        for module in PRELOADED:
            importlib.import_module(module)
        test_map = TestMap([folder / SOURCES / source for source in sources], tests)
        if not test_map.passed:
            print(f"The tests of {arguments.room} fail as they are.")
            return 2
        # What the first run compiled stays; a mutant, which is newer than that, leaves nothing that a later run could take.
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        sys.dont_write_bytecode = True
        survived, done = [], 0
        end = time.monotonic() + 60 * (arguments.minutes or 1e6)
        for mutation in track(chosen, description=arguments.room):
            if time.monotonic() > end:
                break
            patch = survives(mutation, test_map)
            done += patch is not None
            if patch:
                survived.append(patch)
                print(patch, flush=True)
    caught = 1 - len(survived) / max(done, 1)
    print(f"{arguments.room}: {done} of {total} mutants, {len(survived)} survived, {caught:.1%} caught")
    return 0 if caught >= arguments.least else 1


if __name__ == "__main__":
    sys.exit(main())
