"""What the repository's files must agree on."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from pix2pix_course import __version__

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PACKAGE = ROOT / "pix2pix_course"
MODULES = sorted(PACKAGE.rglob("*.py"))

# Data runs one way: a module imports only from layers above its own.
LAYERS = (
    {"config", "palettes", "download", "catalogue", "canvas", "plotting", "quiet", "blocks"},
    {"checking", "diagrams", "editions", "interactive"},
    {"painter", "encoding", "hdf5"},
    {"datasets"},
    {"pipeline"},
    {"generators", "discriminators", "losses", "segmenter", "pool", "recipes"},
    {"training"},
    {"runs"},
    {"translation"},
    {"evaluation"},
    {"experiments"},
    {"exercises"},
    {"notebooks", "doctor"},
    {"execution", "questions"},
    {"authoring", "grading"},
    {"cli"},
    {"__main__"},
)
USE_TENSORFLOW = {"pipeline", "training", "runs"}


def imports(module: Path) -> list[tuple[str, str]]:
    """Each import of a module file, at any depth, as (module, name)."""
    found = []
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where a name comes from"
            found += [(node.module, alias.name) for alias in node.names]
    return found


def layer(name: str) -> int:
    places = [number for number, names in enumerate(LAYERS) if name in names]
    assert places, f"give the new module {name} its place in LAYERS"
    return places[0]


def name_of(module: Path) -> str:
    """A module's name below the package; that of its folder for what lies in one."""
    return module.relative_to(PACKAGE).with_suffix("").parts[0]


def own_imports(module: Path) -> set[str]:
    """Names of the package's modules that a module imports."""
    names = set()
    for source, name in imports(module):
        if source == "pix2pix_course" and name != "__version__":
            names.add(name)
        elif source.startswith("pix2pix_course."):
            names.add(source.split(".")[1])
    return names


def lock() -> dict[str, list[Requirement]]:
    """The locked requirements by name; one name may have a version per Python."""
    found = {}
    for line in (ROOT / "requirements.lock").read_text("utf-8").splitlines():
        requirement = Requirement(line)
        found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(PACKAGE)))
class TestModule:
    def test_imports_run_one_way(self, module):
        if name_of(module) == "__init__":
            assert own_imports(module) == set()
            return
        mine = name_of(module)
        others = own_imports(module) - {mine}
        assert {name for name in others if layer(name) >= layer(mine)} == set()

    def test_tensorflow_stays_in_three_modules(self, module):
        heavy = {source.split(".")[0] for source, _ in imports(module)} & {"tensorflow"}
        assert not heavy or name_of(module) in USE_TENSORFLOW

    def test_no_private_name_crosses_modules(self, module):
        private = [
            f"{source}.{name}"
            for source, name in imports(module)
            if source.startswith("pix2pix_course")
            and any(re.match(r"_(?!_)", part) for part in (*source.split("."), name))
        ]
        aliases = own_imports(module)
        private += [
            f"{node.value.id}.{node.attr}"
            for node in ast.walk(ast.parse(module.read_text("utf-8")))
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in aliases
            and re.match(r"_(?!_)", node.attr)
        ]
        assert private == []


def test_light_modules_import_nothing_heavy():
    """Training's libraries cost seconds: nothing that only reads or lists may load them."""
    light = ("palettes", "painter", "datasets", "notebooks", "doctor", "cli")
    light += ("authoring", "execution")
    light += ("checking", "exercises", "editions", "grading")
    code = "import sys\n" + "".join(f"import pix2pix_course.{name}\n" for name in light)
    code += "print(sorted({'tensorflow', 'keras', 'matplotlib', 'papermill'} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.stdout.strip() == "[]", answer.stderr


def test_conda_brings_python_and_pip_and_pyproject_the_rest():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    python, pip, by_pip = environment["dependencies"]
    assert environment["name"] == PROJECT["name"]
    assert SpecifierSet(python.removeprefix("python")) == SpecifierSet(PROJECT["requires-python"])
    assert pip == "pip"
    assert by_pip == {"pip": ["--constraint requirements.lock", "--editable .[dev]"]}
    assert "dev" in PROJECT["optional-dependencies"]


def test_the_lock_holds_every_direct_dependency_within_its_range():
    wanted = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]
    locked = lock()
    for requirement in map(Requirement, wanted):
        pins = locked[canonicalize_name(requirement.name)]
        for pin in pins:
            (exact,) = pin.specifier
            assert exact.operator == "=="
            assert exact.version in requirement.specifier, requirement.name


def test_the_lock_names_no_address():
    text = (ROOT / "requirements.lock").read_text("utf-8")
    assert not re.search(r"://|@|^\s*-", text, re.MULTILINE)


def test_citation_and_package_agree():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["version"] == PROJECT["version"] == __version__
    assert citation["license"] == PROJECT["license"] == "MIT"
    assert citation["authors"] == PROJECT["authors"]
    assert "MIT License" in (ROOT / "LICENSE").read_text("utf-8")


def test_the_repository_has_one_address():
    """It stands in pyproject.toml; README and notebooks, which repeat it, must follow."""
    address = PROJECT["urls"]["Repository"].removeprefix("https://")
    name = address.split("/")[-1]
    pattern = re.compile(rf"github(?:\.com)?/([\w.-]+/{re.escape(name)})\b")
    files = [ROOT / "README.md", *(ROOT / "notebooks").glob("*.ipynb")]
    for file in files:
        for found in pattern.findall(file.read_text("utf-8")):
            assert f"github.com/{found}" == address, file.name
    own = [*MODULES, ROOT / "Makefile", ROOT / "CITATION.cff", ROOT / "environment.yml"]
    own += (ROOT / "notebooks/sources").glob("*.py")
    assert [file.name for file in own if address in file.read_text("utf-8")] == []


def test_continuous_integration_runs_the_readmes_test_command():
    script = ROOT / ".ci/run"
    assert script.stat().st_mode & 0o111
    assert script.read_text().rstrip().splitlines()[-1] == "make test"
    assert "make test" in (ROOT / "README.md").read_text("utf-8")


def test_make_names_its_commands():
    answer = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    for command in ("course", "labs", "test", "lab", "notebooks", "clean"):
        assert f"  {command}: " in answer.stdout


def test_make_refuses_a_wrong_python_clearly(tmp_path):
    python = tmp_path / "python3.10"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    command = ["make", "--file", str(ROOT / "Makefile"), f"PYTHON={python}", "lab"]
    for name in ("pyproject.toml", "requirements.lock"):
        (tmp_path / name).touch()
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert answer.returncode != 0
    assert "needs Python 3.11, 3.12 or 3.13" in answer.stderr
    assert not (tmp_path / ".venv").exists()
