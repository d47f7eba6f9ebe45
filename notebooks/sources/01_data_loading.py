# %% [markdown]
# # 01 · Data loading
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/{{repository_path}}/blob/main/notebooks/{{notebook}})
#
# ![The road of a pair in four pictures: a file with photo and label map side by side; both sides enlarged, with a random square marked at the same place in each; the squares cut out and mirrored alike; and batches of such pairs.]({{picture 01_data_loading.png}})
#
# **What you will build.** The road from picture files to the batches that pix2pix trains on: pairs
# that are read, cleaned, enlarged, cropped, mirrored and shuffled, with both sides of a pair always
# treated alike. You build each step by hand, prove it equal to the step in the package, and break
# it on purpose to see what it is good for.
#
# **Time.** Under one minute on two CPU cores; on a GPU not measured (nothing here needs one).
#
# **After this notebook you can**
#
# - say what a pair is, which half is the input, and why that must never be a constant in code;
# - explain why label maps and photos are resized in different ways, and what JPEG does to labels;
# - write jitter that keeps both sides of a pair aligned, and measure what happens if it does not;
# - draw order, crops and flips of an epoch as arrays that follow from (seed, epoch), so that a
#   training can be stopped and resumed without a trace;
# - bring a folder of your own pairs and have it checked.
#
# It builds on nothing but Keras basics. Notebook 02 builds the generator that eats these batches.

# %% tags=["setup"]
# {{setup}}

# %%
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from pix2pix_course import exercises, pipeline
from pix2pix_course.config import profile
from pix2pix_course.datasets import open_dataset
from pix2pix_course.datasets.painter import paint_pair
from pix2pix_course.figures.plotting import image_grid
from pix2pix_course.pairs import DatasetError, load_pairs, read_pair, to_image, to_network
from pix2pix_course.palettes import PALETTES

# %% tags=["parameters"]
PROFILE = "cpu"  # "smoke" proves that every cell runs, "cpu" teaches, "gpu" is the paper
DATASET = "painted"  # or a name from `pix2pix-course data list`, or a folder of pairs
DIRECTION = None  # "AtoB" or "BtoA"; None: as the data set says of itself
PALETTE = None  # label colours of a folder that does not describe itself
SEED = 0  # order, crops and flips follow from it

# %%
config = profile(PROFILE).replace(dataset=DATASET, direction=DIRECTION, palette=PALETTE, seed=SEED)
size = config.image_size
print(f"profile {PROFILE}: pictures of {size}×{size} pixels")

# %% [markdown]
# ## 1 · A pair is one file
#
# Pix2pix consists of two networks that are trained against each other, which makes it a *generative
# adversarial network* (GAN): a *generator* turns one picture into another, and a *discriminator*
# judges what it makes. Notebooks 02 and 03 build them. Both learn from examples of the form "this
# picture should become that one".
#
# Before you run the next cell: how would you store such examples, so that the two pictures of an
# example can never be mixed up?
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
# Reading a pair takes three lines with Pillow. Before you look: which index of the array is the
# width?


# %% tags=["question-30"]
def read_pair_by_hand(path):
    picture = np.asarray(Image.open(path).convert("RGB"))
    half = picture.shape[1] // 2
    return picture[:, :half], picture[:, half:]


path = dataset.files("train")[0]
a, b = read_pair_by_hand(path)
print(f"A {a.shape} {a.dtype}, B {b.shape} {b.dtype}, values from {a.min()} to {a.max()}")

# %% alt="A painted house front beside its label map. On the left, A, the photo, is the target; on the right, B, flat colours for walls, windows, doors and balconies, is the input." tags=["question-30"]
figure, (left, right) = plt.subplots(1, 2, figsize=(4.4, 2.3), layout="constrained")
for axis, side, image in ((left, "A", a), (right, "B", b)):
    role = "input" if side == dataset.condition_side else "target"
    axis.imshow(image)
    axis.set_title(f"{side}: the {role}", fontsize=10)
    axis.axis("off")
plt.show()

# %% [markdown]
# In the picture above (with the painted set) the photo is A and the map is B. The map has one flat
# colour for each kind of thing: light blue for windows, orange-red for moldings, dark blue for
# what does not belong to the house. The network will see the map and should answer with a photo.
#
# What you built is what the package does on a good day. Its `read_pair` does more on a bad one: it
# turns grey, 16-bit, CMYK and transparent files into RGB, obeys a camera's rotation mark, and
# refuses what cannot be a pair, naming the file. You will see that in section 12. On good files the
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


# %% alt="Two files cut by the same rule. With the map on the right, the map becomes the input and the photo the target; with the map on the left, the two have changed places, and nothing warns of it."
def hard_coded(picture):
    """The right half is the input, whatever the folder holds."""
    half = picture.shape[1] // 2
    return picture[:, half:], picture[:, :half]


house = paint_pair(seed=3)
usual = np.concatenate([house.photo, house.label], axis=1)
swapped = np.concatenate([house.label, house.photo], axis=1)
(x, y), (x_swapped, y_swapped) = hard_coded(usual), hard_coded(swapped)
image_grid(
    {"its “input”": [x, x_swapped], "its “target”": [y, y_swapped]},
    cell=1.5,
    row_names=["map on the right", "map on the left"],
)
plt.show()


# %% tags=["nbval-check-output"]
def count_colours(image):
    return len(np.unique(image.reshape(-1, 3), axis=0))


print("colours in the “input” of the usual file:", count_colours(x))
print("more than 1000 in that of the swapped file:", count_colours(x_swapped) > 1000)

# %% [markdown]
# In the picture above the second row is the answer: *nothing* happens. No error, no ugly picture.
# The training would run for hours, its losses would fall, and it would end with a network that
# turns photos into maps. The only trace is in the numbers: a map has a handful of colours, and what
# the reader called its input has thousands.
#
# So direction is a property of the folder at hand. A folder of this course says it in a small file,
# `dataset.json`; for any other folder you are asked, and there is no default. The words are those
# of the original code: `AtoB` means left to right, `BtoA` right to left.

# %% tags=["nbval-check-output", "question-48"]
for direction in ("AtoB", "BtoA"):
    turned = open_dataset("painted", direction=direction)
    from_map = turned.condition_palette is not None
    print(f"{direction}: input {turned.condition_side}, the input is a label map: {from_map}")

# %% [markdown]
# Some programs have a switch instead, such as `is_reversed`. Reversed from what? These are the
# published archives, each with the direction of its usual task.

# %% tags=["nbval-check-output", "question-48"]
from pix2pix_course.datasets.catalogue import CATALOGUE

for published in CATALOGUE.values():
    print(f"{published.name:16}{published.direction}   {published.about}")

# %% [markdown]
# One and the same setting of a switch paints photos in one set and maps in the next.
#
# Both directions are legitimate tasks: painting a house from its map, and finding the map of a
# house (that second task is what the segmenter of notebook 06 learns). The point is only that
# *you* choose. In this course the input is called the condition, $x$, and the wanted output the
# target, $y$.
#
# ## 3 · What the map does not say
#
# Here are four painted pairs. Each comes from a number, its seed: the same seed gives the same
# pixels on every machine. Before you run the cell: if you knew the map perfectly, could you compute
# the photo from it?

# %% alt="Four painted houses, label maps above and photos below. The maps share one set of flat colours; the photos below them have walls of different colours and textures."
houses = [paint_pair(seed) for seed in range(4)]
image_grid(
    {f"seed {seed}": [pair.label, pair.photo] for seed, pair in enumerate(houses)},
    cell=1.5,
    row_names=["label map", "photo"],
)
plt.show()

# %%
facade = PALETTES["facades"].names.index("facade")
for seed, pair in enumerate(houses):
    wall = pair.class_ids == facade
    in_map, in_photo = (i[wall].mean(axis=0).round().astype(int) for i in (pair.label, pair.photo))
    print(f"seed {seed}: wall in the map {in_map}, in the photo on average {in_photo}")

# %% [markdown]
# In every map the wall has the same blue, (0, 48, 255). In the photos it is brick, plaster or
# stone, light or dark. Wall colour, sky, frames and curtains were drawn at random *after* the
# layout, and the map holds nothing of these draws. The real facades are like this too: nobody can
# tell from a plan what colour a house was painted.
#
# So one map has many photos that fit it. To see it for one and the same house, the next cell gives
# its wall two other coats of paint.


# %% alt="One label map and three photos of the same house: brick red and yellow, bluish, and dark grey. Windows and doors lie in the same places, so all three fit the map equally well."
def repaint(pair, tint, kept=("background", "window", "door", "blind", "shop")):
    """The photo with its walls and their ornaments in another colour; the map still fits."""
    stays = np.isin(pair.class_ids, [PALETTES["facades"].names.index(name) for name in kept])
    coloured = np.clip(pair.photo * np.array(tint), 0, 255).astype(np.uint8)
    return np.where(stays[..., None], pair.photo, coloured)


house = houses[0]
answers = [house.photo, repaint(house, (0.7, 0.85, 1.4)), repaint(house, (0.5, 0.5, 0.6))]
columns = {"map": [house.label]} | {f"answer {n}": [a] for n, a in enumerate(answers, 1)}
image_grid(columns, cell=1.5)
plt.show()
first, *others = (to_network(answer) for answer in answers)
apart = np.mean([abs(first - other).mean() for other in others])
print(f"equally good answers differ by {apart:.2f} on average, on a scale from 0 to 2")

# %% [markdown]
# All three photos in the picture above are right. A network that must name *one* answer and pays
# for its distance to whichever of them is in the file does best with something in between: a
# greyish average wall. The rest of the course follows from this. Notebook 04 measures that average,
# and the discriminator of notebook 03 is the way out: it asks whether a photo is *plausible*, not
# whether it is the one in the file.
#
# ## 4 · From bytes to [-1, 1] and back
#
# A file holds whole numbers from 0 to 255. The last layer of the generator is a $\tanh$, which
# answers between -1 and 1. Target and answer must live on the same scale, so every picture is
# brought there. With $p$ for a value in the file and $x$ for the same value as the networks see it:
#
# $$x = \frac{p}{127.5} - 1 \qquad\qquad p = \mathrm{round}\big(127.5\,(x + 1)\big)$$
#
# Before you run the cell: which value of $p$ becomes exactly 0?

# %% tags=["nbval-check-output"]
p = np.arange(256, dtype=np.uint8)  # every value that a file can hold
x = p.astype(np.float32) / 127.5 - 1
print(f"0 becomes {x[0]:g}, 255 becomes {x[255]:g}")
print("becomes 0:", p[x == 0].tolist(), "- nearest are", p[abs(x) < 0.005].tolist())
back = np.rint((x + 1) * 127.5).astype(np.uint8)
print("all 256 values come back:", np.array_equal(back, p))
print("to_network agrees:", np.array_equal(to_network(p), x))
print("to_image agrees:", np.array_equal(to_image(x), p))

# %% [markdown]
# None: the middle of the scale lies between 127 and 128. That is as it should be, and nothing is
# lost on the way there and back.
#
# Two slips are popular. One scales the photos to [0, 1] and leaves the $\tanh$: half of what the
# layer can say is then never right, and black, now 0, sits in the steepest part of the curve
# instead of at its end. The other forgets to round. `astype` cuts off the decimals; predict whether
# that matters for none, a few or many of the 256 values.

# %% tags=["nbval-check-output"]
cut_off = ((x + 1) * 127.5).astype(np.uint8)  # no rounding
wrong = np.flatnonzero(cut_off != p)
print("some values come back wrong without rounding:", len(wrong) > 20)
print("each of them one too dark:", np.array_equal(cut_off[wrong] + 1, p[wrong]))

# %% [markdown]
# A quarter of the values (63 of them), in floating point of 32 bits, comes out a hair under the
# whole number and is then cut down to the next lower one. One step of 255 is invisible. But each
# time such a picture is saved and loaded again it grows darker, and a test that asks for exact
# equality fails for no visible reason.
#
# ## 5 · JPEG and the colours that are no class
#
# The painted maps are PNG files, which keep every pixel. The published facades are JPEG files.
# JPEG was made for photos: it drops detail that the eye does not miss. A label map is no photo: a
# pixel is "window" or it is not.
#
# A map of ours has at most twelve colours. How many are there after one trip through JPEG: twelve,
# some dozens, some thousands?


# %%
import io


def through_jpeg(image, **settings):
    """The image as it comes back from a JPEG file in memory."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", **settings)
    return np.asarray(Image.open(file))


palette = PALETTES["facades"]
noisy = [through_jpeg(house.label, quality=75) for house in houses]  # 75 is Pillow's default
for seed, (house, label) in enumerate(zip(houses, noisy, strict=True)):
    print(f"seed {seed}: {count_colours(house.label)} colours, as JPEG {count_colours(label)}")

# %% [markdown]
# Thousands. (The digits depend on the JPEG library of your machine.) In the published facades it is
# ten to twenty thousand in a single map. A network can live with that noise in its input; it is
# harmful where labels are *counted*, as in the evaluation of notebook 06, and where a label is
# resized.
#
# What helps is to put every pixel back on the nearest of the twelve colours. `Palette.snap` does
# so. By hand it is one line: the squared distance to each colour, and the smallest
# wins.


# %% alt="An enlarged piece of a label map: clean, with faint noise after JPEG, and flat again after snapping. In the last panel the pixels that are still wrong are white: they line the borders between classes."
def nearest_class(image, colours):
    difference = image[..., None, :].astype(int) - np.array(colours)
    return (difference**2).sum(axis=-1).argmin(axis=-1)


ids, snapped = nearest_class(noisy[0], palette.colours), palette.snap(noisy[0])
wrong = ids != houses[0].class_ids
panels = {"clean": houses[0].label, "JPEG": noisy[0], "snapped": snapped, "still wrong": wrong}
image_grid({name: [panel[96:160, 96:160]] for name, panel in panels.items()}, cell=1.9)
plt.show()

# %% tags=["nbval-check-output"]
print("nearest_class agrees with Palette.to_ids:", np.array_equal(ids, palette.to_ids(noisy[0])))
print("more than 1000 colours in each JPEG:", all(count_colours(j) > 1000 for j in noisy))
print("at most 12 after snap:", all(count_colours(palette.snap(j)) <= 12 for j in noisy))
print("over 85 % of the pixels have their class again:", (~wrong).mean() > 0.85)
print("but not all:", wrong.any())

# %% [markdown]
# In the picture above, JPEG has turned clean edges into fringes; snapping makes them clean again,
# but not always in the right place. In the right-most panel the pixels that got a wrong class are
# white: they cling to the edges.
#
# One might think that a higher quality helps. Before you run the next cell, guess which of its
# three rows is the best. `subsampling=0` tells JPEG to keep colour at full resolution; normally it
# keeps one colour value for four pixels, and only brightness for each.


# %%
def restored(**settings):
    """Mean share of the pixels that have their class again after JPEG and snap."""
    ids = [palette.to_ids(through_jpeg(house.label, **settings)) for house in houses]
    return np.mean([(i == house.class_ids).mean() for i, house in zip(ids, houses, strict=True)])


for settings in ({"quality": 75}, {"quality": 95}, {"quality": 75, "subsampling": 0}):
    print(f"{restored(**settings):.3f}  {settings}")

# %% [markdown]
# Quality hardly matters: what destroys labels is that their colour, which is all they have, is
# stored at half the resolution. With full colour resolution nearly every pixel comes back. The
# lesson for your own sets: keep label maps as PNG. For sets that others made, snap, and do not
# expect miracles within two pixels of an edge.
#
# What about the set that this notebook was opened with?

# %%
if dataset.palette is None:
    print(f"no side of {dataset.name} is a label map, so there is nothing to snap")
else:
    label = read_pair(path)["AB".index(dataset.label_side)]
    snapped = dataset.palette.snap(label)
    print(f"{path.name}: {count_colours(label)} colours, {count_colours(snapped)} after snap")

# %% [markdown]
# ## 6 · Enlarging a map is not enlarging a photo
#
# Jitter, which comes next, begins by enlarging a picture from 256 to 286 pixels. A new pixel that
# falls between two old ones must get some value. *Nearest* copies the closer one; *bilinear* and
# *bicubic* mix the neighbours.
#
# What is half a window and half a molding? As a colour: a mixture of (0, 128, 255) and
# (255, 80, 0), about (128, 104, 128), a purple. As a class: nothing at all. Guess which of the
# twelve classes has the colour nearest to that purple.


# %% tags=["nbval-check-output"]
def enlarge(image, method, size=286):
    return np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling[method]))


purple = np.array([128, 104, 128], np.uint8)
print("half window, half molding is nearest to:", palette.names[palette.to_ids(purple)])
house = houses[0]
labels = {method: enlarge(house.label, method) for method in ("NEAREST", "BILINEAR")}
for method, label in labels.items():
    share = (label != palette.snap(label)).any(axis=-1).mean()
    print(f"{method}: some pixels have no class's colour: {share > 0}, over 5 %: {share > 0.05}")

# %% [markdown]
# A sill, of all things. Every border between a window and a molding would get a thin line of sill.
# How often does that happen? The next cell counts *strangers*: enlarged pixels whose class occurs
# at none of the old pixels around them.


# %%
def strangers(enlarged, ids):
    """Where the class is that of none of the (up to four) old pixels around."""
    place = (np.arange(len(enlarged)) + 0.5) * len(ids) / len(enlarged) - 0.5
    before = np.clip(np.floor(place).astype(int), 0, len(ids) - 1)
    after = np.clip(before + 1, 0, len(ids) - 1)
    around = [ids[np.ix_(rows, columns)] for rows in (before, after) for columns in (before, after)]
    return (palette.to_ids(enlarged) != np.stack(around)).all(axis=0)


for method, label in labels.items():
    share = strangers(label, house.class_ids).mean()
    print(f"{method}: {count_colours(label)} colours, {share:.1%} strangers")

# %% alt="An enlarged piece of a label map. Enlarged by nearest its borders are sharp, by bilinear they are soft; snapped, the soft borders become thin lines of a third class, which are white in the last panel." tags=["question-33"]
soft = labels["BILINEAR"]
panels = {"nearest": labels["NEAREST"], "bilinear": soft, "bilinear, snapped": palette.snap(soft)}
panels["strangers"] = strangers(soft, house.class_ids)
image_grid({name: [panel[110:170, 110:170]] for name, panel in panels.items()}, cell=1.9)
plt.show()

# %% [markdown]
# Nearest makes no strangers, and cannot: it only copies. In the picture above the bilinear map has
# soft borders, and snapping does not cure them: it sends the mixtures to a *third* class. Along the
# red pillar, for example, a dark line appears on each side. The strangers are white in the last
# panel. A few per cent sounds little, but they surround every object in the map.
#
# For photos it is the other way round. A mixture of two brick colours is a fine brick colour, and
# copying has a price that the next cell counts. Predict it: 256 rows are to become 286.

# %% tags=["nbval-check-output", "question-33"]
house = houses[1]
photos = {method: enlarge(house.photo, method) for method in ("NEAREST", "BICUBIC")}
for method, photo in photos.items():
    repeated = (photo[1:] == photo[:-1]).all(axis=(1, 2)).sum()
    print(f"{method}: {repeated} of 286 rows repeat the row above")

# %% alt="The gable of a painted house, enlarged twice. By nearest its slopes climb in steps of unequal length; by bicubic they are smooth."
image_grid({name.lower(): [photo[6:62, 96:166]] for name, photo in photos.items()}, cell=2.4)
plt.show()

# %% [markdown]
# Nearest repeats 30 rows and 30 columns, every ninth or tenth. In the left panel above look at the
# slope of the gable, which has got steps of unequal length. A generator trained on such photos
# learns that real photos have them. (Of the well-known implementations one enlarges photos by
# nearest, another one maps by bilinear.)
#
# There is also a way to a new size that is no resizing at all: `reshape`. It keeps all numbers in
# their order and only begins new rows elsewhere. What becomes of an upright line?

# %% tags=["nbval-check-output", "question-68"]
line = np.zeros((4, 6), np.uint8)
line[:, 2] = 1
resized = Image.fromarray(line).resize((4, 6), Image.Resampling.NEAREST)  # (width, height)
print(f"reshaped to 6 × 4:\n{line.reshape(6, 4)}\nresized to 6 × 4:\n{np.asarray(resized)}")

# %% [markdown]
# The reshaped line is in pieces, and nothing complained. Look at the order of the numbers as well:
# an array's shape is (height, width), Pillow's size (width, height).
#
# So a loader must know which side is a label map. Now all the pieces of sections 1 to 6 fit into
# one function: read, snap what is a label, resize each side in its own way, and sort the sides into
# condition and target.


# %%
def load_pair_by_hand(path, size):
    halves = dict(zip("AB", read_pair(path), strict=True))

    def fit(side):
        image, method = halves[side], Image.Resampling.BICUBIC
        if palette := dataset.palette_of(side):  # this half is the label map
            image, method = palette.snap(image), Image.Resampling.NEAREST
        return np.asarray(Image.fromarray(image).resize((size, size), method))

    return fit(dataset.condition_side), fit(dataset.target_side)


# %% tags=["nbval-check-output"]
ours = [load_pair_by_hand(path, 286) for path in dataset.files("train")[:8]]
condition, target, _ = load_pairs(dataset, "train", 286, limit=8)
print("shapes:", condition.shape, target.shape, condition.dtype)
same = [
    np.array_equal(c, x) and np.array_equal(t, y)
    for (c, t), x, y in zip(ours, condition, target, strict=True)
]
print("equal to load_pairs:", all(same))

# %% [markdown]
# May the size be anything? A loader can make any; who sets the limit is the network that comes
# after it.

# %% tags=["nbval-check-output", "question-31"]
print("loaded at 100 pixels:", load_pairs(dataset, "train", 100, limit=1).target.shape)
try:
    config.replace(image_size=100)
except ValueError as error:
    print(error)

# %% [markdown]
# ## 7 · Jitter: a slightly different picture every time
#
# The paper trains on 400 facades for 200 epochs. A network with 54 million weights could learn 400
# answers by heart. Section 6.2 of the paper says what to do: enlarge each pair to 286 pixels, cut
# out 256 of them at a random place, and mirror half of the pairs.
#
# The margin is 30 pixels, so the top edge of the cut can lie at 0, 1, … up to and including 30.
# How many different pictures does one pair give? And what should become of 286 at other sizes?

# %% tags=["nbval-check-output"]
margin = 286 - 256
print(f"{margin + 1} × {margin + 1} places × 2 = {(margin + 1) ** 2 * 2} versions of one pair")
for side in (64, 128, 256, 512):
    by_hand = round(side * 286 / 256)
    print(f"{side}: enlarge to {by_hand}, in the package {pipeline.load_size(side)}")

# %% [markdown]
# Nearly two thousand versions (most differ by a shift of some pixels, so they are far from two
# thousand new houses). At other sizes the proportion is kept.
#
# A trap hides in "0 to 30, both included". Random functions usually leave out the upper end, and
# the two `randint(0, 30)` disagree: Python's includes 30, NumPy's does not. NumPy's newer
# `integers` includes it if one says `endpoint=True`. The original Torch code never used offset 0.
#
# Cutting itself is indexing. Note that the function takes the *stack* of both sides: it cannot
# treat them differently. And it draws nothing: where to cut, and what to mirror, is drawn
# beforehand, for as many pairs as you like, as three arrays. Section 9 shows what that is good for.


# %%
def cut(pair, size, top, left, mirrored):
    """The same cut from both sides. pair: (2, enlarged, enlarged, 3) → (2, size, size, 3)."""
    pair = pair[:, top : top + size, left : left + size]
    return pair[:, :, ::-1] if mirrored else pair


def draw(random, count, margin):
    """Where to cut `count` pairs, and which of them to mirror; `random` is a NumPy generator."""
    top, left = random.integers(margin, size=(2, count), dtype=np.int32, endpoint=True)
    mirrored = random.random(count) < 0.5  # `random` draws from [0, 1)
    return top, left, mirrored


# %% tags=["nbval-check-output"]
top, left, mirrored = draw(np.random.default_rng(0), 1000, margin=30)
print("offsets drawn:", min(top.min(), left.min()), "to", max(top.max(), left.max()))
print("each of the 31 occurs:", len(np.unique(top)) == len(np.unique(left)) == 31)
print("mirrored between 45 and 55 %:", 0.45 < mirrored.mean() < 0.55)

# %% alt="One pair cut in four ways, label maps above and photos below. The house sits a little higher, lower or more to the side in each, and in some it is mirrored; map and photo always move together."
from pix2pix_course.figures.sliders import explore

margin = pipeline.load_size(size) - size
pairs = load_pairs(dataset, "train", pipeline.load_size(size), limit=8)
stacked = np.stack([pairs.condition, pairs.target], axis=1)
drawn = draw(np.random.default_rng(SEED), 20, margin)


def show_version(number, *axes):
    """What the first pair becomes by one of the draws: both sides."""
    top, left, mirrored = (column[number] for column in drawn)
    for axis, side in zip(axes, cut(stacked[0], size, top, left, mirrored), strict=True):
        axis.imshow(side, interpolation="nearest")
        axis.set(xticks=[], yticks=[])
    axis.set_xlabel(f"{top}, {left}{', mirrored' if mirrored else ''}", fontsize=9)


panels = ("condition", "target")
explore(show_version, "draw", range(20), shown=range(4), panels=panels, size=(1.3, 1.4))
plt.show()

# %% [markdown]
# In the picture above one pair appears in four versions; below each stand top, left and whether it
# is mirrored. (In JupyterLab or Colab, run the cell and you have a slider through twenty.) Look at
# the rim: the house moves a little in the frame, and condition and target move together. (Under
# `smoke` the margin is only 8 pixels.)
#
# To give the cut room to move: that is what the enlarging is for. Some programs enlarge and then
# always cut from the middle. How many versions of one pair does a network meet in twenty epochs?

# %% tags=["nbval-check-output", "question-32", "question-46", "question-74"]
top, left, mirrored = drawn
centre = np.full(20, margin // 2)
for crop, places in {"random": (top, left), "centre": (centre, centre)}.items():
    met = {cut(stacked[0], size, *how).tobytes() for how in zip(*places, mirrored, strict=True)}
    print(f"crop {crop}: more than 10 versions: {len(met) > 10}, at most 2: {len(met) <= 2}")

# %% [markdown]
# Cut from the middle, only the picture and its mirror image are left. The rim is lost for ever, and
# nothing was gained.
#
# Why mirror? A mirrored house front is one that could stand in the next street; turned upside down
# it could not. But only the *training* pairs are treated so. A test pair is resized straight to its
# size: who evaluates wants the same question every time.

# %% tags=["nbval-check-output", "question-34"]
once, again = (load_pairs(dataset, dataset.evaluation_split, size, 2) for _ in range(2))
print("test pairs, loaded twice, are equal:", np.array_equal(once.target, again.target))
one_pair_twice = config.replace(train_pairs=1, batch_size=1, epochs=2)
two_epochs, _ = pipeline.training_batches(dataset, one_pair_twice)
(_, y_first), (_, y_second) = two_epochs
print("a training pair in two epochs is equal:", np.array_equal(y_first, y_second))

# %% [markdown]
# Does the package cut in the same way? Its `cut` is written in TensorFlow operations, so that it
# can run inside a data pipeline; given the same numbers it must cut the same pixels.

# %% tags=["tensorflow", "nbval-check-output"]
import tensorflow as tf


def agrees(pair, *how):
    return np.array_equal(cut(pair, size, *how), pipeline.cut(tf.constant(pair), size, *how))


draws = zip(*draw(np.random.default_rng(1), 50, margin), strict=True)
equal = [agrees(stacked[i % 8], *how) for i, how in enumerate(draws)]
print("equal to pipeline.cut, 50 times:", len(equal) == 50 and all(equal))

# %% [markdown]
# ## 8 · Break it: two sides, two draws
#
# The commonest mistake in loaders for paired pictures is to call a random function once for each
# side. Nothing crashes. Each side, looked at alone, is perfect.
#
# How bad is it? Take the label map as the witness: cut it once as condition and once as the map
# that belongs to the photo, and count the pixels whose class differs. If both cuts are the same
# the answer is 0. If the two maps came from different houses altogether, that is the worst case,
# and a fair reference. Predict where between the two independent cuts will land.

# %%
houses = [paint_pair(seed) for seed in range(10)]
maps = np.stack([enlarge(house.class_ids, "NEAREST") for house in houses])  # (10, 286, 286)
dice = np.random.default_rng(SEED)


def place(cropping, mirroring):
    """A random (top, left, mirrored); what is switched off stays in the middle, or unmirrored."""
    top, left = dice.integers(31, size=2) if cropping else (15, 15)
    return top, left, mirroring and dice.random() < 0.5


def changed(*what):
    """Mean share of pixels whose class differs between two cuts drawn apart."""
    pairs = [(cut(maps, 256, *place(*what)), cut(maps, 256, *place(*what))) for _ in range(60)]
    return np.mean([first != second for first, second in pairs])


# %%
shares = {"mirrored apart": changed(False, True), "cut apart": changed(True, False)}
shares["both apart"] = changed(True, True)
shares["another house"] = np.mean([maps != np.roll(maps, n, axis=0) for n in range(1, 10)])
for name, share in shares.items():
    print(f"{name:14} {share:.2f} of the pixels have another class")

# %% tags=["nbval-check-output"]
print("mirroring apart changes more than 10 %:", shares["mirrored apart"] > 0.1)
print("cropping apart is worse:", shares["cut apart"] > shares["mirrored apart"] + 0.1)
print("both reach 75 % of a wrong house:", shares["both apart"] > 0.75 * shares["another house"])

# %% [markdown]
# Two cuts that are drawn apart lie some ten pixels from each other, in height and in width.
# Windows, sills and moldings are narrow, and a shift of their own width puts them on something
# else. (One or two pixels do much less harm; exercise 4 measures the curve.) Mirroring seems to do
# less harm, but only because two coins agree half of the time; where they disagree, about twice
# that share is wrong. Cut *and* mirrored apart, a map fits its own photo hardly better than the map
# of another house would. What a network can learn from such pairs is a blur.
#
# In the next picture the map lies half-transparent over the photo.

# %% alt="A label map laid over its photo, twice. With one draw for both every window lies under its own colour; with a draw each, map and photo are shifted against each other and everything is doubled."
label, photo = enlarge(houses[3].label, "NEAREST"), enlarge(houses[3].photo, "BICUBIC")
label, aligned, apart = (
    cut(image[None], 256, *place)[0]
    for image, place in ((label, (3, 25, 0)), (photo, (3, 25, 0)), (photo, (27, 4, 0)))
)
blends = {"one draw for both": label // 2 + aligned // 2, "a draw each": label // 2 + apart // 2}
image_grid({name: [blend] for name, blend in blends.items()}, cell=2.4)
plt.show()

# %% [markdown]
# On the left every window wears its colour like a tinted pane. On the right all is doubled. If you
# ever write a loader of your own, draw this picture first; no loss curve will show you the mistake.
#
# This also answers whether pix2pix is "unsupervised", as one reads. What does a map tell about the
# photo beside it? Subtract from each of its classes the mean colour that the photo has there, and
# see how much of the photo's variance is gone; then the same with the map of another house.


# %% tags=["nbval-check-output", "question-51"]
from itertools import pairwise


def explained(photo, ids):
    """Share of the photo's variance that the classes of a map explain."""
    rest = photo.astype(float)
    for index in np.unique(ids):
        rest[ids == index] -= rest[ids == index].mean(axis=0)
    return 1 - rest.var() / photo.var()


own = np.mean([explained(house.photo, house.class_ids) for house in houses])
other = np.mean([explained(one.photo, another.class_ids) for one, another in pairwise(houses)])
print("over 30 % by its own map:", own > 0.3, "- under half as much by another's:", other < own / 2)

# %% [markdown]
# The pairs are the teacher: for each input the file holds an answer that fits it, pixel by pixel.
# That is supervised learning. Without pairs one needs other means, such as CycleGAN.
#
# ## 9 · Random, and yet the same again
#
# Order, cuts and mirroring are random. Still, two things should hold. Whoever repeats a training
# with the same seed should get the same pictures. And a training that was stopped after epoch 7 and
# resumed should go on with *epoch 8*, as if nothing had happened.
#
# A generator of random numbers has a state that moves on with each draw. One can use a single
# generator for the whole training, or make a new one for each epoch, from (seed, epoch). Which of
# the two survives a restart?

# %% tags=["nbval-check-output"]
one_for_all = np.random.default_rng(SEED)
orders = [one_for_all.permutation(400) for _ in range(9)]  # of epochs 0 to 8
after_restart = np.random.default_rng(SEED).permutation(400)
print("one for all, restarted before epoch 8, goes on:", np.array_equal(after_restart, orders[8]))
print("it begins again with epoch 0:", np.array_equal(after_restart, orders[0]))
first, again = (np.random.default_rng([SEED, 8]).permutation(400) for _ in range(2))
print("made from (seed, 8), twice the same:", np.array_equal(first, again))
other = np.random.default_rng([SEED, 9]).permutation(400)
print("made from (seed, 9), the same:", np.array_equal(first, other))

# %% [markdown]
# A generator that is made anew from (seed, epoch) makes every random choice a function of *where we
# are*. Nothing needs to be remembered, so nothing can be lost.
#
# What has to be chosen for an epoch? The order: a permutation, so that each pair comes exactly
# once. And for each place in the order the cut and the mirroring, as in section 7. That is the
# whole plan of an epoch, in four arrays.


# %%
def plan_by_hand(epoch, count):
    """Of each position in the epoch: which pair, where to cut it, and whether to mirror it."""
    random = np.random.default_rng([SEED, epoch])
    order = random.permutation(count).astype(np.int32)
    return order, *draw(random, count, margin)


# %% tags=["nbval-check-output"]
for epoch in (0, 1, 17):
    both = zip(plan_by_hand(epoch, 400), pipeline.epoch_plan(config, 400, epoch), strict=True)
    print(f"epoch {epoch}: equal to epoch_plan:", [np.array_equal(mine, its) for mine, its in both])

# %% [markdown]
# The package has the same lines, and two more for the settings `jitter` and `mirror`, by which a
# configuration can switch either of them off. Its result has names as well: `pair`, `top`, `left`,
# `mirrored`.

# %% tags=["nbval-check-output"]
import inspect

print(inspect.getsource(pipeline.epoch_plan))

# %% [markdown]
# The plan can be asked before anything is trained. Predict: at batch size 150, how many of the 400
# pairs does the network meet in an epoch, and how many in five?

# %% tags=["nbval-check-output", "question-46"]
orders = [pipeline.epoch_plan(config, 400, epoch).pair for epoch in range(5)]
print("each is a permutation:", all(np.array_equal(np.sort(o), np.arange(400)) for o in orders))
moved = [(a != b).mean() for a, b in pairwise(orders)]
print("from one epoch to the next over 95 % change their place:", min(moved) > 0.95)
used = {pair for order in orders for pair in order[: 400 // 150 * 150].tolist()}
print("an epoch at batch size 150 uses:", 400 // 150 * 150)
print("five epochs use over 390 of the 400 pairs:", len(used) > 390)

# %% [markdown]
# That is one thing that shuffling is good for. Pairs that do not fill a batch are left out; without
# shuffling they are always the same ones, and the network never sees them.
#
# Now the proof that matters. `training_batches` gives the stream of batches that notebook 05 trains
# on. Take four epochs without a break; then, as a resumed training would, a new stream that begins
# with epoch 2 (epochs are counted from 0). Are the batches of the second stream those of the second
# half of the first, value by value?


# %% tags=["nbval-check-output"]
def stream(first_epoch):
    four_epochs = config.replace(train_pairs=8, batch_size=2, epochs=4)
    batches, _ = pipeline.training_batches(dataset, four_epochs, first_epoch)
    return [np.stack(batch) for batch in batches]


unbroken, resumed = stream(0), stream(2)
print(f"{len(unbroken)} batches without a break, {len(resumed)} after the restart")
print("it equals the second half:", all(map(np.array_equal, unbroken[8:], resumed)))
print("it repeats the first half:", any(map(np.array_equal, unbroken[:8], resumed)))

# %% [markdown]
# And with the usual tool? `tf.data` has a `shuffle` that takes a seed. It holds some elements in a
# buffer and hands on one of them at random. Two runs with the same seed agree, so it is often
# thought to be enough. Predict what a restart does to it: will the third epoch be the third, some
# unrelated order, or something worse?


# %% tags=["tensorflow", "nbval-check-output"]
def shuffled(epochs):
    numbers = tf.data.Dataset.range(20).shuffle(20, seed=SEED).repeat(epochs)
    return list(numbers.as_numpy_iterator())


four_epochs, after_restart = shuffled(4), shuffled(2)
print("goes on where it was:", after_restart == four_epochs[40:])
print("begins again:", after_restart == four_epochs[:40])

# %% [markdown]
# Worse: it begins again with the order of epoch 0. A training that is interrupted often, as on a
# free Colab machine, would see the first epochs' orders over and over, and the same would happen to
# its cuts. The average is hardly affected, but "the same seed gives the same network" is gone.
#
# A seed says where such a generator *began*. To go on in the middle one would have to save its
# state with every checkpoint, and what lay in the buffer as well. And if the cuts are drawn inside
# `map`, on several cores, then it depends on which core came first what number each pair got. An
# array that is drawn beforehand has none of these worries. It is also open to inspection: you can
# print it, plot it, or replace it by one of your own.
#
# ## 10 · The pipeline, step by step
#
# Everything is in place; what is missing is the assembly line. It should never make the network
# wait. First, what should be kept in memory? The pipeline of TensorFlow's pix2pix tutorial shuffles
# finished pictures: 400 float pairs wait in its buffer. Ours keeps the files decoded as bytes, and
# what is shuffled is the plan.

# %% tags=["nbval-check-output", "question-46"]
sizes = {
    "finished pairs, float32": 2 * 256 * 256 * 3 * 4,
    "enlarged pairs, uint8": 2 * 286 * 286 * 3,
    "rows of the plan": 3 * 4 + 1,  # three int32, and a bool
}
for name, size_of_one in sizes.items():
    print(f"400 {name}: {400 * size_of_one:,} bytes")
print(f"the 2975 of Cityscapes, float32: {2975 * 2 * 256 * 256 * 3 * 4 / 1e9:.1f} GB")

# %% [markdown]
# Decoding a file and enlarging it costs milliseconds and gives the same result each time, so it is
# done **once**. Cutting and mirroring differ each time and cost next to nothing, so they are done
# **at every step**. Bytes take a quarter of the room of floats; a set that does not fit (more than
# 1 GiB) is read from its files instead.
#
# Step one was done in section 7: `stacked` holds 8 decoded pairs. Step two makes a stream of the
# plans of three epochs, one after the other, an element for each pair that is to be shown.

# %% tags=["tensorflow"]
images = tf.constant(stacked)  # decoded once
plans = [plan_by_hand(epoch, len(stacked)) for epoch in range(3)]
rows = tf.data.Dataset.from_tensor_slices(tuple(map(np.concatenate, zip(*plans, strict=True))))
for index, top, left, mirrored in rows.skip(6).take(4).as_numpy_iterator():
    print(f"pair {index}, cut at {top}, {left}{', mirrored' if mirrored else ''}")

# %% [markdown]
# The printed lines show the seam between two epochs: two pairs of the first, then two of the
# second. (The package makes each plan when its epoch begins. The stream is the same.)
#
# Step three turns an element of the plan into pictures. Nothing is drawn any more; the numbers are
# only applied.


# %% tags=["tensorflow"]
def prepare(index, top, left, mirrored):
    pair = pipeline.cut(images[index], size, top, left, mirrored)
    pair = to_network(tf.cast(pair, tf.float32))
    return pair[0], pair[1]


batches = (
    rows.map(prepare, num_parallel_calls=tf.data.AUTOTUNE)  # on all cores
    .batch(2, drop_remainder=True)
    .prefetch(tf.data.AUTOTUNE)  # prepares the next batches while the network works
)

# %% tags=["tensorflow", "nbval-check-output"]
three_epochs = config.replace(train_pairs=8, batch_size=2, epochs=3)
packaged, steps = pipeline.training_batches(dataset, three_epochs)
print("steps in an epoch:", steps)
both = zip(batches.as_numpy_iterator(), packaged.as_numpy_iterator(), strict=True)
print("by hand equal to training_batches:", all(np.array_equal(mine, its) for mine, its in both))

# %% [markdown]
# That is the whole pipeline of the package. Each word in the chain has its reason:
#
# - `map` on all cores, since the cuts of different pairs have nothing to do with each other;
# - `batch` with `drop_remainder`, so that all batches have one shape. What is left over in an epoch
#   (with 8 pairs and batches of 2: nothing) is dropped from its plan, another few pairs each time;
# - `prefetch`, so that the next batch is ready when the network asks. Without it the two take turns
#   waiting for each other.
#
# Here is a batch as the network sees it.

# %% alt="A batch of three pairs, label maps in the upper row and photos in the lower. In each column the two show the same house, cut and mirrored alike."
view, _ = pipeline.training_batches(dataset, config.replace(batch_size=3, epochs=1))
x, y = map(np.asarray, next(iter(view)))
print(f"x {x.shape} {x.dtype}, y {y.shape}, values from {y.min():.2f} to {y.max():.2f}")
columns = {f"pair {i + 1}": [x[i], y[i]] for i in range(3)}
image_grid(columns, cell=1.6, row_names=["x, condition", "y, target"])
plt.show()

# %% [markdown]
# What you should see: three pairs whose sides fit, a little enlarged and cut, some mirrored. Under
# `smoke` they are 64 pixels wide and coarse, under `cpu` 128; that is correct. With the painted set
# the upper row holds maps in pure colours, with hard edges.
#
# ## 11 · Is it fast enough?
#
# However good the batches are, a GPU that waits for its loader is idle. The next cell rebuilds the
# plain way: at every step read the file, decode it, enlarge both sides by nearest, cut, mirror;
# shuffle the finished pictures; neither keep nor prepare anything.


# %% tags=["tensorflow"]
import time


def plain_batches(files, size):
    def prepare(path):
        picture = tf.io.decode_image(tf.io.read_file(path), 3, expand_animations=False)
        pair = tf.cast(tf.stack(tf.split(picture, 2, axis=1)), tf.float32)
        pair = tf.image.resize(pair, [pipeline.load_size(size)] * 2, method="nearest")
        pair = tf.image.random_crop(pair, (2, size, size, 3))
        pair = tf.cond(tf.random.uniform(()) < 0.5, lambda: tf.reverse(pair, [2]), lambda: pair)
        pair = pair / 127.5 - 1
        return pair[0], pair[1]

    names = tf.data.Dataset.from_tensor_slices([str(path) for path in files])
    return names.map(prepare, num_parallel_calls=tf.data.AUTOTUNE).shuffle(400).batch(1)


def pairs_per_second(batches):
    begin = time.perf_counter()
    count = sum(1 for _ in batches)
    return count / (time.perf_counter() - begin)


# %% tags=["tensorflow"]
limit = min(config.train_pairs or 400, 400)
plain = plain_batches(dataset.files("train")[:limit], size)
begin = time.perf_counter()
one_epoch = config.replace(train_pairs=limit, batch_size=1, epochs=1)
ours, _ = pipeline.training_batches(dataset, one_epoch)
decoding = time.perf_counter() - begin
for batches in (plain, ours):  # the first pass builds TensorFlow's graphs
    pairs_per_second(batches)
speeds = [(pairs_per_second(plain), pairs_per_second(ours)) for _ in range(3)]
slow, fast = np.median(speeds, axis=0)
print(f"decoding {limit} pairs once: {decoding:.1f} s")
print(f"pairs per second: plain {slow:.0f}, ours {fast:.0f}; ratio {fast / slow:.1f}")

# %% [markdown]
# On two cores, with the painted set, ours is several times as fast. Your digits will differ; under
# `smoke` eight pairs are too few to say much. Decoding once is paid back after a few epochs. On the
# painted set at 256 pixels the command `pix2pix-course bench` measures the same against the
# pipeline of TensorFlow's tutorial.
#
# Is that much? At batch size 1 and 256 pixels a laptop trains at a few steps a second at most,
# where any loader is fast enough. The faster the network, the more the loader decides.
#
# ## 12 · Your own folder
#
# Suppose you made pairs yourself: maps on the *left* this time, as JPEG, in a folder with `train`
# and `test`. (Files that end in .jpg, .jpeg, .png, .tif, .tiff, .webp or .bmp are read.) The next
# cell writes such a folder, a temporary one, and opens it as one would at first try.

# %%
import os
import shutil
import tempfile
from pathlib import Path

home = Path(tempfile.mkdtemp())
folder = home / "my_pairs"
for split, seeds in {"train": range(20, 26), "test": range(26, 28)}.items():
    (folder / split).mkdir(parents=True)
    for seed in seeds:
        pair = paint_pair(seed)
        picture = Image.fromarray(np.concatenate([pair.label, pair.photo], axis=1))
        picture.save(folder / split / f"{seed}.jpg", quality=95)


def tell(message):
    print(str(message).replace(str(home) + os.sep, ""))  # where it lies is of no interest here


try:
    open_dataset(folder)
except DatasetError as error:
    tell(error)

# %% [markdown]
# It refuses to guess, and says how to find out. Suppose further that you did not look, remembered
# that facades go from right to left, and answered `BtoA`. If you also say that the input is a label
# map in the facades' colours, `check` can see through it: it reads every file and looks on which
# side those colours really are.

# %% tags=["question-67"]
from pix2pix_course.datasets.check import check

tell(check(open_dataset(folder, direction="BtoA", palette="facades")))
mine = open_dataset(folder, direction="AtoB", palette="facades")
tell(check(mine))

# %% [markdown]
# With `AtoB` there is no complaint (the number in brackets counts the files of that size). For sets
# without label maps nobody can notice a wrong direction but you: look at a batch before you train.
# Pairs of several sizes are allowed, and noted; so are halves that are not square, since each will
# be squeezed into a square. In a terminal, `pix2pix-course data check` says the same.
#
# Now some accidents: a picture with an odd number of columns, a text file with a picture's name,
# and a download that broke off.

# %% tags=["question-67"]
train = folder / "train"
Image.new("RGB", (513, 256)).save(train / "odd.png")
(train / "notes.jpg").write_text("ask Jana for the originals")
(train / "half.jpg").write_bytes((train / "20.jpg").read_bytes()[:9000])
mine = open_dataset(folder, direction="AtoB", palette="facades")
tell(check(mine))

# %% [markdown]
# Each line of the report names a file, says what is wrong with it, and what to do. Nothing was
# changed in the folder. What would a *training* say to it? It stops at the first bad file, before
# any time is spent, with the same words; and a split that is missing is named as well.

# %%
for attempt in (
    lambda: pipeline.training_batches(mine, config),
    lambda: read_pair(train / "odd.png"),
    lambda: load_pairs(mine, "val", size),
):
    try:
        attempt()
    except DatasetError as error:
        tell(f"{type(error).__name__}: {error}")

# %% [markdown]
# Clean the folder up, and it is a data set like any other. The next cell removes the three bad
# files and draws a batch.

# %% tags=["nbval-check-output"]
for name in ("odd.png", "notes.jpg", "half.jpg"):
    (train / name).unlink()
mine = open_dataset(folder, direction="AtoB", palette="facades")
batches, steps = pipeline.training_batches(mine, config.replace(image_size=64, batch_size=2))
x, y = map(np.asarray, next(iter(batches)))
print(f"{steps} steps an epoch, x {x.shape}, y {y.shape}")
colours = {count_colours(to_image(image)) <= 12 for image in x}
print("no more than twelve colours in each condition, in spite of JPEG:", colours == {True})

# %% [markdown]
# One question is left. What if somebody brings a folder with nothing but `train`? A network must be
# tried on pairs that it was not trained on, so some of them are held out. Guess which, and how many
# of the six, before you run the last cell. (It also removes the folder.)

# %% tags=["nbval-check-output"]
shutil.rmtree(folder / "test")
alone = open_dataset(folder, direction="AtoB", palette="facades")
print({split: [file.name for file in files] for split, files in alone.splits.items()})
tell(alone.remark)
shutil.rmtree(home)

# %% [markdown]
# The last tenth, at least one pair, becomes `val`, and a training says so before it begins. It is a
# stopgap: if your files are sorted, the last ones may be of another kind than the rest.

# %% [markdown]
# ## Questions you may bring from older code
#
# **`size = yield batch`.** Older loaders are generators, and some have such a line. It looks wrong,
# since nobody seems to give `yield` a value. Predict what the three calls return.


# %% tags=["nbval-check-output", "question-13"]
def minibatches(items, batch_size):
    """As in older code: `next` gives a batch; `send(n)` gives, once, a batch of n."""
    begin, wish = 0, None
    while True:
        size = wish or batch_size
        wish = yield items[begin : begin + size]  # what `send` brings; with `next`, None
        begin += size


loader = minibatches(list(range(10)), batch_size=2)
print(f"next: {next(loader)}, send(5): {loader.send(5)}, next: {next(loader)}")

# %% [markdown]
# `send` resumes the generator like `next` and also makes the waiting `yield` return a value. Older
# programs ask in this way for six pictures to *show*. Those were training pairs, which were then
# skipped in that epoch: shown, but not trained on.
#
# **PIL or Pillow?** PIL has been dead for years. Pillow is its successor and kept the name that one
# imports.

# %% tags=["nbval-check-output", "question-29"]
from importlib.metadata import packages_distributions

packages = packages_distributions()["PIL"]
print("`import PIL` comes from:", {name.lower() for name in packages})

# %% [markdown]
# **What is needed to show pictures?** Some notes say Graphviz. That draws the *graph of a network*;
# for pictures an array and Pillow are enough, and Matplotlib where a title is wanted.

# %% alt="A label map of two adjoining houses at 64 by 64 pixels: flat coloured blocks for walls, windows, balconies and a dark red shop." tags=["question-35"]
Image.fromarray(paint_pair(seed=3).label).resize((64, 64), Image.Resampling.NEAREST)

# %% [markdown]
# ## Recap
#
# - A pair is one file, A left and B right. Which half is the input is a property of the folder; a
#   wrong direction raises no error and trains the wrong task.
# - A label map does not determine its photo. That is why pix2pix needs a network that judges, and
#   not only a distance to the photo in the file.
# - Pictures go to [-1, 1], the range of the $\tanh$, and come back without loss if one rounds.
# - JPEG turns a dozen label colours into thousands; snapping restores most pixels, and fails at
#   edges. Labels are enlarged by nearest, photos by bicubic.
# - Jitter must draw once for both sides. Drawn apart, a map fits its photo hardly better
#   than the map of another house would.
# - All that is random in an epoch is drawn beforehand, as arrays that follow from (seed, epoch). So
#   a resumed training sees exactly what the unbroken one would have seen.
# - Decode once, keep bytes, shuffle the plan, cut at every step, prefetch.
#
# **What this does not show.** That jitter makes a better network: you have seen that it makes other
# pictures, not how long a training must be until they help. That the painted set stands for real
# streets: it does not, its layouts are far more regular. The speeds hold for one machine and small
# files. And snapping was tried on maps whose true classes we know; on real maps nobody can count
# the pixels that it gets wrong.
#
# ## Exercises
#
# In the cells below, write where it says `# your turn`, in place of the dots, then run the check
# under it. A check says "right", "wrong" with a hint, or "not yet tried"; it may be run as often as
# you like. Explanations go into the cells that say *Your answer*: double-click on them.

# %% [markdown] tags=["exercise"]
# ### Exercise 1 · code: which half is which
#
# Write what section 2 asks for: from the picture of a pair and its direction, the condition and the
# target. Pictures may have any size, and their halves need not be square. What would `hard_coded`
# do with a folder that is "AtoB", and who would notice?


# %% tags=["exercise"]
def condition_and_target(picture, direction):
    """(height, 2 · width, 3) and "AtoB" or "BtoA" → twice (height, width, 3)."""
    # <solution>
    half = picture.shape[1] // 2
    a, b = picture[:, :half], picture[:, half:]
    return (a, b) if direction == "AtoB" else (b, a)
    # </solution>


# %% tags=["nbval-check-output"]
exercises.check_condition_and_target(condition_and_target)

# %% [markdown] tags=["solution"]
# The width is axis 1, A is its first half, and the letters of the direction name condition and
# target. `hard_coded` would train the opposite task without an error. Nobody notices but who looks
# at a batch, or counts the colours of the "condition".

# %% [markdown] tags=["exercise"]
# ### Exercise 2 · code: upside down
#
# Write a jitter for pictures without an upper end: it turns a stacked pair (condition and target,
# as in section 7) upside down. For which of the six published sets (section 2) would it be
# sensible, and for which not?


# %% tags=["exercise"]
def flip_upside_down(pair):
    """(2, height, width, 3) → the same shape, bottom row first."""
    # <solution>
    return pair[:, ::-1]
    # </solution>


# %% tags=["nbval-check-output"]
exercises.check_flip_upside_down(flip_upside_down)

# %% [markdown] tags=["solution"]
# The axes are (side, height, width, channel): the height is axis 1, and since both sides are in the
# stack they stay aligned. It makes sense for the aerial pictures, which have no "up". Facades,
# street scenes, landscapes by day and night, shoes and bags all do: a network would waste itself on
# houses that hang from the ground.

# %% [markdown] tags=["exercise"]
# ### Exercise 3 · prediction: a buffer of ten
#
# `tf.data.Dataset.range(400).shuffle(10)` holds ten elements at a time, hands on one of them at
# random, and takes in the next. By how many places, at most, can an element come *earlier* than it
# would without shuffling (`most_places`)? And later? What does that mean for a folder that is
# sorted by street?

# %% tags=["exercise"]
# <solution>
most_places = 9
# </solution>

# %% tags=["nbval-check-output"]
exercises.check_most_places(most_places)

# %% tags=["tensorflow"]
order = np.array(list(tf.data.Dataset.range(400).shuffle(10, seed=SEED).as_numpy_iterator()))
earlier = order - np.arange(400)
print(f"earlier by up to {earlier.max()} places, later by up to {-earlier.min()}")

# %% [markdown] tags=["solution"]
# Nine: when the first element is drawn, the buffer holds the elements 0 to 9, and so on along the
# line. Backwards there is no bound, an unlucky element is passed over again and again, but with a
# chance of 0.9 each time it seldom waits for more than some dozens of places. So a sorted folder
# stays sorted: the network sees one street after the other. A shuffle needs a buffer as large as
# the set, or a permutation of numbers, as in section 9.

# %% [markdown] tags=["exercise"]
# ### Exercise 4 · experiment: how exact is "aligned"?
#
# In section 8 the two sides were cut up to 30 pixels apart. Let the second cut lie at most 1, 2, 4,
# 8 or 15 pixels beside the first, in height and width, and plot the share of changed pixels. Count
# also the pixels whose right or lower neighbour has another class. What has that share to do with
# the beginning of the curve?

# %% alt="The share of changed pixels against the distance between the two cuts. It rises steeply from the first pixel on, then bends, and at 15 pixels is near one half." tags=["exercise"]
reaches = (0, 1, 2, 4, 8, 15)
# <solution>
middle = maps[:, 15:-15, 15:-15]


def changed_within(reach):
    """Share of pixels of another class when the second cut lies up to `reach` pixels beside."""
    places = dice.integers(15 - reach, 15 + reach, endpoint=True, size=(100, 2))
    return np.mean([middle != maps[:, t : t + 256, left : left + 256] for t, left in places])


curve = [changed_within(reach) for reach in reaches]
right, lower = maps[:, :-1, :-1] != maps[:, :-1, 1:], maps[:, :-1, :-1] != maps[:, 1:, :-1]
print("changed:", ", ".join(f"{c:.2f} at ±{r}" for r, c in zip(reaches, curve, strict=True)))
print(f"pixels at an edge: {np.mean(right | lower):.2f}")
_, axis = plt.subplots(figsize=(3.6, 2), dpi=70, layout="constrained")
axis.plot(reaches, curve, marker="o")
axis.set(xlabel="apart by up to … pixels", ylabel="changed pixels", ylim=(0, None))
plt.show()
# </solution>

# %% [markdown] tags=["solution"]
# It rises from the first pixel on, and bends only where the shift is as wide as the things in the
# map. A shift by one pixel changes the pixels along edges and no others. About 7 % lie at an edge,
# and ±1 moves the cut by 2/3 of a pixel on average in each direction: that makes 5 %, which is what
# the curve says. So the more edges a map has, the more a small shift ruins: at ±8 about a third.

# %% [markdown] tags=["exercise"]
# ### Exercise 5 · experiment: a folder for another task
#
# Make a folder of pairs for *colouring*: a grey photo on the left, the same photo in colour on the
# right, six pairs in `train` and two in `test`. Open it, check it, and draw a batch. Which
# direction do you state, and which palette? What would go wrong with the facades' palette?

# %% tags=["exercise"]
home = Path(tempfile.mkdtemp())
# <solution>
for split, seeds in {"train": range(30, 36), "test": range(36, 38)}.items():
    (home / "colouring" / split).mkdir(parents=True)
    for seed in seeds:
        photo = Image.fromarray(paint_pair(seed).photo)
        grey = photo.convert("L").convert("RGB")
        picture = Image.fromarray(np.concatenate([grey, photo], axis=1))
        picture.save(home / "colouring" / split / f"{seed}.png")
colouring = open_dataset(home / "colouring", direction="AtoB")
tell(check(colouring))
batches, _ = pipeline.training_batches(colouring, config.replace(image_size=64, batch_size=2))
x, y = map(np.asarray, next(iter(batches)))
print(f"x {x.shape}, all channels alike: {np.array_equal(x[..., 0], x[..., 2])}; y {y.shape}")
# </solution>
shutil.rmtree(home)

# %% [markdown] tags=["solution"]
# The direction is "AtoB", and there is no palette: neither side is a label map. With a palette the
# grey photo would be snapped, each grey to the nearest of twelve colours, and then enlarged by
# nearest. The network would be given a poster with steps in place of a photo.

# %% [markdown] tags=["exercise"]
# ### Exercise 6 · prediction: mirrored test pairs
#
# A reader proposes to mirror half of the *test* pairs too, at random, "for variety". A lazy network
# answers every condition with the mean of the training photos. We measure its mean distance to the
# test photos three times, with new draws each time. How many different results will there be, and
# what can no longer be compared?

# %% tags=["exercise"]
# <solution>
different_results = 3
# </solution>

# %% tags=["nbval-check-output"]
exercises.check_different_results(different_results)

# %% tags=["nbval-check-output", "question-34"]
lazy = load_pairs(dataset, "train", 64, limit=8).target.mean(axis=0)
photos = load_pairs(dataset, dataset.evaluation_split, 64, limit=8).target


def distance():
    """Mean distance of the lazy answer to the test photos, some of them mirrored at random."""
    mirrored = dice.random(len(photos)) < 0.5
    shown = np.where(mirrored[:, None, None, None], photos[:, :, ::-1], photos)
    return float(np.abs(shown - lazy).mean())


print("different results:", len({distance() for _ in range(3)}))

# %% [markdown] tags=["solution"]
# Three. The answer stays where it is while the photo is mirrored, so the distance depends on the
# draw. Two networks, or two epochs of one, are then asked different questions, and a small
# difference between their results may be the draw's. Every real network is in the same position,
# since none gives exactly the mirrored answer to a mirrored condition.

# %% [markdown]
# ## Next
#
# [Notebook 02](02_unet_generator.ipynb) builds the generator, the U-Net that takes $x$ and answers
# with $\hat y$. To read on: Isola et al., *Image-to-Image Translation with Conditional Adversarial
# Networks*, [arXiv:1611.07004](https://arxiv.org/abs/1611.07004), section 6.2 for jitter, mirroring
# and the training on each data set; and the page `data/README.md` of this repository, which
# describes the painted set.
