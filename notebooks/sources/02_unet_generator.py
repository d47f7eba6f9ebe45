# %% [markdown]
# # 02 · U-Net generator
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/{{repository_path}}/blob/main/notebooks/{{notebook}})
#
# ![The U-Net as a V of boxes between a label map on the left and a photo on the right. The encoder halves the map in eight steps from 256 by 256 pixels to a single cell of 512 channels; the decoder doubles it again to a picture of 256 by 256. Dashed arrows, the skips, join boxes of equal side.]({{picture 02_unet_generator.png}})
#
# **What you will build.** The network that turns one image into another: the U-Net of the pix2pix
# paper, layer by layer, with a measured reason for every number. You prove that yours equals the
# packaged one. Then you fit it to a single pair, with and without skip connections, and see what
# these are worth.
#
# **Time.** About 45 minutes to read, and 50 for the exercises. The machine works for one to two
# minutes on two CPU cores (profile `cpu`); on a GPU it has not been measured.
#
# **After this notebook you can**
#
# - compute the sizes and the receptive field of a stack of strided convolutions;
# - say what a transposed convolution is, and why it is not an inverse;
# - build the U-Net and account for each of its 54,413,955 trainable weights;
# - explain where normalisation, bias and dropout belong, and where they do harm;
# - measure what a skip connection carries, and run a generator without changing it.
#
# It builds on [notebook 01](01_data_loading.ipynb), which made the pairs. No GAN yet.

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
from pix2pix_course.figures.plotting import image_grid, to_picture
from pix2pix_course.generators import MODES, generate, unet
from pix2pix_course.pairs import load_pairs, to_network
from pix2pix_course.support.gradients import gradient

plt.rcParams["figure.dpi"] = 80

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
fit_steps = 100 if PROFILE == "smoke" else 300  # of the small experiment in section 10
print(f"{dataset.name}: images of {config.image_size} pixels, {config.generator_filters} filters")

# %% [markdown]
# ## 1 · The whole network
#
# The next cells draw the packaged U-Net from its list of layers. (You need not follow their code.
# `keras.utils.plot_model` would need Graphviz; this does not.)


# %%
def draw_unet(plan, lit=("encoder", "decoder", "skips"), inches=8.4):
    """The boxes of a plan; parts that are not `lit` are pale."""
    down, up, skips, dropouts = plan
    depth = len(down)
    _, axis = plt.subplots(figsize=(inches, 0.06 * inches * (depth + 1)), layout="constrained")
    axis.set(xlim=(-4.6, 5.8), ylim=(-0.5, depth + 0.5))
    axis.axis("off")

    def arrow(start, end, part, **style):
        style = {"arrowstyle": "->", "color": "0.35", "alpha": 1 if part in lit else 0.2} | style
        axis.annotate("", end, start, arrowprops=style)

    def box(x, y, text, colour, part, before=None):
        style = {"facecolor": colour, "edgecolor": "0.3", "alpha": 1 if part in lit else 0.2}
        axis.add_patch(plt.Rectangle((x - 0.78, y - 0.31), 1.56, 0.62, **style))
        if inches > 6:  # else too small to read
            axis.text(x, y, text, ha="center", va="center", fontsize=1.07 * inches)
        if before:
            up_or_down = 0.31 if before[1] < y else -0.31
            arrow((before[0], before[1] + up_or_down), (x, y - up_or_down), part)
        return x, y

    place = None
    for level, channels in enumerate([3, *down]):
        y, colour = depth - level, "lightblue" if level else "0.9"
        x = -3.7 * y / depth
        place = box(x, y, f"{2**y}² × {channels}", colour, "encoder", place)
        if skips and 0 < level < depth:
            orange = {"linestyle": "--", "color": "tab:orange"}
            arrow((x + 0.8, y), (3.7 * y / depth + 0.4, y), "skips", **orange)
    for block, channels in enumerate(up, start=1):
        text = f"({channels}+{channels})" if skips and block < depth else f"{channels}"
        x, colour = 3.7 * block / depth + 1.2, "khaki" if block <= dropouts else "lightgreen"
        place = box(x, block, f"{2**block}² × {text}", colour, "decoder", place)


# %% alt="The U-Net as a V of boxes. The encoder halves the image in eight steps from 256²×3 to 1²×512; the decoder doubles it again to 256²×3. Dashed arrows, the skips, join boxes of equal side at seven levels. The three lowest boxes of the decoder are yellow." tags=["question-14"]
def plan_of(model):
    """Filters on the way down and on the way up, number of skips, number of dropouts."""
    kinds = layers.Conv2D, layers.Conv2DTranspose, layers.Concatenate, layers.Dropout
    of_kind = [[layer for layer in model.layers if isinstance(layer, kind)] for kind in kinds]
    down, up = ([layer.filters for layer in found] for found in of_kind[:2])
    return down, up, len(of_kind[2]), len(of_kind[3])


whole = plan_of(unet())
draw_unet(whole)
plt.show()

# %% [markdown]
# 128² × 64 stands for a grid of 128×128 cells with 64 numbers (*channels*) in each. Start at the
# upper left, with the condition. The blue boxes, the **encoder**, halve the grid again and again,
# down to a single cell, the **bottleneck**. The **decoder** on the right doubles it back to the
# size of the image. The dashed arrows are the **skips**: each hands what an encoder level found
# directly to the decoder level of the same side, hence 64+64. Yellow marks noise (section 7). Why
# halve down to one cell? How does one halve, and how double? What are the skips for? What stands
# between the convolutions? The next sections answer in turn.

# %% [markdown]
# ## 2 · A function from image to image
#
# A generator ends not in a class or a number but in another image. With $x$ for the condition, $y$
# for the target and $\hat y$ for what the network produces,
#
# $$\hat y = G(x), \qquad x, \hat y \in [-1, 1]^{H \times W \times 3}.$$
#
# What does such a function have to be able to do?

# %% alt="A label map and the painted photo that belongs to it. The outlines agree to the pixel; the colours and textures of the photo stand nowhere in the map."
pair = load_pairs(dataset, "train", config.image_size, limit=1)
x, y = to_network(pair.condition), to_network(pair.target)  # float32 in [-1, 1], a batch of one
print("x", x.shape, " y", y.shape, f" y from {y.min():.2f} to {y.max():.2f}")
image_grid({"condition x": pair.condition, "target y": pair.target}, cell=1.35)
plt.show()

# %% [markdown]
# With painted houses, light blue becomes a window with a frame, red a pillar. The outlines stay
# where they are; colour and texture are invented. So $G$ must keep *positions* to the pixel, and
# take decisions for the *whole image*: a wall has one kind of brick from left to right.
#
# The second need is a question of the **receptive field**: the part of the input that one number
# can depend on. A 3×3 convolution with stride 1 sees 3 pixels, and each further one adds 2. A 4×4
# convolution adds 3 *steps*. A step is the distance in input pixels between neighbouring cells of
# the grid that the layer reads: 1 for the first layer, doubled by every stride of 2. So after $n$
# such layers the field is
#
# $$r_{n} = r_{n-1} + 3 \cdot 2^{\,n-1}, \quad r_0 = 1 \quad\Rightarrow\quad r_n = 1 + 3\,(2^n-1).$$
#
# **Guess:** how many layers of each kind until the field is at least 256 pixels wide?

# %% tags=["predict", "nbval-check-output"]
wide = next(n for n in range(1, 999) if 1 + 2 * n >= 256)
print("3x3, stride 1:", wide, "layers")
for n in range(1, 9):
    print(f"4x4, stride 2: {n} layers see {1 + 3 * (2**n - 1):3d} pixels")

# %% alt="The condition, drawn 256 pixels wide, with six nested squares around its middle: what a number sees after one to six halvings. The smallest is a few pixels wide, the largest most of the image."
_, axis = plt.subplots(figsize=(3, 3), layout="constrained")
axis.imshow(to_picture(x[0]), extent=(0, 256, 256, 0))
for n in range(1, 7):
    side = 1 + 3 * (2**n - 1)
    corner = (128 - side / 2, 128 - side / 2)
    axis.add_patch(plt.Rectangle(corner, side, side, fill=False, edgecolor="black", linewidth=3))
    axis.add_patch(plt.Rectangle(corner, side, side, fill=False, edgecolor="white"))
axis.set(xticks=[0, 64, 128, 192, 256], yticks=[])
plt.show()

# %% [markdown]
# 128 layers against 7: halving makes a whole image affordable. The squares are what one number in
# the middle sees after one to six halvings.
#
# Is seven enough, then? The formula gives the *width* of the field, not where it lies. So we
# measure. Where the number depends on the image, the gradient with respect to the image is not
# zero; everywhere else it is. With all kernel weights set to 1, nothing cancels, so we can count.
# `gradient(function, at)` is the helper of notebook 00.


# %% tags=["nbval-check-output"]
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


for halvings in (1, 4, 7, 8):
    cells = 256 // 2**halvings
    print(f"{cells:3d} x {cells:<3d}: the first cell sees {sees(halvings):3d} of 256 columns")

# %% [markdown]
# The numbers are smaller than the formula's: part of a corner cell's field hangs over the edge. In
# the 2×2 grid it still misses one column. Only at **1×1** does a number see everything. So the
# paper halves all the way: 256 is $2^8$, eight halvings end in a single cell, and what is decided
# there holds for the whole picture.

# %% [markdown] tags=["exercise"]
# ### Exercise 1 · code: the receptive field of any stack
#
# Write where it says `# your turn`, then run the check, as often as you like. Explanations go into
# the cells that say *Your answer*.
#
# The formula above was for 4×4 convolutions with stride 2. Write it for any stack of convolutions,
# first layer first. Which field has the encoder for 256 pixels? And why does `sees` never say more
# than 256?


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
# layers after it. Eight halvings have a field of 766 pixels. `sees` counts pixels, and there are
# only 256 columns.

# %% [markdown]
# ## 3 · Halving
#
# Now the blue boxes. Each is a 4×4 convolution with stride 2 and `padding="same"`.

# %% alt="The plan of the U-Net in small: the encoder, the blue boxes on the left from the image down to the bottleneck, in full colour; decoder and skips pale."
draw_unet(whole, lit=["encoder"], inches=3.4)
plt.show()

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
# positions, and Keras adds as many zeros as that needs: for even $n$ and stride $s = 2$ they are
# $(\lceil n/s \rceil - 1)\,s + 4 - n = 2$, one row or column on each side.
#
# What does one layer compute? With $w$ for the kernel, cell $(i, j)$ looks at rows $2i-1$ to $2i+2$
# and the same columns:
#
# $$(Ax)_{ij} = \sum_{k,l=0}^{3} \sum_{c} w_{klc}\; x_{2i+k-1,\;2j+l-1,\;c}.$$
#
# We check it with whole numbers, which a computer adds without rounding.


# %% tags=["nbval-check-output"]
def whole_numbers(*shape):
    """Small integers in no particular order, the same on every machine."""
    return ((np.arange(np.prod(shape)) * 7919 % 1009) % 7 - 3).reshape(shape).astype(np.float32)


u, w = whole_numbers(1, 16, 16, 3), whole_numbers(4, 4, 3, 1)
conv = layers.Conv2D(1, 4, strides=2, padding="same", use_bias=False)
conv.build(u.shape)
conv.set_weights([w])
by_keras = ops.convert_to_numpy(conv(u))[0, :, :, 0]
padded = np.pad(u[0], ((1, 1), (1, 1), (0, 0)))  # index 0 is now the row of zeros
by_hand = np.zeros_like(by_keras)
for i, j in np.ndindex(by_hand.shape):
    by_hand[i, j] = np.sum(w[..., 0] * padded[2 * i : 2 * i + 4, 2 * j : 2 * j + 4])
print("first row by hand: ", *by_hand[0].astype(int))
print("first row by Keras:", *np.rint(by_keras[0]).astype(int))
print("cells that differ: ", np.sum(by_hand != by_keras), "of", by_hand.size)

# %% [markdown]
# ## 4 · Doubling
#
# The way back, the boxes on the right, uses `Conv2DTranspose`. It is also called "deconvolution",
# and the name suggests that it undoes a convolution. Does it?

# %% alt="The plan of the U-Net in small: the decoder, the yellow and green boxes on the right, in full colour; encoder and skips pale."
draw_unet(whole, lit=["decoder"], inches=3.4)
plt.show()

# %% [markdown]
# A convolution is linear, so it is a matrix, and in one dimension the matrix can be printed. We
# take 8 numbers, the kernel 1 2 3 4, stride 2, and let Keras convolve the eight unit vectors (one
# of the 8 numbers is 1, the others 0): the results are the columns of $A$. $B$ is the same for
# `Conv1DTranspose`. **Guess:** which shapes will the two matrices have? How does $B$ follow from
# $A$?

# %% tags=["predict", "nbval-check-output", "question-07"]
kernel = np.array([1, 2, 3, 4], np.float32)
options = {"strides": 2, "padding": "same", "use_bias": False}


def matrix(layer, inputs):
    """The matrix of a linear 1-D layer: its outputs for the unit vectors are the columns."""
    layer.build((None, inputs, 1))
    layer.set_weights([kernel.reshape(4, 1, 1)])
    columns = layer(np.eye(inputs, dtype=np.float32)[:, :, None])
    return np.rint(ops.convert_to_numpy(columns)[:, :, 0].T).astype(int)


A = matrix(layers.Conv1D(1, 4, **options), inputs=8)
B = matrix(layers.Conv1DTranspose(1, 4, **options), inputs=4)
print(f"A, convolution, {A.shape}:\n{A}\n\nB, transposed convolution, {B.shape}:\n{B}\n")
print("entries in which B differs from A transposed:", np.sum(B != A.T))
print("rank of B A:", np.linalg.matrix_rank(B @ A), "of 8")

# %% [markdown]
# Read $A$ row by row: each row is the kernel, two steps further on. Read $B$ column by column: each
# input number *stamps* a copy of the kernel into the output, two steps further on, and overlapping
# stamps are added. $B = A^\top$, hence the name. It has the shape of an inverse, 4 numbers to 8,
# but it cannot be one: half of what went in is gone. The *rank* counts what is left, 4 directions
# of 8.
#
# In two dimensions the matrix is too large to print, but a transpose can be recognised without it.
# With $\langle a, b\rangle$ for the sum of all products of a number in $a$ with its counterpart in
# $b$, for all $u$ and $v$
#
# $$\langle A u,\, v\rangle = \langle u,\, A^\top v\rangle .$$

# %% tags=["nbval-check-output", "question-07"]
down, up = layers.Conv2D(5, 4, **options), layers.Conv2DTranspose(3, 4, **options)
down.build((None, 16, 16, 3))
up.build((None, 8, 8, 5))
shared = whole_numbers(4, 4, 3, 5)  # (height, width, image channels, feature channels) in both
down.set_weights([shared])
up.set_weights([shared])
v = whole_numbers(1, 8, 8, 5)
left = int(np.sum(ops.convert_to_numpy(down(u)) * v))
right = int(np.sum(u * ops.convert_to_numpy(up(v))))
back = ops.convert_to_numpy(up(down(u)))
print("A: ", u.shape, "->", tuple(down(u).shape), "   A^T:", v.shape, "->", tuple(up(v).shape))
print("<A u, v> =", left, "  <u, A^T v> =", right)
print("A^T A u has the shape", back.shape, "and goes from", int(back.min()), "to", int(back.max()))
print("     u has the shape", u.shape, "and goes from", int(u.min()), "to", int(u.max()))

# %% [markdown]
# Shape restored, values not. In the decoder, $A^\top$ is an ordinary layer with its own, learned
# kernel.
#
# Why 4×4 and not the usual 3×3? Stamp with a kernel of ones, and count how many stamps land on each
# output pixel. **Guess:** stamps 3 wide, set 2 apart, overlap in one row and one column. What
# pattern does that make?

# %% alt="Two grids of 6 by 6 output pixels with the number of stamps on each. For 4×4 kernels every pixel has 4. For 3×3 the numbers 1, 2 and 4 alternate like a chessboard." tags=["predict"]
_, axes = plt.subplots(1, 2, figsize=(4.6, 2.5), layout="constrained")
for axis, size in zip(axes, (4, 3), strict=True):
    stamp = layers.Conv2DTranspose(1, size, **options, kernel_initializer="ones")
    stamps = ops.convert_to_numpy(stamp(np.ones((1, 8, 8, 1))))[0, :, :, 0]
    inside = np.rint(stamps[4:10, 4:10]).astype(int)  # away from the border
    axis.imshow(inside, cmap="Blues", vmin=0, vmax=8)
    for (row, column), count in np.ndenumerate(inside):
        axis.text(column, row, count, ha="center", va="center")
    axis.set(xticks=[], yticks=[], title=f"{size}×{size}, stride 2")
plt.show()

# %% [markdown]
# With 4×4 each pixel gets four stamps. With 3×3 it gets one, two or four in turn: a chessboard that
# the network has to learn to cancel. A kernel size divisible by the stride avoids it from the
# start. (Learned stamps can still have such a pattern: see the pictures of notebook 05.)

# %% [markdown]
# ## 5 · An encoder-decoder without skips
#
# Now both halves: eight halvings and eight doublings. The number of channels starts at 64 and
# doubles to 512, then stays.
#
# First a trap. An initializer is an object that draws random numbers. A layer calls it like a
# function, with a shape, when it makes its kernel. What if two layers share one?

# %% tags=["nbval-check-output", "question-01"]
one, other = (keras.initializers.RandomNormal(0.0, 0.02) for _ in range(2))
for name, second in {"the same object": one, "another object": other}.items():
    print(f"then {name}: {np.sum(one((4, 4)) != second((4, 4)))} of 16 weights differ")

# %% [markdown]
# A Keras 3 initializer picks its seed once, when it is made. If layers of equal shape share one,
# they start as copies of each other. So each layer gets its own. The standard deviation 0.02 is the
# paper's (§6.2).


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

# %% alt="The plan of the encoder-decoder: the same V of boxes as the U-Net, from 256²×3 down to 1²×512 and back, but without dashed arrows. Each decoder box has only its own channels."
draw_unet(plan_of(bare), inches=7.4)
del bare  # its weights take 150 MB
plt.show()

# %% [markdown]
# Read the last column of the table from top to bottom. The image has 196,608 numbers; 512 are left
# in the bottleneck, the only way from left to right. Enough for "a house of three storeys, brick,
# cloudy". But for the position of every window sill?
#
# The output layer is `tanh`, since images are in [-1, 1].
#
# Why does the doubling of the channels stop at 512? The cap is eight times the first width, for any
# size of image. One might leave it out, or take the *number of layers* for the cap, as one tutorial
# does; at 256 pixels it is 8 as well.

# %% tags=["nbval-check-output", "question-06", "question-70"]
for image_size in (128, 256, 512):
    depth = int(np.log2(image_size))
    for name, cap in {"cap 8": 8, "no cap": 2**depth, "cap by layers": depth}.items():
        widths = [64 * min(2**level, cap) for level in range(depth)]
        kernels = 16 * sum(np.multiply([3, *widths[:-1]], widths))
        print(f"{image_size} px, {name:14}{widths[-1]:6} channels at 1x1, {kernels:13,} weights")

# %% [markdown]
# Without a cap there are more than thirty times as many weights at 256 pixels, nearly all of them
# in the layers with the fewest cells. With the number of layers as the cap, another image size
# changes *all* inner layers, where only one should be added.

# %% [markdown]
# ## 6 · Skips
#
# A **skip** (skip connection) is the U-Net's answer: positions go around the bottleneck.

# %% alt="The plan of the U-Net in small: the dashed arrows of the skips in full colour, at seven heights from the left to the right; the boxes pale."
draw_unet(whole, lit=["skips"], inches=3.4)
plt.show()

# %% [markdown]
# A skip **concatenates** along the last axis, the channels. Any other axis would put the two grids
# beside or below each other.

# %% tags=["nbval-check-output", "question-16"]
decoded = encoded = np.zeros((1, 8, 8, 64))
for axis in (-1, 1, 2):
    print(f"axis {axis:2}:", ops.concatenate([decoded, encoded], axis=axis).shape)

# %% [markdown]
# 64 channels from the decoder and 64 from the encoder lie side by side as 128. The next convolution
# has separate weights for each half and can use or ignore either.
#
# What do skips cost? We count all weights, on paper first. Each 4×4 kernel from $c_{in}$ to
# $c_{out}$ channels has $16\,c_{in}c_{out}$ weights. A normalisation has two numbers for each
# channel, called γ and β; section 7 explains them.


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
inner = sum(row[4] for row in rows if row[1] <= 16) / kernels
print(f"in layers whose output has 16 x 16 cells or fewer: {inner:.0%}")


# %% tags=["nbval-check-output"]
def trainable(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


def by_table(*arguments, **options):
    return sum(sum(row[4:]) for row in parameter_table(*arguments, **options))


for name, skips in {"with skips": True, "without": False}.items():
    total, packaged = by_table(skips=skips), trainable(unet(skips=skips))
    print(f"{name:11} {total:,} on paper, {packaged:,} in the packaged network")
print(f"difference  {by_table() - by_table(skips=False):,}")

# %% [markdown]
# The paper lists the decoder as CD512-CD1024-CD1024-C1024-… (C for convolution, normalisation and
# ReLU, D for dropout), where our table has 512 channels. Both are right: 1024 is what a block
# *hands on*, 512 of its own and 512 of the skip. If you take the printed numbers for filters, as
# one book does, you build another network.

# %% tags=["nbval-check-output", "question-71"]
mirrored = widths_of(256, 64)[-2::-1]  # the encoder's, without the bottleneck, backwards
as_printed = [512, 1024, 1024, 1024, 1024, 512, 256]
decoders = {"no skips": [16 * row[2] * row[3] for row in parameter_table(skips=False)[8:]]}
for rule, filters in {"mirrored": mirrored, "as printed": as_printed}.items():
    handed_on = [own + skip for own, skip in zip(filters, mirrored, strict=True)]
    decoders[rule] = 16 * np.multiply([512, *handed_on], [*filters, 3])
    print(f"{rule}:\n  filters   {filters}\n  handed on {handed_on}")
    print(f"  weights in the decoder's kernels: {sum(decoders[rule]):,}")

# %% alt="Bars: kernel weights of the eight decoder blocks. With mirrored filters blocks 2 to 4 are the tallest, at 8 million each, twice as many as without skips. Filters as printed reach up to 25 million a block."
_, axis = plt.subplots(figsize=(6.4, 2.4), layout="constrained")
for place, (rule, weights) in enumerate(decoders.items()):
    axis.bar(np.arange(1, 9) + 0.27 * (place - 1), np.divide(weights, 1e6), 0.26, label=rule)
axis.set(xlabel="block of the decoder (8: the output)", ylabel="million weights")
axis.legend(fontsize=8)
plt.show()

# %% [markdown]
# From decoder 2 on, a block reads doubled channels, its own and the skip's, and decoders 2 to 4 are
# the heaviest. What skips cost, 15 million weights, is in the blocks that read them. The decoder as
# printed, with the same encoder, makes a network of 129 million weights, 2.4 times the paper's.
#
# A number such as 54,413,955 is a good first test of any *port*, that is, of the same network in
# another library. TensorFlow's pix2pix tutorial, for example, counts 54,414,979: exactly 1,024
# more, the γ and β of a normalised bottleneck. Section 7 shows what that does.

# %% [markdown] tags=["exercise"]
# ### Exercise 2 · prediction: adding instead of concatenating
#
# Suppose that the skips were added (as in a *ResNet*, a chain of blocks that add what they compute
# to what they were given), not concatenated. How many trainable weights would the network for 256
# pixels have? Find the number in this section before you build anything. What can the next layer no
# longer keep apart?

# %% tags=["exercise"]
# <solution>
weights_with_add = 39_075_459
# </solution>

# %% tags=["nbval-check-output"]
exercises.check_weights_with_add(weights_with_add)

# %% [markdown] tags=["solution"]
# 39,075,459, as many as without skips: a sum has as many channels as each of its two terms, so no
# decoder block reads more than without skips. But 5 may be the sum of 5 and 0, or of 2 and 3: the
# next layer cannot tell what came from the bottleneck and what from the skip, and cannot weigh them
# differently.

# %% [markdown]
# ## 7 · Between the convolutions
#
# ### The slope of LeakyReLU
#
# The encoder uses LeakyReLU: negative numbers are not cut off but made smaller, so that gradients
# pass on both sides of zero. The paper's factor is 0.2. Keras has a layer and a function of that
# name. Do they agree on the default?

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
# They do not. A port that writes `LeakyReLU()` has quietly built another network, and no error ever
# tells you. So write each number of a paper down, even where it looks like a default.

# %% [markdown]
# ### Dropout is the noise
#
# A GAN is usually given random numbers (*noise*), so that it can give more than one answer. The
# authors of pix2pix tried it, and the generator learned to ignore them (§3.1). What is left of
# randomness is dropout, rate 0.5, in the first three decoder blocks (yellow in the plan), also when
# the trained network is used. What does it do to a number?

# %% tags=["nbval-check-output", "question-04"]
dropout = layers.Dropout(0.5)
ones = np.ones((1, 8, 8, 512), np.float32)
first, second = (ops.convert_to_numpy(dropout(ones, training=True)) for _ in range(2))
print("values that 1 can become:", sorted({float(v) for v in np.unique(first)}))
print(f"zero in one call: {np.mean(first == 0):.1f} of the numbers;", end=" ")
print(f"the same in the next call: {np.mean(first == second):.1f} of them")
same = ops.convert_to_numpy(dropout(ones, training=False))
print("with training=False, numbers that change:", np.sum(same != ones))

# %% alt="Two grids of 8 by 8 cells, black where dropout has made a number zero and white where it has doubled it: about half and half, in different places in the two calls."
image_grid({"first call": [first[0, ..., 0] - 1], "second call": [second[0, ..., 0] - 1]}, cell=1.2)
plt.show()

# %% [markdown]
# A number is dropped, or doubled so that the mean stays, and each call draws anew. So $G$ is random
# after all: at 2×2, 4×4 and 8×8, where whole-image decisions are made.

# %% [markdown]
# ### Batch normalisation
#
# It subtracts from each channel its mean and divides by its standard deviation, over the batch and
# all positions, then scales by $\gamma$ and shifts by $\beta$, both learned:
#
# $$\mathrm{BN}(z) = \gamma\,\frac{z-\mu}{\sqrt{\sigma^2+\varepsilon}} + \beta .$$
#
# In training it also keeps *running averages* of $\mu$ and $\sigma^2$, which take their place when
# a network is called with `training=False` (section 13). The axis that is *kept*, `axis=-1` in
# Keras, is the last one, the channels. What is left to average over when the batch has one image?

# %% tags=["nbval-check-output", "question-15", "question-16"]
features = np.random.default_rng(0).normal(3, 2, (1, 8, 8, 4)).astype(np.float32)
norm = layers.BatchNormalization(axis=-1, epsilon=1e-5)
unit = ops.convert_to_numpy(norm(features, training=True))
instance = layers.GroupNormalization(groups=-1, epsilon=1e-5)(features)  # each image by itself
print("γ, β and the averages have the shape", tuple(norm.gamma.shape))
for name, z in {"before": features, "after": unit}.items():
    means, deviations = np.abs(z.mean(axis=(0, 1, 2))), z.std(axis=(0, 1, 2))
    print(f"{name:6} means", np.round(means, 1), " deviations", np.round(deviations, 1))
distance = np.abs(unit - ops.convert_to_numpy(instance)).max()
print(f"largest difference from instance normalisation: {distance:.2f}")

# %% [markdown]
# Its positions are left. So at the paper's batch size of 1 each image is normalised by itself,
# which is called *instance normalisation*.

# %% [markdown] tags=["exercise"]
# ### Exercise 3 · code: batch normalisation
#
# Write the formula for a batch of feature maps. Over which axes do $\mu$ and $\sigma$ run, and what
# is left to average at batch size 1, and on a 1×1 map?


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

# %% [markdown]
# ### How large is ε?
#
# ε guards against division by zero. The paper's code has $10^{-5}$, Keras' default is $10^{-3}$.
# The next cell normalises features of different size with both. The dotted line is the second layer
# of our encoder before training.

# %% alt="Standard deviation after batch normalisation against the deviation before, on a logarithmic axis. With ε = 1e-5 the curve reaches 1 near 0.01, with ε = 1e-3 near 0.1 only. A dotted line at a few hundredths marks the second encoder layer."
_, axis = plt.subplots(figsize=(4.6, 2.6), layout="constrained")
wave = np.sin(np.arange(64 * 64)).reshape(1, 64, 64, 1) * np.sqrt(2)  # standard deviation 1
deviations = np.logspace(-3.5, 0, 15)
for epsilon in (1e-5, 1e-3):
    norm = layers.BatchNormalization(epsilon=epsilon)
    after = [float(ops.std(norm(deviation * wave, training=True))) for deviation in deviations]
    axis.semilogx(deviations, after, label=f"ε = {epsilon:g}")
    small = float(ops.std(norm(0.01 * wave, training=True)))
    print(f"ε = {epsilon:g}: features with deviation 0.01 come out with {small:.2f}")
level_1 = layers.LeakyReLU(negative_slope=0.2)(halve(x, config.generator_filters))
level_2 = float(ops.std(halve(level_1, 2 * config.generator_filters)))
print(f"deviation of the second encoder layer: {level_2:.3f}")
axis.axvline(level_2, color="0.3", linestyle=":")
axis.set(xlabel="deviation before", ylabel="deviation after")
axis.legend()
plt.show()

# %% [markdown]
# It should be 1 everywhere. With $10^{-3}$, features with a deviation of 0.01 come out at a third
# of that. The features of our second layer, whose input is not normalised, are small enough to
# suffer; further in the numbers are larger. So this default does damage in one place, most of it in
# narrow networks.

# %% [markdown]
# ### A bias before a normalisation
#
# Why `use_bias=False`? Add a constant to a channel: its mean grows by the same constant, and
# normalisation subtracts it again. Is anything left?

# %% tags=["nbval-check-output", "question-20"]
conv, norm = layers.Conv2D(8, 4, strides=2, padding="same"), layers.BatchNormalization(epsilon=1e-5)
z, weight = conv(x), np.cos(np.arange(8, dtype=np.float32))
plain = norm(z, training=True)


def shifted():
    return norm(conv(x) + 3.0, training=True)  # a bias of 3 in each channel


to_bias, to_beta = gradient(lambda: ops.mean(shifted() ** 3 * weight), [conv.bias, norm.beta])
print(f"a bias of 3 changes the output by {float(ops.max(ops.abs(shifted() - plain))):.3f}")
print(f"largest gradient of a bias {np.abs(to_bias).max():.3f}, of a β {np.abs(to_beta).max():.1f}")

# %% [markdown]
# Nothing is left: such a bias has no effect, and no gradient but rounding noise. $\beta$, added
# *after* the normalisation, does its work. So every convolution that is normalised goes without
# bias, and the only bias of the U-Net is in the output layer, where no normalisation follows. (The
# first layer has neither.)

# %% [markdown]
# ### Normalisation at 1×1
#
# The paper trains with batches of **one** image. In the lowest box there is then one position.
# **Guess:** what is the mean of one number? And what is left of the number when normalisation has
# subtracted it?


# %% tags=["predict", "nbval-check-output"]
def bottleneck(batch, scale=1.0):
    """Halve 2×2 features to 1×1 and normalise: output minus β, and the kernel's gradient."""
    conv, norm = layers.Conv2D(8, 4, 2, padding="same", use_bias=False), layers.BatchNormalization()
    features = scale * np.random.default_rng(0).normal(size=(batch, 2, 2, 8))
    weight = np.random.default_rng(1).normal(size=(batch, 1, 1, 8))
    conv.build((None, 2, 2, 8))
    conv.set_weights([0.1 * whole_numbers(4, 4, 8, 8)])
    norm.build((None, 1, 1, 8))
    norm.beta.assign(np.arange(8) / 8)

    def output():
        return norm(conv(features), training=True)

    (to_kernel,) = gradient(lambda: ops.sum(output() * weight), [conv.kernel])
    return float(ops.max(ops.abs(output() - norm.beta))), np.abs(to_kernel).max()


for batch, scale in [(1, 1.0), (1, 100.0), (2, 1.0)]:
    distance, slope = bottleneck(batch, scale)
    print(f"batch {batch}, features times {scale:3.0f}: output minus beta {distance:.1f},", end=" ")
    print(f"kernel gradient {slope:.2f} (the largest)")

# %% [markdown]
# At batch size 1 the output is $\beta$, *whatever the input*. A layer of 4,194,304 weights is cut
# off from the image. Its output does not depend on its kernel, so the gradient is zero: it can
# never learn. With two images there are two numbers to take a mean of, and the layer works.
#
# This happened to the authors themselves: an erratum at the end of the paper says that the
# innermost layer was in effect skipped, and their public code dropped that normalisation. Several
# ports still have it. We leave it out; section 9 breaks the network this way on purpose.

# %% [markdown]
# ### The order within a block
#
# The authors' order is *activation, convolution, normalisation*: a block begins with the
# activation. So what a block hands on, also through a skip, is normalised but **not yet
# activated**. The encoder then applies LeakyReLU to it, the decoder ReLU. Other codes activate
# first, and their decoder applies ReLU on top of LeakyReLU. Does that make a difference?

# %% tags=["nbval-check-output"]
z = np.array([-2, -1, 0, 1, 2], np.float32)
leaky = ops.leaky_relu(z, negative_slope=0.2)
for name, values in {"z": z, "ReLU": ops.relu(z), "ReLU of LeakyReLU": ops.relu(leaky),
                     "LeakyReLU": leaky}.items():  # fmt: skip
    print(f"{name:18}" + "".join(f"{float(value):6.1f}" for value in values))

# %% [markdown]
# ReLU of LeakyReLU is ReLU: a matter of taste. Leaving the ReLU out, as some ports do, is another
# network.

# %% [markdown]
# ## 8 · The U-Net by hand
#
# The normalisation needs two more numbers from the authors' code: γ starts from N(1, 0.02), and the
# `momentum` is 0.9. At each step the running averages keep 0.9 of themselves and take 0.1 of what
# the batch shows. (Keras' default is 0.99.)
#
# The encoder collects the features of every level down to 2×2, and the decoder picks them up from
# the last to the first.


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


# %% alt="The plan of the network built by hand, for images of 64 pixels: a V of boxes like the first one, but with six levels, from 64²×3 to 1²×512, and five dashed arrows."
def build(image_size, filters=64, skips=True, side=None):
    """G: (batch, height, width, 3) → the same shape; `side` fixes height and width."""
    *widths, innermost = widths_of(image_size, filters)  # `innermost` is the last of the list
    condition = keras.Input((side, side, 3))
    features = encode(condition, widths)
    x = halve(layers.LeakyReLU(negative_slope=0.2)(features[-1]), innermost)  # the bottleneck, 1×1
    x = decode(x, widths, features, skips)
    x = double(layers.ReLU()(x), 3, use_bias=True)
    return keras.Model(condition, layers.Activation("tanh")(x))


draw_unet(plan_of(build(64)), inches=7.4)
plt.show()

# %% [markdown]
# That is the whole network. With `side=None` height and width stay open.
#
# Now the proof. Has yours as many weights as the packaged `unet`? And does it give, *with the same
# weights*, the same output for a random image? We compare in each of the three modes that section
# 13 explains, and as a control before the weights are copied.

# %% tags=["nbval-check-output"]
keras.utils.set_random_seed(1)
mine, theirs = build(64, filters=8), unet(64, filters=8)
print("weights:", f"{mine.count_params():,}", f"{theirs.count_params():,}")
probe = np.random.default_rng(0).uniform(-1, 1, (1, 64, 64, 3)).astype(np.float32)


def distance(a, b, mode):
    return float(ops.max(ops.abs(generate(a, probe, mode) - generate(b, probe, mode))))


print("before copying they differ:", distance(mine, theirs, "deterministic") > 1e-3)
mine.set_weights(theirs.get_weights())
for mode in MODES:
    print(f"largest difference after copying, mode {mode}: {distance(mine, theirs, mode):.3f}")

# %% [markdown]
# Equal, noise included. So you may read the package as your own work. `drop` is `layers.Dropout`
# with a seed of its own; `widths_of`, `normal`, `normalise`, `halve` and `double` are those that
# you wrote above. (Table 2 is the paper's.)

# %% tags=["nbval-check-output"]
print(inspect.getsource(unet))

# %% [markdown]
# ## 9 · Probe it before you train it
#
# A network is cheapest to debug before its first training step. Feed one image to an untrained $G$
# and check three things: the shape, the range, and that the result shows no opinion yet. **Guess:**
# what picture do you expect from random weights around 0.02?

# %% alt="A quarter of the condition and what the untrained generator makes of it. With batch statistics: grey with a fine coloured grid; with running averages: plain grey. Neither shows anything of the target." tags=["predict"]
keras.utils.set_random_seed(SEED)
G = build(config.image_size, config.generator_filters)
y_hat, y_running = generate(G, x, "paper", seed=SEED), generate(G, x, "running")
columns = {"condition x": x, "batch statistics": y_hat, "running averages": y_running}
corner = slice(0, config.image_size // 2)  # a quarter of the picture, enlarged
image_grid({title: c[:, corner, corner] for title, c in columns.items()}, cell=1.8)
print("target", y.shape, "  answer", tuple(y_hat.shape))
for name, output in {"batch statistics": y_hat, "running averages": y_running}.items():
    print(f"{name}: mean {np.mean(output):+.2f}, standard deviation {np.std(output):.2f}")
plt.show()

# %% [markdown]
# That is the upper left quarter. Greyish, as hoped: the values lie around 0, which is mid-grey. The
# fine grid in the second picture comes from the random stamps of section 4, laid two pixels apart.
#
# The third picture is plain grey, or nearly. There the normalisation used its *running averages*,
# which before training are 0 and 1 and so normalise nothing; what the small weights made small
# stays small. Section 13 returns to it.
#
# The second probe: does every weight learn? We ask for the gradient of the L1 distance (notebook
# 00) at batch size 1, and count the weight tensors that get one; then the same with a normalised
# bottleneck.


# %% tags=["nbval-check-output"]
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


keras.utils.set_random_seed(2)
small, bad = build(64, filters=8), broken(64, filters=8)
goal = np.random.default_rng(1).uniform(-1, 1, (1, 64, 64, 3)).astype(np.float32)
for name, model in {"U-Net": small, "normalised bottleneck": bad}.items():
    found = gradients(model, probe, goal)
    dead = [i for i, slope in enumerate(found) if np.abs(slope).max() < 1e-12]
    dead_weights = sum(found[i].size for i in dead)
    print(f"{name}: {len(dead)} of {len(found)} weight tensors get no gradient,", end=" ")
    print(f"that is {dead_weights:,} weights")

# %% [markdown]
# In the U-Net every tensor is reached. In the broken one six are not: kernel, γ and β of the
# bottleneck, and the same three of the first decoder block. β starts at 0, so the bottleneck hands
# on exact zeros; the gradient of ReLU is zero there, and the next block has nothing to work on and
# nothing to send back. (At full size these are 8,390,656 weights.) No error tells you: the network
# trains through its skips.
#
# But "every tensor" is not "every number". The bottleneck's 4×4 kernel meets a 2×2 input, padded by
# one row of zeros on each side, and is applied exactly once. How many of its 16 taps (its places, 4
# by 4) ever touch data?

# %% tags=["nbval-check-output"]
kernel_gradients = [g for g in gradients(small, probe, goal) if g.ndim == 4]
taps = [int((np.abs(slope).max(axis=(2, 3)) > 1e-9).sum()) for slope in kernel_gradients]
sizes = [64 >> level for level in range(1, 7)] + [2**block for block in range(1, 7)]
for name, part in {"encoder": slice(0, 6), "decoder": slice(6, 12)}.items():
    counts = zip(sizes[part], taps[part], strict=True)
    print(f"{name}: " + ", ".join(f"{side}²: {count}/16" for side, count in counts))

# %% [markdown]
# Four, on the way into 1×1 and on the way out of it. The other twelve see only padding and keep
# their random start for ever. At full size these are two times 3,145,728 weights, more than a tenth
# of the network. Section 12 shows where it matters.

# %% [markdown] tags=["exercise"]
# ### Exercise 4 · experiment: doubling without stamps
#
# A decoder can also double by repeating each number in a 2×2 block and convolving afterwards. The
# package has such a decoder: `build_generator` makes the network that a configuration describes,
# and `narrow.replace(decoder="upsampling")` describes this one (ours is called `"transposed"`).
# Compare the number of weights and the untrained output for `x1`. Measure the grid: the mean over
# every second row and column, for each of the four starts (row 0 or 1, column 0 or 1). The standard
# deviation of these means should be at least five times smaller in one of the two. Why, and what
# does the new decoder cost?

# %% alt="Untrained answers of two decoders, enlarged. The transposed convolutions leave a grid of single pixels; upsampling followed by convolution gives soft clouds without one." tags=["exercise"]
from pix2pix_course.training import build_generator

narrow = config.replace(image_size=64, generator_filters=8)
x1 = to_network(load_pairs(dataset, "train", 64, limit=1).condition)
answers = {}
# <solution>
for decoder in ("transposed", "upsampling"):
    keras.utils.set_random_seed(SEED)
    model = build_generator(narrow.replace(decoder=decoder))
    answer = ops.convert_to_numpy(generate(model, x1, "deterministic"))[0]
    answers[decoder] = [answer[:32, :32]]
    inside = answer[8:-8, 8:-8]
    phases = [inside[i::2, j::2].mean(axis=(0, 1)) for i in (0, 1) for j in (0, 1)]
    print(f"{decoder:11} {trainable(model):,} weights, grid {np.std(phases, axis=0).mean():.4f}")
image_grid(answers, cell=1.4)
plt.show()
# </solution>

# %% [markdown] tags=["solution"]
# The number of weights stays the same: each kernel is 4×4 between the same channels. The grid
# nearly goes. In a transposed convolution, pixels of even and odd rows and columns get other taps
# of the kernel, so a flat surface comes out with a pattern of period two. After repeating, all taps
# touch every pixel, and what is flat stays flat. The price: each pixel is computed with 16 taps in
# place of 4, so the decoder has four times the multiplications.

# %% [markdown]
# ## 10 · What a skip is worth: fit one pair
#
# Can a decoder redraw an image from what passes through 1×1? We train the U-Net and the
# encoder-decoder to reproduce a single pair at 64 pixels, with the L1 distance alone (Keras: `mae`)
# and the paper's Adam (learning rate 2e-4, $\beta_1$ = 0.5; notebook 05 says what it is). Two
# reference values: what a grey picture costs, and what the best picture of a single colour costs
# (the median).

# %%
pairs = load_pairs(dataset, "train", 64, limit=2)
inputs, targets = to_network(pairs.condition), to_network(pairs.target)
x1, y1, x2 = inputs[:1], targets[:1], inputs[1:2]  # the pair to fit, and another condition
grey = float(np.mean(np.abs(y1)))
one_colour = float(np.mean(np.abs(y1 - np.median(y1, axis=(1, 2), keepdims=True))))
ten_x, ten_y = np.repeat(x1, 10, axis=0), np.repeat(y1, 10, axis=0)  # an "epoch" of ten steps
networks, curves = {}, {}
for name, skips in {"U-Net": True, "encoder-decoder": False}.items():
    keras.utils.set_random_seed(SEED)
    networks[name] = model = build(64, filters=16, skips=skips)
    model.compile(keras.optimizers.Adam(2e-4, beta_1=0.5), loss="mae")
    fitted = model.fit(ten_x, ten_y, batch_size=1, epochs=fit_steps // 10, verbose=0)
    curves[name] = fitted.history["loss"]

# %% [markdown]
# **Guess:** both networks have more than enough weights to memorise one picture. Draw the two
# curves of the loss before you look.

# %% alt="L1 against training steps. The U-Net falls sooner and ends lower than the encoder-decoder; both end far below the two dashed levels of a grey picture and of the best single colour." tags=["predict"]
print(f"references: grey {grey:.2f}, best single colour {one_colour:.2f}")
_, axis = plt.subplots(figsize=(7, 3), layout="constrained")
for name, losses in curves.items():
    print(f"{name}: L1 {losses[0]:.2f} in the first ten steps, {losses[-1]:.2f} in the last ten")
    axis.plot(10 * np.arange(1, len(losses) + 1), losses, label=name)
axis.axhline(grey, color="0.5", linestyle=":", label="grey picture")
axis.axhline(one_colour, color="0.5", linestyle="--", label="best single colour")
axis.set(xlabel="step", ylabel="L1", ylim=(0, None))
axis.legend(fontsize=8)
plt.show()

# %% [markdown]
# The U-Net gets there sooner and ends lower, but the loss of the encoder-decoder falls as well.
# From the curves alone one would say: the same thing, only slower.
#
# But a loss at one pair does not say *how* the picture comes about. So we give both networks inputs
# that they were not trained on: the same condition moved by a quarter of its width (what leaves on
# the right comes in on the left), and the condition of another pair. **Guess:** what will the
# encoder-decoder answer to each?

# %% alt="Three conditions and two networks' answers. On the condition it knows each paints its house. Moved or foreign, the U-Net's picture follows the map, with stains; the encoder-decoder repeats the same house unmoved." tags=["predict"]
conditions = {"its own": x1, "moved 16 px": np.roll(x1, 16, axis=2), "another": x2}
columns = {"condition": [c[0] for c in conditions.values()]}
for name, model in networks.items():
    columns[name] = [generate(model, c, "deterministic")[0] for c in conditions.values()]
    own, *others = columns[name]
    changes = [float(ops.mean(ops.abs(other - own))) for other in others]
    print(f"{name:16} answer changes by {changes[0]:.4f} (moved), {changes[1]:.4f} (another)")
upper_halves = {title: [image[:32] for image in column] for title, column in columns.items()}
image_grid(upper_halves, cell=1.9, row_names=list(conditions))
plt.show()

# %% [markdown]
# You see the upper halves. The encoder-decoder shows the *same picture* whatever it is given: it
# has learned the target by heart. With painted houses its answers change by a hundredth or less,
# the U-Net's by many times that. The U-Net, after the very same training, follows the condition. It
# draws the facade where the moved map has it, and puts bricks and windows into the outlines of the
# other one: clumsily, but in the right places. (Under `smoke` all of it is blurred.)
#
# Only one network has become a *function of x*. With many pairs, an encoder-decoder has to squeeze
# something of its input through 1×1; in the paper's comparison (its table 2) it stays clearly
# behind all the same.

# %% [markdown]
# ## 11 · Break it: cut a skip, shift a skip
#
# Which skip carries what? `change_skip` makes a view of the trained U-Net that shares all weights,
# but in which the features of one skip pass through a function first: zeros (cut), or a shift by
# one cell.


# %%
U = networks["U-Net"]


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


joins = [layer for layer in U.layers if isinstance(layer, layers.Concatenate)]
operations = {"cut": ops.zeros_like, "shifted": shift}
columns = {"nothing changed": [generate(U, x1, "deterministic")[0]] * 2}
for level, join in enumerate(joins, start=1):
    columns[f"skip at {2**level}²"] = [
        generate(change_skip(U, join, change), x1, "deterministic")[0]
        for change in operations.values()
    ]

# %% [markdown]
# **Guess:** the skips have sides 2, 4, 8, 16 and 32. Cutting which one hurts most, and which one
# least?

# %% alt="The trained U-Net's picture after one skip is cut (above) or shifted (below). Changes of the narrow skips, at 2² and 4², are hardly seen; those at 8² and 16² ruin windows and walls." tags=["predict"]
for row, name in enumerate(operations):
    l1 = {title: float(ops.mean(ops.abs(c[row] - y1[0]))) for title, c in columns.items()}
    numbers = ", ".join(f"{title.split()[-1]} {value:.3f}" for title, value in l1.items())
    print(f"L1 when {name:8}{numbers.replace('changed', 'none')}")
middle = slice(16, 48)  # enlarged, to see the details
enlarged = {title: [c[middle, middle] for c in column] for title, column in columns.items()}
image_grid(enlarged, cell=1.3, row_names=list(operations))
plt.show()

# %% [markdown]
# The pictures show the middle of the image. Cutting a skip beside the bottleneck changes next to
# nothing. With painted houses, cutting at 8² or 16² takes the windows and the borders between the
# walls apart; at 32², one step from the output, the picture only loses a little contrast. A shift
# by one cell does damage at the same levels. In our runs 16² is the worst: there a cell is 4 pixels
# wide.
#
# So the skips carry *where*, each at its own scale, and this network hardly needs its bottleneck:
# for a single pair there is nothing global to decide.

# %% [markdown] tags=["exercise"]
# ### Exercise 5 · experiment: two pairs instead of one
#
# With two pairs there is something to decide. Go on training a copy of `U` with both (`inputs`,
# `targets`), repeat the cuts, and set the bottleneck's output to zero as well (for example by its
# kernel). Have the inner skips become more important, and why might they? Expect the bottleneck to
# cost less than 0.02 both times.

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
# still first. With two pairs there is something to tell apart, so more must be read from the
# condition. But the innermost skip and the bottleneck hardly count even now: what distinguishes the
# two pairs can be read off at 8² and wider. It takes many pairs before the bottleneck is worth its
# weights.

# %% [markdown]
# ## 12 · Any size that fits
#
# A convolution works on any height and width, so a network trained on 64×64 should accept 64×128,
# or 100×100? **Guess:** one of these two fails. Which one, and where?


# %% tags=["predict", "nbval-check-output", "question-02", "question-23"]
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


for height, width in [(64, 64), (64, 128), (192, 64), (100, 100)]:
    down, up = sides_of(width)
    print(f"{height} x {width}: {result_for(height, width)}")
    print("   widths down", *down, "  up", *up)

# %% [markdown]
# Look at the last line. Halving rounds up, so 7 becomes 4; but doubling makes 8 of 4, and 8 cannot
# be laid beside 7. The error comes from the first `Concatenate` whose two sides disagree. With six
# halvings, both sides must be multiples of $2^6 = 64$; a 256-pixel network needs multiples of 256.
# For other images `pix2pix-course translate` pads by reflection and crops the result.
#
# And what if the input had been given a fixed size, by `side=64` in `build`?

# %% tags=["nbval-check-output", "question-02", "question-24", "question-75"]
for name, model in {"open": build(64, filters=4), "fixed": build(64, filters=4, side=64)}.items():
    inner = [layer.output for layer in model.layers if type(layer) is layers.Conv2D][-1]
    print(f"{name:6}input {model.input.shape}, bottleneck {inner.shape}")
    print(f"      {trainable(model):,} weights; 64 x 128: {result_for(64, 128, model)}")

# %% [markdown]
# Only what it accepts changes. `None` is a size that is not known before an image comes. Only the
# second network knows beforehand that its bottleneck is 1×1.
#
# Does "accepts" mean "works"? At 64×128 the bottleneck is 1×2. Now taps of its kernel touch data
# that never did in training: the twelve of section 9, still at their random start. Let us set them
# to zero and see who notices.

# %% alt="A condition twice as wide as high, made of two; the U-Net's answer, which follows it; and the difference that the untrained taps make, strongly amplified: coloured speckles, strongest near the middle."
centre = np.zeros((4, 4, 1, 1), np.float32)
centre[1:3, 1:3] = 1  # the four taps that were trained
inward = [layer for layer in U.layers if isinstance(layer, layers.Conv2D)][-1]
outward = next(layer for layer in U.layers if isinstance(layer, layers.Conv2DTranspose))
wide = np.concatenate([x1, x2], axis=2)
before = [ops.convert_to_numpy(generate(U, c, "deterministic")) for c in (x1, wide)]
kept = U.get_weights()
for layer in (inward, outward):
    layer.kernel.assign(layer.kernel * centre)
after = [ops.convert_to_numpy(generate(U, c, "deterministic")) for c in (x1, wide)]
U.set_weights(kept)
for name, a, b in zip(("64 x 64", "64 x 128"), before, after, strict=True):
    print(f"{name}: outputs differ by {np.abs(a - b).mean():.6f} without the untrained taps")
change = np.clip(50 * (after[1] - before[1]), -1, 1)
image_grid({"condition": wide, "answer": before[1], "difference × 50": change}, cell=2.4)
plt.show()

# %% [markdown]
# The training size sees no difference; the wide image does, if only a little here, where the
# bottleneck matters little. So larger images are accepted, and usually look fine, but weights that
# were never trained take part in them.
#
# The other way to another size is another depth: $\log_2$ of the size, in the package for 64 to 512
# pixels.

# %% tags=["nbval-check-output", "question-23"]
for image_size in (64, 128, 256, 512):
    print(f"{image_size:3d} px: {len(widths_of(image_size, 64))} halvings,", end=" ")
    print(f"{by_table(image_size):10,} weights;", end=" ")
    print(f"with 4 filters {by_table(image_size, 4):,},", end=" ")
    print(f"{trainable(unet(image_size, filters=4)):,} in the package")
print(f"one level more: {by_table(512) - by_table(256):,}")

# %% [markdown]
# Each doubling of the image adds one level of the same price.
#
# And the number of *channels*? It may differ between condition and target: one grey channel may
# become three, or the two colour channels of another colour space.

# %% tags=["nbval-check-output", "question-17"]
for inputs_, outputs_ in [(3, 3), (1, 3), (1, 2)]:
    model = unet(64, inputs_, outputs_, filters=4)
    answer = generate(model, np.zeros((1, 64, 64, inputs_)), "deterministic")
    print(f"{inputs_} -> {outputs_}: output {tuple(answer.shape)}, {trainable(model):,} weights")

# %% [markdown]
# Only the first and the last layer notice.

# %% [markdown]
# ## 13 · Three ways to run it
#
# Dropout and normalisation behave differently in training and after it. Keras has one switch for
# both, `training`. `generate(G, x, mode)` names three ways:
#
# | mode | normalisation by | dropout |
# |---|---|---|
# | `paper` | statistics of this image | on |
# | `deterministic` | statistics of this image | off |
# | `running` | averages kept in training (`training=False`, as in `predict`) | off |
#
# The paper tests as it trains: the first row, in Keras `G(x, training=True)`. **Guess:** `U` has 49
# weight arrays, 18 of which are moving averages. How many does each call change?


# %% tags=["predict", "nbval-check-output", "question-04"]
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
# at results changes the network. `generate` gets the same numbers and discards the new averages.
# Does it matter? Look at another image fifty times, then ask for the first one again.

# %% alt="Four answers to the same condition. In the modes paper, deterministic and running they look alike; after fifty looks at another image, the mode running gives a picture with much too strong colours."
shown, l1 = {}, {}
for mode in MODES:
    shown[mode], second = (generate(U, x1, mode, seed)[0] for seed in (1, 2))
    between = float(ops.mean(ops.abs(shown[mode] - second)))
    l1[mode] = float(ops.mean(ops.abs(shown[mode] - y1[0])))
    print(f"{mode:14} L1 {l1[mode]:.3f}   two seeds differ by {between:.4f}")
kept = U.get_weights()
for _ in range(50):
    U(x2, training=True)  # only looking …
shown["running, later"] = generate(U, x1, "running")[0]
U.set_weights(kept)
later = float(ops.mean(ops.abs(shown["running, later"] - y1[0])))
print(f"running, after 50 looks: L1 {later:.3f}")
image_grid({title: [picture] for title, picture in shown.items()}, cell=1.6)
plt.show()

# %% [markdown]
# Only `paper` depends on the seed: that is the dropout noise, the one source of variety in pix2pix,
# and a small one, as the paper also finds. `running` is close to the others here because all its
# averages stem from this one image; the last picture shows how easily they are spoilt. From here on
# the course calls `generate`, or `translate`, which calls it.

# %% [markdown] tags=["exercise"]
# ### Exercise 6 · experiment: the network that `predict` cannot run
#
# Fit `broken(64, 16)` of section 9 to the first pair as in section 10, and compare its L1 distance
# in the modes `paper` and `running`. Expect one to be at least twice the other. Look at the moving
# variance of the normalisation at the bottleneck. Why can this network not be run with
# `training=False`?

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
# divides by $\sqrt{\varepsilon}$, about 0.003, and hands on what never occurred in training, where
# its output was always β.

# %% [markdown]
# ## Recap
#
# - $G$ halves with 4×4, stride 2 down to 1×1, because only there a number depends on every pixel.
# - A transposed convolution is the transpose of a convolution: shape restored, values not.
# - The U-Net has 54,413,955 trainable weights.
# - Slope 0.2, ε = 1e-5, no bias before a normalisation, none on the 1×1 bottleneck, dropout in the
#   first three decoder blocks: none gives an error when it is wrong.
# - Skips carry *where*. Without them a network can reach a low loss and ignore its input.
# - Looking with `training=True` changes a network; `generate` does not.

# %% [markdown]
# **What this does not show.** One memorised pair is no translation: nothing was tested on unseen
# pairs, and the ranking of skips holds for that one picture and small network. Whether a picture
# looks *real* has not been asked.

# %% [markdown]
# ## Next
#
# [Notebook 03 · PatchGAN discriminator](03_patchgan_discriminator.ipynb) builds the judge of these
# images. To read on: sections 3.1, 3.2 and 6.1 of *Image-to-Image Translation with Conditional
# Adversarial Networks* ([arXiv:1611.07004](https://arxiv.org/abs/1611.07004)), and the U-Net's
# origin in the segmentation of cells ([arXiv:1505.04597](https://arxiv.org/abs/1505.04597)).
