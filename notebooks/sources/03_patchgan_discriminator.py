# %% [markdown]
# # 03 · PatchGAN discriminator
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/{{repository_path}}/blob/main/notebooks/{{notebook}})
#
# ![A photo with one square of 70 pixels outlined; the pixels that move one answer of the discriminator, white on black, which are the same square; and how strongly each of them does, strongest in the middle.]({{picture 03_patchgan.jpg}})
#
# **What you will build.** The second network of pix2pix: a discriminator that does not give one
# verdict on a picture but a whole map of them, one for every patch of 70×70 pixels. You will build
# it layer by layer, prove it equal to the one in the package, measure with a gradient which pixels
# each answer depends on, and train two small ones, of which one can be lied to and the other
# cannot.
#
# **Time.** Under one minute on two CPU cores (profile `cpu`); on a GPU: not measured.
#
# **After this notebook you can**
# - say what a discriminator gives a generator that no distance between pictures can give;
# - derive every number of the 70×70 PatchGAN: its shapes, its 2,768,705 weights, the 70 and
#   the 30;
# - show that it equals a small network run on cut-out patches, and say when it does not;
# - read its output correctly (logits, threshold 0) and draw it over a picture;
# - explain why it has to see the condition too.
#
# It builds on notebook 01 (pairs of images in [-1, 1]) and on the strided convolutions of
# notebook 02. You need to know Keras layers and `fit`, nothing about GANs.

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
# One word on sizes. The first eight sections are about the architecture, and what pictures they
# show come from one pair at the paper's 256 pixels, whatever the profile. Sections 9 and 10 train,
# and take size and number of pairs from the profile.
#
# Symbols, here and in the other notebooks: $x$ is the condition (the label map, in the painted
# set), $y$ the target (its photo), $\hat y = G(x)$ what the generator makes, $D$ the
# discriminator.
#
# ## 1 · Why is a distance between pictures not enough?
#
# Notebook 02 built a generator. To train it we need a number that says how good its picture is,
# and the obvious choice is the mean absolute difference from the true photo, the L1 distance.
#
# But a label map does not say what colour a wall has. Suppose that half of all houses with this
# label map are dark and half are pale, and write both brightnesses on the networks' scale. The
# generator must paint *one* wall.
#
# Before you run the next cell: which wall has the smallest L1 distance on average, the dark one,
# the pale one, or one half-way between?

# %% tags=["nbval-check-output"]
dark, pale = -0.4, 0.6  # two walls that fit the same label map, equally likely
for name, answer in (("dark", dark), ("half-way", (dark + pale) / 2), ("pale", pale)):
    l1 = (abs(answer - dark) + abs(answer - pale)) / 2
    l2 = ((answer - dark) ** 2 + (answer - pale) ** 2) / 2
    print(f"{name:8} wall: expected L1 {l1:.2f}, expected L2 {l2:.2f}")

# %% [markdown]
# L1 does not care: every answer between the two costs the same. L2, the squared difference, even
# prefers the wall that no house has. Neither can say what we mean, which is: *either of the two is
# right, the compromise is wrong*.
#
# What L1 does prefer, as soon as one value is more common, is the **median**: the best single
# answer under L1 is the median of everything that fits, pixel by pixel (under L2 it is the mean).
# For texture that is fatal. A label map does not say where the joints between the bricks are, so
# all shifts of the brick pattern fit it equally well. Take them all and compute what each
# distance asks for. What do you expect to see?

# %%
wall = np.full((32, 32), -0.3)
wall[::8] = 0.7  # joints between the courses of bricks
wall[:8, ::16] = wall[16:24, ::16] = 0.7  # joints between the bricks of a course
wall[8:16, 8::16] = wall[24:, 8::16] = 0.7
shifts = [np.roll(wall, (row, column), axis=(0, 1)) for row in range(16) for column in range(16)]

best_l1, best_l2 = np.median(shifts, axis=0), np.mean(shifts, axis=0)

# %% alt="Two brick walls, the second with its joints elsewhere, and the best single answers to all such walls: under L1 one flat brown, under L2 a slightly lighter flat brown. Neither has any joint."
pictures = {"one wall": wall, "another": shifts[70], "best under L1": best_l1}
pictures["best under L2"] = best_l2
figure, axes = plt.subplots(1, 4, figsize=(8, 2.2), layout="constrained")
for axis, (title, picture) in zip(axes, pictures.items(), strict=True):
    axis.imshow(picture, cmap="copper", vmin=-1, vmax=1)
    axis.set_title(title, fontsize=9)
    axis.set_axis_off()
plt.show()

# %% tags=["nbval-check-output"]
print(f"contrast (standard deviation) of a wall:  {wall.std():.2f}")
print(f"contrast of the best picture under L1:    {np.std(best_l1):.2f}")
print(f"contrast of the best picture under L2:    {np.std(best_l2):.2f}")

# %% [markdown]
# Both distances ask for a plain wall without a single joint: no pixel is a joint in more than
# half of the walls, so the median never is. This is what "L1 blurs" means. It is no weakness of
# the network; the blurred picture *is* the right answer to the question that L1 asks.
#
# So we need another question: *does this look like something that occurs?* Nobody can write that
# down as a formula, but it can be learned, because it is plain classification: show a network
# real examples (answer 1) and made-up ones (answer 0). Such a network is a **discriminator**.
# Here is the smallest possible one. It sees one number, the brightness of a wall; "made-up" are
# walls of any brightness, as a generator that is still trying everything would paint.

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

# %%
history = critic.fit(walls, answers, batch_size=100, epochs=8, verbose=0)

# %% [markdown]
# Now compare three prices for a wall of brightness $v$: the expected L1, the expected L2, and
# $-\log \sigma(D(v))$, the price that a generator pays to this discriminator. Here $\sigma$ is the
# sigmoid, which makes a probability of D's answer; notebook 04 derives the price, and all that
# matters now is that it is low where D answers "real".

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
# lowest point where there is no wall at all. The learned price (cut off at 4) has two valleys, one
# at each real wall, and a ridge at the compromise. A generator that rolls downhill on it ends at a
# wall that exists. That is the whole idea: **the discriminator is a loss that is learned**, and
# since it is a network, its gradient tells the generator in which direction to go.
#
# For pictures the same holds with $256 \cdot 256 \cdot 3$ numbers in place of one, and "made-up"
# is whatever the generator produces at the moment.
#
# ## 2 · What does D look at?
#
# D of pix2pix judges a **pair**: the condition $x$ together with a picture that is either the true
# $y$ or the generated $\hat y$. People who hear that the two are "combined" often imagine the
# label map laid over the photo like a transparent film. Let us see what combining means.

# %% alt="A label map and its photo, followed by their six channels in grey: red, green and blue of the map, then of the photo. Side by side they are what D takes in."
street = load_pairs(dataset, dataset.evaluation_split, 256, limit=1)
x, y = to_network(street.condition), to_network(street.target)
pair = ops.convert_to_numpy(layers.Concatenate()([x, y]))

channels = ["x red", "x green", "x blue", "y red", "y green", "y blue"]
columns = {"x": x, "y": y} | {name: pair[..., index] for index, name in enumerate(channels)}
image_grid(columns, cell=1.15)
plt.show()

# %% tags=["question-18", "nbval-check-output"]
print("x", x.shape, "and y", y.shape, "become", pair.shape)
print("channels 0 to 2 are x, unchanged:", np.array_equal(pair[..., :3], x))
print("channels 3 to 5 are y, unchanged:", np.array_equal(pair[..., 3:], y))
print("adding would confuse (x, y) with (y, x):", np.array_equal(x + y, y + x))
swapped = np.concatenate([y, x], axis=-1)
print("concatenating does not:", not np.array_equal(pair, swapped))

# %% [markdown]
# Nothing is blended. The pair is one "image" of six channels, and the first convolution has a
# separate set of numbers for each of the six: its kernel has shape (4, 4, 6, filters). It is free
# to look for things like "the label map turns into *window* here **and** the photo gets darker
# here". The generator has no such double input: $G(x)$ sees three channels, $D(x, y)$ six.
#
# The order is a convention that must be kept: in this course the condition always comes first.
#
# ## 3 · Five layers
#
# The network is the encoder half of a U-Net that stops early: convolutions of 4×4, of which three
# halve the side (stride 2) and two do not (stride 1). Each is preceded by one pixel of zeros on
# all four sides. A side of $n$ pixels becomes
#
# $$\left\lfloor \frac{n + 2 \cdot \text{padding} - 4}{\text{stride}} \right\rfloor + 1 .$$
#
# Before you run the next cell, work out the five sides for $n = 256$. Most people expect the last
# to be 32: stride 1 keeps the size, does it not?


# %% tags=["question-69", "nbval-check-output"]
def next_side(side, stride, padding=1, kernel=4):
    """Side of a convolution's output."""
    return (side + 2 * padding - kernel) // stride + 1


sides = [256]
for stride in (2, 2, 2, 1, 1):
    sides.append(next_side(sides[-1], stride))
print("one pixel of padding:", " → ".join(map(str, sides)))

# %% [markdown]
# It is 30. A kernel of even width cannot be centred on a pixel: with one pixel of padding, 32
# becomes 34, and a window of four fits into 34 at only 31 places. The next layer loses one more.
#
# Keras' `padding="same"` would hide this: where the stride is 1 it puts one pixel of zeros on the
# left and two on the right. That also works, but it gives another grid than the authors' networks,
# and each such layer moves what an answer looks at to the right and down, by half a cell more. Some
# ports pad by two instead. The three choices, side by side:


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
# Now the real thing, one layer after the other on the pair from above. Widths double from 64 to
# 512. After each convolution but the last comes LeakyReLU with slope 0.2 (a plain ReLU would pass
# no gradient where it is off, and it is D's gradient that the generator lives on); between the
# two, batch normalisation, except in the first layer. The last layer has one channel and no
# activation.


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
# The answer to one pair is not one number but $30 \times 30 = 900$. There is no `Flatten`, no
# `Dense` and no average at the end: the network is *fully convolutional*, and the loss will
# average over the 900.
#
# ### Why have layers 2 to 4 no bias?
#
# Look at the calls: `use_bias=False` wherever normalisation follows. Normalisation subtracts each
# channel's mean. What happens to a constant that the convolution added to that channel just
# before?

# %% tags=["nbval-check-output"]
features = np.random.default_rng(0).normal(size=(2, 31, 31, 8)).astype("float32")
bias = np.arange(8, dtype="float32")
norm = layers.BatchNormalization(epsilon=1e-5)

plain, shifted = norm(features, training=True), norm(features + bias, training=True)
print("largest bias added:", bias.max())
print(
    "difference after normalisation below 0.0001:",
    bool(np.abs(ops.convert_to_numpy(plain - shifted)).max() < 1e-4),
)

# %% [markdown]
# It disappears, so it would be a weight that changes nothing. The shift that normalisation itself
# learns ($\beta$) does its job. Layers 1 and 5 are not normalised and keep their biases.
#
# ## 4 · The same as the package's, weight for weight
#
# Put together as a Keras model. `padding` stays an argument, because section 7 will want to switch
# it off.


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
# a bias adds one per output channel, a normalisation two ($\gamma$ and $\beta$). Which of the five
# layers do you expect to be the largest, and what share of all weights does it have?

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
difference = np.abs(ops.convert_to_numpy(D([x, y]) - mine([x, y]))).max()
assert trainable(D) == trainable(mine) == total
assert difference < 1e-5
print(f"trainable weights: package {trainable(D):,}, by hand {trainable(mine):,}")
print("same weights in, same 900 answers out:", bool(difference < 1e-5))

# %% [markdown]
# Three quarters of all weights sit in layer 4. From here on `D` is the package's
# `discriminators.patchgan`, and we know what is inside. It is small: the generator of the paper
# has about twenty times as many weights.
#
# Two inputs, then. Where do they come from? The condition is always a given $x$; the image is a
# given $y$ in one call and the *output* of a generator in the next. Any generator will do:

# %% tags=["question-03", "question-28", "nbval-check-output"]
G = unet(64, filters=8)
for name, network in {"G": G, "D": D}.items():
    print(name, "has as its own inputs", [entrance.name for entrance in network.inputs])
y_hat = ops.convert_to_numpy(G(x))
for name, image in {"(x, y)    ": y, "(x, y_hat)": y_hat}.items():
    print(f"D{name} →", D([x, image]).shape)

# %% [markdown]
# An input belongs to a network like the parameters to a function, and says nothing of who calls
# it. $x$ is handed to both networks, $y$ to D alone, and $\hat y$ is a value that one
# call returns and the next one takes. Both calls of D use the same weights.
#
# ## 5 · What do the 900 numbers mean?
#
# They are **logits**: any real number, and $\sigma(z) = 1 / (1 + e^{-z})$ turns one into the
# probability that the patch is real. D ends without a sigmoid because the losses of notebook 04
# are computed from logits, which stays exact where a probability would round to 0 or 1.
#
# So when is a patch "taken for real"? A surprising number of tutorials write `prediction > 0.5`.
# Decide for each of the five logits below what D says, before you look.


# %% tags=["nbval-check-output"]
def sigmoid(z):
    """Logit → probability."""
    return 1 / (1 + np.exp(-z))


print("  logit  probability  > 0    > 0.5")
for z in (-2.0, -0.1, 0.2, 0.4, 1.5):
    print(f"{z:7.1f}  {sigmoid(z):11.2f}  {z > 0!s:5}  {z > 0.5}")
print(f"a logit of 0.5 is a probability of {sigmoid(0.5):.2f}")

# %% [markdown]
# The threshold of a logit is **0**. With 0.5, patches that D holds for real with 55 or 60 per cent
# are counted as fakes, and an accuracy computed so punishes a D that is right.
#
# What does our untrained `D` say about the pair? Its weights are small random numbers, so it has
# no opinion. Two numbers to remember as **chance level**: a probability near one half, and a
# cross-entropy near $\log 2 \approx 0.69$, whatever the true answer is.

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
# since the first pixel's window has 4, and each further pixel moves it by one stride. Carry on in
# your head through the three layers of stride 2, then run.


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

# %% [markdown]
# A formula can be wrong; a measurement is better. An output depends on a pixel exactly if the
# gradient of the output with respect to that pixel is not zero. Take the output in row 12, column
# 16 and ask for its gradient with respect to $y$.


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
print(f"rows {top} to {bottom}, columns {left} to {right}")
print(f"that is {bottom - top + 1}×{right - left + 1} pixels of 256×256")
print("as the formula says:", (top, bottom, left, right) == (*patch_of(row), *patch_of(column)))


# %% alt="A photo with one cyan square of 70 pixels; the same square, white on black, where the measured gradient is not zero; and the gradient's size inside it, bright in the middle and dark at the rim."
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
# The measured square is the predicted one. In the right-hand picture its middle is brighter than
# its rim: a central pixel reaches the output by many routes through the layers, a corner pixel by
# exactly one. So "70" is a sharp limit on what *can* matter, and generous as a measure of what
# does.
#
# ### Break it: measure in training mode
#
# We called `D` with `training=False`. What should the gradient picture look like with
# `training=True`, when normalisation uses the mean and variance of the very features it is given?

# %% tags=["nbval-check-output"]
leaking = influence(D, x, y, row, column, training=True)
alone, leaked = ((map_ > 1e-5 * reach.max()).sum() for map_ in (reach, leaking))
print("pixels that one answer depends on, stored statistics:", alone)
print("with batch statistics, more than ten times as many:", bool(leaked > 10 * alone))

# %% [markdown]
# The mean of a channel contains every pixel of the image (and of the other images in the batch),
# so in training mode a trace of the whole image reaches every patch. The patch structure holds for
# the *convolutions*; batch normalisation leaks a little around it. Keep this in mind whenever
# someone says that patches are judged independently.
#
# ### Neighbours overlap
#
# Output 14 looked at pixels 89 to 158. From the formula, where does output 15 look, and how many
# pixels do the two share?

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

# %% alt="Left: three squares on a photo that overlap almost wholly, 8 pixels apart, and a fourth elsewhere. Right: how many patches judge each pixel, several dozen inside and ever fewer towards the border."
figure, axes = plt.subplots(1, 2, figsize=(6.4, 2.7), layout="constrained")
axes[0].imshow(to_picture(y[0]))
for neighbour, colour in enumerate(("white", "gold", "cyan")):
    outline(axes[0], 12, 12 + neighbour, colour)
outline(axes[0], 24, 5, "lime")
axes[0].set_title("three neighbours in a row, and a fourth patch", fontsize=9)
axes[0].set(xticks=[], yticks=[])
shown = axes[1].imshow(coverage, cmap="viridis")
axes[1].set_title("how many patches judge each pixel", fontsize=9)
axes[1].set(xticks=[], yticks=[])
figure.colorbar(shown, ax=axes[1])
plt.show()

# %% [markdown]
# The patches are no tiles: each is moved by 8 pixels, and almost every pixel is judged several
# dozen times, in ever different surroundings. With tiles, no judge would look across a
# seam between two of them. Towards the border the number of judges falls, so the rim of a generated
# picture is watched less closely.
#
# ## 7 · Is D a small network run on patches?
#
# "Cut the image into overlapping patches and classify each": that is how PatchGAN is usually
# explained, and no line of the code does it. Test the claim. Build the same five layers *without*
# padding for an input of 70×70, give it D's weights, cut 24 patches out of the pair exactly where
# 24 outputs of one row look, and compare.
#
# Mind the axes. The first one counts the images of the batch, and Python cuts along it without
# complaint:

# %% tags=["question-64", "nbval-check-output"]
print("y:", y.shape, "= (images, rows, columns, channels)")
print("y[:70, :70]    →", y[:70, :70].shape)
print("y[:, :70, :70] →", y[:, :70, :70].shape)

# %%
small = patchgan_by_hand(side=70, padding=0)
small.set_weights(D.get_weights())

row, inside = 12, range(3, 27)  # columns 3 to 26: their patches lie wholly in the image
top = patch_of(row)[0]
lefts = [patch_of(column)[0] for column in inside]
cut_x = np.stack([x[0, top : top + 70, left : left + 70] for left in lefts])
cut_y = np.stack([y[0, top : top + 70, left : left + 70] for left in lefts])

# %% tags=["question-22", "nbval-check-output"]
whole = ops.convert_to_numpy(D([x, y], training=False))[0, row, 3:27, 0]
alone = ops.convert_to_numpy(small([cut_x, cut_y], training=False))
print("small network:", cut_x.shape[1:3], "→", alone.shape[1:3], "for each of", len(alone), "cuts")
error = abs(alone.ravel() - whole).max() / abs(whole).max()
print("equal to the row of D's map:", bool(error < 1e-4))

whole = ops.convert_to_numpy(D([x, y], training=True))[0, row, 3:27, 0]
alone = ops.convert_to_numpy(small([cut_x, cut_y], training=True))
error = abs(alone.ravel() - whole).max() / abs(whole).max()
print("equal with batch statistics: ", bool(error < 1e-4))

# %% [markdown]
# With stored statistics the claim holds to rounding. With batch statistics it does not, for the
# reason of section 6: 24 cuts have other means than the whole picture. So the exact statement is:
# *a PatchGAN equals a small network applied to every patch, as long as normalisation does not
# look at the batch.*
#
# Then why not simply cut? Count the multiplications. Neighbouring patches share 62 of their 70
# columns, and a network that is given patches one at a time computes the shared features again
# and again; the convolution computes them once.


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

# %% [markdown]
# ### At the border, patches see zeros
#
# Output 0 looks at pixels -23 to 46. There is no pixel -23: there, D sees the padding of its own
# layers. To see what that does, show D a picture with nothing in it: the same value everywhere.
# Every patch is the same, so every answer should be the same. Is it?

# %% alt="D's 30 by 30 answers to an evenly grey picture. Inside a white frame of 24 by 24 all are equal; the rows and columns outside it, whose patches reach into the padding, differ."
flat = np.full((1, 256, 256, 3), 0.8, "float32")
answers = ops.convert_to_numpy(D([flat, flat], training=False))[0, ..., 0]

figure, axis = plt.subplots(figsize=(4.2, 3.2), layout="constrained")
shown = axis.imshow(answers, cmap="viridis")
axis.add_patch(Rectangle((2.5, 2.5), 24, 24, fill=False, edgecolor="white", lw=2))
axis.set_title("D's 30×30 logits for an empty picture", fontsize=9)
figure.colorbar(shown, ax=axis)
plt.show()

# %% tags=["nbval-check-output"]
fully_inside = [i for i in range(30) if patch_of(i)[0] >= 0 and patch_of(i)[1] <= 255]
print(f"outputs {fully_inside[0]} to {fully_inside[-1]} see no padding: {len(fully_inside)} of 30")
print(f"patches that see padding: {900 - len(fully_inside) ** 2} of 900")
scale = abs(answers).max()
print("inner 24×24 answers all equal:", bool(np.ptp(answers[3:27, 3:27]) < 1e-4 * scale))
print("border answers differ:", bool(np.ptp(answers) > 1e-2 * scale))

# %% [markdown]
# Inside the white frame all answers agree; in the three outermost rows and columns they do not.
# Zero is not "nothing" to a network: around the input, on the scale [-1, 1], it is a frame of
# mid-grey, and a frame is a visible thing. More than a third of the patches see some of it. D can
# therefore tell whether a patch is at a border or a corner, which is sometimes useful (sky is at
# the top) but belongs to the things to remember when generated pictures look different along
# their rims.
#
# ## 8 · A family of discriminators
#
# The number of strided layers is a choice. With none of them and 1×1 convolutions D sees single
# pixels ("PixelGAN"); with five, its field of 286 is larger than the picture ("ImageGAN", although
# it still gives a small grid). In the table, $n$ counts the strided layers, and programs name a D
# after it ("3 layers"). How many has it really? Predict the field from the formula, then the grid
# from the sides.

# %% tags=["question-21", "nbval-check-output"]
print("     n  layers  field  step  grid for 256     weights")
for n in range(6):
    member = patchgan(n)
    _, rows, columns, _ = member.compute_output_shape([x.shape, y.shape])
    side = f"{rows}×{columns}"
    deep = sum(isinstance(layer, layers.Conv2D) for layer in member.layers)
    print(f"{n:6} {deep:7} {receptive_field(n):6} {2**n:5} {side:>13} {trainable(member):11,}")


# %% alt="What one patch sees of a photo, for 0 to 5 strided layers: a single pixel, a few bricks, a window, a window with its surroundings, half the house, and more than the whole picture. All outside the field is dark."
def draw_field(n, axis):
    """The photo, bright where a patch in its middle looks, dark elsewhere."""
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
# The pictures show, on one photo, what a patch in the middle sees; in JupyterLab or Colab, run the
# cell and a slider takes you from one $n$ to the next. A D "of three layers" has five: $n$ strided
# ones and two more (with $n = 0$ there are three). At $n = 0$, the PixelGAN, the field is the dot
# in the middle. At $n = 5$, the ImageGAN, it is larger than the picture and takes in some padding.
#
# 16 pixels hold a window bar and a few bricks, 34 a window, 70 a window with its surroundings, 142
# half a house. Which is best? The paper's table 3 (§4.4; Cityscapes, labels → photo, per-pixel
# accuracy of a segmentation network on the generated photos) gives: 1×1 0.39, 16×16 0.65, 70×70
# 0.66, the whole image 0.42. Large is not better. The likely reasons: a large D has more weights to
# train from the same few pictures, and gives the generator fewer, vaguer answers, while L1 already
# looks after the large scale and leaves only texture to D.
#
# The field is counted in pixels, not in metres. When the resolution doubles, 70 pixels hold half
# as much house, and one more layer keeps the *share* of the picture: 16 of 64, 34 of 128, 70 of
# 256 are all about a quarter. Sections 9 and 10 use that rule.
#
# The profile `cpu`, which trains on 128 pixels in notebook 05, goes below it: one strided layer, 16
# pixels, an eighth of the side. In a training of minutes the small D was the better teacher. With
# 8,000 steps of a 16-filter generator, notebook 06's score (mean IoU, 0.89 at best) was 0.77 with
# patches of 16 pixels and 0.73 with 34, one seed each, and the stains that larger patches leave in
# the sky were gone. A small patch asks about texture and edges, which is what L1 cannot give,
# and its D has hundreds of answers a picture to learn from.
#
# ### Break it: a discriminator that cannot see structure
#
# Shuffle all pixels of the pair, both sides by the same permutation. Which members of the family
# notice?

# %% alt="A label map and its photo, and both again with their pixels in one common random order: nothing but coloured noise is left, yet each pixel still has its partner."
order = np.random.default_rng(SEED).permutation(256 * 256)


def shuffle_pixels(image):
    """The same pixels in another order."""
    return image.reshape(1, -1, 3)[:, order].reshape(image.shape)


mixed_x, mixed_y = shuffle_pixels(x), shuffle_pixels(y)
image_grid({"x": x, "y": y, "x, shuffled": mixed_x, "y, shuffled": mixed_y}, cell=1.15)
plt.show()

# %% tags=["nbval-check-output"]
for n in (0, 3):
    member = patchgan(n)
    tidy = np.sort(ops.convert_to_numpy(member([x, y], training=False)).ravel())
    mixed = np.sort(ops.convert_to_numpy(member([mixed_x, mixed_y], training=False)).ravel())
    same = abs(tidy - mixed).max() < 1e-3 * tidy.std()
    print(f"field {receptive_field(n):2}: the same answers in another order: {bool(same)}")

# %% [markdown]
# Sorted by size, the PixelGAN's answers are the same as before: every pixel keeps its answer and
# takes it along. So the mean, and with it the loss, is the same for a street and for confetti. No
# training can change that: it is an identity, not a matter of weights. A PixelGAN can still judge
# *colours* (the paper finds that it makes pictures more colourful), but it can say nothing about
# edges or windows.
#
# ### The package's own code
#
# The package builds the whole family with two functions. Here they are, as the file has them: the
# same code as yours, without the pauses. `strides` holds as many 2s as are asked for, and a 1; the
# last layer, of stride 1 and one channel, stands by itself. The width doubles from layer to layer
# (`2**level`), up to eight times the first one. The kernel is 4 pixels wide, or 1 for the PixelGAN,
# which then needs no padding (and in the authors' code has no bias on its logits). `None` leaves
# height and width open, and without `conditional` D takes the image alone, which section 9 tries.
# `normalise` is yours of section 3, and `normal()` gives the N(0, 0.02) that kernels start from;
# both come from notebook 02.

# %% tags=["nbval-check-output"]
import inspect

from pix2pix_course import discriminators

print(inspect.getsource(discriminators.convolve))
print(inspect.getsource(discriminators.patchgan))

# %% [markdown]
# ### Break it: a patch as large as the picture
#
# At the other end, some programs halve the picture down to 1×1 and put a dense layer on top. That
# is a classifier of whole pictures, with one answer. With batch normalisation and one pair a batch,
# as pix2pix trains, it is also blind. Why? On a 1×1 map, over how many values is the mean of a
# channel taken?

# %% tags=["question-53", "question-54", "nbval-check-output"]
in_one = profile("gpu").replace(discriminator="image", discriminator_filters=8)  # 256 pixels
whole = build_discriminator(in_one)
print("answers for one picture:", whole.output_shape[1])
alone = [ops.convert_to_numpy(whole(inputs, training=True)).item() for inputs in ([x, y], [y, x])]
both = ops.convert_to_numpy(
    whole([np.concatenate([x, y]), np.concatenate([y, x])], training=True)
).ravel()
print("two batches of one: the same answer to both:", bool(np.isclose(*alone, atol=1e-4)))
print("one batch of two:   the same answer to both:", bool(np.isclose(*both, atol=1e-4)))

# %% [markdown]
# Over one. A value less itself is 0, whatever the picture shows. The smallest map that the PatchGAN
# normalises has 31×31 places.
#
# ## 9 · Lying to the discriminator: does it need the condition?
#
# Now we train. D must tell true pairs from **lies**: a real photo with somebody else's label map.
# Nothing is wrong with either half; only together they are false. Take two discriminators, one
# that sees $[x, y]$ and one that sees $y$ alone. What accuracy can each reach on pairs it has not
# been trained on?
#
# Size and number of pairs come from the profile (at most 128 pixels and 200 pairs), and the number
# of layers from the rule above, so that the grid is 30×30 in every profile.

# %%
size = min(config.image_size, 128)
n = int(np.log2(size)) - 5  # 1 layer for 64 pixels, 2 for 128: the field is a quarter of the side
train = load_pairs(dataset, "train", size, min(config.train_pairs or 200, 200))
test = load_pairs(dataset, dataset.evaluation_split, size, min(config.test_pairs or 40, 40))
epochs = 8 if len(train.names) >= 100 else 20
print(f"{len(train.names)} pairs to train, {len(test.names)} to test, {size} pixels")
print(f"field {receptive_field(n)} pixels, {epochs} epochs")

# %% [markdown]
# A discriminator is a binary classifier with 900 answers, so `fit` can train it like any other.
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


# %%
def next_ones(images):
    """To each pair the target of the next: real pictures, wrong partners."""
    return np.roll(images, -1, axis=0)


def inputs_of(judge, pair):
    """[x, y], or y alone for a D that takes no condition."""
    return pair if len(judge.inputs) == 2 else pair[1]


seen, seen_answers = problem(train, next_ones(train.target))
unseen, unseen_answers = problem(test, next_ones(test.target))
judges = {"sees x and y": new_judge(True), "sees y alone": new_judge(False)}

# %% [markdown]
# Two remarks before training. Here D gets true and false pairs mixed in one batch, so that the
# batch's statistics cannot betray which is which; the recap comes back to this.
# And pix2pix itself never trains D on exchanged partners: its fakes come from G. This is an
# experiment about what D *can* know.

# %%
curves = {}
for name, judge in judges.items():
    curves[name] = judge.fit(
        inputs_of(judge, seen),
        seen_answers,
        validation_data=(inputs_of(judge, unseen), unseen_answers),
        batch_size=8,
        epochs=epochs,
        verbose=0,
    ).history

# %% alt="Loss and accuracy by epoch. The D that sees x and y learns: its loss falls, its accuracy on unseen pairs climbs to about nine tenths. The D that sees y alone stays at chance in both."
figure, (left, right) = plt.subplots(1, 2, figsize=(8, 2.6), layout="constrained")
for name, curve in curves.items():
    left.plot(range(1, epochs + 1), curve["loss"], marker=".", label=f"D {name}")
    right.plot(range(1, epochs + 1), curve["val_accuracy"], marker=".", label=f"D {name}")
left.axhline(np.log(2), color="gray", linestyle=":", label="chance, log 2")
left.set_title("loss while training", fontsize=10)
right.axhline(0.5, color="gray", linestyle=":", label="chance, 0.5")
right.set_title("accuracy on unseen pairs", fontsize=10)
for axis in (left, right):
    axis.set_xlabel("epoch")
    axis.xaxis.get_major_locator().set_params(integer=True)
    axis.legend(fontsize=8)
plt.show()

# %%
for name, curve in curves.items():
    print(f"D {name}: {curve['val_accuracy'][-1]:.0%} of the patches right on unseen pairs")

# %% [markdown]
# **What you should see.** Under `cpu` with the painted set, the D that sees both is right about
# most patches of pairs it has never met (more than 75 per cent; your digits will differ), and its
# loss leaves log 2. The other stays at one half exactly. Under `smoke`, with eight pairs, the first
# is only a little above one half, and that is correct.
#
# One half *exactly*? Every photo occurs twice in the test, once as the truth and once as a lie. A
# D that does not see $x$ gives the same answers both times, so each patch it gets right once it
# gets wrong once. It is not badly trained; it cannot win:

# %% tags=["question-52", "nbval-check-output"]
blind = judges["sees y alone"]
truth = ops.convert_to_numpy(blind(to_network(test.target)))
lie = ops.convert_to_numpy(blind(to_network(next_ones(test.target))))
exactly_half = np.isclose(((truth > 0).mean() + (lie <= 0).mean()) / 2, 0.5, atol=1e-3)
print("same answers for truth and lie:", np.allclose(next_ones(truth), lie, atol=1e-4))
print("accuracy one half:", bool(exactly_half))

# %% [markdown]
# For a generator this means: against a D that sees only $\hat y$, it may paint *any* convincing
# street and ignore the label map. Nothing in the part of its loss that comes from D, the
# *adversarial* term, asks for windows where the label map has windows. (In the paper's table 1 the
# GAN without condition and without L1 collapses to nearly the same picture for every input.)
#
# Look at the answers in the picture. The photo is the same in both maps; only the label map beside
# it was exchanged.


# %%
def answer_map(judge, *inputs):
    """D's probabilities per patch, (images, 30, 30)."""
    return sigmoid(ops.convert_to_numpy(judge([to_network(image) for image in inputs]))[..., 0])


judge, k = judges["sees x and y"], min(2, len(test.names))
other = next_ones(test.condition)
maps = {
    "true x": answer_map(judge, test.condition[:k], test.target[:k]),
    "wrong x": answer_map(judge, other[:k], test.target[:k]),
}

# %% alt="Two photos, each with its own and with another label map, and D's answers as heat maps. With its own map a photo is blue, believed, nearly everywhere; with another's mostly red, not believed."
figure, axes = plt.subplots(k, 5, figsize=(8.4, 1.8 * k), squeeze=False, layout="constrained")
for row in range(k):
    shown = [test.target[row], test.condition[row], maps["true x"][row]]
    shown += [other[row], maps["wrong x"][row]]
    titles = ["y", "its own x", "D(its own x, y)", "another x", "D(another x, y)"]
    for axis, picture, title in zip(axes[row], shown, titles, strict=True):
        heat = axis.imshow(picture, cmap="RdBu", vmin=0, vmax=1)
        axis.set(xticks=[], yticks=[])
        axis.set_title(title if row == 0 else "", fontsize=9)
figure.colorbar(heat, ax=axes[:, -1], label="probability “real”", shrink=0.8)
plt.show()

# %% [markdown]
# Blue patches are believed, red ones are not. With its own label map a photo is mostly blue, but
# for a few rare things; with another's it is mostly red, and least so where the two label maps
# happen to agree (sky above and street below, or windows that stand in the same places). Nobody
# told D what a window is. Under `smoke` both maps stay pale, around one half.
#
# ## 10 · What are 900 answers good for?
#
# An ordinary discriminator would answer "fake" for a picture that is wrong in one corner, and leave
# the generator to find out where. Let us see what PatchGAN knows. Train a new D to tell photos from
# blurred ones (blur is what L1 produces, so this is the task that D will really have). Then show it
# pictures of which only the *right half* is blurred, a thing it has never seen.


# %%
def blur(images):
    """Gaussian blur with a radius of a 64th of the side."""
    soften = ImageFilter.GaussianBlur(images.shape[1] / 64)
    return np.stack([np.asarray(Image.fromarray(image).filter(soften)) for image in images])


seen, seen_answers = problem(train, blur(train.target))
unseen, unseen_answers = problem(test, blur(test.target))
expert = new_judge(conditional=True)

# %%
expert.fit(seen, seen_answers, batch_size=8, epochs=epochs, verbose=0)
_, share = expert.evaluate(unseen, unseen_answers, verbose=0)
print(f"{share:.0%} of the patches right on unseen pictures")

# %% alt="Two photos whose right half is blurred, and below them D's answers laid over: blue, real, on the sharp left, red, generated, on the blurred right, with the change at the seam."
half = test.target.copy()
half[:, :, size // 2 :] = blur(test.target)[:, :, size // 2 :]
heat = answer_map(expert, test.condition, half)

first, last = (np.mean(patch_of(index, n)) for index in (0, 29))  # centres of the outer patches
edges = (first - 2**n / 2, last + 2**n / 2)
figure, axes = plt.subplots(2, k, figsize=(1.95 * k, 3.9), squeeze=False, layout="constrained")
for column, (top, below) in enumerate(axes.T):
    top.imshow(half[column])
    below.imshow(half[column])
    overlay = below.imshow(
        heat[column], cmap="RdBu", vmin=0, vmax=1, alpha=0.6, extent=(*edges, *edges[::-1])
    )
    for axis in (top, below):
        axis.set(xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5), xticks=[], yticks=[])
axes[0, 0].set_title("right half blurred", fontsize=9)
axes[1, 0].set_title("D's answers laid over it", fontsize=9)
scale = plt.cm.ScalarMappable(overlay.norm, overlay.cmap)  # the colours before they are thinned
figure.colorbar(scale, ax=axes[1, -1], label="probability “real”")
plt.show()

# %%
print(f"mean probability, left half:  {heat[:, :, :14].mean():.2f}")
print(f"mean probability, right half: {heat[:, :, 16:].mean():.2f}")
print(f"mean over all 900 patches:    {heat.mean():.2f}")

# %% [markdown]
# Each answer is drawn at the centre of its patch; the outermost patches reach over the border, so
# the map ends a little inside the picture.
#
# The map finds the spoiled half without ever having been told that a picture can be half wrong.
# (Under `cpu`, the left half is near 1 and the right half near 0, with a narrow transition where
# patches see some of both. Under `smoke` the difference is small.) A single answer for the whole
# picture would be some number in between, as the last line is, and would not say where.
#
# For training this is the point. The loss is the mean over 900 judgements, and its gradient
# reaches the generator separately for each place: sharpen *here*, leave that as it is. One picture
# teaches D 900 times, which is why a small D learns from 400 photos.
#
# ## 11 · An error you will meet
#
# The grid depends on the size of the picture, and a picture can be too small to leave a single
# patch. Which of the sides 16, 24, 32, 64 and 128 is the smallest that the 70×70 D can take? (It
# need not be over 70: padding helps.) The package refuses a configuration that leaves no patch,
# before any network is built:

# %% tags=["nbval-check-output"]
sides = {}
for side in (16, 24, 32, 64, 128, 256, 512):
    grid = side
    for stride in (2, 2, 2, 1, 1):
        grid = next_side(grid, stride)
    sides[side] = max(grid, 0)
print("side → grid:", sides)

try:
    profile("smoke").replace(discriminator_layers=5)
except ValueError as error:
    print("ValueError:", error)

# %% [markdown]
# ## Recap
#
# - A distance such as L1 asks for the median of everything that fits, which has no texture. A
#   discriminator is a learned loss: it is low for what occurs and high for compromises.
# - D sees the pair: six channels side by side, nothing blended. Without the condition it cannot
#   notice that a picture belongs to another label map: accuracy one half, whatever the training.
# - Five 4×4 convolutions with padding 1: 256 → 128 → 64 → 32 → 31 → 30, 2,768,705 weights. Each of
#   the 900 logits sees 70×70 pixels, the next one 8 pixels further on.
# - It equals a small network on cut-out patches, exactly so if normalisation does not use the
#   batch and the patch does not touch the border.
# - Outputs are logits: threshold 0, chance level log 2 and one half.
# - A 1×1 D is blind to structure; a very large one gives few and vague answers.
#
# **What this does not show.** Our discriminators were trained on lies and on blur that stay the
# same. In pix2pix the fakes come from a generator that changes with every answer D gives, and a D
# that wins is not the goal (notebook 05). We mixed true and false pairs in one batch; pix2pix
# shows D a batch of real pairs and a batch of generated ones, each normalised by its own
# statistics, as the authors do. The accuracies come from a few hundred pairs and one seed. And
# that 70 suits facades at 256 pixels is the paper's finding for its data, not a law.

# %% [markdown]
# ## Exercises
#
# In the cells below, write where it says `# your turn`, in place of the dots, then run the check
# under it. A check says "right", "wrong" with a hint, or "not yet tried"; it may be run as often as
# you like. Explanations go into the cells that say *Your answer*: double-click on them.

# %% [markdown] tags=["exercise"]
# ### Exercise 1 · prediction: a picture of 512 pixels
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

# %%
for strided in (3, 4):
    side = patchgan(strided, filters=8).compute_output_shape([(1, 512, 512, 3)] * 2)[1]
    share = receptive_field(strided) / 512
    print(f"{strided} strided layers: grid {side}, patch {share:.1%} of the side")

# %% [markdown] tags=["solution"]
# 512 → 256 → 128 → 64 → 63 → 62. The three halvings double with the picture, but the two layers of
# stride 1 cost one place each whatever the size: 64 - 2, where it was 32 - 2. The patch stays at 70
# pixels, since it follows from the layers alone, and so holds 13.7 per cent of the side instead of
# 27.3. A fourth strided layer makes it 142 pixels, 27.7 per cent.

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
# any case. With padding 2, outputs 6 to 29 see the picture
# alone, 24 of 35 as they were 24 of 30 before. The five more a side bring no new view of the
# picture: 47 per cent of the answers see no zeros, where it was 64.

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
# 576 = 24 · 24: as many as answers that see no padding. The other 324 of the 900 look at patches
# that reach over the border, and no cutting finds those in the picture.

# %% [markdown] tags=["exercise"]
# ### Exercise 4 · prediction: the ImageGAN and the border
#
# With five strided layers, D gives 36 answers about a picture of 256 pixels (section 8). How many
# of them see no padding? No network is needed, but a reason is.

# %% tags=["exercise"]
# <solution>
free_of_padding = 0
# </solution>

# %% tags=["nbval-check-output"]
exercises.check_free_of_padding(free_of_padding)

# %% [markdown] tags=["solution"]
# None. A field of 286 pixels does not fit into 256, wherever it lies. Even the four answers in the
# middle see a rim of zeros, and so this D judges each picture together with its frame.

# %% [markdown] tags=["exercise"]
# ### Exercise 5 · experiment: the wrong order
#
# The D of section 9 that sees both was trained on `[x, y]`. Test it on `[y, x]`, the photo first.
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
# About one half, where `[x, y]` has over three quarters (`cpu`): D guesses. The first kernel has
# the shape (4, 4, 6, 16), separate numbers for each of the six channels. Those that have learned to
# look for label colours now meet a photo, and the other way round. Nothing complains, which is why
# the order is a convention worth keeping.

# %% [markdown] tags=["exercise"]
# ### Exercise 6 · experiment: the smallest flaw
#
# Section 10 spoiled half of a picture. Blur only a square in its middle, of 4, 8, 16 and 32 pixels,
# and count the red patches (probability below 1/2) of a picture, on average, with and without it.
# How many patches look at a pixel of the square at all? Which is the smallest flaw that `expert`
# notices, and how large is it beside the field?


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
    print(f"{square:2} pixels: {red.mean():5.1f} red patches, {looking**2} look at the square")
# </solution>

# %% [markdown] tags=["solution"]
# Even without a flaw some patches are red. Under `cpu`, 4 and 8 pixels change next to nothing, 16
# hardly anything, and 32 add over 20 red patches to the dozen that was there. The field is 34
# pixels: `expert` notices a flaw that nearly fills a patch, and no smaller one, although a hundred
# patches and more look at it. The likely reason: in training all of a patch was sharp or all of it
# blurred, so a little sharpness anywhere was proof enough. (Under `smoke` the counts mean nothing.)

# %% [markdown] tags=["exercise"]
# ### Exercise 7 · experiment: can single pixels betray blur?
#
# Section 8 says that a PixelGAN sees colours alone. Train one on the task of section 10, three
# epochs; its grid is as large as the picture, so it needs `everywhere` for answers. First
# predict: above one half, or not? What does the colour of one pixel still tell?

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
# A little: under `cpu` not quite 60 per cent of the pixels, where `expert` is right about nearly
# all patches. Blur mixes neighbours. So the extreme colours become rarer, and mixtures common that
# no paint has, and the label beside a pixel tells which colours to expect there. But most pixels
# lie inside a plain wall or in the sky, and look the same before and after.

# %% [markdown]
# ## Next
#
# [Notebook 04 · Losses](04_losses.ipynb) turns D's logits into two losses, one for D and one for
# G, and adds L1 with its weight of 100.
#
# To read on: Isola et al., *Image-to-Image Translation with Conditional Adversarial Networks*
# ([arXiv:1611.07004](https://arxiv.org/abs/1611.07004)), §3.2.2 on the Markovian discriminator and
# §4.4 on the patch size.
