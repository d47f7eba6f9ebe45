# %% [markdown]
# # 04 · Losses
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/{{repository_path}}/blob/main/notebooks/{{notebook}})
#
# ![One label map, its translations by five small networks trained with λ = 0, 1, 10, 100 and 1000, and the photo. At 0 a coarse mesh, then house fronts with stains, at 1000 a soft brownish one.]({{picture 04_losses.png}})
#
# **What you will build.** The few lines that tell the two networks what is wanted of them: the
# terms of both losses, by hand and beside the package's, each with reference values, so that a
# number in a log means something. Five short trainings show what λ does to the pictures.
#
# **Time.** About 45 minutes to read, and 40 for the exercises. The machine works for three to six
# minutes on two CPU cores, mostly for the five trainings of section 12; on a GPU it has not been
# measured.
#
# **After this notebook you can**
#
# - compute every term from logits, and say why not from probabilities;
# - say which value each term has at chance;
# - explain why the generator does not minimise what the discriminator maximises;
# - show what L1 alone cannot decide, and what the adversarial term (the price that D sets) adds;
# - say what λ does to the pictures, and how it divides the gradient.
#
# It builds on notebooks 01 (pairs in [-1, 1]), 02 (G) and 03 (D's map of logits).

# %% tags=["setup"]
# {{setup}}

# %%
import tempfile
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import ops

from pix2pix_course import exercises, runs
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
from pix2pix_course.translation import translate

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

# %% tags=["nbval-check-output"]
z = np.array([-4.0, -2.0, 0.0, 2.0, 4.0])
p = 1 / (1 + np.exp(-z))

cost_if_real = -np.log(p)
cost_if_generated = -np.log(1 - p)

print("logit   probability   cost if real   cost if generated")
for row in zip(z, p, cost_if_real, cost_if_generated, strict=True):
    print("{:5.1f}   {:11.3f}   {:12.3f}   {:17.3f}".format(*row))

# %% [markdown]
# Being sure and right costs little, being sure and wrong about as much as the size of the logit. In
# the middle row D does not commit itself and pays 0.693, whatever the truth is: that is $\log 2$, a
# number to remember.
#
# The last two columns mirror each other. Put $p$ into the formula and simplify:
#
# $$-\log \sigma(z) = \log(1 + e^{-z}) = \operatorname{softplus}(-z), \qquad
#   -\log(1 - \sigma(z)) = \log(1 + e^{z}) = \operatorname{softplus}(z).$$
#
# So one smooth function, used forwards and backwards, is all of binary cross-entropy. The next
# cell should repeat the two columns.


# %% tags=["nbval-check-output"]
def softplus(z):
    """log(1 + exp(z)), written so that the exponential never grows: the larger part goes first."""
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


print("softplus(-z):            ", np.round(softplus(-z), 3))
print("softplus(+z):            ", np.round(softplus(z), 3))
print("keras.ops.softplus(+z):  ", np.round(ops.convert_to_numpy(ops.softplus(z)), 3))

# %% [markdown]
# ## 2 · Which number is good?
#
# A loss of 0.9: is that a good discriminator or a useless one? D has two terms, one over real
# patches and one over generated ones. Some scripts report their **mean**, others their **sum**. A
# discriminator that knows nothing and answers $p = 1/2$ everywhere pays $\log 2$ a term. This is
# the level to compare with, and it is 0.693 only for a term or for a mean of terms.
#
# **Predict:** a log shows a discriminator loss of 0.9, and the code adds the two terms. Is this
# discriminator better or worse than guessing?

# %% tags=["predict", "nbval-check-output"]
answers = {"sure and right": (4, -4), "better than chance": (0.56, -0.56), "chance": (0, 0)}
answers |= {"sure and wrong": (-4, 4)}

print("D is                 real   fake    mean    sum")
for name, (z_real, z_fake) in answers.items():
    real, fake = softplus(-z_real), softplus(z_fake)
    print(f"{name:18}  {real:5.3f}  {fake:5.3f}   {(real + fake) / 2:5.3f}  {real + fake:5.3f}")

# %% [markdown]
# Terms of 0.45 are clearly better than chance, yet their sum, 0.9, looks worse than chance to
# somebody who compares it with 0.69. A widely read tutorial makes this mistake about its own code.
# **Before you compare a GAN loss with anything, find out whether it is a sum or a mean.** In this
# course it is always the mean.
#
# Keep three reference values for `d_loss`: near 0, D recognises everything; 0.693, D guesses; above
# that for long, D is worse than a coin. A run that goes well usually stays between the first two.

# %% [markdown]
# ## 3 · Why the loss takes logits
#
# Many GAN programs let D end in a sigmoid and compute `-log(p + 1e-12)`, where the small number
# guards against $\log 0$. It is the same formula, but a computer's numbers have gaps. The cell
# charges a D that is very sure *and wrong*, which should cost about the size of the logit, in
# `float32` and in `float16`, the type of mixed-precision training.


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
# In `float32` the probability becomes *exactly* 1 somewhere before $z = 20$. From there on only the
# guard is left: a cost of 27.6, which is $-\log 10^{-12}$, for any logit. Being constant, it has no
# gradient: the worst mistakes teach nothing. In `float16` the guard itself has rounded to 0, and
# the loss is infinite already at $z = 10$.
#
# Softplus of the logit never forms the probability. That is the reason for `from_logits=True`, and
# for a discriminator without a last activation.
#
# Here are D's two terms by hand, beside `discriminator_terms` of the package and Keras' own loss.


# %% tags=["question-25", "nbval-check-output"]
def d_terms_by_hand(real_logits, fake_logits):
    return ops.mean(ops.softplus(-real_logits)), ops.mean(ops.softplus(fake_logits))


rng = np.random.default_rng(0)
real_logits = rng.normal(+1, 2, (1, 30, 30, 1)).astype("float32")  # the grid of a 70×70 PatchGAN
fake_logits = rng.normal(-1, 2, (1, 30, 30, 1)).astype("float32")
keras_loss = keras.losses.BinaryCrossentropy(from_logits=True)
from_keras = (
    keras_loss(np.ones_like(real_logits), real_logits),
    keras_loss(np.zeros_like(fake_logits), fake_logits),
)
for name, (real, fake) in {
    "by hand": d_terms_by_hand(real_logits, fake_logits),
    "package": discriminator_terms(real_logits, fake_logits),
    "Keras": from_keras,
}.items():
    print(f"{name:8} real {float(real):.4f}   generated {float(fake):.4f}")

# %% [markdown]
# Some programs have D give *two* numbers, one for "real" and one for "generated", and a softmax
# over them. Does the second number add anything?

# %% tags=["question-61", "nbval-check-output"]
for real, generated in ((2.0, 0.0), (5.0, 3.0), (-1.0, 1.0)):
    softmax = np.exp(real) / (np.exp(real) + np.exp(generated))
    logit = real - generated
    print(f"outputs {real:4.1f} and {generated:.1f}: softmax {softmax:.3f}", end=", ")
    print(f"cost {-np.log(softmax):.3f}; one logit {logit:4.1f}: ", end="")
    print(f"sigmoid {sigmoid(logit):.3f}, cost {softplus(-logit):.3f}")

# %% [markdown]
# Only the difference counts, so one logit says it all. Two outputs do no harm by themselves. What
# does is to put a loss that expects logits behind the softmax (exercise 2 does it with the
# sigmoid).

# %% [markdown]
# ## 4 · A map of verdicts, and one number
#
# D gives a map: 30×30 logits for a 256-pixel picture, 900 small verdicts. The loss is one number.
# One can average the logits first and charge the average, or charge each patch and average the
# costs. Both are found in tutorials.
#
# **Predict:** the left half of a *real* picture convinces D ($z = 4$), the right half looks wrong
# to it ($z = -4$). What does each way charge?

# %% tags=["predict", "question-41", "nbval-check-output"]
verdicts = np.full((1, 30, 30, 1), 4.0, "float32")
verdicts[:, :, 15:] = -4.0

average_first = float(ops.softplus(-ops.mean(verdicts)))
charge_first = float(discriminator_terms(verdicts, verdicts)[0])
print(f"average, then charge: {average_first:.3f}")
print(f"charge, then average: {charge_first:.3f}")

# %% [markdown]
# Averaging first gives 0.693: the two halves cancel, and a discriminator that is half wrong looks
# like one that has no opinion. Charging first gives 2.018, half of a serious mistake, and gives
# every patch a gradient of its own, as if it were a small picture in a batch of 900. The package
# charges first.

# %% [markdown] tags=["exercise"]
# ### Exercise 1 · code: the hinge loss
#
# Write where it says `# your turn`, then run the check. It says "right", "wrong" with a hint, or
# "not yet tried", as often as you like. Explanations go into the cells that say *Your answer*.
#
# Another adversarial loss is the hinge: a real patch pays $\max(0, 1 - z)$, a generated one
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
# cross-entropy never quite stops pulling.

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

# %% tags=["predict", "nbval-check-output"]
outputs_of_D = np.linspace(-20, 20, 201)
cost_twice = softplus(-sigmoid(outputs_of_D))
print(f"cost of a real patch: from {cost_twice.min():.2f} to {cost_twice.max():.2f}")

# %% [markdown] tags=["solution"]
# The loss takes a probability for a logit, and that lies between 0 and 1. Its best value for a real
# patch is 1, which costs $-\log \sigma(1) = 0.31$. The worst is 0, which costs no more than $\log
# 2$. A cost of real patches that stays between 0.31 and 0.69 is the sign to look for.

# %% [markdown]
# ## 5 · What D believes
#
# For reading, probabilities are nicer than costs: D(real) and D(fake) are the mean of $\sigma(z)$
# over the real and over the generated patches. Or one counts the patches that are judged right.
# With what threshold? All the logits below belong to real patches, and all are positive.

# %% tags=["question-39", "nbval-check-output"]
hesitant = np.linspace(0.02, 0.48, 24)  # logits of 24 real patches: D leans towards "real"

print(f"D(real) = {float(belief(hesitant)):.2f}")
print(f"judged real, probability > 0.5: {np.mean(sigmoid(hesitant) > 0.5):.0%}")
print(f"judged real, logit > 0:         {np.mean(hesitant > 0):.0%}")
print(f"judged real, logit > 0.5:       {np.mean(hesitant > 0.5):.0%}")
print(f"a logit of 0.5 is a probability of {sigmoid(0.5):.2f}")

# %% [markdown]
# The threshold 0.5 belongs to probabilities. On logits the same border is 0, and "logit > 0.5"
# quietly asks for a probability of 0.62: here it reports that D gets everything wrong when it gets
# everything right. On generated patches the same slip flatters D, so the average can look
# reasonable. This has been published.
#
# Reference values for later: D(real) and D(fake) both near 1/2, chance; 1 and 0, D has won; D(real)
# *below* D(fake) for long, something is swapped (section 16).

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
# would need a probability of 0.62 before "real" counts.

# %% [markdown]
# ## 6 · The generator's term: one game, two slopes
#
# In a *minimax* game, as GANs were first described, G wants the exact opposite of what D wants. D
# minimises the cost of generated patches, $-\log(1 - D(G(x)))$; so G would minimise
#
# $$\log(1 - D(G(x))) = -\operatorname{softplus}(z) \qquad\text{("saturating")}.$$
#
# The paper (§3.3), like most programs, uses another function instead:
#
# $$-\log D(G(x)) = \operatorname{softplus}(-z) \qquad\text{("non-saturating")}.$$
#
# Both fall as $z$ grows. **Predict:** early in training D wins easily; think of $z = -8$. Which of
# the two has the steeper slope there?

# %% alt="G's two losses against D's logit, and their gradients. Both losses fall to the right. Where D is sure of a fake, at the left edge, the saturating gradient is almost 0 and the non-saturating one -1." tags=["predict"]
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
# On the left both curves go down, so both send G the same way. But learning follows the slope, on
# the right. Where D is sure that the patch is generated, the saturating slope is all but 0 and the
# non-saturating one is -1. So the original form is silent exactly where G is worst.
#
# How much does it matter? Let a single logit go downhill, 100 steps of size 1, from $z = -8$. The
# two gradients are $-\sigma(z)$ and $-\sigma(-z)$.


# %% tags=["nbval-check-output"]
def slide(gradient, z=-8.0, steps=100):
    """Where gradient descent takes one logit."""
    for _ in range(steps):
        z -= gradient(z)
    return z


slopes = {"saturating": lambda z: -sigmoid(z), "non-saturating": lambda z: -sigmoid(-z)}
for name, slope in slopes.items():
    print(f"{name:14}  gradient at z = -8: {slope(-8.0):.4f}", end="   ")
    print(f"after 100 steps: z = {slide(slope):5.2f}")

term = float(generator_gan_term(np.full(9, -8.0, "float32")))
print(f"the package's term at z = -8 is {term:.3f}; softplus(8) is {softplus(8.0):.3f}")

# %% [markdown]
# A hundred steps of the saturating form move the logit by 0.03, while the other form has long
# passed 0 and fooled D. (Adam, which divides by the size of past gradients, softens the
# difference.)
#
# In a log, D's term for generated patches and `g_gan` are both 0.693 when D is at chance; when D
# wins, D's term goes to 0 and `g_gan` *rises* without limit. That is normal when D learns faster
# than G, and says nothing about the pictures. Do not expect an adversarial curve to fall as a
# validation loss does: each is measured by an opponent who learns.

# %% [markdown]
# ## 7 · Least squares instead
#
# LSGAN (Mao et al., 2017) drops the logarithm. D's raw output should be 1 on real patches and 0 on
# generated ones, and is charged the squared distance, without a sigmoid. (Programs call the loss so
# far `vanilla`.)
#
# $$\tfrac12\big[(D(x, y) - 1)^2 + D(x, \hat y)^2\big] \text{ for D}, \qquad
#   (D(x, \hat y) - 1)^2 \text{ for G}.$$

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
# Left, cross-entropy: each curve approaches 0 and never turns. Right, least squares: parabolas,
# lowest at 1 and at 0. The curves cross where D cannot tell: at height 0.693 on the left, 0.25 on
# the right. So the losses of the two kinds cannot be compared.
#
# The slopes below are what moves D. The least-squares slope changes sign at 1 and at 0: it punishes
# being *too* right. And the farther a patch is on the wrong side, the harder it is pulled back; the
# vanilla slope stays between -1 and 1. The next cell measures both for G, and then what an
# untrained D pays, whose outputs are near 0.

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
# For cross-entropy the answer 0 *is* chance. For least squares it means "generated" for everything,
# and the loss begins at 0.5, twice the chance level. Its first drop to 0.25 takes nothing but the
# constant answer 1/2. pix2pix uses the vanilla form, and so does this course; `gan_loss="lsgan"` in
# the configuration changes it.

# %% [markdown]
# ## 8 · L1: a mean, and in which unit?
#
# A generated picture should not only be taken for real; it should also be near the target:
#
# $$\mathcal L_{L1} = \operatorname{mean} |y - \hat y|,$$
#
# over all pictures, pixels and channels of the batch. Two questions decide what λ = 100 means: mean
# or sum, and in which unit? (Networks work in [-1, 1].)

# %% tags=["question-60", "nbval-check-output"]
y = np.zeros((1, 256, 256, 3), "float32")
y_hat = np.full_like(y, 0.1)

print(f"numbers in a 256-pixel picture: {y.size}")
print(f"mean: {np.mean(np.abs(y - y_hat)):.3f}    sum: {np.sum(np.abs(y - y_hat)):.0f}")
print(f"the package's term: {float(l1_term(y, y_hat)):.3f}")
print(f"0.1 on the scale of [-1, 1] is {0.1 * 255 / 2:.2f} grey levels of 255")
print(f"the most there can be: {float(l1_term(-np.ones(3), np.ones(3))):.0f}")

# %% [markdown]
# The scale from -1 to 1 is 2 long, so 0.1 is 12.75 of 255 grey levels. With pictures in [0, 1], the
# same error would be half the loss, and half the pull with the same λ. With a sum, λ = 100 would be
# 196,608 times as strong.
#
# And the name? L1 *regularisation* adds up the sizes of the weights. Compare:

# %% tags=["question-26", "nbval-check-output"]
kernel = np.full((4, 4, 3, 64), 0.02, "float32")  # the weights of a first layer
print(f"L1 regularisation of a kernel: {float(keras.regularizers.L1(1.0)(kernel)):.1f}")
print(f"L1 term of a perfect picture, whatever the kernel: {float(l1_term(y, y)):.1f}")

# %% [markdown]
# One wants small weights; the other wants the right picture and does not care about weights.
#
# What do answers cost that need no network at all? **Predict** the order of four, tried on training
# pairs of your data set: mid grey, the condition itself, somebody else's photo, and the pixel-wise
# median of all photos.

# %% alt="A label map, its photo, and the median of all photos: a dull brown smear in which only the rows of windows can be guessed." tags=["predict"]
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
columns = {"condition": condition[:1], "target": target[:1], "median": median_photo[None]}
image_grid(columns, cell=1.0)
plt.show()

# %% [markdown]
# With painted houses the median photo costs about 0.3, and mid grey, which is nearly what an
# untrained U-Net gives, a little more. A generator trained with λ = 100 should end near the price
# of the median photo. And another *real* photo costs more than a grey rectangle: L1 does not
# measure how real a picture looks.

# %% [markdown]
# ### The package's own code
#
# All terms have appeared now. `distance_to` is the one penalty behind both networks' terms;
# `float(is_real)` is the 1 or 0 that least squares wants.

# %% tags=["nbval-check-output"]
import inspect

from pix2pix_course import losses

for function in (losses.distance_to, discriminator_terms, generator_gan_term, l1_term):
    print(inspect.getsource(function))

# %% [markdown]
# ## 9 · A wall of unknown colour
#
# The label map says where the wall is, not which colour it has. Suppose walls of this kind are
# dark brick (grey level 80) as often as light plaster (200). The generator must answer with *one*
# number, and pays on average over both.
#
# **Predict:** which answer is cheapest under L1? Under L2, the squared distance? And if brick is
# twice as common?

# %% alt="Mean cost against the guessed grey level. With equal odds L1 is flat between the two real walls, 80 and 200; with brick twice as common it is lowest at brick. L2 is lowest in between in both cases." tags=["predict", "question-58", "question-59", "nbval-check-output"]
guesses = np.arange(256)
walls_by_odds = {"equally common": [80, 200], "brick twice as common": [80, 80, 200]}
plt.figure(figsize=(5, 2.6), layout="constrained")
for (odds, walls), style in zip(walls_by_odds.items(), ("-", "--"), strict=True):
    distance = np.abs(guesses[:, None] - np.array(walls))
    l1, l2 = distance.mean(axis=1), np.square(distance).mean(axis=1)
    best = guesses[np.isclose(l1, l1.min())]
    where = f"from {best[0]} to {best[-1]}" if len(best) > 1 else f"at {best[0]}"
    print(f"{odds}: L1 is least {where}, L2 at {l2.argmin()}")
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
# walls: L1 **does not choose**. With unequal odds (dashed) it takes the side of the majority,
# without any mixing. That is why L1 blurs less than L2.
#
# But with many shades, in three channels, the median is a compromise as well. The next cell reads
# the walls of 61 painted houses, and lets each loss look for its favourite among 256 values per
# channel.


# %% alt="Six colour swatches: four houses' walls, red, beige, blue-grey and brown, and what L1 and L2 would paint on every house: two similar middling beiges." tags=["nbval-check-output"]
def swatch(colour):
    return np.full((40, 60, 3), np.asarray(colour).astype("uint8"))


facade = PALETTES["facades"].names.index("facade")  # the walls
houses = [paint_pair(seed, size=64) for seed in range(61)]
walls = np.stack(
    [np.median(house.photo[house.class_ids == facade], axis=0) for house in houses]
)  # one RGB colour per house

distance = np.abs(guesses[:, None, None] - walls)  # (guess, house, channel)
l1_favourite = distance.mean(axis=1).argmin(axis=0)
l2_favourite = np.square(distance).mean(axis=1).argmin(axis=0)
print("L1's favourite", l1_favourite, "   median of the walls", np.median(walls, axis=0).round())
print("L2's favourite", l2_favourite, "   mean of the walls  ", np.mean(walls, axis=0).round())

swatches = {f"house {number}": [swatch(walls[number])] for number in (7, 9, 6, 12)}
swatches |= {"L1's answer": [swatch(l1_favourite)], "L2's answer": [swatch(l2_favourite)]}
image_grid(swatches, cell=1.2)
plt.show()

# %% [markdown]
# Four houses, and what each loss would paint on *every* house: the same middling beige. No single
# house of this colour looks wrong, so a quick look does not reveal it. A row of ten does.

# %% [markdown]
# ## 10 · A detail of unknown place
#
# The label map also leaves open where exactly each joint and frame lies. Take the photo of a
# painted house, and suppose the generator knows it only up to a shift of three pixels to the left
# or right: seven targets, equally likely. It can commit itself to the middle one, or answer pixel
# by pixel with the mean or the median of the seven.
#
# **Predict:** which of the three answers costs least L1, averaged over the seven targets? What will
# be missing from it?

# %% alt="A detail of a facade: sharp, as the mean and as the median of its shifted copies. The mean is smeared sideways; the median keeps windows, sills and crossbars, has lost the upright bars and most upright frames, and costs the least L1." tags=["predict", "question-59", "nbval-check-output"]
photos = to_network([paint_pair(seed, size=128).photo for seed in range(96)])
shifts = np.stack([np.roll(photos, offset, axis=2) for offset in range(-3, 4)])
shifts = shifts[:, :, 32:96, 32:96]  # away from the border, where `roll` wraps around
answers = {"sharp": shifts[3], "mean": np.mean(shifts, axis=0), "median": np.median(shifts, axis=0)}


def edges(images, axis=-2):
    """Mean step from a pixel to the next, to the right (axis -2) or below (-3): sharpness."""
    return np.abs(np.diff(np.asarray(images, "float32"), axis=axis)).mean()


expected_l1 = {name: np.abs(shifts - a).mean(axis=(0, 2, 3, 4)) for name, a in answers.items()}
for name, answer in answers.items():
    across, down = (edges(answer, axis) / edges(answers["sharp"], axis) for axis in (-2, -3))
    print(f"{name:7} L1 {expected_l1[name].mean():.2f}", end="   ")
    print(f"steps kept: to the right {across:4.0%}, downwards {down:4.0%}")
wins = expected_l1["median"] < expected_l1["sharp"]
print(f"the median costs less L1 than the sharp photo: {np.sum(wins)} of {len(wins)} houses")
image_grid({name: answer[1:2] for name, answer in answers.items()}, cell=1.6)
plt.show()

# %% [markdown]
# For every one of the 96 photos, L1 prefers the median to the best of the sharp pictures. The mean,
# L2's answer, smears everything from left to right. The median keeps the windows, and the lines
# that run along the shift: sills, crossbars, rows of bricks. But what is upright and narrower than
# the doubt is gone: the bars and frames at the sides of the panes. A generator trained on L1 alone
# is paid for leaving them out.

# %% [markdown] tags=["exercise"]
# ### Exercise 4 · experiment: how much doubt costs a detail?
#
# Repeat this for doubts of 1, 3 and 6 pixels: does L1 still prefer the median, and what share of
# the steps to the right does it keep? (At 3 pixels, about the share printed above.) Draw the three
# medians beside the sharp photo. What goes first, and what remains even at 6?


# %% alt="A facade's detail, sharp, and the median over shifts of up to 1, 3 and 6 pixels. First the upright bars go, then upright frames, then whole windows fade; horizontal lines remain." tags=["exercise"]
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
        f"and keeps {edges(median) / edges(sharp):.0%} of the steps"
    )
    columns[f"±{reach} px"] = median[1:2]
image_grid(columns, cell=1.4)
plt.show()
# </solution>

# %% [markdown] tags=["solution"]
# L1 prefers the median for every photo, even at a single pixel of doubt. What is upright and
# thinner than the doubt goes: at ±1 the bars, with over a third of the steps; at ±3 most of the
# upright frames; at ±6 whole windows fade, and over two thirds of the steps are gone. Horizontal
# lines remain, since a shift to the side leaves them where they are.

# %% [markdown]
# ### Who would object?
#
# Anything that has seen real photos. The next cell trains a small discriminator to tell sharp crops
# from L1's favourite, the median, and shows it new houses, among them sharp photos that are three
# pixels *off*. (Nobody has to write a formula for "sharp". In this sense pix2pix *learns a loss*: D
# is the loss.)

# %% tags=["question-50"]
keras.utils.set_random_seed(SEED)
judge = patchgan(2, filters=16, conditional=False)
judge.compile(
    keras.optimizers.Adam(2e-3, beta_1=0.5), keras.losses.BinaryCrossentropy(from_logits=True)
)
patches = judge.compute_output_shape(answers["sharp"][:8].shape)  # a logit for each
right = np.concatenate([np.ones(patches, np.float32), np.zeros(patches, np.float32)])

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
# The loss falls far below chance: for a network it is easy to see what is missing. On new houses
# most sharp crops pass and the median does not, nor does the mean, which this D had never seen. The
# shifted photos pass too: this judge asks "could this be a photo?" and not "is it *this* photo?".
#
# That is how pix2pix divides the work. L1 knows which photo is meant, and settles what can be
# settled: layout, brightness, the broad colours. The adversarial term knows what photos look like,
# and makes the generator commit itself where L1 prefers the average.

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
# The paper writes the minimax form (§3.1),
# $G^* = \arg\min_G \max_D \mathcal L_{cGAN}(G, D) + \lambda_{L1} \mathcal L_{L1}(G)$,
# and then trains the two lines above. Here they are in code, for two untrained networks.


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
# The untrained discriminator pays about $\log 2$. (Should yours start at 1.4, it is a sum. Should
# it start at 5, look at the range of the pictures.)
#
# In the generator's line the second term, λ included, is dozens of times the first. Does the
# adversarial term hardly matter, then? G follows slopes, not values, and the slope of an absolute
# value does not depend on how large it is. At the generator's output, with $N$ numbers in the
# batch, the gradient of the L1 term is $\pm\lambda_{L1}/N$ for each number, so that its length is
# $\sqrt N \cdot \lambda_{L1}/N = \lambda_{L1}/\sqrt N$, whatever the picture.
#
# **Predict:** for λ = 1, 10 and 100, which term pulls harder at the untrained generator's output?


# %% tags=["predict", "question-08"]
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
print(f"length of L1's gradient, times √N: {np.linalg.norm(l1_pull) * np.sqrt(l1_pull.size):.2f}")

# %% [markdown]
# At λ = 1 the adversarial term leads or keeps up; at λ = 100 the L1 term leads clearly, but by far
# less than the values in G's line suggest. The shares depend on the picture's size and on D; λ =
# 100 is a choice that worked for the paper, not a constant of nature.
#
# Elsewhere λ is 10, mostly beside least squares. Do these programs need less of L1? Compare with
# how hard each adversarial term pulls at an untrained D. (The *load size*, 286, which the same
# programs have, belongs to no loss: pictures are enlarged to that side before a random 256 is cut
# out.)

# %% tags=["question-08", "nbval-check-output"]
for kind, lambda_l1 in (("vanilla", 100), ("lsgan", 10)):
    # at 0, about what an untrained D says
    slope = abs(float(gradient(lambda z: generator_gan_term(z, kind), 0.0)))
    print(f"{kind:8} pulls with {slope:.1f}; λ = {lambda_l1} is {lambda_l1 / slope:.0f} times that")
print("load size for 256 pixels:", load_size(256))

# %% [markdown]
# Least squares pulls four times as hard at first, so λ = 10 beside it gives L1 a fortieth of its
# relative weight, not a tenth. It is another choice, made for other tasks. (The number comes with
# CycleGAN, where L1 compares a picture with itself after a round trip.)
#
# And the shares move: the adversarial gradient depends on how sure D is. Let D train alone for 20
# steps on this one batch, and measure again.

# %% alt="What G is told about a corner of its output, for λ = 0 to 1000. With λ = 0 it is noise, with either D; as λ grows two flat colours with the outline of the target come through, and L1's share nears 100 %."
d_optimizer = keras.optimizers.Adam(2e-4, beta_1=0.5)
for _ in range(20):
    slopes = gradient(lambda: d_objective(D, x, y, y_hat), D.trainable_variables)
    d_optimizer.apply(slopes, D.trainable_variables)
loss = float(d_objective(D, x, y, y_hat))
print(f"D after 20 steps alone: loss {loss:.2f}; length of the gradient at G's output:")
trained_gan_pull, _ = pulls(D, x, y, y_hat)
print_pulls(trained_gan_pull, l1_pull)


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
    size=(1.4, 1.65),
)
plt.show()

# %% [markdown]
# The panels show the gradient for the red channel in a corner of G's output: blue means "make it
# smaller", red "make it larger". (In JupyterLab or Colab the cell has a slider.) D alone, at λ = 0,
# asks for something else in every pixel. At λ = 1000 L1's message is left: two colours of equal
# strength, and in them the outline of the target. After 20 steps D's gradient is longer, so that L1
# has a smaller share at every λ.

# %% [markdown]
# ## 12 · What does λ do to the pictures?
#
# Train five small networks on 64-pixel images, equal in all but λ; with λ = 0 only the adversarial
# term is left. Two numbers for each, in grey levels and on test pairs: the distance to the photos
# (L1 × 127.5), and the sharpness, the mean step to the next pixel. Under `cpu` this takes two to
# five minutes.
#
# **Predict:** which λ will come nearest to the photos? Which will be the sharpest? Will any be
# *sharper* than the photos?


# %%
tiny = config.replace(image_size=64, sample_every=99, save_every=99)
if PROFILE != "smoke":
    tiny = profile("cpu").replace(
        dataset=DATASET,
        direction=DIRECTION,
        palette=PALETTE,
        seed=SEED,
        image_size=64,
        train_pairs=100,
        epochs=8,
        generator_filters=16,
        discriminator_layers=2,
    )
test = load_pairs(dataset, dataset.evaluation_split, 64, limit=20)


def in_grey_levels(images):
    """Distance to the photos, and sharpness."""
    distance = np.abs(images.astype(float) - test.target).mean()
    return distance, (edges(images, -2) + edges(images, -3)) / 2


# %% alt="Two label maps, their translations for λ = 0, 1, 10, 100 and 1000, and the photos. λ = 0: a coarse mesh with faint dark bands. 1 and 10: house fronts with stains and stripes. 100: calmer. 1000: clean, soft and brownish." tags=["predict"]
translations = {}
with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
    for lambda_l1 in (0, 1, 10, 100, 1000):
        run = runs.train(
            tiny.replace(lambda_l1=lambda_l1), Path(folder) / str(lambda_l1), verbose=0
        )
        made = np.stack([translate(run, each) for each in test.condition])
        translations[f"λ = {lambda_l1}"] = made
        distance, sharpness = in_grey_levels(made)
        print(f"λ = {lambda_l1:4}   distance {distance:5.1f}   sharpness {sharpness:5.1f}")
print(f"photos     distance   0.0   sharpness {in_grey_levels(test.target)[1]:5.1f}")

shown = {"condition": test.condition} | translations | {"photo": test.target}
image_grid({name: images[:2] for name, images in shown.items()}, cell=1.1)
plt.show()

# %% [markdown]
# With painted houses and `cpu`, two seeds gave this:
#
# - **λ = 0** is farthest from the photos, and sharper than they are. At best you can guess the rows
#   of windows (D sees the map as well). A coarse mesh lies over everything, and nothing keeps the
#   colours near the photo's.
# - **λ = 1 and 10** show house fronts. Many of their sharp edges are stains and stripes.
# - **λ = 100** has calmer walls and clearer windows, is softer, and still has some stains.
# - **λ = 1000** is nearest to the photos, clean and blurred, with about half of their sharpness. D
#   recognises these pictures easily, but G hardly listens: L1 alone gives nearly the same.
#
# The distance falls with every step of λ; the sharpness is highest at 0 and lowest at 1000. No λ
# finds the photos' wall colours; they are not in the map.
#
# So λ trades what D demands for what L1 can settle. A longer training leaves fewer stains; an
# exercise of notebook 05 trains λ = 10 and 1000 again. Under `smoke` all five are grey noise.

# %% [markdown]
# ### Report the terms without λ
#
# Which of these two logged runs has the better pictures, as far as L1 can tell?

# %% tags=["nbval-check-output"]
logs = {"run A": (10, 0.24, 1.1), "run B": (100, 0.21, 1.6)}  # λ, mean |y - y_hat|, GAN term

print("        total   λ × L1     L1   L1 in grey levels")
for name, (lambda_l1, l1, gan) in logs.items():
    weighted = lambda_l1 * l1
    print(f"{name}  {gan + weighted:6.1f}   {weighted:6.1f}   {l1:4.2f}   {l1 * 127.5:17.1f}")

# %% [markdown]
# By total, and by λ × L1, run A looks far better. Without λ, run B is nearer to its targets: 27
# grey levels against 31. So the package logs `g_l1` and `g_gan` without weights.

# %% [markdown]
# ## 13 · Which weights does each step move?
#
# One forward pass runs through both networks, so gradients could flow into both. Two rules keep
# them apart: D's loss is differentiated with respect to D's weights only, G's with respect to G's
# only. Nothing needs to be frozen.
#
# **Predict:** the GAN term is computed by D. When G takes its step, how many of D's weight arrays
# move?


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

# %% tags=["predict", "nbval-check-output"]
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
# Each step moves all weights of its own network and none of the other's. The path of G's gradient
# is a chain of three:
#
# $$\frac{\partial\,\text{loss}}{\partial\,\text{logits}} \cdot
#   \frac{\partial\,\text{logits}}{\partial\,\hat y} \cdot
#   \frac{\partial\,\hat y}{\partial\,\text{weights of } G}.$$
#
# The middle factor runs backwards *through* D: its kernels are read, not changed. D's loss has a
# gradient at G's weights, too. Does it point the same way as that of G's own loss? The cosine of
# the angle between the two says so: 1 means the same way, -1 the opposite way.

# %%
from_d, from_g = (
    np.concatenate([slopes.ravel() for slopes in gradient(pays, small_G.trainable_variables)])
    for pays in (d_pays, g_pays)
)
lengths = np.linalg.norm(from_d) * np.linalg.norm(from_g)
print(f"cosine between D's and G's wish for G's weights: {from_d @ from_g / lengths:.2f}")

# %% [markdown]
# The two point against each other, as the interests of the two players do. Following D's loss would
# make G *easier to recognise*. One optimizer over all weights and the sum of all losses would mix
# the two: this is the reason for two gradients and two optimizers.

# %% [markdown]
# ## 14 · Half a loss
#
# The paper halves D's loss, in order to slow D down (§3.3). With plain gradient descent, that is
# the same as half the learning rate. But the paper uses Adam. Fit the same tiny problem with both,
# with factor 1 and 1/2, and compare the weights after each step.


# %%
def trajectory(make_optimizer, factor, steps=40):
    """Weights of a classifier with two weights after each step, shape (steps, 2)."""
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


# %% alt="The first weight by training step. With SGD half the loss gives a clearly lower path; with Adam the two paths lie on top of each other." tags=["nbval-check-output"]
makers = {
    "SGD": lambda: keras.optimizers.SGD(0.5),
    "Adam": lambda: keras.optimizers.Adam(0.05, beta_1=0.5, epsilon=1e-8),
}
plt.figure(figsize=(4, 2.2), layout="constrained")
for name, make in makers.items():
    whole, half = (trajectory(make, factor) for factor in (1.0, 0.5))
    apart = np.abs(whole - half).max() / np.abs(whole).max()
    print(f"{name:4} largest gap between the two paths: {apart:.0%}")
    (line,) = plt.plot(whole[:, 0], label=f"{name}, loss × 1", linewidth=4, alpha=0.4)
    plt.plot(half[:, 0], "--", label=f"{name}, loss × 1/2", color=line.get_color())
plt.xlabel("step", fontsize=9)
plt.ylabel("first weight", fontsize=9)
plt.legend(fontsize=8)
plt.show()

# %% [markdown]
# Under SGD the halved loss lags behind; under Adam the dashed line lies on the solid one. Adam
# divides each gradient by a running measure of its own size, so a constant factor cancels. The
# package halves all the same, because a *mean* of two terms is easier to read.
#
# The same holds for G: only the *ratio* of `gan_weight` and `lambda_l1` counts.

# %% [markdown]
# ## 15 · One toy, three objectives
#
# Now all of it in a game small enough to see through. A "house" is one wall colour, and there are
# three kinds: brick, plaster, blue paint, equally common, each with some variation. The generator
# is a table of 96 colours, one for each of 96 label maps. In every step each map meets a *newly
# drawn* wall; D is a small network that sees one colour.

# %%
KINDS = np.array([[0.6, -0.5, -0.6], [0.75, 0.6, 0.2], [-0.5, -0.1, 0.6]])  # in [-1, 1]
ROWS = 96


def draw_walls(rng):
    walls = KINDS[rng.integers(3, size=ROWS)] + rng.normal(0, 0.1, (ROWS, 3))
    return walls.astype(np.float32)


print("channel-wise median of the kinds:", np.median(KINDS, axis=0))


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

        # `gradients` is `gradient` inside a step: it returns the function's two results as well
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


def report(name, y_hat, y, critic, d_loss):
    nearest = np.linalg.norm(y_hat[:, None] - KINDS, axis=2).min(axis=1)
    l1, like_real = np.abs(y - y_hat).mean(), np.mean(nearest < 0.4)
    print(
        f"{name:14}  L1 {l1:.2f}   like a real wall {like_real:4.0%}"
        f"   d_loss {d_loss:.2f}   D(real) {float(belief(critic(y))):.2f}"
        f"   D(fake) {float(belief(critic(y_hat))):.2f}"
    )


def as_sheet(colours):
    return np.clip(colours, -1, 1).reshape(8, 12, 3)


# %% [markdown]
# **Predict:** which colours will the table hold after training on L1 alone? On the GAN term alone?
# On both? And which of the three will have the lowest L1?

# %% alt="Four sheets of 96 coloured squares. Real walls are red, blue or beige. L1 alone paints every square the same pink; GAN alone and GAN + L1 paint red, blue and beige ones again." tags=["predict"]
objectives = {"L1 alone": (0, 1), "GAN alone": (1, 0), "GAN + L1": (1, 1)}
results = {name: play(*weights) for name, weights in objectives.items()}
for name, result in results.items():
    report(name, *result)
sheets = {"real walls": [as_sheet(results["GAN alone"][1])]}
sheets |= {name: [as_sheet(result[0])] for name, result in results.items()}
image_grid(sheets, cell=1.8)
plt.show()

# %% [markdown]
# Each square is one colour. L1 alone paints all 96 houses in the same pink: the median of each
# channel, a colour that never occurs. With the GAN term (alone, or beside L1) nearly every row
# commits itself to one of the real kinds, and all kinds appear.
#
# Now look at the column L1. It is *best* for the impossible pink, because a plausible wall is
# usually not the one drawn this time. So L1 as a metric would choose the wrong model (notebook 06
# goes on from here). D's columns agree with the eye: against pink D wins (it was trained in that
# run too, only G did not listen), against the others it is near chance. (λ = 1 here is not
# comparable with the λ of a picture: the pull depends on $N$.)

# %% [markdown] tags=["exercise"]
# ### Exercise 5 · prediction: L1 and a majority
#
# The three kinds of wall were equally common, and L1 alone painted every house pink. Now 80 of 100
# walls are brick, 10 plaster and 10 blue. What does L1 alone paint: "brick", "plaster", "blue" or
# "pink"? And why?

# %% tags=["exercise"]
# <solution>
favourite_wall = "brick"
# </solution>

# %% tags=["nbval-check-output"]
exercises.check_favourite_wall(favourite_wall)

# %% tags=["predict", "nbval-check-output"]
street = np.repeat(KINDS, (80, 10, 10), axis=0)
print("median of the street:", np.median(street, axis=0))
print("brick, plaster, blue:", *KINDS)

# %% [markdown] tags=["solution"]
# Brick. In each channel more than half of the walls have the value of brick, so the median is a
# brick, a real colour this time. L1 takes the side of the majority, and the rare kinds disappear.

# %% [markdown] tags=["exercise"]
# ### Exercise 6 · experiment: from plaster to pink
#
# Run the toy with `gan_weight=1` and `lambda_l1` 1, 10, 100 and 1000, `report` each, and draw the
# four sheets. Do the walls turn pink all at once? Expect over 90 % of the walls to be like real
# ones at λ = 1, and under 10 % at 1000. Try another seed. How does λ here compare with the pulls of
# section 11, where $N$ is now $3 \cdot 96$?

# %% alt="Sheets of 96 coloured squares for λ = 1, 10, 100 and 1000. With 1 and 10 red, blue and beige all occur, at 100 there is less variety, and at 1000 every square is the same pink." tags=["exercise"]
sheets = {}
# <solution>
for lambda_l1 in (1, 10, 100, 1000):
    result = play(1, lambda_l1)
    report(f"λ = {lambda_l1}", *result)
    sheets[f"λ = {lambda_l1}"] = [as_sheet(result[0])]
image_grid(sheets, cell=1.6)
plt.show()
# </solution>

# %% [markdown] tags=["solution"]
# Not at once: over a wide range of λ the kinds lose their variety, at 100 some rows are pink and
# most still are not, and at 1000 no kind is left, with another seed as well. Each number of a row
# gets $\pm\lambda_{L1} / (3 \cdot 96)$ from L1, on average towards the median; the GAN term pulls
# as hard as D is sure. At λ = 100 the one is about 1/3, at 1000 more than 3.

# %% [markdown]
# ## 16 · Break it on purpose: a swapped label, a wrong sign
#
# Two slips, easily made: D is told that the generated walls are real and the real ones generated;
# or the L1 term has the wrong sign. Neither stops with an error.
#
# **Predict:** which of the printed numbers will betray each?

# %% tags=["predict"]
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

# %% [markdown]
# With swapped labels the logged loss is nearly 0, "perfect", and L1 is *better* than in the correct
# run: D and G now want the same thing, and what is left is L1's pink. Two numbers tell: D(real) is
# 0 and D(fake) is 1. That is why the package reports both, and why "the losses went down" is no
# test of a GAN.
#
# The wrong sign drives every colour into a corner of the colour cube, and L1 rises far above that
# of a wall drawn blindly. A generator that pays more than that works *against* the target.

# %% [markdown]
# ## Recap
#
# - Cross-entropy from logits is softplus, in both directions; by way of the
#   probability it loses its gradient in `float32` and becomes infinite in `float16`.
# - Chance is 0.693 for a term or a mean, 1.386 for a sum, 0.25 for LSGAN. Thresholds are 0 on
#   logits, 1/2 on probabilities.
# - G minimises $-\log D(\hat y)$, because the opposite of D's term has no slope where G is bad.
# - L1 answers uncertainty with a median: one colour for every wall, no detail finer than its
#   doubt. A discriminator sees that such pictures are not photos.
# - Little λ: sharp, stained, far from the photo. Much λ: clean, blurred, near it.
# - λ divides slopes, not values. Log both terms without weights.
# - Each step moves the weights of one network only; under Adam, halving D's loss changes nothing.

# %% [markdown]
# **What this does not show.** The five trainings were short, on small pictures; the orders above
# were seen with two seeds. The toy settles near chance; full-sized GANs need not. And no value of
# any of these losses says that a picture is good.

# %% [markdown]
# ## Next
#
# [05 · Training](05_training.ipynb) puts the two steps into one and trains under your profile. To
# read on: §3.1 and §3.3 of the paper ([arXiv 1611.07004](https://arxiv.org/abs/1611.07004)) for the
# objective, its table 1 for L1 and GAN alone and together; Goodfellow et al. 2014 (arXiv 1406.2661)
# for the two forms of G's term; Mao et al. 2017 (arXiv 1611.04076) for least squares.
