"""Each sign of a sick training: provoked, and absent where nothing is wrong."""

import shutil
import warnings

import keras
import numpy as np
import pytest
from PIL import Image

from pix2pix_course import runs
from pix2pix_course.config import profile
from pix2pix_course.support import health


def said(config, folder, *callbacks) -> list[str]:
    """What the monitor warns of in a training."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        runs.train(config, folder, verbose=0, callbacks=callbacks)
    return [str(w.message) for w in caught if w.category is health.HealthWarning]


class Frozen(keras.callbacks.Callback):
    """G stays as it began, so that D has an easy task."""

    def on_epoch_begin(self, epoch, logs=None):
        self.model.optimizer.learning_rate = 0.0


class Pushed(keras.callbacks.Callback):
    """tanh gets 20 more than it should, as after a far too large step."""

    def on_train_begin(self, logs=None):
        bias = self.model.generator.trainable_variables[-1]
        bias.assign(bias + 20)


def test_a_healthy_training_of_the_smoke_profile_is_silent(painted, tmp_path):
    assert said(profile("smoke").replace(dataset=str(painted)), tmp_path / "run") == []


def test_a_discriminator_that_has_won(small_config, tmp_path):
    config = small_config.replace(epochs=12, batch_size=1, learning_rate=5e-3, sample_every=12)
    (sentence,) = [s for s in said(config, tmp_path / "run", Frozen()) if "D has won" in s]
    assert "for 3 epochs D(real) was 0.99" in sentence or "was 1.000" in sentence
    assert sentence.endswith("raise lambda_l1")


@pytest.mark.parametrize(
    ("real", "fake", "won"),
    [
        ([1.0, 1.0, 1.0], [0.0, 0.0, 0.0], True),
        ([1.0, 1.0], [0.0, 0.0], False),  # not long enough
        ([1.0, 0.98, 1.0], [0.0, 0.0, 0.0], False),
        ([1.0, 1.0, 1.0], [0.0, 0.0, 0.02], False),
        ([0.0, 1.0, 1.0, 1.0], [1.0, 0.0, 0.0, 0.0], True),
    ],
)
def test_d_has_won_when_it_is_sure_for_three_epochs(real, fake, won):
    rows = [{"d_real": r, "d_fake": f} for r, f in zip(real, fake, strict=True)]
    assert bool(health.d_has_won(rows)) == won


def test_a_generator_that_answers_everything_alike(painted, small_config, tmp_path):
    shutil.copytree(painted, tmp_path / "data")
    label = None
    for file in (tmp_path / "data").glob("*/*.png"):  # every photo with the first one's label map
        photo, its_own = np.split(np.asarray(Image.open(file)), 2, axis=1)
        label = its_own if label is None else label
        Image.fromarray(np.concatenate([photo, label], axis=1)).save(file)
    config = small_config.replace(
        dataset=str(tmp_path / "data"), epochs=10, batch_size=1, dropout=0.0
    )
    (sentence,) = said(config, tmp_path / "run")
    assert "G has collapsed: its 3 sample pictures differ by 0.0 grey levels" in sentence
    assert "data check" in sentence


def test_an_untrained_generator_is_not_said_to_have_collapsed(small_config, tmp_path):
    frozen = said(small_config, tmp_path / "run", Frozen())  # 15 steps
    assert not any("collapsed" in sentence for sentence in frozen)


def test_a_saturated_generator(small_config, tmp_path):
    (sentence,) = [s for s in said(small_config, tmp_path / "run", Pushed()) if "saturated" in s]
    assert "100% of its sample pictures' values are 0 or 255, of their targets 1%" in sentence


def test_white_targets_may_be_answered_white():
    target = np.full((2, 8, 8, 3), 255, np.uint8)
    target[:, :2] = 128  # a quarter
    assert health.pinned(target, target) is None
    assert health.pinned(np.full_like(target, 255), target)


def test_units_that_no_longer_move(small_config, tmp_path):
    """A normalised 1×1 bottleneck is 0 for one image: nothing comes back to what stands before."""
    config = small_config.replace(bottleneck_norm=True, batch_size=1, epochs=2)
    (sentence,) = said(config, tmp_path / "run")
    assert "G has dead units, whose weights no longer move: 32 of 32 in conv2d" in sentence
    assert "32 of 32 in conv2d_transpose" in sentence


def test_a_sign_is_said_once_and_l1_alone_says_nothing_of_d(small_config, tmp_path):
    config = small_config.replace(gan_weight=0.0, epochs=4)
    assert said(config, tmp_path / "l1") == []
    stuck = said(config, tmp_path / "frozen", Frozen())
    assert len(stuck) == 1
    assert "G has dead units" in stuck[0]


def test_the_units_of_a_transposed_convolution_are_its_third_axis():
    inputs = keras.Input((4, 4, 5))
    x = keras.layers.Conv2D(2, 3, name="plain")(inputs)
    network = keras.Model(inputs, keras.layers.Conv2DTranspose(7, 3, name="back")(x))
    sizes = health.unit_sizes(network)
    assert {name: len(units) for name, units in sizes.items()} == {"plain": 2, "back": 7}
    kernel = np.asarray(network.get_layer("back").kernel)  # (height, width, units, inputs)
    np.testing.assert_allclose(sizes["back"][3], np.abs(kernel[:, :, 3]).sum(), rtol=1e-6)
