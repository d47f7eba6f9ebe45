# %% [markdown]
# # 04 · Losses
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/{{repository_path}}/blob/main/notebooks/{{notebook}})
#
# ![What the losses tell the generator to change in a corner of its picture, for λ = 0, 10, 100 and 1000, with an untrained D and with D after 20 steps. With λ = 0 it is a different wish for every pixel; with λ = 1000 whole areas are to become lighter or darker.]({{picture 04_losses.png}})
#
# **What you will build.** The few lines that tell the two networks what is wanted of them: the
# discriminator's two terms, the generator's adversarial term in two forms, the least-squares
# alternative, and the L1 distance with its weight λ. Each is built by hand, set beside the
# package's, and given reference values, so that a number in a log means something. Then a toy
# small enough to see through shows what each term can do alone, and what a flipped label or
# sign does.
#
# **Time:** about half a minute on two CPU cores; on a GPU: not measured.
#
# **After this notebook you can**
#
# - compute every term from logits, and say why not from probabilities;
# - say which value each term has at chance, untrained and converged, and when 0.69 is the wrong
#   number to compare with;
# - explain why the generator does not minimise what the discriminator maximises;
# - show what L1 alone cannot decide, and what the adversarial term adds;
# - measure how λ divides the gradient between the two terms, and which weights each one moves.
#
# It builds on notebooks 01 (pairs in [-1, 1]), 02 (the generator) and 03 (the discriminator's
# map of logits).

# %% tags=["setup"]
# {{setup}}

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import ops

from pix2pix_course import exercises
from pix2pix_course.config import profile
from pix2pix_course.datasets import open_dataset
from pix2pix_course.datasets.painter import paint_pair
from pix2pix_course.discriminators import patchgan
from pix2pix_course.figures.plotting import image_grid
from pix2pix_course.figures.sliders import explore
from pix2pix_course.generators import unet
from pix2pix_course.losses import CHANCE, belief, discriminator_terms, generator_gan_term, l1_term
from pix2pix_course.pairs import load_pairs, to_network
from pix2pix_course.palettes import PALETTES
from pix2pix_course.pipeline import load_size
from pix2pix_course.support.gradients import StepModel, gradient, gradients
from pix2pix_course.training import build_generator

# %% tags=["parameters"]
PROFILE = "cpu"  # "smoke", "cpu" or "gpu"
DATASET = "painted"  # or a name from the catalogue, or a folder of pairs
DIRECTION = None  # "AtoB" or "BtoA"; None: as the data set says
PALETTE = None  # label colours of a folder that does not describe itself
SEED = 0

# %%
config = profile(PROFILE).replace(dataset=DATASET, direction=DIRECTION, palette=PALETTE, seed=SEED)
keras.utils.set_random_seed(SEED)
print(f"{config.image_size} px, batches of {config.batch_size}, GAN loss {config.gan_loss!r}")
print(f"weights: GAN term {config.gan_weight:g}, L1 term λ = {config.lambda_l1:g}")

# %% [markdown]
# ## 1 · What does one judgement cost?
#
# The discriminator ends without an activation. For each patch it gives a *logit* $z$: any real
# number, above 0 for "real", below 0 for "generated". The sigmoid turns it into a probability,
#
# $$p = \sigma(z) = \frac{1}{1 + e^{-z}},$$
#
# and binary cross-entropy charges the negative logarithm of the probability that was given to
# the truth: $-\log p$ if the patch was real, $-\log(1 - p)$ if it was generated.
#
# **Before you run the next cell:** a patch is real and D says $z = 2$, so it is fairly sure and
# right. What does it pay, roughly? What if the patch was generated?

# %% tags=["nbval-check-output"]
z = np.array([-4.0, -2.0, 0.0, 2.0, 4.0])
p = 1 / (1 + np.exp(-z))

cost_if_real = -np.log(p)
cost_if_generated = -np.log(1 - p)

print("logit   probability   cost if real   cost if generated")
for row in zip(z, p, cost_if_real, cost_if_generated, strict=True):
    print("{:5.1f}   {:11.3f}   {:12.3f}   {:17.3f}".format(*row))

# %% [markdown]
# Being sure and right costs little (0.13), being sure and wrong costs about as much as the size
# of the logit (2.13 at 2, 4.02 at 4). In the middle row D does not commit itself and pays 0.693,
# whatever the truth is: that is $\log 2$, a number to remember.
#
# The last two columns mirror each other, and there is a reason. Put $p$ into the formula and
# simplify:
#
# $$-\log \sigma(z) = \log(1 + e^{-z}) = \operatorname{softplus}(-z), \qquad
#   -\log(1 - \sigma(z)) = \log(1 + e^{z}) = \operatorname{softplus}(z).$$
#
# One smooth function, used forwards and backwards, is all of binary cross-entropy when the labels
# are 0 and 1. Check it, and then ask what it is good for.


# %% tags=["nbval-check-output"]
def softplus(z):
    """log(1 + exp(z)), written so that the exponential never grows: the larger part goes first."""
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


print("-log p       equals softplus(-z):", np.allclose(softplus(-z), cost_if_real))
print("-log (1 - p) equals softplus(+z):", np.allclose(softplus(z), cost_if_generated))
print("keras.ops.softplus is the same:  ", np.allclose(ops.softplus(z), softplus(z), atol=1e-6))

# %% [markdown]
# ## 2 · Which number is good?
#
# A loss of 0.9: is that a good discriminator or a useless one? It depends on what was added up.
# D has two terms, one over real patches and one over generated ones. Some training scripts report
# their **mean**, others their **sum**, and the same network then shows two different numbers.
#
# A discriminator that knows nothing and answers $p = 1/2$ everywhere pays $\log 2$ a term. This is
# the level to compare with, and it is 0.693 only for a term or for a mean of terms.
#
# **Prediction:** a log shows a discriminator loss of 0.9, and the code adds the two terms. Is
# this discriminator better or worse than guessing?

# %% tags=["nbval-check-output"]
answers = {"sure and right": (4, -4), "better than chance": (0.56, -0.56), "chance": (0, 0)}
answers |= {"sure and wrong": (-4, 4)}

print("D is                 real   fake    mean    sum")
for name, (z_real, z_fake) in answers.items():
    real, fake = softplus(-z_real), softplus(z_fake)
    print(f"{name:18}  {real:5.3f}  {fake:5.3f}   {(real + fake) / 2:5.3f}  {real + fake:5.3f}")

print(f"\nchance: {np.log(2):.3f} for a term or the mean of both, {2 * np.log(2):.3f} for the sum")
print(f"the package reports the mean, with CHANCE['vanilla'] = {CHANCE['vanilla']:.3f}")

# %% [markdown]
# The second row is the answer: terms of 0.45 are clearly better than chance, yet their sum, 0.9,
# looks worse than chance to somebody who compares it with 0.69. A widely read tutorial makes
# exactly this mistake about its own code. **Before you compare a GAN loss with anything, find out
# whether it is a sum or a mean.** In this course it is always the mean.
#
# Keep three reference values for `d_loss`: near 0, D recognises everything, and G gets a weak or
# jumpy signal; 0.693, D guesses; above that for long, D is worse than a coin. A run that goes well
# usually stays somewhere between the first two. None of these values says that the pictures are
# good.

# %% [markdown]
# ## 3 · Why the loss takes logits
#
# Many GAN programs let D end in a sigmoid and compute `-log(p + 1e-12)`, where the small number
# guards against $\log 0$. It is the same formula. Does it matter?
#
# **Before you run the next cell:** the numbers of a computer have gaps. How close to 1 can a
# `float32` come? And what is 1e-12 in `float16`, the type that mixed-precision training uses?
# The cell charges a discriminator that is very sure *and wrong*, where the cost should be about
# the size of the logit.


# %% tags=["nbval-check-output"]
def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def guarded(z):
    """Cost of a generated patch, by way of the probability."""
    return -np.log(1 - sigmoid(z) + z.dtype.type(1e-12))


print("float16(1e-12) =", float(np.float16(1e-12)))
with np.errstate(all="ignore"):  # the warnings would be right
    for dtype in (np.float32, np.float16):
        for logit in (10, 20, 40):
            z = dtype(logit)
            print(
                f"{dtype.__name__}, z = {logit}: p = {sigmoid(z):.7f}, "
                f"guarded {guarded(z):5.1f}, from the logit {softplus(z):5.1f}"
            )

# %% [markdown]
# In `float32` the probability becomes *exactly* 1 somewhere before $z = 20$. From there on the
# guard is all that is left: a cost of 27.6 (which is $-\log 10^{-12}$) for any logit, too large
# at 20, too small at 40, and, being constant, without any gradient: the worst mistakes teach
# nothing. In `float16` the guard itself has rounded to 0, and the loss is infinite already at
# $z = 10$. One such number in a mean, and the whole training is over.
#
# Softplus of the logit never meets either problem, since it never forms the probability. That is
# the reason for `from_logits=True`, and for a discriminator without a last activation.
#
# Now the functions as the package has them. Below, all of `discriminator_terms` written by hand,
# beside the package's and beside Keras' own loss.


# %% tags=["question-25", "nbval-check-output"]
def d_terms_by_hand(real_logits, fake_logits):
    return ops.mean(ops.softplus(-real_logits)), ops.mean(ops.softplus(fake_logits))


rng = np.random.default_rng(0)
real_logits = rng.normal(+1, 2, (1, 30, 30, 1)).astype("float32")  # the grid of a 70×70 PatchGAN
fake_logits = rng.normal(-1, 2, (1, 30, 30, 1)).astype("float32")
keras_loss = keras.losses.BinaryCrossentropy(from_logits=True)

mine = d_terms_by_hand(real_logits, fake_logits)
packaged = discriminator_terms(real_logits, fake_logits)
from_keras = (
    keras_loss(np.ones_like(real_logits), real_logits),
    keras_loss(np.zeros_like(fake_logits), fake_logits),
)
print("by hand = package:", np.allclose(mine, packaged, rtol=1e-6))
print("by hand = Keras:  ", np.allclose(mine, from_keras, rtol=1e-5))
print("a map of", real_logits.size, "logits gives a loss of shape", tuple(mine[0].shape))

# %% [markdown]
# Some programs have D give *two* numbers, one for "real" and one for "generated", and a softmax
# over them. Does the second number add anything? **Guess**, then put them into one logit.

# %% tags=["question-61", "nbval-check-output"]
two_outputs = rng.normal(0, 3, (1000, 2))
softmax = np.exp(two_outputs) / np.exp(two_outputs).sum(axis=1, keepdims=True)
one_logit = two_outputs[:, 0] - two_outputs[:, 1]

print("softmax of two = sigmoid of the difference:", np.allclose(softmax[:, 0], sigmoid(one_logit)))
print("and so is the cost:", np.allclose(-np.log(softmax[:, 0]), softplus(-one_logit)))

# %% [markdown]
# Only the difference counts, so one logit says it all, with half of the weights in the last layer.
# Two outputs do no harm by themselves. What does is to put a loss that expects logits behind the
# softmax, or a second softmax (exercise 2 does it with the sigmoid).
#
# ## 4 · A map of verdicts, and one number
#
# D gives a map: 30×30 logits for a 256-pixel picture, 900 small verdicts. The loss is one number.
# Two ways lead from one to the other: average the logits first and charge the average, or charge
# each patch and average the costs. Both are found in tutorials.
#
# **Prediction:** the left half of a *real* picture convinces D ($z = 4$), the right half looks
# wrong to it ($z = -4$). What does each way charge?

# %% tags=["question-41", "nbval-check-output"]
verdicts = np.full((1, 30, 30, 1), 4.0, "float32")
verdicts[:, :, 15:] = -4.0

average_first = float(ops.softplus(-ops.mean(verdicts)))
charge_first = float(discriminator_terms(verdicts, verdicts)[0])
print(f"average, then charge: {average_first:.3f}")
print(f"charge, then average: {charge_first:.3f}")


# %% [markdown]
# Averaging first gives 0.693: the two halves cancel, and a discriminator that is half wrong looks
# like one that has no opinion. Charging first gives 2.018, half of a serious mistake. It also
# gives every patch a gradient of its own, as if it were a small picture in a batch of 900, which
# is one reason why few pictures go a long way. The package charges first:
# `ops.mean(ops.softplus(...))`.
#
# ## 5 · What D believes
#
# Costs are for the optimizer. For reading, probabilities are nicer: D(real) and D(fake), the mean
# of $\sigma(z)$ over the patches, should start near 1/2 and 1/2 and part by a moderate distance.
# Or count patches judged correctly. With what threshold?
#
# **Before you run the next cell:** all the logits below belong to real patches and all are
# positive. One line thresholds at 0, one at 0.5. What accuracy does each report?

# %% tags=["question-39", "nbval-check-output"]
hesitant = np.linspace(0.02, 0.48, 24)  # logits of 24 real patches: D leans towards "real"

print(f"D(real) = {float(belief(hesitant)):.2f}")
print(f"judged real, logit > 0:         {np.mean(hesitant > 0):.0%}")
print(f"judged real, probability > 0.5: {np.mean(sigmoid(hesitant) > 0.5):.0%}")
print(f"judged real, logit > 0.5:       {np.mean(hesitant > 0.5):.0%}")
print(f"a logit of 0.5 is a probability of {sigmoid(0.5):.2f}")

# %% [markdown]
# The threshold 0.5 belongs to probabilities. On logits the same border is 0, and "logit > 0.5"
# quietly asks for a probability of 0.62: here it reports that D gets everything wrong when it gets
# everything right. On generated patches the same slip flatters D, so the average of the two can
# look reasonable, which helps the slip to go unnoticed: it has been published.
#
# For the untrained networks of this course, D(real) and D(fake) are both not far from 1/2
# (kernels drawn from N(0, 0.02) give small logits). Reference values for later: both 1/2, chance;
# 1 and 0, D has won; D(real) *below* D(fake) for long, something is swapped (section 16).
#
# ## 6 · The generator's term: one game, two slopes
#
# In a *minimax* game, which is how GANs were first described, G wants the exact opposite of what D
# wants. D minimises the cost of generated patches, $-\log(1 - D(G(x)))$; so G would *maximise* it,
# that is, minimise
#
# $$\log(1 - D(G(x))) = -\operatorname{softplus}(z) \qquad\text{("saturating")}.$$
#
# The paper (§3.3) follows the practice of the first GANs and uses another function instead:
#
# $$-\log D(G(x)) = \operatorname{softplus}(-z) \qquad\text{("non-saturating")}.$$
#
# Both fall as $z$ grows, both are satisfied when D is fooled. **Where do they differ?** Early in
# training D wins easily: think of $z = -8$ and of the slope there.

# %% alt="G's two losses against D's logit, and their gradients. Both losses fall to the right. Where D is sure of a fake, at the left edge, the saturating gradient is almost 0 and the non-saturating one -1."
z = np.linspace(-10, 6, 400, dtype=np.float32)
forms = {"saturating": lambda z: -ops.softplus(z), "non-saturating": lambda z: ops.softplus(-z)}

figure, axes = plt.subplots(1, 2, figsize=(6.5, 2.2), layout="constrained")
for name, cost in forms.items():
    slopes = gradient(lambda z: ops.sum(cost(z)), z)  # each number of z has its own part of the sum
    axes[0].plot(z, cost(z), label=name)
    axes[1].plot(z, slopes)
for axis, title in zip(axes, ("what G pays", "gradient that G receives"), strict=True):
    axis.axvline(0, color="gray", linewidth=0.8)
    axis.set_title(title, fontsize=10)
    axis.set_xlabel("D's logit for a generated patch", fontsize=9)
axes[0].legend(fontsize=9)
plt.show()

# %% [markdown]
# On the left both curves go down to the right, so both send G the same way. On the right is what
# counts, because G never sees the value, only the slope. At the left edge, where D is sure that
# the patch is generated, the saturating slope is all but 0 and the non-saturating one is -1. At
# the right edge, where D is already fooled, it is the other way round.
#
# So the original form falls silent exactly where G is worst, and shouts where nothing is left to
# do. The values of the gradients are $-\sigma(z)$ and $-\sigma(-z)$; they have equal size only at
# $z = 0$. How much does it matter? Let a single logit go downhill, 100 steps of size 1, from
# $z = -8$.


# %% tags=["nbval-check-output"]
def slide(gradient, z=-8.0, steps=100):
    """Where gradient descent takes one logit."""
    for _ in range(steps):
        z -= gradient(z)
    return z


slopes = {"saturating": lambda z: -sigmoid(z), "non-saturating": lambda z: -sigmoid(-z)}
for name, slope in slopes.items():
    print(f"{name:14}  gradient at z = -20: {slope(-20.0):.1e}", end="   ")
    print(f"after 100 steps from -8: z = {slide(slope):5.2f}")

z = np.linspace(-10, 6, 50).astype("float32")
print("package's term is softplus(-z):", np.isclose(generator_gan_term(z), softplus(-z).mean()))

# %% [markdown]
# At $z = -20$ the saturating gradient is two billionths, and a hundred steps from -8 move it by
# hardly 0.03, while the other form has long passed 0 and fooled D. Adam, which divides by the size
# of past gradients, softens the difference, but it cannot divide by what has rounded to nothing.
#
# Note what this does to the bookkeeping. The reported `g_gan` is no longer the negative of
# `d_fake_loss`: when D is at chance both are 0.693; when D wins, `d_fake_loss` goes to 0 and
# `g_gan` *rises* without limit. A rising `g_gan` is therefore normal when D learns faster than G
# and says nothing about the pictures by itself. Do not expect any of the adversarial curves to
# fall as a validation loss does: each is measured by an opponent who learns.
#
# ## 7 · Least squares instead
#
# LSGAN (Mao et al., 2017) drops the logarithm of the loss so far, which programs call `vanilla`:
# D's raw output should be 1 on real patches and 0 on generated ones, and is charged the squared
# distance. There is no sigmoid at all.
#
# $$\tfrac12\big[(D(x, y) - 1)^2 + D(x, \hat y)^2\big] \text{ for D}, \qquad
#   (D(x, \hat y) - 1)^2 \text{ for G}.$$
#
# **Before you run the next cell:** what does a D pay that always answers 1/2? And what happens to
# a *correct* answer of 3 for a real patch?

# %% alt="What D pays for its output, and the slopes. Vanilla: curves that fade to 0, crossing at 0, slopes between -1 and 1. Least squares: parabolas lowest at 1 and at 0, crossing at one half, slopes that are straight lines."
figure, axes = plt.subplots(2, 2, figsize=(6.5, 3.7), sharex="col", layout="constrained")
ranges = {"vanilla": (-5, 5), "lsgan": (-1.5, 2.5)}
for (cost, slope), (kind, (low, high)) in zip(axes.T, ranges.items(), strict=True):
    outputs = np.linspace(low, high, 200).astype("float32")
    costs = np.array([discriminator_terms(output, output, kind) for output in outputs])
    slopes = np.gradient(costs, outputs, axis=0)
    for column, (patch, style) in enumerate({"real patch": "-", "generated patch": "--"}.items()):
        cost.plot(outputs, costs[:, column], style, label=patch)
        slope.plot(outputs, slopes[:, column], style)
    cost.axhline(CHANCE[kind], color="gray", linestyle=":", label=f"chance, {CHANCE[kind]:.3f}")
    slope.axhline(0, color="gray", linewidth=0.8)
    cost.set_title(f"{kind}: what D pays", fontsize=10)
    slope.set_title("its slope", fontsize=10)
    slope.set_xlabel("D's output", fontsize=9)
    cost.legend(fontsize=8)
plt.show()

# %% [markdown]
# Left, cross-entropy: each curve approaches 0 and never turns. Right, least squares: a parabola
# each, lowest at 1 and at 0. The curves cross where D cannot tell: at output 0 and height 0.693 on
# the left, at output 1/2 and height 0.25 on the right. The numbers of the two kinds cannot be
# compared with each other.
#
# Below are the slopes, which are what moves D. A correct answer of 3 costs 4: least squares
# punishes being *too* right. Its slope changes sign at 1 and at 0, so it holds D's outputs there;
# the vanilla slope fades and never turns. And a patch far on the wrong side is pulled back the
# harder the farther it is, along a straight line, where the vanilla slope stays between -1 and 1.
# The next cell measures both for G, and one small surprise about the start of training.

# %% tags=["nbval-check-output"]
print("gradient for G of each kind, far on the wrong side and far on the right side:")
for kind in ("vanilla", "lsgan"):
    slopes = []
    for output in (-20.0, 3.0):
        slopes.append(float(gradient(lambda z: generator_gan_term(z, kind), output)))
    print(f"  {kind:8} output -20: {slopes[0]:6.2f}    output 3: {slopes[1]:5.2f}")

for kind in ("vanilla", "lsgan"):
    terms = [float(term) for term in discriminator_terms(np.zeros(9), np.zeros(9), kind)]
    print(f"a D that outputs 0 pays, {kind}: {terms[0]:.3f} and {terms[1]:.3f}, "
          f"mean {sum(terms) / 2:.3f}, chance {CHANCE[kind]:.3f}")  # fmt: skip

# %% [markdown]
# At output 3 the LSGAN gradient is *positive*: gradient descent takes G back towards 1.
#
# The surprise: an untrained D outputs values near 0. For cross-entropy that *is* chance. For
# least squares it is the answer "generated" for everything, and the loss begins at 0.5, twice the
# chance level. Its first drop to 0.25 takes nothing but the constant answer 1/2, so a loss that
# has halved is no sign yet that D sees a difference.
#
# pix2pix uses the vanilla form, and so does this course; `gan_loss="lsgan"` in the configuration
# changes it. Implementations that use LSGAN often pair it with λ = 10 in place of 100. Section 11
# shows how to find out what such a pair of numbers means.

# %% [markdown]
# ## 8 · L1: a mean, and in which unit?
#
# Beside being taken for real, a generated picture has a second, simpler demand to meet. It should
# be near the target:
#
# $$\mathcal L_{L1} = \operatorname{mean} |y - \hat y|,$$
#
# over all pictures, pixels and channels of the batch.
#
# **Before you run the next cell:** two questions that decide what λ = 100 means. Mean or sum: how
# many numbers are added for one 256-pixel picture? And the unit: networks work in [-1, 1]. If a
# log says L1 = 0.1, how many of the 255 grey levels is the picture off, on average?

# %% tags=["question-60", "nbval-check-output"]
y = np.zeros((1, 256, 256, 3), "float32")
y_hat = np.full_like(y, 0.1)

print(f"mean: {np.mean(np.abs(y - y_hat)):.3f}    sum: {np.sum(np.abs(y - y_hat)):.0f}")
print(f"numbers in a 256-pixel picture: {y.size}")
print("package's term is the mean:", np.isclose(l1_term(y, y_hat), np.mean(np.abs(y - y_hat))))
print(f"0.1 on the scale of [-1, 1] is {0.1 * 255 / 2:.2f} grey levels of 255")
print(f"the most there can be: {float(l1_term(-np.ones(3), np.ones(3))):.0f}")

# %% [markdown]
# And the name? L1 *regularisation* adds up the sizes of the weights. Compare:

# %% tags=["question-26", "nbval-check-output"]
kernel = np.full((4, 4, 3, 64), 0.02, "float32")  # the weights of a first layer
print(f"L1 regularisation of a kernel: {float(keras.regularizers.L1(1.0)(kernel)):.1f}")
print(f"L1 term of a perfect picture, whatever the kernel: {float(l1_term(y, y)):.1f}")

# %% [markdown]
# One wants small weights and has never seen a picture; the other wants the right picture and does
# not care about weights.
#
# The scale from -1 to 1 is 2 long, so 255 grey levels are 2 units, and 0.1 is 12.75 levels. Had
# somebody scaled pictures to [0, 1], the same picture would show half the loss, and half the pull
# with the same λ. With the sum in place of the mean, λ = 100 would be 196,608 times as strong.
#
# The smallest value is 0 and the largest 2, but useful reference values lie between: what do
# answers cost that need no network at all? The next cell tries four on training pairs of your data
# set. **Prediction:** order them: mid grey, the condition itself, somebody else's photo, and the
# pixel-wise median of all photos.

# %%
dataset = open_dataset(config.dataset, config.direction, config.palette)
count = min(config.train_pairs or 40, 40)
pairs = load_pairs(dataset, "train", config.image_size, limit=count)
condition, target = to_network(pairs.condition), to_network(pairs.target)

median_photo = np.median(target, axis=0)
print(f"L1 without a network, over {len(target)} training pairs ({dataset.name}):")
print(f"  the condition, copied   {np.mean(np.abs(target - condition)):.2f}")
print(f"  another pair's target   {np.mean(np.abs(target - np.roll(target, 1, axis=0))):.2f}")
print(f"  mid grey everywhere     {np.mean(np.abs(target)):.2f}")
print(f"  the median photo        {np.mean(np.abs(target - median_photo)):.2f}")

# %% alt="A label map, its photo, and the median of all photos: a dull brown smear in which only the rows of windows can be guessed."
image_grid(
    {
        "condition": condition[:1],
        "target": target[:1],
        "median": median_photo[None],
    },
    cell=1.0,
)
plt.show()

# %% [markdown]
# Your digits depend on the data set; on painted facades the median photo costs about 0.3, and an
# untrained U-Net, which gives nearly mid grey, about as much as mid grey does. A generator trained
# with λ = 100 should come out clearly below the median photo on its training pairs. One more thing
# to notice: on painted facades another *real* photo costs more than a grey rectangle. L1 does not
# measure how real a picture looks. The next two sections turn that remark into numbers.
#
# ### The package's own code
#
# All terms are on the table now, and the package's file of them is short. `distance_to` is the one
# penalty behind both networks' terms: cross-entropy by `softplus` (sections 1 and 3) or least
# squares (section 7; `float(is_real)` is the 1 or 0 to be answered), one cost a patch, then the
# mean (section 4). `belief` and `accuracy` are for reading (section 5); for least squares, which
# has no sigmoid, the border is halfway between 0 and 1.

# %% tags=["nbval-check-output"]
import inspect

from pix2pix_course import losses

for function in (losses.distance_to, discriminator_terms, generator_gan_term, l1_term):
    print(inspect.getsource(function))
for function in (belief, losses.accuracy):
    print(inspect.getsource(function))

# %% [markdown]
# ## 9 · What L1 cannot choose
#
# The label map says where the wall is, not which colour it has. Suppose walls of this kind are
# dark brick (grey level 80) as often as light plaster (200). The generator must answer with *one*
# number, and pays on average over both. **Which answer is cheapest under L1? Under L2** (the
# squared distance)**?** And if brick is twice as common?

# %% tags=["question-58", "question-59", "nbval-check-output"]
guesses = np.arange(256)
walls_by_odds = {"equally common": [80, 200], "brick twice as common": [80, 80, 200]}
costs = {}
for odds, walls in walls_by_odds.items():
    distance = np.abs(guesses[:, None] - np.array(walls))
    l1, l2 = distance.mean(axis=1), np.square(distance).mean(axis=1)
    costs[odds] = (l1, l2)
    best = guesses[np.isclose(l1, l1.min())]
    where = f"from {best[0]} to {best[-1]}" if len(best) > 1 else f"at {best[0]}"
    print(f"{odds}: L1 is least {where}, L2 at {l2.argmin()}")

# %% alt="Mean cost against the guessed grey level. With equal odds L1 is flat between the two real walls, 80 and 200; with brick twice as common it is lowest at brick. L2 is lowest in between in both cases."
plt.figure(figsize=(5, 2.6), layout="constrained")
for (odds, (l1, l2)), style in zip(costs.items(), ("-", "--"), strict=True):
    plt.plot(guesses, l1, style, color="tab:blue", label=f"L1, {odds}")
    plt.plot(guesses, l2 / 100, style, color="tab:orange", label=f"L2 / 100, {odds}")
plt.xticks([0, 80, 200, 255])  # the real walls, and the ends
plt.ylim(0, 200)
plt.xlabel("guess (grey level)", fontsize=9)
plt.ylabel("mean cost", fontsize=9)
plt.legend(fontsize=8)
plt.show()

# %% [markdown]
# L2 has its minimum at the *mean*: 140 in one case, 120 in the other, a wall that is never built.
# L1 has its minimum at the *median*. With equal odds (solid) its curve is flat between the two real
# walls, 80 and 200: brick, plaster and every mixture cost exactly the same, so L1 **does not
# choose**. With unequal odds (dashed) it takes the side of the majority, without any mixing. That
# is why L1 blurs less than L2.
#
# But with many shades, in three channels, the median is a compromise as well, and always the same
# one. The next cell reads the walls of 61 painted houses, lets each loss look for its favourite
# among 256 values per channel, and compares with median and mean.

# %% tags=["nbval-check-output"]
facade = PALETTES["facades"].names.index("facade")  # the walls
houses = [paint_pair(seed, size=64) for seed in range(61)]
walls = np.stack(
    [np.median(house.photo[house.class_ids == facade], axis=0) for house in houses]
)  # one RGB colour per house

distance = np.abs(guesses[:, None, None] - walls)  # (guess, house, channel)
l1_favourite = distance.mean(axis=1).argmin(axis=0)
l2_favourite = np.square(distance).mean(axis=1).argmin(axis=0)

is_median = np.allclose(l1_favourite, np.median(walls, axis=0), atol=0.5)
is_mean = np.allclose(l2_favourite, np.mean(walls, axis=0), atol=0.5)
print("L1's favourite:", l1_favourite, "- the median:", is_median)
print("L2's favourite:", l2_favourite, "- the mean:  ", is_mean)


# %% alt="Six colour swatches: four houses' walls, red, beige, blue-grey and brown, and what L1 and L2 would paint on every house: two similar middling beiges."
def swatch(colour):
    return np.full((40, 60, 3), np.asarray(colour).astype("uint8"))


swatches = {f"house {number}": [swatch(walls[number])] for number in (7, 9, 6, 12)}
swatches |= {"L1's answer": [swatch(l1_favourite)], "L2's answer": [swatch(l2_favourite)]}
image_grid(swatches, cell=1.4)
plt.show()

# %% [markdown]
# In the picture above, four houses as they stand in the street, and what each loss would paint on
# *every* house: the same middling beige, whatever the label map looks like. No single house of
# this colour looks wrong, which is why a quick look does not reveal it. A row of ten does.
#
# ## 10 · What L1 prefers to a sharp picture
#
# Colour is one thing that the label map does not say; where exactly each joint and frame lies is
# another. Take a photo, and suppose the generator knows it only up to a shift of three pixels to
# either side: seven possible targets, equally likely. It can commit itself to one of them, say the
# middle one, which is never more than three pixels wrong. Or it can answer pixel by pixel with the
# mean or the median of the seven.
#
# **Prediction:** which answer costs least L1, averaged over the seven targets? And which would you
# hang on the wall?

# %% tags=["question-59", "nbval-check-output"]
photos = to_network([paint_pair(seed, size=128).photo for seed in range(96)])
shifts = np.stack([np.roll(photos, offset, axis=2) for offset in range(-3, 4)])
shifts = shifts[:, :, 32:96, 32:96]  # away from the border, where `roll` wraps around
answers = {"sharp": shifts[3], "mean": np.mean(shifts, axis=0), "median": np.median(shifts, axis=0)}


def expected_l1(answer):
    """Of each photo, over its seven possible targets."""
    return np.abs(shifts - answer).mean(axis=(0, 2, 3, 4))


def edges(images):
    """Mean step from a pixel to its right neighbour: a crude measure of sharpness."""
    return np.abs(np.diff(images, axis=2)).mean()


wins = expected_l1(answers["median"]) < expected_l1(answers["sharp"])
print(f"the median costs less L1 than the sharp photo: {np.sum(wins)} of {len(wins)}")
for name in ("mean", "median"):
    lost = edges(answers[name]) < edges(answers["sharp"]) / 2
    print(f"the {name} has lost more than half of the edges:", lost)

# %% alt="A detail of a facade: sharp, as the mean and as the median of its shifted copies. The mean is smeared; the median keeps large edges and loses upright bars and joints, and costs the least L1."
columns = {
    f"{name}: L1 {expected_l1(answer).mean():.2f}": answer[1:2] for name, answer in answers.items()
}
image_grid(columns, cell=1.6)
plt.show()

# %% [markdown]
# Every one of the 96 photos gives the same verdict: L1 prefers the median to the best of the
# sharp pictures. (The L1 above a column is that of all 96.) Look at what the median did. The
# mean, L2's answer, smears everything from left to right. The median keeps the large edges, and
# lines that run along the shift. But whatever is narrower than the uncertainty is gone: upright
# bars and joints, and the grain of the wall. A generator trained on L1 alone is paid for leaving
# them out.
#
# So who would object? Anything that has seen real photos. The next two cells train a
# small discriminator to tell sharp crops from L1's favourite, the median, and then show it houses
# that it has never met, and among them sharp photos that are three pixels *off*. **What should it
# say about those?** (If the question "is it sharp?" can be learned, nobody has to write a formula
# for it. In this sense the paper says that pix2pix *learns a loss*: D is the loss, and is learned.)


# %%
keras.utils.set_random_seed(SEED)
judge = patchgan(2, filters=16, conditional=False)
judge.compile(
    keras.optimizers.Adam(2e-3, beta_1=0.5), keras.losses.BinaryCrossentropy(from_logits=True)
)
patches = judge.compute_output_shape(answers["sharp"][:8].shape)  # a logit for each
right = np.concatenate([np.ones(patches, np.float32), np.zeros(patches, np.float32)])

# %% tags=["question-50"]
rng = np.random.default_rng(SEED)
for step in range(1, 151):
    chosen = rng.integers(64, size=8)  # houses 0 to 63; the other 32 are kept for the test
    shown = np.concatenate([answers["sharp"][chosen], answers["median"][chosen]])
    judge.reset_metrics()
    loss = judge.train_on_batch(shown, right)
    if step in (1, 10, 150):
        print(f"step {step:3d}: loss {float(loss):.2f}   (chance {CHANCE['vanilla']:.2f})")

print("\nnew houses, share of patches judged real:")
for name, images in (answers | {"sharp, 3 px off": shifts[-1]}).items():
    logits = judge.predict_on_batch(images[64:])
    print(f"  {name:15} {np.mean(logits > 0):4.0%}   D = {float(belief(logits)):.2f}")

# %% [markdown]
# The loss falls far below chance in seconds: what is missing is easy to see for a network. On new
# houses most sharp crops pass and the median does not, nor does the mean, which this D had never
# seen. The shifted photos pass nearly like the others: this judge asks "could this be a photo?"
# and not "is it *this* photo?".
#
# That is the division of labour in pix2pix. L1 knows which photo is meant, and settles what can be
# settled: layout, brightness, the broad colours. The adversarial term knows what photos look like,
# and makes the generator commit itself where L1 shrugs or prefers the average. Each is weak where
# the other is strong.

# %% [markdown]
# ## 11 · The whole objective, and what λ divides
#
# All terms together, with $x$ the condition, $y$ the target, $\hat y = G(x)$ what is generated,
# and $D(x, \cdot)$ the map of logits:
#
# $$\min_D \; \tfrac12 \big[\operatorname{mean} \operatorname{softplus}(-D(x, y)) +
#   \operatorname{mean} \operatorname{softplus}(D(x, \hat y))\big]$$
#
# $$\min_G \; \operatorname{mean} \operatorname{softplus}(-D(x, \hat y)) +
#   \lambda_{L1} \operatorname{mean} |y - \hat y|$$
#
# The paper writes it in one line (§3.1),
# $G^* = \arg\min_G \max_D \mathcal L_{cGAN}(G, D) + \lambda_{L1} \mathcal L_{L1}(G)$, with the
# minimax form of the first term, and then trains the two lines above. The cell says the same in
# code, for the generator of your profile and a D as deep as the paper's, both untrained.


# %%
def d_objective(D, x, y, y_hat):
    real_loss, fake_loss = discriminator_terms(
        D([x, y], training=True), D([x, y_hat], training=True)
    )
    return (real_loss + fake_loss) / 2


def g_terms(D, x, y, y_hat):
    return generator_gan_term(D([x, y_hat], training=True)), l1_term(y, y_hat)


G, D = build_generator(config), patchgan(3, filters=32)  # the paper's D at half its width
x, y = (ops.convert_to_tensor(side[: config.batch_size]) for side in (condition, target))
y_hat = G(x, training=True)
g_gan, g_l1 = g_terms(D, x, y, y_hat)
print(f"D: {float(d_objective(D, x, y, y_hat)):.2f}   (chance {CHANCE['vanilla']:.2f})")
print(f"G: {float(g_gan):.2f} + {config.lambda_l1:g} × {float(g_l1):.2f}")

# %% [markdown]
# The untrained discriminator pays about $\log 2$, as it should. (Should yours start at 1.4, it is
# a sum. Should it start at 5, look at the range of the pictures.)
#
# In the generator's line the second term, λ included, is forty to fifty times the first (your
# digits will differ). It is tempting to conclude that the adversarial term hardly matters. But G
# follows slopes, not values, and the slope of an absolute value does not depend on how large it is.
# At the generator's output, with $N$ numbers in the batch, the gradient of the L1 term is
# $\pm\lambda_{L1}/N$ for each number, so that its length is
#
# $$\frac{\lambda_{L1}}{N} \sqrt N = \frac{\lambda_{L1}}{\sqrt N},$$
#
# whatever the picture. **Prediction:** for λ = 1, 10 and 100, which term pulls harder at the
# untrained generator's output?


# %% tags=["question-08"]
def pulls(D, x, y, y_hat):
    """Gradients of the two terms, without weights, at the generator's output."""
    return [gradient(lambda y_hat: g_terms(D, x, y, y_hat)[term], y_hat) for term in (0, 1)]


def print_pulls(gan_pull, l1_pull):
    gan, l1 = np.linalg.norm(gan_pull), np.linalg.norm(l1_pull)
    for lambda_l1 in (1, 10, 100):
        share = lambda_l1 * l1 / (lambda_l1 * l1 + gan)
        print(
            f"  λ = {lambda_l1:3d}: GAN {gan:.4f}, L1 {lambda_l1 * l1:.4f}, L1's share {share:.0%}"
        )


gan_pull, l1_pull = pulls(D, x, y, y_hat)
print("length of the gradient at G's output, D untrained:")
print_pulls(gan_pull, l1_pull)

# %% tags=["nbval-check-output"]
closed_form = 1 / np.sqrt(l1_pull.size)
print(
    "length of L1's gradient is 1/√N:", np.isclose(np.linalg.norm(l1_pull), closed_form, rtol=1e-3)
)
print("its values, times N:", np.unique(np.round(l1_pull * l1_pull.size)).astype(int).tolist())

# %% [markdown]
# Only two values, +1 and -1, and the length that the formula gives. At λ = 1 the adversarial term
# leads or keeps up; at λ = 100 the L1 term leads clearly, but by a factor that has nothing to do
# with the two values in G's line. The exact shares depend on the picture's size and on the width
# of D; λ = 100 is a choice that worked for the paper, not a constant of nature.
#
# Elsewhere λ is 10, mostly beside least squares. Do these programs need less of L1? **Guess**, then
# compare with how hard each adversarial term pulls at an untrained D. (Another number to stumble
# over in the same programs is the *load size*, 286. It belongs to no loss: pictures are enlarged to
# that side before a random 256 is cut out, as in notebook 01.)

# %% tags=["question-08", "nbval-check-output"]
for kind, lambda_l1 in (("vanilla", 100), ("lsgan", 10)):
    # at 0, about what an untrained D says
    slope = abs(float(gradient(lambda z: generator_gan_term(z, kind), 0.0)))
    print(f"{kind:8} pulls with {slope:.1f}; λ = {lambda_l1} is {lambda_l1 / slope:.0f} times that")
print("load size for 256 pixels:", load_size(256))

# %% [markdown]
# The other way round: least squares pulls four times as hard at first, so λ = 10 beside it gives L1
# a fortieth of its relative weight, not a tenth. It is another choice, made for other tasks (the
# number comes with CycleGAN, where L1 compares a picture with itself after a round trip), and no
# translation of the 100.
#
# And the shares move. L1's length stays fixed until pixels hit their target exactly; the other one
# depends on how sure D is. Let D train alone for 20 steps on this one batch, and measure again.

# %%
d_optimizer = keras.optimizers.Adam(2e-4, beta_1=0.5)
for _ in range(20):
    slopes = gradient(lambda: d_objective(D, x, y, y_hat), D.trainable_variables)
    d_optimizer.apply(slopes, D.trainable_variables)
loss = float(d_objective(D, x, y, y_hat))
print(f"D after 20 steps alone: loss {loss:.2f}; length of the gradient at G's output:")
trained_gan_pull, _ = pulls(D, x, y, y_hat)
print_pulls(trained_gan_pull, l1_pull)


# %% alt="What G is told about a corner of its output, for λ = 0 to 1000. With λ = 0 it is noise, with either D; as λ grows two flat colours with the outline of the target come through, and L1's share nears 100 %."
def draw_message(lambda_l1, *axes):
    """What G is told in all, with the untrained D and with the one after 20 steps."""
    for axis, pull in zip(axes, (gan_pull, trained_gan_pull), strict=True):
        message = (pull + lambda_l1 * l1_pull)[0, :40, :40, 0]  # a corner, large enough to see
        limit = np.percentile(np.abs(message), 99)
        axis.imshow(message, cmap="RdBu", vmin=-limit, vmax=limit, interpolation="nearest")
        l1, gan = lambda_l1 * np.linalg.norm(l1_pull), np.linalg.norm(pull)
        axis.set(xticks=[], yticks=[])
        axis.set_xlabel(f"L1's share {l1 / (l1 + gan):.0%}", fontsize=8)


explore(
    draw_message,
    "λ",
    values=(0, 1, 3, 10, 30, 100, 300, 1000),
    shown=(0, 10, 100, 1000),
    panels=("untrained D", "D after 20 steps"),
    size=(1.5, 1.75),
)
plt.show()

# %% [markdown]
# The pictures show what G is told in all about the red channel in the upper left corner of its
# first output; blue: make it smaller, red: make it larger, each panel on its own scale. *(The sign
# of a gradient points uphill, and G goes downhill.)* Here you see four values of λ; in JupyterLab
# or Colab, run the cell and you have a slider.
#
# At λ = 0 D speaks alone, and the untrained one sends texture without sense. At λ = 1000 all but L1
# is drowned. Its message is a stencil: two colours of equal strength, the outline of the target in
# it. In between the two are laid over each other. After a few steps D's message is several times as
# long, so that L1 has a smaller share at every λ, and its strength varies from place to place: it
# says "not like this", where L1 says "like that".
#
# ## 12 · Report the terms without λ
#
# What goes into a log? If the L1 term is logged with its weight, two runs with different λ cannot
# be compared. **Which of these two runs has the better pictures, as far as L1 can tell?**

# %% tags=["nbval-check-output"]
runs = {"run A": (10, 0.24, 1.1), "run B": (100, 0.21, 1.6)}  # λ, mean |y - y_hat|, GAN term

print("        total   λ × L1     L1   L1 in grey levels")
for name, (lambda_l1, l1, gan) in runs.items():
    weighted = lambda_l1 * l1
    print(f"{name}  {gan + weighted:6.1f}   {weighted:6.1f}   {l1:4.2f}   {l1 * 127.5:17.1f}")

# %% [markdown]
# By total, and by λ × L1, run A looks nearly ten times as good. Without λ, run B is nearer to its
# targets: 27 grey levels against 31. The first two columns compare nothing but the values of λ.
# The package logs `g_l1` and `g_gan` without weights for this reason (a well-known implementation
# does not, and its users have stumbled over it).
#
# ## 13 · Which weights does each step move?
#
# One forward pass runs through both networks, so gradients could flow into both. Two rules keep
# them apart: D's loss is differentiated with respect to D's weights only, G's with respect to G's
# only. There is no need to freeze anything.
#
# **Prediction:** the GAN term is computed by D. When G takes its step, do any weights of D move?
# And is *nothing* of D changed?


# %%
def copies(variables):
    return [ops.convert_to_numpy(variable).copy() for variable in variables]


def count_moved(before, variables):
    pairs = zip(before, copies(variables), strict=True)
    moved = [not np.array_equal(old, new) for old, new in pairs]
    return f"{sum(moved)} of {len(moved)}"


small_G, small_D = unet(64, filters=8), patchgan(2, filters=8)
networks = {"G": small_G, "D": small_D}
optimizers = {name: keras.optimizers.Adam(2e-4, beta_1=0.5) for name in networks}
pair = paint_pair(7, size=64)
small_x, small_y = (
    ops.convert_to_tensor(to_network(side)[None]) for side in (pair.label, pair.photo)
)


def d_pays():
    return d_objective(small_D, small_x, small_y, small_G(small_x, training=True))


def g_pays():  # for D's answer alone, without L1
    return g_terms(small_D, small_x, small_y, small_G(small_x, training=True))[0]


objectives = {"D": d_pays, "G": g_pays}

# %% tags=["nbval-check-output"]
for learner in ("D", "G"):
    before = {name: copies(network.trainable_variables) for name, network in networks.items()}
    variables = networks[learner].trainable_variables
    optimizers[learner].apply(gradient(objectives[learner], variables), variables)
    for name, network in networks.items():
        print(
            f"{learner}'s step, weights of {name}:",
            count_moved(before[name], network.trainable_variables),
        )

# %% [markdown]
# Each step moves all weights of its own network and none of the other's.
#
# The path of G's gradient is a chain of three:
#
# $$\frac{\partial\,\text{loss}}{\partial\,\text{logits}} \cdot
#   \frac{\partial\,\text{logits}}{\partial\,\hat y} \cdot
#   \frac{\partial\,\hat y}{\partial\,\text{weights of } G}.$$
#
# The middle factor runs backwards *through* D: its kernels are read, not changed. And if D's loss
# were differentiated with respect to G's weights? There is a gradient. Where does it point?

# %% tags=["nbval-check-output"]
from_d, from_g = (
    np.concatenate([slopes.ravel() for slopes in gradient(pays, small_G.trainable_variables)])
    for pays in (d_pays, g_pays)
)
cosine = from_d @ from_g / (np.linalg.norm(from_d) * np.linalg.norm(from_g))
print("D's loss has a gradient for G's weights:", bool(np.any(from_d)))
print("it points against G's own (cosine below -0.5):", bool(cosine < -0.5))

# %% [markdown]
# The two point against each other, as the interests of the two players do (not exactly: D's loss
# weighs a patch by $\sigma(z)$, G's by $\sigma(-z)$). Following D's loss in G's weights would
# make G *easier to recognise*. One optimizer over all weights and the sum of all losses, which
# looks simpler, would mix the two: this is the reason for two gradients and two optimizers.
#
# ## 14 · Half a loss
#
# The paper halves D's loss, in order to slow D down relative to G (§3.3). **Does a factor of 1/2
# slow a network down?** With plain gradient descent it is the same as half the learning rate. The
# paper uses Adam. Fit the same tiny problem with both, with factor 1 and 1/2, and compare where
# the weights are after each step.


# %%
def trajectory(make_optimizer, factor, steps=40):
    """Weights of a two-weight logistic regression after each step, shape (steps, 2)."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=(200, 2)).astype("float32")
    signs = np.sign(points @ [2.0, -1.0] + rng.normal(size=200)).astype("float32")
    weights, optimizer = keras.Variable(np.zeros(2, "float32")), make_optimizer()
    optimizer.build([weights])
    path = []

    def loss():
        return factor * ops.mean(ops.softplus(-signs * ops.matmul(points, weights)))

    for _ in range(steps):
        optimizer.apply(gradient(loss, [weights]), [weights])
        path.append(ops.convert_to_numpy(weights).copy())
    return np.array(path)


# %% alt="The first weight by training step. With SGD half the loss gives a clearly lower path; with Adam the two paths lie on top of each other."
makers = {
    "SGD": lambda: keras.optimizers.SGD(0.5),
    "Adam": lambda: keras.optimizers.Adam(0.05, beta_1=0.5, epsilon=1e-8),
}
paths = {name: [trajectory(make, factor) for factor in (1.0, 0.5)] for name, make in makers.items()}

plt.figure(figsize=(4, 2.2), layout="constrained")
for name, (whole, half) in paths.items():
    (line,) = plt.plot(whole[:, 0], label=f"{name}, loss × 1", linewidth=4, alpha=0.4)
    plt.plot(half[:, 0], "--", label=f"{name}, loss × 1/2", color=line.get_color())
plt.xlabel("step", fontsize=9)
plt.ylabel("first weight", fontsize=9)
plt.legend(fontsize=8)
plt.show()

# %% tags=["nbval-check-output"]
for name, (whole, half) in paths.items():
    apart = np.abs(whole - half).max() / np.abs(whole).max()
    print(f"{name:4} same path: {apart < 1e-3}    clearly different: {apart > 0.1}")

# %% [markdown]
# Under SGD the halved loss lags behind; under Adam the dashed line lies on the solid one. Adam
# divides each gradient by a running measure of its own size, so a constant factor cancels, up to
# the tiny ε in the denominator. Halving slows nothing here; half the learning rate would. The
# package halves all the same, because a *mean* of two terms is easier to read (chance 0.693).
#
# The same holds for G: only the *ratio* of `gan_weight` and `lambda_l1` counts. Weights of 1 and
# 100 train like 0.01 and 1.
#
# ## 15 · One toy, three objectives
#
# Now all of it in a game small enough to see through. A "house" is one wall colour, and there are
# three kinds: brick, plaster, blue paint, equally common, each with some variation. The generator
# is a table: 96 colours, one for each of 96 label maps. In every step each map meets a *newly
# drawn* wall, since the map does not say which; D is a small network that sees one colour.
#
# **Before you run the next cells:** which colours will the table hold after training on L1 alone?
# On the GAN term alone? On both? The channel-wise median of the three kinds is printed as a hint.

# %%
KINDS = np.array([[0.6, -0.5, -0.6], [0.75, 0.6, 0.2], [-0.5, -0.1, 0.6]])  # in [-1, 1]
ROWS = 96


def draw_walls(rng):
    walls = KINDS[rng.integers(3, size=ROWS)] + rng.normal(0, 0.1, (ROWS, 3))
    return walls.astype(np.float32)


print("median of the kinds:", np.median(KINDS, axis=0))


# %%
class Toy(StepModel):
    """G is a table of colours near grey, before tanh; D a small network, colour → logit."""

    def __init__(self, gan_weight, lambda_l1, swap_labels):
        super().__init__()
        self.gan_weight, self.lambda_l1, self.swap_labels = gan_weight, lambda_l1, swap_labels
        self.table = keras.Variable(keras.random.normal((ROWS, 3), stddev=0.1))
        hidden = [keras.layers.Dense(64, activation="leaky_relu") for _ in range(2)]
        self.critic = keras.Sequential([keras.Input((3,)), *hidden, keras.layers.Dense(1)])
        self.compile(keras.optimizers.Adam(5e-3, beta_1=0.5))
        self.critic_optimizer = keras.optimizers.Adam(5e-3, beta_1=0.5)
        self.optimizer.build([self.table])
        self.critic_optimizer.build(self.critic.trainable_variables)
        self.critic_state = list(self.critic_optimizer.variables)  # `fit` must know of them
        self.built = True

    def step(self, data):
        """What `fit` does with a batch of walls: D learns, then G."""
        (y,) = data

        def d_pays():
            y_hat = ops.tanh(self.table)
            called_real, called_fake = (y_hat, y) if self.swap_labels else (y, y_hat)
            terms = discriminator_terms(self.critic(called_real), self.critic(called_fake))
            return sum(terms) / 2, None

        def g_pays():
            y_hat = ops.tanh(self.table)
            g_gan, g_l1 = generator_gan_term(self.critic(y_hat)), l1_term(y, y_hat)
            return self.gan_weight * g_gan + self.lambda_l1 * g_l1, None

        d_loss, _, slopes = gradients(d_pays, self.critic.trainable_variables)
        self.critic_optimizer.apply(slopes, self.critic.trainable_variables)
        _, _, slopes = gradients(g_pays, [self.table])
        self.optimizer.apply(slopes, [self.table])
        return {"d_loss": d_loss}


# %%
def play(gan_weight, lambda_l1, swap_labels=False, steps=600, seed=SEED):
    """Train the toy; returns the table's colours, fresh real ones, D, and its last loss."""
    keras.utils.set_random_seed(seed)
    toy, rng = Toy(gan_weight, lambda_l1, swap_labels), np.random.default_rng(seed)
    walls = ((draw_walls(rng),) for _ in range(steps))
    d_loss = toy.fit(walls, steps_per_epoch=steps, shuffle=False, verbose=0).history["d_loss"][0]
    y_hat = ops.convert_to_numpy(ops.tanh(toy.table))
    return y_hat, draw_walls(rng), toy.critic, float(d_loss)


# %%
def report(name, y_hat, y, critic, d_loss):
    nearest = np.linalg.norm(y_hat[:, None] - KINDS, axis=2).min(axis=1)
    l1, like_real = np.abs(y - y_hat).mean(), np.mean(nearest < 0.4)
    print(
        f"{name:14}  L1 {l1:.2f}   like a real wall {like_real:4.0%}"
        f"   d_loss {d_loss:.2f}   D(real) {float(belief(critic(y))):.2f}"
        f"   D(fake) {float(belief(critic(y_hat))):.2f}"
    )


# %%
objectives = {"L1 alone": (0, 1), "GAN alone": (1, 0), "GAN + L1": (1, 1)}
results = {name: play(*weights) for name, weights in objectives.items()}
for name, result in results.items():
    report(name, *result)


# %% alt="Four sheets of 96 coloured squares. Real walls are red, blue or beige. L1 alone paints every square the same pink; GAN alone and GAN + L1 paint red, blue and beige ones again."
def as_sheet(colours):
    return np.clip(colours, -1, 1).reshape(8, 12, 3)


sheets = {"real walls": [as_sheet(results["GAN alone"][1])]}
sheets |= {name: [as_sheet(result[0])] for name, result in results.items()}
image_grid(sheets, cell=2.2)
plt.show()

# %% [markdown]
# Each square is one colour. L1 alone paints all 96 houses in the same pink: the median of each
# channel, a colour that is none of the three and never occurs. With the GAN term (alone, or beside
# L1) nearly every row commits itself to one of the real kinds, and all kinds appear.
#
# Now look at the column L1. It is *best* for the impossible pink, and clearly worse for the
# plausible walls, because a plausible wall is usually not the one drawn this time. So an L1
# alone, as a metric, would choose the wrong model; notebook 06 draws the consequence. D's columns
# agree with the eye: against pink D wins (1 and 0; it was trained in that run too, only G did not
# listen), against the others it is near chance.
#
# Mind the limits of the toy: G is a table, so no network smooths its answers, and λ = 1 here is
# not comparable with the λ of a picture (section 11: the pull depends on $N$).
#
# ## 16 · Break it on purpose: a swapped label, a wrong sign
#
# Two slips that are easily made. In the first, D is told that
# the generated walls are real and the real ones generated. In the second, the L1 term has the
# wrong sign. Neither stops with an error. **Which of the numbers printed above would betray
# each?**

# %%
broken = {
    "correct": results["GAN + L1"],
    "labels swapped": play(1, 1, swap_labels=True),
    "sign of L1": play(0, -1),
}
for name, result in broken.items():
    report(name, *result)

y = results["GAN + L1"][1]
another_wall = np.roll(y, 1, axis=0)
print(f"\nwithout any training: mid grey costs L1 {np.abs(y).mean():.2f}, ", end="")
print(f"a real wall drawn at random {np.abs(y - another_wall).mean():.2f}")

# %% tags=["nbval-check-output"]
y_hat, y, critic, d_loss = broken["labels swapped"]
print("labels swapped: d_loss looks perfect (below 0.1):", d_loss < 0.1)
print("labels swapped: D(real) is below D(fake):", bool(belief(critic(y)) < belief(critic(y_hat))))
y_hat, y, *_ = broken["sign of L1"]
print(
    "wrong sign: L1 is worse than a random wall's:",
    bool(l1_term(y, y_hat) > 1.2 * l1_term(y, np.roll(y, 1, axis=0))),
)

# %% [markdown]
# With swapped labels the logged loss is nearly 0, "perfect", and L1 is *better* than in the
# correct run: D and G now want the same thing, D stops no one, and what is left is L1's pink. Two
# numbers tell: D(real) is 0 and D(fake) is 1. That is why the package reports both, and why "the
# losses went down" is no test of a GAN.
#
# The wrong sign drives every colour into a corner of the colour cube, and L1 rises far above that
# of a wall drawn blindly. A generator that drew its walls at random would pay only that; one that
# pays more works *against* the target. Knowing this one reference value turns an ugly picture into
# a diagnosis.
#
# ## Recap
#
# - Cross-entropy from logits is one function, softplus, used in both directions; by way of the
#   probability it loses its gradient in `float32` and becomes infinite in `float16`.
# - Chance is 0.693 for a term or a mean, 1.386 for a sum, 0.25 for LSGAN. Thresholds are 0 on
#   logits, 1/2 on probabilities.
# - G minimises $-\log D(\hat y)$, because the opposite of D's term has no slope where G is bad.
# - L1 answers uncertainty with a median: one colour for every wall, no detail finer than its
#   doubt, and no preference at all at equal odds. A discriminator sees that such pictures are not
#   photos.
# - λ divides slopes, not values: L1 pulls with $\lambda_{L1} / \sqrt N$, and the GAN term as hard
#   as D is sure. Log both without weights.
# - Each step moves the weights of one network only; under Adam, halving D's loss changes nothing.
#
# **What this does not show.** No loss here was used on real training yet. The toy settles near
# chance; full-sized GANs need not. Whether λ = 100 is right for your data, the measured pulls do
# not tell: they change during training. And no value of any of these losses says that a picture
# is good.

# %% [markdown]
# ## Exercises
#
# In the cells below, write where it says `# your turn`, in place of the dots, then run the check
# under it. A check says "right", "wrong" with a hint, or "not yet tried"; it may be run as often as
# you like. Explanations go into the cells that say *Your answer*: double-click on them.

# %% [markdown] tags=["exercise"]
# ### Exercise 1 · code: the hinge loss
#
# A third adversarial loss is the hinge: a real patch pays $\max(0, 1 - z)$, a generated one
# $\max(0, 1 + z)$. Write both terms, as means over the patches, in the order of
# `discriminator_terms`. What does a D pay that answers 0 everywhere? Which patches get no gradient
# any more?


# %% tags=["exercise"]
def hinge_terms(real_logits, fake_logits):
    """What D pays for real patches, and for generated ones: two scalars."""
    # <solution>
    real_loss = ops.mean(ops.relu(1 - real_logits))
    fake_loss = ops.mean(ops.relu(1 + fake_logits))
    return real_loss, fake_loss
    # </solution>


# %% tags=["nbval-check-output"]
exercises.check_hinge_terms(hinge_terms)

# %% [markdown] tags=["solution"]
# At logit 0 both terms are 1, and so is their mean: the chance level. The gradient is exactly 0
# for every patch that is right by more than 1. D spends nothing on verdicts that are settled, where
# cross-entropy never quite stops to pull.

# %% [markdown] tags=["exercise"]
# ### Exercise 2 · prediction: the sigmoid, twice
#
# A colleague ends D in a sigmoid *and* uses `BinaryCrossentropy(from_logits=True)`, so the sigmoid
# is applied twice. What is the least that a real patch can cost now, to two decimals, and why?
# Predict, check, and only then run the cell that measures.

# %% tags=["exercise"]
# <solution>
least_cost = 0.31
# </solution>

# %% tags=["nbval-check-output"]
exercises.check_least_cost(least_cost)

# %%
outputs_of_D = np.linspace(-20, 20, 201)
cost_twice = softplus(-sigmoid(outputs_of_D))
print(f"cost of a real patch: from {cost_twice.min():.2f} to {cost_twice.max():.2f}")

# %% [markdown] tags=["solution"]
# The loss takes a probability for a logit, and that lies between 0 and 1. Its best value for a
# real patch is 1, which costs $-\log \sigma(1) = 0.31$. The worst is 0, which costs no more than
# $\log 2$. Such a D can never look confident, and its gradients are weak everywhere: a curve that
# stays between 0.31 and 0.69 is the sign to look for.

# %% [markdown] tags=["exercise"]
# ### Exercise 3 · code: patches judged right
#
# Write the share of patches, real and generated together, that D judges right. It gets logits. The
# two maps need not have the same number of patches, and each patch counts the same. Which
# threshold do you take, and which probability is that?


# %% tags=["exercise"]
def judged_right(real_logits, fake_logits):
    """Share of all patches that D judges right: a number from 0 to 1."""
    # <solution>
    right = np.sum(real_logits > 0) + np.sum(fake_logits <= 0)
    return right / (np.size(real_logits) + np.size(fake_logits))
    # </solution>


# %% tags=["nbval-check-output"]
exercises.check_judged_right(judged_right)

# %% [markdown] tags=["solution"]
# The border between the two verdicts is logit 0, probability 1/2. With a logit of 0.5 instead, D
# would need a probability of 0.62 before "real" counts (section 5).

# %% [markdown] tags=["exercise"]
# ### Exercise 4 · experiment: how much doubt costs a detail?
#
# In section 10 the target was known up to 3 pixels. Repeat it for doubts of 1, 3 and 6 pixels:
# does L1 still prefer the median to the sharp picture, and what share of the edges (by `edges`)
# does the median keep? Draw the three medians beside the sharp photo. What goes first, and what
# remains even at 6?


# %% alt="A facade's detail, sharp, and the median over shifts of up to 1, 3 and 6 pixels. First joints and bars go, then upright frames, then whole windows fade; horizontal lines remain." tags=["exercise"]
def shifted(reach):
    """32 photos under every shift of up to `reach` pixels: (2 · reach + 1, 32, 64, 64, 3)."""
    offsets = range(-reach, reach + 1)
    return np.stack([np.roll(photos[:32], by, axis=2)[:, 32:96, 32:96] for by in offsets])


columns = {"sharp": shifted(0)[0, 1:2]}
# <solution>
for reach in (1, 3, 6):
    possible = shifted(reach)
    sharp, median = possible[reach], np.median(possible, axis=0)
    costs = [np.abs(possible - answer).mean(axis=(0, 2, 3, 4)) for answer in (median, sharp)]
    print(
        f"±{reach} px: the median costs less for {np.sum(costs[0] < costs[1])} of 32 photos "
        f"and keeps {edges(median) / edges(sharp):.0%} of the edges"
    )
    columns[f"±{reach} px"] = median[1:2]
image_grid(columns, cell=1.4)
plt.show()
# </solution>

# %% [markdown] tags=["solution"]
# L1 prefers the median for every photo and every doubt, even for a single pixel. What is thinner
# than the doubt goes: at ±1 the joints and the upright bars, with over a third of all edge; at ±3
# the upright frames as well; at ±6 whole windows fade, and over two thirds of the edge are gone.
# Horizontal lines remain, since a shift to the side leaves them where they are.

# %% [markdown] tags=["exercise"]
# ### Exercise 5 · prediction: L1 and a majority
#
# In section 15 the three kinds of wall were equally common, and L1 alone painted every house pink.
# Now 80 of 100 walls are brick, 10 plaster and 10 blue. What does L1 alone paint: "brick",
# "plaster", "blue" or "pink"? And why?

# %% tags=["exercise"]
# <solution>
favourite_wall = "brick"
# </solution>

# %% tags=["nbval-check-output"]
exercises.check_favourite_wall(favourite_wall)

# %%
street = np.repeat(KINDS, (80, 10, 10), axis=0)
print("median of the street:", np.median(street, axis=0))
print("brick, plaster, blue:", *KINDS)

# %% [markdown] tags=["solution"]
# Brick. In each channel more than half of the walls have the value of brick, so the median is a
# brick, a real colour this time, and it stands in all rows. L1 takes the side of the majority, and
# the rare kinds disappear.

# %% [markdown] tags=["exercise"]
# ### Exercise 6 · experiment: from plaster to pink
#
# Run the toy of section 15 with `gan_weight=1` and `lambda_l1` 1, 10, 100 and 1000 (each takes a
# second or two), and draw the four sheets. Do the walls turn pink all at once? Try another seed.
# How does λ here compare with the pulls of section 11, where $N$ is now $3 \cdot 96$?

# %% alt="Sheets of 96 coloured squares for λ = 1, 10, 100 and 1000. With 1 and 10 red, blue and beige all occur, at 100 there is less variety, and at 1000 every square is the same pink." tags=["exercise"]
sheets = {}
# <solution>
for lambda_l1 in (1, 10, 100, 1000):
    y_hat, *_ = play(1, lambda_l1)
    sheets[f"λ = {lambda_l1}"] = [as_sheet(y_hat)]
image_grid(sheets, cell=1.6)
plt.show()
# </solution>

# %% [markdown] tags=["solution"]
# Not at once: over a wide range of λ the kinds lose their variety, at 100 some rows are pink and
# most still are not, and at 1000 no kind is left, with another seed as well. Each number of a row
# gets $\pm\lambda_{L1} / (3 \cdot 96)$ from L1, with a sign that depends on the wall drawn, so that
# on average it pulls towards the median; the GAN term pulls as hard as D is sure. At λ = 100 the
# one is about 1/3, at 1000 more than 3.

# %% [markdown]
# ## Next
#
# [05 · Training](05_training.ipynb) puts the two steps into one and trains under your profile. To
# read on: §3.1 and §3.3 of the paper ([arXiv
# 1611.07004](https://arxiv.org/abs/1611.07004)) for the objective, its table 1 for what L1 and
# GAN give alone and together; Goodfellow et al. 2014 (arXiv 1406.2661) for the two forms of G's
# term; Mao et al. 2017 (arXiv 1611.04076) for least squares.
