"""What generators and discriminators are made of, where implementations differ in the details."""

import keras
from keras import layers, ops


def kernel_initializer(stddev: float | None) -> keras.initializers.Initializer:
    """N(0, `stddev`), or Glorot's uniform, Keras' default, for None.

    A new one for each layer: an initializer draws the same numbers each time it is called.
    """
    if stddev is None:
        return keras.initializers.GlorotUniform()
    return keras.initializers.RandomNormal(0.0, stddev)


def has_bias(rule: str, is_normalised: bool, is_last: bool = False) -> bool:
    """Whether a convolution has a bias.

    Args:
        rule: "last", the last layer of a network alone; "unnormalised", also wherever no
            normalisation follows, whose shift β would do the same; "all".
        is_normalised: a normalisation follows.
        is_last: it is the network's last layer.
    """
    return is_last or rule == "all" or (rule == "unnormalised" and not is_normalised)


class Normalise:
    """Adds the same kind of normalisation wherever a network needs one.

    Args:
        kind: "batch"; "instance", each image and channel by itself and with no weights, as in the
            authors' PyTorch code; "none".
        epsilon: added to the variance.
        momentum: share of the old moving average that is kept; for "batch".
        gamma_stddev: scales γ start from N(1, this), or at 1 for 0; for "batch".
    """

    def __init__(self, kind: str, epsilon: float, momentum: float, gamma_stddev: float):
        self.kind = kind
        self.epsilon = epsilon
        self.momentum = momentum
        self.gamma_stddev = gamma_stddev

    def __call__(self, x, name: str):
        """Normalise a feature map (batch, height, width, channels)."""
        if self.kind == "none":
            return x
        if self.kind == "instance":
            return layers.GroupNormalization(
                groups=-1, epsilon=self.epsilon, center=False, scale=False, name=name
            )(x)
        gamma = "ones"
        if self.gamma_stddev:
            gamma = keras.initializers.RandomNormal(1.0, self.gamma_stddev)
        return layers.BatchNormalization(
            momentum=self.momentum, epsilon=self.epsilon, gamma_initializer=gamma, name=name
        )(x)


class ReflectionPadding2D(layers.Layer):
    """Continues a feature map by its mirror image, `padding` pixels on each side."""

    def __init__(self, padding: int, **options):
        super().__init__(**options)
        self.padding = padding

    def call(self, x):
        """(batch, height, width, channels) → height and width grown by twice the padding."""
        margin = (self.padding, self.padding)
        return ops.pad(x, ((0, 0), margin, margin, (0, 0)), mode="reflect")

    def get_config(self) -> dict:
        """The arguments, for copies of a model."""
        return super().get_config() | {"padding": self.padding}


class MinibatchDiscrimination(layers.Layer):
    """How near each image of a batch is to the batch, in `features` projections.

    Salimans et al. (2016), §3.2: if all generated images look alike, the discriminator shall see
    it. Each projection T has `dimensions` numbers, and the feature of image i is the sum over the
    batch of exp(-|T_i - T_j|₁). The sum includes j = i, as in the Keras book: at batch size 1 every
    feature is exactly 1, whatever the image.
    """

    def __init__(self, features: int, dimensions: int = 5, **options):
        super().__init__(**options)
        self.features = features
        self.dimensions = dimensions

    def build(self, input_shape):
        """One kernel for all projections."""
        shape = (input_shape[-1], self.features * self.dimensions)
        self.kernel = self.add_weight(shape=shape, initializer="glorot_uniform", name="kernel")

    def call(self, x):
        """(batch, n) → (batch, features)."""
        projections = ops.reshape(ops.matmul(x, self.kernel), (-1, self.features, self.dimensions))
        apart = ops.sum(ops.abs(projections[:, None] - projections[None]), axis=-1)
        return ops.sum(ops.exp(-apart), axis=1)

    def get_config(self) -> dict:
        """The arguments, for copies of a model."""
        return super().get_config() | {"features": self.features, "dimensions": self.dimensions}
