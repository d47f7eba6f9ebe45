import dataclasses
import subprocess
import sys

import psutil
import pytest

from pix2pix_course import doctor

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


def test_what_makes_an_engine_use_the_gpu_is_its_own(monkeypatch):
    monkeypatch.setattr(doctor, "engine_name", lambda: "jax")
    report = doctor.Machine(cores=2, memory=8.0, gpus=(CARD,)).report()
    assert "does not use the GPU: pip install 'jax[cuda13]'" in report


def test_gpus_are_read_from_the_drivers_table(monkeypatch):
    table = "NVIDIA H100, PCIe, 81559 MiB\nTesla T4, 15360 MiB\n"
    monkeypatch.setattr(
        subprocess, "run", lambda *a, **k: subprocess.CompletedProcess(a, 0, stdout=table)
    )
    assert doctor.driver_gpus() == ("NVIDIA H100, PCIe, 81559 MiB", CARD)


def test_no_driver_means_no_gpu(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert doctor.driver_gpus() == ()
