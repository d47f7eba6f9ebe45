import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from pix2pix_course import cli, datasets, doctor, execution, notebooks
from pix2pix_course.config import Config, profile
from pix2pix_course.recipes import RECIPES, recipe, warn_of_defects


@pytest.fixture
def call():
    """Run the command line with some words; the result has `output` and `exit_code`."""
    return lambda *words: CliRunner().invoke(cli.main, [str(word) for word in words])


@pytest.fixture
def pretend(monkeypatch):
    """Put a function in a module's place that notes how it was called; returns the notes."""

    def replace(module: str, name: str, answer=None):
        calls = []

        def note(*args, **options):
            calls.append((args, options))
            if isinstance(answer, BaseException):
                raise answer
            return answer

        # The module stands in for the real one, so that no test here loads TensorFlow.
        stand_in = SimpleNamespace(**{name: note})
        monkeypatch.setitem(sys.modules, f"pix2pix_course.{module}", stand_in)
        monkeypatch.setattr(sys.modules["pix2pix_course"], module, stand_in, raising=False)
        return calls

    return replace


RUN = SimpleNamespace(epoch=3, folder=Path("runs/one"))


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        *([command, "--help"] for command in cli.main.commands),
        ["data", "list"],
        ["--version"],
    ],
    ids=" ".join,
)
def test_nothing_heavy_is_imported_to_answer(words):
    code = (
        "import sys, atexit; from pix2pix_course.cli import main\n"
        "heavy = {'tensorflow', 'keras', 'matplotlib', 'papermill', 'jupytext', 'skimage'}\n"
        "atexit.register(lambda: print('HEAVY', sorted(heavy & set(sys.modules))))\n"
        "main(prog_name='pix2pix-course')"
    )
    command = [sys.executable, "-c", code, *words]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines()[-1] == "HEAVY []"
    assert "pix2pix-course" in answer.stdout or words == ["data", "list"]


def test_python_m_is_the_same_program():
    command = [sys.executable, "-m", "pix2pix_course", "--version"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert answer.stdout.startswith("pix2pix-course, version ")


# --- train -----------------------------------------------------------------------------------


def test_train_makes_one_config_of_profile_options_and_settings(call, pretend, tmp_path):
    calls = pretend("runs", "train", RUN)
    result = call(
        "train", "--profile", "smoke", "--output", tmp_path / "run", "--epochs", 3,
        "--lambda-l1", 10, "--direction", "AtoB", "--set", "generator=encoder_decoder",
        "--set", "jitter=false", "--set", "test-pairs=none", "--set", "dropout=0.25",
        "--data-folder", tmp_path,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    (((config, folder), options),) = calls
    assert config == profile("smoke").replace(
        epochs=3,
        lambda_l1=10.0,
        direction="AtoB",
        generator="encoder_decoder",
        jitter=False,
        test_pairs=None,
        dropout=0.25,
    )
    assert type(config.lambda_l1) is float
    assert folder == tmp_path / "run"
    assert options["data_folder"] == tmp_path
    assert "3 epochs: runs/one" in result.output


def test_train_names_its_folder_and_makes_a_relative_data_set_absolute(
    call, pretend, tmp_path, monkeypatch
):
    (tmp_path / "pairs").mkdir()
    monkeypatch.chdir(tmp_path)
    calls = pretend("runs", "train", RUN)
    call("train", "--dataset", "pairs")
    (((config, folder), _),) = calls
    assert config == profile("cpu").replace(dataset=str(tmp_path / "pairs"))
    assert folder == Path("runs/pairs-cpu")


def test_train_follows_a_recipe_at_the_size_of_the_profile(call, pretend):
    calls = pretend("runs", "train", RUN)
    words = ("train", "--profile", "smoke", "--recipe", "tensorflow_tutorial")
    assert call(*words).exit_code == 0
    call(*words, "--repaired", "--direction", "AtoB", "--lambda-l1", "7")
    (((config, folder), _), ((mended, other_folder), _)) = calls
    assert config == recipe("tensorflow_tutorial", "smoke")
    assert folder == Path("runs/painted-tensorflow_tutorial-smoke")
    assert mended == config.replace(bottleneck_norm=False, direction="AtoB", lambda_l1=7.0)
    assert other_folder == Path("runs/painted-tensorflow_tutorial-repaired-smoke")


def test_a_repair_mends_what_only_the_data_set_makes_a_fault(call, pretend):
    calls = pretend("runs", "train", RUN)
    words = ("train", "--recipe", "tensorflow_tutorial", "--dataset", "edges2shoes")
    call(*words)
    call(*words, "--repaired")
    assert [config.direction for ((config, _), _) in calls] == ["BtoA", None]


def test_a_fault_is_a_plain_warning(call, pretend):
    def train(config, folder, **options):
        warn_of_defects(config)
        return RUN

    pretend("runs", "train")
    sys.modules["pix2pix_course.runs"].train = train
    result = call("train", "--profile", "smoke", "--recipe", "keras_book")
    assert result.output.startswith("warning: this configuration reproduces known faults:\n- dead")
    assert ".py" not in result.output


def test_recipes_lists_differences_and_faults(call):
    output = call("recipes").output
    assert [line for line in output.splitlines() if not line.startswith(" ")] == list(RECIPES)
    assert re.search(r"leaky_slope +0\.3 +\(paper: 0\.2\)", output)
    assert "fault: blind discriminator" in output


def test_every_field_of_config_can_be_set(call, pretend):
    calls = pretend("runs", "train", RUN)
    odd = {"dataset", "direction", "palette"}  # options of their own
    defaults = {name: value for name, value in Config().to_dict().items() if name not in odd}
    words = [word for name, value in defaults.items() for word in ("--set", f"{name}={value}")]
    result = call("train", "--profile", "smoke", *words)
    assert result.exit_code == 0, result.output
    assert calls[0][0][0] == Config()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--set", "lamda_l1=3"], 2, "no field 'lamda_l1'; did you mean 'lambda_l1'?"),
        (["--set", "epochs"], 2, "write name=value"),
        (["--set", "epochs=few"], 2, "'few' is not a valid integer"),
        (["--set", "epochs=none"], 2, "'none' is not a valid integer"),
        (["--epoch", "3"], 2, "Did you mean"),
        (["--repaired"], 2, "name one with --recipe"),
        (["--recipe", "pix2pixhd"], 2, "'pix2pixhd' is not one of 'paper', 'tensorflow_tutorial'"),
        (["--profile", "tpu"], 2, "'tpu' is not one of"),
        (["--image-size", "100"], 1, "Error: Config.image_size = 100: the U-Net"),
    ],
)
def test_a_wrong_word_is_one_clear_message(call, pretend, words, code, message):
    calls = pretend("runs", "train", RUN)
    result = call("train", *words)
    assert result.exit_code == code
    assert message in result.output
    assert isinstance(result.exception, SystemExit)
    assert calls == []


def test_a_field_set_twice_takes_the_setting(call, pretend):
    calls = pretend("runs", "train", RUN)
    call("train", "--epochs", 3, "--set", "epochs=4")
    assert calls[0][0][0].epochs == 4


def test_stopping_a_training_tells_how_to_go_on(call, pretend):
    pretend("runs", "resume", KeyboardInterrupt())
    result = call("resume", "runs/one", "--epochs", 9)
    assert result.exit_code == 130
    assert "pix2pix-course resume runs/one" in result.output


def test_resume_passes_the_new_total(call, pretend):
    calls = pretend("runs", "resume", RUN)
    assert call("resume", "runs/one", "--epochs", 9).exit_code == 0
    ((args, options),) = calls
    assert args == (Path("runs/one"),)
    assert options["epochs"] == 9


# --- errors ----------------------------------------------------------------------------------


def test_the_packages_own_errors_are_messages(call, pretend):
    pretend("runs", "resume", datasets.DatasetError("no pictures in x; put some there"))
    result = call("resume", "runs/one")
    assert result.exit_code == 1
    assert result.output == "Error: no pictures in x; put some there\n"


def test_a_file_that_cannot_be_written_is_a_message(call, pretend):
    pretend("runs", "resume", PermissionError(13, "Permission denied", "/x"))
    result = call("resume", "runs/one")
    assert result.exit_code == 1
    assert result.output == "Error: [Errno 13] Permission denied: '/x'\n"


@pytest.mark.parametrize("bug", [ValueError("shapes differ"), KeyError("x")])
def test_a_bug_keeps_its_traceback(call, pretend, bug):
    pretend("runs", "resume", bug)
    assert call("resume", "runs/one").exception is bug


# --- translate, evaluate ---------------------------------------------------------------------


def test_translate_passes_files_mode_and_pairs(call, pretend, tmp_path):
    pretend("runs", "load", RUN)
    calls = pretend("translation", "translate_files", [Path("a.png"), Path("b.png")])
    result = call(
        "translate", "runs/one", "a.jpg", "folder", "--output", tmp_path, "--mode",
        "deterministic", "--seed", 5, "--pairs",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    ((args, options),) = calls
    assert args == (RUN, [Path("a.jpg"), Path("folder")], tmp_path)
    assert options["mode"] == "deterministic"
    assert options["seed"] == 5
    assert options["pairs"] is True
    assert f"2 pictures in {tmp_path}" in result.output


def test_evaluate_prints_the_table_and_where_it_lies(call, pretend):
    pretend("runs", "load", RUN)
    evaluation = SimpleNamespace(table=lambda: "MAE 12.5", folder=Path("runs/one/evaluation"))
    calls = pretend("evaluation", "evaluate", evaluation)
    result = call("evaluate", "runs/one", "--mode", "running")
    assert result.output == "MAE 12.5\ntable and pictures: runs/one/evaluation\n"
    assert calls[0][1]["mode"] == "running"
    call("evaluate", "runs/one")
    assert calls[1][1]["mode"] is None  # the run's own


# --- data ------------------------------------------------------------------------------------


def test_data_list_shows_what_is_here(call, tmp_path):
    (tmp_path / "maps").mkdir()
    lines = call("data", "list", "--data-folder", tmp_path).output.splitlines()
    here = {line.split()[0]: "here" in line.split() for line in lines[2:]}
    assert here == {name: name == "maps" for name in ("painted", *datasets.CATALOGUE)}


def test_data_paint_and_check(call, tmp_path):
    counts = ["--train", 2, "--val", 1, "--test", 1, "--size", 64]
    result = call("data", "paint", "--data-folder", tmp_path, *counts)
    assert result.exit_code == 0, result.output
    painted = tmp_path / "painted"
    assert len(list(painted.glob("*/*.png"))) == 4

    assert call("data", "check", painted).exit_code == 0
    (painted / "train/0002.png").write_bytes(b"no picture")
    result = call("data", "check", painted)
    assert result.exit_code == 1
    assert "0002.png" in result.output


def test_data_convert_packs_a_folder(call, painted, tmp_path):
    result = call("data", "convert", painted, tmp_path / "packed")
    assert result.exit_code == 0, result.output
    assert result.output.strip() == str(tmp_path / "packed")
    assert call("data", "check", tmp_path / "packed").exit_code == 0
    result = call("data", "convert", painted, tmp_path / "packed")
    assert (result.exit_code, "is there already" in result.output) == (1, True)


def test_data_download_of_an_unknown_name_is_a_message(call, tmp_path):
    result = call("data", "download", "facade", "--data-folder", tmp_path)
    assert result.exit_code == 1
    assert "facades" in result.output
    assert isinstance(result.exception, SystemExit)


# --- run, doctor -----------------------------------------------------------------------------


def machine(problem=None):
    return doctor.Machine("3.12", "Linux", 2, 8.0, 9.0, {}, (), (), problem)


def test_run_passes_everything_on_and_prints_table_and_products(call, monkeypatch, tmp_path):
    results = [execution.Result("01_one", "passed", 61.2, tmp_path / "01_one.ipynb")]
    seen = {}

    def run_notebooks(names, **options):
        seen.update(options, names=names)
        return results

    monkeypatch.setattr(doctor, "inspect_machine", machine)
    monkeypatch.setattr(execution, "run_notebooks", run_notebooks)
    evaluation = tmp_path / "runs/one/evaluation"
    evaluation.mkdir(parents=True)
    for file in (tmp_path / "01_one.ipynb", tmp_path / "runs/one/config.json"):
        file.touch()
    for name in ("metrics.csv", "grid.png"):
        (evaluation / name).touch()

    result = call(
        "run", "1", "--profile", "smoke", "--output", tmp_path, "--seed", 4, "--timeout", 9,
        "-p", "STEPS", "3", "-p", "NAME", "word", "-p", "RATE", "1e-3", "--recipe", "keras_book",
        "--follow",
    )  # fmt: skip

    assert result.exit_code == 0, result.output
    assert seen["names"] == ("1",)
    assert seen["profile"] == "smoke"
    assert seen["extra"] == {"STEPS": 3, "NAME": "word", "RATE": 0.001, "RECIPE": "keras_book"}
    assert seen["follow"]
    assert (seen["seed"], seen["timeout"], seen["device"]) == (4, 9, "CPU, 2 cores")
    assert "01_one    passed       1 min 01 s" in result.output
    assert f"executed notebooks:  {tmp_path}\n" in result.output
    assert f"trained run:         {tmp_path / 'runs/one'}\n" in result.output
    assert f"metrics table:       {evaluation / 'metrics.csv'}\n" in result.output
    assert f"test translations:   {evaluation / 'grid.png'}\n" in result.output


def notebook(folder: Path, name: str, code: str) -> None:
    """A notebook of one cell, written as plain JSON."""
    cell = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    metadata = {"kernelspec": notebooks.KERNELSPEC, "language_info": {"name": "python"}}
    content = {"cells": [cell | {"source": code}], "metadata": metadata}
    (folder / f"{name}.ipynb").write_text(
        json.dumps(content | {"nbformat": 4, "nbformat_minor": 4})
    )


def test_run_exits_with_1_if_any_notebook_failed(call, monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "inspect_machine", machine)
    notebook(tmp_path, "01_bad", "import sys; sys.exit(0)")
    notebook(tmp_path, "02_good", "1 + 1")
    place = ["--notebooks", tmp_path, "--output", tmp_path / "out"]
    result = call("run", *place)
    assert result.exit_code == 1
    assert "01_bad    failed" in result.output
    assert "02_good   passed" in result.output
    assert call("run", "2", *place).exit_code == 0


def test_run_refuses_a_misspelled_parameter(call, monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "inspect_machine", machine)
    notebook(tmp_path, "01_one", "1")
    out = tmp_path / "out"
    result = call("run", "--notebooks", tmp_path, "--output", out, "-p", "SEDE", "3")
    assert result.exit_code == 1
    assert result.output.startswith("Error: no notebook has a parameter 'SEDE'.")
    assert not out.exists()


@pytest.mark.parametrize(("problem", "code"), [(None, 0), ("no libcudart", 1)])
def test_doctor_reports_and_fails_if_tensorflow_does(call, monkeypatch, problem, code):
    monkeypatch.setattr(doctor, "inspect_machine", lambda: machine(problem))
    result = call("doctor")
    assert result.exit_code == code
    assert "Profile     cpu" in result.output
    assert ("no libcudart" in result.output) == bool(problem)


def test_notebooks_build_is_there_for_authors_but_not_listed(call, tmp_path):
    listed = call("--help").output.split("Commands:")[1]
    assert "\n  evaluate " in listed
    assert "\n  notebooks " not in listed
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources/01_one.py").write_text("# %%\n1 + 1\n")
    result = call("notebooks", "build", "--no-run", "--notebooks", tmp_path)
    assert result.output == f"wrote {tmp_path / '01_one.ipynb'}\n"
    result = call("notebooks", "build", "--no-run", "--notebooks", tmp_path)
    assert result.output == "every notebook is as its source says\n"


def test_editions_check_names_what_to_do(call, tmp_path):
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources/01_one.py").write_text("# %% [markdown]\n# # One\n")
    assert call("editions", "build", "--no-run", "--notebooks", tmp_path).exit_code == 0
    assert "agree" in call("editions", "check", "--notebooks", tmp_path).output
    (tmp_path / "01_one.ipynb").unlink()
    result = call("editions", "check", "--notebooks", tmp_path)
    assert result.exit_code == 1
    assert "01_one.ipynb does not exist; run `pix2pix-course editions build`" in result.output


def test_grade_lists_students_and_says_where_the_tables_are(call, pretend, tmp_path):
    rows = [
        SimpleNamespace(student="ada", passed=2, notes=[]),
        SimpleNamespace(student="benjamin", passed=0, notes=["no notebook"]),
    ]
    calls = pretend("grading", "grade", (rows, ["04.1", "04.2"]))
    result = call("grade", "in", "--output", tmp_path, "--timeout", "60", "--profile", "cpu")
    assert result.output.splitlines() == [
        "ada       2 of 2",
        "benjamin  0 of 2  no notebook",
        f"tables: {tmp_path / 'grades.csv'}, {tmp_path / 'grades.html'}",
    ]
    ((folder,), options) = calls[0]
    assert folder == Path("in")
    assert (options["timeout"], options["profile"]) == (60, "cpu")
