"""Meaning beside words: how both are mixed, what is kept on disk, and the real encoder where it is installed."""

import subprocess
import sys
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openstack_rca.rca.evidence.finding import Finding
from openstack_rca.rca.relevance import Knowledge, fit_to_issue
from openstack_rca.rca.relevance.lexical import lexical_fit, words
from openstack_rca.rca.relevance.minilm import DIMENSIONS, MiniLM, model_folder
from openstack_rca.rca.relevance.semantic import SemanticSearch, mixed_fit, semantic_fit
from openstack_rca.rca.vocabulary import Category, Directness, EvidenceSort

NEEDS_EXTRA = pytest.mark.skipif(model_folder() is None, reason="the extra 'semantic' is not installed")
NEEDS_TORCH = pytest.mark.skipif(
    model_folder() is None or find_spec("sentence_transformers") is None,
    reason="sentence-transformers is not installed",
)


class Synonyms:
    """An encoder for tests: a direction for each word, and one for all the words of a set of synonyms."""

    name = "synonyms"

    def __init__(self) -> None:
        self.encoded: list[str] = []
        self.synonyms = {"guest": "instance", "vm": "instance", "passphrase": "password", "picture": "image"}

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.encoded += texts
        vectors = np.zeros((len(texts), 4097), np.float32)
        for vector, text in zip(vectors, texts, strict=True):
            for word in words(text):
                vector[zlib.crc32(self.synonyms.get(word, word).encode()) % 4096] += 1.0
            vector[4096] = 1e-3
        unit: np.ndarray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit


def finding(accused: str, title: str, signature: str | None = "s") -> Finding:
    time = datetime(2026, 1, 1, tzinfo=UTC)
    return Finding(
        sort=EvidenceSort.SIGNATURE,
        directness=Directness.ACCUSATION,
        accused=accused,
        category=Category.DATABASE,
        title=title,
        why="",
        weight=0.7,
        rows=(0,),
        count=1,
        first=time,
        last=time,
        signature=signature,
    )


@pytest.fixture(scope="module")
def minilm() -> MiniLM:
    folder = model_folder()
    assert folder is not None
    return MiniLM(folder)


def test_texts_that_mean_the_same_are_alike_without_a_common_word() -> None:
    same, other = SemanticSearch(Synonyms()).similarity("guest passphrase", ["VM password", "floating router"])
    assert same > 0.9
    assert other == 0.0


def test_a_meaning_counts_where_no_word_is_known() -> None:
    """Lexically the issue says nothing; its meaning leads to a component."""
    issue = "passphrase"
    assert lexical_fit(issue) == {}
    relevance = fit_to_issue(issue, [], Knowledge(search=SemanticSearch(Synonyms())))
    assert max(relevance, key=lambda name: relevance[name]) == "keystone"


def test_a_title_of_evidence_that_the_issue_means_speaks_for_the_accused() -> None:
    search = SemanticSearch(Synonyms())
    silent = semantic_fit("guest freezes", [], search)
    spoken = semantic_fit("guest freezes", [finding("cinder-volume", "the guest freezes")], search)
    assert spoken["cinder-volume"] > silent["cinder-volume"]
    assert spoken["keystone"] == silent["keystone"]


def test_both_ways_to_fit_are_mixed_and_the_best_is_as_fit_as_the_surer_says() -> None:
    mixed = mixed_fit({"mariadb": 1.0, "keystone": 0.5}, {"keystone": 0.6, "rabbitmq": 0.2})
    assert list(mixed) == ["mariadb", "keystone", "rabbitmq"]
    assert max(mixed.values()) == 1.0
    assert mixed["keystone"] > mixed["mariadb"], "fit both by words and by meaning"
    assert mixed_fit({}, {"mariadb": 0.3, "keystone": 0.1})["mariadb"] == pytest.approx(0.3)
    assert mixed_fit({}, {}) == {}


def test_fixed_texts_are_encoded_once_and_read_from_disk_later(tmp_path: Path) -> None:
    """Descriptions and titles of signatures come again with each analysis; the issue does not."""
    first, second = Synonyms(), Synonyms()
    fixed = ["VM password", "router"]
    before = SemanticSearch(first, tmp_path).similarity("an issue", fixed)
    assert SemanticSearch(second, tmp_path).similarity("an issue", fixed) == before
    assert sorted(first.encoded) == ["VM password", "an issue", "router"]
    assert second.encoded == ["an issue"]


def test_titles_with_figures_of_the_day_are_not_kept(tmp_path: Path) -> None:
    """A silence of 31 s would be one more file each time."""
    search = SemanticSearch(Synonyms(), tmp_path)
    search.similarity("an issue", [])
    semantic_fit("an issue", [], search)
    kept = sum(1 for _ in tmp_path.rglob("*.npy"))
    semantic_fit("an issue", [finding("mariadb", "mariadb logged nothing for 31 s", signature=None)], search)
    assert sum(1 for _ in tmp_path.rglob("*.npy")) == kept


def test_another_encoder_does_not_read_what_the_first_one_kept(tmp_path: Path) -> None:
    one, other = Synonyms(), Synonyms()
    other.name = "another"
    SemanticSearch(one, tmp_path).similarity("an issue", ["router"])
    SemanticSearch(other, tmp_path).similarity("an issue", ["router"])
    assert other.encoded == one.encoded == ["router", "an issue"]


@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY", b"garbage" * 100])
def test_a_damaged_file_of_the_cache_is_computed_again(tmp_path: Path, damage: bytes) -> None:
    before = SemanticSearch(Synonyms(), tmp_path).similarity("router", ["router"])
    (file,) = tmp_path.rglob("*.npy")
    file.write_bytes(damage)
    assert SemanticSearch(Synonyms(), tmp_path).similarity("router", ["router"]) == before


class Opened:
    """A pickle that leaves a trace where it is opened."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.trace,)


def test_a_pickle_in_the_cache_is_not_opened(tmp_path: Path) -> None:
    """Whoever can write there must not get code to run; the entry is computed again."""
    SemanticSearch(Synonyms(), tmp_path).similarity("router", ["router"])
    (file,) = tmp_path.rglob("*.npy")
    np.save(file, np.array([Opened(tmp_path / "trace")]), allow_pickle=True)
    encoder = Synonyms()
    SemanticSearch(encoder, tmp_path).similarity("router", ["router"])
    assert "router" in encoder.encoded
    assert not (tmp_path / "trace").exists()


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    assert SemanticSearch(Synonyms(), tmp_path / "file").similarity("router", ["router"]) == [1.0]


@given(st.text(alphabet=st.characters(), max_size=300))
def test_any_issue_gives_relevances_within_bounds(issue: str) -> None:
    """Halves of characters too; only an empty one gives none."""
    found = [finding("mariadb", "router"), finding("keystone", issue or "empty")]
    relevance = fit_to_issue(issue, found, Knowledge(search=SemanticSearch(Synonyms())))
    assert {"mariadb", "keystone"} <= set(relevance) or not issue.strip()
    assert [value for value in relevance.values() if not 0 <= value <= 1] == []


def test_the_encoder_is_loaded_by_nobody_who_did_not_ask() -> None:
    """Importing the analysis loads neither the tokenizer nor torch."""
    code = "import sys, openstack_rca.service.analysis; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"tokenizers", "safetensors", "torch", "sentence_transformers"} & set(loaded) == set()


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    if find_spec("safetensors") is None:
        pytest.skip("the extra 'semantic' is not installed")
    from safetensors.numpy import save_file

    save_file({"weight": np.zeros(3, np.float32)}, tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match="is not all-MiniLM"):
        MiniLM(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"garbage")
    with pytest.raises(ValueError, match="damaged"):
        MiniLM(tmp_path)


@NEEDS_EXTRA
@pytest.mark.parametrize(
    ("issue", "component"),
    [
        ("sign-in page refuses everybody's credentials", "keystone"),
        ("SQL backend is gone", "mariadb"),
        ("packets get lost between two racks", "network"),
        ("block device is stuck detaching", "cinder-volume"),
    ],
)
def test_the_real_encoder_understands_operators(minilm: MiniLM, issue: str, component: str) -> None:
    fit = mixed_fit(lexical_fit(issue), semantic_fit(issue, [], SemanticSearch(minilm)))
    assert max(fit, key=lambda name: fit[name]) == component


@NEEDS_EXTRA
def test_a_text_is_embedded_alike_alone_and_among_others(minilm: MiniLM) -> None:
    """What stands beside it in a batch only fills it up; order is kept."""
    texts = ["Instances stay in BUILD", "x", "word " * 100, "", "Nobody can log in"]
    together = minilm.encode(texts)
    alone = np.concatenate([minilm.encode([text]) for text in texts])
    assert together.shape == (5, DIMENSIONS)
    assert np.abs(together - alone).max() < 1e-5
    assert minilm.encode([]).shape == (0, DIMENSIONS)


@NEEDS_EXTRA
@given(text=st.text(alphabet=st.characters(), max_size=2000))
@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_real_encoder_takes_any_text(minilm: MiniLM, text: str) -> None:
    vector = minilm.encode([text])[0]
    assert np.isfinite(vector).all()
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-4)


@NEEDS_TORCH
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
def test_numpy_and_sentence_transformers_agree(minilm: MiniLM) -> None:
    from sentence_transformers import SentenceTransformer

    texts = ["Instances stay in BUILD", "401 \u65e5\u672c \u202e", "", "a b c " * 300]
    reference = SentenceTransformer(str(model_folder()), device="cpu", local_files_only=True)
    expected = reference.encode(texts, normalize_embeddings=True, show_progress_bar=False)
    assert np.abs(minilm.encode(texts) - expected).max() < 1e-5
