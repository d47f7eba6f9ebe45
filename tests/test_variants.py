"""The door to the variants: behind it, the defaults are the core."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from pix2pix_course import runs
from pix2pix_course.config import Config, profile
from pix2pix_course.pairs import load_pairs
from pix2pix_course.training import build_pix2pix
from pix2pix_course.variants import Variant, fields_of

SMALL = profile("smoke").replace(generator_filters=4, discriminator_filters=4, batch_size=2)


def batch(size: int = 64):
    random = np.random.default_rng(1)
    images = random.uniform(-1, 1, (2, 2, size, size, 3)).astype(np.float32)
    return tuple(tf.constant(side) for side in images)


def numbers(variables) -> list[np.ndarray]:
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"generator": "encoder_decoder"},
        {"gan_loss": "lsgan"},
        {"conditional": False},
        {"gan_weight": 0.0},
        *({"discriminator_layers": layers} for layers in (0, 1, 3, 4)),
    ],
    ids=str,
)
def test_the_default_variant_equals_the_core(changes):
    """The same seed: the same weights in the same order, the same answers, the same step."""
    plain = SMALL.replace(**changes)
    models = [build_pix2pix(plain), build_pix2pix(Config(**vars(plain) | {"variant": Variant()}))]
    assert type(models[0]) is not type(models[1])
    condition, target = batch()
    for network in ("generator", "discriminator"):
        first, second = (numbers(getattr(model, network).weights) for model in models)
        assert len(first) == len(second)
        for mine, theirs in zip(first, second, strict=True):
            np.testing.assert_array_equal(mine, theirs)
    outputs = [model.generator(condition, training=False) for model in models]
    np.testing.assert_array_equal(*outputs)
    np.testing.assert_array_equal(*(model.judge(condition, target) for model in models))

    reports = [model.train_step((condition, target)) for model in models]
    for term, value in reports[0].items():
        assert float(value) == pytest.approx(float(reports[1][term]), rel=1e-6)
    for network in ("generator", "discriminator"):
        first, second = (numbers(getattr(model, network).weights) for model in models)
        for mine, theirs in zip(first, second, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-7)


def test_its_data_are_the_cores_too(painted):
    config = SMALL.replace(dataset=str(painted), train_pairs=None, epochs=2)
    about = {"direction": "BtoA", "palette": None}
    plain = runs.open_run("x", config, None, 0, about)
    door = runs.open_run("x", Config(**vars(config) | {"variant": Variant()}), None, 0, about)
    assert type(plain) is not type(door)
    dataset = plain.dataset()
    for mine, theirs in zip(plain.pairs(dataset, "test"), door.pairs(dataset, "test"), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    streams = (run.batches(dataset, 0)[0].as_numpy_iterator() for run in (plain, door))
    for mine, theirs in zip(*streams, strict=True):
        np.testing.assert_array_equal(np.stack(mine), np.stack(theirs))
    label = load_pairs(dataset, "test", 64).condition[0]
    np.testing.assert_array_equal(plain.condition(label), door.condition(label))


def test_the_door_opens_without_an_engine():
    """A command line that changes a configuration has not the seconds that TensorFlow takes."""
    code = (
        "import sys; from pix2pix_course.config import Config\n"
        "Config().replace(bottleneck_norm=True)\n"
        "assert not {'tensorflow', 'keras', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("crop", ["random", "centre"])
def test_where_jitter_crops(painted, crop):
    config = SMALL.replace(
        dataset=str(painted), train_pairs=None, mirror=False, shuffle=False, crop=crop, epochs=3,
        batch_size=10,
    )  # fmt: skip
    run = runs.open_run("x", config, None, 0, {"direction": "BtoA", "palette": None})
    dataset = run.dataset()
    batches, steps = run.batches(dataset, 0)
    middle = load_pairs(dataset, "train", 72).target[:, 4:68, 4:68]
    found = [run.picture(target.numpy(), None) for _, target in batches]
    assert steps == 1
    assert [np.array_equal(images, middle) for images in found] == [crop == "centre"] * 3


def test_every_field_has_a_default_of_its_own_and_a_place_in_the_dictionary():
    fields = fields_of(Config())
    assert len(fields) == 32
    assert not set(fields) & set(vars(Config()))
    assert Config().replace(**fields).variant is None
