import dataclasses
import subprocess
import sys

import psutil
import pytest

from pix2pix_course import doctor, runs
from pix2pix_course.support import engine

LAPTOP = doctor.Machine(cores=2, memory=8.0, others={"keras": "3.10.0"})
CARD = "Tesla T4, 15360 MiB"


def test_this_machine_is_described_as_others_see_it(monkeypatch):
    monkeypatch.setattr(doctor, "ask_engine", lambda: ((), None))
    machine = doctor.inspect_machine()
    assert machine.memory == pytest.approx(psutil.virtual_memory().total / 2**30, rel=0.01)
    assert machine.cores == len(psutil.Process().cpu_affinity())
    free = float(machine.others["Free disk"].removesuffix(" GiB"))
    assert free == pytest.approx(psutil.disk_usage(".").free / 2**30, abs=1)
    assert machine.others["numpy"] == __import__("numpy").__version__
    assert machine.others["python"] == sys.version.split()[0]


def test_the_engine_is_asked_in_another_process():
    code = (
        "import sys; from pix2pix_course import doctor; m = doctor.inspect_machine(); "
        "print(m.problem, 'tensorflow' in sys.modules, 'keras' in sys.modules)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.split() == ["None", "False", "False"]


@pytest.mark.parametrize(
    ("changes", "profile", "words"),
    [
        ({}, "cpu", "GPU             none"),
        ({}, "cpu", "keras           3.10.0"),
        ({"memory": None}, "cpu", "Memory          unknown"),
        ({"cores": 1}, "smoke", "less than 2 cores"),
        ({"memory": 2.0}, "smoke", "3 GiB"),
        ({"gpus": (CARD,), "used_gpus": ("Tesla T4",)}, "gpu", "Tesla T4, 15360 MiB"),
        ({"gpus": (CARD,)}, "cpu", "engine does not use the GPU"),
        ({"problem": "no such file"}, "cpu", "Problem         no such file"),
    ],
)
def test_advice_follows_from_the_facts(changes, profile, words):
    machine = dataclasses.replace(LAPTOP, **changes)
    assert machine.advice[0] == profile
    assert words in machine.report()


def test_device_is_the_gpu_in_use_or_the_cpu():
    assert LAPTOP.device == "CPU, 2 cores"
    assert dataclasses.replace(LAPTOP, used_gpus=("Tesla T4",)).device == "Tesla T4"


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("raise ImportError('libcudart is missing')", "ImportError: libcudart is missing"),
        ("import no_such_tensorflow", "No module named 'no_such_tensorflow'"),
        ("import os; os.abort()", "exit code -6"),
    ],
)
def test_an_engine_that_will_not_do_is_a_sentence(monkeypatch, script, problem):
    monkeypatch.setattr(doctor, "ASK_ENGINE", script)
    gpus, found = doctor.ask_engine()
    assert gpus == ()
    assert problem in found
    assert len(found.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "hidden", "why"),
    [
        ("jax", None, "pip install 'jax[cuda13]'"),
        ("tensorflow", None, "pip install -e '.[gpu]'"),
        ("tensorflow", "-1", "the variable CUDA_VISIBLE_DEVICES hides it"),
        ("jax", "", "the variable CUDA_VISIBLE_DEVICES hides it"),
    ],
)
def test_why_an_engine_does_not_use_the_gpu(monkeypatch, name, hidden, why):
    monkeypatch.setattr(engine, "engine_name", lambda: name)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if hidden is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    report = doctor.Machine(cores=2, memory=8.0, gpus=(CARD,)).report()
    assert f"does not use the GPU: {why}" in report


def drivers_say(monkeypatch, table: str) -> None:
    done = subprocess.CompletedProcess("nvidia-smi", 0, stdout=table)
    monkeypatch.setattr(engine.subprocess, "run", lambda *a, **k: done)


def test_gpus_are_read_from_the_drivers_table(monkeypatch):
    drivers_say(monkeypatch, f"NVIDIA H100, PCIe, 81559 MiB\n{CARD}\n")
    assert engine.driver_gpus() == ("NVIDIA H100, PCIe, 81559 MiB", CARD)


def test_a_training_on_the_cpu_beside_a_gpu_says_why(monkeypatch, small_config, tmp_path, capsys):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")  # where a GPU is, it is hidden
    assert engine.unused_gpus() == []
    drivers_say(monkeypatch, f"{CARD}\n")
    said = f"TensorFlow computes on the CPU, not on {CARD}: the variable CUDA_VISIBLE_DEVICES"
    with pytest.warns(UserWarning, match=said):
        runs.train(small_config.replace(epochs=1), tmp_path / "run", verbose=0)
    engine.setup()
    assert capsys.readouterr().out.splitlines()[1].startswith(said)


def test_no_driver_means_no_gpu(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert engine.driver_gpus() == ()
