# %% [markdown]
# # 01 · Data loading
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/{{repository_path}}/blob/main/notebooks/{{notebook}})
#
# **What you will build.** The road from picture files to the batches that a pix2pix trains on:
# pairs that are read, cleaned, enlarged, cropped, mirrored and shuffled, with both sides of a pair
# always treated alike. You build each step by hand, prove it equal to the step in the package, and
# break it on purpose to see what it is good for.
#
# **Time.** About 1 minute on two CPU cores; on a GPU not measured (nothing here needs one).
#
# **After this notebook you can**
#
# - say what a pair is, which half is the input, and why that must never be a constant in code;
# - explain why label maps and photos are resized in different ways, and what JPEG does to labels;
# - write jitter that keeps the two sides of a pair aligned, and measure what happens if it does not;
# - make shuffling and jitter a function of (seed, epoch, position), so that a training can be
#   stopped and resumed without a trace;
# - bring a folder of your own pairs and have it checked.
#
# It builds on nothing but Keras basics. Notebook 02 builds the generator that eats these batches.

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
import io
import os
import tempfile
import time
from pathlib import Path

from pix2pix_course.quiet import quiet_stderr

with quiet_stderr():  # TensorFlow greets with log lines
    import tensorflow as tf

import keras
import matplotlib.pyplot as plt
import numpy as np
from matplotlib_inline.backend_inline import set_matplotlib_formats
from PIL import Image

from pix2pix_course import datasets, pipeline
from pix2pix_course.config import profile
from pix2pix_course.datasets import open_dataset, read_pair
from pix2pix_course.painter import paint_pair
from pix2pix_course.palettes import PALETTES
from pix2pix_course.plotting import image_grid

set_matplotlib_formats("jpeg", pil_kwargs={"quality": 90})  # photos as PNG would fill the file
gpus = len(tf.config.list_physical_devices("GPU"))
print(f"TensorFlow {tf.__version__}, Keras {keras.__version__}, {gpus} GPU")

# %% tags=["parameters"]
PROFILE = "cpu"  # "smoke" proves that every cell runs, "cpu" teaches, "gpu" is the paper
DATASET = "painted"  # or a name from `pix2pix-course data list`, or a folder of pairs
DIRECTION = None  # "AtoB" or "BtoA"; None: as the data set says of itself
PALETTE = None  # label colours of a folder that does not describe itself
SEED = 0  # order, crops and flips follow from it

# %%
config = profile(PROFILE).replace(
    dataset=DATASET, direction=DIRECTION, palette=PALETTE, seed=SEED
)
keras.utils.set_random_seed(SEED)
size = config.image_size
print(f"profile {PROFILE}: pictures of {size}×{size} pixels")

# %% [markdown]
# ## 1 · A pair is one file
#
# A pix2pix learns from examples of the form "this picture should become that one". Before you run
# the next cell: how would you store such examples, so that the two pictures of an example can never
# be mixed up?
#
# The authors' answer is plain: glue them together. A pair is **one file**, twice as wide as high.
# Its left half is called **A**, its right half **B**. There is no table of names to keep in order
# and no second folder that might lack a file.
#
# The set of this course is *painted*: a program draws house fronts and, at the same time, the map
# of what is where. It needs no network. If it is not on your disk yet, the next cell paints it,
# which takes some seconds.

# %% tags=["nbval-check-output"]
dataset = open_dataset(config.dataset, config.direction, config.palette)
for split, files in dataset.splits.items():
    print(f"{split:5} {len(files)} files, the first is {files[0].name}")
print(f"direction {dataset.direction}: {dataset.condition_side} is the input")

# %% [markdown]
# The splits are three folders: `train` to learn from, `val` to look at while you try things out,
# and `test` for the final figures.
#
# The last line says that, in this folder, the *right* half B is what the network will be given and
# the left half A is what it should produce. Keep that line in mind; section 2 is about it.
#
# Reading a pair takes three lines with Pillow. Complete the thought before you look: which index of
# the array is the width?

# %%
def read_pair_by_hand(path):
    picture = np.asarray(Image.open(path).convert("RGB"))
    half = picture.shape[1] // 2
    return picture[:, :half], picture[:, half:]


path = dataset.files("train")[0]
a, b = read_pair_by_hand(path)
print(f"A {a.shape} {a.dtype}, B {b.shape} {b.dtype}, values from {a.min()} to {a.max()}")

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(6, 3), layout="constrained")
for axis, side, image in ((left, "A", a), (right, "B", b)):
    role = "input" if side == dataset.condition_side else "target"
    axis.imshow(image)
    axis.set_title(f"{side}: the {role}", fontsize=10)
    axis.axis("off")
plt.show()

# %% [markdown]
# In the picture above (with the painted set) the photo is A and the map is B. The map has one flat
# colour for each kind of thing: light blue for windows, orange-red for mouldings, dark blue for
# what does not belong to the house. The network will see the map and should answer with a photo.
#
# What you built is what the package does on a good day. Its `read_pair` does more on a bad one: it
# turns grey, 16-bit, CMYK and transparent files into RGB, obeys a camera's rotation mark, and
# refuses what cannot be a pair, naming the file. You will see that in section 11. On good files the
# two must agree.

# %% tags=["nbval-check-output"]
same = [
    np.array_equal(mine, theirs)
    for path in dataset.files("train")[:8]
    for mine, theirs in zip(read_pair_by_hand(path), read_pair(path), strict=True)
]
print(f"read_pair and ours agree on 8 files: {all(same)}")

# %% [markdown]
# ## 2 · Direction belongs to the folder
#
# Widely copied tutorial code takes the right half as the input, once and for all: it was written
# for the published facades, where the map is on the right. In the published edges2shoes archive the
# edges are on the *left*. People also make their own pairs and put the sides as they like; copies
# of one and the same set exist both ways round.
#
# Question: what happens if such code meets a file whose sides are swapped? An error message, an
# ugly picture, or something else?
#
# To find out, the next cell makes a second file out of a painted pair, with the sides swapped, and
# reads both with a reader that hard-codes the right half.

# %%
def hard_coded(picture):
    """The right half is the input, whatever the folder holds."""
    half = picture.shape[1] // 2
    return picture[:, half:], picture[:, :half]


house = paint_pair(seed=3)
usual = np.concatenate([house.photo, house.label], axis=1)
swapped = np.concatenate([house.label, house.photo], axis=1)
(x, y), (x_swapped, y_swapped) = hard_coded(usual), hard_coded(swapped)
image_grid(
    {"file": [usual, swapped], "its “input”": [x, x_swapped], "its “target”": [y, y_swapped]},
    row_names=["map on the right", "map on the left"],
)
plt.show()

# %%
