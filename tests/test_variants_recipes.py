"""Counts and settings are those of the implementations themselves."""

import warnings
from itertools import pairwise

import keras
import numpy as np
import pytest
import tensorflow as tf

from pix2pix_course import runs
from pix2pix_course.config import Config, profile
from pix2pix_course.datasets.catalogue import CATALOGUE
from pix2pix_course.training import build_discriminator, build_generator, build_pix2pix
from pix2pix_course.variants.recipes import (
    NATURAL,
    RECIPES,
    DefectWarning,
    defects,
    known_faults,
    recipe,
    repair,
)


def counts(build, config: Config) -> tuple[int, int]:
    """Trainable weights, and all with the moving averages; no number is drawn or stored."""
    with keras.StatelessScope(initialize_variables=False):
        model = build(config)
        kinds = (model.trainable_weights, model.weights)
        return tuple(sum(int(np.prod(weight.shape)) for weight in found) for found in kinds)


def of_type(model, kind):
    return [layer for layer in model.layers if type(layer) is kind]


# trainable, with moving statistics
GENERATORS = {
    "paper": (54_413_955, 54_423_811),
    "tensorflow_tutorial": (54_414_979, 54_425_859),
    "tjwei_keras": (54_414_531, 54_424_387),
    "gluon_tutorial": (54_413_955, 54_423_811),
    "keras_book": (129_137_089, 129_153_729),
    "pytorch_reference": (54_413_955, 54_423_811),
}
# trainable, with moving statistics, output for 256 pixels
DISCRIMINATORS = {
    "paper": (2_768_705, 2_770_497, (30, 30, 1)),
    "tensorflow_tutorial": (2_768_641, 2_770_433, (30, 30, 1)),
    "tjwei_keras": (2_768_705, 2_770_497, (30, 30, 1)),
    "gluon_tutorial": (2_768_705, 2_770_497, (35, 35, 1)),
    "keras_book": (19_796_880, 19_802_768, (2,)),
    "pytorch_reference": (2_768_705, 2_770_497, (30, 30, 1)),
}


@pytest.mark.parametrize("name", RECIPES)
def test_generators_have_the_known_counts(name):
    assert counts(build_generator, recipe(name)) == GENERATORS[name]


@pytest.mark.parametrize("name", RECIPES)
def test_discriminators_have_the_known_counts_and_grids(name):
    config = recipe(name)
    *count, grid = DISCRIMINATORS[name]
    assert counts(build_discriminator, config) == tuple(count)
    with keras.StatelessScope(initialize_variables=False):
        image = (1, 256, 256, config.output_channels)
        seen = [(1, 256, 256, config.input_channels), image] if config.conditional else image
        assert build_discriminator(config).compute_output_shape(seen)[1:] == grid


# Settings that stand in no count, read off the implementations.
SETTINGS = {
    "paper": {"leaky_slope": 0.2, "epochs": 200, "decay_epochs": 0, "pool_size": 0},
    "tensorflow_tutorial": {
        "leaky_slope": 0.3, "norm_epsilon": 1e-3, "norm_momentum": 0.99, "resize": "nearest",
        "update_order": "simultaneous", "halve_d_loss": False, "adam_epsilon": 1e-7,
        "direction": "BtoA", "test_mode": "paper",
    },
    "tjwei_keras": {"crop": "centre", "gan_loss": "probabilities", "epochs": 50},
    "gluon_tutorial": {
        "batch_size": 10, "pool_size": 50, "jitter": False, "mirror": False, "shuffle": False,
        "test_mode": "running", "norm_momentum": 0.1, "discriminator_padding": 2,
    },
    "keras_book": {
        "learning_rate": 1e-4, "beta_1": 0.9, "gan_loss": "softmax", "conditional": False,
        "value_range": "unit", "one_class_batches": True, "init_stddev": None, "epochs": 500,
    },
    "pytorch_reference": {"epochs": 200, "decay_epochs": 100, "resize": "bicubic"},
}  # fmt: skip


@pytest.mark.parametrize("name", RECIPES)
def test_settings(name):
    config = recipe(name)
    assert {field: getattr(config, field) for field in SETTINGS[name]} == SETTINGS[name]
    assert (config.image_size, config.lambda_l1) == (256, 100)


def dropout_sides(config: Config) -> list[int]:
    generator = build_generator(config.replace(generator_filters=2))
    size = config.image_size
    found = []
    for layer in of_type(generator, keras.layers.Dropout):
        inside = keras.Model(generator.input, layer.output)
        shape = inside.compute_output_shape((1, size, size, config.input_channels))
        found.append(shape[1])
    return found


def test_where_dropout_is():
    for name in ("paper", "tensorflow_tutorial", "tjwei_keras", "keras_book"):
        assert dropout_sides(recipe(name)) == [2, 4, 8]
    for name in ("gluon_tutorial", "pytorch_reference"):
        assert dropout_sides(recipe(name)) == [4, 8, 16]
    # at 128 pixels the PyTorch code has one block of full width fewer, and so one dropout fewer
    assert dropout_sides(recipe("pytorch_reference").replace(image_size=128)) == [4, 8]


def skipped(name: str) -> np.ndarray:
    """The encoder's share of what the next decoder convolution sees, at one of the skips."""
    config = recipe(name, "smoke")
    keras.utils.set_random_seed(0)
    generator = build_generator(config)
    block = of_type(generator, keras.layers.Concatenate)[3]
    # the convolution that reads it: transposed, or behind an enlargement
    later = generator.layers[generator.layers.index(block) :]
    after = next(layer for layer in later if hasattr(layer, "kernel"))
    seen = keras.Model(generator.input, [block.output, after.input])
    image = np.random.default_rng(0).uniform(-1, 1, (1, 64, 64, config.input_channels))
    joined, entering = seen(image.astype(np.float32), training=True)
    channels = block.input[1].shape[-1]
    return np.asarray(joined)[..., -channels:], np.asarray(entering)[..., -channels:]


def test_what_a_skip_carries():
    features, entering = skipped("paper")
    np.testing.assert_array_equal(entering, np.maximum(features, 0))  # ReLU of the raw features
    assert features.min() < -0.5
    features, entering = skipped("tensorflow_tutorial")
    np.testing.assert_array_equal(entering, features)  # never rectified
    assert entering.min() < 0
    features, entering = skipped("keras_book")
    assert features.min() < 0  # leaky
    assert np.isin(entering, [0, *features.ravel()]).all()  # enlarged, so not of the same shape
    assert entering.min() == 0


def test_at_a_profiles_size_the_method_stays():
    for name in RECIPES:
        small = recipe(name, "smoke")
        assert small.image_size == 64
        changed = set(small.differences(recipe(name)))
        assert changed <= {*small.differences(Config()), "epochs", "sample_every", "decay_epochs"}
        assert small.gan_loss == recipe(name).gan_loss
    assert recipe("pytorch_reference", "cpu").decay_epochs == profile("cpu").epochs // 2
    assert recipe("gluon_tutorial", "cpu").batch_size == 10
    assert recipe("gluon_tutorial", "smoke").batch_size == 4  # of 8 pairs


def test_the_paper_is_built_by_the_core():
    """§6.1, counted layer by layer: the U-Net's and the PatchGAN's kernels, biases, γ and β."""
    assert recipe("paper").variant is None
    down = [3, 64, 128, 256, 512, 512, 512, 512, 512]
    up = [512, 512, 512, 512, 256, 128, 64]
    kernels = sum(16 * a * b for a, b in pairwise(down))
    read = [512, *(own + skip for own, skip in zip(up, down[-2:0:-1], strict=True))]
    kernels += sum(16 * a * b for a, b in zip(read, [*up, 3], strict=True))
    norms = 2 * (sum(down[2:-1]) + sum(up))
    assert counts(build_generator, recipe("paper"))[0] == kernels + norms + 3


def test_an_unknown_name_lists_the_known():
    with pytest.raises(ValueError, match="no recipe 'pix2pixhd'; there are paper, tensorflow"):
        recipe("pix2pixhd")


# --- faults --------------------------------------------------------------------------------


def names_of_defects(config: Config) -> list[str]:
    return [defect.name for defect in defects(config)]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("paper", []),
        ("tensorflow_tutorial", ["dead bottleneck"]),
        ("tjwei_keras", []),
        ("gluon_tutorial", []),
        (
            "keras_book",
            ["dead bottleneck", "blind discriminator", "batch of one", "unit range"],
        ),
        ("pytorch_reference", []),
    ],
)
def test_faults_are_known_and_fixed(name, wanted):
    assert names_of_defects(recipe(name)) == wanted
    assert names_of_defects(recipe(name, repaired=True)) == []
    assert (recipe(name, repaired=True) == recipe(name)) is (not wanted)


def test_the_tutorials_direction_draws_edges_from_shoes():
    config = recipe("tensorflow_tutorial").replace(dataset="edges2shoes")
    assert "backwards" in names_of_defects(config)
    assert repair(config).direction is None
    assert "backwards" not in names_of_defects(config.replace(dataset="facades"))


def test_the_natural_directions_are_the_catalogues():
    assert {name: published.direction for name, published in CATALOGUE.items()} == NATURAL


def test_a_fault_is_told_once_in_plain_words():
    (told,) = known_faults(recipe("keras_book"))
    assert isinstance(told, DefectWarning)
    for words in ("dead bottleneck", "blind discriminator", "bottleneck_norm=False", "--repaired"):
        assert words in str(told)
    assert known_faults(recipe("paper")) == []


def gradients_of_kernels(config: Config) -> list[float]:
    """Largest gradient of the L1 term for each of G's kernels, before any step."""
    model = build_pix2pix(config)
    random = np.random.default_rng(1)
    shape = (1, config.image_size, config.image_size)
    condition = random.uniform(-1, 1, (*shape, config.input_channels)).astype(np.float32)
    target = random.uniform(-1, 1, (*shape, config.output_channels)).astype(np.float32)
    with tf.GradientTape() as tape:
        generated = model.generator(condition, training=True)
        loss = tf.reduce_mean(tf.abs(target - generated))
    kernels = [layer.kernel.value for layer in model.generator.layers if hasattr(layer, "kernel")]
    return [float(tf.reduce_max(tf.abs(found))) for found in tape.gradient(loss, kernels)]


@pytest.mark.parametrize("name", ["tensorflow_tutorial", "keras_book"])
def test_the_dead_bottleneck_gets_no_gradient_until_it_is_repaired(name):
    """It passes β, which is 0; ReLU's slope at 0 is 0, so the next layer is as dead."""
    broken = gradients_of_kernels(recipe(name, "smoke"))
    dead = [place for place, value in enumerate(broken) if value == 0.0]
    assert dead == [5, 6]  # at 64 pixels six halve; the innermost, and the next
    assert all(value > 0 for value in gradients_of_kernels(recipe(name, "smoke", True)))


def answers(config: Config) -> np.ndarray:
    """What an untrained D says, in training mode at batch size 1, to two images."""
    keras.utils.set_random_seed(0)
    discriminator = build_discriminator(config)
    images = np.random.default_rng(2).uniform(0, 1, (2, 1, 64, 64, 1)).astype(np.float32)
    return np.stack([discriminator(image, training=True) for image in images])


def test_the_blind_discriminator_answers_the_same_to_every_image():
    first, second = answers(recipe("keras_book", "smoke"))
    np.testing.assert_array_equal(first, second)
    first, second = answers(recipe("keras_book", "smoke", repaired=True))
    assert np.abs(first - second).max() > 1e-5


def last_accuracy(config: Config, steps: int = 150) -> float:
    """How often D, trained on one pair of opposite images, is right at last."""
    model = build_pix2pix(config)
    real, generated = tf.fill((1, 64, 64, 1), 0.5), tf.fill((1, 64, 64, 1), -0.5)
    step = tf.function(model.train_discriminator)
    return float(np.mean([step(real, real, generated)[-1] for _ in range(steps)][-20:]))


def test_comparing_a_batch_of_one_hides_what_the_discriminator_sees():
    config = recipe("keras_book", "smoke", repaired=True).replace(fakes_for_d="shared")
    assert last_accuracy(config) == 1.0
    assert last_accuracy(config.replace(minibatch_features=100)) == 0.5


@pytest.mark.parametrize("repaired", [False, True])
@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_trains(name, repaired, painted, tmp_path):
    config = recipe(name, "smoke", repaired)
    if repaired and config == recipe(name, "smoke"):
        pytest.skip("nothing to repair")
    config = config.replace(dataset=str(painted), epochs=6, sample_every=6)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", DefectWarning)
        run = runs.train(config, tmp_path / "run", verbose=0)
    said = [warning for warning in told if warning.category is DefectWarning]
    assert len(said) == bool(defects(config))
    first, last = run.history[0], run.history[-1]
    assert last["g_l1"] < first["g_l1"]
    if "blind discriminator" in names_of_defects(config):
        # It learns what share of images is real, one half, and nothing else.
        assert last["d_real"] == pytest.approx(last["d_fake"], abs=0.05)
        assert last["d_accuracy"] == pytest.approx(0.5, abs=0.05)


def test_edges_become_shoes_and_not_the_reverse(shared_datasets, tmp_path):
    """In these copies the photo is left, so BtoA, the tutorial's direction, is the right one."""
    config = recipe("tensorflow_tutorial", "smoke").replace(
        dataset=str(shared_datasets / "edges2shoes"), epochs=1
    )
    with pytest.warns(DefectWarning, match="dead bottleneck") as told:
        run = runs.train(config, tmp_path / "run", verbose=0)
    assert "backwards" not in str(told[0].message)
    shown = run.dataset()
    assert (shown.condition_side, shown.evaluation_split) == ("B", "val")
