"""The same networks and one step of training, written a second time with PyTorch's functions.

Weights are copied over, nothing else: layout, padding, order and averages must agree by themselves.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

from pix2pix_course.config import Config
from pix2pix_course.training import build_pix2pix

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install '.[torch]'")
F = torch.nn.functional

SMALL = Config(
    image_size=64, generator_filters=6, discriminator_filters=6, discriminator_layers=2,
    dropout=0.0, batch_size=2,
)  # fmt: skip
CONFIGS = {
    "paper": SMALL,
    "encoder-decoder": SMALL.replace(generator="encoder_decoder"),
    "pixel": SMALL.replace(discriminator_layers=0),
    "lsgan, unconditional": SMALL.replace(gan_loss="lsgan", conditional=False),
    "L1 alone": SMALL.replace(gan_weight=0.0),
}
EPSILON = 1e-3  # of Adam: a smaller one would blow rounding up to a whole step


@pytest.fixture(params=CONFIGS)
def config(request) -> Config:
    return CONFIGS[request.param]


def weights_of(network: keras.Model) -> list:
    """The trainable weights as PyTorch lays them out, in the order of the layers."""
    found = []
    for variable in network.trainable_variables:
        values = keras.ops.convert_to_numpy(variable)
        # (height, width, in, out) → (out, in, height, width); a transposed kernel has in and out
        # the other way round in both
        values = values.transpose(3, 2, 0, 1) if values.ndim == 4 else values
        found.append(torch.tensor(values.copy(), requires_grad=True))
    return found


def normalised(x, gamma, beta):
    return F.batch_norm(x, None, None, gamma, beta, training=True, eps=1e-5)


def generator(weights: list, x, config: Config):
    """The U-Net or encoder-decoder, from figure 3 and §6.1.1 of the paper."""
    take, levels = iter(weights), int(np.log2(config.image_size))
    features = [F.conv2d(x, next(take), stride=2, padding=1)]
    for _ in range(levels - 2):
        x = F.conv2d(F.leaky_relu(features[-1], 0.2), next(take), stride=2, padding=1)
        features.append(normalised(x, next(take), next(take)))
    x = F.conv2d(F.leaky_relu(features[-1], 0.2), next(take), stride=2, padding=1)
    for feature in reversed(features):
        x = F.conv_transpose2d(F.relu(x), next(take), stride=2, padding=1)
        x = normalised(x, next(take), next(take))
        if config.generator == "unet":
            x = torch.cat([x, feature], dim=1)
    x = F.conv_transpose2d(F.relu(x), next(take), next(take), stride=2, padding=1)
    assert next(take, None) is None, "every weight was used"
    return torch.tanh(x)


def discriminator(weights: list, condition, image, config: Config):
    """The PatchGAN, from §6.1.2; with no strided layer, the PixelGAN of 1×1 convolutions."""
    take = iter(weights)
    x = torch.cat([condition, image], dim=1) if config.conditional else image
    strides = [2] * config.discriminator_layers + [1] if config.discriminator_layers else [1, 1]
    padding = 1 if config.discriminator_layers else 0
    x = F.leaky_relu(F.conv2d(x, next(take), next(take), strides[0], padding), 0.2)
    for stride in strides[1:]:
        x = F.conv2d(x, next(take), None, stride, padding)
        x = F.leaky_relu(normalised(x, next(take), next(take)), 0.2)
    kernel, bias = next(take), next(take, None)  # the PixelGAN's last layer has no bias
    return F.conv2d(x, kernel, bias, 1, padding)


def gan_loss(logits, is_real: float, config: Config):
    answer = torch.full_like(logits, is_real)
    if config.gan_loss == "lsgan":
        return F.mse_loss(logits, answer)
    return F.binary_cross_entropy_with_logits(logits, answer)


def batch() -> list[np.ndarray]:
    random = np.random.default_rng(0)
    return [random.uniform(-1, 1, (2, 64, 64, 3)).astype(np.float32) for _ in range(2)]


def to_torch(images):
    return torch.tensor(images.transpose(0, 3, 1, 2).copy())


def from_torch(images) -> np.ndarray:
    return images.detach().numpy().transpose(0, 2, 3, 1)


def test_forward_passes_are_the_same(config):
    model, (condition, target) = build_pix2pix(config), batch()
    ours = model.generator(condition, training=True)
    theirs = generator(weights_of(model.generator), to_torch(condition), config)
    assert np.std(ours) > 0.01
    np.testing.assert_allclose(ours, from_torch(theirs), atol=2e-6)
    ours = model.judge(condition, target)
    inputs = to_torch(condition), to_torch(target)
    theirs = discriminator(weights_of(model.discriminator), *inputs, config)
    assert np.std(ours) > 0.01
    np.testing.assert_allclose(ours, from_torch(theirs), atol=2e-6)


def gradients_of_a_step(model, config) -> list[list[np.ndarray]]:
    """Those that the model's own step gives to G and to D, read from Adam's first averages."""
    for optimizer in (model.optimizer, model.discriminator_optimizer):
        optimizer.epsilon = EPSILON
    model.fit(tf.data.Dataset.from_tensors(tuple(batch())), verbose=0)
    found = []
    for optimizer in (model.optimizer, model.discriminator_optimizer):
        means = [v for v in optimizer.variables if "momentum" in v.path]
        found.append([keras.ops.convert_to_numpy(m) / (1 - config.beta_1) for m in means])
    return found


def test_the_gradients_of_a_step_are_the_same(config):
    model = build_pix2pix(config)
    g, d = weights_of(model.generator), weights_of(model.discriminator)
    for_g, for_d = gradients_of_a_step(model, config)

    condition, target = map(to_torch, batch())
    generated = generator(g, condition, config)
    if config.gan_weight:
        real = gan_loss(discriminator(d, condition, target, config), 1.0, config)
        fake = gan_loss(discriminator(d, condition, generated.detach(), config), 0.0, config)
        ((real + fake) / 2).backward()
        expected_d = [w.grad.clone() for w in d]
        # Keras adds ε before it corrects the average of the squares, PyTorch afterwards
        epsilon = EPSILON / (1 - config.beta_2) ** 0.5
        torch.optim.Adam(d, config.learning_rate, (0.5, 0.999), eps=epsilon).step()
        gan = gan_loss(discriminator(d, condition, generated, config), 1.0, config)  # the new D
    else:
        gan, expected_d = 0.0, [torch.zeros_like(w) for w in d]
    (gan + config.lambda_l1 * F.l1_loss(generated, target)).backward()

    for found, expected in ((for_g, [w.grad for w in g]), (for_d, expected_d)):
        expected = [e.numpy() for e in expected]
        largest = max(np.abs(e).max() for e in expected)
        assert len(found) == len(expected)
        for ours, theirs in zip(found, expected, strict=True):
            theirs = theirs.transpose(2, 3, 1, 0) if theirs.ndim == 4 else theirs
            np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5 * largest)
