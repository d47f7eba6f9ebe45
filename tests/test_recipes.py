"""Counts and settings are those of the implementations themselves."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from pix2pix_course import runs
from pix2pix_course.config import Config, profile
from pix2pix_course.recipes import RECIPES, DefectWarning, defects, recipe, repair, warn_of_defects
from pix2pix_course.training import build_discriminator, build_generator, build_pix2pix


def trainable(model: keras.Model) -> int:
    return sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)


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
    generator = build_generator(recipe(name))
    assert (trainable(generator), generator.count_params()) == GENERATORS[name]


@pytest.mark.parametrize("name", RECIPES)
def test_discriminators_have_the_known_counts_and_grids(name):
    config = recipe(name)
    discriminator = build_discriminator(config)
    count, total, grid = DISCRIMINATORS[name]
    assert (trainable(discriminator), discriminator.count_params()) == (count, total)
    image = tf.zeros((1, 256, 256, config.output_channels))
    seen = [tf.zeros((1, 256, 256, config.input_channels)), image] if config.conditional else image
    assert discriminator(seen).shape[1:] == grid


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


def layer_names(model: keras.Model) -> list[str]:
    return [layer.name for layer in model.layers]


def dropout_sides(config: Config) -> list[int]:
    generator = build_generator(config.replace(generator_filters=2), fixed_size=True)
    dropouts = [layer for layer in generator.layers if isinstance(layer, keras.layers.Dropout)]
    return [layer.output.shape[1] for layer in dropouts]


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
    block = generator.get_layer("decoder_4_skip")
    after = generator.get_layer("decoder_5_deconv")
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


def test_the_paper_is_the_default():
    assert recipe("paper") == Config()


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
def test_faults_are_known_and_mended(name, wanted):
    assert names_of_defects(recipe(name)) == wanted
    assert names_of_defects(recipe(name, repaired=True)) == []
    assert (recipe(name, repaired=True) == recipe(name)) is (not wanted)


def test_the_tutorials_direction_draws_edges_from_shoes():
    config = recipe("tensorflow_tutorial").replace(dataset="edges2shoes")
    assert "backwards" in names_of_defects(config)
    assert repair(config).direction is None
    assert "backwards" not in names_of_defects(config.replace(dataset="facades"))


def test_a_fault_is_told_once_in_plain_words():
    with pytest.warns(DefectWarning) as told:
        warn_of_defects(recipe("keras_book"))
    assert len(told) == 1
    text = str(told[0].message)
    assert "dead bottleneck" in text
    assert "blind discriminator" in text
    assert "bottleneck_norm=False" in text
    with warnings.catch_warnings():
        warnings.simplefilter("error", DefectWarning)
        warn_of_defects(recipe("paper"))


def gradients_of_kernels(config: Config) -> dict[str, float]:
    """Largest gradient of the L1 term for each of G's kernels, before any step."""
    model = build_pix2pix(config)
    random = np.random.default_rng(1)
    shape = (1, config.image_size, config.image_size)
    condition = random.uniform(-1, 1, (*shape, config.input_channels)).astype(np.float32)
    target = random.uniform(-1, 1, (*shape, config.output_channels)).astype(np.float32)
    with tf.GradientTape() as tape:
        generated = model.generator(condition, training=True)
        loss = tf.reduce_mean(tf.abs(target - generated))
    variables = [v for v in model.generator.trainable_variables if v.path.endswith("kernel")]
    gradients = tape.gradient(loss, variables)
    return {
        v.path.split("/")[-2]: float(tf.reduce_max(tf.abs(g)))
        for v, g in zip(variables, gradients, strict=True)
    }


@pytest.mark.parametrize("name", ["tensorflow_tutorial", "keras_book"])
def test_the_dead_bottleneck_gets_no_gradient_until_it_is_repaired(name):
    """It passes β, which is 0; ReLU's slope at 0 is 0, so the next layer is as dead."""
    broken = gradients_of_kernels(recipe(name, "smoke"))
    dead = {layer for layer, value in broken.items() if value == 0.0}
    assert dead == {"encoder_6_conv", "decoder_1_deconv"}  # at 64 pixels
    assert all(value > 0 for value in gradients_of_kernels(recipe(name, "smoke", True)).values())


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
