"""Across borders of trust: nothing is evaluated, unpickled or run that came from a model, a file or the Hub."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.engine.model_source import local_model, local_tokenizer, model_revision
from cluster.errors import RequestError
from tests.repository import ROOT

PACKAGES = ("cluster", "rollout", "training", "evaluation", "pipeline")
EVALUATING = frozenset({"eval", "exec", "compile", "__import__"})
UNPICKLING = frozenset(
    {"pickle.load", "pickle.loads", "pickle.Unpickler", "cloudpickle.load", "cloudpickle.loads", "marshal.loads"}
    | {"shelve.open", "joblib.load", "torch.load", "np.load", "numpy.load", "yaml.load", "pandas.read_pickle"}
)
MODELS = ("AutoModelForCausalLM.from_pretrained", "AutoModel.from_pretrained")


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    """Place, dotted name and node of every call in the packages."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", ast.unparse(node.func), node


def test_nothing_is_evaluated_or_unpickled() -> None:
    found = [(place, name) for place, name, _ in calls() if name in EVALUATING | UNPICKLING]
    assert found == []


def test_no_shell_reads_a_command() -> None:
    shells = [place for place, _, node in calls() for word in node.keywords if word.arg == "shell"]
    systems = [place for place, name, _ in calls() if name in ("os.system", "os.popen", "subprocess.getoutput")]
    assert shells + systems == []


def test_models_come_as_safetensors_and_bring_no_code() -> None:
    loaded = [(place, node) for place, name, node in calls() if name in MODELS]
    assert loaded
    for place, node in loaded:
        given = {word.arg: ast.unparse(word.value) for word in node.keywords}
        assert given.get("use_safetensors") == "True", place
        assert given.get("trust_remote_code") == "False", place
    trusting = [
        place
        for place, _, node in calls()
        for word in node.keywords
        if word.arg == "trust_remote_code" and ast.unparse(word.value) != "False"
    ]
    assert trusting == []


def test_a_folder_of_pickled_weights_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(RequestError, match=r"pytorch_model\.bin is a pickle; convert it to safetensors"):
        local_model(str(tmp_path))
    (tmp_path / "model.safetensors").write_bytes(b"")
    assert local_model(str(tmp_path)) == tmp_path


@pytest.mark.parametrize("source", ["hub:o/n", "hub:o/n@main", "hub:o/n@12ab", "hub:o/n@" + "g" * 40])
def test_a_hub_model_without_its_commit_is_refused(source: str) -> None:
    with pytest.raises(RequestError, match="40 hex digits"):
        local_model(source)


WITHOUT_A_PUBLIC_WAY = {
    "ray._private.resource_and_label_spec",  # what a node that is not started yet would have
    "ray._private.runtime_env.packaging",  # which files a job's package leaves out
    "ray._private.state",  # what each node has free
    "ray.train.v2._internal.exceptions",  # whether it was Ray that ended the ranks
}


def test_no_private_module_of_another_package_is_imported_where_there_is_a_public_one() -> None:
    found = set[str]()
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                names = [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
                names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                found |= {name for name in names if "._" in name}
    assert found == WITHOUT_A_PUBLIC_WAY


@pytest.mark.parametrize(
    "name", ["../..", "a/..", "./x", "a/b..c", "a--b/c", "-a/b", "a/b-", "a/b\n", "a/" + "b" * 97, "é/ü", "a\0/b"]
)
def test_a_hub_model_has_a_name_that_the_hub_knows(name: str) -> None:
    for read in (local_model, local_tokenizer, model_revision):
        with pytest.raises(RequestError, match=r"^model hub:"):
            read(f"hub:{name}@{'0' * 40}")
