"""Every field of `Variant` reaches what it speaks of, and nothing else."""

import keras
import pytest

from pix2pix_course import runs
from pix2pix_course.config import profile
from pix2pix_course.training import build_discriminator, build_generator, build_pix2pix
from pix2pix_course.variants import fields_of

SMALL = profile("smoke").replace(train_pairs=None, test_pairs=None, generator_filters=4,
                                 discriminator_filters=4, discriminator_layers=1)  # fmt: skip
IMAGE = {"discriminator": "image"}
PENALTY = {"gan_loss": "wgan_gp", "discriminator_norm": "instance"}

# field → a value that is not its default, what it needs beside it, what it changes
FIELDS = {
    "task": ("inpainting", {}, "data"),
    "grey_input": (True, {}, "data generator discriminator"),
    "grey_output": (True, {}, "data generator discriminator"),
    "value_range": ("unit", {}, "data"),
    "resize": ("bilinear", {}, "data"),
    "crop": ("centre", {}, "data"),
    "shuffle": (False, {}, "data"),
    "generator_norm": ("instance", {}, "generator"),
    "bottleneck_norm": (True, {}, "generator"),
    "generator_bias": ("all", {}, "generator"),
    "skips_carry": ("after_activation", {}, "generator"),
    "decoder_relu": ("before_skip", {}, "generator"),
    "decoder": ("upsampling", {}, "generator"),
    "decoder_widths": ("as_printed", {}, "generator"),
    "dropout_innermost": (False, {}, "generator"),
    "discriminator": ("image", {}, "discriminator"),
    "discriminator_norm": ("instance", {}, "discriminator"),
    "discriminator_bias": ("all", {}, "discriminator"),
    "discriminator_padding": (2, {}, "discriminator"),
    "minibatch_features": (5, IMAGE, "discriminator"),
    "leaky_slope": (0.3, {}, "generator discriminator"),
    "norm_epsilon": (1e-3, {}, "generator discriminator"),
    "norm_momentum": (0.5, {}, "generator discriminator"),
    "init_stddev": (0.05, {}, "generator discriminator"),
    "gamma_stddev": (0.0, {}, "generator discriminator"),
    "halve_d_loss": (False, {}, ""),
    "gradient_penalty": (1.0, PENALTY, ""),
    "adam_epsilon": (1e-4, {}, "optimizers"),
    "update_order": ("simultaneous", {}, ""),
    "fakes_for_d": ("inference", {}, ""),
    "one_class_batches": (True, {}, ""),
    "pool_size": (1, {}, ""),
}


def test_no_field_is_forgotten():
    assert list(FIELDS) == list(fields_of(SMALL))


def architecture(build, config) -> dict:
    keras.utils.set_random_seed(0)  # a network built before this one would have taken numbers,
    keras.utils.clear_session()  # and names of layers
    return build(config).get_config()


def made(config, dataset) -> dict:
    """What a configuration makes, by part: its data, the networks, optimizers and first steps."""
    about = {"direction": "BtoA", "palette": None}
    run = runs.open_run("x", config.replace(dataset=str(dataset)), None, 0, about)
    batch = next(iter(run.batches(run.dataset(), 0)[0]))
    keras.utils.clear_session()  # optimizers have numbered names too
    model = build_pix2pix(config)
    parts = {
        "data": [side.numpy().tobytes() for side in batch],
        "generator": architecture(build_generator, config),
        "discriminator": architecture(build_discriminator, config),
        "optimizers": [model.optimizer.get_config(), model.discriminator_optimizer.get_config()],
    }
    for _ in range(3):
        model.train_step(batch)
    weights = model.generator.get_weights() + model.discriminator.get_weights()
    parts["steps"] = [array.tobytes() for array in weights]
    return {name: repr(part) for name, part in parts.items()}


@pytest.fixture(scope="module")
def usual(painted):
    """The same of the configuration that a field is compared with, made once."""
    known = {}

    def look_up(config):
        if config not in known:
            known[config] = made(config, painted)
        return known[config]

    return look_up


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_changes_its_part_and_no_other(name, painted, usual):
    value, needs, where = FIELDS[name]
    config = SMALL.replace(**needs)
    changed = made(config.replace(**{name: value}), painted)
    before = usual(config)
    assert {part for part in before if before[part] != changed[part]} == {*where.split(), "steps"}
