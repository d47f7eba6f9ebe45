# %% [markdown]
# # 06 · Evaluation
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/{{repository_path}}/blob/main/notebooks/{{notebook}})
#
# ![A label map, its photo, the house generated from the map, the map that a network reads from this house, and the errors in white, most of them along the edges.]({{picture 06_evaluation.png}})
#
# **What you will build.** A verdict on the run that notebook 05 trained. You will write three
# distances between pictures by hand and catch all three praising the wrong picture. Then you will
# ask a better question: can a network that has only ever seen real photos read the label map back
# from the generated ones? You end with one table, and know what each line of it is worth.
#
# **Time.** About 35 minutes to read, and 45 for the exercises. The machine works for 2 to 6 minutes
# on two CPU cores if the run of notebook 05 is there (one to four of them for the segmenter of
# section 8), and 3 to 11 minutes longer if it must be trained first. Under `smoke` it takes less
# than a minute; on a GPU it has not been measured.
#
# **After this notebook you can**
#
# - compute MAE, PSNR and SSIM, and say which change of a picture each of them punishes or
#   ignores;
# - explain why a blurred answer scores well, and why the distance to the one photo in the file is
#   the wrong question when many photos would be right;
# - compute pixel accuracy, class accuracy and mean IoU from a confusion matrix;
# - measure the label consistency of a run between a ceiling and a floor, and find the classes
#   that it loses;
# - say why FID needs thousands of pictures, and when pix2pix is the wrong tool.
#
# It builds on the run of notebook 05, the label maps of 01 and the L1 term of 04.

# %% tags=["setup"]
# {{setup}}

# %%
import time
from pathlib import Path
from unittest.mock import patch

import keras
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from pix2pix_course import evaluation, exercises, runs
from pix2pix_course.config import profile
from pix2pix_course.datasets import facade, open_dataset, painter
from pix2pix_course.evaluation import read_labels, train_segmenter
from pix2pix_course.figures.plotting import image_grid
from pix2pix_course.generators import MODES, generate
from pix2pix_course.pairs import load_pairs, to_image, to_network
from pix2pix_course.training import build_generator
from pix2pix_course.translation import translate

plt.rcParams["figure.dpi"] = 80

# %% tags=["parameters"]
PROFILE = "cpu"  # "smoke", "cpu" or "gpu": how large, how long
DATASET = "painted"  # a name of the catalogue, or a folder of side-by-side pairs
DIRECTION = None  # "AtoB" or "BtoA"; None: as the data set says
PALETTE = None  # label colours of a folder that does not describe itself
SEED = 0  # of weights, order, jitter and dropout
RUNS = "runs"  # where notebook 05 left its run

# %% [markdown]
# ## 1 · Look first
#
# Before any number, look at the pictures. First those of the generator that comes with the course,
# which was trained on painted houses for the better part of an hour. We translate in the paper's
# mode (statistics of the picture itself, dropout on).


# %% alt="A label map, the house that the generator of the course makes of it, and the photo. The generated house has clear windows, railings and doors; its walls are brownish, while those of the photo are dark red."
def translate_all(run, conditions, mode="paper", seed=0):
    """One translation for each condition, uint8 (n, size, size, 3)."""
    return np.stack([translate(run, each, mode, seed) for each in conditions])


gallery = runs.load(runs.GALLERY)
painted = load_pairs(open_dataset("painted"), "test", gallery.config.image_size, 40)
hour = translate_all(gallery, painted.condition)
columns = {"condition x": painted.condition, "generated ŷ": hour, "target y": painted.target}
image_grid({name: images[:1] for name, images in columns.items()}, cell=1.5)
plt.show()

# %% [markdown]
# Now your own: the next cell opens the run of notebook 05, or trains what is missing of it.

# %%
config = profile(PROFILE).replace(dataset=DATASET, direction=DIRECTION, palette=PALETTE, seed=SEED)
keras.utils.set_random_seed(SEED)
folder = Path(RUNS) / f"{Path(DATASET).name}-{PROFILE}-seed{SEED}"
run = runs.train(config, folder, verbose="lines")
print(f"{folder.name}: trained for {run.epoch} epochs")

# %% [markdown]
# `x` are conditions, `y` the photos that belong to them, `y_hat` what the generator makes of `x`.
# All come from pairs that the training never saw: the `test` split, or `val` where a data set has
# no `test`.

# %%
dataset = run.dataset()
split = dataset.evaluation_split
test = load_pairs(dataset, split, config.image_size, config.test_pairs)
x, y = test.condition, test.target
y_hat = translate_all(run, x)
print(f"{len(y_hat)} pictures of the split {split!r}, {config.image_size} pixels wide")

# %% alt="Two label maps, the generated houses and the target photos. The generated ones have windows and doors in the right places, on brownish walls with patches of other colours; the targets' walls are red and yellow."
image_grid({"condition x": x[:2], "generated ŷ": y_hat[:2], "target y": y[:2]}, cell=1.25)
plt.show()

# %% [markdown]
# With the painted set and `cpu` you should see buildings with windows, doors and cornices where the
# label map puts them, softer than above, and patches of another colour on some walls. Under `smoke`
# (eight training pairs, two epochs) blurred blobs are correct: there, watch that each cell runs,
# and take the conclusions from the stored outputs.
#
# The generated walls often have another colour than the target's. Is that a mistake? Nothing in the
# label map says "red brick". Section 6 returns to this question.
#
# **Before you go on,** give these translations a mark from 0 to 10, and write down what you took
# points off for. At the end you can compare your reasons with those of the metrics.

# %% [markdown]
# ## 2 · How far is one picture from another?
#
# You know the simplest answer from the L1 term of notebook 04: the mean absolute error, here in
# grey levels from 0 to 255. A second one squares the errors first, and is usually reported on a
# logarithmic scale, as the *peak signal-to-noise ratio* in decibels:
#
# $$\mathrm{MAE} = \frac1N \sum_i |\hat y_i - y_i| \qquad
# \mathrm{MSE} = \frac1N \sum_i (\hat y_i - y_i)^2 \qquad
# \mathrm{PSNR} = 10 \log_{10} \frac{255^2}{\mathrm{MSE}}$$
#
# MAE is best at 0. PSNR is best at infinity; *higher* is better, and every 20 dB mean errors ten
# times smaller.


# %%
def mae_by_hand(y_hat, y):
    """Mean absolute error in grey levels."""
    return np.abs(y_hat.astype(float) - y.astype(float)).mean()


def psnr_by_hand(y_hat, y):
    """Peak signal-to-noise ratio in decibels."""
    mse = ((y_hat.astype(float) - y.astype(float)) ** 2).mean()
    return 10 * np.log10(255**2 / mse)


# %% [markdown]
# `astype(float)` is needed: a picture is `uint8`, whose values wrap around: after 255 comes 0, and
# 10 − 20 is 246. And tell a library the range: on networks' values from −1 to 1 it is 2, and with 1
# the PSNR would come out 6 dB too low.
#
# **Predict:** of four pixels, two are right, one is off by 10 and one by 30. What is the MAE? And
# how large a part of the MSE is due to the last pixel?

# %% tags=["predict", "nbval-check-output"]
target = np.array([[100, 100], [100, 100]], np.uint8)
guess = np.array([[100, 100], [110, 70]], np.uint8)
print(f"MAE {mae_by_hand(guess, target):.2f}   PSNR {psnr_by_hand(guess, target):.2f} dB")
print(f"the last pixel's part: {30**2 / (10**2 + 30**2):.0%} of the MSE")
print("subtracted as uint8:", (guess - target).tolist())
for error in (1, 10, 100):
    moved = target + np.uint8(error)
    print(f"every pixel off by {error:3}: PSNR {psnr_by_hand(moved, target):5.2f} dB")

# %% [markdown]
# The MAE spreads the blame evenly; squares, and so PSNR, make large errors count for more. Keep the
# last three lines in mind as a scale: 48 dB when nothing can be seen, 28 dB for an error of ten
# grey levels everywhere, 8 dB for a hundred.
#
# The package's `evaluation.mae` and `evaluation.psnr` (from scikit-image) must say the same. We
# compare them on a photo that is the same on every machine, from the painter of notebook 01.

# %% tags=["nbval-check-output"]
photo = painter.paint_pair(900_011, 128).photo
other = painter.paint_pair(900_012, 128).photo
print("photo", photo.shape, photo.dtype)
print(f"MAE:  by hand {mae_by_hand(other, photo):.2f}, package {evaluation.mae(other, photo):.2f}")
print(f"PSNR: by hand {psnr_by_hand(other, photo):.2f}, package", end=" ")
print(f"{evaluation.psnr(other, photo):.2f}")
print("a photo and itself:", evaluation.mae(photo, photo), evaluation.psnr(photo, photo))

# %% [markdown]
# Now our run. The training reported its L1 on pictures from −1 to 1; times 127.5 that is an MAE
# in grey levels. **Predict:** will the MAE on test pictures be higher or lower than in training,
# and how large will it be?

# %% tags=["predict"]
train_mae = run.history[-1]["g_l1"] * 127.5
test_mae = np.mean([evaluation.mae(a, b) for a, b in zip(y_hat, y, strict=True)])
test_psnr = np.mean([evaluation.psnr(a, b) for a, b in zip(y_hat, y, strict=True)])
print(f"MAE in the last epoch of training: {train_mae:5.1f} grey levels")
print(f"MAE on test pictures:              {test_mae:5.1f} grey levels, PSNR {test_psnr:.1f} dB")

# %% [markdown]
# If the second number were much higher than the first, G would know something about its training
# photos that does not carry over to new ones. In our run the two are close. But both are dozens of
# grey levels, for pictures that look like the right buildings! On the scale above, that is nearer
# to "every pixel off by a hundred" than to "nothing can be seen". Either our eyes are too kind, or
# these metrics look at something else than we do.

# %% [markdown] tags=["exercise"]
# ### Exercise 1 · prediction: half the error
#
# Write where it says `# your turn`, then run the check. It says "right", "wrong" with a hint, or
# "not yet tried", as often as you like. Explanations go into the cells that say *Your answer*.
#
# A better generator halves the error of every pixel. By how many decibels does its PSNR rise, to
# one decimal? What does the answer not depend on?

# %% tags=["exercise"]
# <solution>
decibels = 6.0
# </solution>

# %% tags=["nbval-check-output"]
exercises.check_half_the_error(decibels)

# %% tags=["predict", "nbval-check-output"]
dark = np.zeros((8, 8, 3), np.uint8)
for error in (80, 40, 20, 10):
    print(f"off by {error:2}: PSNR {evaluation.psnr(dark + np.uint8(error), dark):.2f} dB")

# %% [markdown] tags=["solution"]
# Half the error is a quarter of the squared error, and $10 \log_{10} 4 = 6.02$ dB. It does not
# depend on the size of the error: decibels measure ratios, so each further halving brings the same
# 6 dB, whether anybody can still see the difference or not.

# %% [markdown]
# ## 3 · A distance that looks at neighbourhoods
#
# MAE and PSNR would not notice if you shuffled the pixels of both pictures in the same way: each
# pixel is judged alone. *Structural similarity* (SSIM, Wang et al. 2004) slides a window over
# both pictures and compares what it sees there. With the mean $\mu$, the variance $\sigma^2$ and
# the covariance $\sigma_{\hat y y}$ (positive where both get brighter together) inside the window:
#
# $$\mathrm{SSIM} = \underbrace{\frac{2\mu_{\hat y}\mu_y + C_1}{\mu_{\hat y}^2 + \mu_y^2 + C_1}}_{
# \text{equally bright?}} \cdot \underbrace{\frac{2\sigma_{\hat y y} + C_2}{\sigma_{\hat y}^2 +
# \sigma_y^2 + C_2}}_{\text{same pattern, same contrast?}}$$
#
# Each factor is 1 if both windows agree. $C_1 = (0.01 \cdot 255)^2$ and $C_2 = (0.03 \cdot
# 255)^2$ only keep the fractions stable where a window is black or flat. The score of the picture
# is the average over all windows and channels.


# %%
def ssim_by_hand(y_hat, y):
    """Structural similarity of two uint8 pictures: average over windows and channels."""
    a, b = y_hat.astype(float), y.astype(float)
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2

    def window(image):  # weighted mean of the 11×11 pixels around each pixel
        return gaussian_filter(image, (1.5, 1.5, 0), truncate=3.5)

    mean_a, mean_b = window(a), window(b)
    variances = window(a * a) - mean_a**2 + window(b * b) - mean_b**2
    covariance = window(a * b) - mean_a * mean_b
    brightness = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    pattern = (2 * covariance + c2) / (variances + c2)
    return (brightness * pattern)[5:-5, 5:-5].mean()  # only windows that fit into the picture


# %% [markdown]
# Two flat pictures have no pattern, so only the first factor is left, and you can check it with
# pencil and paper: for 100 against 150 it is $(30000 + 6.5) / (32500 + 6.5)$.
#
# **Predict:** a photo and its negative (every value $v$ becomes $255 - v$). Where will SSIM land?

# %% tags=["predict", "nbval-check-output"]
flat = np.full((32, 32, 3), 100, np.uint8)
print(f"100 against 150: {ssim_by_hand(flat, flat + np.uint8(50)):.4f}")
print(f"on paper:        {(30000 + 6.5025) / (32500 + 6.5025):.4f}")
print(f"two photos: by hand {ssim_by_hand(other, photo):.3f}", end=", ")
print(f"package {evaluation.ssim(other, photo):.3f}")
print(f"a photo and itself:       {evaluation.ssim(photo, photo):5.2f}")
print(f"a photo and its negative: {evaluation.ssim(255 - photo, photo):5.2f}")

# %% [markdown]
# The negative goes below zero: wherever the photo gets brighter, its negative gets darker, so the
# covariance in every window is negative. The flat pictures are fifty grey levels apart, and SSIM
# still gives 0.92: the pattern counts for most of the score, the brightness for little.

# %% [markdown]
# ## 4 · What do they punish?
#
# Take one photo and damage it in seven ways.


# %%
def as_picture(values):
    """Round to uint8, values outside 0 to 255 clipped."""
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def blur(image, sigma):
    """Gaussian blur; `sigma` in pixels."""
    return as_picture(gaussian_filter(image.astype(float), (sigma, sigma, 0)))


noise = np.random.default_rng(SEED).normal(0, 20, photo.shape)
damaged = {
    "shifted 1 pixel": np.roll(photo, 1, axis=1),
    "blurred, σ = 1": blur(photo, 1),
    "blurred, σ = 2": blur(photo, 2),
    "blurred, σ = 4": blur(photo, 4),
    "noise, σ = 20": as_picture(photo + noise),
    "30 brighter": as_picture(photo + 30.0),
    "half contrast": as_picture(photo / 2 + 64),
}


# %%
def show(pictures, columns, width=1.4):
    """Pictures with their titles, row by row; ends without `plt.show()`."""
    rows = -(-len(pictures) // columns)
    size = (width * columns, (width + 0.4) * rows)
    _, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")
    for axis in axes.flat:
        axis.axis("off")
    for axis, (title, image) in zip(axes.flat, pictures.items(), strict=False):
        axis.imshow(image, interpolation="nearest")
        axis.set_title(title, fontsize=9)


def distances(image, target):
    """MAE, PSNR and SSIM of one picture."""
    return tuple(metric(image, target) for metric in METRICS)


METRICS = (evaluation.mae, evaluation.psnr, evaluation.ssim)

# %% [markdown]
# **Predict:** put these in order, from "I would not notice" to "ruined", first as you see it, then
# as PSNR will: shifted by one pixel; blurred a little; blurred a lot; blurred beyond recognition;
# noise; everything 30 grey levels brighter; half the contrast.

# %% alt="A photo and five of the damaged versions with their PSNR. The shift by one pixel cannot be seen and scores no better than clear changes of brightness or contrast; slight blur scores higher." tags=["predict", "nbval-check-output"]
scores = {name: distances(image, photo) for name, image in damaged.items()}
print(f"{'':18}{'MAE ↓':>8}{'PSNR ↑':>8}{'SSIM ↑':>8}")
for name, (mae, psnr, ssim) in scores.items():
    print(f"{name:18}{mae:8.1f}{psnr:8.1f}{ssim:8.2f}")
shown = {k: v for k, v in damaged.items() if k not in ("blurred, σ = 2", "noise, σ = 20")}
titles = {f"{name}\nPSNR {scores[name][1]:.1f}": image for name, image in shown.items()}
show({"the photo\n": photo} | titles, columns=3)
plt.show()

# %% [markdown]
# Compare the table with your own order, column by column.
#
# - **One pixel to the right**, and you had to be told. All three metrics take it more seriously
#   than the little blur that wiped out the brickwork, because light meets dark at every edge.
# - **Blur** is cheap. Most of a facade is wall, and averaging a wall over its neighbours changes
#   few grey levels.
# - **30 brighter** is, to MAE, the worst of all, worse than blurred beyond recognition. SSIM hardly
#   cares: the pattern is intact.
# - **Noise** troubles SSIM more than you: on flat walls it is all the pattern there is.
#
# To PSNR, a shift by one pixel, more light, and half the contrast are the same: 18.8. No two
# columns agree on an order, and probably none agrees with yours. A metric is a statement about
# which damage matters.

# %% [markdown]
# ## 5 · Why blur pays
#
# A coin was tossed when the wall was painted: 50 if heads, 200 if tails. You must answer without
# seeing the coin. **Predict:** which answer has the smallest expected MAE, and which the smallest
# expected MSE: 50, 200, or 125?

# %% tags=["predict", "nbval-check-output"]
outcomes = np.array([50.0, 200.0])  # equally likely
for answer in (50, 200, 125):
    absolute = np.abs(answer - outcomes).mean()
    squared = ((answer - outcomes) ** 2).mean()
    psnr = 10 * np.log10(255**2 / squared)
    print(f"answer {answer:3}: MAE {absolute:4.0f}   MSE {squared:6.0f}   PSNR {psnr:5.2f} dB")

# %% [markdown]
# The answer that is *never* right wins by 3 dB over answers that are right half of the time. The
# squared error is smallest at the mean of what might be, the absolute error at the median (of two
# equally likely values, everything in between is a median). And in pictures, the average over
# everything that might be there looks blurred.
#
# So here are four candidates for the test conditions of our run:
#
# 1. what the generator made;
# 2. the same, blurred on purpose;
# 3. no picture at all: one flat colour, the average of training photos, the same for all;
# 4. a perfectly real photo, but of another condition.

# %%
few = min(50, config.train_pairs or 50)
some_photos = load_pairs(dataset, "train", config.image_size, few).target
flat_colour = as_picture(some_photos.mean(axis=(0, 1, 2)))
sigma = config.image_size / 64
candidates = {
    "generated": y_hat,
    "generated, blurred": np.stack([blur(image, sigma) for image in y_hat]),
    "one flat colour": np.broadcast_to(flat_colour, y.shape),
    "another real photo": np.roll(y, 1, axis=0),
}

# %% [markdown]
# **Predict:** put the four in order, first as you would judge them, then as PSNR will.

# %% alt="A target and four candidates with their PSNR: the generated house, the same blurred, one flat colour, another real photo. The real photo scores lowest, the flat colour level with the generated house." tags=["predict"]
print(f"{'':22}{'MAE ↓':>8}{'PSNR ↑':>8}{'SSIM ↑':>8}")
pixel_scores = {}
for name, images in candidates.items():
    each = [distances(a, b) for a, b in zip(images, y, strict=True)]
    pixel_scores[name] = np.mean(each, axis=0)
    mae, psnr, ssim = pixel_scores[name]
    print(f"{name:22}{mae:8.1f}{psnr:8.2f}{ssim:8.2f}")
pictures = {f"{name}\nPSNR {pixel_scores[name][1]:.1f}": c[0] for name, c in candidates.items()}
show({"target\n": y[0]} | pictures, columns=5, width=1.25)
plt.show()

# %% [markdown]
# In our runs, MAE and PSNR prefer the blurred version to what the generator made. By PSNR, *one
# flat colour* comes within a decibel of the trained network. Last comes the only candidate that is
# a real photo.
#
# The arithmetic is right: a flat colour is a sensible answer to "come close to a photo that you
# cannot know", and so is blur. A generator that is trained on L1 alone learns to give this kind of
# answer (notebook 05), and that is why pix2pix sets a discriminator beside L1. But then a pixel
# distance cannot be our judge. Of the three, SSIM alone clearly sees that the flat colour has no
# patterns.

# %% [markdown]
# ## 6 · The wrong question
#
# Do the generated walls deserve bad marks for their colour? Consider two photos that are *both
# right*. The painter of the course draws random materials from a list, `facade.WALLS`. If it finds
# the list in reverse order, the same draws take other materials: the same street, built of stone
# instead of brick.


# %%
def paint_twins(count, size):
    """Pairs with a second photo of the same label: lists (photo, twin, class ids)."""
    found = []
    for seed in range(900_000, 900_000 + 4 * count):
        pair = painter.paint_pair(seed, size)
        with patch.object(facade, "WALLS", facade.WALLS[::-1]):
            twin = painter.paint_pair(seed, size)
        if np.array_equal(pair.label, twin.label):  # bright walls may take another trim
            found.append((pair.photo, twin.photo, pair.class_ids))
    return found[:count]


# %% [markdown]
# **Predict:** which is nearer to the photo, its flawless twin or the photo blurred beyond
# recognition (σ = 4)? Answer for MAE, PSNR and SSIM.

# %% alt="Two photos, a flawless twin of each in another wall colour, and each photo blurred beyond recognition. Anyone would choose the twins; PSNR prefers the blur." tags=["predict", "nbval-check-output"]
twins = paint_twins(12, 128)
print(len(twins), "streets, painted twice from the same label map")
versions = {
    "flawless twin": [twin for photo, twin, ids in twins],
    "blurred, σ = 2": [blur(photo, 2) for photo, twin, ids in twins],
    "blurred, σ = 4": [blur(photo, 4) for photo, twin, ids in twins],
}
columns = {"photo": [photo for photo, twin, ids in twins]}
print(f"{'':24}{'MAE ↓':>8}{'PSNR ↑':>8}{'SSIM ↑':>8}")
for name, images in versions.items():
    each = [distances(a, b) for a, b in zip(images, columns["photo"], strict=True)]
    print("{:24}{:8.1f}{:8.1f}{:8.2f}".format(name, *np.mean(each, axis=0)))
columns |= {name: versions[name] for name in ("flawless twin", "blurred, σ = 4")}
image_grid({name: images[:2] for name, images in columns.items()}, cell=1.35)
plt.show()

# %% [markdown]
# Middle column: every bar and balcony is where the label map wants it, under the same sky. With the
# painter's list in the other order, these would be the targets in the files. Right column: no
# window is left whole. MAE and PSNR prefer the right column. (SSIM prefers the twin, and still
# takes off points for bricks that lie where the photo has stones.)
#
# So the fault is in the question. "How far from *this* photo?" makes sense if the condition
# determines the photo, as an edge map nearly does for the outline of a shoe. A label map does not
# determine the photo of a house. What we want to know is: **is this *a* photo of that label map?**

# %% [markdown]
# ## 7 · Can a network read the map back?
#
# The paper's answer (§4.1) is the *FCN-score*. Take a *segmenter*, a network that gives each pixel
# of a photo its class, trained on real photos; the authors took FCN-8s, a *fully convolutional
# network*. Let it read the generated photos, and compare what it reads with the label map that they
# were made from. If it takes a painted window for a window, the label has survived. The colour of
# the wall is free.
#
# The paper's table 1 gives these scores for Cityscapes labels → photo:
#
# | loss | pixel accuracy | class accuracy | class IoU |
# |---|---|---|---|
# | L1 | 0.42 | 0.15 | 0.11 |
# | GAN (unconditional) | 0.22 | 0.05 | 0.01 |
# | cGAN (conditional) | 0.57 | 0.22 | 0.16 |
# | L1 + GAN | 0.64 | 0.20 | 0.15 |
# | L1 + cGAN | 0.66 | 0.23 | 0.17 |
# | *real photos* | *0.80* | *0.26* | *0.21* |
#
# Read the last line first. Even real photos get 0.80, since the segmenter errs; a generated 0.66
# means little alone and much beside that ceiling. And blurred L1 is now well behind L1 + cGAN, as
# our eyes would have it.
#
# All three numbers come from one table of counts, the **confusion matrix**: one row for each true
# class, one column for each class that was read. Here are twelve pixels of three classes.

# %%
NAMES = ("wall", "window", "door")
truth = np.array([[0, 0, 0, 0], [0, 0, 1, 1], [1, 1, 2, 2]])
read = np.array([[0, 0, 0, 1], [0, 0, 1, 1], [1, 0, 2, 0]])


def count_by_hand(truth, read, classes):
    """Pixels by true class (rows) and class read (columns)."""
    counts = np.zeros((classes, classes), int)
    for true_class, read_class in zip(truth.flat, read.flat, strict=True):
        counts[true_class, read_class] += 1
    return counts


# %% [markdown]
# With $n_{ij}$ the pixels of class $i$ that were read as $j$, and $k$ classes:
#
# $$\text{pixel accuracy} = \frac{\sum_i n_{ii}}{\sum_{ij} n_{ij}} \qquad
# \text{class accuracy} = \frac1k \sum_i \frac{n_{ii}}{\sum_j n_{ij}} \qquad
# \text{mean IoU} = \frac1k \sum_i \frac{n_{ii}}{\sum_j n_{ij} + \sum_j n_{ji} - n_{ii}}$$
#
# IoU is *intersection over union*: the pixels that are door *and* were read as door, over those
# that are door *or* were read as door. It is the strictest of the three, because a class now also
# pays for pixels that it took from others.
#
# **Predict,** on paper: the door has two pixels; one was read right, none was taken from others.
# What are its accuracy and its IoU?

# %% tags=["predict", "nbval-check-output"]
counts = count_by_hand(truth, read, 3)
for name, row in zip(NAMES, counts, strict=True):
    print(f"{name:8}", row)
right, true, taken = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
iou = right / (true + taken - right)
print("accuracy of each class:", np.round(right / true, 3).tolist())
print("IoU of each class:     ", np.round(iou, 3).tolist())
print(f"pixel accuracy {right.sum() / counts.sum():.3f}   ", end="")
print(f"class accuracy {np.mean(right / true):.3f}   mean IoU {iou.mean():.3f}")

# %% [markdown]
# The package counts faster and leaves a class that does not occur in the true labels out of the
# averages, instead of dividing by zero. Otherwise it does the same.
#
# **Predict:** what are the three scores of a lazy segmenter that answers "wall" everywhere?

# %% tags=["predict", "nbval-check-output"]
print("counts equal:", np.array_equal(counts, evaluation.confusion(truth, read, 3)))
packaged = evaluation.consistency_scores(counts)
mine = (right.sum() / counts.sum(), np.mean(right / true), iou.mean())
print("scores equal:", np.allclose(tuple(packaged.values()), mine))
lazy = evaluation.consistency_scores(evaluation.confusion(truth, np.zeros_like(truth), 3))
print("always 'wall':", {name: round(value, 3) for name, value in lazy.items()})
four = evaluation.consistency_scores(evaluation.confusion(truth, read, 4))
print("a fourth class that never occurs changes nothing:", four == packaged)

# %% [markdown]
# Half of the pixels are wall, so the lazy segmenter has half of the pixels right. Class accuracy
# and IoU see through it: it knows one class of three, and claims too many pixels even for that one.
# Where one class covers much of every picture, pixel accuracy flatters.

# %% [markdown] tags=["exercise"]
# ### Exercise 2 · code: a confusion matrix without a loop
#
# `count_by_hand` visits every pixel. Write the same without a loop, with `np.bincount` or
# `np.add.at`. The label maps are `uint8`, of any shape, and some classes may occur nowhere. Why is
# `counts[truth, read] += 1` not enough?


# %% tags=["exercise"]
def confusion_fast(truth, read, k):
    """Pixels by true class (rows) and class read (columns): an array (k, k) of whole numbers."""
    # <solution>
    pairs = truth.astype(int).ravel() * k + read.ravel()
    return np.bincount(pairs, minlength=k * k).reshape(k, k)
    # </solution>


# %% tags=["nbval-check-output"]
exercises.check_confusion_fast(confusion_fast)

# %% [markdown] tags=["solution"]
# Each pair of classes becomes one number, true · k + read, from 0 to k² - 1, and `bincount` counts
# those. With fancy indexing NumPy first reads all the places, then adds 1 to what it read, then
# writes: a place that occurs a thousand times is written a thousand times with the same number.

# %% [markdown]
# ## 8 · Train the segmenter
#
# FCN-8s weighs 512 MB and knows no cornices. Our segmenter, `evaluation.build_segmenter`, is a
# U-Net of a few hundred thousand to a few million weights. It is trained on the *real* pairs of the
# training split in the other direction, photo → label, with cross-entropy at every pixel, and never
# sees a generated photo. Under `cpu` this takes one to four minutes, once for each run: the
# weights are kept in its folder (where the cell reports a few seconds, they were there already).
#
# For a data set whose condition is no label map (edges, aerial photos) there is nothing to read
# back, and the cells that need the segmenter only say so.

# %%
palette = dataset.condition_palette
SKIPPED = "Skipped: the condition of this data set is no label map."
store = run.folder / "evaluation"
store.mkdir(exist_ok=True)
if palette is None:
    print(SKIPPED)
else:
    begin = time.monotonic()
    segmenter = evaluation.segmenter_of(config, dataset, store, verbose=0)
    truth = np.stack([palette.to_ids(condition) for condition in x])
    print(f"segmenter of {len(palette)} classes: {segmenter.count_params():,} weights and averages")
    print(f"ready after {time.monotonic() - begin:.0f} s")


# %% [markdown]
# A score needs two ends. The **ceiling**: what does the segmenter read from the real test photos?
# The **floor**: what if every condition got the real photo of *another* condition, a picture that
# is real to the last pixel and ignores what was asked for? **Predict** both pixel accuracies. The
# floor is not zero; why not?


# %% tags=["predict"]
def consistency(photos):
    """Scores of what the segmenter reads from photos of the conditions x."""
    counts = evaluation.confusion(truth, read_labels(segmenter, photos), len(palette))
    return evaluation.consistency_scores(counts)


def print_consistency(columns):
    """A line of scores for each set of photos."""
    print(f"{'':24}{'pixel acc.':>12}{'class acc.':>12}{'mean IoU':>12}")
    for name, photos in columns.items():
        values = consistency(photos).values()
        print(f"{name:24}" + "".join(f"{value:12.3f}" for value in values))


if palette is None:
    print(SKIPPED)
else:
    print_consistency({"real photos (ceiling)": y, "shuffled photos (floor)": np.roll(y, 1, 0)})

# %% alt="Two real photos, the label maps that the segmenter makes of them, and the true ones. They agree almost everywhere, but for ragged borders and small parts."
if palette is None:
    print(SKIPPED)
else:
    read_real = palette.to_rgb(read_labels(segmenter, y[:2]))
    image_grid({"real photo": y[:2], "what it reads": read_real, "label": x[:2]}, cell=1.35)
    plt.show()

# %% [markdown]
# With the painted set and `cpu` the segmenter reads nearly everything on real photos and errs at
# borders and on small parts. (Under `smoke` a nearly uniform colour is correct.) The floor is far
# from zero because streets resemble each other: sky above, pavement below, wall in most other
# places. A generator that painted splendid houses and never looked at its input would get that
# score.
#
# Now back to the four candidates of section 5. **Predict:** in which order does the segmenter put
# them?

# %% tags=["predict"]
if palette is None:
    print(SKIPPED)
else:
    print_consistency({"real photos": y} | candidates)

# %% [markdown]
# With the segmenter as the judge, the order changes. The generated photos stand far nearer to the
# ceiling than to the floor. Blurring them costs a lot, where PSNR gave a reward, and the flat
# colour has the lowest mean IoU.
#
# And the twins of section 6? They differ from the photos by more than blur does. **Predict:** are
# they read as well as the photos, or as badly as the blurred ones? (With another data set this cell
# is skipped, since its segmenter does not know painted streets.)

# %% tags=["predict"]
if dataset.name != "painted" or palette is None:
    print("Skipped: the segmenter of this data set has never seen a painted street.")
else:
    photos, others, ids = (
        np.stack(part) for part in zip(*paint_twins(12, config.image_size), strict=True)
    )
    blurred = np.stack([blur(photo, sigma) for photo in photos])
    for name, pictures in {"photos": photos, "twins": others, "blurred": blurred}.items():
        accuracy = (read_labels(segmenter, pictures) == ids).mean()
        distance = evaluation.mae(pictures, photos)
        print(f"{name:10} pixel accuracy {accuracy:.3f}   MAE to the photos {distance:4.1f}")

# %% [markdown]
# The flawless twins read as well as the photos or nearly so; the blurred photos, though nearer by
# MAE, read far worse. This is the property we were looking for: *indifferent to what the label
# leaves open, strict about what it says.*

# %% [markdown] tags=["exercise"]
# ### Exercise 3 · experiment: farther and farther away
#
# In section 4 a shift by one pixel cost a lot. Shift the test photos `y` to the right by 1, 2, 4, …
# pixels, up to half of their width, with `np.roll(y, shift, axis=2)`. How do PSNR and SSIM fall,
# and how the segmenter's pixel accuracy (against the labels, which stay where they are)? Compare
# with "another real photo" in sections 5 and 8. For the painted set under `cpu` expect, after one
# pixel, a PSNR of about 20 dB and a pixel accuracy above 0.85.

# %% tags=["exercise"]
# <solution>
shift = 1
while shift <= config.image_size // 2:
    moved = np.roll(y, shift, axis=2)
    _, psnr, ssim = np.mean([distances(a, b) for a, b in zip(moved, y, strict=True)], axis=0)
    line = f"{shift:3} px: PSNR {psnr:5.2f} dB   SSIM {ssim:.2f}"
    if palette is not None:
        line += f"   pixel accuracy {consistency(moved)['pixel_accuracy']:.3f}"
    print(line)
    shift *= 2
# </solution>

# %% [markdown] tags=["solution"]
# In the painted set PSNR falls to 20 dB with the first pixel, which nobody sees, and by 7 dB at
# most after that; SSIM is similar. The segmenter charges a shift for its size: little for the first
# pixel, more with each doubling. From 8 pixels on, the width of a window, neither says how far
# something has moved: windows meet walls or other windows by chance (so 16 pixels may score better
# than 8), while sky still meets sky.

# %% [markdown]
# ## 9 · One call, one table
#
# `evaluation.evaluate` does all of this: translate the split, measure, read, write. It uses our
# segmenter again. `pix2pix-course evaluate RUN` is the same from a terminal. The losses do not tell
# whether a training was good (notebook 04, section 6); a table with a ceiling and a floor does.

# %% tags=["question-49"]
result = evaluation.evaluate(run, verbose=0)
plt.close("all")  # its picture is on disk; a closer look follows below
print(result.table())

# %% [markdown]
# Read it from right to left: the floor, the ceiling, and where our run stands between them. A dash
# is a score that would be trivial. Are these the numbers of this notebook, and the pictures on disk
# ours?

# %% tags=["nbval-check-output"]
saved = np.asarray(Image.open(store / "generated" / f"{test.names[0]}.png"))
print("picture on disk is ours:", evaluation.mae(saved, y_hat[0]) < 0.5)
for metric, mine in zip(("mae", "psnr", "ssim"), pixel_scores["generated"], strict=True):
    print(f"{metric:6} agrees:", np.isclose(result.scores[metric]["generated"], mine, rtol=0.01))
if palette is not None:
    mine = consistency(y_hat)
    agree = [np.isclose(result.scores[m]["generated"], mine[m], atol=0.01) for m in mine]
    print("label consistency agrees:", all(agree))
print("files:", ", ".join(sorted(f.name for f in store.iterdir() if f.suffix != ".h5")))

# %% [markdown]
# `metrics.json` is for programs, `metrics.csv` for spreadsheets, `grid.png` for people;
# `segmenter.json` says how the segmenter was trained. What did it make of the generated photos?

# %% alt="Two label maps, the generated houses, the maps read from them, and the errors in white. Most errors are thin outlines; filled ones are parts that were not painted or read as something else."
if palette is None:
    print(SKIPPED)
else:
    read_generated = read_labels(segmenter, y_hat)
    columns = {"label x": x[:2], "generated ŷ": y_hat[:2]}
    columns["read from ŷ"] = palette.to_rgb(read_generated[:2])
    columns["errors"] = (read_generated[:2] != truth[:2]) * np.uint8(255)
    image_grid(columns, cell=1.4)
    plt.show()

# %% [markdown]
# White in the last column is what was lost between label and segmenter. Thin outlines are harmless:
# one pixel more or less of a window frame. Look for *filled* shapes: whole parts that the generator
# did not paint, or painted so that they pass for something else. Which colour of the label do they
# have in common?

# %% [markdown] tags=["exercise"]
# ### Exercise 4 · experiment: cheat
#
# Make a picture for each condition `x` that paints every class in the average colour that it has in
# training photos, without any network. Score it beside `y_hat` with the six metrics of this
# section. Where does it beat the generator? What would an honest report have to add? For the
# painted set under `cpu` expect an MAE within three grey levels of the generator's.

# %% tags=["exercise"]
# <solution>
if palette is None:
    print(SKIPPED)
else:
    train = load_pairs(dataset, "train", config.image_size, few)
    train_ids = np.stack([palette.to_ids(condition) for condition in train.condition])
    colours = np.zeros((len(palette), 3))
    for k in np.unique(train_ids):
        colours[k] = train.target[train_ids == k].mean(axis=0)
    painted_flat = as_picture(colours)[truth]
    print_consistency({"generated": y_hat, "flat colours": painted_flat})
    for name, images in {"generated": y_hat, "flat colours": painted_flat}.items():
        each = [distances(a, b) for a, b in zip(images, y, strict=True)]
        print("{:24}MAE {:6.1f}   PSNR {:5.2f}   SSIM {:.2f}".format(name, *np.mean(each, axis=0)))
# </solution>

# %% [markdown] tags=["solution"]
# In our runs the flat colours are level with the generator by MAE, beat it by PSNR (by less than
# half a decibel), and lose by SSIM: no network was needed for that, only averages. The segmenter
# sees through it (a mean IoU of 0.2 to 0.4, where the generator gets about 0.75), though it still
# stands above the floor, since colour and place give away sky, wall and pavement. An honest report
# would add this line to its table, as a baseline that any method has to beat, and show the
# pictures.

# %% [markdown]
# ## 10 · Which classes get lost?
#
# For each class we take its IoU, read from generated and from real photos. The real bar matters:
# where even that is short, the segmenter is to blame, not the generator.


# %%
def iou_per_class(counts):
    """IoU of each class; nan where it neither occurs nor was read."""
    right = np.diag(counts)
    union = counts.sum(axis=0) + counts.sum(axis=1) - right
    return np.where(union > 0, right / np.maximum(union, 1), np.nan)


if palette is None:
    print(SKIPPED)
else:
    generated_counts = evaluation.confusion(truth, read_generated, len(palette))
    real_counts = evaluation.confusion(truth, read_labels(segmenter, y), len(palette))
    shares = generated_counts.sum(axis=1) / generated_counts.sum()
    occurring = [k for k in np.argsort(-shares) if shares[k] > 0]
    names = [f"{palette.names[k]} ({shares[k]:.1%})" for k in occurring]

# %% [markdown]
# **Predict** from the picture above: which two classes will have the shortest generated bars?

# %% alt="IoU of each class, the most common at the top. Generated photos come close to real ones in the common classes and lose most in rare ones: decorations, blinds and pillars." tags=["predict"]
if palette is None:
    print(SKIPPED)
else:
    figure, axis = plt.subplots(figsize=(6.5, 0.3 * len(names) + 1), layout="constrained")
    places = np.arange(len(names))
    axis.barh(places - 0.2, iou_per_class(real_counts)[occurring], 0.4, label="real")
    axis.barh(places + 0.2, iou_per_class(generated_counts)[occurring], 0.4, label="generated")
    axis.set_yticks(places, names)
    axis.invert_yaxis()
    axis.set(xlabel="IoU", xlim=(0, 1), title="IoU of each class (its share of all pixels)")
    figure.legend(loc="outside right upper")  # inside it would hide the end of a bar
    plt.show()

# %% [markdown]
# From top to bottom the classes get rarer. In the painted set the common ones survive: background,
# wall, windows. The shortest bars are at the rare end: decorations, blinds and pillars lose the
# most. Real photos of the same classes read clearly better, so most of it is the generator's doing.
# But rarity is not all of it: doors are rare, and survive.
#
# What became of the lost ones? The confusion matrix shows, row by row, what was read where this
# class should be. **Predict:** a blind hangs in front of a window. If the generator does not paint
# it, what will be read there? And in place of a decoration?

# %% alt="A confusion matrix of labels and what was read from generated photos. Most of the weight lies on the diagonal; off it, rare parts such as blinds and decorations are read as window or facade." tags=["predict"]
if palette is None:
    print(SKIPPED)
else:
    rows = generated_counts[np.ix_(occurring, occurring)]
    rows = rows / rows.sum(axis=1, keepdims=True)
    side = 0.4 * len(names) + 1.6
    _, axis = plt.subplots(figsize=(side, side), layout="constrained")
    axis.imshow(rows, cmap="Blues", vmin=0, vmax=1)
    for i, j in zip(*np.nonzero(rows >= 0.05), strict=True):
        colour = "white" if rows[i, j] > 0.5 else "black"
        share = f"{rows[i, j]:.2f}".lstrip("0")
        axis.text(j, i, share, ha="center", va="center", fontsize=8, color=colour)
    plain = [palette.names[k] for k in occurring]
    axis.set_xticks(places, plain, rotation=90)
    axis.set_yticks(places, plain)
    axis.set(xlabel="read from generated photos", ylabel="label")
    plt.show()

# %% [markdown]
# Off the diagonal, two columns stand out. *Lost to window:* the generator leaves the blind out and
# paints the window behind it. *Lost to facade:* what is not painted at all is wall. Both are the
# safe choice: D has seen thousands of windows without a blind, so it does not object, and G met few
# blinds, each in another colour. A door, nearly as rare, always stands on the ground and always has
# the same build.
#
# A row shows what a class lost, but not what it took from others. IoU charges for both: a few stray
# pixels of a large class are many beside a small one.
#
# This tells you more than the mean of section 9: where to look, and what to try. Training longer,
# or showing more blinds? The generator of section 1 had both: five times the steps, and four times
# the pairs (with two thirds of the filters). **Predict:** do blinds and decorations survive there?
# And does the pixel error fall?

# %% tags=["predict"]
if dataset.name != "painted" or config.image_size != gallery.config.image_size:
    print("Skipped: that generator knows painted houses of 128 pixels only.")
else:
    hour_counts = evaluation.confusion(truth, read_labels(segmenter, hour), len(palette))
    for name, counts, pictures in (
        ("real photos", real_counts, y),
        ("an hour's training", hour_counts, hour),
        ("this run", generated_counts, y_hat),
    ):
        each = dict(zip(palette.names, iou_per_class(counts), strict=True))
        rare = "  ".join(f"{name} {each[name]:.2f}" for name in ("blind", "deco", "pillar"))
        error = np.mean([evaluation.mae(*pair) for pair in zip(pictures, y, strict=True)])
        print(f"{name:19} mean IoU {np.nanmean(list(each.values())):.2f}  {rare}  MAE {error:4.1f}")

# %% [markdown]
# Under `cpu` five times the steps change little here. The mean IoU moves by a few hundredths;
# decorations come back in part, but the blinds stay the worst of the three, far below real photos;
# and the pixel error is no smaller. So lack of training is not what loses the blinds.
#
# Now look again at the first house of both pictures in section 1. After the hour, railings, panes
# and edges are clearer. Hardly any number in this notebook has what your eye noticed first: to the
# map, roof and sky are one class, and a patch of another colour is still wall.

# %% [markdown]
# ## 11 · One number stands for many pictures
#
# A mean can be forty equal pictures, or thirty good ones and ten disasters. Here every test
# picture gets its own pixel accuracy.

# %%
if palette is None:
    print(SKIPPED)
else:
    accuracy = (read_generated == truth).mean(axis=(1, 2))
    ceiling = (read_labels(segmenter, y) == truth).mean(axis=(1, 2))
    floor = (read_labels(segmenter, np.roll(y, 1, axis=0)) == truth).mean(axis=(1, 2))
    psnrs = np.array([evaluation.psnr(a, b) for a, b in zip(y_hat, y, strict=True)])
    order = np.argsort(accuracy)
    print(f"pixel accuracy: mean {accuracy.mean():.3f}, from {accuracy.min():.3f} "
          f"to {accuracy.max():.3f}, standard deviation {accuracy.std():.3f}")  # fmt: skip
    error = accuracy.std() / np.sqrt(len(accuracy))
    print(f"standard error of the mean: {error:.3f}")

# %% [markdown]
# **Predict:** will the pictures that the segmenter reads best also have the highest PSNR?

# %% alt="Left: pixel accuracy of each test picture, real above generated, generated well above shuffled. Right: accuracy against PSNR, a cloud without a rising band, so the two verdicts have little in common." tags=["predict"]
if palette is None:
    print(SKIPPED)
else:
    _, (left, right) = plt.subplots(1, 2, figsize=(8.5, 2.8), layout="constrained")
    for name, values in {"real": ceiling, "generated": accuracy, "shuffled": floor}.items():
        left.plot(values[order], "o", markersize=4, label=name)
    left.set(xlabel="test pictures, worst first", ylabel="pixel accuracy", ylim=(0, 1))
    left.legend(loc="lower center", ncols=3, fontsize=8)
    right.plot(psnrs, accuracy, "o", markersize=4, color="C1")
    right.set(xlabel="PSNR (dB)", ylabel="pixel accuracy", title="each dot is a generated picture")
    plt.show()
    print(f"correlation of the two verdicts: {np.corrcoef(psnrs, accuracy)[0, 1]:.2f}")

# %% alt="The generated pictures with the lowest and the highest pixel accuracy, each with its label map and the map that the segmenter reads from it."
if palette is None:
    print(SKIPPED)
else:
    chosen = order[[0, -1]]
    rows = [f"{accuracy[k]:.2f}" for k in chosen]
    columns = {"label x": x[chosen], "generated ŷ": y_hat[chosen]}
    columns["read from ŷ"] = palette.to_rgb(read_generated[chosen])
    image_grid(columns, cell=1.25, row_names=rows)
    plt.show()

# %% [markdown]
# Above, the worst picture; below it, the best; at the left, their pixel accuracy. The conditions
# differ in difficulty (many small parts, or rare ones), and that makes much of the spread. In the
# right plot, a correlation near 0 means that the two verdicts have little to do with each other; 1
# would be full agreement.
#
# The standard error says how much the *mean* would vary if we drew other test pictures: by up to
# about two standard errors, up or down. On so few pictures, a smaller difference between two runs
# tells you nothing.

# %% [markdown]
# ## 12 · Would you get this number again?
#
# In the paper's mode dropout is on while translating, so a picture depends on a random draw, and
# the draw on `seed` alone. The same seed must repeat the picture, and another must not.

# %% tags=["nbval-check-output"]
again = translate(run, x[0], seed=0)
another = translate(run, x[0], seed=1)
print("same seed, same picture: ", evaluation.mae(again, y_hat[0]) < 0.5)
print("other seed, same picture:", np.array_equal(another, y_hat[0]))

# %% [markdown]
# Which of the differences in our tables are larger than this chance? Translate the whole split with
# two more seeds, and in the two other modes of notebook 05: `deterministic` (dropout off) and
# `running` (dropout off, and the averages of the training instead of the picture's own statistics).
# **Predict:** does the segmenter notice the seed? The mode?

# %% tags=["predict"]
versions = {"paper, seed 0": y_hat}
versions |= {f"paper, seed {seed}": translate_all(run, x, seed=seed) for seed in (1, 2)}
versions |= {mode: translate_all(run, x, mode) for mode in MODES if mode != "paper"}
print(f"{'':18}{'from seed 0':>12}{'MAE to y ↓':>12}", end="")
print(f"{'pixel acc. ↑':>14}{'mean IoU ↑':>12}" * (palette is not None))
for name, images in versions.items():
    line = f"{name:18}{evaluation.mae(images, y_hat):12.2f}{evaluation.mae(images, y):12.2f}"
    if palette is not None:
        found = consistency(images)
        line += f"{found['pixel_accuracy']:14.3f}{found['mean_iou']:12.3f}"
    print(line)

# %% [markdown]
# The first column says how far, in grey levels, each version is from that of seed 0. The three
# seeds give different pictures and nearly the same scores: dropout moves details, not windows.
# Switching it off changes as little.
#
# `running` gives pictures that differ by far more, and are a little further from the photos. How
# much the segmenter minds depends on the training: G never trained with those statistics. So state
# the mode beside the number, as `evaluate` does in its last line, and compare runs only within one
# mode.
#
# This is the luck of *translating*. That of *training*, another `SEED` for the whole run, moves the
# scores by more; the paper's authors, too, expect differences from run to run.

# %% [markdown] tags=["exercise"]
# ### Exercise 5 · code: is the difference real?
#
# Two sets of scores, one number a picture, for the *same* pictures: two modes of this section, say.
# Section 11 gave the standard error of a mean. Write that of the mean *difference*. When is it much
# smaller than the errors of the two means, and when is it not?


# %% tags=["exercise"]
def mean_difference(first, second):
    """Mean of `first` minus `second`, picture by picture, and its standard error: two numbers."""
    # <solution>
    apart = first - second
    return apart.mean(), apart.std(ddof=1) / np.sqrt(len(apart))
    # </solution>


# %% tags=["nbval-check-output"]
exercises.check_mean_difference(mean_difference)

# %% tags=["solution"]
if palette is None:
    print(SKIPPED)
else:
    by_mode = {
        name: (read_labels(segmenter, versions[name]) == truth).mean(axis=(1, 2))
        for name in ("paper, seed 0", "running", "deterministic")
    }
    for name, values in by_mode.items():
        apart, error = mean_difference(by_mode["paper, seed 0"], values)
        alone = values.std(ddof=1) / np.sqrt(len(values))
        print(f"{name:14} {values.mean():.3f} ± {alone:.3f}   paper is ahead by ", end="")
        print(f"{apart:.4f} ± {error:.4f}")

# %% [markdown] tags=["solution"]
# The errors of the means are several thousandths, and nearly all of that is the difficulty of the
# pictures. Between `paper` and `deterministic` it cancels, since both find the same pictures hard:
# their difference is known many times better. `running` is better at some pictures and worse at
# others, so less cancels. A difference of one standard error is no evidence; ask for two or more.
# (Dividing by n in the deviation, as NumPy does by default, is right here as well.)

# %% [markdown]
# ## 13 · Break it, and see whether the score notices
#
# A score that cannot fail is worth nothing. Two sabotages: the first generator has the same
# architecture and was never trained. The second is ours, but somebody mixed up the conditions: it
# translates the label map of *another* house. Its pictures are as good as before; they are only not
# what was asked for.

# %% alt="A label map and two sabotaged answers: the untrained generator's is grey noise; with conditions mixed up there is a convincing house that belongs to another map."
keras.utils.set_random_seed(SEED)
untrained = build_generator(config)
ignorant = [generate(untrained, to_network(each)[None]) for each in x]
broken = {
    "never trained": np.stack([to_image(image[0]) for image in ignorant]),
    "conditions mixed up": np.roll(y_hat, 1, axis=0),  # the translation of the condition before
}
image_grid({"condition": x[:1]} | {k: v[:1] for k, v in broken.items()}, cell=1.25)
plt.show()

# %% [markdown]
# **Predict** for both: near the ceiling, or near the floor?

# %% tags=["predict", "question-49"]
ladder = {"real": y, "generated": y_hat} | broken | {"real, shuffled": np.roll(y, 1, axis=0)}
if palette is None:
    print(SKIPPED)
    for name, images in ladder.items():
        print(f"{name:24} MAE {evaluation.mae(images, y):5.1f}")
else:
    print_consistency(ladder)

# %% [markdown]
# Under `cpu` both sabotages end near the floor, far under the trained run. In the untrained
# generator's noise the segmenter finds hardly any class, so its mean IoU is below that of a photo
# of some other house. Its accuracies may come out on either side of the floor: if the segmenter
# takes the noise for a common class, it is right as often as that class occurs.
#
# The mixed-up one is the interesting case: the windows and doors of our run, and the score of a
# shuffled photo. Label consistency measures *obedience*: did the picture do what the condition
# said? (Under `smoke` neither network has learnt anything, and all lines look alike, correctly so.)

# %% [markdown] tags=["exercise"]
# ### Exercise 6 · experiment: a hasty judge
#
# Train another segmenter, for a single epoch on every fifth pair of the training split
# (`train_segmenter`; `help(train_segmenter)` names its arguments; half a minute under `cpu`), and
# repeat the table above with it. What becomes of ceiling and floor, and of the distance between
# "generated" and its two sabotages? For the painted set under `cpu` expect a mean IoU below 0.6 for
# the real photos.

# %% tags=["exercise"]
# <solution>
if palette is None:
    print(SKIPPED)
else:
    train = load_pairs(dataset, "train", config.image_size, config.train_pairs)
    train_ids = np.stack([palette.to_ids(condition) for condition in train.condition[::5]])
    in_haste = config.replace(segmenter_epochs=1)
    hasty = train_segmenter(train.target[::5], train_ids, len(palette), in_haste)
    for name, images in ladder.items():
        counts = evaluation.confusion(truth, read_labels(hasty, images), len(palette))
        mine, hastily = consistency(images), evaluation.consistency_scores(counts)
        print(f"{name:24} mean IoU {mine['mean_iou']:.3f}   in haste {hastily['mean_iou']:.3f}")
# </solution>

# %% [markdown] tags=["solution"]
# The ceiling sinks by about half, in our runs from above 0.8 to about 0.45, while the floor stays
# where it is. And "generated" reaches the new ceiling, as good as real: what the hasty segmenter
# does not see (small parts, rare classes), nobody is charged for. Only the sabotages are still
# found out. So a low ceiling flatters, and scores that were read by different segmenters must never
# be compared.

# %% [markdown]
# ## 14 · Why FID on a hundred pictures is noise
#
# Obedience is not beauty. For "does it look real?" one number is quoted everywhere, the *Fréchet
# Inception distance* (FID, Heusel et al. 2017). It sends real and generated pictures through
# Inception, a large classifier of photos, which gives 2,048 features for each picture. It describes
# either set by the mean $\mu$ of its features and by their covariance $\Sigma$, the table of how
# they vary together. FID is the distance between the two descriptions, 0 if they agree:
#
# $$d = \lVert \mu_1 - \mu_2 \rVert^2 +
# \mathrm{Tr}\left(\Sigma_1 + \Sigma_2 - 2\,(\Sigma_1 \Sigma_2)^{1/2}\right)$$
#
# Inception's weights are not part of this course. So we measure the same distance on features that
# we have: what the segmenter knows at the bottom of its U, averaged over each picture (or, where
# there is no segmenter, the mean colours of 4 × 4 fields). These numbers are no FIDs, but behave
# alike.


# %%
def frechet(a, b):
    """Fréchet distance of two sets of features, each (pictures, features)."""
    means = ((a.mean(axis=0) - b.mean(axis=0)) ** 2).sum()
    # scaled so that a.T @ a is the covariance
    a, b = ((part - part.mean(axis=0)) / np.sqrt(len(part) - 1) for part in (a, b))
    # the trace of the root is the sum of the singular values of a @ b.T, a small matrix
    return means + (a**2).sum() + (b**2).sum() - 2 * np.linalg.norm(a @ b.T, "nuc")


def features(photos):
    """Features of uint8 photos: float (pictures, features)."""
    if palette is None:
        n, size = photos.shape[:2]
        fields = photos.reshape(n, 4, size // 4, 4, size // 4, 3)
        return fields.mean(axis=(2, 4)).reshape(n, -1) / 255
    batches = (photos[start : start + 8] for start in range(0, len(photos), 8))
    return np.concatenate([bottom.predict_on_batch(batch) for batch in batches]).astype(float)


if palette is not None:
    turn = next(each for each in segmenter.layers if isinstance(each, keras.layers.UpSampling2D))
    average = keras.layers.GlobalAveragePooling2D()(turn.input)
    bottom = keras.Model(segmenter.input, average)

# %% [markdown]
# Now draw two piles of real photos at random from the training split, and measure their distance,
# twenty times for each size. Both piles come from one source, so the right answer is 0.
# **Predict:** will the mean of the twenty be 0 for piles of 10? And for the largest piles?

# %% tags=["predict"]
rng = np.random.default_rng(SEED)
some = min(400, config.train_pairs or 400)
pool = features(load_pairs(dataset, "train", config.image_size, some).target)
ours = features(y_hat)
half = len(pool) // 2
measured = {}
print(f"{'pictures':>8}{'real to real':>18}{'generated to real':>22}")
for n in sorted({10, 20, 40, 80, half}):
    if not 2 <= n <= half:
        continue
    real, made = [], []
    for _ in range(20):
        drawn = rng.permutation(pool)
        real.append(frechet(drawn[:n], drawn[n : 2 * n]))
        if n <= len(ours):
            made.append(frechet(rng.permutation(ours)[:n], drawn[:n]))
    measured[n] = np.mean(real), np.mean(made) if made else np.nan
    line = f"{n:8}{np.mean(real):11.3f} ± {np.std(real):.3f}"
    print(line + (f"{np.mean(made):14.3f} ± {np.std(made):.3f}" if made else ""))
if measured:
    least, most = min(measured), max(n for n in measured if n <= max(len(ours), min(measured)))
    print(f"real at {least} pictures : real at {max(measured)}      =", end=" ")
    print(f"{measured[least][0] / measured[max(measured)][0]:.1f}")
    print(f"real at {least} pictures : generated at {most} =", end=" ")
    print(f"{measured[least][0] / measured[most][1]:.1f}")

# %% [markdown]
# Each number is the mean and the standard deviation of twenty draws. Two faults show.
#
# - **Bias.** Real against real is not 0, not even on average: few pictures describe their source
#   badly, each pile in its own way. The distance shrinks as the piles grow.
# - **Spread.** Other pictures give another number. Differences of that size between two generators
#   tell you nothing.
#
# The last line compares piles of different sizes. Above 1 it says that *real photos* look worse
# than generated ones, only because fewer of them were measured. So **never compare FIDs of
# different numbers of pictures.** Published practice is 10,000 or more; the facades have 106 test
# pairs, the painted set has 100.
#
# And FID never asks whether a picture belongs to its condition. The mixed-up generator of section
# 13 has the same pictures in another order, hence exactly the same FID.

# %% [markdown]
# ## 15 · What none of these numbers measures
#
# The reference for "does it look real?" is still to ask **people.** The paper did, on Amazon
# Mechanical Turk: a real and a generated picture for one second each, which is real? For map →
# aerial photo, L1 + cGAN fooled people in 18.9 ± 2.5 % of the trials, L1 alone in 0.8 ± 0.3 %; for
# aerial photo → map, in 6.1 and 2.8 %. It is slow and costly.
#
# Now find the mark that you gave in section 1. Which of your reasons did a metric share?

# %% [markdown]
# ## 16 · When pix2pix is the wrong tool
#
# Pix2pix fits if you have *aligned pairs*, a few hundred or more, if about *one* answer is right
# for each input, and if a small picture will do. Otherwise:
#
# - **There are no pairs.** Horses to zebras: no zebra stands in the pose of your horse. CycleGAN
#   (2017) and CUT (2020) learn from two unpaired piles of pictures.
# - **Many answers are right, and you want to choose.** One drawing of a shoe, ten shoes. Another
#   seed hardly changed our pictures (section 12); BicycleGAN (2017) learns to vary them, and today
#   one takes a diffusion model (a network that takes noise out of a picture, step by step) with a
#   condition, such as ControlNet (2023).
# - **Megapixels.** A street scene of 2048 × 1024 from its label map: pix2pixHD (2018; a coarse
#   generator inside a fine one, several D's at different scales, and a loss on D's features in
#   place of L1), SPADE (2019).
# - **One answer is right.** Photo → labels: in the paper L1 alone scored better than with a D (.35
#   to .29 of IoU, table 6). Train a segmentation network, as in section 8.
# - **Video.** Translated one by one, frames flicker. `deterministic` mode stops dropout's share of
#   it; nothing here knows the frame before.
# - **The wish is a sentence.** "Make it winter": InstructPix2Pix (2023), a diffusion model in spite
#   of its name.
#
# Diffusion models give better and more varied pictures today. They need a large pretrained network
# and many steps for each picture; pix2pix learns your pairs from nothing on a laptop, and
# translates in one step.

# %% [markdown]
# ## Recap
#
# - MAE and PSNR judge every pixel alone; SSIM judges windows and forgives brightness. None of them
#   orders damage as you do.
# - Where many answers are right, the smallest expected distance belongs to their average: pixel
#   metrics reward blur.
# - Label consistency asks a segmenter of real photos whether it finds the label again. It ignores
#   what the label leaves open. Give it with its ceiling and its floor.
# - Pixel accuracy flatters common classes; class accuracy and mean IoU do not. The confusion matrix
#   says what was lost, and to which class.
# - A score without its split, number of pictures, mode and epochs cannot be compared with any
#   other; nor can a FID of few pictures.
#
# **What this does not show.** There is *one* segmenter, from one seed, with its own blind spots:
# another would give other digits. A few dozen painted streets are kinder than real photos: the
# painted ceiling is far above the 0.80 of the paper's Cityscapes. And one run of each kind was
# measured, so a small difference may be luck.

# %% [markdown]
# ## Next
#
# This closes the first round: data, networks, losses, training, and now a verdict. [Notebook
# 07](07_tables_in_miniature.ipynb) puts the paper's own tables to the test, with the segmenter of
# this notebook as the judge. Or train again with a change of your own in [notebook
# 05](05_training.ipynb), or with your own pictures: `pix2pix-course --help` lists the commands.
#
# In the paper (Isola et al., [arXiv:1611.07004](https://arxiv.org/abs/1611.07004)), read §4.1 on
# the two ways of evaluating, §4.2 with table 1, and the failures in the appendix. SSIM is from Wang
# et al., *Image quality assessment: from error visibility to structural similarity* (2004), FID
# from Heusel et al., *GANs trained by a two time-scale update rule converge to a local Nash
# equilibrium* (2017).
