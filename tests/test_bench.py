"""The bench measures what it says; its figures are measured, not tested."""

import importlib.util
import json
import time

import keras
import numpy as np
import pytest
from click.testing import CliRunner

from pix2pix_course.bench import measure
from pix2pix_course.bench.command import bench, line
from pix2pix_course.bench.tutorial import tutorial_batches, tutorial_step
from pix2pix_course.datasets import open_dataset
from pix2pix_course.training import build_pix2pix

SMALL = measure.sized(64, 1).replace(discriminator_layers=2)


def test_medians_are_of_turns():
    calls = []
    functions = {
        "fast": lambda: calls.append("fast"),
        "slow": lambda: (calls.append("slow"), time.sleep(0.01)),
    }
    found = measure.in_turns(functions, rounds=3)
    assert found["slow"] > 0.01 > found["fast"]
    assert calls[4:] == ["fast", "slow"] * 3  # two warm-ups each before


def test_the_tutorials_step_sees_d_twice_and_trains():
    batch = [np.random.default_rng(0).uniform(-1, 1, (1, 64, 64, 3)).astype("f4")] * 2
    step = tutorial_step(SMALL)
    losses = [[float(value) for value in step(*batch)] for _ in range(8)]
    assert losses[-1][0] < losses[0][0]
    assert losses[0][1] == pytest.approx(2 * np.log(2), rel=0.2)  # a D that guesses


def test_the_tutorials_pipeline_gives_each_pair_once(painted):
    dataset = open_dataset(painted)
    pairs = list(tutorial_batches(dataset, SMALL))
    assert len(pairs) == len(dataset.files("train"))
    for side in pairs[0]:
        assert side.shape == (1, 64, 64, 3)
        assert -1 <= side.numpy().min() < side.numpy().max() <= 1


@pytest.mark.skipif(not importlib.util.find_spec("torch"), reason="PyTorch is not installed")
def test_plain_torch_has_the_same_networks_and_trains():
    import torch

    from pix2pix_course.bench import plain_torch

    model = build_pix2pix(SMALL)
    count = [sum(p.numel() for p in network.parameters()) for network in (
        plain_torch.UNet(64, SMALL.generator_filters),
        plain_torch.patchgan(2, SMALL.discriminator_filters),
    )]  # fmt: skip
    networks = model.generator, model.discriminator
    assert count == [sum(int(np.prod(w.shape)) for w in n.trainable_weights) for n in networks]
    step, batch = plain_torch.torch_step(SMALL), [torch.rand(1, 3, 64, 64)] * 2
    losses = [[value.item() for value in step(*batch)] for _ in range(8)]
    assert losses[-1][0] < losses[0][0]
    keras.utils.clear_session()


def test_a_line_says_how_many_times_faster_the_course_is():
    assert "tutorial 300 (1.50)" in line("step", {"course": 0.2, "tutorial": 0.3})


def test_the_command_writes_numbers_and_a_plot(tmp_path, monkeypatch):
    monkeypatch.setattr(measure, "PICTURES", 2)
    monkeypatch.setattr(measure, "translation_times", lambda rounds: {"course": 1, "tutorial": 1})
    monkeypatch.setattr(measure, "start_times", lambda rounds: {"--help": 0.2, "peak memory": 1.5})
    words = ["--quick", "--rounds", "1", "--output", str(tmp_path / "bench")]
    result = CliRunner().invoke(bench, words)
    assert result.exit_code == 0, result.output
    content = json.loads((tmp_path / "bench" / "bench.json").read_text())
    assert [(p["size"], p["batch"]) for p in content["steps"]] == [(64, 1), (64, 4)]
    assert all(p["seconds"]["course"] > 0 for p in content["steps"])
    assert (tmp_path / "bench" / "bench.png").stat().st_size > 5000
