# %% [markdown]
# # 05 · Training
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/{{repository_path}}/blob/main/notebooks/{{notebook}})
#
# **What you will build.** One training step, by hand: first the discriminator moves, then the
# generator. You will prove that your step and the package's are the same step, hand it to
# `fit`, and train a pix2pix that notebook 06 evaluates. Then you will read its curves, stop and
# resume a run, and use the trained generator in three different ways.
#
# **Time.** About 6 minutes on two CPU cores, of which the training takes 4; under `smoke` about
# one minute; on a GPU: not measured.
#
# **After this notebook you can**
#
# - write a GAN's training step, and say which weights each half of it may move, and why;
# - tell a healthy adversarial training from a broken one, although no curve goes down;
# - stop a training anywhere and end where the unbroken one would have ended;
# - say what `training=True` does to a picture and to a network, with numbers;
# - say what the adversarial term adds to L1, and what it costs.
#
# It builds on the U-Net of notebook 02, the PatchGAN of 03 and the losses of 04.

# %%
import importlib.metadata
import importlib.util
import subprocess
import sys

if importlib.util.find_spec("pix2pix_course") is None:  # in Colab, say: install it from its source
    installed = {d.metadata["Name"].lower(): d.version for d in importlib.metadata.distributions()}
    # what Colab brings stays as it is: pip must stop rather than replace one of these
    keep = [f"{n}=={installed[n]}" for n in ("tensorflow", "keras", "numpy") if n in installed]
    package = "pix2pix_course @ git+{{repository}}"
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", package, *keep], check=True)

# %%
import tempfile
from pathlib import Path

from pix2pix_course.quiet import quiet_stderr

with quiet_stderr():  # TensorFlow greets with log lines
    import tensorflow as tf
import keras
import numpy as np

from pix2pix_course import losses, training
from pix2pix_course.config import profile
from pix2pix_course.datasets import open_dataset
from pix2pix_course.pipeline import training_batches

gpus = len(tf.config.list_physical_devices("GPU"))
print(f"TensorFlow {tf.__version__}, Keras {keras.__version__}, {gpus} GPU")

# %% tags=["parameters"]
PROFILE = "cpu"  # "smoke", "cpu" or "gpu": how large, how long
DATASET = "painted"  # a name of the catalogue, or a folder of side-by-side pairs
DIRECTION = None  # "AtoB" or "BtoA"; None: as the data set says
PALETTE = None  # label colours of a folder that does not describe itself
SEED = 0  # of weights, order, jitter and dropout
RUNS = "runs"  # where trained runs live; notebook 06 looks there too

# %% [markdown]
# Two configurations. `config` is the training that the profile asks for. `small` is always the
# same: 64-pixel images, thin networks, eight training pairs. Whatever is taken apart or broken
# below is done to `small` ones, in a temporary folder that vanishes with the kernel.

# %%
config = profile(PROFILE).replace(dataset=DATASET, direction=DIRECTION, palette=PALETTE, seed=SEED)
small = profile("smoke").replace(dataset=DATASET, direction=DIRECTION, palette=PALETTE, seed=SEED)
keras.utils.set_random_seed(SEED)
dataset = open_dataset(DATASET, DIRECTION, PALETTE)
temporary = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
scratch = Path(temporary.name)
print(f"{config.epochs} epochs at {config.image_size} pixels, batches of {config.batch_size}")

# %% [markdown]
# ## 1 · A step has two halves
#
# You have trained networks before: one loss, one optimizer, every weight follows the gradient of
# the loss. Here are two networks with opposite aims, so no single loss will do. Each training
# step has two halves, and each half has its own loss and its own weights:
#
# 1. **D's half.** G's pictures are taken as they are. D moves to tell them from real ones better.
# 2. **G's half.** D is taken as it is. G moves to pass better, and to come closer to the target.
#
# First the material: untrained networks, one Adam for each, and a batch of two pairs. `x` is the
# condition, `y` the target, `y_hat` what G makes of `x`.


# %%
def fresh():
    """The same untrained networks, and an Adam for each, whenever it is called."""
    keras.utils.set_random_seed(SEED)
    generator = training.build_generator(small)
    discriminator = training.build_discriminator(small)
    adams = [keras.optimizers.Adam(2e-4, beta_1=0.5, beta_2=0.999, epsilon=1e-8) for _ in "GD"]
    return generator, discriminator, *adams


G, D, adam_G, adam_D = fresh()

# %% tags=["nbval-check-output"]
batches, steps_per_epoch = training_batches(
    dataset, small.image_size, small.batch_size, SEED, limit=small.train_pairs
)
x, y = next(iter(batches))
y_hat = G(x, training=True)
print("x", tuple(x.shape), " y", tuple(y.shape), " y_hat", tuple(y_hat.shape))
print("D's answers", tuple(D([x, y]).shape), "from", f"{D.count_params():,} weights and averages")
print(f"{small.train_pairs} pairs in batches of {small.batch_size}: {steps_per_epoch} steps")

# %% [markdown]
# ### D's half
#
# In the notation of notebook 04, with $D$ the probability that D gives to "real":
#
# $$L_D = \tfrac12\bigl[-\log D(x, y) - \log\bigl(1 - D(x, \hat y)\bigr)\bigr]$$
#
# The tape records D's two passes. `y_hat` was computed before the tape started, so for this tape
# it is a constant, like a photo from a file. And whatever the tape knows, the gradient is asked
# for with respect to `D.trainable_variables` only. That list *is* the rule "only D moves".


# %%
def discriminator_step(x, y, y_hat):
    """Move D to tell y from y_hat; return its loss."""
    with tf.GradientTape() as tape:
        real_logits = D([x, y], training=True)
        fake_logits = D([x, y_hat], training=True)
        real_loss, fake_loss = losses.discriminator_terms(real_logits, fake_logits)
        d_loss = (real_loss + fake_loss) / 2
    weights = D.trainable_variables
    adam_D.apply(tape.gradient(d_loss, weights), weights)
    return float(d_loss)


# %% [markdown]
# To see what a half step touches, copy everything before, compare after. Besides the trainable
# weights each network has the moving averages of its normalisation layers. No gradient moves
# those: they drift a little whenever the network *looks at* a batch with `training=True`.


# %%
def state():
    """Copies of all that a step could change: trainable weights, and moving averages."""
    return {
        "G weights": [w.numpy() for w in G.trainable_weights],
        "G averages": [w.numpy() for w in G.non_trainable_weights],
        "D weights": [w.numpy() for w in D.trainable_weights],
        "D averages": [w.numpy() for w in D.non_trainable_weights],
    }


def print_moved(before, after):
    """A line for each part: how many of its arrays are no longer what they were."""
    for part, old in before.items():
        moved = sum(not np.array_equal(a, b) for a, b in zip(old, after[part], strict=True))
        print(f"{part:10}  {moved:2d} of {len(old)} arrays moved")


# %% [markdown]
# **Before you run the next cell:** which of the four lines will say 0?

# %% tags=["nbval-check-output"]
before = state()
discriminator_step(x, y, y_hat)
after_d = state()
print_moved(before, after_d)

# %% [markdown]
# All of D and nothing of G. D's averages moved as well, since D looked at two batches (the real
# one and the generated one). G did not even look: `y_hat` was made before.
#
# ### G's half
#
# $$L_G = -\log D(x, \hat y) + \lambda\,\lVert y - \hat y\rVert_1,\qquad \lambda = 100$$
#
# Now `y_hat` has to be computed *inside* the tape: the gradient runs from D's answer back through
# D, into the picture, and through G to its weights. D is only a path on the way. Its own weights
# get no update, because they are not in the list.


# %%
def generator_terms(x, y, y_hat):
    """The adversarial term of G, and its mean absolute error."""
    fake_logits = D([x, y_hat], training=True)
    return losses.generator_gan_term(fake_logits), losses.l1_term(y, y_hat)


def generator_step(x, y):
    """Move G to pass better, and to come closer to y; return both terms."""
    with tf.GradientTape() as tape:
        y_hat = G(x, training=True)
        g_gan, g_l1 = generator_terms(x, y, y_hat)
        objective = g_gan + small.lambda_l1 * g_l1
    weights = G.trainable_variables
    adam_G.apply(tape.gradient(objective, weights), weights)
    return float(g_gan), float(g_l1)


# %% [markdown]
# **Predict again:** G's line and D's line will swap. But what of the averages: will D's stand
# still, now that D is not being trained?

# %% tags=["nbval-check-output"]
before = state()
generator_step(x, y)
after_g = state()
print_moved(before, after_g)

# %% [markdown]
# The weights are as predicted: all of G, none of D. The averages of *both* moved, since both
# networks looked at a batch in training mode. Keep this in mind for section 8, where it makes the
# difference between using a network and damaging it.
#
# ### How far did they move?
#
# The L1 term was multiplied by 100, the adversarial term by 1, and D's loss by one half.
# **Before you run the next cell:** by what factor is G's step larger than D's?

# %% tags=["nbval-check-output"]
for name, old, new in (("D", before_d := state(), None),) if False else (
    ("G", before["G weights"], after_g["G weights"]),
):
    pass
