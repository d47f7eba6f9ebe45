"""Trainings that go wrong while every loss is a number: each sign is warned of once.

The limits are far from what healthy trainings show; `docs/reliability.md` says how far.
"""

import warnings

import keras
import numpy as np

SURE = 0.01  # D(generated) below it, and D(real) above 1 - it: D has won (notebook 04)
EPOCHS = 3  # in a row, before D is said to have won
STEPS = 100  # before which no G has learnt to answer conditions differently
ALIKE = 0.05  # how much generated pictures differ, as a share of how much their targets do
PINNED = 0.5  # share of the values that need not be black or white and are
STILL = 0.9  # share of a layer's units that did not move; half of a bottleneck's is nothing unusual


class HealthWarning(UserWarning):
    """A training computes, but does not get anywhere; says what was seen and what to try."""


def d_has_won(rows: list[dict]) -> str | None:
    """D(real) and D(generated) of the last epochs leave G nothing to learn from."""
    last = rows[-EPOCHS:]
    if len(last) < EPOCHS or any(r["d_real"] < 1 - SURE or r["d_fake"] > SURE for r in last):
        return None
    return (
        f"D has won: for {EPOCHS} epochs D(real) was {min(r['d_real'] for r in last):.3f} or more "
        f"and D(generated) {max(r['d_fake'] for r in last):.3f} or less. Look at the pictures for "
        "what gives G away (edges, another range of values, labels where photos should be); else "
        "weaken D (fewer discriminator_layers or discriminator_filters) or raise lambda_l1"
    )


def one_picture(generated: np.ndarray, target: np.ndarray) -> str | None:
    """G answers different conditions alike; both are uint8 (n, H, W, 3)."""
    made, wanted = (float(np.std(images, axis=0).mean()) for images in (generated, target))
    if made >= ALIKE * wanted:
        return None
    return (
        f"G has collapsed: its {len(generated)} sample pictures differ by {made:.1f} grey levels, "
        f"their targets by {wanted:.1f}. Check that conditions belong to their targets (`pix2pix-"
        "course data check`); then try a lower learning_rate, or a higher lambda_l1"
    )


def pinned(generated: np.ndarray, target: np.ndarray) -> str | None:
    """tanh is at its ends, where it has no slope; both are uint8 (n, H, W, 3)."""
    made, wanted = (float(np.mean((i == 0) | (i == 255))) for i in (generated, target))
    if made <= wanted + PINNED * (1 - wanted):
        return None
    return (
        f"G is saturated: {made:.0%} of its sample pictures' values are 0 or 255, of their targets "
        f"{wanted:.0%}. tanh has no slope there: start anew, with a lower learning_rate"
    )


def unit_sizes(network: keras.Model) -> dict[str, np.ndarray]:
    """Layer → for each of its units, the sum of its weights' sizes (float64)."""
    found = {}
    for layer in network.layers:
        if getattr(layer, "kernel", None) is not None:
            kernel = np.abs(keras.ops.convert_to_numpy(layer.kernel))
            # a transposed convolution's kernel is (height, width, units, inputs)
            units = -2 if isinstance(layer, keras.layers.Conv2DTranspose) else -1
            others = tuple(a for a in range(kernel.ndim) if a != kernel.ndim + units)
            found[layer.name] = kernel.sum(others, dtype=np.float64)
    return found


def still_units(name: str, before: dict, now: dict) -> str | None:
    """Layers whose units no longer move: nothing of the loss comes back to them.

    A unit behind a ReLU that is 0 for each picture is one, and so is all behind a saturated layer.
    """
    still = {layer: np.count_nonzero(now[layer] == before[layer]) for layer in now}
    dead = [layer for layer in now if still[layer] > STILL * len(now[layer])]
    if not dead:
        return None
    shown = ", ".join(f"{still[la]} of {len(now[la])} in {la}" for la in dead[:3])
    more = f" and more in {len(dead) - 3} other layers" if len(dead) > 3 else ""
    return (
        f"{name} has dead units, whose weights no longer move: {shown}{more}. They do not come "
        "back: start anew, with a lower learning_rate; or look for a layer whose output is "
        "constant, like a normalised 1×1 bottleneck"
    )


class Health(keras.callbacks.Callback):
    """Warns of the signs above: of D's answers each epoch, of the rest whenever pictures are drawn.

    `samples` is the `callbacks.SampleImages` that draws them; it stands earlier in the list.
    """

    def __init__(self, samples):
        super().__init__()
        self.samples = samples
        self.rows, self.sizes = [], {}
        self.said = {}  # which sign → in a few words

    def on_train_begin(self, logs=None):
        """Note where the weights are."""
        self.sizes = {name: unit_sizes(n) for name, n in self.trained().items()}

    def on_epoch_end(self, epoch, logs=None):
        """Warn of what was not yet said."""
        self.rows.append(dict(logs))
        self.say(d_has_won, self.rows)
        if self.samples.drawn_after != epoch + 1:
            return
        images = np.stack(self.samples.generated), np.stack(self.samples.pairs.target)
        if len(self.rows) * (self.params["steps"] or 0) >= STEPS:
            self.say(one_picture, *images)
        self.say(pinned, *images)
        for name, network in self.trained().items():
            now = unit_sizes(network)
            self.say(still_units, name, self.sizes[name], now)
            self.sizes[name] = now

    def trained(self) -> dict[str, keras.Model]:
        """Both networks, or G alone where D is not trained."""
        both = {"G": self.model.generator, "D": self.model.discriminator}
        return both if self.model.config.gan_weight else {"G": both["G"]}

    def say(self, sign, *seen):
        """Warn of a sign, once a training."""
        if sign not in self.said and (sentence := sign(*seen)):
            self.said[sign] = sentence.partition(":")[0].partition(",")[0]
            warning = f"epoch {len(self.rows)} of this training: {sentence}"
            warnings.warn(warning, HealthWarning, stacklevel=1)
