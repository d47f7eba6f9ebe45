"""The 32 settings in which implementations of pix2pix differ from the paper's; notebook 08.

A `Config` whose `variant` is None is built by the core. `Config.replace` takes the names below too,
and puts them here. In brackets: whose setting it is.
"""

from dataclasses import dataclass, fields

from pix2pix_course.config import CHOICES, Config
from pix2pix_course.support.fields import check_ranges, check_types, check_words, refuse

NORMS = ("batch", "instance", "none")
BIASES = ("last", "unnormalised", "all")
WORDS = CHOICES | {
    "generator": ("unet", "encoder_decoder", "resnet_9", "resnet_6"),
    "gan_loss": ("vanilla", "probabilities", "softmax", "lsgan", "wgan_gp"),
}
"""The words that fields of `Config` may hold where there is a variant."""

OWN_WORDS = {
    "task": ("translation", "colorization", "inpainting"),
    "value_range": ("symmetric", "unit"),
    "resize": ("by_kind", "nearest", "bilinear", "bicubic"),
    "crop": ("random", "centre"),
    "generator_norm": NORMS,
    "generator_bias": BIASES,
    "skips_carry": ("before_activation", "after_activation"),
    "decoder_relu": ("after_skip", "before_skip"),
    "decoder": ("transposed", "upsampling"),
    "decoder_widths": ("mirrored", "as_printed"),
    "discriminator": ("patchgan", "image"),
    "discriminator_norm": NORMS,
    "discriminator_bias": BIASES,
    "update_order": ("alternate", "simultaneous"),
    "fakes_for_d": ("shared", "redrawn", "inference"),
}
RANGES = {
    "discriminator_padding": (1, 2),
    "minibatch_features": (0, None),
    "leaky_slope": (0, 1),
    "norm_epsilon": (1e-12, 1),
    "norm_momentum": (0, 1),
    "init_stddev": (1e-9, 10),
    "gamma_stddev": (0, 10),
    "gradient_penalty": (0, None),
    "adam_epsilon": (1e-16, 1),
    "pool_size": (0, None),
}


@dataclass(frozen=True)
class Variant:
    """What a `Config` does otherwise than the course; the defaults are the course's own way.

    Raises:
        ValueError: from `check`; a value is impossible, or does not go with another.
    """

    # --- data -----------------------------------------------------------------------
    # "colorization" (L → ab) and "inpainting" make the condition of the target [PyTorch]
    task: str = "translation"
    grey_input: bool = False  # the condition as one channel [book]
    grey_output: bool = False  # the generated image as one channel [book]
    value_range: str = "symmetric"  # [-1, 1], as tanh; "unit" is [0, 1], which it cannot fit [book]
    resize: str = "by_kind"  # labels nearest, photos bicubic; or one filter for both sides [all]
    crop: str = "random"  # where jitter crops; always in the "centre" is no jitter at all [tjwei]
    shuffle: bool = True  # a new order each epoch [not: Gluon, book]

    # --- generator --------------------------------------------------------------------
    generator_norm: str = "batch"  # §6.1; "instance" or "none" [PyTorch]
    bottleneck_norm: bool = False  # at batch size 1 it erases the 1×1 bottleneck [TensorFlow, book]
    generator_bias: str = "last"  # convolutions with one; or "unnormalised" [tjwei], "all" [book]
    skips_carry: str = "before_activation"  # what a level hands over [after: TensorFlow, book]
    decoder_relu: str = "after_skip"  # of the joined features; or "before_skip" [TensorFlow]
    decoder: str = "transposed"  # or "upsampling": double the pixels, then convolve [book]
    decoder_widths: str = "mirrored"  # "as_printed": §6.1.1's joined channels as widths [book]
    dropout_innermost: bool = True  # §6.1.1: from the first block on [second: PyTorch, Gluon]

    # --- discriminator ----------------------------------------------------------------
    discriminator: str = "patchgan"  # "image": one verdict an image, by a dense layer [book]
    discriminator_norm: str = "batch"  # §6.1; "instance" or "none" [PyTorch]
    discriminator_bias: str = "unnormalised"  # as `generator_bias`
    discriminator_padding: int = 1  # pixels a layer; 2 gives a 35×35 grid, not 30×30 [Gluon]
    minibatch_features: int = 0  # of Salimans et al. (2016), for discriminator="image" [book]

    # --- layers -----------------------------------------------------------------------
    leaky_slope: float = 0.2  # §6.1; 0.3 is the default of Keras' LeakyReLU layer [TensorFlow]
    norm_epsilon: float = 1e-5  # Torch's default; Keras would default to 1e-3 [TensorFlow, book]
    norm_momentum: float = 0.9  # share of the old average kept; Torch writes the same as 0.1
    init_stddev: float | None = 0.02  # §6.2: kernels from N(0, 0.02); None: Glorot's way [book]
    gamma_stddev: float = 0.02  # scales of the normalisation from N(1, 0.02) [0: TensorFlow, book]

    # --- objective and optimisation ---------------------------------------------------
    halve_d_loss: bool = True  # §3.3: "slows down D"; under Adam it changes nothing
    gradient_penalty: float = 10.0  # Gulrajani et al. (2017); with gan_loss="wgan_gp" alone
    adam_epsilon: float = 1e-8  # Torch's default; Keras would default to 1e-7 [TensorFlow]
    update_order: str = "alternate"  # §3.3: G against the new D; or "simultaneous" [TensorFlow]
    fakes_for_d: str = "shared"  # G's own; "redrawn" dropout [tjwei]; "inference" [Gluon, book]
    one_class_batches: bool = False  # D sees only real, then only generated images, in turn [book]
    pool_size: int = 0  # past fakes kept for D (Shrivastava et al. 2017); CycleGAN's 50 [Gluon]

    def check(self, config: Config) -> None:
        """Refuse what cannot work, also together with the fields of `config`."""
        check_types(self)
        check_ranges(self, RANGES)
        check_words(self, OWN_WORDS)
        check_words(config, WORDS)
        if self.minibatch_features and self.discriminator != "image":
            advice = "they compare whole images; use discriminator='image', or 0"
            refuse(self, "minibatch_features", advice)
        if self.task != "translation" and (self.grey_input or self.grey_output):
            advice = "it decides itself what is grey; leave grey_input and grey_output False"
            refuse(self, "task", advice)
        if self.task == "colorization" and self.value_range != "symmetric":
            refuse(self, "value_range", "Lab colours have no unit range; use 'symmetric'")
        if config.gan_loss == "wgan_gp" and self.discriminator_norm == "batch":
            advice = (
                "the gradient penalty holds for each image by itself, and batch normalisation "
                "mixes them; use 'instance' or 'none' with gan_loss='wgan_gp'"
            )
            refuse(self, "discriminator_norm", advice)

    @property
    def input_channels(self) -> int:
        """Channels of the condition: 3, or 1 where it is grey or a lightness."""
        return 1 if self.grey_input or self.task == "colorization" else 3

    @property
    def output_channels(self) -> int:
        """Channels of the generated image: 3, 1 for grey, 2 for the colours a and b of Lab."""
        return 2 if self.task == "colorization" else 1 if self.grey_output else 3


NAMES = tuple(field.name for field in fields(Variant))
