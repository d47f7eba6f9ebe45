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

# A module of the core imports only what stands left of it.
CORE = [
    "config", "palettes", "pairs", "pipeline", "generators", "discriminators", "losses", "training",
    "callbacks", "runs", "translation", "evaluation", "ablation", "cli",
]  # fmt: skip
WINGS = ("bench", "datasets", "variants", "figures", "exercises", "notebooks", "export")
DOORS = {  # beyond the rule, on purpose
    ("config", "variants"), ("training", "variants"), ("runs", "variants"), ("runs", "datasets"),
    ("exercises", "variants"), ("notebooks", "exercises"), ("bench", "datasets"),
    ("export", "datasets"),
}  # fmt: skip
FREE = ("cli", "cli_data", "cli_options", "doctor", "__main__")  # they import whatever they need
USE_TENSORFLOW = {"pipeline", "support", "bench", "export"}


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


def name_of(module: Path) -> str:
    """A module's name below the package; that of its folder for what lies in one."""
    return module.relative_to(PACKAGE).with_suffix("").parts[0]


def own_imports(module: Path) -> set[str]:
    """Names of the package's modules and wings that a module imports."""
    names = set()
    for source, name in imports(module):
        is_module = (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").exists()
        if source == "pix2pix_course" and name and is_module:
            names.add(name)
        elif source.startswith("pix2pix_course."):
            names.add(source.split(".")[1])
    return names - {name_of(module), "support"}


def may_import(mine: str, other: str) -> bool:
    """The rule: the core imports leftward; a wing imports core and no other wing."""
    if mine in FREE or (mine, other) in DOORS:
        return True
    if mine in ("support", "__init__"):
        return False
    left = CORE[: CORE.index(mine)] if mine in CORE else CORE[:-1]
    return other in left


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
        mine = name_of(module)
        assert [other for other in own_imports(module) if not may_import(mine, other)] == []

    def test_tensorflow_stays_where_it_must_be(self, module):
        heavy = {source.split(".")[0] for source, _ in imports(module)} & {"tensorflow"}
        assert not heavy or name_of(module) in USE_TENSORFLOW

    def test_is_no_longer_than_320_lines(self, module):
        assert len(module.read_text("utf-8").splitlines()) <= 320

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


def test_the_rule_of_imports_can_be_broken():
    assert may_import("runs", "pairs")
    assert not may_import("pairs", "runs")
    assert not may_import("pairs", "datasets")
    assert may_import("figures", "training")
    assert not may_import("figures", "notebooks")


def lines(modules) -> int:
    return sum(len(module.read_text("utf-8").splitlines()) for module in modules)


def test_the_core_is_read_in_an_evening_and_the_package_in_a_weekend():
    core = [PACKAGE / f"{name}.py" for name in ("__init__", *CORE[: CORE.index("ablation")])]
    assert len(core) == 13
    assert lines(core) <= 1920
    assert lines(MODULES) <= 11_300
    flat = {module.stem for module in PACKAGE.glob("*.py")}
    assert flat == {module.stem for module in core} | {"ablation", *FREE}
    assert {path.parent.name for path in PACKAGE.glob("*/__init__.py")} == {*WINGS, "support"}


def test_no_function_of_the_core_takes_more_than_seven_arguments():
    many = []
    for name in CORE[: CORE.index("ablation")]:
        for node in ast.walk(ast.parse((PACKAGE / f"{name}.py").read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef):
                every = node.args.posonlyargs + node.args.args + node.args.kwonlyargs
                if len([argument for argument in every if argument.arg != "self"]) > 7:
                    many.append(f"{name}.{node.name}")
    assert many == []


def test_light_modules_import_nothing_heavy():
    """Training's libraries cost seconds: nothing that only reads or lists may load them."""
    light = "config palettes pairs doctor cli exercises exercises.checking datasets "
    light += "datasets.painter datasets.catalogue datasets.download datasets.check "
    light += "variants variants.recipes notebooks notebooks.run notebooks.build notebooks.grade"
    code = "import sys\n"
    code += "".join(f"import pix2pix_course.{name}\n" for name in light.split())
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
    extras = PROJECT["optional-dependencies"]
    wanted = PROJECT["dependencies"] + extras["dev"] + extras["tensorflow"] + extras["jax"]
    locked = lock()
    for requirement in map(Requirement, wanted):
        if requirement.name == PROJECT["name"]:  # "with these extras", which are in the list
            continue
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


def test_the_workflows_run_what_make_runs():
    folder = ROOT / ".github/workflows"
    flows = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in folder.glob("*.yml")}
    assert set(flows) == {"ci", "site", "versions"}
    for flow in flows.values():
        assert all(job["runs-on"] == "ubuntu-latest" for job in flow["jobs"].values())
    on = flows["ci"][True]  # YAML 1.1 reads the key `on` as a truth value
    assert set(on) == {"push", "pull_request"}
    job = flows["ci"]["jobs"]["test"]
    assert [step["run"] for step in job["steps"] if "run" in step] == ["make test"]
    built = flows["site"]["jobs"]["build"]["steps"]
    assert [step["run"] for step in built if "run" in step] == ["make site_test"]
    python = SpecifierSet(PROJECT["requires-python"])
    assert all(f"{version}.0" in python for version in job["strategy"]["matrix"]["python"])
    assert job["timeout-minutes"] <= 60


DANGEROUS = re.compile(
    r"pickle\.|allow_pickle|shell=True|\beval\(|(?<!def )\bexec\(|os\.system|load_model|safe_mode"
)


def test_nothing_that_runs_what_a_file_says():
    """No pickle, no shell, no Keras model that brings code."""
    for module in MODULES:
        found = DANGEROUS.findall(module.read_text("utf-8"))
        allowed = ["eval("] if module.name == "terminal.py" else []  # ast.literal_eval
        assert found == [] or found == allowed, module


def test_servers_listen_on_this_machine_alone():
    """Jupyter's and TensorBoard's own defaults are loopback and, for Jupyter, a token."""
    for file in (ROOT / "Makefile", *ROOT.glob("docs/*.md"), *ROOT.glob("notebooks/sources/*.py")):
        text = file.read_text("utf-8")
        for open_door in ("0.0.0.0", "--bind_all", "token=''", 'token=""', "--ip", "--allow-root"):
            assert open_door not in text, f"{file.name}: {open_door}"


def test_make_names_its_commands():
    answer = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    for command in ("course", "labs", "test", "soak", "site", "lab", "notebooks", "clean"):
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
