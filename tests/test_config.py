import dataclasses

import pytest

from pix2pix_course.config import PROFILES, Config, profile
from pix2pix_course.variants import Variant, fields_of


def test_the_defaults_are_the_papers():
    config = Config()
    assert (config.image_size, config.batch_size, config.epochs) == (256, 1, 200)
    assert (config.learning_rate, config.beta_1, config.beta_2) == (2e-4, 0.5, 0.999)
    assert (config.lambda_l1, config.leaky_slope, config.norm_epsilon) == (100, 0.2, 1e-5)
    assert config.variant is None
    assert (config.generator_filters, config.discriminator_layers) == (64, 3)


def test_the_gpu_profile_changes_no_hyperparameter_of_the_paper():
    different = {
        name
        for name, value in profile("gpu").to_dict().items()
        if value != Config().to_dict()[name]
    }
    assert different == {"sample_every", "save_every"}


@pytest.mark.parametrize("name", PROFILES)
def test_a_configuration_survives_its_dictionary(name):
    config = profile(name)
    assert Config.from_dict(config.to_dict()) == config


def test_it_cannot_be_changed_in_place():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().epochs = 3


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"image_size": 200}, "image_size"),
        ({"image_size": 1024}, "image_size"),
        ({"image_size": 64, "discriminator_layers": 5}, "discriminator_layers"),
        ({"direction": "BtoC"}, "direction"),
        ({"generator": "resnet"}, "generator"),
        ({"gan_loss": "hinge"}, "gan_loss"),
        ({"gan_loss": "wgan_gp"}, "discriminator_norm"),
        ({"discriminator_padding": 0}, "discriminator_padding"),
        ({"minibatch_features": 10}, "minibatch_features"),
        ({"task": "colorization", "grey_input": True}, "task"),
        ({"task": "colorization", "value_range": "unit"}, "value_range"),
        ({"pool_size": -1}, "pool_size"),
        ({"test_mode": "eval"}, "test_mode"),
        ({"dropout": 1.0}, "dropout"),
        ({"epochs": 0}, "epochs"),
        ({"decay_epochs": -1}, "decay_epochs"),
        ({"gan_weight": 0, "lambda_l1": 0}, "gan_weight"),
        ({"train_pairs": 0}, "train_pairs"),
        ({"learning_rate": 0}, "learning_rate"),
        ({"learning_rate": float("inf")}, "learning_rate"),
        ({"lambda_l1": float("nan")}, "lambda_l1"),
        ({"seed": -1}, "seed"),
        ({"seed": 1.5}, "seed"),
        ({"epochs": True}, "epochs"),
        ({"epochs": "3"}, "epochs"),
        ({"jitter": 1}, "jitter"),
        ({"dataset": None}, "dataset"),
        ({"beta_1": 1.5}, "beta_1"),
        ({"beta_2": -1.0}, "beta_2"),
        ({"norm_epsilon": -1.0}, "norm_epsilon"),
        ({"norm_momentum": 2.0}, "norm_momentum"),
        ({"leaky_slope": float("nan")}, "leaky_slope"),
        ({"init_stddev": -0.1}, "init_stddev"),
        ({"adam_epsilon": 0.0}, "adam_epsilon"),
        ({"crop": "top"}, "crop"),
        ({"resize": "lanczos"}, "resize"),
    ],
)
def test_an_impossible_value_is_refused_by_name(changes, names):
    with pytest.raises(ValueError, match=rf"Config\.{names}"):
        Config().replace(**changes)


def test_a_misspelled_field_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'lambda_l1'"):
        Config().replace(lambda_11=3)


@pytest.mark.parametrize(
    ("changes", "channels"),
    [
        ({}, (3, 3)),
        ({"grey_input": True}, (1, 3)),
        ({"grey_input": True, "grey_output": True}, (1, 1)),
        ({"task": "colorization"}, (1, 2)),
        ({"task": "inpainting"}, (3, 3)),
    ],
)
def test_channels(changes, channels):
    config = Config().replace(**changes)
    assert (config.input_channels, config.output_channels) == channels


def test_differences_name_both_values():
    assert Config(seed=1).differences(Config(lambda_l1=10)) == {
        "seed": (1, 0),
        "lambda_l1": (100.0, 10),
    }


# --- the door to the variants ---------------------------------------------------------------


def test_a_name_that_is_not_the_cores_opens_the_door_and_closes_it_again():
    config = Config(seed=3).replace(bottleneck_norm=True, lambda_l1=10)
    assert config.variant == Variant(bottleneck_norm=True)
    assert (config.seed, config.lambda_l1, config.bottleneck_norm) == (3, 10, True)
    assert config.replace(seed=4).variant == config.variant
    assert config.replace(bottleneck_norm=False).variant is None


@pytest.mark.parametrize("words", [{"generator": "resnet_6"}, {"gan_loss": "softmax"}])
def test_a_word_that_is_not_the_cores_opens_it_too(words):
    config = Config().replace(**words)
    assert config.variant == Variant()
    assert config.replace(generator="unet", gan_loss="vanilla").variant is None


def test_without_a_variant_its_fields_read_as_the_papers_own():
    assert (Config().crop, Config().pool_size) == ("random", 0)
    with pytest.raises(AttributeError, match="did you mean 'pool_size'"):
        _ = Config().pool_sizes


def test_a_run_of_an_older_version_can_be_read():
    assert Config.from_dict(Config(epochs=7).to_dict() | {"ema_decay": 0.0}) == Config(epochs=7)


def test_a_flat_dictionary_of_all_fields_is_understood():
    """As `config.json` of a run made by version 0.1 holds them."""
    assert Config.from_dict(Config(epochs=7).to_dict() | fields_of(Config())) == Config(epochs=7)
    found = Config.from_dict(fields_of(Config()) | {"epochs": 7, "crop": "centre"})
    assert found == Config(epochs=7, variant=Variant(crop="centre"))


def test_differences_reach_into_the_variant():
    config = Config().replace(crop="centre", seed=1)
    assert config.differences(Config()) == {"crop": ("centre", "random"), "seed": (1, 0)}


def test_no_such_profile():
    with pytest.raises(ValueError, match="smoke, cpu, gpu"):
        profile("tpu")


def test_learning_rate_follows_the_authors_schedule():
    # 100 epochs constant, then 100 that would reach 0 in epoch 201:
    # the multiplier of the PyTorch code is 1 - max(0, epoch + 1 - 100) / 101, epochs from 0
    config = Config(epochs=200, decay_epochs=100)
    for epoch in range(200):
        wanted = 2e-4 * (1 - max(0, epoch + 1 - 100) / 101)
        assert config.learning_rate_at(epoch) == pytest.approx(wanted)


def test_a_training_shorter_than_its_decay_fades_from_its_start():
    config = Config(epochs=3, decay_epochs=10)
    rates = [config.learning_rate_at(epoch) / config.learning_rate for epoch in range(3)]
    assert rates == pytest.approx([3 / 4, 2 / 4, 1 / 4])


def test_without_decay_the_learning_rate_is_constant():
    assert {Config(epochs=7).learning_rate_at(epoch) for epoch in range(7)} == {2e-4}
