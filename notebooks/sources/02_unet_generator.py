# %% [markdown]
# # 02 · U-Net generator
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/{{repository_path}}/blob/main/notebooks/{{notebook}})
#
# ![The U-Net as a V of boxes between a label map on the left and a photo on the right. The encoder halves the map in eight steps from 256 by 256 pixels to a single cell of 512 channels; the decoder doubles it again to a picture of 256 by 256. Dashed arrows, the skips, join boxes of equal side.]({{picture 02_unet_generator.png}})
#
# **What you will build.** The network that turns one image into another: first a plain
# encoder-decoder, then the U-Net of the pix2pix paper, layer by layer, with a measured reason for
# every number in it. You prove that yours equals the packaged one, weight by weight, and read the
# package's own source. Then you fit both networks to a single pair and see what a skip connection
# is worth.
#
# **Time.** Under one minute on two CPU cores (profile `cpu`); on a GPU: not measured.
#
# **After this notebook you can**
#
# - compute the sizes and the receptive field of a stack of strided convolutions;
# - say what a transposed convolution is, and why it is not an inverse;
# - build the U-Net and account for each of its 54,413,955 trainable weights;
# - explain where normalisation, bias and dropout belong, and where they do harm;
# - measure what a skip connection carries, and run a generator without changing it.
#
# It builds on [notebook 01](01_data_loading.ipynb), which made the pairs. No GAN yet: that begins
# in notebook 03.

# %% tags=["setup"]
# {{setup}}

# %%
import inspect

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers, ops

from pix2pix_course import exercises
from pix2pix_course.config import profile
from pix2pix_course.datasets import open_dataset
from pix2pix_course.figures.plotting import image_grid
from pix2pix_course.generators import MODES, generate, unet
from pix2pix_course.pairs import load_pairs, to_network
from pix2pix_course.support.gradients import gradient

# %% tags=["parameters"]
PROFILE = "cpu"  # "smoke" proves that every cell runs, "cpu" teaches, "gpu" is the paper's size
DATASET = "painted"  # a name from `pix2pix-course data list`, or a folder of pairs
DIRECTION = None  # "AtoB" or "BtoA"; None: as the data set says
PALETTE = None  # label colours of a folder that does not say
SEED = 0  # weights, dropout and order follow from it

# %%
config = profile(PROFILE).replace(dataset=DATASET, direction=DIRECTION, palette=PALETTE, seed=SEED)
keras.utils.set_random_seed(SEED)
dataset = open_dataset(config.dataset, config.direction, config.palette)
fit_steps = 100 if PROFILE == "smoke" else 300  # of the small experiment in section 8
print(f"{dataset.name}: images of {config.image_size} pixels, {config.generator_filters} filters")

# %% [markdown]
# ## 1 · A function from image to image
#
# You know networks that end in a class or a number. A generator ends in another image. With `x`
# for the condition, `y` for the target and `y_hat` for what the network produces,
#
# $$\hat y = G(x), \qquad x, \hat y \in [-1, 1]^{H \times W \times 3}.$$
#
# Nothing random is written there, although a GAN is usually given random numbers (*noise*) too;
# section 5 says where they come in. Let us look at one pair before we ask what such a function has
# to be able to do.

# %% alt="A label map and the painted photo that belongs to it. The outlines agree to the pixel; the colours and textures of the photo stand nowhere in the map."
pair = load_pairs(dataset, "train", config.image_size, limit=1)
x, y = to_network(pair.condition), to_network(pair.target)  # float32 in [-1, 1], a batch of one
print("x", x.shape, " y", y.shape, f" y from {y.min():.2f} to {y.max():.2f}")
image_grid({"condition x": pair.condition, "target y": pair.target}, cell=1.35)
plt.show()

# %% [markdown]
# In the painted pair above each coloured rectangle of the condition becomes something else: light
# blue a window with a frame, red a pillar. The outlines stay exactly where they are; colour and
# texture are invented. So `G` needs two things at once. It must keep *positions* to the pixel, and
# it must take decisions for the *whole image*: one wall has one kind of brick from left to right.
#
# The second need is a question of the **receptive field**: the part of the input that one number
# can depend on. A 3×3 convolution with stride 1 sees 3 pixels, and each further one adds 2. A 4×4
# convolution adds 3 *steps*, where a step is the distance, in pixels of the input, between
# neighbouring cells of the grid it reads: 1 for the first layer, and doubled by every stride of 2.
# So after $n$ such layers the field is
#
# $$r_{n} = r_{n-1} + 3 \cdot 2^{\,n-1}, \quad r_0 = 1 \quad\Rightarrow\quad r_n = 1 + 3\,(2^n-1).$$
#
# **Before you run the next cell:** how many layers of each kind until the field is at least 256
# pixels wide?

# %% tags=["nbval-check-output"]
wide = next(n for n in range(1, 999) if 1 + 2 * n >= 256)
print("3x3, stride 1:", wide, "layers")
for n in range(1, 9):
    print(f"4x4, stride 2: {n} layers see {1 + 3 * (2**n - 1):3d} pixels")

# %% [markdown]
# 128 layers against 7: halving the grid is what makes a whole image affordable. It is cheap, too,
# since every halving leaves a quarter of the positions to compute.
#
# Is seven enough, then? A formula gives the *width* of the field, not where it lies. Let us measure
# instead of believing. The gradient of one output number with respect to the input is not zero
# exactly where the number depends on the input. With all kernel weights set to 1, nothing cancels,
# so we can count. This trick needs no theory, and we shall use it again on the discriminator.
#
# `gradient(function, at)` is the package's short question "by how much does this number change with
# that?": notebook 05 looks inside.


# %%
def sees(halvings, side=256):
    """How many pixel columns the first cell depends on, after so many 4×4 halvings."""
    stack = keras.Sequential(
        layers.Conv2D(1, 4, 2, padding="same", use_bias=False, kernel_initializer="ones")
        for _ in range(halvings)
    )
    image = np.ones((1, side, side, 1), np.float32)
    stack.build(image.shape)
    slopes = gradient(lambda image: stack(image)[0, 0, 0, 0], image)
    return int((slopes[0, :, :, 0] != 0).any(axis=0).sum())


# %% tags=["nbval-check-output"]
for halvings in (1, 4, 7, 8):
    cells = 256 // 2**halvings
    print(f"{cells:3d} x {cells:<3d}: the first cell sees {sees(halvings):3d} of 256 columns")

# %% [markdown]
# The numbers are smaller than the formula's, because the first cell lies in a corner and part of
# its field hangs over the edge of the image. In the 2×2 grid it still misses one column of pixels.
# Only at **1×1** does a number see everything. That is why the paper halves all the way: 256 is
# $2^8$, so eight halvings end in a single cell, and what is decided there holds for the whole
# picture.
#
# ## 2 · Halving, exactly
#
# `padding="same"` is often read as "the size stays the same". **Before you run the next cell:**
# what does it keep when the stride is 2?

# %% tags=["nbval-check-output", "question-19"]
image = np.zeros((1, 256, 256, 3), np.float32)
sides = [image.shape[1]]
while sides[-1] > 1:
    image = layers.Conv2D(4, 4, strides=2, padding="same")(image)
    sides.append(image.shape[1])
print(" -> ".join(map(str, sides)))
print("halvings:", len(sides) - 1, "   an odd side, 25, becomes", -(-25 // 2))

# %% [markdown]
# "same" keeps the size only with stride 1. In general the output has $\lceil n / s \rceil$
# positions, and Keras adds as many zeros as that needs: $(\lceil n/s \rceil - 1)\,s + 4 - n = 2$
# for even $n$ and stride $s = 2$, so one row or column of zeros on each side. (Sides that are odd
# get another padding. Powers of two spare us the case.)
#
# Now the numbers, by hand, in a notation that the next section will turn around. With $w$ the
# kernel, cell $(i, j)$ looks at rows $2i-1$ to $2i+2$ and the same columns:
#
# $$(Ax)_{ij} = \sum_{k,l=0}^{3} \sum_{c} w_{klc}\; x_{2i+k-1,\;2j+l-1,\;c}.$$

# %% tags=["nbval-check-output"]
conv = layers.Conv2D(1, 4, strides=2, padding="same", use_bias=False)
by_keras = ops.convert_to_numpy(conv(x))
w = ops.convert_to_numpy(conv.kernel)[..., 0]
padded = np.pad(x[0], ((1, 1), (1, 1), (0, 0)))  # index 0 is now the row of zeros
by_hand = np.zeros_like(by_keras[0, :, :, 0])
for i, j in np.ndindex(by_hand.shape):
    by_hand[i, j] = np.sum(w * padded[2 * i : 2 * i + 4, 2 * j : 2 * j + 4])
print(
    "by hand equals Keras in every cell:", bool(np.abs(by_hand - by_keras[0, ..., 0]).max() < 1e-2)
)

# %% [markdown]
# ## 3 · Doubling: a transposed convolution is not an inverse
#
# The way back, from 1×1 to 256×256, uses `Conv2DTranspose`. It is also called "deconvolution",
# and the name suggests that it undoes a convolution. Does it?
#
# A convolution is linear, so it is a matrix, and in one dimension the matrix is small enough to
# print. We take 8 numbers, the kernel 1 2 3 4, stride 2, and let Keras convolve the eight unit
# vectors: the results are the columns of $A$. Then the same for `Conv1DTranspose` with the same
# kernel. **Before you run the next cell:** which shapes will the two matrices have?

# %%
kernel = np.array([1, 2, 3, 4], np.float32)


def matrix(layer, inputs):
    """The matrix of a linear 1-D layer: its outputs for the unit vectors are the columns."""
    layer.build((None, inputs, 1))
    layer.set_weights([kernel.reshape(4, 1, 1)])
    columns = layer(np.eye(inputs, dtype=np.float32)[:, :, None])
    return np.rint(ops.convert_to_numpy(columns)[:, :, 0].T).astype(int)


options = {"strides": 2, "padding": "same", "use_bias": False}

# %% tags=["nbval-check-output", "question-07"]
A = matrix(layers.Conv1D(1, 4, **options), inputs=8)
B = matrix(layers.Conv1DTranspose(1, 4, **options), inputs=4)
print(f"convolution, {A.shape}:\n{A}\n\ntransposed convolution, {B.shape}:\n{B}\n")
print("B is A transposed:", np.array_equal(B, A.T))
print("B A is the identity:", np.array_equal(B @ A, np.eye(8)))
print("rank of B A:", np.linalg.matrix_rank(B @ A), "of 8")

# %% [markdown]
# Read $A$ row by row: each row is the kernel, two steps further on. Read $B$ column by column: each
# input number *stamps* a copy of the kernel into the output, two steps further on, and overlapping
# stamps are added. $B = A^\top$, hence the name. It has the shape of an inverse, 4 numbers to 8,
# but it cannot be one: half of what went in is gone, as the rank says.
#
# The same holds in two dimensions, where a matrix would not fit on the page. A transpose has a
# signature that needs no matrix. With $\langle a, b\rangle$ for the sum of all products of a number
# in $a$ with its counterpart in $b$, for all $u$ and $v$
#
# $$\langle A u,\, v\rangle = \langle u,\, A^\top v\rangle .$$
#
# We check it with whole numbers, which a computer adds without rounding.


# %%
def whole_numbers(*shape):
    """Small integers in no particular order, the same on every machine."""
    return ((np.arange(np.prod(shape)) * 7919 % 1009) % 7 - 3).reshape(shape).astype(np.float32)


down = layers.Conv2D(5, 4, **options)
up = layers.Conv2DTranspose(3, 4, **options)
down.build((None, 16, 16, 3))
up.build((None, 8, 8, 5))
shared = whole_numbers(4, 4, 3, 5)  # (height, width, image channels, feature channels) in both
down.set_weights([shared])
up.set_weights([shared])

# %% tags=["nbval-check-output", "question-07"]
u, v = whole_numbers(1, 16, 16, 3), whole_numbers(1, 8, 8, 5)
left = int(np.sum(ops.convert_to_numpy(down(u)) * v))
right = int(np.sum(u * ops.convert_to_numpy(up(v))))
print("A: ", u.shape, "->", tuple(down(u).shape), "   A^T:", v.shape, "->", tuple(up(v).shape))
print("<A u, v> =", left, "  <u, A^T v> =", right, "  equal:", left == right)
back = ops.convert_to_numpy(up(down(u)))
print("A^T A u has the shape of u:", back.shape == u.shape)
print("A^T A u has the values of u:", np.array_equal(back, u))

# %% [markdown]
# Shape restored, values not. You have met $A^\top$ before without its name: it is what
# backpropagation applies to send a gradient back through a convolution. In the decoder it is an
# ordinary layer with its own, learned kernel.
#
# Why 4×4 and not the usual 3×3? Stamp with a kernel of ones and count how many stamps land on each
# output pixel. **Before you run the next cell:** stamps 3 wide, set 2 apart, overlap in one row and
# one column. What pattern does that make?

# %% tags=["nbval-check-output"]
for size in (4, 3):
    stamp = layers.Conv2DTranspose(
        1, size, strides=2, padding="same", use_bias=False, kernel_initializer="ones"
    )
    stamps = ops.convert_to_numpy(stamp(np.ones((1, 8, 8, 1))))[0, :, :, 0]
    inside = np.rint(stamps[4:8, 4:8]).astype(int)
    print(f"{size}x{size}, stride 2:", *map(str, inside), sep="\n")

# %% [markdown]
# With 4×4 each pixel (away from the border) gets four stamps. With 3×3 it gets one, two or four
# in turn: a chessboard that the network has to learn to cancel. A kernel size divisible by the
# stride avoids it from the start. It does not make chessboards impossible, since the learned
# stamps themselves can have the pattern. Look for it in the pictures of notebook 05.
#
# ## 4 · A plain encoder-decoder
#
# Now both halves: eight halvings down to 1×1, eight doublings back. The number of channels starts
# at 64 and doubles to 512, then stays. First the three pieces. There is a trap in the first of
# them already, so a small question. An initializer object draws random numbers. It is called like a
# function, with a shape, and returns an array; a layer does so when it makes its kernel. Call the
# same object twice: the same numbers, or new ones?

# %% tags=["nbval-check-output", "question-01"]
init = keras.initializers.RandomNormal(0.0, 0.02)
print("same object, two layers, equal kernels: ", np.array_equal(init((4, 4)), init((4, 4))))
other = keras.initializers.RandomNormal(0.0, 0.02)
print("an object per layer, equal kernels:     ", np.array_equal(init((4, 4)), other((4, 4))))

# %% [markdown]
# A Keras 3 initializer picks its seed once, when it is made. Share one object among layers of equal
# shape, of which our U-Net has several, and they start as copies of each other. So each layer gets
# its own, and the standard deviation 0.02 is the paper's (its section 6.2, written §6.2 from here
# on). The mean is 0 for kernels; section 6 will need another one.


# %%
def normal(mean=0.0):
    """§6.2: weights start from N(0, 0.02); a new object each time, and so a new seed."""
    return keras.initializers.RandomNormal(mean, 0.02)


def halve(x, channels):
    return layers.Conv2D(
        channels, 4, strides=2, padding="same", use_bias=False, kernel_initializer=normal()
    )(x)


def double(x, channels, use_bias=False):
    return layers.Conv2DTranspose(
        channels, 4, strides=2, padding="same", use_bias=use_bias, kernel_initializer=normal()
    )(x)


# %%
def widths_of(image_size, filters):
    """Channels after each halving: f, 2f, 4f, then 8f down to 1×1."""
    return [filters * min(2**level, 8) for level in range(int(np.log2(image_size)))]


def bare_encoder_decoder(image_size, filters=64):
    """Halve to 1×1 and double back; no normalisation, no noise, no skips yet."""
    widths = widths_of(image_size, filters)
    condition = x = keras.Input((image_size, image_size, 3))
    for channels in widths:
        x = layers.LeakyReLU(negative_slope=0.2)(halve(x, channels))
    for channels in reversed(widths[:-1]):
        x = layers.ReLU()(double(x, channels))
    return keras.Model(condition, layers.Activation("tanh")(double(x, 3, use_bias=True)))


# %% tags=["nbval-check-output", "question-75"]
bare = bare_encoder_decoder(256, filters=64)
for layer in bare.layers:
    if isinstance(layer, (layers.Conv2D, layers.Conv2DTranspose)):
        _, height, width, channels = layer.output.shape
        numbers = height * width * channels
        print(f"{type(layer).__name__:16}{height:4d} x {width:<4d}x {channels:3d} {numbers:9,}")
print(f"numbers in the input: {256 * 256 * 3:,}")
del bare  # its weights take 150 MB

# %% [markdown]
# Why does the doubling stop at 512? The cap is eight times the first width, whatever the size of
# the image. One might leave it out. And one tutorial takes the *number of layers* for the cap,
# which at 256 pixels is 8 as well. Predict what both do to the encoder.

# %% tags=["nbval-check-output", "question-06", "question-70"]
for image_size in (128, 256, 512):
    depth = int(np.log2(image_size))
    for name, cap in {"cap 8": 8, "no cap": 2**depth, "cap by layers": depth}.items():
        widths = [64 * min(2**level, cap) for level in range(depth)]
        kernels = 16 * sum(np.multiply([3, *widths[:-1]], widths))
        print(f"{image_size} px, {name:14}{widths[-1]:6} channels at 1x1, {kernels:13,} weights")

# %% [markdown]
# Without a cap the weights multiply, by more than thirty at 256 pixels, and nearly all of them sit
# where there are next to no positions. With the number of layers as the cap, another image size
# changes *all* inner layers, where only one layer should be added.
#
# Now back to the plain encoder-decoder. Read the last column of its table from top to bottom. The
# image has 196,608 numbers; in the middle, the *bottleneck*, 512 are left, and all that the second
# half knows about the input is in these. Enough for "a house of three storeys, brick, cloudy". But
# for the position of every window sill? The decoder would have to redraw from memory what lies,
# pixel for pixel, in the input. Remember this sentence for section 8.
#
# The output layer is `tanh`, since images live in [-1, 1]: the network cannot leave the range, and
# 0, where an untrained network starts, is mid-grey.
#
# ## 5 · The details, one at a time
#
# ### The slope of LeakyReLU
#
# The encoder uses LeakyReLU: negative numbers are not cut off but made smaller, so that gradients
# pass on both sides of zero. The paper's factor is 0.2. **Before you run the next cell:** Keras has
# a layer and a function of that name. Do they agree on the default?

# %% tags=["nbval-check-output"]
minus_one = np.array([-1.0], np.float32)
for name, function in {
    "layers.LeakyReLU()": layers.LeakyReLU(),
    "keras.activations.leaky_relu": keras.activations.leaky_relu,
    "layers.LeakyReLU(negative_slope=0.2)": layers.LeakyReLU(negative_slope=0.2),
}.items():
    print(f"{name:38}-1 -> {float(function(minus_one)[0]):.1f}")
print(f"after seven of them: {0.2**7:.6f} with 0.2, {0.3**7:.6f} with 0.3")

# %% [markdown]
# They do not. The layer's default is 0.3, so a port that writes `LeakyReLU()` has quietly built
# another network. It will train, too: no error ever tells you. The way to catch such a thing is to
# write each number of a paper down, even where it looks like a default.
#
# ### ε in batch normalisation
#
# Batch normalisation subtracts from each channel its mean and divides by its standard deviation,
# over the batch and all positions, then scales by $\gamma$ and shifts by $\beta$, both learned:
#
# $$\mathrm{BN}(z) = \gamma\,\frac{z-\mu}{\sqrt{\sigma^2+\varepsilon}} + \beta .$$
#
# In training it also keeps *running averages* of $\mu$ and $\sigma^2$, which take their place when
# a network is called with `training=False` (section 11). The axis that is *kept*, called `axis=-1`
# in Keras, is the last one: the channels. What is left to average over when the batch has a single
# image?

# %% tags=["nbval-check-output", "question-15", "question-16"]
features = np.random.default_rng(0).normal(3, 2, (1, 8, 8, 4)).astype(np.float32)
norm = layers.BatchNormalization(axis=-1, epsilon=1e-5)
unit = ops.convert_to_numpy(norm(features, training=True))
print("γ, β and the averages have the shape", tuple(norm.gamma.shape))
print("each channel has a mean above 2:", bool(np.all(features.mean(axis=(0, 1, 2)) > 2)), end=", ")
print("0 after:", np.allclose(unit.mean(axis=(0, 1, 2)), 0, atol=1e-4), end=", ")
print("deviation 1 after:", np.allclose(unit.std(axis=(0, 1, 2)), 1, atol=1e-4))
instance = layers.GroupNormalization(groups=-1, epsilon=1e-5)(features)  # each image by itself
print("at batch size 1 equal to instance normalisation:", np.allclose(unit, instance, atol=1e-4))

# %% [markdown]
# Its positions are left. So at the paper's batch size of 1 each image is normalised by itself.
#
# ε only guards against division by zero, one would think, and its size cannot matter. The paper's
# code has $10^{-5}$, Keras' default is $10^{-3}$. **Before you run the next cell:** for features
# with a standard deviation of 0.01, what comes out?


# %% tags=["nbval-check-output"]
def spread_after(epsilon, features):
    norm = layers.BatchNormalization(epsilon=epsilon)
    return float(np.std(ops.convert_to_numpy(norm(features, training=True))))


wave = np.sin(np.arange(64 * 64)).reshape(1, 64, 64, 1) * np.sqrt(2)  # standard deviation 1
for deviation in (1.0, 0.1, 0.01):
    results = [f"{spread_after(e, deviation * wave):.2f}" for e in (1e-5, 1e-3)]
    print(f"features with deviation {deviation:4}: after BN {results[0]} or {results[1]}")

# %% [markdown]
# It should be 1.00 in each case. With $10^{-3}$ small features come out at a third of that: they
# are not normalised any more. Are there such features? Yes, in the second encoder layer, whose
# input is not normalised: before training its outputs have a deviation of about 0.06 with 64
# filters, and about 0.03 with the 8 of the profile `smoke`. Elsewhere the numbers are larger and ε
# matters less. So this default does damage in few places, most of it in narrow networks: the kind
# of difference that nobody finds by looking at results.
#
# ### No bias where normalisation follows
#
# You may have wondered about `use_bias=False`. Add a constant to a channel: its mean grows by the
# same constant, and normalisation subtracts it again. Let us see whether anything is left.

# %% tags=["nbval-check-output", "question-20"]
conv, norm = layers.Conv2D(8, 4, strides=2, padding="same"), layers.BatchNormalization(epsilon=1e-5)
z, weight = conv(x), np.cos(np.arange(8, dtype=np.float32))
plain = norm(z, training=True)


def shifted():
    return norm(conv(x) + 3.0, training=True)  # a bias of 3 in each channel


to_bias, to_beta = gradient(lambda: ops.mean(shifted() ** 3 * weight), [conv.bias, norm.beta])
print("the output notices a bias of 3:", bool(ops.max(ops.abs(shifted() - plain)) > 1e-2))
print("gradient of the bias above 0.001:", bool(np.abs(to_bias).max() > 1e-3))
print("gradient of beta above 0.001:    ", bool(np.abs(to_beta).max() > 1e-3))

# %% [markdown]
# Nothing is left: such a bias has no effect and gets no gradient but rounding noise. $\beta$, added
# *after* the normalisation, does its work. So every convolution that is normalised goes without
# bias, and the only bias of the whole U-Net is in the output layer, where no normalisation
# follows. (The first layer is not normalised either, and some codes give it a bias. The authors'
# Torch code sets all biases to zero at each step.)
#
# ### No normalisation on the 1×1 bottleneck
#
# The paper trains with batches of **one** image. Down at 1×1 there is one image and one position.
# **Before you run the next cell:** what is the mean of one number, and what is that number minus
# its mean?


# %%
def bottleneck(batch, scale=1.0):
    """Halve 2×2 features to 1×1 and normalise: output minus β, and the kernel's gradient."""
    conv, norm = layers.Conv2D(8, 4, 2, padding="same", use_bias=False), layers.BatchNormalization()
    features = scale * np.random.default_rng(0).normal(size=(batch, 2, 2, 8))
    weight = np.random.default_rng(1).normal(size=(batch, 1, 1, 8))
    conv.build((None, 2, 2, 8))
    norm.build((None, 1, 1, 8))
    norm.beta.assign(np.arange(8) / 8)

    def output():
        return norm(conv(features), training=True)

    (to_kernel,) = gradient(lambda: ops.sum(output() * weight), [conv.kernel])
    return float(ops.max(ops.abs(output() - norm.beta))), np.abs(to_kernel).max()


# %% tags=["nbval-check-output"]
for batch, scale in [(1, 1.0), (1, 100.0), (2, 1.0)]:
    distance, slope = bottleneck(batch, scale)
    print(f"batch {batch}, features times {scale:5}: output equals beta: {distance < 1e-5!s:5}   "
          f"kernel gradient is zero: {slope < 1e-6}")  # fmt: skip

# %% [markdown]
# At batch size 1 the output is $\beta$, *whatever the input*. One of the largest layers of the
# network, 4,194,304 weights, is cut off from the image, and since its output does not depend on
# its kernel, the gradient is exactly zero: it can never learn. With two images there are two
# numbers to take a mean of, and the layer lives.
#
# This happened to the authors themselves: an erratum at the end of the paper says that with batch
# size 1 the innermost layer was in effect skipped, and their public code dropped that
# normalisation. Several ports still have it. We leave it out, and break the network this way on
# purpose in section 7.
#
# ### The order of things, and what a skip carries
#
# Section 4 ended with a complaint: positions do not survive the bottleneck. A **skip** (skip
# connection) is the U-Net's answer. It hands what an encoder level found directly to the decoder
# level of the same size, past everything between them.
#
# The authors' order is *activation, convolution, normalisation*: a block begins with the
# activation. So what a block hands on, also through a skip, is normalised but **not yet
# activated**. The encoder then applies LeakyReLU to it, the decoder ReLU. Other codes activate
# first and apply ReLU on top of LeakyReLU in the decoder. Does that make a difference?

# %% tags=["nbval-check-output"]
z = np.linspace(-2, 2, 401, dtype=np.float32)
leaky = ops.leaky_relu(z, negative_slope=0.2)
print("ReLU(LeakyReLU(z)) == ReLU(z):     ", np.array_equal(ops.relu(leaky), ops.relu(z)))
print("LeakyReLU(z), never ReLU'd, equals:", np.array_equal(leaky, ops.relu(z)))

# %% [markdown]
# The first two are the same function, so it is a matter of taste. Leaving the ReLU out, as some
# ports do, is another network.
#
# A skip **concatenates**, along the same last axis. Any other axis would put the two maps beside or
# below each other, like photos in an album.

# %% tags=["nbval-check-output", "question-16"]
decoded = encoded = np.zeros((1, 8, 8, 64))
for axis in (-1, 1, 2):
    print(f"axis {axis:2}:", ops.concatenate([decoded, encoded], axis=axis).shape)

# %% [markdown]
# 64 channels from the decoder and 64 from the encoder lie side by side as 128. Nothing is blended;
# the next convolution has separate weights for each half and can use or ignore either. That is the
# difference from *adding*, as in a ResNet.
#
# ### Dropout is the noise
#
# A GAN is said to need a random input, so that it can give more than one answer. In pix2pix a
# random vector was tried, and the generator learned to ignore it (§3.1). What is left of
# randomness is dropout, rate 0.5, in the first three decoder blocks, also when the trained network
# is used. What does it do to a number?

# %% tags=["nbval-check-output", "question-04"]
dropout = layers.Dropout(0.5)
ones = np.ones((1, 8, 8, 512), np.float32)
first, second = (ops.convert_to_numpy(dropout(ones, training=True)) for _ in range(2))
print("values that 1 can become:", sorted({float(v) for v in np.unique(first)}))
print("about half are zero:", bool(0.45 < np.mean(first == 0) < 0.55))
print("the same zeros in the next call:", np.array_equal(first, second))
print("with training=False nothing happens:", np.array_equal(dropout(ones), ones))

# %% [markdown]
# A number is dropped, or doubled so that the mean stays. Which ones is drawn anew at each call, so
# `G` is a random function after all. It is random at 2×2, 4×4 and 8×8, where whole-image
# decisions are made, and not among the fine details.
#
# ## 6 · The U-Net by hand
#
# All pieces are on the table but one, the normalisation with its numbers: ε from section 5; a start
# for γ from N(1, 0.02), the authors'; and the `momentum` 0.9. It says how slowly the running
# averages follow: at each step they keep 0.9 of themselves and take 0.1 of what the batch shows.
# (Torch writes 0.1 for the same thing. Keras' default is 0.99.)
#
# The encoder collects the features of every level down to 2×2, and the decoder picks them up from
# the last to the first. Its own widths are those of the encoder read backwards, so that each block
# has as many channels as the skip that is laid beside it. Between the two lies the bottleneck, one
# more halving, with neither normalisation nor skip.


# %%
def normalise(x):
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, gamma_initializer=normal(1.0))(x)


def encode(x, widths):
    """Halve, but for the last time; returns what each level found, before its activation."""
    features = []
    for level, channels in enumerate(widths):
        if level > 0:
            x = layers.LeakyReLU(negative_slope=0.2)(x)
        x = halve(x, channels)
        if level > 0:  # the first level is not normalised
            x = normalise(x)
        features.append(x)
    return features


def decode(x, widths, features, skips=True, dropout=0.5):
    """Double from 1×1 to half the image size, taking up the encoder's features on the way."""
    for block, channels in enumerate(reversed(widths)):
        x = normalise(double(layers.ReLU()(x), channels))
        if block < 3:
            x = layers.Dropout(dropout)(x)
        if skips:
            x = layers.Concatenate()([x, features[-1 - block]])
    return x


# %%
def build(image_size, filters=64, skips=True, side=None):
    """G: (batch, height, width, 3) → the same shape; `side` fixes height and width."""
    *widths, innermost = widths_of(image_size, filters)
    condition = keras.Input((side, side, 3))
    features = encode(condition, widths)
    x = halve(layers.LeakyReLU(negative_slope=0.2)(features[-1]), innermost)  # the bottleneck, 1×1
    x = decode(x, widths, features, skips)
    x = double(layers.ReLU()(x), 3, use_bias=True)
    return keras.Model(condition, layers.Activation("tanh")(x))


# %% [markdown]
# That is the whole network: about forty lines. `*widths, innermost` takes the last number off the
# list. `side=None` says that height and width stay open; no layer in it needs to know them. Section
# 10 makes use of it.
#
# Now the proof. `pix2pix_course.generators.unet` is the packaged one, which the later notebooks
# import. If yours has equally many weights and gives, *with the same weights*, the same output for
# a random image, then nothing is left in which they could differ. We make both narrow and small for
# speed, and compare in each of the three modes that section 11 explains. As a control, the
# comparison is also made before the weights are copied, when it must fail.

# %% tags=["nbval-check-output"]
keras.utils.set_random_seed(1)
mine, theirs = build(64, filters=8), unet(64, filters=8)
print("weights:", f"{mine.count_params():,}", f"{theirs.count_params():,}")
probe = np.random.default_rng(0).uniform(-1, 1, (1, 64, 64, 3)).astype(np.float32)


def distance(a, b, mode):
    return float(ops.max(ops.abs(generate(a, probe, mode) - generate(b, probe, mode))))


print("equal before copying:", distance(mine, theirs, "deterministic") < 1e-3)
mine.set_weights(theirs.get_weights())
for mode in MODES:
    print(f"equal after copying, mode {mode}:", distance(mine, theirs, mode) < 1e-3)

# %% [markdown]
# Equal, noise included. So you may read the package as your own work: it is the same code without
# the pauses. Encoder, bottleneck and decoder follow each other in one function, the numbers of
# channels of both images are arguments (section 10 tries others), and input and model have names.
# `drop` is `layers.Dropout` with a seed of its own, so that PyTorch, if Keras computes with that,
# repeats its zeros too. The other pieces, `widths_of`, `normal`, `normalise`, `halve` and `double`,
# are those that you wrote above.

# %% tags=["nbval-check-output"]
print(inspect.getsource(unet))

# %% [markdown]
# The erratum in its comment is the authors' own, of section 5; table 2 is the paper's comparison of
# this network with and without skips. The two numbers of weights in its docstring are what remains
# to be understood: the size of the paper. Each 4×4 kernel from $c_{in}$ to
# $c_{out}$ channels has $16\,c_{in}c_{out}$ weights, each normalisation $2c$ (γ and β). **Before
# you run the next cells:** from which block on does the decoder see doubled channels, and which
# block has the most weights?


# %%
def parameter_table(image_size=256, filters=64, skips=True):
    """Rows (name, side of the output, channels in, channels out, kernel, γ and β, bias)."""
    widths, rows, c_in = widths_of(image_size, filters), [], 3
    for level, c_out in enumerate(widths, start=1):
        norm = 2 * c_out if 1 < level < len(widths) else 0
        rows.append((f"encoder {level}", image_size >> level, c_in, c_out, norm, 0))
        c_in = c_out
    for block, c_out in enumerate(reversed(widths[:-1]), start=1):
        rows.append((f"decoder {block}", 2**block, c_in, c_out, 2 * c_out, 0))
        c_in = c_out * (2 if skips else 1)  # what the next block is given
    rows.append(("output", image_size, c_in, 3, 0, 3))
    return [(*row[:4], 16 * row[2] * row[3], *row[4:]) for row in rows]


# %% tags=["nbval-check-output", "question-20", "question-71"]
rows = parameter_table()
print(f"{'':10}{'side':>5} {'channels':>13} {'kernel':>11} {'γ, β':>6} {'bias':>5}")
for name, side, c_in, c_out, kernel_weights, norm, bias in rows:
    print(f"{name:10}{side:5d} {c_in:5d} -> {c_out:4d} {kernel_weights:11,} {norm:6,} {bias:5d}")
kernels, norms, biases = (sum(row[column] for row in rows) for column in (4, 5, 6))
print(f"kernels {kernels:,} + γ, β {norms:,} + bias {biases} = {kernels + norms + biases:,}")


# %% tags=["nbval-check-output"]
def trainable(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


full = build(256, side=256)
print(f"by hand, counted:      {trainable(full):,} = {trainable(unet()):,} in the package")
without = trainable(unet(skips=False))
by_table = sum(sum(row[4:]) for row in parameter_table(skips=False))
print(f"without skips:         {without:,} = {by_table:,} in the table")
print(f"what the skips add:    {trainable(full) - without:,}")
print(f"moving averages:       {full.count_params() - trainable(full):,}, not trained")

# %% [markdown]
# 54,413,955, on paper and in the network. From decoder 2 on a block reads doubled channels, its own
# and the skip's, and decoders 2 to 4 are the heaviest. Nearly nine tenths of all weights sit where
# the output has 16×16 cells or fewer; these layers do only about a quarter of the multiplications,
# since a kernel is applied once per cell. The skips themselves have no weights; they cost 15
# million in the blocks that read them.
#
# The paper lists the decoder as CD512-CD1024-CD1024-C1024-… (C for convolution, normalisation and
# ReLU, D for dropout), where the table above has 512 channels. Both are right: 1024 is what a block
# *hands on*, 512 of its own and 512 of the skip. Who takes the printed numbers for filters, as one
# book does, builds another network.

# %% tags=["nbval-check-output", "question-71"]
mirrored = widths_of(256, 64)[-2::-1]  # the encoder's, without the bottleneck, backwards
as_printed = [512, 1024, 1024, 1024, 1024, 512, 256]
for rule, filters in {"mirrored": mirrored, "as printed": as_printed}.items():
    handed_on = [own + skip for own, skip in zip(filters, mirrored, strict=True)]
    kernels = 16 * sum(np.multiply([512, *handed_on], [*filters, 3]))
    print(f"{rule}:\n  filters   {filters}\n  handed on {handed_on}")
    print(f"  weights in the decoder's kernels: {kernels:,}")

# %% [markdown]
# Together with the same encoder that is a network of 129 million weights, 2.4 times the paper's.
#
# A number such as 54,413,955 is a good first test of any port. TensorFlow's pix2pix tutorial, for
# example, counts 54,414,979: exactly 1,024 more, which are the γ and β of a normalised bottleneck.
# You know from section 5 what that does.
#
# The next cells draw the network from its own layers: no number in the figure is typed.


# %%
def shapes(model):
    """(side, channels) after each halving, and after each doubling with its skip."""
    down = [la.output.shape for la in model.layers if type(la) is layers.Conv2D]
    joined = [la.output.shape for la in model.layers if isinstance(la, layers.Concatenate)]
    return [(s[1], s[3]) for s in down], [(s[1], s[3]) for s in joined]


def box(axis, x, y, side, text, colour):
    width = 1.05 + 0.08 * np.log2(side)  # a hint only: true to scale, 1² would be invisible
    corner = (x - width / 2, y - 0.3)
    axis.add_patch(plt.Rectangle(corner, width, 0.6, facecolor=colour, edgecolor="0.35"))
    axis.text(x, y, text, ha="center", va="center", fontsize=9)


def arrow(axis, start, end, **style):
    axis.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": "0.35"} | style)


# %% alt="The U-Net as a V of boxes. The encoder halves the image in eight steps from 256² to 1²×512; the decoder doubles it again to 256²×3. Dashed arrows, the skips, join boxes of equal side at seven levels." tags=["question-14"]
def draw_unet(model, image_size=256):
    down, joined = shapes(model)
    depth = len(down)
    down, up = [(image_size, 3), *down], [*joined, (image_size, 3)]
    left = [(-3.7 + 0.36 * level, depth - level) for level in range(depth)] + [(0, 0)]
    right = [(1.18 + 0.36 * block, block + 1) for block in range(depth)]
    _, axis = plt.subplots(figsize=(8.4, 4.6), dpi=75, layout="constrained")
    for level, ((side, channels), (px, py)) in enumerate(zip(down, left, strict=True)):
        if level:
            arrow(axis, (left[level - 1][0], left[level - 1][1] - 0.3), (px, py + 0.3))
        if 0 < level < depth:  # neither the image itself nor the bottleneck is skipped
            end = (right[depth - 1 - level][0] - 0.85, py)
            arrow(axis, (px + 0.85, py), end, linestyle="--", color="tab:orange")
        box(axis, px, py, side, f"{side}²×{channels}", "lightblue" if level else "0.9")
    for block, ((side, channels), (px, py)) in enumerate(zip(up, right, strict=True)):
        start = right[block - 1] if block else left[-1]
        arrow(axis, (start[0], start[1] + 0.3), (px, py - 0.3))
        text = f"{channels}" if block == depth - 1 else f"({channels // 2}+{channels // 2})"
        colour = "khaki" if block < 3 else "lightgreen"
        box(axis, px, py, side, f"{side}²×{text}", colour)
    axis.set(xlim=(-4.6, 4.6), ylim=(-0.5, depth + 0.5))
    axis.axis("off")


draw_unet(full)
plt.show()
del full  # its weights take 220 MB

# %% [markdown]
# The blue boxes are the encoder, the yellow and green ones the decoder; yellow marks the noise, and
# 128²×64 stands for 128×128 cells of 64 channels. Follow the dashed arrows, the skips: each stays
# at one height, so what it joins has the same side, 64 + 64 channels at 128², 512 + 512 further
# down. With rounder corners the drawing is the U of the name. Follow the solid arrows next: without
# the dashed ones the only way from left to right leads through the 1² box at the bottom.
#
# ## 7 · Probe it before you train it
#
# A network is cheapest to debug before its first training step. Feed one image to an untrained
# `G` and check three things: the shape, the range, and that the result shows no opinion yet.
# **Before you run the next cell:** what picture do you expect from random weights around 0.02?

# %% alt="A quarter of a label map and what the untrained generator makes of it. With batch statistics: grey with a fine coloured grid; with running averages: plain grey. Neither shows a house."
keras.utils.set_random_seed(SEED)
G = build(config.image_size, config.generator_filters)
y_hat = generate(G, x, "paper", seed=SEED)
y_running = generate(G, x, "running")
print("shape as the target:", y_hat.shape == y.shape)
columns = {"condition x": x, "batch statistics": y_hat, "running averages": y_running}
corner = slice(0, config.image_size // 2)  # a quarter of the picture, enlarged
image_grid({title: c[:, corner, corner] for title, c in columns.items()}, cell=1.8)
plt.show()
for name, output in {"batch statistics": y_hat, "running averages": y_running}.items():
    print(f"{name}: mean {np.mean(output):+.3f}, standard deviation {np.std(output):.3f}")

# %% [markdown]
# Above is the upper left quarter. Greyish, as hoped: the values lie around 0, which is mid-grey,
# and no opinion about houses is to be seen. The fine grid in the second picture is the random
# stamps of section 3, laid two pixels apart.
#
# The third picture is plain grey, or nearly. There the normalisation used its *running averages*,
# which before training are 0 and 1 and so normalise nothing; what the small weights made small
# stays small. Whether `training` is on is no detail with this network. Section 11 returns to it.
#
# The second probe: does every weight learn? We ask for the gradient of the L1 distance (the mean
# absolute difference from the target) at batch size 1, and count the weight tensors that get one.
# Beside it, the network broken on purpose: the same, with normalisation on the bottleneck.


# %%
def broken(image_size, filters):
    """The U-Net with one layer too many: normalisation on the 1×1 bottleneck."""
    *widths, innermost = widths_of(image_size, filters)
    condition = keras.Input((None, None, 3))
    features = encode(condition, widths)
    x = normalise(halve(layers.LeakyReLU(negative_slope=0.2)(features[-1]), innermost))
    x = double(layers.ReLU()(decode(x, widths, features)), 3, use_bias=True)
    return keras.Model(condition, layers.Activation("tanh")(x))


def gradients(model, condition, target):
    """Gradient of the L1 distance with respect to each trainable weight, at batch size 1."""

    def distance():
        return ops.mean(ops.abs(target - model(condition, training=True)))

    return gradient(distance, model.trainable_weights)


# %% tags=["nbval-check-output"]
keras.utils.set_random_seed(2)
small, bad = build(64, filters=8), broken(64, filters=8)
goal = np.random.default_rng(1).uniform(-1, 1, (1, 64, 64, 3)).astype(np.float32)
for name, model in {"U-Net": small, "normalised bottleneck": bad}.items():
    found = gradients(model, probe, goal)
    dead = [i for i, gradient in enumerate(found) if np.abs(gradient).max() < 1e-12]
    dead_weights = sum(found[i].size for i in dead)
    print(f"{name}: {len(dead)} of {len(found)} weight tensors get no gradient,", end=" ")
    print(f"that is {dead_weights:,} weights")

# %% [markdown]
# In the U-Net every tensor is reached. In the broken one six are not: kernel, γ and β of the
# bottleneck, and the same three of the first decoder block. β starts at 0, so the bottleneck hands
# on exact zeros; ReLU makes zeros of them, with gradient zero, and the next block has nothing to
# work on and nothing to send back. (At full size these are 8,390,656 weights.) No error tells you.
# The network trains, its skips carry it, and it is a level less deep than it looks.
#
# One more look, since "every tensor" is not "every number". The bottleneck's 4×4 kernel meets a 2×2
# input that is padded by one row of zeros on each side, and it is applied exactly once. **Before
# you run the next cell:** how many of its 16 taps (its places, 4 by 4) ever touch data?

# %% tags=["nbval-check-output"]
kernel_gradients = [g for g in gradients(small, probe, goal) if g.ndim == 4]
taps = [int((np.abs(gradient).max(axis=(2, 3)) > 1e-9).sum()) for gradient in kernel_gradients]
sizes = [64 >> level for level in range(1, 7)] + [2**block for block in range(1, 7)]
for name, part in {"encoder": slice(0, 6), "decoder": slice(6, 12)}.items():
    counts = zip(sizes[part], taps[part], strict=True)
    print(f"{name}: " + ", ".join(f"{side}²: {count}/16" for side, count in counts))

# %% [markdown]
# Four, on the way into 1×1 and on the way out of it. The other twelve see only padding, get no
# gradient and keep their random start for ever. At full size these are two times 3,145,728
# weights, more than a tenth of the network, in every implementation that halves down to 1×1 in
# this way. It does no harm at the training size. Keep it in mind for section 10, where a larger
# image wakes them up.
#
# ## 8 · What a skip is worth: fit one pair
#
# Now the question of section 4: can a decoder redraw an image from what passes through 1×1? We take
# a single pair at 64 pixels and train both networks to reproduce it, with the L1 distance alone
#
# $$\mathcal L_{L1} = \operatorname{mean}\,|y - G(x)|$$
#
# and the paper's Adam (learning rate 2e-4, $\beta_1$ = 0.5). No discriminator, no test set: it
# is a deliberately easy task, pure memorising. Two reference values: what a grey picture costs, and
# what the best picture of a single colour costs (its colour is the median).
#
# **Before you run the next cells:** both networks have more than enough weights to memorise one
# picture. Will there be a difference at all? And if so, in the *loss*, or elsewhere?

# %%
pairs = load_pairs(dataset, "train", 64, limit=2)
inputs, targets = to_network(pairs.condition), to_network(pairs.target)
x1, y1, x2 = inputs[:1], targets[:1], inputs[1:2]  # the pair to fit, and another condition
grey = float(np.mean(np.abs(y1)))
one_colour = float(np.mean(np.abs(y1 - np.median(y1, axis=(1, 2), keepdims=True))))
networks = {}
for name, skips in {"U-Net": True, "encoder-decoder": False}.items():
    keras.utils.set_random_seed(SEED)
    networks[name] = build(64, filters=16, skips=skips)
    networks[name].compile(keras.optimizers.Adam(2e-4, beta_1=0.5), loss="mae")
print(f"references: grey {grey:.2f}, best single colour {one_colour:.2f}")

# %%
curves = {}
ten_x, ten_y = np.repeat(x1, 10, axis=0), np.repeat(y1, 10, axis=0)  # an "epoch" of ten steps
for name, model in networks.items():
    fitted = model.fit(ten_x, ten_y, batch_size=1, epochs=fit_steps // 10, verbose=0)
    curves[name] = fitted.history["loss"]
    first, *_, last = curves[name]
    print(f"{name}: L1 {first:.2f} in the first ten steps, {last:.2f} in the last ten")

# %% alt="L1 against training steps. The U-Net falls sooner and ends lower than the encoder-decoder; both end far below the two dashed levels of a grey picture and of the best single colour."
figure, axis = plt.subplots(figsize=(7, 3), dpi=80, layout="constrained")
for name, losses in curves.items():
    axis.plot(10 * np.arange(1, len(losses) + 1), losses, label=name)
axis.axhline(grey, color="0.5", linestyle=":", label="grey picture")
axis.axhline(one_colour, color="0.5", linestyle="--", label="best single colour")
axis.set(xlabel="step", ylabel="L1", ylim=(0, None))
axis.legend(fontsize=8)
plt.show()

# %% [markdown]
# The U-Net gets there sooner and ends lower; the encoder-decoder follows. Its loss falls as well,
# and with some thousand steps it would become small. (Your digits will differ from run to run and
# from machine to machine; the order of the curves should not.) From the curve alone one would
# say: the same thing, only slower.
#
# But a loss at one pair does not say *how* the picture comes about. So we give both networks inputs
# they were not trained on: the same condition moved by a quarter of its width (what leaves on the
# right comes in on the left), and the condition of another pair. **Before you run the next cell:**
# draw, in your mind, what the encoder-decoder answers to each.

# %% alt="Three conditions and two networks' answers. On the condition it knows each paints its house. Moved or foreign, the U-Net's picture follows the map, with stains; the encoder-decoder repeats the same house unmoved."
moved = np.roll(x1, 16, axis=2)
conditions = {"its own": x1, "moved 16 px": moved, "another": x2}
columns = {"condition": [c[0] for c in conditions.values()]}
for name, model in networks.items():
    columns[name] = [generate(model, c, "deterministic")[0] for c in conditions.values()]
upper_halves = {title: [image[:32] for image in column] for title, column in columns.items()}
image_grid(upper_halves, cell=1.9, row_names=list(conditions))
plt.show()

# %%
print(f"{'change of the output, mean |difference|':42}" + "".join(f"{n:>18}" for n in networks))
for name, condition in list(conditions.items())[1:]:
    changes = []
    for model in networks.values():
        own = generate(model, x1, "deterministic")
        changes.append(float(ops.mean(ops.abs(generate(model, condition, "deterministic") - own))))
    print(f"condition {name:32}" + "".join(f"{change:18.4f}" for change in changes))

# %% [markdown]
# You see the upper halves. Look at the right column: the encoder-decoder shows the *same picture*
# whatever it is given. It has learned the target by heart, and nothing from its input reaches the
# output. The U-Net, after the very same training, draws the facade where the moved condition has
# it, and puts its bricks and windows into the outlines of the other one: clumsily, with one
# picture's worth of experience, but in the right places. (Under `smoke` all of it is blurred, and
# that is correct; the right column should still be one picture three times.)
#
# The table says it in numbers: the encoder-decoder's answers differ by a hundredth or less, the
# U-Net's by many times that. Both losses have fallen far below the references, but only one network
# has become a *function of x*. Among 400 pairs one picture is no longer enough, and an
# encoder-decoder has to squeeze something of its input through 1×1; in the paper's comparison
# (table 2 of the arXiv version) it stays clearly behind all the same.
#
# ## 9 · Break it: cut a skip, shift a skip
#
# Which skip carries what? The trained U-Net can be operated on. Below, `change_skip` makes a view
# of it that shares all weights, but in which the features of one skip pass through a function
# first: zeros (cut), or a shift by one cell. **Before you run the cells:** the skips have sides 32,
# 16, 8, 4 and 2. Cutting which one hurts most?


# %%
def change_skip(model, join, change):
    """A view of `model` in which `change` is applied to what one skip carries."""

    def altered(layer):
        if layer is not join:
            return layer
        return layers.Lambda(lambda pair: ops.concatenate([pair[0], change(pair[1])], axis=-1))

    return keras.models.clone_model(model, clone_function=altered)


def shift(features):
    """One cell to the right; what leaves comes in again on the left."""
    return ops.roll(features, 1, axis=2)


# %%
joins = [layer for layer in networks["U-Net"].layers if isinstance(layer, layers.Concatenate)]
joins = {2**level: join for level, join in enumerate(joins, start=1)}  # side: layer
operations = {"cut": ops.zeros_like, "shifted": shift}
damaged, l1 = {name: [] for name in operations}, {name: [] for name in operations}
for name, change in operations.items():
    for join in joins.values():
        y_hat = generate(change_skip(networks["U-Net"], join, change), x1, "deterministic")[0]
        damaged[name].append(y_hat)
        l1[name].append(float(ops.mean(ops.abs(y_hat - y1[0]))))

# %% alt="The trained U-Net's picture after one skip is cut (above) or shifted (below). Changes of the narrow skips, at 2² and 4², are hardly seen; those of a wide one ruin windows and walls."
titles = [f"skip at {side}²" for side in joins]
middle = slice(16, 48)  # enlarged, to see the details
columns = {"nothing changed": [generate(networks["U-Net"], x1, "deterministic")[0]] * 2}
for i, title in enumerate(titles):
    columns[title] = [damaged["cut"][i], damaged["shifted"][i]]
columns = {title: [c[middle, middle] for c in column] for title, column in columns.items()}
image_grid(columns, cell=1.3, row_names=list(operations))
plt.show()

# %%
intact = float(ops.mean(ops.abs(generate(networks["U-Net"], x1, "deterministic") - y1)))
print(f"L1, nothing changed: {intact:.3f}")
for name, values in l1.items():
    row = "  ".join(f"{side}²: {value:.3f}" for side, value in zip(joins, values, strict=True))
    print(f"{name:8}{row}")
wide, narrow = max(l1["cut"][2:]), max(l1["cut"][:2])
print("the worst cut is at 8² or wider, not beside the bottleneck:", wide > narrow)

# %% [markdown]
# The pictures show the middle of the facade. In the upper row, cutting a skip beside the bottleneck
# changes next to nothing. Cutting at 8² or 16² takes the windows and the borders between the walls
# apart; at 32², one step from the output, the picture only loses contrast or sharpness. In the
# lower row a shift by one cell sets the features of that level beside their place, and the more a
# level mattered, the more it tears. In our runs 16² is the worst: there a cell is 4 pixels wide,
# about the size of a window.
#
# So the skips carry *where*, each at its own scale, and this network hardly needs its bottleneck:
# for a single pair there is nothing global to decide. Do not carry that over to a trained pix2pix
# unseen. There the decision "which wall" must come from somewhere wide; exercise 4 goes a first
# step in that direction.
#
# ## 10 · Any size that fits
#
# No layer of `G` contains a size. A convolution works on any height and width, so a network trained
# on 64×64 should accept 64×128, or 100×100? **Before you run the next cell:** one of these two
# fails. Which one, and in which layer?

# %%
U = networks["U-Net"]
try:
    U(np.zeros((1, 100, 100, 3), np.float32))
except Exception as error:
    message = " ".join(str(error).split())
    print(f"{type(error).__name__} in Concatenate: {'Concatenate' in message}")
    print(message.split("ConcatOp : ")[-1][:95])


# %%
def sides_of(width, halvings=6):
    """The widths that the encoder makes, and those that the decoder makes from the last."""
    down = [width]
    for _ in range(halvings):
        down.append((down[-1] + 1) // 2)  # half, rounded up
    return down, [down[-1] * 2**level for level in range(halvings + 1)]


def result_for(height, width, model=U):
    try:
        return str(tuple(model(np.zeros((1, height, width, 3), np.float32)).shape))
    except Exception:
        return "refused"


# %% tags=["nbval-check-output", "question-02", "question-23"]
for height, width in [(64, 64), (64, 128), (192, 64), (100, 100)]:
    down, up = sides_of(width)
    print(f"{height} x {width}: {result_for(height, width)}")
    print("   widths down", *down, "  up", *up)

# %% [markdown]
# Look at the last line. Halving rounds up, so 7 becomes 4; but doubling knows nothing of that, 4
# becomes 8, and 8 cannot be laid beside 7. The error comes from the first `Concatenate` whose two
# sides disagree. With six halvings, both sides must be multiples of $2^6 = 64$; a 256-pixel network
# needs multiples of 256. For other images `pix2pix-course translate` pads by reflection and crops
# the result.
#
# And what if the input had been given a fixed size, by `side=64` in `build`? Predict what changes:
# the number of weights, what the network accepts, or what it computes?

# %% tags=["nbval-check-output", "question-02", "question-24", "question-75"]
for name, model in {"open": build(64, filters=4), "fixed": build(64, filters=4, side=64)}.items():
    inner = [layer.output for layer in model.layers if type(layer) is layers.Conv2D][-1]
    print(f"{name:6}input {model.input.shape}, bottleneck {inner.shape}")
    print(f"      {trainable(model):,} weights; 64 x 128: {result_for(64, 128, model)}")

# %% [markdown]
# Only what it accepts. `None` is a size that is not known before an image comes, and no layer
# needs to know it. The second network can say beforehand that its bottleneck is 1×1, the first
# cannot.
#
# The encoder-decoder would not even complain: it has nothing to lay side by side, and returns
# an image of another size.
#
# Does "accepts" mean "works"? At 64×128 the bottleneck is 1×2 and not 1×1. Now taps of its kernel
# touch data that never did in training: section 7 counted twelve of them, still at their random
# start. Let us set these twelve to zero, where the training size cannot notice, and see who does.

# %%
centre = np.zeros((4, 4, 1, 1), np.float32)
centre[1:3, 1:3] = 1  # the four taps that were trained
convs = [layer for layer in U.layers if isinstance(layer, layers.Conv2D)]
deconvs = [layer for layer in U.layers if isinstance(layer, layers.Conv2DTranspose)]
wide = np.concatenate([x1, x2], axis=2)
before = [ops.convert_to_numpy(generate(U, c, "deterministic")) for c in (x1, wide)]
kept = U.get_weights()
for layer in (convs[-1], deconvs[0]):
    layer.kernel.assign(layer.kernel * centre)
after = [ops.convert_to_numpy(generate(U, c, "deterministic")) for c in (x1, wide)]
U.set_weights(kept)
for name, a, b in zip(("64 x 64", "64 x 128"), before, after, strict=True):
    print(f"{name}: outputs differ by {np.abs(a - b).mean():.6f} without the untrained taps")

# %% [markdown]
# The training size sees no difference; the wide image does, if only a little here, where the
# bottleneck matters little. So larger images are accepted, and usually look fine, but a part of
# the network that was never trained takes part in them. The paper trained its map networks at 256
# and tested them at 512, so it is done; it should be known.
#
# The other way to another size is another depth. The packaged function takes 64 to 512 pixels, and
# the depth follows: $\log_2$ of the size.


# %% tags=["nbval-check-output", "question-23"]
def weights_of(image_size, filters=64):
    return sum(sum(row[4:]) for row in parameter_table(image_size, filters))


for image_size in (64, 128, 256, 512):
    agrees = weights_of(image_size, 4) == trainable(unet(image_size, filters=4))
    print(
        f"{image_size:3d} px: {len(widths_of(image_size, 64))} halvings, "
        f"{weights_of(image_size):10,} weights   (as in the package at 4 filters: {agrees})"
    )
print(f"one level more: {weights_of(512) - weights_of(256):,}")

# %% [markdown]
# Each doubling of the image adds one level of the same price. So a network for 128 pixels, as the
# profile `cpu` trains it, is not a quarter of the one for 256, but nearly as large; the difference
# is in the computing. What makes `cpu` light is its 24 filters: three eighths of the width are a
# seventh of the weights.
#
# Sizes aside, what about *channels*? Condition and target need not have the same number of them:
# one grey channel may become three, or the two colour channels of another colour space.

# %% tags=["nbval-check-output", "question-17"]
for inputs_, outputs_ in [(3, 3), (1, 3), (1, 2)]:
    model = unet(64, inputs_, outputs_, filters=4)
    answer = generate(model, np.zeros((1, 64, 64, inputs_)), "deterministic")
    print(f"{inputs_} -> {outputs_}: output {tuple(answer.shape)}, {trainable(model):,} weights")

# %% [markdown]
# Only the first and the last layer notice. (A discriminator is given both, so its input has the sum
# of the two numbers; see notebook 03.)
#
# ## 11 · Three ways to run it
#
# Two layers of `G` behave differently in training and after it: dropout, and normalisation. Keras
# has one switch for both, `training`. That gives one way too few, and one of the two has a side
# effect. `generate(G, x, mode)` names three:
#
# | mode | normalisation by | dropout |
# |---|---|---|
# | `paper` | statistics of this image | on |
# | `deterministic` | statistics of this image | off |
# | `running` | averages kept in training (`training=False`, as in `predict`) | off |
#
# The paper tests as it trains: the first row. In Keras one would write `G(x, training=True)` for
# that. **Before you run the next cell:** `U` below has 49 weight arrays, 18 of which are moving
# averages. How many does each call change?


# %% tags=["nbval-check-output", "question-04"]
def changed(call):
    """How many weight arrays of `U` a call changes; puts them back."""
    kept = U.get_weights()
    call()
    count = sum(not np.array_equal(a, b) for a, b in zip(kept, U.get_weights(), strict=True))
    U.set_weights(kept)
    return count


for mode in MODES:
    print(f"generate, mode {mode:14} changes", changed(lambda m=mode: generate(U, x2, m)))
print("U(x, training=False)          changes", changed(lambda: U(x2, training=False)))
print("U(x, training=True)           changes", changed(lambda: U(x2, training=True)))

# %% [markdown]
# `training=True` moves all the moving averages, towards whatever image is being *tested*: looking
# at results changes the network. `generate` gets the same numbers without it, by running the
# network as a pure function of its weights and discarding the new averages. Does it matter? Look
# at another image fifty times, then ask for the first one again.


# %%
def l1_of(mode):
    return float(ops.mean(ops.abs(generate(U, x1, mode) - y1)))


for mode in MODES:
    first, second = (generate(U, x1, mode, seed) for seed in (1, 2))
    between = float(ops.mean(ops.abs(first - second)))
    print(f"{mode:14} L1 {l1_of(mode):.3f}   two seeds differ by {between:.4f}")

# %%
kept = U.get_weights()
for _ in range(50):
    U(x2, training=True)  # only looking …
print(f"running, after looking at another image 50 times: L1 {l1_of('running'):.3f}")
U.set_weights(kept)

# %% [markdown]
# Only `paper` depends on the seed: that is the dropout noise, the one source of variety in pix2pix,
# and a small one, as the paper also finds. `running` is close to the others here because all its
# averages stem from this one image; the last line shows how easily they are spoilt, by merely
# looking. From here on the course calls `generate`, or `translate`, which calls it, and nothing
# is changed by looking.
#
# ## Questions you may bring from older code
#
# **What are `model.input` and `model.output`?** Older programs pass them around as if they were
# images. What is in them?

# %% tags=["nbval-check-output", "question-10"]
print(type(U.input).__name__, U.input.shape, "holds numbers:", hasattr(U.input, "numpy"))
inner = keras.Model(U.input, U.layers[1].output)  # a view of the first layer, with its weights
print("first layer of x:", tuple(inner(x1).shape), "shared:", inner.layers[1] is U.layers[1])

# %% [markdown]
# No numbers: they are names of places in the network, with a shape and a type. They serve to say
# from where to where a model goes, as in the second line, which makes a model of the part of `U`
# up to its first layer. Numbers come into being when a model is called.
#
# **Drawing the model fails for want of Graphviz.** `keras.utils.plot_model` needs that program,
# which pip does not bring. The list of layers needs nothing, and section 6 drew the U from it.

# %% tags=["question-14"]
lines = []
build(64, filters=16, side=64).summary(line_length=88, print_fn=lines.append)
print("\n".join("\n".join(lines).splitlines()[:14]))

# %% [markdown]
# ## Recap
#
# - `G` is a function from image to image. It halves with 4×4, stride 2 down to 1×1, because only
#   there a number depends on every pixel.
# - A transposed convolution is the transpose of a convolution: shape restored, values not.
# - The U-Net has 54,413,955 trainable weights, 54,404,096 of them in kernels; yours equals the
#   packaged one in count and in output.
# - Slope 0.2, ε = 1e-5, no bias before a normalisation, none on the 1×1 bottleneck, dropout in the
#   first three decoder blocks: each is measured above, and none gives an error when it is wrong.
# - Skips carry *where*. Without them a network can reach a low loss and ignore its input.
# - Looking with `training=True` changes a network; `generate` does not.
#
# **What this does not show.** One memorised pair is no translation: nothing was tested on unseen
# pairs, and the ranking of skips holds for that one picture and small network. L1 alone was the
# objective; whether a picture looks *real* has not been asked. And 64-pixel networks are shallower
# than the paper's.
#
# ## Exercises
#
# In the cells below, write where it says `# your turn`, in place of the dots, then run the check
# under it. A check says "right", "wrong" with a hint, or "not yet tried"; it may be run as often as
# you like. Explanations go into the cells that say *Your answer*: double-click on them.

# %% [markdown] tags=["exercise"]
# ### Exercise 1 · code: the receptive field of any stack
#
# Section 1 had a formula for 4×4 convolutions with stride 2. Write it for any stack of
# convolutions, first layer first. Which field has the encoder for 256 pixels? And why does `sees`
# never say more than 256?


# %% tags=["exercise"]
def receptive_field(stack):
    """Side in pixels of what one output number depends on; stack: pairs (kernel, stride)."""
    # <solution>
    field, step = 1, 1  # step: how many pixels lie between two neighbours of the current grid
    for kernel, stride in stack:
        field += (kernel - 1) * step
        step *= stride
    return field
    # </solution>


# %% tags=["nbval-check-output"]
exercises.check_receptive_field(receptive_field)

# %% [markdown] tags=["solution"]
# Each layer adds `kernel - 1` steps of the grid it *reads*; its own stride widens the step for the
# layers after it. Eight halvings have a field of 766 pixels. `sees` counts pixels of a picture, and
# there are only 256 columns to see: the rest of the field hangs over the edges.

# %% [markdown] tags=["exercise"]
# ### Exercise 2 · prediction: adding instead of concatenating
#
# Suppose `decode` had `Add` in place of `Concatenate`. How many trainable weights would the network
# for 256 pixels have? Find the number in this notebook, or by the table of section 6, before you
# build anything. What can the next layer no longer keep apart?

# %% tags=["exercise"]
# <solution>
weights_with_add = 39_075_459
# </solution>

# %% tags=["nbval-check-output"]
exercises.check_weights_with_add(weights_with_add)

# %% [markdown] tags=["solution"]
# 39,075,459, as many as the encoder-decoder without skips: a sum has as many channels as each of
# its two terms, so no decoder block reads more than without skips. But 5 may be the sum of 5 and
# 0, or of 2 and 3: the next layer cannot tell what came from the bottleneck and what from the skip,
# and cannot weigh them differently.

# %% [markdown] tags=["exercise"]
# ### Exercise 3 · code: batch normalisation
#
# Write the formula of section 5 for a batch of feature maps. Over which axes do $\mu$ and
# $\sigma$ run, and what is left to average at batch size 1, and on a 1×1 map?


# %% tags=["exercise"]
def batch_norm(z, gamma, beta, epsilon=1e-5):
    """z: (batch, height, width, channels); gamma, beta: (channels,) → the shape of z."""
    # <solution>
    mean = np.mean(z, axis=(0, 1, 2))
    variance = np.var(z, axis=(0, 1, 2))
    return gamma * (z - mean) / np.sqrt(variance + epsilon) + beta
    # </solution>


# %% tags=["nbval-check-output"]
exercises.check_batch_norm(batch_norm)

# %% [markdown] tags=["solution"]
# One mean and one deviation for each channel, over all images of the batch and all positions: axes
# 0, 1 and 2. At batch size 1 the positions of the one image are left, so it is instance
# normalisation; on a 1×1 map nothing is left but the number itself, and the output is β.

# %% [markdown] tags=["exercise"]
# ### Exercise 4 · experiment: two pairs instead of one
#
# The network of section 9 hardly needed its bottleneck: with a single pair there is nothing to
# decide. Go on training `networks["U-Net"]` with both pairs (`inputs`, `targets`), repeat the cuts,
# and set the bottleneck's output to zero as well (for example by its kernel). Have the inner skips
# become more important, and why might they?

# %% tags=["exercise"]
both = keras.models.clone_model(U)
both.set_weights(U.get_weights())
# <solution>
both.compile(keras.optimizers.Adam(2e-4, beta_1=0.5), loss="mae")
both.fit(inputs, targets, batch_size=1, epochs=fit_steps // 2, verbose=0)


def l1_after(model):
    return float(ops.mean(ops.abs(generate(model, inputs[:1], "deterministic") - y1)))


def costs(model):
    """What each cut adds to the L1 distance at the first pair; by the side of the skip."""
    intact, found = l1_after(model), {}
    for join in (layer for layer in model.layers if isinstance(layer, layers.Concatenate)):
        cut = l1_after(change_skip(model, join, ops.zeros_like))
        found[f"{2 ** (len(found) + 1)}²"] = cut - intact
    bottleneck = [layer for layer in model.layers if isinstance(layer, layers.Conv2D)][-1]
    kernel = bottleneck.kernel.numpy()
    bottleneck.kernel.assign(0 * kernel)
    found["bottleneck"] = l1_after(model) - intact
    bottleneck.kernel.assign(kernel)
    return found


for name, model in {"one pair": U, "two pairs": both}.items():
    print(f"{name:10}" + "  ".join(f"{part}: {cost:+.3f}" for part, cost in costs(model).items()))
# </solution>

# %% [markdown] tags=["solution"]
# A little: in our runs each cut costs up to twice as much as before, in the same order, with 16²
# still first. With two pairs there is something to tell apart, so less can be painted by heart and
# more must be read from the condition. But the innermost skip and the bottleneck hardly count even
# now: what distinguishes two facades can be read off at 8² and wider. It takes many pairs, and
# a choice such as "which wall" that no single place gives away, before the bottleneck is worth its
# weights.

# %% [markdown] tags=["exercise"]
# ### Exercise 5 · experiment: doubling without stamps
#
# A decoder can also double by repeating each number in a 2×2 block and convolving afterwards. Some
# implementations do so, and the package can build theirs: `build_generator` makes the network that
# a configuration describes, and `narrow.replace(decoder="upsampling")` describes one with the other
# decoder (the course's own is called `"transposed"`). Does the number of weights change? Compare
# the untrained output of both decoders, as in section 7, and measure the grid: take the mean over
# every second row and every second column, once for each of the four starts (row 0 or 1, column 0
# or 1). Where there is a grid, the four means differ. Where has it gone, and what does the new
# decoder cost?

# %% alt="Untrained answers of two decoders, enlarged. The transposed convolutions leave a grid of single pixels; upsampling followed by convolution gives soft clouds without one." tags=["exercise"]
from pix2pix_course.training import build_generator

narrow = config.replace(image_size=64, generator_filters=8)
decoders = {}
# <solution>
for decoder in ("transposed", "upsampling"):
    keras.utils.set_random_seed(SEED)
    model = build_generator(narrow.replace(decoder=decoder))
    answer = ops.convert_to_numpy(generate(model, x1, "deterministic"))[0]
    decoders[decoder] = [answer[:32, :32]]
    inside = answer[8:-8, 8:-8]
    phases = [inside[i::2, j::2].mean(axis=(0, 1)) for i in (0, 1) for j in (0, 1)]
    print(f"{decoder:11} {trainable(model):,} weights, grid {np.std(phases, axis=0).mean():.4f}")
image_grid(decoders, cell=1.4)
plt.show()
# </solution>

# %% [markdown] tags=["solution"]
# The number of weights stays the same: each kernel is 4×4 between the same channels. The grid
# nearly goes. In a transposed convolution each of the four kinds of pixel (even or odd row and
# column) gets other taps of the kernel, so a flat surface comes out with a pattern of period two.
# After repeating pixels all taps touch every pixel, and what is flat stays flat. The price: each
# pixel is computed with 16 taps in place of 4, so the decoder has four times the multiplications.

# %% [markdown] tags=["exercise"]
# ### Exercise 6 · experiment: the network that `predict` cannot run
#
# Fit `broken(64, 16)` of section 7 to the first pair as in section 8, and compare its L1 distance
# in the modes `paper` and `running`. Look at the moving variance of the normalisation at the
# bottleneck. Why can this network not be run with `training=False`?

# %% tags=["exercise"]
keras.utils.set_random_seed(SEED)
bad = broken(64, 16)
# <solution>
bad.compile(keras.optimizers.Adam(2e-4, beta_1=0.5), loss="mae")
bad.fit(ten_x, ten_y, batch_size=1, epochs=fit_steps // 10, verbose=0)
for mode in ("paper", "running"):
    print(f"{mode:8} L1 {float(ops.mean(ops.abs(generate(bad, x1, mode) - y1))):.3f}")
norms = [layer for layer in bad.layers if isinstance(layer, layers.BatchNormalization)]
for name, norm in {"outside": norms[0], "at the bottleneck": norms[4]}.items():
    print(f"moving variance {name}: {float(ops.mean(norm.moving_variance)):.1e}")
# </solution>

# %% [markdown] tags=["solution"]
# In the mode `paper` it looks trained; in `running` it is far off. At the bottleneck the variance
# of a single number is 0, so with each step the moving variance keeps 0.9 of itself and goes to
# zero: after 100 steps it is 0.00003, after 300 it is nothing. With `training=False` the layer then
# divides by $\sqrt{\varepsilon}$, about 0.003: it multiplies by 300 what differs from the moving
# mean, and hands on what never occurred in training, where its output was always β.

# %% [markdown]
# ## Next
#
# [Notebook 03 · PatchGAN discriminator](03_patchgan_discriminator.ipynb) builds the judge of these
# images. To read on: sections 3.1, 3.2 and 6.1 of *Image-to-Image Translation with Conditional
# Adversarial Networks* ([arXiv:1611.07004](https://arxiv.org/abs/1611.07004)), and the U-Net's
# origin in the segmentation of cells ([arXiv:1505.04597](https://arxiv.org/abs/1505.04597)).
