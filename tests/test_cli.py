import re
import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from small_notebooks import write

from pix2pix_course import cli, doctor, variants
from pix2pix_course.config import Config, profile
from pix2pix_course.datasets.catalogue import CATALOGUE
from pix2pix_course.notebooks import run as runner
from pix2pix_course.pairs import DatasetError
from pix2pix_course.palettes import PALETTES
from pix2pix_course.variants.recipes import RECIPES, recipe
from pix2pix_course.variants.variant import OWN_WORDS, WORDS


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
    (((config, folder), _), ((repaired, other_folder), _)) = calls
    assert config == recipe("tensorflow_tutorial", "smoke")
    assert folder == Path("runs/painted-tensorflow_tutorial-smoke")
    assert repaired == config.replace(bottleneck_norm=False, direction="AtoB", lambda_l1=7.0)
    assert other_folder == Path("runs/painted-tensorflow_tutorial-repaired-smoke")


def test_a_repair_fixes_what_only_the_data_set_makes_a_fault(call, pretend):
    calls = pretend("runs", "train", RUN)
    words = ("train", "--recipe", "tensorflow_tutorial", "--dataset", "edges2shoes")
    call(*words)
    call(*words, "--repaired")
    assert [config.direction for ((config, _), _) in calls] == ["BtoA", None]


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (cli.__file__, "warning: 3 pictures are\ntoo small\n"),
        ("/lib/keras/x.py", "/lib/keras/x.py:7: UserWarning: 3 pictures are\ntoo small\n"),
    ],
    ids=["the package's own", "another's"],
)
def test_what_the_package_warns_of_is_a_plain_line(call, pretend, file, says):
    def train(config, folder, **options):
        warnings.warn_explicit("3 pictures are\ntoo small", UserWarning, file, 7)
        return RUN

    pretend("runs", "train")
    sys.modules["pix2pix_course.runs"].train = train
    result = call("train", "--profile", "smoke")
    assert result.stderr == says


def test_recipes_lists_differences_and_faults(call):
    output = call("recipes").output
    assert [line for line in output.splitlines() if not line.startswith(" ")] == list(RECIPES)
    assert re.search(r"leaky_slope +0\.3 +\(paper: 0\.2\)", output)
    assert "fault: blind discriminator" in output


def values_of(config: Config) -> dict:
    return config.to_dict() | variants.fields_of(config)


NEEDS = {"minibatch_features": ["--set", "discriminator=image"]}


def another(name: str):
    """A value that a field may have and that is not its default."""
    kind, default = cli.FIELDS[name][0], values_of(Config())[name]
    if name == "image_size":
        return 128
    if kind is bool:
        return not default
    if kind is str:
        words = (WORDS | OWN_WORDS).get(name, ("maps", "facades"))
        return next(word for word in words if word not in (None, default))
    return (default or 0) + 1 if kind is int else (default or 1) / 2


@pytest.mark.parametrize("name", cli.FIELDS)
def test_every_field_can_be_set(call, pretend, name):
    calls = pretend("runs", "train", RUN)
    value = another(name)
    words = ("--set", f"{name}={value}", *NEEDS.get(name, ()))
    result = call("train", "--profile", "gpu", *words)
    assert result.exit_code == 0, result.output
    config = calls[0][0][0]
    found = values_of(config)[name]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--set", "lamda_l1=3"], 2, "no field 'lamda_l1'; did you mean 'lambda_l1'?"),
        (["--set", "epochs"], 2, "'epochs': write NAME=VALUE"),
        (["--set", "epochs=1.5"], 2, "epochs=1.5: not a whole number\n"),
        (["--set", "epochs=none"], 2, "epochs=none: not a whole number\n"),
        (["--set", "train-pairs=few"], 2, "train_pairs=few: not a whole number or none"),
        (["--set", "lambda_l1=many"], 2, "lambda_l1=many: not a number"),
        (["--set", "jitter=often"], 2, "jitter=often: not true or false"),
        (["--set", "lambda_l1=nan"], 1, "Error: Config.lambda_l1 = nan: "),
        (["--set", "learning_rate=inf"], 1, "Error: Config.learning_rate = inf: "),
        (["--set", "epochs=-3"], 1, "Error: Config.epochs = -3: "),
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


def test_resume_passes_what_is_new(call, pretend, tmp_path, monkeypatch):
    (tmp_path / "pairs").mkdir()
    monkeypatch.chdir(tmp_path)
    calls = pretend("runs", "resume", RUN)
    words = ("--epochs", 9, "--learning-rate", 1e-5, "--dataset", "pairs")
    assert call("resume", "runs/one", *words).exit_code == 0
    ((args, options),) = calls
    assert args == (Path("runs/one"),)
    assert options == {
        "epochs": 9, "learning_rate": 1e-5, "dataset": str(tmp_path / "pairs"),
        "data_folder": None, "devices": None, "verbose": "lines",
    }  # fmt: skip


# --- errors ----------------------------------------------------------------------------------


def test_the_packages_own_errors_are_messages(call, pretend):
    pretend("runs", "resume", DatasetError("no pictures in x; put some there"))
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
    loads = pretend("runs", "load", RUN)
    calls = pretend("translation", "translate_files", [Path("a.png"), Path("b.png")])
    result = call(
        "translate", "runs/one", "a.jpg", "folder", "--output", tmp_path, "--mode",
        "deterministic", "--seed", 5, "--pairs", "--resize", "--dataset", "maps",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    ((args, options),) = calls
    assert args == (RUN, [Path("a.jpg"), Path("folder")], tmp_path)
    assert options == {"mode": "deterministic", "seed": 5, "pairs": True, "resize": True}
    assert loads == [((Path("runs/one"), "maps"), {})]
    assert f"2 pictures in {tmp_path}" in result.output


def test_translate_without_files_takes_the_runs_test_pairs(call, pretend, tmp_path):
    places = []
    test = SimpleNamespace(evaluation_split="test", files=lambda split: (Path(f"{split}/1.png"),))
    run = SimpleNamespace(dataset=lambda folder: places.append(folder) or test)
    pretend("runs", "load", run)
    calls = pretend("translation", "translate_files", [Path("1.png")])
    result = call("translate", "runs/one", "--output", tmp_path, "--data-folder", tmp_path)
    assert result.exit_code == 0, result.output
    ((args, options),) = calls
    assert args == (run, [Path("test/1.png")], tmp_path)
    assert (options["pairs"], options["resize"]) == (True, False)
    assert places == [tmp_path]


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
    assert here == {name: name == "maps" for name in ("painted", *CATALOGUE)}


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


def test_data_check_uses_what_a_folder_says_of_itself_or_is_told(call, pretend, painted, tmp_path):
    calls = pretend("datasets.check", "check", SimpleNamespace(ok=True))
    plain = tmp_path / "plain"
    plain.mkdir()
    for words in ([painted], [plain], [painted, "--direction", "AtoB"]):
        call("data", "check", *words)
    described, bare, turned = (args[0] for args, _ in calls)
    assert (described.palette, described.direction) == (PALETTES["facades"], "BtoA")
    assert bare == str(plain)
    assert turned.direction == "AtoB"


def test_data_convert_names_source_and_output(call, pretend, tmp_path):
    calls = pretend("datasets.hdf5", "convert", tmp_path / "out")
    assert call("data", "convert", "packed.h5", tmp_path / "out").output == f"{tmp_path}/out\n"
    assert calls[0][0] == (Path("packed.h5"), tmp_path / "out")


def test_data_download_of_an_unknown_name_is_a_message(call, tmp_path):
    result = call("data", "download", "facade", "--data-folder", tmp_path)
    assert result.exit_code == 1
    assert "facades" in result.output
    assert isinstance(result.exception, SystemExit)


# --- run, doctor -----------------------------------------------------------------------------


def machine(problem=None):
    return doctor.Machine(cores=2, memory=8.0, problem=problem)


def test_run_passes_everything_on_and_prints_table_and_products(call, monkeypatch, tmp_path):
    results = [runner.Result(Path("01_one.ipynb"), "passed", 61.2, tmp_path / "01_one.ipynb")]
    seen = {}

    def run_notebooks(names, **options):
        seen.update(options, names=names)
        return results

    monkeypatch.setattr(doctor, "inspect_machine", machine)
    monkeypatch.setattr(runner, "run_notebooks", run_notebooks)
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
    values = {"PROFILE": "smoke", "DATASET": "painted", "DIRECTION": None, "PALETTE": None}
    assert seen["values"] == values | {"SEED": 4}
    assert seen["extra"] == {"STEPS": 3, "NAME": "word", "RATE": 0.001, "RECIPE": "keras_book"}
    assert seen["follow"]
    assert (seen["timeout"], seen["device"]) == (9, "CPU, 2 cores")
    assert "01_one    passed       1 min 01 s" in result.output
    assert f"executed notebooks:  {tmp_path}\n" in result.output
    assert f"trained run:         {tmp_path / 'runs/one'}\n" in result.output
    assert f"metrics table:       {evaluation / 'metrics.csv'}\n" in result.output
    assert f"test translations:   {evaluation / 'grid.png'}\n" in result.output


def test_run_exits_with_1_if_any_notebook_failed(call, monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "inspect_machine", machine)
    write(tmp_path, "01_bad", "import sys; sys.exit(0)")
    write(tmp_path, "02_good", "1 + 1")
    place = ["--notebooks", tmp_path, "--output", tmp_path / "out"]
    result = call("run", *place)
    assert result.exit_code == 1
    assert "01_bad    failed" in result.output
    assert "02_good   passed" in result.output
    assert call("run", "2", *place).exit_code == 0


def test_run_refuses_a_misspelled_parameter(call, monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "inspect_machine", machine)
    write(tmp_path, "01_one", "1")
    out = tmp_path / "out"
    result = call("run", "--notebooks", tmp_path, "--output", out, "-p", "SEDE", "3")
    assert result.exit_code == 1
    assert result.output.startswith("Error: no notebook has a parameter 'SEDE'; did you mean")
    assert not out.exists()


@pytest.mark.parametrize(("problem", "code"), [(None, 0), ("no libcudart", 1)])
def test_doctor_reports_and_fails_if_tensorflow_does(call, monkeypatch, problem, code):
    monkeypatch.setattr(doctor, "inspect_machine", lambda: machine(problem))
    result = call("doctor")
    assert result.exit_code == code
    assert "Profile         cpu" in result.output
    assert ("no libcudart" in result.output) == bool(problem)


def test_notebooks_build_is_there_for_authors_but_not_listed(call, tmp_path):
    listed = call("--help").output.split("Commands:")[1]
    assert "\n  evaluate " in listed
    assert "\n  notebooks " not in listed
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources/01_one.py").write_text("# %%\n1 + 1\n")
    result = call("notebooks", "build", "--no-run", "--notebooks", tmp_path)
    assert f"wrote {tmp_path / '01_one.ipynb'}\n" in result.output
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


def test_notebooks_inject_and_compare_serve_nbval(call, tmp_path):
    write(tmp_path / "n", "01_one", "print(PROFILE)")
    place = ("--notebooks", tmp_path / "n")
    result = call("notebooks", "inject", tmp_path / "o", *place)
    assert result.output == f"1 notebooks in {tmp_path / 'o'}\n"
    assert 'PROFILE = \\"smoke\\"' in (tmp_path / "o/01_one.ipynb").read_text()
    result = call("notebooks", "compare", tmp_path / "o", *place)
    assert result.output == f"1 stored notebooks agree with {tmp_path / 'o'}\n"
    result = call("notebooks", "compare", tmp_path / "nowhere", *place)
    assert result.exit_code == 1
    assert "run it" in result.output


def test_grade_lists_students_and_says_where_the_tables_are(call, pretend, tmp_path):
    rows = [
        SimpleNamespace(student="ada", passed=2, notes=[]),
        SimpleNamespace(student="benjamin", passed=0, notes=["no notebook"]),
    ]
    calls = pretend("notebooks.grade", "grade", (rows, ["04.1", "04.2"]))
    result = call("grade", "in", "--output", tmp_path, "--timeout", "60", "--profile", "cpu")
    assert result.output.splitlines() == [
        "ada       2 of 2",
        "benjamin  0 of 2  no notebook",
        f"tables: {tmp_path / 'grades.csv'}, {tmp_path / 'grades.html'}",
    ]
    ((folder,), options) = calls[0]
    assert folder == Path("in")
    assert (options["timeout"], options["profile"]) == (60, "cpu")
