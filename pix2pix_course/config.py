"""Every hyperparameter of the course, each with a reason and a source beside it.

"§3" and the like are sections of Isola et al., *Image-to-Image Translation with Conditional
Adversarial Networks* (arXiv:1611.07004v3).
"""

import dataclasses
import math
import typing
from dataclasses import dataclass

from pix2pix_course.support.fields import check_ranges, check_types, check_words, refuse
from pix2pix_course.support.files import did_you_mean

PAINTED = "painted"
"""Name of the data set that the course paints itself, with no network."""

CHOICES = {
    "direction": (None, "AtoB", "BtoA"),
    "generator": ("unet", "encoder_decoder"),
    "gan_loss": ("vanilla", "lsgan"),
    "test_mode": ("paper", "deterministic", "running"),
}
"""The words that a field of `Config` may hold."""

RANGES = {
    "seed": (0, 2**31 - 1), "discriminator_layers": (0, 6), "decay_epochs": (0, None),
    "dropout": (0, 0.99), "beta_1": (0, 0.99999), "beta_2": (0, 0.9999999),
    "gan_weight": (0, None), "lambda_l1": (0, None), "learning_rate": (1e-12, 1),
    "train_pairs": (1, None), "test_pairs": (1, None), "epochs": (1, None), "batch_size": (1, None),
    "generator_filters": (1, None), "discriminator_filters": (1, None),
    "segmenter_filters": (1, None), "segmenter_epochs": (1, None),
    "sample_every": (1, None), "save_every": (1, None),
}  # fmt: skip
"""Smallest and largest value of the fields that hold numbers; None: no limit."""


@dataclass(frozen=True)
class Config:
    """One training run, completely described. The defaults are the paper's.

    Plain data: it can be compared, written to JSON (`to_dict`), and changed by copying
    (`config.replace(lambda_l1=10)`). What only other implementations do otherwise (notebook 08) is
    in `variant`; `replace` takes those names as well.

    Raises:
        ValueError: a value is impossible; the message names the field and says what to use.
    """

    # --- data -----------------------------------------------------------------------
    dataset: str = PAINTED  # "painted", a name from `pix2pix-course data list`, or a folder
    direction: str | None = None  # "AtoB" or "BtoA" (A is left); None: as the data set says
    palette: str | None = None  # label colours of a folder that does not describe itself
    image_size: int = 256  # §6.2: side of the square that the networks see, in pixels
    train_pairs: int | None = None  # use only the first so many training pairs; None: all
    test_pairs: int | None = None  # the same for the split that evaluation uses
    jitter: bool = True  # §6.2: enlarge to 286, crop a random 256
    mirror: bool = True  # §6.2: flip left and right with probability 1/2

    # --- networks -----------------------------------------------------------------------
    generator: str = "unet"  # §3.2.1; "encoder_decoder" has no skips
    generator_filters: int = 64  # §6.1: width of the first layer; doubles up to 8 × this
    dropout: float = 0.5  # §3.1: the only noise; in three decoder blocks
    discriminator_layers: int = 3  # strided layers; 3 sees 70×70 patches, 0 single pixels (§4.4)
    discriminator_filters: int = 64  # §6.1
    conditional: bool = True  # D sees the condition too (cGAN); table 1 compares both

    # --- objective --------------------------------------------------------------------
    gan_loss: str = "vanilla"  # §3.1, from logits; "lsgan" is least squares
    gan_weight: float = 1.0  # weight of the adversarial term; 0 trains on L1 alone (table 1)
    lambda_l1: float = 100.0  # §3.1; weight of the mean absolute error on [-1, 1] images

    # --- optimisation -----------------------------------------------------------------
    epochs: int = 200  # §6.2, facades
    decay_epochs: int = 0  # the last so many epochs fade the learning rate linearly to 0
    batch_size: int = 1  # §6.2; larger batches blur facades
    learning_rate: float = 2e-4  # §3.3, Adam
    beta_1: float = 0.5  # §3.3: less momentum than Adam's 0.9, since the target moves
    beta_2: float = 0.999  # §3.3
    seed: int = 0  # weights, order, jitter and dropout all follow from it

    # --- book-keeping and evaluation --------------------------------------------------
    sample_every: int = 5  # epochs between pictures of the fixed test inputs
    save_every: int = 1  # epochs between checkpoints
    test_mode: str = "paper"  # §3.3: dropout and batch statistics; "running", "deterministic"
    segmenter_epochs: int = 40  # photo → label network of the label consistency (§4, FCN-score)
    segmenter_filters: int = 32

    # --- the door to notebook 08 ------------------------------------------------------
    variant: typing.Any = None  # a `variants.Variant`; None is the course's own way

    def __post_init__(self):
        """Refuse what cannot work, before any network is built."""
        check_types(self)
        check_ranges(self, RANGES)
        if self.variant is None:  # else it knows more words, and checks them
            check_words(self, CHOICES)
        else:
            self.variant.check(self)
        size = self.image_size
        if not (64 <= size <= 512 and math.log2(size).is_integer()):
            refuse(self, "image_size", "the U-Net halves the side to 1; use 64, 128, 256 or 512")
        if size < 4 * 2**self.discriminator_layers and self.discriminator == "patchgan":
            advice = f"images of {size} pixels leave no patch; use fewer layers or larger images"
            refuse(self, "discriminator_layers", advice)
        if self.gan_weight == self.lambda_l1 == 0:
            refuse(self, "gan_weight", "with lambda_l1 = 0 as well there is nothing to learn from")

    def replace(self, **changes) -> "Config":
        """A copy with some fields changed; those of `variants.Variant` are taken too.

        Raises:
            ValueError: an unknown field (the message offers the nearest name), or a bad value.
        """
        own = {name: value for name, value in changes.items() if name in FIELDS}
        others = {name: value for name, value in changes.items() if name not in FIELDS}
        words = any(own.get(name) not in (None, *CHOICES[name]) for name in CHOICES)
        if others or words or (self.variant is not None and "variant" not in own):
            from pix2pix_course.variants import changed

            own["variant"] = changed(self, own, others)
        return dataclasses.replace(self, **own)

    def __getattr__(self, name: str):
        """A field of `variants.Variant`; the course's own value where there is no variant."""
        if name.startswith("_") or name in FIELDS:  # asked for while a copy is being made
            raise AttributeError(name)
        from pix2pix_course.variants import Variant

        variant = self.variant or Variant()
        if not hasattr(variant, name):
            raise AttributeError(f"Config has no field {name!r}{did_you_mean(name, vars(variant))}")
        return getattr(variant, name)

    def to_dict(self) -> dict:
        """The fields as a flat dictionary that JSON can hold."""
        fields = {name: getattr(self, name) for name in FIELDS if name != "variant"}
        return fields | (dataclasses.asdict(self.variant) if self.variant is not None else {})

    @classmethod
    def from_dict(cls, fields: dict) -> "Config":
        """The inverse of `to_dict`; raises `ValueError` on unknown fields or bad values."""
        known = {name: value for name, value in fields.items() if name not in RETIRED}
        return cls().replace(**known)

    def differences(self, other: "Config") -> dict[str, tuple]:
        """The fields in which two configurations differ: name → (value here, value there)."""
        here, there = self.to_dict(), other.to_dict()
        if self.variant != other.variant:
            from pix2pix_course.variants import fields_of

            here, there = here | fields_of(self), there | fields_of(other)
        return {name: (here[name], there[name]) for name in here if here[name] != there[name]}

    def learning_rate_at(self, epoch: int) -> float:
        """Learning rate of an epoch counted from 0.

        Constant, then falling linearly over the last `decay_epochs` so that it would reach 0 one
        epoch after the last (the 100 + 100 schedule of the authors' PyTorch code). A training
        shorter than `decay_epochs` fades from its start.
        """
        left = self.epochs - epoch
        return self.learning_rate * min(1.0, left / (min(self.decay_epochs, self.epochs) + 1))


RETIRED = ("ema_decay",)
"""Fields of older versions that changed nothing in any profile."""

FIELDS = tuple(field.name for field in dataclasses.fields(Config))


PROFILES = {
    # Every cell runs: pictures are coarse blobs, and that is correct. CI uses it.
    "smoke": Config(
        image_size=64, train_pairs=8, test_pairs=4, generator_filters=8, discriminator_layers=2,
        discriminator_filters=8, epochs=2, batch_size=2, sample_every=1, segmenter_epochs=2,
        segmenter_filters=8,
    ),
    # Teaches: pictures worth looking at after minutes on two cores. Found by trial
    # (docs/performance.md): D sees patches of 16 of 128 pixels, an eighth of the side, the
    # learning rate is high at first and fades, and many pairs are seen a few times each.
    "cpu": Config(
        image_size=128, train_pairs=1000, test_pairs=40, generator_filters=24,
        discriminator_layers=1, discriminator_filters=16, learning_rate=1e-3, epochs=8,
        decay_epochs=4, sample_every=1, segmenter_epochs=1, segmenter_filters=16,
    ),
    # The paper: facades at 256 pixels, batch 1, 200 epochs (§6.2).
    "gpu": Config(sample_every=10, save_every=5),
}  # fmt: skip


def profile(name: str) -> Config:
    """The `Config` of a profile: "smoke", "cpu" or "gpu".

    Raises:
        ValueError: no such profile.
    """
    if name not in PROFILES:
        raise ValueError(f"no profile {name!r}; there are {', '.join(PROFILES)}")
    return PROFILES[name]
