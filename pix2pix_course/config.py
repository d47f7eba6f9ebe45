"""Every hyperparameter of the course, each with a reason and a source beside it.

"§3" and the like are sections of Isola et al., *Image-to-Image Translation with
Conditional Adversarial Networks* (arXiv:1611.07004v3).
"""

import dataclasses
import difflib
import math
from dataclasses import dataclass

PAINTED = "painted"
"""Name of the data set that the course paints itself, with no network."""


NORMS = ("batch", "instance", "none")
BIASES = ("last", "unnormalised", "all")
CHOICES = {
    "direction": (None, "AtoB", "BtoA"),
    "task": ("translation", "colorization", "inpainting"),
    "value_range": ("symmetric", "unit"),
    "resize": ("by_kind", "nearest", "bilinear", "bicubic"),
    "crop": ("random", "centre"),
    "generator": ("unet", "encoder_decoder", "resnet_9", "resnet_6"),
    "generator_norm": NORMS,
    "generator_bias": BIASES,
    "skips_carry": ("before_activation", "after_activation"),
    "decoder_relu": ("after_skip", "before_skip"),
    "decoder": ("transposed", "upsampling"),
    "decoder_widths": ("mirrored", "as_printed"),
    "discriminator": ("patchgan", "image"),
    "discriminator_norm": NORMS,
    "discriminator_bias": BIASES,
    "gan_loss": ("vanilla", "probabilities", "softmax", "lsgan", "wgan_gp"),
    "update_order": ("alternate", "simultaneous"),
    "fakes_for_d": ("shared", "redrawn", "inference"),
    "test_mode": ("paper", "deterministic", "running"),
}
"""The words that a field of `Config` may hold."""


@dataclass(frozen=True)
class Config:
    """One training run, completely described. The defaults are the paper's.

    A `Config` is plain data: it can be compared, written to JSON (`to_dict`) and
    changed by copying (`config.replace(lambda_l1=10)`).

    Raises:
        ValueError: a value is impossible; the message names the field and the remedy.
    """

    # --- data -----------------------------------------------------------------------
    dataset: str = PAINTED  # "painted", a name from `pix2pix-course data list`, or a folder
    direction: str | None = None  # "AtoB" or "BtoA" (A is left); None: as the data set says
    palette: str | None = None  # label colours of a folder that does not describe itself
    task: str = "translation"  # "colorization" (L → ab) and "inpainting" use the target side alone
    grey_input: bool = False  # the condition as one channel
    grey_output: bool = False  # the generated image as one channel
    value_range: str = "symmetric"  # [-1, 1], as tanh; "unit" is [0, 1], which tanh does not fit
    image_size: int = 256  # §6.2: side of the square that the networks see, in pixels
    train_pairs: int | None = None  # use only the first so many training pairs; None: all
    test_pairs: int | None = None  # the same for the split that evaluation uses
    resize: str = "by_kind"  # labels nearest, photos bicubic; or one filter for both sides
    jitter: bool = True  # §6.2: enlarge to 286, crop a random 256
    crop: str = "random"  # where jitter crops; always in the "centre" is no jitter at all
    mirror: bool = True  # §6.2: flip left and right with probability 1/2
    shuffle: bool = True  # a new order each epoch

    # --- generator --------------------------------------------------------------------
    generator: str = "unet"  # §3.2.1; "encoder_decoder" has no skips; "resnet_9", "resnet_6"
    generator_filters: int = 64  # §6.1: width of the first layer; doubles up to 8 × this
    generator_norm: str = "batch"  # §6.1; "instance" or "none"
    bottleneck_norm: bool = False  # at batch size 1 it would erase the 1×1 bottleneck (erratum)
    generator_bias: str = "last"  # which convolutions have one: "last", "unnormalised", "all"
    skips_carry: str = "before_activation"  # what an encoder level hands over; "after_activation"
    decoder_relu: str = "after_skip"  # ReLU of the joined features; "before_skip" spares the skip
    decoder: str = "transposed"  # convolutions; "upsampling" doubles the pixels, then convolves
    decoder_widths: str = "mirrored"  # "as_printed" takes §6.1.1's channels after joining as widths
    dropout: float = 0.5  # §3.1: the only noise; in three decoder blocks
    dropout_innermost: bool = True  # §6.1.1: from the first block on; False: from the second

    # --- discriminator ----------------------------------------------------------------
    discriminator: str = "patchgan"  # "image": one verdict on the whole image, by a dense layer
    discriminator_layers: int = 3  # strided layers; 3 sees 70×70 patches, 0 single pixels (§4.4)
    discriminator_filters: int = 64  # §6.1
    discriminator_norm: str = "batch"  # §6.1; "instance" or "none"
    discriminator_bias: str = "unnormalised"  # as `generator_bias`
    discriminator_padding: int = 1  # pixels around each layer; 2 gives a 35×35 grid for 30×30
    minibatch_features: int = 0  # of Salimans et al. (2016), for discriminator="image"
    conditional: bool = True  # D sees the condition too (cGAN); table 1 compares both

    # --- layers -----------------------------------------------------------------------
    leaky_slope: float = 0.2  # §6.1; Keras' LeakyReLU layer would default to 0.3
    norm_epsilon: float = 1e-5  # the authors' Torch default; Keras would default to 1e-3
    norm_momentum: float = 0.9  # share of the old average kept; Torch writes the same as 0.1
    init_stddev: float | None = 0.02  # §6.2: kernels from N(0, 0.02); None: Glorot, Keras' default
    gamma_stddev: float = 0.02  # the authors' code: scales of the normalisation from N(1, 0.02)

    # --- objective --------------------------------------------------------------------
    gan_loss: str = "vanilla"  # §3.1, from logits; see `losses.KINDS` for the others
    gan_weight: float = 1.0  # weight of the adversarial term; 0 trains on L1 alone (table 1)
    lambda_l1: float = 100.0  # §3.1; weight of the mean absolute error on [-1, 1] images
    halve_d_loss: bool = True  # §3.3: "slows down D"; under Adam it changes nothing
    gradient_penalty: float = 10.0  # Gulrajani et al. (2017); with gan_loss="wgan_gp" alone

    # --- optimisation -----------------------------------------------------------------
    epochs: int = 200  # §6.2, facades
    decay_epochs: int = 0  # the last so many epochs fade the learning rate linearly to 0
    batch_size: int = 1  # §6.2; larger batches blur facades
    learning_rate: float = 2e-4  # §3.3, Adam
    beta_1: float = 0.5  # §3.3: less momentum than Adam's 0.9, since the target moves
    beta_2: float = 0.999  # §3.3
    adam_epsilon: float = 1e-8  # Torch's default; Keras would default to 1e-7
    update_order: str = "alternate"  # §3.3: D, then G against the new D; "simultaneous": the old D
    fakes_for_d: str = "shared"  # with G's step; "redrawn" dropout, or made in "inference" mode
    one_class_batches: bool = False  # D sees only real, then only generated images, in turn
    pool_size: int = 0  # past fakes kept for D (Shrivastava et al. 2017); CycleGAN's 50
    seed: int = 0  # weights, order, jitter and dropout all follow from it

    # --- book-keeping -----------------------------------------------------------------
    sample_every: int = 5  # epochs between pictures of the fixed test inputs
    save_every: int = 1  # epochs between checkpoints

    # --- evaluation -------------------------------------------------------------------
    test_mode: str = "paper"  # §3.3: dropout and batch statistics; "running", "deterministic"
    segmenter_epochs: int = 40  # photo → label network of the label consistency (§4, FCN-score)
    segmenter_filters: int = 32

    def __post_init__(self):
        """Refuse what cannot work, before any network is built."""

        def require(good: bool, field: str, remedy: str) -> None:
            if not good:
                raise ValueError(f"Config.{field} = {getattr(self, field)!r}: {remedy}")

        size = self.image_size
        require(
            64 <= size <= 512 and math.log2(size).is_integer(),
            "image_size",
            "the U-Net halves the side down to 1; use 64, 128, 256 or 512",
        )
        for field, choices in CHOICES.items():
            use = "use " + ", ".join(map(repr, choices))
            require(getattr(self, field) in choices, field, use)
        require(0 <= self.dropout < 1, "dropout", "a rate is at least 0 and below 1")
        require(
            0 <= self.discriminator_layers <= 6,
            "discriminator_layers",
            "0 to 6 give receptive fields of 1, 16, 34, 70, 142, 286 and 574 pixels",
        )
        smallest = 2**self.discriminator_layers * 4
        require(
            size >= smallest or self.discriminator == "image",
            "discriminator_layers",
            f"images of {size} pixels leave no patch; use fewer layers or larger images",
        )
        for field in ("generator_filters", "discriminator_filters", "epochs", "batch_size"):
            require(getattr(self, field) >= 1, field, "must be at least 1")
        for field in ("sample_every", "save_every", "segmenter_epochs", "segmenter_filters"):
            require(getattr(self, field) >= 1, field, "must be at least 1")
        for field in ("gan_weight", "lambda_l1", "gradient_penalty", "pool_size", "gamma_stddev"):
            require(getattr(self, field) >= 0, field, "must not be negative")
        for field in ("train_pairs", "test_pairs"):
            value = getattr(self, field)
            require(value is None or value >= 1, field, "use None for all, or at least 1")
        require(
            self.gan_weight > 0 or self.lambda_l1 > 0,
            "gan_weight",
            "with lambda_l1 = 0 as well there is nothing to learn from",
        )
        require(self.decay_epochs >= 0, "decay_epochs", "use 0 for a constant rate, or more")
        require(self.learning_rate > 0, "learning_rate", "must be positive")
        require(
            self.discriminator_padding in (1, 2),
            "discriminator_padding",
            "1 gives the paper's grids, 2 the larger ones of the Gluon tutorial",
        )
        require(
            self.minibatch_features == 0 or self.discriminator == "image",
            "minibatch_features",
            "they compare whole images; use discriminator='image', or 0",
        )
        require(
            self.task == "translation" or not (self.grey_input or self.grey_output),
            "task",
            "colorization and inpainting decide themselves what is grey; "
            "leave grey_input and grey_output False",
        )
        require(
            self.task != "colorization" or self.value_range == "symmetric",
            "value_range",
            "Lab colours have no unit range; use 'symmetric'",
        )
        require(
            self.gan_loss != "wgan_gp" or self.discriminator_norm != "batch",
            "discriminator_norm",
            "the gradient penalty holds for each image by itself, and batch normalisation mixes "
            "them; use 'instance' or 'none' with gan_loss='wgan_gp'",
        )

    @property
    def input_channels(self) -> int:
        """Channels of the condition: 3, or 1 where it is grey or a lightness."""
        return 1 if self.grey_input or self.task == "colorization" else 3

    @property
    def output_channels(self) -> int:
        """Channels of the generated image: 3, 1 for grey, 2 for the colours a and b of Lab."""
        return 2 if self.task == "colorization" else 1 if self.grey_output else 3

    def replace(self, **changes) -> "Config":
        """A copy with some fields changed.

        Raises:
            ValueError: an unknown field (the message offers the nearest name), or a bad value.
        """
        names = [field.name for field in dataclasses.fields(self)]
        for name in changes:
            if name not in names:
                near = difflib.get_close_matches(name, names, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise ValueError(f"Config has no field {name!r}{hint}")
        return dataclasses.replace(self, **changes)

    def to_dict(self) -> dict:
        """The fields as a dictionary that JSON can hold."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, fields: dict) -> "Config":
        """The inverse of `to_dict`; raises `ValueError` on unknown fields or bad values."""
        return cls().replace(**fields)

    def differences(self, other: "Config") -> dict[str, tuple]:
        """The fields in which two configurations differ: name → (value here, value there)."""
        here, there = self.to_dict(), other.to_dict()
        return {name: (here[name], there[name]) for name in here if here[name] != there[name]}

    def learning_rate_at(self, epoch: int) -> float:
        """Learning rate of an epoch counted from 0.

        Constant, then falling linearly over the last `decay_epochs` so that it would reach 0
        one epoch after the last (the 100 + 100 schedule of the authors' PyTorch code). A training
        shorter than `decay_epochs` fades from its start.
        """
        left = self.epochs - epoch
        return self.learning_rate * min(1.0, left / (min(self.decay_epochs, self.epochs) + 1))


PROFILES = {
    # Every cell runs: pictures are coarse blobs, and that is correct. CI uses it.
    "smoke": Config(
        image_size=64,
        train_pairs=8,
        test_pairs=4,
        generator_filters=8,
        discriminator_layers=2,
        discriminator_filters=8,
        epochs=2,
        batch_size=2,
        sample_every=1,
        segmenter_epochs=2,
        segmenter_filters=8,
    ),
    # Teaches: pictures worth looking at after minutes on two cores.
    "cpu": Config(
        image_size=128,
        train_pairs=400,
        test_pairs=40,
        generator_filters=32,
        discriminator_filters=32,
        epochs=12,
        decay_epochs=6,
        sample_every=2,
        segmenter_epochs=8,
        segmenter_filters=16,
    ),
    # The paper: facades at 256 pixels, batch 1, 200 epochs (§6.2).
    "gpu": Config(sample_every=10, save_every=5),
}


def profile(name: str) -> Config:
    """The `Config` of a profile: "smoke", "cpu" or "gpu".

    Raises:
        ValueError: no such profile.
    """
    if name not in PROFILES:
        raise ValueError(f"no profile {name!r}; there are {', '.join(PROFILES)}")
    return PROFILES[name]
