"""What each engine makes of the same weights and batches, as a file; `test_engines` compares.

    KERAS_BACKEND=jax python engine_steps.py OUTPUT.npz RECIPE...

The recipe "paper" is the core's own step. Dropout is off and weights come from NumPy, since each
engine draws its own numbers.
"""

import sys

import keras
import numpy as np

from pix2pix_course.training import build_pix2pix
from pix2pix_course.variants import recipes

STEPS = 10


def one(batch):
    """The batch as `fit` takes it, with its shape known."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.data.Dataset.from_tensors(tuple(batch))
    return (pair for pair in [tuple(batch)])


def train(config) -> dict[str, np.ndarray]:
    """The means that each step reports, as rows, and the gradients of the first step."""
    model = build_pix2pix(config)
    # A bias before a normalisation has no gradient but rounding's, by whose size Adam would divide
    model.optimizer.epsilon = model.discriminator_optimizer.epsilon = 1e-3
    random = np.random.default_rng(0)
    networks = model.generator, model.discriminator
    for weight in (weight for network in networks for weight in network.trainable_weights):
        weight.assign(random.normal(float("gamma" in weight.path), 0.05, weight.shape))
    channels = [network.shape[-1] for network in (model.generator.input, model.generator.output)]
    side, count = config.image_size, config.batch_size
    rows, results = [], {}
    for step in range(STEPS):
        batch = [random.uniform(-1, 1, (count, side, side, c)).astype("f4") for c in channels]
        found = model.fit(one(batch), shuffle=False, verbose=0).history
        rows.append([found[name][0] for name in sorted(found)])
        if step == 0:  # Adam's running mean of the gradients began at 0, and took 1 - β₁ of this
            for which, optimizer in enumerate((model.optimizer, model.discriminator_optimizer)):
                means = [v for v in optimizer.variables if "momentum" in v.path]
                for index, mean in enumerate(means):
                    gradient = keras.ops.convert_to_numpy(mean) / (1 - config.beta_1)
                    results[f"gradient {which} {index}"] = gradient
    return results | {"means": np.array(rows)}


if __name__ == "__main__":
    output, *names = sys.argv[1:]
    small = {"dropout": 0.0, "generator_filters": 8, "batch_size": 2}
    results = {
        f"{name}: {what}": array
        for name in names
        for what, array in train(recipes.recipe(name, "smoke").replace(**small)).items()
    }
    np.savez(output, **results)
