# %% [markdown]
# # 03 · PatchGAN discriminator
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/{{repository_path}}/blob/main/notebooks/{{notebook}})
#
# ![A photo with one square of 70 pixels outlined; the pixels that move one answer of the discriminator, white on black, which are the same square; and how strongly each of them does, strongest in the middle.]({{picture 03_patchgan.jpg}})
#
# **What you will build.** The second network of pix2pix: a discriminator that does not give one
# verdict on a picture but a whole map of them, one for every patch of 70×70 pixels. You build it
# layer by layer, measure which pixels each answer depends on, find out what it cannot see, and
# train two small ones, of which one can be lied to.
#
# **Time.** About 35 minutes to read, and 40 for the exercises. The machine works for one to two
# minutes on two CPU cores (profile `cpu`); on a GPU it has not been measured.
#
# **After this notebook you can**
#
# - say what a discriminator gives a generator that no distance between pictures can give;
# - derive the numbers of the 70×70 PatchGAN: shapes, weights, the 70 and the 30;
# - show when it equals a small network run on cut-out patches;
# - say what a small patch cannot demand of a picture, and what a large one costs;
# - read its output, and explain why it has to see the condition too.
#
# It builds on notebook 01 (pairs of images in [-1, 1]) and on the strided convolutions and the
# batch normalisation of notebook 02.

# %% tags=["setup"]
# {{setup}}

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers, ops
from matplotlib.patches import Rectangle
from PIL import Image, ImageFilter

from pix2pix_course import exercises
from pix2pix_course.config import profile
from pix2pix_course.datasets import open_dataset
from pix2pix_course.discriminators import patchgan, receptive_field
from pix2pix_course.figures.plotting import image_grid, to_picture
from pix2pix_course.figures.sliders import explore
from pix2pix_course.generators import unet
from pix2pix_course.pairs import load_pairs, to_network
from pix2pix_course.support.engine import exact_float32
from pix2pix_course.support.gradients import gradient
from pix2pix_course.training import build_discriminator

plt.rcParams["figure.dpi"] = 85
exact_float32()  # a GPU may round factors to ten bits, but here results are compared closely

# %% tags=["parameters"]
PROFILE = "cpu"  # "smoke": every cell, in seconds; "cpu": minutes; "gpu": the paper's sizes
DATASET = "painted"  # or a published set's name, or a folder of pairs
DIRECTION = None  # "AtoB" or "BtoA"; None: as the data set says
PALETTE = None  # label colours of a folder that does not describe itself
SEED = 0  # of weights and of every random choice

# %%
config = profile(PROFILE).replace(dataset=DATASET, direction=DIRECTION, palette=PALETTE, seed=SEED)
dataset = open_dataset(config.dataset, config.direction, config.palette)
keras.utils.set_random_seed(SEED)
print(f"{dataset.name}: condition = half {dataset.condition_side}, target = the other half")

# %% [markdown]
# Sections 1 to 9 are about the architecture; their pictures have the paper's 256 pixels. Sections
# 10 and 11 train, and take size and number of pairs from the profile.
#
# As before, $x$ is the condition (in the painted set the label map), $y$ the target (its photo),
# $\hat y = G(x)$ what the generator makes, and $D$ the discriminator. With your own pictures, read
# "label map" and "photo" as the side that is given and the side that is wanted.
#
# ## 1 · Why is a distance between pictures not enough?
#
# To train a generator we need a number that says how good its picture is, such as L1, the mean
# absolute difference from the true photo. But a label map does not say what colour a wall has.
# Suppose that half of all houses with this label map are dark and half are pale. The generator must
# paint *one* wall.
#
# **Predict:** which wall has the smallest L1 on average: the dark one, the pale one, or one
# half-way between?

# %% tags=["predict", "nbval-check-output"]
dark, pale = -0.4, 0.6  # two walls that fit the same label map, equally likely
for name, answer in (("dark", dark), ("half-way", (dark + pale) / 2), ("pale", pale)):
    l1 = (abs(answer - dark) + abs(answer - pale)) / 2
    l2 = ((answer - dark) ** 2 + (answer - pale) ** 2) / 2
    print(f"{name:8} wall: expected L1 {l1:.2f}, expected L2 {l2:.2f}")

# %% [markdown]
# L1 does not care: every answer between the two costs the same. L2, the squared difference, even
# prefers the wall that no house has. Neither can say: *either of the two is right, the compromise
# is wrong*.
#
# In general, the best single answer under L1 is the **median** of everything that fits, pixel by
# pixel; under L2 it is the mean.
#
# A label map does not say where the joints between the bricks are either, so all shifts of the
# brick pattern fit it equally well. The next cell takes them all. **Predict:** what will the best
# single pictures look like?

# %% alt="Two brick walls, the second with its joints elsewhere, and the best single answers to all such walls: under L1 one flat brown, under L2 a slightly lighter flat brown. Neither has any joint." tags=["predict", "nbval-check-output"]
wall = np.full((32, 32), -0.3)
wall[::8] = 0.7  # joints between the courses of bricks
wall[:8, ::16] = wall[16:24, ::16] = 0.7  # joints between the bricks of a course
wall[8:16, 8::16] = wall[24:, 8::16] = 0.7
shifts = [np.roll(wall, (row, column), axis=(0, 1)) for row in range(16) for column in range(16)]

pictures = {"one wall": wall, "another": shifts[70]}
pictures |= {"best under L1": np.median(shifts, axis=0), "best under L2": np.mean(shifts, axis=0)}
figure, axes = plt.subplots(1, 4, figsize=(8, 2.2), layout="constrained")
for axis, (title, picture) in zip(axes, pictures.items(), strict=True):
    print(f"{title:13} contrast (standard deviation) {picture.std():.2f}")
    axis.imshow(picture, cmap="copper", vmin=-1, vmax=1)
    axis.set_title(title, fontsize=9)
    axis.set_axis_off()
plt.show()

# %% [markdown]
# Both ask for a plain wall without a single joint: no pixel is a joint in more than half of the
# walls, so the median never is. This is what "L1 blurs" means. The blurred picture *is* the right
# answer to the question that L1 asks.
#
# So we need another question: *does this look like something that occurs?* Nobody can write that
# down as a formula, but a network can learn it, as plain classification: show it real examples
# (answer 1) and made-up ones (answer 0). Such a network is a **discriminator**. The smallest
# possible one sees one number, the brightness of a wall; "made-up" are walls of any brightness.

# %%
random = np.random.default_rng(SEED)
real = random.choice([dark, pale], 4000) + random.normal(0, 0.05, 4000)
made_up = random.uniform(-1, 1, 4000)
walls = np.concatenate([real, made_up])[:, None]
answers = np.repeat([1.0, 0.0], 4000)[:, None]

critic = keras.Sequential(
    [layers.Dense(32, activation="relu"), layers.Dense(32, activation="relu"), layers.Dense(1)]
)
critic.compile(keras.optimizers.Adam(1e-2), keras.losses.BinaryCrossentropy(from_logits=True))
history = critic.fit(walls, answers, batch_size=100, epochs=8, verbose=0)

# %% [markdown]
# Now compare three prices for a wall of brightness $v$: the expected L1, the expected L2, and
# $-\log \sigma(D(v))$, the price that a generator pays to this discriminator. The sigmoid $\sigma$
# makes a probability of D's answer, which before it is called a *logit*. Notebook 04 derives the
# price; here it matters only that it is low where D answers "real".

# %% alt="The price of a painted wall by its brightness. Expected L1 is flat between the two real walls, expected L2 lowest midway; the learned loss has a valley at each real wall and a high ridge between."
v = np.linspace(-1, 1, 201)
prices = {
    "expected L1": (abs(v - dark) + abs(v - pale)) / 2,
    "expected L2": ((v - dark) ** 2 + (v - pale) ** 2) / 2,
    "learned: −log σ(D)": np.logaddexp(0, -ops.convert_to_numpy(critic(v[:, None]))[:, 0]),
}
figure, axes = plt.subplots(1, 3, figsize=(8.6, 2.3), layout="constrained")
for axis, (title, price) in zip(axes, prices.items(), strict=True):
    axis.plot(v, np.minimum(price, 4))
    axis.set_title(title, fontsize=9)
    axis.set_xlabel("brightness of the painted wall", fontsize=8)
    for brightness in (dark, pale):
        axis.axvline(brightness, color="gray", linestyle=":")
plt.show()

# %% [markdown]
# The dotted lines mark the two walls that occur. L1 has a flat floor between them, L2 has its
# lowest point where there is no wall at all. The learned price (cut off at 4) has a valley at each
# real wall, and a ridge at the compromise. That is the whole idea: **the discriminator is a loss
# that is learned**, and its gradient tells the generator in which direction to go.
#
# For pictures, $256 \cdot 256 \cdot 3$ numbers take the place of one, and "made-up" is whatever the
# generator produces at the moment.
#
# ## 2 · What does D look at?
#
# D of pix2pix judges a **pair**: the condition $x$ together with a picture, which is either the
# true $y$ or the generated $\hat y$. Is the label map laid over the photo like a transparent film?

# %% alt="A condition and its target, followed by their six channels in grey: red, green and blue of the condition, then of the target. Side by side they are what D takes in."
street = load_pairs(dataset, dataset.evaluation_split, 256, limit=2)
two_x, two_y = to_network(street.condition), to_network(street.target)
x, y = two_x[:1], two_y[:1]
pair = ops.convert_to_numpy(layers.Concatenate()([x, y]))

channels = ["x red", "x green", "x blue", "y red", "y green", "y blue"]
columns = {"x": x, "y": y} | {name: pair[..., index] for index, name in enumerate(channels)}
image_grid(columns, cell=1.15)
plt.show()

# %% tags=["question-18", "nbval-check-output"]
print("x", x.shape, "and y", y.shape, "become", pair.shape)
print("channels 0 to 2 differ from x by", abs(pair[..., :3] - x).max())
print("channels 3 to 5 differ from y by", abs(pair[..., 3:] - y).max())
exchanged = np.concatenate([y, x], axis=-1)
print("added, (x, y) and (y, x) differ by", abs((x + y) - (y + x)).max())
print("concatenated, they differ:", not np.array_equal(pair, exchanged))

# %% [markdown]
# Nothing is blended. The pair is one "image" of six channels, and the first convolution has a
# separate set of numbers for each of the six: its kernel has shape (4, 4, 6, filters). It is free
# to look for things like "the label map turns into *window* here **and** the photo gets darker
# here". The order must be kept: in this course the condition always comes first.
#
# ## 3 · Five layers
#
# The network is like the encoder half of a U-Net that stops early: convolutions of 4×4, of which
# three halve the side (stride 2) and two do not (stride 1). Each is preceded by one pixel of zeros
# on all four sides. A side of $n$ pixels becomes
#
# $$\left\lfloor \frac{n + 2 \cdot \text{padding} - 4}{\text{stride}} \right\rfloor + 1 .$$
#
# **Predict** the five sides for $n = 256$. Does stride 1 keep the size?


# %% tags=["predict", "question-69", "nbval-check-output"]
def next_side(side, stride, padding=1, kernel=4):
    """Side of a convolution's output."""
    return (side + 2 * padding - kernel) // stride + 1


sides = [256]
for stride in (2, 2, 2, 1, 1):
    sides.append(next_side(sides[-1], stride))
print("one pixel of padding:", " → ".join(map(str, sides)))

# %% [markdown]
# Most people expect 32 at the end. It is 30: with one pixel of padding, 32 becomes 34, and a window
# of four fits into 34 at only 31 places. The next layer loses one more.
#
# Keras' `padding="same"` keeps 32: where the stride is 1 it puts one pixel of zeros on the left and
# two on the right. Some programs pad by two everywhere. The three choices, side by side:


# %% tags=["question-40", "nbval-check-output"]
def stack(padding):
    """The five convolutions with one channel each, and nothing between them."""
    net = keras.Sequential([keras.Input((256, 256, 1))])
    for stride in (2, 2, 2, 1, 1):
        if padding != "same":
            net.add(layers.ZeroPadding2D(padding))
        net.add(layers.Conv2D(1, 4, stride, padding="same" if padding == "same" else "valid"))
    return net


for padding in (1, 2, "same"):
    print(f"padding {padding!s:4} → grid {stack(padding).output_shape[1:3]}")

# %% [markdown]
# Now the real thing, layer after layer, on the pair from above. After each convolution but the last
# comes LeakyReLU with slope 0.2 (a plain ReLU would pass no gradient where it is off, and the
# generator learns from D's gradient). Between convolution and activation stands batch
# normalisation, except in the first layer; it would subtract a bias again (notebook 02), so the
# convolution before it has none.


# %%
def convolve(h, channels, stride, use_bias, padding=1):
    """Zero padding, then a 4×4 convolution with weights from N(0, 0.02)."""
    h = layers.ZeroPadding2D(padding)(h)
    start = keras.initializers.RandomNormal(0.0, 0.02)
    return layers.Conv2D(channels, 4, stride, use_bias=use_bias, kernel_initializer=start)(h)


def normalise(h):
    """Batch normalisation with the authors' constants."""
    start = keras.initializers.RandomNormal(1.0, 0.02)
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, gamma_initializer=start)(h)


def leaky(h):
    """LeakyReLU; the Keras layer's own default slope would be 0.3."""
    return layers.LeakyReLU(negative_slope=0.2)(h)


# %% tags=["question-69", "nbval-check-output"]
h = leaky(convolve(pair, 64, stride=2, use_bias=True))
print("layer 1:", h.shape)
h = leaky(normalise(convolve(h, 128, stride=2, use_bias=False)))
print("layer 2:", h.shape)
h = leaky(normalise(convolve(h, 256, stride=2, use_bias=False)))
print("layer 3:", h.shape)
h = leaky(normalise(convolve(h, 512, stride=1, use_bias=False)))
print("layer 4:", h.shape)
h = convolve(h, 1, stride=1, use_bias=True)
print("logits: ", h.shape)

# %% [markdown]
# The answer to one pair is not one number but $30 \times 30 = 900$. There is no `Flatten` and no
# `Dense` at the end: the network is *fully convolutional*, and the loss averages over the 900.
#
# ## 4 · The same as the package's, weight for weight
#
# Put together as a Keras model. `padding` stays an argument, because section 7 will switch it off.


# %%
def patchgan_by_hand(side=None, padding=1):
    """The 70×70 PatchGAN: [condition, image] → one logit per patch."""
    condition = keras.Input((side, side, 3), name="condition")
    image = keras.Input((side, side, 3), name="image")
    h = layers.Concatenate()([condition, image])
    h = leaky(convolve(h, 64, 2, use_bias=True, padding=padding))
    for filters, stride in ((128, 2), (256, 2), (512, 1)):
        h = leaky(normalise(convolve(h, filters, stride, use_bias=False, padding=padding)))
    logits = convolve(h, 1, 1, use_bias=True, padding=padding)
    return keras.Model([condition, image], logits)


# %% [markdown]
# How many weights has it? A convolution has $4 \cdot 4 \cdot \text{in} \cdot \text{out}$ of them,
# a bias adds one per output channel, a normalisation two ($\gamma$ and $\beta$).

# %% tags=["nbval-check-output"]
table = [  # name, channels in, channels out, bias, normalisation
    ("layer 1", 6, 64, True, False),
    ("layer 2", 64, 128, False, True),
    ("layer 3", 128, 256, False, True),
    ("layer 4", 256, 512, False, True),
    ("logits", 512, 1, True, False),
]
total = 0
for name, inside, outside, has_bias, has_norm in table:
    weights = 4 * 4 * inside * outside + outside * has_bias + 2 * outside * has_norm
    total += weights
    print(f"{name:8} {inside:4} → {outside:3} {weights:10,}")
print(f"{'sum':8} {total:21,}")


# %% tags=["nbval-check-output"]
def trainable(model):
    """Number of weights that training changes."""
    return sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)


D, mine = patchgan(), patchgan_by_hand()
mine.set_weights(D.get_weights())
differ = np.abs(ops.convert_to_numpy(D([x, y]) - mine([x, y]))) > 1e-5
assert trainable(D) == trainable(mine) == total
assert not differ.any()
print(f"trainable weights: package {trainable(D):,}, by hand {trainable(mine):,}")
print(f"with the same weights, {differ.sum()} of {differ.size} answers differ")

# %% [markdown]
# Three quarters of all weights sit in layer 4. From here on `D` is the package's
# `discriminators.patchgan`. It is small: the generator of the paper has about twenty times as many
# weights.
#
# Where do its two inputs come from? The condition is always a given $x$. The image is a given $y$
# in one call, and the *output* of a generator in the next. Any generator will do:

# %% tags=["question-03", "question-28", "nbval-check-output"]
G = unet(64, filters=8)
for name, network in {"G": G, "D": D}.items():
    print(name, "has as its own inputs", [entrance.name for entrance in network.inputs])
y_hat = ops.convert_to_numpy(G(x))
for name, image in {"(x, y)    ": y, "(x, y_hat)": y_hat}.items():
    print(f"D{name} →", D([x, image]).shape)

# %% [markdown]
# $x$ is handed to both networks, $y$ to D alone, and $\hat y$ is a value that the call of G returns
# and a call of D takes. Both calls of D use the same weights.
#
# ## 5 · What do the 900 numbers mean?
#
# They are **logits**: any real number, and $\sigma(z) = 1 / (1 + e^{-z})$ turns one into the
# probability that the patch is real. D ends without a sigmoid: the losses of notebook 04 take
# logits, which stay exact where a probability would round to 0 or 1.
#
# So when is a patch "taken for real"? Many tutorials write `prediction > 0.5`. **Predict:** which
# of the logits -2, -0.1, 0.2, 0.4 and 1.5 mean "real"?


# %% tags=["predict", "nbval-check-output"]
def sigmoid(z):
    """Logit → probability."""
    return 1 / (1 + np.exp(-z))


print("  logit  probability  > 0    > 0.5")
for z in (-2.0, -0.1, 0.2, 0.4, 1.5):
    print(f"{z:7.1f}  {sigmoid(z):11.2f}  {z > 0!s:5}  {z > 0.5}")
print(f"a logit of 0.5 is a probability of {sigmoid(0.5):.2f}")

# %% [markdown]
# The threshold of a logit is **0**. With 0.5, patches to which D gives a probability of 55 or 60
# per cent are counted as fakes.
#
# What does our untrained `D` say about the pair? It has no opinion. Remember two numbers as
# **chance level**: a probability near one half, and a cross-entropy near $\log 2 \approx 0.69$,
# whatever the true answer is.

# %%
logits = ops.convert_to_numpy(D([x, y]))
loss_if_real = np.logaddexp(0, -logits).mean()  # −log σ(z), averaged over the patches
print(f"logits between {logits.min():.3f} and {logits.max():.3f}")
print(f"mean probability {sigmoid(logits).mean():.3f}, cross-entropy {loss_if_real:.3f}")

# %% [markdown]
# ## 6 · Where does 70 come from?
#
# Nothing in the code says 70. It follows from the five layers, read backwards. One output sees 4
# pixels of the layer before it. Those 4, each seeing 4 with stride 1, see 7. In general a field of
# $r$ pixels becomes
#
# $$r \leftarrow (r - 1) \cdot \text{stride} + 4 ,$$
#
# since the first pixel's window has 4, and each further pixel moves it by one stride. (Pixels
# before 0 or after 255 are the zeros of the padding.)


# %% tags=["nbval-check-output"]
def patch_of(index, strided_layers=3):
    """First and last pixel, in one dimension, that output number `index` looks at."""
    first = last = index
    for stride in [1, 1] + [2] * strided_layers:
        first, last = first * stride - 1, last * stride + 2  # 4 wide, after 1 of padding
    return first, last


field, trail = 1, ["1"]
for stride in (1, 1, 2, 2, 2):
    field = (field - 1) * stride + 4
    trail.append(str(field))
print("going backwards:", " → ".join(trail), "pixels")
for index in (0, 1, 14, 29):
    print(f"output {index:2} looks at pixels {patch_of(index)[0]} to {patch_of(index)[1]}")

# %% [markdown] tags=["exercise"]
# ### Exercise 1 · prediction: a picture of 512 pixels
#
# Write where it says `# your turn`, then run the check: it says "right", "wrong" with a hint, or
# "not yet tried", as often as you like. Explanations go into the cells that say *Your answer*.
#
# A pair of 512×512 pixels goes through the D of section 3. How wide is its grid, and how wide, in
# pixels, the patch of one answer? How many strided layers would let a patch hold the same share of
# the side as before? And why is the grid not simply twice as wide?

# %% tags=["exercise"]
# <solution>
grid_of_512 = 62
patch_of_512 = 70
layers_for_512 = 4
# </solution>

# %% tags=["nbval-check-output"]
exercises.check_larger_picture(grid_of_512, patch_of_512, layers_for_512)

# %% tags=["predict", "nbval-check-output"]
for strided in (3, 4):
    side = patchgan(strided, filters=8).compute_output_shape([(1, 512, 512, 3)] * 2)[1]
    share = receptive_field(strided) / 512
    print(f"{strided} strided layers: grid {side}, patch {share:.1%} of the side")

# %% [markdown] tags=["solution"]
# 512 → 256 → 128 → 64 → 63 → 62. The three halvings double with the picture, but the two layers of
# stride 1 cost one place each whatever the size. The patch stays at 70 pixels, since it follows
# from the layers alone: 13.7 per cent of the side instead of 27.3. A fourth strided layer makes it
# 142 pixels, 27.7 per cent.

# %% [markdown]
# ### Measure it
#
# An output depends on a pixel exactly if the gradient of the output with respect to that pixel is
# not zero. Take the output in row 12, column 16 and ask for its gradient with respect to $y$.


# %%
def influence(D, x, y, row, column, training=False):
    """How strongly each pixel of y moves one logit: (256, 256), the gradient's size."""
    condition = ops.convert_to_tensor(x)

    def logit(image):
        return D([condition, image], training=training)[0, row, column, 0]

    return np.abs(gradient(logit, y)[0]).max(axis=-1)


def touched(influence):
    """First and last row and first and last column that the logit depends on."""
    seen = influence > 1e-5 * influence.max()  # above rounding
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    return rows[0], rows[-1], columns[0], columns[-1]


# %% tags=["nbval-check-output"]
row, column = 12, 16
reach = influence(D, x, y, row, column)
top, bottom, left, right = map(int, touched(reach))
print(f"measured: rows {top} to {bottom}, columns {left} to {right}")
print("formula:  rows {} to {}, columns {} to {}".format(*patch_of(row), *patch_of(column)))
print(f"that is {bottom - top + 1}×{right - left + 1} pixels of 256×256")


# %% alt="A target picture with one cyan square of 70 pixels; the same square, white on black, where the measured gradient is not zero; and the gradient's size inside it, bright in the middle and dark at the rim."
def outline(axis, row, column, colour):
    """Draw the patch of one output on an image."""
    (top, _), (left, _) = patch_of(row), patch_of(column)
    corner = (left - 0.5, top - 0.5)
    axis.add_patch(Rectangle(corner, 70, 70, fill=False, edgecolor=colour, lw=2))


figure, axes = plt.subplots(1, 3, figsize=(7.4, 2.7), layout="constrained")
axes[0].imshow(to_picture(y[0]))
outline(axes[0], row, column, "cyan")
axes[0].set_title("what one of the 900 answers sees", fontsize=9)
axes[1].imshow(reach > 1e-5 * reach.max(), cmap="gray")
axes[1].set_title("gradient not zero", fontsize=9)
axes[2].imshow(reach[top : bottom + 1, left : right + 1], cmap="magma")
axes[2].set_title("its size inside the patch", fontsize=9)
for axis in axes:
    axis.set(xticks=[], yticks=[])
plt.show()

# %% [markdown]
# The middle of the square is brighter than its rim: a central pixel reaches the output by many
# routes through the layers, a corner pixel by exactly one. So "70" is a sharp limit on what *can*
# matter, and generous as a measure of what does.
#
# ### Break it: measure in training mode
#
# We called `D` with `training=False`, so normalisation used its stored statistics, the running
# averages. With `training=True` it uses the mean and variance of the very features it is given.
# **Predict:** on how many pixels does the answer depend then?

# %% tags=["predict", "nbval-check-output"]
leaking = influence(D, x, y, row, column, training=True)
for name, map_ in {"stored": reach, "batch": leaking}.items():
    print(f"{name:6} statistics: {(map_ > 1e-5 * reach.max()).mean():4.0%} of the pixels")

# %% [markdown]
# The mean of a channel contains every pixel of the image (and of the other images in the batch), so
# in training mode a trace of the whole image reaches every patch. Batch normalisation leaks a
# little.
#
# ### Neighbours overlap
#
# Output 14 looked at pixels 89 to 158. Where does output 15 look?

# %% tags=["nbval-check-output"]
step = patch_of(15)[0] - patch_of(14)[0]
print(f"step from patch to patch: {step} pixels = 2·2·2; overlap {70 - step} of 70")

judges = np.zeros(256, int)  # in one dimension: how many outputs look at each pixel
for index in range(30):
    first, last = patch_of(index)
    judges[max(first, 0) : last + 1] += 1
coverage = np.outer(judges, judges)
centre = coverage[100:156, 100:156]
print(f"a pixel near the centre is judged by {centre.min()} to {centre.max()} patches")
print(f"a corner pixel by {coverage[0, 0]}")

# %% alt="Left: three squares on a target picture that overlap almost wholly, 8 pixels apart, and a fourth elsewhere. Right: how many patches judge each pixel, several dozen inside and ever fewer towards the border."
figure, axes = plt.subplots(1, 2, figsize=(6.4, 2.7), layout="constrained")
axes[0].imshow(to_picture(y[0]))
for neighbour, colour in enumerate(("white", "gold", "cyan")):
    outline(axes[0], 12, 12 + neighbour, colour)
outline(axes[0], 24, 5, "cyan")
axes[0].set_title("three neighbours in a row, and a fourth patch", fontsize=9)
axes[0].set(xticks=[], yticks=[])
shown = axes[1].imshow(coverage, cmap="viridis")
axes[1].set_title("how many patches judge each pixel", fontsize=9)
axes[1].set(xticks=[], yticks=[])
figure.colorbar(shown, ax=axes[1])
plt.show()

# %% [markdown]
# The patches are not tiles, they overlap: almost every pixel is judged several dozen times, each
# time as part of another patch. Towards the border the number of judges falls, so the rim of a
# generated picture is watched less closely.
#
# ### At the border, patches see zeros
#
# Output 0 looks at pixels -23 to 46. There is no pixel -23: there, D sees the padding of its own
# layers. To see what that does, show D a picture with nothing in it: the same value everywhere.
# **Predict:** how many of the 900 answers are the same as the one in the middle?

# %% alt="D's 30 by 30 answers to an evenly grey picture. Inside a white frame of 24 by 24 all are equal; the rows and columns outside it, whose patches reach into the padding, differ." tags=["predict", "nbval-check-output"]
flat = np.full((1, 256, 256, 3), 0.8, "float32")
answers = ops.convert_to_numpy(D([flat, flat], training=False))[0, ..., 0]
others = abs(answers - answers[15, 15]) > 1e-4 * abs(answers).max()
fully_inside = [i for i in range(30) if patch_of(i)[0] >= 0 and patch_of(i)[1] <= 255]
print(f"as in the middle: {900 - others.sum()} answers; different: {others.sum()}")
print(f"outputs {fully_inside[0]} to {fully_inside[-1]} see no padding: {len(fully_inside)} of 30")

figure, axis = plt.subplots(figsize=(4.2, 3.2), layout="constrained")
shown = axis.imshow(answers, cmap="viridis")
axis.add_patch(Rectangle((2.5, 2.5), 24, 24, fill=False, edgecolor="white", lw=2))
axis.set_title("D's 30×30 logits for an empty picture", fontsize=9)
figure.colorbar(shown, ax=axis)
plt.show()

# %% [markdown]
# In the three outermost rows and columns the answers differ. Zero is not "nothing" to a network:
# around the input, on the scale [-1, 1], it is a frame of mid-grey, and more than a third of the
# patches see some of it. So D can tell whether a patch is at a border.

# %% [markdown] tags=["exercise"]
# ### Exercise 2 · code: the patch of an output, for any padding
#
# `patch_of` assumes one pixel of padding. Write it for `padding` pixels around the input of each
# layer. What does the padding change about a patch, and what not? In the 35×35 grid of padding 2
# (section 3), which outputs see no zeros, and what share of the answers are these?


# %% tags=["exercise"]
def padded_patch_of(index, padding):
    """First and last pixel, in one dimension, that output number `index` looks at."""
    # <solution>
    first = last = index
    for stride in (1, 1, 2, 2, 2):
        first = first * stride - padding
        last = last * stride - padding + 3
    return first, last
    # </solution>


# %% tags=["nbval-check-output"]
exercises.check_padded_patch_of(padded_patch_of)

# %% [markdown] tags=["solution"]
# Padding moves a patch to the left, by 23 pixels of the image for each pixel of padding: a pixel
# before the last two layers is 8 wide, before the others 4, 2 and 1. It does not widen it: 70 in
# any case. With padding 2, outputs 6 to 29 see the picture alone, 24 of 35 as they were 24 of 30
# before: 47 per cent of the answers, where it was 64.

# %% [markdown]
# ## 7 · Is D a small network run on patches?
#
# "Cut the image into overlapping patches and classify each": that is how PatchGAN is usually
# explained, and no line of the code does it. Test the claim. Build the same five layers *without*
# padding for an input of 70×70, give it D's weights, cut 24 patches out of the pair exactly where
# the outputs 3 to 26 of one row look, and compare.
#
# Mind the axes. The first one counts the images:

# %% tags=["question-64", "nbval-check-output"]
print("y:", y.shape, "= (images, rows, columns, channels)")
print("y[:70, :70]    →", y[:70, :70].shape)
print("y[:, :70, :70] →", y[:, :70, :70].shape)

# %% tags=["question-22", "nbval-check-output"]
small = patchgan_by_hand(side=70, padding=0)
small.set_weights(D.get_weights())

row, inside = 12, range(3, 27)  # columns 3 to 26: their patches lie wholly in the image
top = patch_of(row)[0]
lefts = [patch_of(column)[0] for column in inside]
cut_x = np.stack([x[0, top : top + 70, left : left + 70] for left in lefts])
cut_y = np.stack([y[0, top : top + 70, left : left + 70] for left in lefts])

for name, training in {"stored": False, "batch": True}.items():
    whole = ops.convert_to_numpy(D([x, y], training=training))[0, row, 3:27, 0]
    alone = ops.convert_to_numpy(small([cut_x, cut_y], training=training))
    agree = abs(alone.ravel() - whole) < 1e-4 * abs(whole).max()
    print(f"{cut_x.shape[1:3]} → {alone.shape[1:3]}, with {name:6} statistics:", end=" ")
    print(f"{agree.sum()} of {agree.size} answers agree")

# %% [markdown]
# With stored statistics the claim holds to rounding. With batch statistics it does not: 24 cuts
# have other means than the whole picture. So the exact statement is: *a PatchGAN equals a small
# network applied to every patch, as long as normalisation does not look at the batch.*
#
# Then why not simply cut? Neighbouring patches share 62 of their 70 columns. Given patches one at a
# time, a network computes the shared features again and again; the convolution computes them once.


# %% tags=["nbval-check-output"]
def multiplications(side, padding):
    """Of the five convolutions, for one image of this side."""
    count = 0
    for (_, inside, outside, _, _), stride in zip(table, (2, 2, 2, 1, 1), strict=True):
        side = next_side(side, stride, padding)
        count += side * side * 4 * 4 * inside * outside
    return count


at_once, one_patch = multiplications(256, 1), multiplications(70, 0)
print(f"all 900 answers at once:         {at_once / 1e9:5.1f} billion multiplications")
print(f"900 patches of 70×70 one by one: {900 * one_patch / 1e9:5.1f} billion")

# %% [markdown] tags=["exercise"]
# ### Exercise 3 · code: cut pictures into patches
#
# Write `cut`: all windows of `side` × `side` pixels of a batch, neighbours `step` pixels apart, as
# one new batch (in any order). How many windows has `cut(x, 70, 8)`, and why not 900?


# %% tags=["exercise"]
def cut(images, side, step):
    """Windows of a batch (n, rows, columns, channels): (n · windows, side, side, channels)."""
    # <solution>
    _, rows, columns, _ = images.shape
    windows = [
        images[:, top : top + side, left : left + side]
        for top in range(0, rows - side + 1, step)
        for left in range(0, columns - side + 1, step)
    ]
    return np.concatenate(windows)
    # </solution>


# %% tags=["nbval-check-output"]
exercises.check_cut(cut)

# %% [markdown] tags=["solution"]
# 576 = 24 · 24: as many as answers that see no padding. The other 324 patches reach over the
# border, and no cutting finds those in the picture.

# %% [markdown]
# ## 8 · A family of discriminators
#
# The number of strided layers is a choice. With none of them and 1×1 convolutions D sees single
# pixels ("PixelGAN"); with five, its field is larger than the picture ("ImageGAN", although it
# still gives a small grid). $n$ counts the strided layers, and programs name a D after it ("3
# layers").
#
# Field and grid follow from the formulas of sections 6 and 3:

# %% tags=["question-21", "nbval-check-output"]
print("     n  layers  field  step  grid for 256     weights")
for n in range(6):
    member = patchgan(n)
    _, rows, columns, _ = member.compute_output_shape([x.shape, y.shape])
    side = f"{rows}×{columns}"
    deep = sum(isinstance(layer, layers.Conv2D) for layer in member.layers)
    print(f"{n:6} {deep:7} {receptive_field(n):6} {2**n:5} {side:>13} {trainable(member):11,}")

# %% [markdown]
# A D "of three layers" has five: $n$ strided ones and two more (with $n = 0$ there are three).
#
# The pictures show what a patch in the middle sees (with a slider in JupyterLab or Colab, once you
# run the cell). At $n = 0$ it is the dot.


# %% alt="What one patch sees of a target picture, for 0 to 5 strided layers: a single pixel, squares of 16, 34, 70 and 142 pixels, and more than the whole picture. All outside the field is dark."
def draw_field(n, axis):
    """The target, bright where a patch in its middle looks, dark elsewhere."""
    field = receptive_field(n)
    begin, end = (256 - field) / 2 - 0.5, (256 + field) / 2 - 0.5
    axis.imshow(to_picture(y[0]) * 0.4)
    photo = axis.imshow(to_picture(y[0]))
    window = Rectangle((begin, begin), field, field, fill=False, lw=1.5, edgecolor="cyan")
    photo.set_clip_path(axis.add_patch(window))
    if field == 1:  # a single pixel would not be seen
        axis.plot(127.5, 127.5, "s", color="cyan", markersize=3)
    axis.set(xlim=(min(begin, 0) - 3, max(end, 256) + 3), xticks=[], yticks=[])
    axis.set(ylim=axis.get_xlim()[::-1], xlabel=f"{field} × {field}")


explore(draw_field, "n", range(6), shown=range(6), size=(1.35, 1.65))
plt.show()

# %% [markdown]
# With painted houses, 16 pixels hold a window bar and a few bricks, 34 half a window, 70 a window
# with its surroundings, 142 half a house.
#
# A picture can be too small to leave a single patch. The package refuses such a configuration:

# %% tags=["nbval-check-output"]
sides = {}
for side in (16, 24, 32, 64, 128, 256, 512):
    grid = side
    for stride in (2, 2, 2, 1, 1):
        grid = next_side(grid, stride)
    sides[side] = max(grid, 0)
print("side → grid of the 70×70 D:", sides)

try:
    profile("smoke").replace(discriminator_layers=5)
except ValueError as error:
    print("ValueError:", error)

# %% [markdown]
# ### The package's own code
#
# Two functions build the whole family, with the same code as yours. `strides` holds as many 2s as
# are asked for, and a 1; the last layer, of stride 1 and one channel, stands by itself. `None`
# leaves height and width open, and without `conditional` D takes the image alone, which section 10
# tries.

# %% tags=["nbval-check-output"]
import inspect

from pix2pix_course import discriminators

print(inspect.getsource(discriminators.convolve))
print(inspect.getsource(discriminators.patchgan))

# %% [markdown]
# ### Break it: one answer for the whole picture
#
# Some programs halve the picture down to 1×1 and put a dense layer on top. That is no PatchGAN but
# a classifier of whole pictures. With batch normalisation and one pair a batch, as pix2pix trains,
# it is also blind. Why? On a 1×1 map, over how many values is the mean of a channel taken?

# %% tags=["question-53", "question-54", "nbval-check-output"]
in_one = profile("gpu").replace(discriminator="image", discriminator_filters=8)  # 256 pixels
whole = build_discriminator(in_one)
print("answers for one picture:", whole.output_shape[1])
alone = [ops.convert_to_numpy(whole(inputs, training=True)).item() for inputs in ([x, y], [y, x])]
both = ops.convert_to_numpy(
    whole([np.concatenate([x, y]), np.concatenate([y, x])], training=True)
).ravel()
for name, pair_of in {"two batches of one": alone, "one batch of two": both}.items():
    same = np.isclose(*pair_of, atol=1e-4)
    print(f"{name}: {'the same answer' if same else 'different answers'} to two pictures")

# %% [markdown]
# Over one. A value less itself is 0, whatever the picture shows. The smallest map that the 70×70 D
# normalises has 31×31 places.

# %% [markdown] tags=["exercise"]
# ### Exercise 4 · prediction: the ImageGAN and the border
#
# With five strided layers, D gives 36 answers about a picture of 256 pixels. How many of them see
# no padding? No network is needed, but a reason is.

# %% tags=["exercise"]
# <solution>
free_of_padding = 0
# </solution>

# %% tags=["nbval-check-output"]
exercises.check_free_of_padding(free_of_padding)

# %% [markdown] tags=["solution"]
# None. A field of 286 pixels does not fit into 256, wherever it lies. Even the four answers in the
# middle see a rim of zeros.

# %% [markdown]
# ## 9 · What can a patch not see?
#
# Take the extreme first: shuffle all pixels of the pair, both sides by the same permutation.
# **Predict:** which D notices, that of 1 pixel or that of 70?

# %% alt="A condition and its target, and both again with their pixels in one common random order: nothing but coloured noise is left, yet each pixel still has its partner."
order = np.random.default_rng(SEED).permutation(256 * 256)


def shuffle_pixels(image):
    """The same pixels in another order."""
    return image.reshape(1, -1, 3)[:, order].reshape(image.shape)


mixed_x, mixed_y = shuffle_pixels(x), shuffle_pixels(y)
image_grid({"x": x, "y": y, "x, shuffled": mixed_x, "y, shuffled": mixed_y}, cell=1.15)
plt.show()

# %% tags=["predict", "nbval-check-output"]
for n in (0, 3):
    member = patchgan(n)
    tidy = np.sort(ops.convert_to_numpy(member([x, y], training=False)).ravel())
    mixed = np.sort(ops.convert_to_numpy(member([mixed_x, mixed_y], training=False)).ravel())
    same = abs(tidy - mixed).max() < 1e-3 * tidy.std()
    print(f"field {receptive_field(n):2}, answers sorted: {'the same' if same else 'others'}")

# %% [markdown]
# In the PixelGAN every pixel keeps its answer and takes it along. So the loss is the same for a
# house and for confetti, whatever the weights. A PixelGAN can judge *colours* (the paper finds that
# it makes pictures more colourful), but not edges or windows.
#
# ### Half of one picture, half of another
#
# Now a milder change: put the right half of one target beside the left half of another, and do the
# same with their conditions. Which answers of D differ from those that the two true pairs got?
# Those whose patch meets the seam.
#
# **Predict:** the grid of the 70×70 D is 30 columns wide. In how many of them do answers change?
# And how many with patches of 16 and of 286 pixels?


# %%
def exchange_halves(images):
    """Two pictures, each with the right half of the other."""
    mixed = images.copy()
    mixed[:, :, 128:] = images[::-1, :, 128:]
    return mixed


half_x, half_y = exchange_halves(two_x)[:1], exchange_halves(two_y)[:1]


def changed(n):
    """Where D gives the mixed pair an answer that neither of the two true pairs got there."""
    member = patchgan(n, filters=8)
    true = ops.convert_to_numpy(member([two_x, two_y], training=False))[..., 0]
    half = ops.convert_to_numpy(member([half_x, half_y], training=False))[..., 0]
    return abs(half - true).min(axis=0) > 1e-4 * true.std()


# %% alt="Left: a picture whose left half is one target and whose right half another. Then, white on black, the answers that changed: a thin vertical stripe in the middle for patches of 16 pixels, a broader one for 70, everything for 286." tags=["predict", "nbval-check-output"]
shown = {"mixed pair: y": to_picture(half_y[0])}
for n in range(1, 6):
    map_ = changed(n)
    count, side = map_.any(axis=0).sum(), len(map_)
    meet = sum(patch_of(i, n)[0] < 128 <= patch_of(i, n)[1] for i in range(side))
    print(f"patch {receptive_field(n):3}: {meet:2} of {side:3} columns meet the seam,", end=" ")
    print(f"{count:2} change ({count / side:4.0%})")
    if n in (1, 3, 5):
        shown[f"patch {receptive_field(n)}: changed"] = map_

figure, axes = plt.subplots(1, 4, figsize=(7.6, 2.1), layout="constrained")
for axis, (title, picture) in zip(axes, shown.items(), strict=True):
    axis.imshow(picture, cmap="gray", vmin=0, vmax=1)
    axis.set_title(title, fontsize=9)
    axis.set(xticks=[], yticks=[])
plt.show()

# %% [markdown]
# All other answers are those that the two true pairs got, whatever the weights. If a house is red
# on the left and yellow on the right, the 70×70 D can object to it along the seam, and nowhere
# else.
#
# For D, pixels farther apart than a patch never meet: its loss is an average of terms, and each
# term looks at one patch alone. A model of pictures made of such local terms is a **Markov random
# field**: given the pixels in between, distant pixels are independent. Models of texture assume the
# same. So the paper (§3.2.2) calls the PatchGAN a **texture loss**: it asks whether each piece
# could belong to a real picture, not whether the pieces belong together. L1 looks at even less: it
# judges each pixel as if all others did not exist. The paper calls such a loss *unstructured*, and
# D's, which judges how pixels go together, *structured*. (In training, the leak of section 6
# weakens this a little.)
#
# ### What a large patch can demand, and its price
#
# With patches of 286 pixels all answers changed. Such a D *can* learn relations between distant
# parts: a wall has one colour from left to right, a front is symmetric, there is one sun, so all
# shadows fall to the same side. With 16 pixels none of these can even be expressed.
#
# The table of section 8 shows the price. From 16 to 286 pixels the weights grow from 0.14 to 11
# million, while the answers to a picture, D's examples, fall from 15,876 to 36.

# %% [markdown]
# Which size is best? For the paper's table 3 (§4.4), another network reads the labels back from
# generated street photos. It is right about this share of the pixels:
#
# | patch | 1 | 16 | 70 | 286 |
# |---|---|---|---|---|
# | accuracy | 0.39 | 0.65 | **0.66** | 0.42 |
#
# To the eye, 16 pixels gave sharp pictures with a repeating pattern of tiles; 70 removed most of
# it, and 286 looked no better. So larger is not better. The likely reasons: more weights must learn
# from fewer examples, and L1 already looks after the large scale.
#
# When the resolution doubles, one more strided layer keeps the *share* of the picture: 16 of 64, 34
# of 128 and 70 of 256 are about a quarter, as in sections 10 and 11.
#
# The profile `cpu` of notebook 05 goes below it: patches of 16 of 128 pixels, one strided layer. In
# trainings of minutes the small D was the better teacher (the mean IoU of notebook 06, best at 1,
# was 0.77 with 16 pixels and 0.73 with 34 after 8,000 steps, one seed each, by a segmenter of their
# own).
#
# ## 10 · Lying to the discriminator: does it need the condition?
#
# Now we train. D must tell true pairs from **lies**: a real target with somebody else's condition.
# One D sees $[x, y]$, another one $y$ alone.

# %%
size = min(config.image_size, 128)
n = int(np.log2(size)) - 5  # 1 layer for 64 pixels, 2 for 128: the field is a quarter of the side
train = load_pairs(dataset, "train", size, min(config.train_pairs or 200, 200))
test = load_pairs(dataset, dataset.evaluation_split, size, min(config.test_pairs or 40, 40))
epochs = 8 if len(train.names) >= 100 else 20
print(f"{len(train.names)} pairs to train, {len(test.names)} to test, {size} pixels")
print(f"field {receptive_field(n)} pixels, {epochs} epochs")

# %% [markdown]
# Each pair appears twice: with its own target (900 answers "1") and with a wrong one (900 answers
# "0"). Accuracy counts patches on the right side of the threshold, 0.


# %%
def problem(pairs, wrong):
    """D's inputs and the right answers: true targets first, then the wrong ones."""
    condition = to_network(np.concatenate([pairs.condition, pairs.condition]))
    image = to_network(np.concatenate([pairs.target, wrong]))
    answers = np.zeros((len(image), 30, 30, 1), "float32")
    answers[: len(wrong)] = 1.0
    return [condition, image], answers


def accuracy(answers, logits):
    """Share of the patches that are judged rightly."""
    return keras.ops.mean(keras.ops.cast((logits > 0) == (answers > 0.5), "float32"))


def new_judge(conditional):
    """A small PatchGAN, ready for `fit`."""
    judge = patchgan(n, filters=16, conditional=conditional)
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    judge.compile(keras.optimizers.Adam(1e-3, beta_1=0.5), loss, metrics=[accuracy])
    return judge


def next_ones(images):
    """To each pair the image of the next: real pictures, wrong partners."""
    return np.roll(images, -1, axis=0)


def inputs_of(judge, pair):
    """[x, y], or y alone for a D that takes no condition."""
    return pair if len(judge.inputs) == 2 else pair[1]


seen, seen_answers = problem(train, next_ones(train.target))
unseen, unseen_answers = problem(test, next_ones(test.target))
judges = {"sees x and y": new_judge(True), "sees y alone": new_judge(False)}

# %% [markdown]
# (pix2pix itself takes its fakes from G, never from exchanged partners. This is an experiment about
# what D *can* know.)
#
# **Predict:** what accuracy can each reach on pairs it has not been trained on?

# %% alt="Loss and accuracy by epoch. The D that sees x and y learns: its loss falls, its accuracy on unseen pairs climbs to about nine tenths. The D that sees y alone stays at chance in both." tags=["predict"]
figure, (left, right) = plt.subplots(1, 2, figsize=(8, 2.6), layout="constrained")
for name, judge in judges.items():
    curve = judge.fit(
        inputs_of(judge, seen),
        seen_answers,
        validation_data=(inputs_of(judge, unseen), unseen_answers),
        batch_size=8,
        epochs=epochs,
        verbose=0,
    ).history
    left.plot(range(1, epochs + 1), curve["loss"], marker=".", label=f"D {name}")
    right.plot(range(1, epochs + 1), curve["val_accuracy"], marker=".", label=f"D {name}")
    print(f"D {name}: {curve['val_accuracy'][-1]:.0%} of the patches right on unseen pairs")
left.axhline(np.log(2), color="gray", linestyle=":", label="chance, log 2")
left.set_title("loss while training", fontsize=10)
right.axhline(0.5, color="gray", linestyle=":", label="chance, 0.5")
right.set_title("accuracy on unseen pairs", fontsize=10)
for axis in (left, right):
    axis.set_xlabel("epoch")
    axis.xaxis.get_major_locator().set_params(integer=True)
    axis.legend(fontsize=8)
plt.show()

# %% [markdown]
# With painted houses and `cpu`, the D that sees both is right about most patches of pairs it has
# never met (more than 75 per cent). The other stays at one half. Under `smoke`, with eight pairs,
# the first is only a little above one half, and that is correct.
#
# The one half is *exact*. Every target occurs twice in the test, once as the truth and once as a
# lie. A D that does not see $x$ gives the same answers both times, so each patch it gets right once
# it gets wrong once:

# %% tags=["question-52", "nbval-check-output"]
blind = judges["sees y alone"]
truth = ops.convert_to_numpy(blind(to_network(test.target)))
lie = ops.convert_to_numpy(blind(to_network(next_ones(test.target))))
print("same answers for truth and lie:", np.allclose(next_ones(truth), lie, atol=1e-4))
print(f"accuracy: {((truth > 0).mean() + (lie <= 0).mean()) / 2:.3f}")

# %% [markdown]
# Against a D that sees only $\hat y$, a generator may paint *any* convincing picture and ignore the
# condition: no window has to be where the label map has one. (In the paper's table 1 the GAN
# without condition and without L1 makes nearly the same picture for every input.)
#
# Now the answers as a map, for each target with its own condition and with another's.


# %% alt="Two target pictures, each with its own condition and with another one that does not belong to it."
def answer_map(judge, *inputs):
    """D's probabilities per patch, (images, 30, 30)."""
    return sigmoid(ops.convert_to_numpy(judge([to_network(image) for image in inputs]))[..., 0])


def show_maps(columns):
    """Answer maps in columns, all on one scale, which stands beside them."""
    rows = len(next(iter(columns.values())))
    size = (1.8 * len(columns) + 0.8, 1.7 * rows + 0.2)
    figure, axes = plt.subplots(rows, len(columns), figsize=size, squeeze=False)
    figure.set_layout_engine("constrained")
    for column, (title, maps) in zip(axes.T, columns.items(), strict=True):
        column[0].set_title(title, fontsize=9)
        for axis, map_ in zip(column, maps, strict=True):
            shown = axis.imshow(map_, cmap=plt.get_cmap("RdBu", 10), vmin=0, vmax=1)
            axis.set(xticks=[], yticks=[])
    figure.colorbar(shown, ax=axes, label="probability “real”")
    plt.show()


judge, k = judges["sees x and y"], min(2, len(test.names))
own, other = test.condition[:k], next_ones(test.condition)[:k]
image_grid({"y": test.target[:k], "its own x": own, "another x": other}, cell=1.5)
plt.show()

# %% alt="Heat maps of D's answers to two targets. With its own condition a picture is blue, believed, nearly everywhere; with another's mostly red, not believed."
show_maps(
    {
        "D(its own x, y)": answer_map(judge, own, test.target[:k]),
        "D(another x, y)": answer_map(judge, other, test.target[:k]),
    }
)

# %% [markdown]
# Blue patches are believed, red ones are not. With painted houses and `cpu`, a photo with its own
# label map is mostly blue, but for a few rare things. With another's it is mostly red, and least so
# where the two maps happen to agree. Under `smoke` both maps stay pale.

# %% [markdown] tags=["exercise"]
# ### Exercise 5 · experiment: the wrong order
#
# The D of section 10 that sees both was trained on `[x, y]`. Test it on `[y, x]`, the target first,
# and for comparison on `[x, y]`, which must repeat the accuracy that the training ended with.
# Before you do: Keras cannot notice, the shapes are the same, but will D? Explain the accuracy with
# the shape of the first kernel.

# %% tags=["exercise"]
judge = judges["sees x and y"]
given_pairs, right_answers = problem(test, next_ones(test.target))
# <solution>
print("first kernel:", judge.trainable_variables[0].shape)
for name, ordered in {"[x, y]": given_pairs, "[y, x]": given_pairs[::-1]}.items():
    _, share = judge.evaluate(ordered, right_answers, batch_size=8, verbose=0)
    print(f"{name}: {share:.0%} of the patches right")
# </solution>

# %% [markdown] tags=["solution"]
# About one half, where `[x, y]` has over three quarters (painted, `cpu`): D guesses. The first
# kernel has the shape (4, 4, 6, 16), separate numbers for each of the six channels. Those that have
# learned to look for label colours now meet a photo, and the other way round. Nothing complains.

# %% [markdown]
# ## 11 · What are 900 answers good for?
#
# A discriminator with one answer would say "fake" to a picture that is wrong in one corner, and
# leave the generator to find out where. What does a PatchGAN know? Train a new D to tell photos
# from blurred ones (blur is what L1 produces). Then show it pictures of which only the *right half*
# is blurred, a thing it has never seen.


# %% alt="Two target pictures, sharp in their left half and blurred in their right half."
def blur(images):
    """Gaussian blur with a radius of a 64th of the side."""
    soften = ImageFilter.GaussianBlur(images.shape[1] / 64)
    return np.stack([np.asarray(Image.fromarray(image).filter(soften)) for image in images])


seen, seen_answers = problem(train, blur(train.target))
unseen, unseen_answers = problem(test, blur(test.target))
expert = new_judge(conditional=True)
expert.fit(seen, seen_answers, batch_size=8, epochs=epochs, verbose=0)
_, share = expert.evaluate(unseen, unseen_answers, verbose=0)
print(f"{share:.0%} of the patches right on unseen pictures")

half = test.target.copy()
half[:, :, size // 2 :] = blur(test.target)[:, :, size // 2 :]
columns = {f"picture {number}": half[number : number + 1] for number in range(k)}
image_grid(columns, cell=1.6)
plt.show()

# %% [markdown]
# **Predict:** draw the map of D's answers to such a picture. What is the mean over all 900?

# %% alt="D's answers to the two pictures as heat maps: blue, real, on the left, red, generated, on the right, with a narrow change at the seam." tags=["predict"]
heat = answer_map(expert, test.condition, half)
print(f"mean probability, left half:  {heat[:, :, :14].mean():.2f}")
print(f"mean probability, right half: {heat[:, :, 16:].mean():.2f}")
print(f"mean over all 900 patches:    {heat.mean():.2f}")
show_maps({title: heat[number : number + 1] for number, title in enumerate(columns)})

# %% [markdown]
# The map finds the spoiled half. With painted houses and `cpu`, the left half is near 1 and the
# right half near 0, with a narrow transition where patches see some of both. A single answer would
# be some number in between, and would not say where.
#
# For training this is the point. The gradient of the loss tells the generator: sharpen *here*,
# leave that as it is. And one picture teaches D 900 times, which is why 400 photos can be enough.

# %% [markdown] tags=["exercise"]
# ### Exercise 6 · experiment: the smallest flaw
#
# Section 11 spoiled half of a picture. Blur only a square in its middle, of 4, 8, 16 and 32 pixels,
# and count the red patches (probability below 1/2) of a picture, on average, with and without it.
# How many patches look at a pixel of the square at all? (Check: for 4 pixels it must be 100.) Which
# is the smallest flaw that `expert` notices, and how large is it beside the field?


# %% tags=["exercise"]
def with_flaw(square):
    """The test photos, blurred in a square of so many pixels in their middle."""
    images, soft = test.target.copy(), blur(test.target)
    middle = slice((size - square) // 2, (size + square) // 2)
    images[:, middle, middle] = soft[:, middle, middle]
    return images


# <solution>
for square in (0, 4, 8, 16, 32):
    looking = sum(
        patch_of(i, n)[1] >= (size - square) // 2 and patch_of(i, n)[0] < (size + square) // 2
        for i in range(30)
    )
    red = (answer_map(expert, test.condition, with_flaw(square)) < 0.5).sum(axis=(1, 2))
    looking = looking**2 if square else 0
    print(f"{square:2} pixels: {red.mean():5.1f} red patches, {looking} look at the square")
# </solution>

# %% [markdown] tags=["solution"]
# Even without a flaw some patches are red. With painted houses and `cpu`, 4 and 8 pixels change
# next to nothing, 16 hardly anything, and 32 at least double the dozen of red patches.
# The field is 34 pixels: `expert` notices a flaw that nearly fills a patch, and no smaller one,
# although a hundred patches and more look at it. The likely reason: in training all of a patch was
# sharp or all of it blurred, so a little sharpness anywhere was proof enough.

# %% [markdown] tags=["exercise"]
# ### Exercise 7 · experiment: can single pixels betray blur?
#
# Section 9 says that a PixelGAN sees colours alone. Train one on the task of section 11, three
# epochs. Its output must have the shape of `everywhere[1]`. First predict: above one half, or not?
# What does the colour of one pixel still tell?

# %% tags=["exercise"]
everywhere = [
    np.repeat(np.repeat(each[:, :1, :1], size, axis=1), size, axis=2)
    for each in (seen_answers, unseen_answers)
]
# <solution>
pixel_judge = patchgan(0, filters=16)
adam = keras.optimizers.Adam(1e-3, beta_1=0.5)
pixel_judge.compile(adam, keras.losses.BinaryCrossentropy(from_logits=True), metrics=[accuracy])
pixel_judge.fit(seen, everywhere[0], batch_size=8, epochs=3, verbose=0)
_, share = pixel_judge.evaluate(unseen, everywhere[1], batch_size=8, verbose=0)
print(f"PixelGAN: {share:.0%} of the pixels right on unseen pictures")
# </solution>

# %% [markdown] tags=["solution"]
# A little: with painted houses and `cpu` not quite 60 per cent of the pixels, where `expert` is
# right about nearly all patches. Blur makes extreme colours rarer, and mixtures common that no
# paint has, and the label beside a pixel tells which colours to expect there. But most pixels lie
# inside a plain wall or in the sky, and look the same before and after.

# %% [markdown]
# ## Recap
#
# - L1 asks for the median of everything that fits, which has no texture. A discriminator is a
#   learned loss: low for what occurs, high for compromises.
# - D sees the pair: six channels side by side, nothing blended. Without the condition it cannot
#   notice that a picture belongs to another one.
# - Five 4×4 convolutions with padding 1: 256 → 128 → 64 → 32 → 31 → 30, 2,768,705 weights. Each of
#   the 900 logits sees 70×70 pixels, the next one 8 pixels further on.
# - It judges texture: pixels farther apart than a patch are independent for it. A larger patch can
#   demand more, with more weights and fewer examples.
# - Outputs are logits: threshold 0, chance level log 2 and one half.
#
# **What this does not show.** Our discriminators were trained on fakes that stay the same. In
# pix2pix they come from a generator that changes with every answer D gives, and a D that wins is
# not the goal (notebook 05). We mixed true and false pairs in one batch, so that its statistics
# could not betray which is which; pix2pix shows D a batch of real pairs and a batch of generated
# ones. The accuracies come from one seed. And that 70 is best is the paper's finding for its data,
# not a law.

# %% [markdown]
# ## Next
#
# [Notebook 04 · Losses](04_losses.ipynb) turns D's logits into two losses, one for D and one for
# G, and adds L1 with its weight of 100.
#
# To read on: Isola et al., [arXiv:1611.07004](https://arxiv.org/abs/1611.07004), §3.2.2 on the
# Markovian discriminator and §4.4 on the patch size.
