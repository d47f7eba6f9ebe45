# %% [markdown]
# # 05 · Training
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/{{repository_path}}/blob/main/notebooks/{{notebook}})
#
# ![One label map, its translation after 1, 3 and 8 epochs, and the target photo. From epoch to epoch windows, doors and balconies get clearer.]({{picture 05_training.jpg}})
#
# **What you will build.** One training step, by hand: first the discriminator moves, then the
# generator. You will hand it to `fit`, and train the pix2pix that notebook 06 evaluates. Then you
# will read its curves, stop and resume a run, and use the trained generator in three modes.
#
# **Time.** About 40 minutes to read, and 45 for the exercises. The machine works for 5 to 17
# minutes on two CPU cores (profile `cpu`), of which the training takes 3 to 11, and twice as long
# beside other programs. Under `smoke` it takes less than a minute; on a GPU it has not been
# measured.
#
# **After this notebook you can**
#
# - write a GAN's training step, and say which weights each half of it may move, and why;
# - tell a healthy adversarial training from a broken one, although no curve goes down;
# - say where 16-bit numbers break a training, and what loss scaling does about it;
# - stop a training anywhere and end where the unbroken one would have ended;
# - say what `training=True` does to a picture and to a network;
# - say what the adversarial term adds to L1, and what it costs.
#
# It builds on notebooks 02 (U-Net), 03 (PatchGAN) and 04 (losses).

# %% tags=["setup"]
# {{setup}}

# %%
import inspect
import json
import shutil
import tempfile
import textwrap
import time
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np

from pix2pix_course import callbacks, exercises, losses, runs, training
from pix2pix_course.config import Config, profile
from pix2pix_course.datasets import open_dataset
from pix2pix_course.figures.diagrams import two_halves
from pix2pix_course.figures.plotting import history_curves, image_grid, sample_film
from pix2pix_course.figures.sliders import explore
from pix2pix_course.generators import MODES, generate
from pix2pix_course.pairs import load_pairs, read_pair, to_network
from pix2pix_course.pipeline import training_batches
from pix2pix_course.support.checkpoints import load_checkpoint
from pix2pix_course.translation import pad_to_multiple, translate

# %% tags=["parameters"]
PROFILE = "cpu"  # "smoke", "cpu" or "gpu": how large, how long
DATASET = "painted"  # a name of the catalogue, or a folder of side-by-side pairs
DIRECTION = None  # "AtoB" or "BtoA"; None: as the data set says
PALETTE = None  # label colours of a folder that does not describe itself
SEED = 0  # of weights, order, jitter and dropout
RUNS = "runs"  # where trained runs live; notebook 06 looks there too

# %% [markdown]
# `config` is the training that the profile asks for. `small` is always the same: 64-pixel images,
# narrow networks, eight training pairs. Experiments below use it, in a temporary folder that
# vanishes with the kernel.

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
# Here two networks have opposite aims, so one loss will not do. Each training step has two halves,
# and each half has its own loss and its own weights:
#
# 1. **D's half.** G's pictures are taken as they are. D learns to tell them from real ones.
# 2. **G's half.** D is taken as it is. G moves to pass better, and to come closer to the target.
#
# We need untrained networks, one Adam for each, and a batch of two pairs. `x` is the condition, `y`
# the target, `y_hat` what G makes of `x`.


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
def one_epoch():
    """The batches of one epoch of `small`: the same ones whenever it is called."""
    batches, _ = training_batches(dataset, small.replace(epochs=1))
    return batches


x, y = next(iter(one_epoch()))
y_hat = G(x, training=True)
print("x", tuple(x.shape), " y", tuple(y.shape), " y_hat", tuple(y_hat.shape))
print("D's answers", tuple(D([x, y]).shape), "from", f"{D.count_params():,} weights and averages")
steps_per_epoch = small.train_pairs // small.batch_size
print(f"{small.train_pairs} pairs in batches of {small.batch_size}: {steps_per_epoch} steps")

# %% [markdown]
# ### D's half
#
# In the notation of notebook 04, with $D$ the probability that D gives to "real":
#
# $$L_D = \tfrac12\bigl[-\log D(x, y) - \log\bigl(1 - D(x, \hat y)\bigr)\bigr]$$
#
# Until now `gradient` answered "how does this number change with that?". TensorFlow's own tool for
# it is the **tape**. What is computed inside `with tf.GradientTape() as tape:` is recorded, step by
# step; `tape.gradient(loss, weights)` then follows the record backwards and multiplies the slopes
# on its way. That is the chain rule, and one run backwards gives the slopes of all weights. (A tape
# can be asked once; for a second question make it with `persistent=True`.)
#
# Here the tape records D's two passes. `y_hat` was computed before the tape started, so for this
# tape it is a constant, like a photo from a file. And the gradient is asked for with respect to
# `D.trainable_variables` only. That list *is* the rule "only D moves".

# %% tags=["tensorflow"]
import tensorflow as tf


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
# What does this half step touch? Besides its trainable weights, each network has the moving
# averages of its normalisation layers. No gradient moves those: they drift a little whenever the
# network *looks at* a batch with `training=True`.


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

# %% tags=["predict", "tensorflow", "nbval-check-output"]
before_d = state()
discriminator_step(x, y, y_hat)
after_d = state()
print_moved(before_d, after_d)

# %% [markdown]
# All of D moved and nothing of G. D's averages moved as well, since D looked at two batches. G did
# not even look: `y_hat` was made before.
#
# ### G's half
#
# $$L_G = -\log D(x, \hat y) + \lambda\,\operatorname{mean}\,|y - \hat y|,\qquad \lambda = 100$$
#
# Now `y_hat` has to be computed *inside* the tape: the gradient runs from D's answer back through
# D, into the picture, and through G to its weights. D's own weights get no update, because they are
# not in the list.


# %% tags=["tensorflow"]
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

# %% tags=["predict", "tensorflow", "question-04", "question-27", "nbval-check-output"]
before_g = state()
generator_step(x, y)
after_g = state()
print_moved(before_g, after_g)

# %% [markdown]
# The averages of *both* moved, since both networks looked at a batch in training mode. Section 8
# comes back to this.
#
# ### How far did they move?
#
# The L1 term was multiplied by 100, the adversarial term by 1, and D's loss by one half. **Before
# you run the next cell:** by what factor is G's step larger than D's?


# %% tags=["predict", "tensorflow", "nbval-check-output"]
def typical_step(old, new):
    """Median distance that the numbers in a list of arrays moved, of those that moved at all."""
    steps = np.concatenate([np.abs(a - b).ravel() for a, b in zip(old, new, strict=True)])
    return float(np.median(steps[steps > 0])) if steps.any() else 0.0


d_step = typical_step(before_d["D weights"], after_d["D weights"])
g_step = typical_step(before_g["G weights"], after_g["G weights"])
print(f"a weight of D moved by {d_step:.4f}, one of G by {g_step:.4f}")

# %% [markdown]
# Not larger at all. Adam divides each gradient by its own running size, so a constant factor in
# front of a *whole* loss cancels; the first step of a weight is the learning rate, 0.0002, up or
# down. So the one half in front of $L_D$, which the paper (§3.3) adds to slow D down, does nothing.
# The factor $\lambda$ does matter, because it stands in front of *one of two* terms.
#
# ### Why not one optimizer for both?
#
# Adam remembers two numbers for each weight: the running direction of its gradient, and its running
# size. Suppose an Adam that was built for G gets D's gradients:

# %% tags=["question-57", "nbval-check-output"]
shared = keras.optimizers.Adam(2e-4, beta_1=0.5)
shared.build(G.trainable_variables)
try:
    shared.apply([keras.ops.zeros_like(w) for w in D.trainable_variables], D.trainable_variables)
except ValueError as error:
    print("Keras refuses:", str(error).split(":")[0])

# %% [markdown]
# A Keras optimizer works only on the weights that it was built for. (Older tutorials share one.)
# Built for the weights of both networks, its step counter would count two steps where each network
# made one. One optimizer per network is simpler.
#
# The 0.5 is `beta_1`, the share of its old direction that Adam keeps in each step; the usual value
# is 0.9. Here the opponent moves and the right direction changes. If a gradient was 1 for long and
# turns to -1, how many steps later does Adam follow?

# %% tags=["question-57", "nbval-check-output"]
for beta_1 in (0.9, 0.5):
    direction, steps = 1.0, 0
    while direction >= 0:
        direction, steps = beta_1 * direction + (1 - beta_1) * -1, steps + 1
    print(f"beta_1 = {beta_1}: turned round after {steps} steps")

# %% [markdown]
# ### Both halves in one picture
#
# A tape can be asked for more gradients than its half applies: those at the weights of *both*
# networks, and at the picture $\hat y$ between them. **Before you run the next cell:** in D's half,
# how long is the gradient at G's weights? And in G's half, is the one at D's weights 0?


# %% tags=["tensorflow"]
def lengths(tape, loss, y_hat):
    """Length of a loss's gradient at the weights of each network, and at the generated batch."""
    places = {"D": D.trainable_variables, "G": G.trainable_variables, "ŷ": [y_hat]}
    found = {}
    for name, parts in tape.gradient(loss, places).items():
        arrived = [part for part in parts if part is not None]  # None: no way leads there
        found[name] = float(tf.linalg.global_norm(arrived)) if arrived else 0.0
    return found


with tf.GradientTape() as tape:  # y_hat is older than this tape
    real, fake = D([x, y], training=True), D([x, y_hat], training=True)
    d_loss = sum(losses.discriminator_terms(real, fake)) / 2
gradients = {"D": lengths(tape, d_loss, y_hat)}
with tf.GradientTape() as tape:
    y_hat = G(x, training=True)
    g_gan, g_l1 = generator_terms(x, y, y_hat)
    objective = g_gan + small.lambda_l1 * g_l1
gradients["G"] = lengths(tape, objective, y_hat)

# %% alt="The two halves of a step as flow charts, x to G to ŷ to D to the loss. In D's half the gradient stops at D, which moves. In G's half it runs through D and through λ·L1 into ŷ and G; D stands still, G moves." tags=["predict", "tensorflow"]
moved = {
    half: {name: typical_step(old[f"{name} weights"], new[f"{name} weights"]) for name in "DG"}
    for half, old, new in (("D", before_d, after_d), ("G", before_g, after_g))
}
two_halves(gradients, moved)
plt.show()

# %% [markdown]
# Follow the coloured arrows. In D's half they end at D: the tape took `y_hat` for a constant. In
# G's half they reach $\hat y$ by two ways, D's answer and the distance to $y$, and go on to G
# together. The first way runs *through* D. So D's weights have a gradient there; D stands still
# only because nobody applies it.
#
# In the exercises, write where it says `# your turn`, in place of the dots, then run the check
# under it, as often as you like. Explanations go into the cells that say *Your answer*.

# %% [markdown] tags=["exercise"]
# ### Exercise 1 · prediction: the wrong list
#
# In `generator_step`, let the list of weights be `G.trainable_variables + D.trainable_variables`
# (with an Adam of its own), and take 20 such steps, without D's half. What does D then say of
# *photos*: does D(real) "rise", "fall" or "stay"? Why? And what does it do if the list is right?

# %% tags=["exercise"]
# <solution>
d_real_will = "rise"
# </solution>

# %% tags=["nbval-check-output"]
exercises.check_wrong_list(d_real_will)

# %% tags=["predict", "tensorflow"]
for name in ("G alone", "G and D"):
    G, D, adam, _ = fresh()
    weights = G.trainable_variables + (D.trainable_variables if name == "G and D" else [])
    for step in range(20):
        with tf.GradientTape() as tape:
            y_hat = G(x, training=True)
            g_gan, g_l1 = generator_terms(x, y, y_hat)
            objective = g_gan + small.lambda_l1 * g_l1
        adam.apply(tape.gradient(objective, weights), weights)
        if step in (0, 19):
            d_real = float(losses.belief(D([x, y], training=True)))
            d_fake = float(losses.belief(D([x, y_hat], training=True)))
            print(f"{name}, step {step + 1:2}: D(real) {d_real:.2f}, D(fake) {d_fake:.2f}")

# %% [markdown] tags=["solution"]
# It rises, and so does D(fake), within 20 steps from 1/2 to about 0.7: D is paid for being fooled
# and learns to say "real" to everything, photos included. With the right list D(real) does not
# change, since nothing that it depends on moves; D(fake) hardly does in so few steps.

# %% [markdown]
# ## 2 · Your step is the package's step
#
# A step runs D's half and then G's half, and both need `y_hat`. Running G twice would, with
# dropout, give two different pictures. So G runs once, on a tape of its own, and its gradient is
# taken in two pieces, with the picture between them. First: what does the objective ask of each
# *pixel* (notebook 04 has drawn that)? Then G's tape carries this gradient back to the weights:
# `output_gradients` says with what it starts, where a loss would start with 1. By the chain rule
# the result is the same as in one go.


# %% tags=["tensorflow", "question-36"]
def step_by_hand(x, y):
    """One D step, then one G step, on the same generated batch; return the three losses."""
    with tf.GradientTape() as tape_G:
        y_hat = G(x, training=True)
    d_loss = discriminator_step(x, y, y_hat)
    with tf.GradientTape() as tape:
        tape.watch(y_hat)  # variables are watched anyway, a picture only if it is asked for
        g_gan, g_l1 = generator_terms(x, y, y_hat)
        objective = g_gan + small.lambda_l1 * g_l1
    at_picture = tape.gradient(objective, y_hat)
    weights = G.trainable_variables
    adam_G.apply(tape_G.gradient(y_hat, weights, output_gradients=at_picture), weights)
    return d_loss, float(g_gan), float(g_l1)


# %% [markdown]
# In the package this is `training.Pix2Pix.step`. `Pix2Pix` is a `keras.Model`; `fit` takes batches,
# calls `train_step` on each, which calls `step` (compiled into a graph), averages what it returns
# over the epoch and calls the callbacks. Same untrained weights, same four batches, dropout
# included:

# %% tags=["tensorflow", "question-27"]
G, D, adam_G, adam_D = fresh()
start = state()
by_hand = np.mean([step_by_hand(x, y) for x, y in one_epoch()], axis=0)
end = state()

# %%
model = training.build_pix2pix(small)
once = {"steps_per_epoch": steps_per_epoch, "shuffle": False, "verbose": 0}
by_fit = model.fit(one_epoch(), **once).history

# %% tags=["tensorflow"]
for name, mine in zip(("d_loss", "g_gan", "g_l1"), by_hand, strict=True):
    print(f"{name:6}   by hand {mine:.6f}   by fit {by_fit[name][0]:.6f}")


# %%
def mean_distance(old, new):
    """Mean absolute difference over all numbers in two lists of arrays."""
    apart = [np.abs(a - b).ravel() for a, b in zip(old, new, strict=True)]
    return float(np.concatenate(apart).mean())


# %% tags=["tensorflow", "nbval-check-output"]
theirs = {"G weights": model.generator, "D weights": model.discriminator}
for part, network in theirs.items():
    weights = [w.numpy() for w in network.trainable_weights]
    apart = mean_distance(end[part], weights)
    moved = mean_distance(start[part], weights)
    print(f"{part}: apart by {100 * apart / moved:.0f} % of the way that they moved")

# %% [markdown]
# On a CPU the digits usually agree to the last one printed; on a GPU the last ones may differ. Why
# use `fit`, if the loop is three lines? For the callbacks of section 3, and for its speed. By hand,
# every operation goes through Python; `fit` traces the step once and then runs the graph:

# %% tags=["tensorflow"]
begin = time.perf_counter()
for x, y in one_epoch():
    step_by_hand(x, y)
middle = time.perf_counter()
model.fit(one_epoch(), **once)
finish = time.perf_counter()
print(f"4 steps by hand {middle - begin:.2f} s, by fit (already traced) {finish - middle:.2f} s")

# %% [markdown]
# Many times faster here; with larger networks and images the factor is smaller.
#
# ### The package's own code
#
# A step needs three kinds of gradient, and the package has a function for each: those of a loss at
# weights; that of a loss at a picture; and the way back through G. With TensorFlow they are the
# tapes that you have just used. `rest` is what else the caller wants to keep.

# %% tags=["tensorflow", "nbval-check-output"]
from pix2pix_course.support import gradients as chain_rule

for function in (chain_rule.gradients, chain_rule.gradient_at, chain_rule.with_pullback):
    print(textwrap.dedent(inspect.getsource(function)))

# %% [markdown]
# Why functions? Keras can also compute with JAX and PyTorch, which have no such tapes; with these
# functions the step below is the same on each. Compare its halves with yours: `generated` is your
# `y_hat`, `pull_back` your `tape_G` with its question, `judge` gives the pair to D, and `optimizer`
# and `discriminator_optimizer` are the two Adams; `kind` is the kind of adversarial loss, "vanilla"
# or "lsgan".
#
# Two things are new. Where `gan_weight` is 0, as in section 9, nobody needs D, so D is not trained.
# And `report` adds what the step found to the means that `fit` prints.

# %% tags=["nbval-check-output"]
print(inspect.getsource(training.Pix2Pix.step))
print(inspect.getsource(training.Pix2Pix.train_discriminator))

# %% [markdown]
# ### In turn, or at once?
#
# The package moves D first and shows G the D that has *just* learned from this very batch. Other
# implementations take both gradients at the same weights, then move both: TensorFlow's tutorial
# does. What does G pay more for, the old D or the new one?

# %% tags=["tensorflow"]
for number, (x, y) in enumerate(one_epoch(), start=1):
    y_hat = G(x, training=True)
    old, _ = generator_terms(x, y, y_hat)
    discriminator_step(x, y, y_hat)
    new, _ = generator_terms(x, y, y_hat)
    print(f"batch {number}: G's adversarial term {old:.3f} before D's step, {new:.3f} after")

# %% [markdown]
# As a rule the new one: D has just been told that these pictures are fakes. The difference is small
# at a learning rate of 0.0002, and both orders train well.

# %% [markdown] tags=["exercise"]
# ### Exercise 2 · code: both at once
#
# Write a step that takes both gradients at the *same* weights and only then moves both networks. It
# gets networks and optimizers as arguments, and returns the three losses as `step_by_hand` does; λ
# is `small.lambda_l1`. From the same start, which of the two networks ends its first step where
# `step_by_hand` puts it, and why not the other?


# %% tags=["tensorflow", "exercise"]
def step_at_once(G, D, adam_G, adam_D, x, y):
    """Move both networks from the same weights; return d_loss, g_gan, g_l1."""
    # <solution>
    with tf.GradientTape(persistent=True) as tape:
        y_hat = G(x, training=True)
        real_logits, fake_logits = D([x, y], training=True), D([x, y_hat], training=True)
        d_loss = sum(losses.discriminator_terms(real_logits, fake_logits)) / 2
        g_gan, g_l1 = losses.generator_gan_term(fake_logits), losses.l1_term(y, y_hat)
        objective = g_gan + small.lambda_l1 * g_l1
    of_D = tape.gradient(d_loss, D.trainable_variables)
    of_G = tape.gradient(objective, G.trainable_variables)
    adam_D.apply(of_D, D.trainable_variables)
    adam_G.apply(of_G, G.trainable_variables)
    return float(d_loss), float(g_gan), float(g_l1)
    # </solution>


# %% tags=["tensorflow", "nbval-check-output"]
exercises.check_step_at_once(step_at_once)

# %% [markdown] tags=["solution"]
# D ends in the same place: in `step_by_hand` it moves first, from the same weights and on the same
# `y_hat`. G does not, for there it answers to a D that has moved.

# %% [markdown]
# ### Real and generated, in the same step?
#
# Some programs show D real images in one step and generated ones in the next. **Guess:** what does
# D say of either kind after ten steps with one kind alone?

# %% tags=["predict", "tensorflow", "question-62"]
for name, (of_real, of_fake) in {"real": (1, 0), "generated": (0, 1), "both": (0.5, 0.5)}.items():
    _, D, _, adam_D = fresh()
    for _ in range(10):
        with tf.GradientTape() as tape:
            real, fake = D([x, y], training=True), D([x, y_hat], training=True)
            real_loss, fake_loss = losses.discriminator_terms(real, fake)
            d_loss = of_real * real_loss + of_fake * fake_loss
        adam_D.apply(tape.gradient(d_loss, D.trainable_variables), D.trainable_variables)
    d_real, d_fake = (float(losses.belief(logits)) for logits in (real, fake))
    print(f"{name:9}  D(real) {d_real:.2f}   D(fake) {d_fake:.2f}")

# %% [markdown]
# D learns to say the same to everything: that is the cheapest answer to one kind. Only both
# together ask for the difference.
#
# ### Old pictures for D?
#
# D sees only what G makes *now*. CycleGAN, which learns without pairs, keeps a **pool** of 50 older
# pictures and shows D some of those as well. There no target holds G in place: G can go from one
# way of fooling D to another and back, while D forgets the first. In pix2pix, λ·L1 ties every
# picture to its own target, and D sees its condition too, so G cannot wander far. Its authors use
# no pool. Notebook 08 has an exhibit on the pool, and measures what it does.
#
# ## 3 · What happens around the steps
#
# The rest of a training is callbacks, in this order. `runs.fit` makes the list.
#
# | callback | what it is for |
# |---|---|
# | `SeedEachEpoch` | makes dropout depend on seed and epoch alone |
# | `Throughput` | images per second |
# | `LearningRateByEpoch` | constant, or fading at the end, for both optimizers |
# | `StopOnNaN` | ends the run when a loss is not a number |
# | `HistoryRows` | a row in `history.csv` after each epoch  |
# | `TensorBoard` | the same losses for TensorBoard |
# | `SampleImages` | the same few test inputs, drawn every few epochs |
# | `Health` | warns of trainings that go wrong without a NaN, see below |
# | `EpochLines` | short lines for a notebook |
# | `LambdaCallback` | saves weights and optimizer state |

# %% [markdown]
# The order matters: NaN is looked for first and saving comes last, so an epoch that has gone wrong
# never replaces a good checkpoint.
#
# The learning rate is constant in the paper's code. The authors' later PyTorch code trains 100
# epochs and then fades the rate to 0 over 100 more; `decay_epochs` does that. The profile `cpu`
# starts at five times the paper's rate and fades over its second half, to get far in a short
# training.

# %% tags=["nbval-check-output"]
fading = Config(epochs=200, decay_epochs=100)
for epoch in (1, 100, 101, 150, 200):
    print(f"epoch {epoch:3d}: learning rate {fading.learning_rate_at(epoch - 1):.6f}")

# %% [markdown] tags=["exercise"]
# ### Exercise 3 · code: a rate that fades
#
# Write this schedule. The rate is `start` until the last `decay_epochs` epochs, which take it down
# in equal steps, the first of them already lower, to reach 0 *one epoch after* the last. Epochs
# count from 1. Why not 0 in the last epoch? How will the last two pictures that `SampleImages`
# draws differ, with and without fading?


# %% tags=["exercise"]
def fading_rate(epoch, epochs, decay_epochs, start):
    """Learning rate of an epoch, counted from 1."""
    # <solution>
    left = epochs - epoch + 1
    return start * min(1, left / (decay_epochs + 1))
    # </solution>


# %% tags=["nbval-check-output"]
exercises.check_fading_rate(fading_rate)

# %% [markdown] tags=["solution"]
# At rate 0 an epoch costs time and moves nothing. With Adam a step is about as long as the rate,
# whatever the gradient, so without fading the last two pictures differ as much as any two
# neighbours; with fading they differ less.

# %% [markdown]
# ### A training that has failed should stop
#
# Losses become NaN ("not a number") when a learning rate is far too high, for example. Here one
# single number in G, a bias of its last layer, becomes NaN. **Guess:** how many steps does it take
# until it has spread to every layer of both networks?


# %%
def count_nan(network):
    """How many of the arrays of trainable weights hold a NaN."""
    return sum(bool(np.isnan(w.numpy()).any()) for w in network.trainable_weights)


bias = model.generator.trainable_variables[-1]  # of the last layer, one number a colour
bias.assign([float("nan"), 0.0, 0.0])
print("arrays with a NaN: G", count_nan(model.generator), " D", count_nan(model.discriminator))

# %% tags=["predict", "nbval-check-output"]
model.fit(one_epoch(), steps_per_epoch=1, shuffle=False, verbose=0)
for network in (model.generator, model.discriminator):
    arrays = len(network.trainable_weights)
    print(f"{network.name}: a NaN in {count_nan(network)} of {arrays} arrays")

# %% [markdown]
# One, and nothing leads back: Adam's averages are NaN as well. Without a check, `fit` would go on
# for hours, and save it. With the callback:

# %% tags=["nbval-check-output"]
try:
    model.fit(one_epoch(), **once, callbacks=[callbacks.StopOnNaN()])
except callbacks.TrainingDiverged as error:
    print(type(error).__name__, *str(error).split(". "), sep="\n  ")

# %% [markdown]
# Most trainings that fail do so with every loss a number. The callback `Health` looks for four
# signs, and warns once of each with what it saw and what to try:
#
# - **D has won**: for three epochs it was sure of every picture, real or generated (notebook 04);
# - **G has collapsed**: it answers all conditions with one picture;
# - **G is saturated**: most of its values are at an end of tanh, where the slope is 0;
# - **dead units**: the weights of nine in ten units of a layer no longer move.
#
# You will not see a warning here. In notebook 07 a network gives cause for one.

# %% [markdown]
# ### Half the bits: mixed precision
#
# The course trains in `float32`. **Mixed precision** computes in 16 bits and keeps the weights in
# 32, which saves memory and, on hardware made for it, time. Keras has the policies `mixed_float16`
# and `mixed_bfloat16`. What becomes of four numbers?
#
# - a gradient: for generated pictures, D's loss is a mean over 30×30 answers, so the gradient at an
#   answer $z$ is $\sigma(z)/900$; D is sure of itself here, $z = -12$;
# - the same, multiplied by $2^{15}$ first, and divided afterwards;
# - the loss $\lambda \cdot 0.3 = 30$, multiplied by $2^{15}$;
# - the value 1.001.


# %% tags=["nbval-check-output"]
def stored(number, dtype):
    """What is left of a number in a format."""
    return float(keras.ops.cast(keras.ops.cast(number, dtype), "float32"))


small_gradient, scale = 1 / (1 + np.exp(12)) / 900, 2**15
for dtype in ("float32", "float16", "bfloat16"):
    as_it_is = stored(small_gradient, dtype)
    scaled = stored(small_gradient * scale, dtype) / scale
    print(f"{dtype:8}  gradient {as_it_is:.1e}, scaled {scaled:.1e}", end="   ")
    print(f"loss, scaled {stored(30.0 * scale, dtype):8.0f}   1.001 is {stored(1.001, dtype):.4f}")

# %% [markdown]
# `float16` has no number between 0 and 6e-8: the gradient becomes 0 (*underflow*). **Loss scaling**
# multiplies the loss by a factor before the gradient is taken. By the chain rule all gradients grow
# with it; in `float32` they are divided again. But `float16` ends at 65,504, so a scaled loss that
# is computed in it is infinite. (Notebook 04 found a third break: a guard of 1e-12 is 0.)
#
# Keras' `LossScaleOptimizer` finds the factor: it starts with $2^{15}$, halves it and skips the
# step when a gradient is infinite or NaN, and doubles it after 2,000 good steps. A step of your own
# must then take the gradient of `optimizer.scale_loss(loss)`. The course's step does not, so it
# refuses `mixed_float16`.
#
# `bfloat16` has the range of `float32` and needs no scaling; it pays with digits. `Config` has no
# field for it: call `keras.config.set_dtype_policy("mixed_bfloat16")` before `runs.train`. Outputs
# and losses stay in `float32`, but the gradient goes on through 16-bit layers. On a CPU with
# arithmetic for it (AVX-512) it made a step 1.18 times as fast at batch 1 (`docs/performance.md`).

# %% [markdown]
# ## 4 · A run is a folder
#
# `runs.train` takes a configuration and a folder. The folder is the run:
#
# - if it is new, the training starts;
# - if it holds a run with this same configuration that was stopped, the training goes on there;
# - if it holds the finished run, you get it back at once;
# - if it holds a run with *another* configuration, that is an error, and nothing is overwritten.
#
# To start anew, delete the folder. Under `cpu` the next cell trains 8 epochs of up to 1,000 pairs,
# in 3 to 11 minutes on two cores when nothing else runs on them. Its lines say how long it still
# has to go, and report L1, D(real) and D(fake). **Predict:** from the first line to the last, which
# of the three will go up, which down, and which will hardly move?

# %% tags=["predict"]
folder = Path(RUNS) / f"{Path(DATASET).name}-{PROFILE}-seed{SEED}"
run = runs.train(config, folder, verbose="lines")
print(f"{run.epoch} epochs, in {folder}")

# %% [markdown]
# Section 5 reads these numbers. What lies in the folder:

# %%
content = json.loads((folder / "config.json").read_text())
versions = ", ".join(content["made_with"])
print(f"config.json: {len(content['config'])} hyperparameters; made with: {versions}")
for path in sorted(folder.glob("checkpoint-*/*")):
    print(f"{path.relative_to(folder)}: {path.stat().st_size / 1e6:.1f} MB")
print(f"history.csv: {len(run.history)} rows of", ", ".join(list(run.history[-1])[:7]), "…")
samples = sorted(path.name for path in (folder / "samples").iterdir())
print(f"samples: {len(samples)} pictures, {samples[0]} to {samples[-1]}")

# %% [markdown]
# To translate, only the generator is needed: `config.json` and its weights, 23.7 MB here and 218 MB
# at the paper's size, are all that you hand on. D and the optimizers, whose files are about twice
# as large as the networks' (Adam's two numbers for each weight), are kept to go on training. The
# same losses are in `tensorboard/`: call `tensorboard --logdir runs` in a terminal, and open the
# address that it prints. (In Colab: `%load_ext tensorboard`, then `%tensorboard --logdir runs`,
# each in a cell.)
#
# Two of the promises made above, tried:

# %% tags=["nbval-check-output"]
again = runs.train(config, folder, verbose=0)
same = zip(run.generator.get_weights(), again.generator.get_weights(), strict=True)
print("the finished run came back; arrays that differ:", sum(not np.array_equal(*w) for w in same))
try:
    runs.train(config.replace(lambda_l1=10), folder)
except runs.RunError as error:
    print("another configuration:", str(error).split("another run, with ")[1].split(". ")[0])

# %% [markdown]
# ## 5 · Reading the curves
#
# You are used to one curve that goes down. Here are those of your training:

# %% alt="Three plots by epoch. G's L1 falls by a few per cent in all. D's loss stays below chance and G's adversarial term well above it, both nearly flat. D believes real pictures far more than generated ones, and keeps away from 1 and 0." tags=["question-72"]
history_curves(run.history, losses.CHANCE[config.gan_loss])
plt.show()
speed = np.median([row["images_per_second"] for row in run.history])
print(f"median speed: {speed:.0f} images per second")

# %% [markdown]
# With painted houses and `cpu`, beginning with the plot on the right:
#
# - **What D believes.** The untrained D says 1/2 to both. Within two epochs D(real) is near 0.8 and
#   D(fake) near 0.2, and about there they stay. At 1 and 0, its answers would no longer tell G
#   which pictures are a little better. At 1/2 for both it could not tell them apart: in theory that
#   is how the game ends (notebook 00, exercise 3), but early in a training it means that D has
#   learned nothing.
# - **The game.** The same in losses: D below its chance level of 0.693, G's adversarial term well
#   above it. Both are nearly flat, yet both networks get better all the time: each is measured
#   against an opponent that improves at the same pace.
# - **Distance to the target.** Mind the axis: in the whole training it falls by a few per cent at
#   most.
#
# Under `smoke` there are two points to a line and nothing to be read from them. So where is L1
# lowest?

# %% tags=["question-72"]
l1 = [row["g_l1"] for row in run.history]
print(f"L1 is {l1[0]:.3f} in epoch 1, {l1[len(l1) // 2 - 1]:.3f} halfway, {l1[-1]:.3f} at the end")
print(f"it was lowest in epoch {1 + int(np.argmin(l1))} of {len(l1)}")

# %% [markdown]
# It moves too little to say when to stop; section 6 shows how much the pictures change meanwhile.
# So do not stop "when the loss stops falling". Choose the number of epochs by looking at pictures,
# and by a metric on images that were not trained on; the paper takes 200 for its 400 facades, and
# 15 (in batches of 4) for the 50,000 pairs of edges → shoes, which are more steps all the same
# (§6.2).
#
# Why does a training that gives L1 a weight of 100 lower it so little? Compare with two answers
# that know nothing of the condition: the untrained generator's, and the average training photo.

# %%
test = load_pairs(dataset, dataset.evaluation_split, config.image_size, 8)
some = load_pairs(dataset, "train", config.image_size, min(100, config.train_pairs or 100))
untrained = training.build_generator(config)
answers = {
    "untrained generator": [generate(untrained, to_network(x)[None])[0] for x in test.condition],
    "average training photo": [to_network(some.target).mean(0)] * len(test.target),
    "trained generator": [generate(run.generator, to_network(x)[None])[0] for x in test.condition],
}
for name, images in answers.items():
    print(f"{name:22}  L1 {np.abs(np.stack(images) - to_network(test.target)).mean():.3f}")

# %% alt="A target photo, the average training photo and the trained generator's picture. The average is a grey-brown blur; the generated house has edges and dark windows, in other colours than the target."
shown = {"target": test.target, "average": answers["average training photo"]}
shown["trained"] = answers["trained generator"]
image_grid({name: images[:1] for name, images in shown.items()}, cell=1.5)
plt.show()

# %% [markdown]
# With painted houses and `cpu` the trained generator is somewhat nearer to the targets than the
# average, no more. The map does not say whether a wall is red or yellow, so any definite wall
# colour is a bet, and L1 punishes each lost bet. The average never bets; D punishes that, since no
# photo looks like an average. So L1 may even rise as pictures get sharper. **A loss that does not
# go down is no failure here**, and the lowest L1 does not mark the best translator.
#
# ## 6 · One input through the training
#
# `SampleImages` has drawn the same test inputs every few epochs. **Predict:** what will still
# change after the first picture, and what will be wrong even in the last?

# %% alt="One label map, its translation at four epochs and the target photo. From stage to stage edges get sharper, and windows, doors and sky clearer, while the colour of the wall never becomes the target's." tags=["predict"]
sample_film(folder / "samples", frames=4)
plt.show()

# %% [markdown]
# With painted houses and `cpu`, the layout is there after one epoch, that is, after 1,000 steps:
# windows stand where the map has them. Then come edges and details: frames, panes, railings, doors.
# The colour of the wall stays wrong to the end, since no label tells it. The roof is the network's
# own idea: the map has one class for sky, roof and street.
#
# Look also for a fine regular grid, most easily seen in the sky: a trace of the strided transposed
# convolutions (notebook 02). It stays after eight epochs. Under `smoke` there is coloured noise or
# coarse blobs, and that is correct.
#
# ## 7 · Stop and resume
#
# Colab's time limit or Ctrl-C has stopped your run. What has to be remembered, besides the weights,
# so that it ends *exactly* where it would have ended? Make a list before you go on.
#
# The experiment, on `small`: three epochs in one go; and one epoch, stop, then two more. (A run
# asked for one epoch *is* one that stopped after the first of three, as long as the learning rate
# does not fade.)


# %%
def trial(name, **changes):
    """Train a variant of `small` in the temporary folder."""
    return runs.train(small.replace(**changes), scratch / name, verbose=0)


# %%
unbroken = trial("unbroken", epochs=3)
stopped = trial("stopped", epochs=1)
shutil.copytree(scratch / "stopped", scratch / "stopped, a copy")  # for a second experiment below
resumed = runs.resume(scratch / "stopped", epochs=3, verbose=0)

# %%
pairs = zip(unbroken.generator.get_weights(), resumed.generator.get_weights(), strict=True)
print("arrays of the generator that differ:", sum(not np.array_equal(*pair) for pair in pairs))

# %% [markdown]
# On a CPU none: the same bits. (On a GPU two *unbroken* runs may differ in the last digits, and so
# may these.) The complete list: weights and moving averages; both Adams, with averages and step
# counter; the order of the pairs, their crops and flips; the dropout masks. The first two are in
# the checkpoint. The rest needs no file: it follows from seed, epoch and position.
#
# Some widely used code keeps the weights and forgets Adam. So does the authors' PyTorch code; and
# it knows the epoch and the learning rate of a continued training only if you tell it
# (`--continue_train`, `--epoch_count`).

# %%
_, checkpoint = runs.newest_checkpoint(scratch / "stopped, a copy")
forgetful = training.build_pix2pix(small)
forgetful.generator.load_weights(checkpoint / "generator.weights.h5")
forgetful.discriminator.load_weights(checkpoint / "discriminator.weights.h5")
rest, _ = training_batches(dataset, small.replace(epochs=3), first_epoch=1)

dropout = [callbacks.SeedEachEpoch(SEED)]
forgetful.fit(rest, initial_epoch=1, epochs=3, **once, callbacks=dropout)
lost = mean_distance(unbroken.generator.get_weights(), forgetful.generator.get_weights())
kept = mean_distance(unbroken.generator.get_weights(), resumed.generator.get_weights())
way = mean_distance(unbroken.generator.get_weights(), stopped.generator.get_weights())

print(f"from the stop to the end the weights travel  {way:.6f}")
print(f"resumed with Adam's state, they end apart by {kept:.6f}")
print(f"resumed without it, they end apart by        {lost:.6f}")

# %% tags=["nbval-check-output"]
print("epochs in the resumed run's history:", [int(row["epoch"]) for row in resumed.history])

# %% [markdown]
# Without Adam's memory the same batches lead elsewhere, by a good part of the whole way. That need
# not be *worse*, but it is another training: the fresh Adam makes its first step with the full
# learning rate for every weight, whatever its gradient.

# %% [markdown] tags=["exercise"]
# ### Exercise 4 · experiment: resume without the seeds
#
# Resume the stopped run once more, from `checkpoint`, with Adam's state (by
# `load_checkpoint(resumed.networks(), resumed.states(), checkpoint)`), but *without*
# `SeedEachEpoch`. Does the generator end where the unbroken run did? Which layers are to blame? To
# check your code, run it *with* `callbacks=dropout` as well: on a CPU it must then print 0.

# %% tags=["exercise"]
_, checkpoint = runs.newest_checkpoint(scratch / "stopped, a copy")
# <solution>
for name, seeds in (("with the seeds", dropout), ("without", [])):
    resumed = training.build_pix2pix(small)
    load_checkpoint(resumed.networks(), resumed.states(), checkpoint)
    rest, _ = training_batches(dataset, small.replace(epochs=3), first_epoch=1)
    resumed.fit(rest, initial_epoch=1, epochs=3, **once, callbacks=seeds)
    off = mean_distance(unbroken.generator.get_weights(), resumed.generator.get_weights())
    print(f"{name:14}  apart by {off:.6f}, where forgetting Adam cost {lost:.6f}")
print([type(la).__name__ for la in resumed.generator.layers if getattr(la, "rate", 0)])
# </solution>

# %% [markdown] tags=["solution"]
# Without the seeds it does not: the end is further away than where forgetting Adam led. Weights,
# moving averages and both Adams came back, and the batches are the same, but `build_pix2pix` starts
# the random states of the three dropout layers anew, so other features were dropped.

# %% [markdown]
# ## 8 · Using the trained generator
#
# ### Any size
#
# The U-Net halves its input down to 1×1, so it wants multiples of its training size; 200 rows are
# none:

# %% tags=["nbval-check-output"]
files = dataset.files(dataset.evaluation_split)
condition = read_pair(files[0])["AB".index(dataset.condition_side)][:200]
try:
    run.generator(to_network(condition)[None])
except Exception:  # each engine has its own
    print("the generator alone refuses", condition.shape)
print("padded:", pad_to_multiple(condition, config.image_size).shape)
print("translated and cropped back:", translate(run, condition).shape)

# %% alt="A label map that is wider than high, and its translation: a house of the same shape, with windows and balconies where the map has them."
image_grid({"condition": [condition], "translated": [translate(run, condition)]}, cell=2.0)
plt.show()

# %% [markdown]
# `translate` continues the image by reflection, translates, and cuts the extra rows off. Allowed
# does not mean equally good: the file above has 256 columns, and a network that was trained at 128
# pixels meets windows twice as large as those it has learned from. Better scale an image to the
# size of the training first.
#
# ### Three modes
#
# Two kinds of layer behave differently in training: dropout, and batch normalisation (statistics of
# this batch, or moving averages of the training). As in notebook 02, the combinations have names:
#
# | mode | normalises with | dropout | when |
# |---|---|---|---|
# | `"paper"` | this image's statistics | on | as in training, and in the paper |
# | `"deterministic"` | this image's statistics | off | the same answer every time |
# | `"running"` | moving averages | off | what Keras does by default |
#
# **Before you run the next cell:** in `"paper"` mode each seed drops other features, half of them
# in three layers. How much will the pictures differ: like different buildings, or hardly?

# %% alt="One condition translated with two dropout seeds: the same house twice. Below, its difference from seed 0, twenty times enlarged: dark, with spots of colour, the brightest along edges and balconies." tags=["predict"]
seeds = np.stack([translate(run, test.condition[0], seed=seed) for seed in range(6)])
spread = seeds.astype(float).std(axis=0)
print(f"between seeds a pixel varies by {spread.mean():.1f} grey levels (standard deviation)")
photos = test.target.astype(float).std(axis=0).mean()
print(f"between real photos by {photos:.0f}")


def draw_seed(seed, above, below):
    """The translation with one seed, and how it differs from that with seed 0."""
    picture = translate(run, test.condition[0], seed=seed)
    apart = np.abs(picture.astype(int) - seeds[0])
    for axis, shown in ((above, picture), (below, (20 * apart).clip(0, 255).astype(np.uint8))):
        axis.imshow(shown)
        axis.set(xticks=[], yticks=[])


panels = ("translation", "difference × 20")
explore(draw_seed, "seed", range(1, 13), shown=(1, 2), panels=panels, size=(1.35, 1.35))
plt.show()

# %% [markdown]
# Below is how far each is from seed 0, twenty times enlarged; in JupyterLab or Colab, a slider
# shows you more. Under `cpu` they hardly differ: the generator has learned to ignore most of the
# noise, as the paper reports of its own (§3.1). Now all three modes:

# %% tags=["question-44"]
pictures = {
    mode: np.stack([translate(run, x, mode) for x in test.condition]).astype(float)
    for mode in MODES
}
print("grey levels:     to the photo   to mode paper   mean colour varies by")
for mode, images in (pictures | {"(photos)": test.target.astype(float)}).items():
    to_photo, to_paper = (np.abs(images - o).mean() for o in (test.target, pictures["paper"]))
    varies = images.mean(axis=(1, 2)).std(axis=0).mean()
    print(f"{mode:14}  {to_photo:13.1f}   {to_paper:13.1f}   {varies:21.1f}")

# %% alt="Two label maps and their translations in three modes. Paper and deterministic are nearly the same; with moving averages contrast and colours differ more."
shown = {"condition": test.condition} | {m: p.astype(np.uint8) for m, p in pictures.items()}
image_grid({name: images[:2] for name, images in shown.items()}, cell=1.35)
plt.show()

# %% [markdown]
# Dropout changes next to nothing, the statistics a lot more. With batch statistics each image is
# normalised by *itself*. With moving averages it keeps what sets it apart from the average of the
# training. But see the last column: with painted houses and `cpu` the mean colour varies far less
# than among photos in every mode. A map has no wall colour, so moving averages bring the picture no
# nearer to its photo.
#
# The paper's mode treats an image as the training did, and so it is the default here. It has a
# price: in a batch of several, an image's translation would depend on its neighbours. So
# `translate` takes one image at a time, and pix2pix trains with small batches, of one for most
# sets: G meets in use what it met in training, and moves more often. Larger batches run, but as a
# rule the pictures suffer: in one trial, batches of 4 brought a mean IoU of 0.73 down to 0.70
# (`docs/performance.md`).

# %% tags=["question-47"]
alone = generate(run.generator, to_network(test.condition[:1]), "deterministic")
for size in (2, 4):
    together = generate(run.generator, to_network(test.condition[:size]), "deterministic")
    apart = 127.5 * np.abs(together[0] - alone[0]).mean()
    print(f"in a batch of {size}, the first picture changes by {apart:.1f} grey levels")
for size in (1, 10, 64):
    print(f"1,000 pairs in batches of {size:2}: {1000 // size:5,} moves of each network an epoch")

# %% [markdown]
# D was trained on images made as in mode `"paper"`. Other programs make D's images by `predict`,
# that is, in mode `"running"`, while G is trained in training mode: D then learns about pictures
# that G's own step never makes. What does our D think of each kind?

# %% tags=["question-43", "question-63"]
_, checkpoint = runs.newest_checkpoint(folder)
referee = training.build_discriminator(config)
referee.load_weights(checkpoint / "discriminator.weights.h5")
for mode, images in (pictures | {"(photos)": test.target}).items():
    pairs = zip(to_network(test.condition), to_network(images), strict=True)
    beliefs = [losses.belief(referee([x[None], y[None]], training=True)) for x, y in pairs]
    print(f"{mode:14}  D's mean answer {np.mean(beliefs):.2f}")

# %% [markdown]
# With painted houses and `cpu`, it recognises the kind that it was trained on best, and is more
# easily deceived by mode `"running"`, whose pictures it has never met. A D that was trained on
# those would err the other way round, and on just the pictures from which G takes its gradient.
#
# ### Looking without touching
#
# The obvious way to get batch statistics is `generator(x, training=True)`, which moves the averages
# (section 1). The package's modes do not:


# %%
def everything(network):
    """Copies of all variables: weights, moving averages, random states."""
    return [variable.numpy() for variable in network.variables]


def count_changed(old, new):
    """How many arrays differ."""
    return sum(not np.array_equal(a, b) for a, b in zip(old, new, strict=True))


# %% tags=["question-04", "nbval-check-output"]
before = everything(run.generator)
averages = [average.numpy() for average in run.generator.non_trainable_weights]
for mode in MODES:
    translate(run, test.condition[0], mode)
    print(f"variables changed by mode {mode}:", count_changed(before, everything(run.generator)))
run.generator(to_network(test.condition[:1]), training=True)
after = [average.numpy() for average in run.generator.non_trainable_weights]
print(
    "moving averages that training=True leaves alone:", len(after) - count_changed(averages, after)
)

# %% [markdown]
# So the next picture depends on the ones before, and test images leak into the network. In
# `"paper"` mode nobody would notice, since it does not read the averages; in `"running"` mode the
# damage shows. Show the network one flat image twenty times, the careless way:

# %%
flat = np.ones_like(to_network(test.condition[:1]))
for _ in range(20):
    run.generator(flat, training=True)
damaged = np.stack([translate(run, x, "running") for x in test.condition]).astype(float)
print(f"mode running has changed by {np.abs(damaged - pictures['running']).mean():.0f} grey levels")
run = runs.load(folder)  # the folder still has the good one
repaired = translate(run, test.condition[0], "running")
print(f"loaded again, by {np.abs(repaired - pictures['running'][0]).mean():.0f}")

# %% [markdown]
# ## 9 · What would L1 alone have done?
#
# Now take the opponent away: `gan_weight=0` leaves G with L1 alone. Two short trainings on 64-pixel
# images are equal in all else. Two numbers for each: the distance to the photos, and the sharpness,
# that is, the mean difference between neighbouring pixels.
#
# **Write down your bets:** which one is nearer to the photos, and which one is as sharp as they
# are?


# %%
def sharpness(images):
    """Mean absolute difference of neighbouring pixels, in grey levels."""
    grey = np.asarray(images, float).mean(axis=-1)
    down, across = np.diff(grey, axis=-2), np.diff(grey, axis=-1)
    return float(np.abs(down).mean() + np.abs(across).mean()) / 2


length = {"train_pairs": 8, "epochs": 2}
if PROFILE != "smoke":
    length = {
        "train_pairs": 100,
        "epochs": 12,
        "generator_filters": 16,
        "discriminator_filters": 16,
    }

# %%
trials = {
    "L1 alone": trial("l1", gan_weight=0.0, **length),
    "L1 + GAN": trial("both", **length),
}
test_64 = load_pairs(dataset, dataset.evaluation_split, 64, 20)
results = {
    name: np.stack([translate(each, x) for x in test_64.condition]) for name, each in trials.items()
}

# %% alt="Two label maps, translations by L1 alone and by L1 + GAN, and the photos. L1 alone is a soft brown; L1 + GAN has harder edges, stains and streaks. Both lack the photos' colours and details." tags=["predict"]
for name, images in (results | {"photos": test_64.target}).items():
    distance = np.abs(images.astype(float) - test_64.target).mean()
    print(f"{name:8}   distance {distance:4.1f}   sharpness {sharpness(images):4.1f}")
shown = {"condition": test_64.condition} | results | {"photos": test_64.target}
image_grid({name: images[:2] for name, images in shown.items()}, cell=1.3)
plt.show()

# %% [markdown]
# With painted houses and `cpu`, L1 alone is a little nearer to the photos, and clearly blurrier: it
# reaches only about half of their sharpness. With the adversarial term the sharpness lies well
# above that, and so does the distance. As the paper puts it (§3.2.2), L1 takes care of the coarse
# structure and D of the details that L1 averages away. Sharp is not yet right, though: after so
# short a training many of them are stains and streaks. Under `smoke` the order is chance.

# %% [markdown] tags=["exercise"]
# ### Exercise 5 · experiment: weigh
#
# Train `L1 + GAN` once more, with `lambda_l1` at 10 and at 1000 (half a minute under `cpu`). First
# predict: where will they lie beside the two runs above, in distance and sharpness?

# %% tags=["exercise"]
# <solution>
for weight in (10, 1000):
    weighed = trial(f"lambda {weight}", lambda_l1=weight, **length)
    images = np.stack([translate(weighed, x) for x in test_64.condition])
    distance = np.abs(images.astype(float) - test_64.target).mean()
    print(f"λ = {weight:4}   distance {distance:4.1f}   sharpness {sharpness(images):4.1f}")
# </solution>

# %% [markdown] tags=["solution"]
# With painted houses and `cpu`, λ = 1000 lies beside "L1 alone" in both: as near, and as blurred. λ
# = 10 lies beyond "L1 + GAN" on the other side: almost as sharp as the photos, and further from
# them than any other. (Under `smoke` the order is chance.)

# %% [markdown] tags=["exercise"]
# ### Exercise 6 · experiment: another game
#
# Train `small` for 8 epochs with `gan_loss="lsgan"` (`trial` does it). Which chance level belongs
# to its `d_loss`? What are D(real) and D(fake) in the first and in the last epoch, and may D(real)
# exceed 1? Print them. With painted houses, the last `d_loss` should lie between 0.2 and 0.35.

# %% tags=["exercise"]
# <solution>
game = trial("lsgan", gan_loss="lsgan", epochs=8)
print(f"chance level {losses.CHANCE['lsgan']}")
for row in (game.history[0], game.history[-1]):
    print({name: round(row[name], 2) for name in ("epoch", "d_loss", "d_real", "d_fake")})
# </solution>

# %% [markdown] tags=["solution"]
# 0.25: an answer of 1/2 to everything is off by 1/2, squared. At first D answers about 0 to both,
# so photos cost 1, generated images 0, and `d_loss` is 1/2; after 8 epochs it is near chance and
# both answers near 1/2. Without a sigmoid nothing bounds D(real); above 1 it costs again.

# %% [markdown]
# ## Recap
#
# - A step has two halves. Each has its own loss, optimizer and list of weights; the list decides
#   who moves.
# - Curves of a healthy training are nearly flat. D(real) and D(fake) should stay off 1/2, 1 and 0.
#   Watch the pictures.
# - `float16` loses small gradients unless the loss is scaled; `bfloat16` loses digits instead.
# - A run is a folder. To resume exactly, Adam's state and every random choice must come back too.
# - Batch statistics or moving averages: a visible difference. Using a network must not change it.
# - The adversarial term buys sharpness and pays with distance.
#
# **What this does not show.** The networks are narrow, the images small, the trainings minutes
# long, and one seed was run. Sections 7 and 9 demonstrate effects; they do not say how large these
# are on real photos. And an eye on a few pictures is no evaluation: that is notebook 06.
#
# ## Next
#
# [Notebook 06](06_evaluation.ipynb) takes the run from its folder and asks how good it is. In the
# paper ([arXiv:1611.07004](https://arxiv.org/abs/1611.07004)), see §3.3 and §4.2.
