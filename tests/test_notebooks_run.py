"""The runner, tried on small notebooks without TensorFlow."""

import json
import os
import signal
import subprocess
import sys
import time

import nbformat
import psutil
import pytest
from small_notebooks import PARAMETERS, printed, write

from pix2pix_course.figures import sliders
from pix2pix_course.notebooks import CHECKOUT, files, run
from pix2pix_course.notebooks.kernels import HEADLESS


def test_a_run_injects_what_each_notebook_knows_and_reports(tmp_path):
    folder, output = tmp_path / "notebooks", tmp_path / "output"
    write(
        folder,
        "01_all",
        "import os, sys, pix2pix_course\n"
        "print(PROFILE, DIRECTION, SEED, RUNS, EXTRA)\n"
        "print(os.getcwd(), sys.executable, os.environ['PIX2PIX_COURSE_DATA'])",
        parameters=PARAMETERS + "\nEXTRA = 1",
    )
    write(folder, "02_few", "print(PROFILE, 'RUNS' in globals())", parameters='PROFILE = "cpu"')

    results = run.run_notebooks(
        folder=folder,
        output=output,
        values={"PROFILE": "smoke", "DIRECTION": "BtoA", "SEED": 0},
        extra={"EXTRA": [1.5, None]},
        data_folder=tmp_path / "data",
        device="abacus",
    )

    assert [r.status for r in results] == ["passed", "passed"]
    first, second = printed(output / "01_all.ipynb").splitlines()
    assert first == f"smoke BtoA 0 {output / 'runs'} [1.5, None]"
    assert second == f"{output} {sys.executable} {tmp_path / 'data'}"
    assert printed(output / "02_few.ipynb") == "smoke False\n"
    report = json.loads((output / "report.json").read_text())
    assert set(report) == {"01_all", "02_few"}
    record = report["02_few"]
    assert record["status"] == "passed"
    assert record["device"] == "abacus"
    assert record["parameters"] == {"PROFILE": "smoke"}
    assert record["versions"]["python"] == sys.version.split()[0]
    assert record["versions"]["numpy"]


def test_a_run_has_no_reader_to_move_a_slider(tmp_path, monkeypatch):
    monkeypatch.delenv(HEADLESS, raising=False)
    path = write(tmp_path, "01_env", f"import os\nprint(os.environ['{HEADLESS}'])")
    assert run.execute(path, tmp_path / "out.ipynb", working_folder=tmp_path) is None
    assert printed(tmp_path / "out.ipynb") == "1\n"


def test_sliders_listen_to_the_variable_of_the_runner():
    assert sliders.HEADLESS == HEADLESS


def test_what_shows_tensorflow_says_so_where_another_engine_computes(tmp_path, monkeypatch):
    path = write(tmp_path, "01_tape", "import no_such_package", "print('always')")
    notebook = files.read(path)
    files.code_cells(notebook)[-2].metadata["tags"] = ["tensorflow"]
    nbformat.write(notebook, path)
    out = tmp_path / "out.ipynb"
    assert "no_such_package" in run.execute(path, out, working_folder=tmp_path)
    monkeypatch.setattr(run, "engine_name", lambda: "jax")
    assert run.execute(path, out, working_folder=tmp_path) is None
    shown = [output.text for cell in files.code_cells(files.read(out)) for output in cell.outputs]
    assert shown == ["skipped: it shows TensorFlow's own tools; here is JAX\n", "always\n"]


def test_a_run_can_be_followed(tmp_path, capfd):
    write(tmp_path / "notebooks", "01_talks", "print('half', 'way')")
    for follow in (False, True):
        place = {"folder": tmp_path / "notebooks", "output": tmp_path / "output"}
        run.run_notebooks(**place, values={}, follow=follow)
        assert ("half way\n" in capfd.readouterr().out) is follow


@pytest.mark.parametrize(
    ("cells", "error"),
    [
        (("x = 1", "1 / 0", "later = 1"), "In [4] ('1 / 0'): ZeroDivisionError: division by zero"),
        (("import sys", "sys.exit(0)", "later = 1"), "In [4] ('sys.exit(0)'): SystemExit"),
        (
            ("import os; os._exit(3)",),
            "In [3] ('import os; os._exit(3)'): DeadKernelError: it ended by",
        ),
        (("import os; os.abort()",), "DeadKernelError: it crashed (signal 6, Aborted)"),
        (
            ("import os; os.kill(os.getpid(), 9)",),
            "killed it (signal 9): most often memory ran out",
        ),
        (("import time; time.sleep(60)", "later = 1"), "In [3] ('import time; time.sleep(60)'): "),
    ],
    ids=["error", "sys.exit(0)", "kernel ended", "kernel crashed", "kernel killed", "timeout"],
)
def test_a_failure_is_reported_kept_and_does_not_stop_the_next(tmp_path, capfd, cells, error):
    write(tmp_path / "n", "01_bad", *cells)
    write(tmp_path / "n", "02_good", "print('fine')")

    bad, good = run.run_notebooks(
        folder=tmp_path / "n", output=tmp_path / "o", values={}, timeout=6
    )

    assert bad.status == "failed"
    assert error in bad.error
    assert "sleep" not in bad.error or "timed out" in bad.error
    assert bad.executed.exists()
    assert good.status == "passed"
    assert "01_bad failed" in capfd.readouterr().out
    assert json.loads((tmp_path / "o/report.json").read_text())["01_bad"]["error"] == bad.error


def test_memory_that_runs_out_is_named_and_ends_what_the_notebook_has_started(tmp_path):
    path = write(
        tmp_path,
        "01_greedy",
        "import pathlib, subprocess, time\nchild = subprocess.Popen(['sleep', '60'])",
        "pathlib.Path('pid').write_text(str(child.pid))",
        "hog = b'x' * 10**9\ntime.sleep(60)",
    )
    error = run.execute(path, tmp_path / "o.ipynb", working_folder=tmp_path, memory_limit=0.7)
    assert "OutOfMemory: " in error
    assert "0.7 GiB allowed" in error
    child = psutil.Process(int((tmp_path / "pid").read_text()))
    assert child.status() == psutil.STATUS_ZOMBIE or not child.is_running()


FULL_DISK = """
import resource
from pathlib import Path
from pix2pix_course.notebooks import run
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))  # no file may be larger
results = run.run_notebooks(folder=Path("n"), output=Path("o"), values={})
print(*(f"{r.notebook} {r.status} {r.error}" for r in results), sep="\\n")
"""


def test_a_full_disk_fails_one_notebook_with_the_reason(tmp_path):
    write(tmp_path / "n", "01_large", "print('words ' * 20_000)", "later = 1")
    write(tmp_path / "n", "02_small", "print('fine')")
    command = [sys.executable, "-c", FULL_DISK]
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "01_large failed OSError: [Errno 27] File too large" in done.stdout
    assert "02_small passed None" in done.stdout


def test_a_report_that_cannot_be_written_costs_no_result(tmp_path, monkeypatch, capsys):
    write(tmp_path / "n", "01_one", "print('fine')")

    def full(path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(run, "atomic", full)
    (result,) = run.run_notebooks(folder=tmp_path / "n", output=tmp_path / "o", values={})
    assert result.status == "passed"
    assert "report.json cannot be written (No space left on device)" in capsys.readouterr().out


def broken_off(tmp_path, status: str) -> dict:
    """The report of a run whose second of three notebooks did not end."""
    for name in ("01_one", "02_two", "03_three"):
        write(tmp_path / "n", name, f"print({name!r})")
    run.run_notebooks(folder=tmp_path / "n", output=tmp_path / "o", values={"SEED": 1})
    report = json.loads((tmp_path / "o/report.json").read_text())
    report["02_two"]["status"] = status
    (tmp_path / "o/report.json").write_text(json.dumps(report))
    return {"folder": tmp_path / "n", "output": tmp_path / "o"}


def started(capsys) -> list[str]:
    return [line[:-2] for line in capsys.readouterr().out.splitlines() if line.endswith(" …")]


@pytest.mark.parametrize("status", ["running", "interrupted"])
def test_a_run_that_was_broken_off_goes_on_where_it_was(tmp_path, capsys, status):
    place = broken_off(tmp_path, status)
    started(capsys)
    results = run.run_notebooks(**place, values={"SEED": 1})
    assert [r.notebook for r in results] == ["01_one", "02_two", "03_three"]
    assert [r.status for r in results] == ["passed"] * 3
    assert started(capsys) == ["02_two", "03_three"]
    run.run_notebooks(**place, values={"SEED": 1})  # the last one came to its end: all anew
    assert started(capsys) == ["01_one", "02_two", "03_three"]


@pytest.mark.parametrize("change", ["parameters", "notebook", "report"])
def test_another_run_than_the_one_that_was_broken_off_begins_anew(tmp_path, capsys, change):
    place, seed = broken_off(tmp_path, "running"), 1
    if change == "parameters":
        seed = 2
    elif change == "notebook":
        write(tmp_path / "n", "01_one", "print('changed')")
    else:
        (tmp_path / "o/report.json").write_text("{")
    started(capsys)
    run.run_notebooks(**place, values={"SEED": seed})
    assert started(capsys) == ["01_one", "02_two", "03_three"]


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"cells": 3}', "\x89PNG\r\n"])
def test_a_notebook_that_is_none_is_named_before_anything_runs(tmp_path, content):
    write(tmp_path / "n", "01_good")
    (tmp_path / "n/02_bad.ipynb").write_text(content)
    with pytest.raises(files.NotebookError, match=r"02_bad\.ipynb is no notebook"):
        run.run_notebooks(folder=tmp_path / "n", output=tmp_path / "o", values={})
    assert not (tmp_path / "o").exists()


def test_a_misspelled_parameter_stops_before_anything_runs(tmp_path):
    write(tmp_path / "n", "01_one")
    place = {"folder": tmp_path / "n", "output": tmp_path / "o"}
    with pytest.raises(files.NotebookError, match=r"'SEDE'; did you mean 'SEED'\?") as error:
        run.run_notebooks(**place, values={}, extra={"SEDE": 3})
    assert "01_one: PROFILE, DATASET, DIRECTION, SEED, RUNS" in str(error.value)
    assert not (tmp_path / "o").exists()


def test_two_runs_agree(tmp_path):
    write(
        tmp_path / "n",
        "01_seeded",
        "import numpy as np\nprint(np.random.default_rng(SEED).random(3))",
    )
    for name in ("a", "b"):
        run.run_notebooks(folder=tmp_path / "n", output=tmp_path / name, values={"SEED": 7})
    assert printed(tmp_path / "a/01_seeded.ipynb") == printed(tmp_path / "b/01_seeded.ipynb")
    run.run_notebooks(folder=tmp_path / "n", output=tmp_path / "c", values={"SEED": 8})
    assert printed(tmp_path / "a/01_seeded.ipynb") != printed(tmp_path / "c/01_seeded.ipynb")


def test_a_later_run_keeps_the_records_of_other_notebooks(tmp_path):
    write(tmp_path / "n", "01_one")
    write(tmp_path / "n", "02_two")
    for name in ("1", "2"):
        run.run_notebooks([name], folder=tmp_path / "n", output=tmp_path / "o", values={})
    assert set(json.loads((tmp_path / "o/report.json").read_text())) == {"01_one", "02_two"}


def test_ctrl_c_stops_the_kernel_and_reports_what_was_done(tmp_path):
    write(tmp_path / "n", "01_one")
    write(
        tmp_path / "n",
        "02_long",
        "import os, pathlib, time",
        "pathlib.Path('pid').write_text(str(os.getpid()))\ntime.sleep(60)",
    )
    write(tmp_path / "n", "03_never")
    code = (
        "from pathlib import Path; from pix2pix_course.notebooks import run; "
        "place = {'folder': Path('n'), 'output': Path('o')}; "
        "print([r.status for r in run.run_notebooks(**place, values={})])"
    )
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT)}
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # a shell's background job would hand down that Ctrl-C is ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        pid = tmp_path / "o/pid"
        for _ in range(300):
            if pid.exists() and pid.read_text():
                break
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert "['passed', 'interrupted']" in out, err
    report = json.loads((tmp_path / "o/report.json").read_text())
    assert {name: record["status"] for name, record in report.items()} == {
        "01_one": "passed",
        "02_long": "interrupted",
    }
    assert (tmp_path / "o/02_long.ipynb").exists()
    with pytest.raises(ProcessLookupError):  # the kernel is gone as well
        os.kill(int(pid.read_text()), 0)


def test_injected_copies_hold_other_parameters_and_the_stored_outputs(tmp_path):
    path = write(tmp_path / "n", "01_one", "print(PROFILE, RUNS)")
    notebook = files.read(path)
    for cell in notebook.cells[1:]:
        cell.execution_count = 1
    notebook.cells[-1].outputs = [nbformat.v4.new_output("stream", text="stored")]
    nbformat.write(notebook, path)
    place = {"folder": tmp_path / "n", "output": tmp_path / "o"}
    (copy,) = run.inject((), **place, values={"PROFILE": "smoke", "OTHER": 1})
    _, _, injected, printing = files.read(copy).cells
    assert files.tags(injected) == ["injected-parameters"]
    assert injected.source.splitlines()[1:] == [
        'PROFILE = "smoke"',
        f'RUNS = "{tmp_path / "o/runs"}"',
    ]
    assert injected.execution_count is None  # nbval runs it and compares nothing
    assert printing.outputs[0].text == "stored"


def test_products_are_those_that_exist(tmp_path):
    assert list(run.products(tmp_path)) == []
    evaluation = tmp_path / "runs/painted/evaluation"
    evaluation.mkdir(parents=True)
    for path in (evaluation.parent / "config.json", evaluation / "grid.png"):
        path.touch()
    assert list(run.products(tmp_path)) == [
        ("trained run", evaluation.parent),
        ("test translations", evaluation / "grid.png"),
    ]
