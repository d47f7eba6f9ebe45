"""Six implementations of pix2pix as configurations, with their faults; notebook 08.

A recipe is a `Config` and nothing else. It says what an implementation does, not what its text
says; where that is a fault, `defects` finds it in the configuration (in anyone's, not only in a
recipe), training warns of it, and `repair` fixes it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pix2pix_course.config import Config
from pix2pix_course.config import profile as profile_config

RECIPES = {
    # Isola et al. 2017 with the erratum of the authors' code: no normalisation at the bottleneck.
    "paper": Config(),
    # TensorFlow's tutorial "pix2pix: Image-to-image translation with a conditional GAN".
    "tensorflow_tutorial": Config().replace(
        direction="BtoA",  # hard-coded, whatever the data set
        resize="nearest",
        bottleneck_norm=True,
        skips_carry="after_activation",
        decoder_relu="before_skip",
        discriminator_bias="last",
        leaky_slope=0.3,  # the default of the layer
        norm_epsilon=1e-3,  # Keras' default, as the next
        norm_momentum=0.99,
        gamma_stddev=0.0,
        halve_d_loss=False,
        epochs=100,  # 40 000 steps of 400 facades
        adam_epsilon=1e-7,
        update_order="simultaneous",
    ),
    # tjwei/GANotebooks, pix2pix-keras.
    "tjwei_keras": Config().replace(
        direction="BtoA",
        resize="bilinear",
        crop="centre",
        generator_bias="unnormalised",
        norm_epsilon=1.01e-5,  # just above what cuDNN allows
        gan_loss="probabilities",
        halve_d_loss=False,  # only the printed value is halved
        epochs=50,
        adam_epsilon=1e-7,
        fakes_for_d="redrawn",
    ),
    # The Chinese tutorial for MXNet's Gluon.
    "gluon_tutorial": Config().replace(
        direction="BtoA",  # for facades; its second experiment has AtoB
        resize="bilinear",
        jitter=False,
        mirror=False,
        shuffle=False,
        dropout_innermost=False,
        discriminator_padding=2,
        norm_momentum=0.1,  # Torch's number, which MXNet reads the other way round
        epochs=100,
        batch_size=10,
        fakes_for_d="inference",
        pool_size=50,
        test_mode="running",
    ),
    # The pix2pix chapter of "Generative Adversarial Networks Projects".
    "keras_book": Config().replace(
        direction="BtoA",
        grey_input=True,
        grey_output=True,
        value_range="unit",
        jitter=False,
        mirror=False,
        shuffle=False,
        bottleneck_norm=True,
        generator_bias="all",
        skips_carry="after_activation",
        decoder="upsampling",
        decoder_widths="as_printed",
        discriminator="image",
        discriminator_bias="all",
        minibatch_features=100,
        conditional=False,
        norm_epsilon=1e-3,
        norm_momentum=0.99,
        init_stddev=None,
        gamma_stddev=0.0,
        gan_loss="softmax",
        halve_d_loss=False,
        epochs=500,
        learning_rate=1e-4,
        beta_1=0.9,
        fakes_for_d="inference",
        one_class_batches=True,
        test_mode="running",
    ),
    # junyanz/pytorch-CycleGAN-and-pix2pix with --model pix2pix.
    "pytorch_reference": Config().replace(
        resize="bicubic",
        dropout_innermost=False,
        decay_epochs=100,
    ),
}
"""What each implementation does, at its own size."""

SCALE = (
    "image_size",
    "train_pairs",
    "test_pairs",
    "generator_filters",
    "discriminator_filters",
    "epochs",
    "sample_every",
    "save_every",
    "segmenter_epochs",
    "segmenter_filters",
)
"""The fields that a profile sets: how large and how long, not how."""


@dataclass(frozen=True)
class Defect:
    """A fault that a configuration can have."""

    name: str  # for lists
    found_in: Callable[[Config], bool]  # whether a configuration has it
    text: str  # what it does, for the person who trains
    repair: dict  # the fields that fix it


NATURAL = {"facades": "BtoA", "cityscapes": "BtoA", "maps": "AtoB", "night2day": "AtoB",
           "edges2shoes": "AtoB", "edges2handbags": "AtoB"}  # fmt: skip
"""Direction of the published sets, as `datasets.catalogue` has it."""

DEFECTS = (
    Defect(
        "dead bottleneck",
        lambda config: (
            config.bottleneck_norm and config.generator_norm == "batch" and config.batch_size == 1
        ),
        "batch normalisation on the 1×1 bottleneck at batch size 1 subtracts each number from "
        "itself: the innermost layer passes a constant, neither its kernel nor the next one gets "
        "a gradient, and with running statistics these untrained layers spoil the output",
        {"bottleneck_norm": False},
    ),
    Defect(
        "blind discriminator",
        lambda config: (
            config.discriminator == "image"
            and config.discriminator_norm == "batch"
            and config.batch_size == 1
        ),
        "a discriminator that batch-normalises 1×1 maps at batch size 1 gives the same answer to "
        "every image, so it cannot learn, and the generator learns from L1 alone",
        {"discriminator_norm": "none"},
    ),
    Defect(
        "batch of one",
        lambda config: config.minibatch_features > 0 and config.batch_size == 1,
        "minibatch discrimination at batch size 1 compares each image with itself: all features "
        "are 1, whatever the image, and so many constants drown what the discriminator sees",
        {"minibatch_features": 0},
    ),
    Defect(
        "unit range",
        lambda config: config.value_range == "unit",
        "tanh answers in [-1, 1], the images are in [0, 1]: half of the range is never right, and "
        "is cut off when the picture is saved",
        {"value_range": "symmetric"},
    ),
    Defect(
        "backwards",
        lambda config: (
            config.task == "translation"
            and config.direction not in (None, NATURAL.get(config.dataset, config.direction))
        ),
        "this direction is not the natural one of the data set: for a set of edges it learns to "
        "draw edges from photos",
        {"direction": None},
    ),
)


def recipe(name: str, profile: str | None = None, repaired: bool = False) -> Config:
    """The configuration of an implementation, at its own size or at that of a profile.

    Args:
        name: one of `RECIPES`.
        profile: "smoke", "cpu" or "gpu" sets image size, widths, pairs and epochs; None keeps the
            implementation's own. A schedule that fades the learning rate keeps its share of the
            epochs, and a batch is at most half of the pairs.
        repaired: fix what `defects` finds.

    Raises:
        ValueError: no such recipe or profile.
    """
    if name not in RECIPES:
        raise ValueError(f"no recipe {name!r}; there are {', '.join(RECIPES)}")
    config = RECIPES[name]
    if profile is not None:
        size = profile_config(profile)
        config = config.replace(
            **{field: getattr(size, field) for field in SCALE},
            decay_epochs=round(size.epochs * config.decay_epochs / config.epochs),
            batch_size=min(config.batch_size, (size.train_pairs or 400) // 2),
            # a patch, 70 pixels by three layers, fits into the picture: 34 of 64
            discriminator_layers=min(config.discriminator_layers, size.image_size // 32),
        )
    return repair(config) if repaired else config


def defects(config: Config) -> list[Defect]:
    """The known faults of a configuration; none in the paper's."""
    return [defect for defect in DEFECTS if defect.found_in(config)]


def repair(config: Config) -> Config:
    """The same configuration without its known faults."""
    for defect in defects(config):
        config = config.replace(**defect.repair)
    return config


class DefectWarning(UserWarning):
    """The configuration reproduces a fault of some implementation."""


def known_faults(config: Config) -> list[DefectWarning]:
    """What to warn of before a training, in plain words and in one piece.

    Not of the direction: `datasets.check` does, for the core's configurations too.
    """
    found = [defect for defect in defects(config) if defect.name != "backwards"]
    if not found:
        return []
    lines = "\n".join(f"- {defect.name}: {defect.text}" for defect in found)
    fields = {key: value for defect in found for key, value in defect.repair.items()}
    fix = ", ".join(f"{key}={value!r}" for key, value in fields.items())
    return [
        DefectWarning(
            f"this configuration reproduces known faults:\n{lines}\nFixed by {fix}: "
            "`recipes.repair(config)`, or --repaired on the command line."
        )
    ]
