# %% [markdown]
# # 01 · Data loading
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/{{repository_path}}/blob/main/notebooks/{{notebook}})
#
# ![The road of a pair in four pictures: a file with photo and label map side by side; both sides enlarged, with a random square marked at the same place in each; the squares cut out and mirrored alike; and batches of such pairs.]({{picture 01_data_loading.png}})
#
# **What you will build.** The road from picture files to the batches that pix2pix trains on: pairs
# are read, cleaned, enlarged, cropped, mirrored and shuffled, both sides always alike. You build
# each step by hand, compare it with the package's, and break some on purpose.
#
# **Two parts.** The next notebooks need part one. Part two, the pipeline in depth, may be read
# later, before notebook 05.
#
# **Time.** About 20 minutes to read part one, 20 for part two, and 45 for the exercises. The
# machine works for less than one minute on two CPU cores. Nothing here needs a GPU.
#
# **After this notebook you can**
#
# - say what a pair is, and which half is the input;
# - explain why label maps and photos are resized in different ways, and what JPEG does to labels;
# - write jitter that keeps both sides of a pair aligned;
# - (part two) write a pipeline that can be stopped and resumed without a trace;
# - (part two) bring a folder of your own pairs and have it checked.
#
# It builds on notebook 00.

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

plt.rcParams["figure.dpi"] = 80

# %% tags=["parameters"]
PROFILE = "cpu"  # "smoke", "cpu" or "gpu": how large, how long
DATASET = "painted"  # or a name from `pix2pix-course data list`, or a folder of pairs
DIRECTION = None  # "AtoB" or "BtoA"; None: as the data set says
PALETTE = None  # label colours of a folder that does not describe itself
SEED = 0  # order, crops and flips follow from it

# %%
config = profile(PROFILE).replace(dataset=DATASET, direction=DIRECTION, palette=PALETTE, seed=SEED)
size = config.image_size
print(f"profile {PROFILE}: pictures of {size}×{size} pixels")

# %% [markdown]
# # Part one · what a picture pair is, and what happens to it on its way into the network

# %% [markdown]
# ## 1 · A pair is one file
#
# The networks of pix2pix learn from examples of the form "this picture should become that one".
# The authors glue the two together, so that they can never be mixed up: a pair is **one file**,
# twice as wide as high. Its left half is called **A**, its right half **B**.
#
# In the *painted* set a program draws house fronts and, at the same time, the map of what is where.
# If it is not on your disk yet, the next cell paints it, in less than a minute.

# %% tags=["nbval-check-output"]
dataset = open_dataset(config.dataset, config.direction, config.palette)
for split, files in dataset.splits.items():
    print(f"{split:5} {len(files)} files, the first is {files[0].name}")
print(f"direction {dataset.direction}: {dataset.condition_side} is the input")

# %% [markdown]
# Each split is a folder: `train` to learn from, `val` to look at while you try things out, `test`
# for the final numbers. (Many published sets have only one of the last two: `maps` has `val` and no
# `test`.)
#
# The last line says which half the network is given; it should produce the other one. Now we read
# a pair, with Pillow.


# %% alt="A painted house front beside its label map. On the left, A, the photo, is the target; on the right, B, flat colours for walls, windows, doors and balconies, is the input." tags=["question-30"]
def read_pair_by_hand(path):
    picture = np.asarray(Image.open(path).convert("RGB"))  # (height, width, 3)
    half = picture.shape[1] // 2
    return picture[:, :half], picture[:, half:]


path = dataset.files("train")[0]
a, b = read_pair_by_hand(path)
print(f"A {a.shape} {a.dtype}, B {b.shape} {b.dtype}, values from {a.min()} to {a.max()}")
figure, axes = plt.subplots(1, 2, figsize=(4, 2.1), layout="constrained")
for axis, side, image in zip(axes, "AB", (a, b), strict=True):
    role = "input" if side == dataset.condition_side else "target"
    axis.imshow(image)
    axis.set_title(f"{side}: the {role}", fontsize=10)
    axis.axis("off")
plt.show()

# %% [markdown]
# With the painted set, A is a photo and B a *label map*: one flat colour for each kind of thing,
# light blue for windows, orange-red for moldings, dark blue for what does not belong to the house.
# The network gets the map and should answer with a photo.
#
# To show a picture in a notebook, an array and Pillow are enough; Matplotlib adds titles.
# (Graphviz, which some notes ask for, draws the *graph of a network*, not pictures.)

# %% alt="A label map of two adjoining houses at 64 by 64 pixels: flat coloured blocks for walls, windows, balconies and a dark red shop." tags=["question-35"]
Image.fromarray(paint_pair(seed=3).label).resize((64, 64), Image.Resampling.NEAREST)

# %% [markdown]
# The package's `read_pair` also turns grey, 16-bit, CMYK and transparent files into RGB, and
# refuses what cannot be a pair. On good files both must agree.

# %% tags=["nbval-check-output"]
same = [
    np.array_equal(mine, theirs)
    for path in dataset.files("train")[:8]
    for mine, theirs in zip(read_pair_by_hand(path), read_pair(path), strict=True)
]
print(f"read_pair and ours agree on {sum(same)} of {len(same)} halves")

# %% [markdown]
# ## 2 · Direction belongs to the folder
#
# Widely copied tutorial code always takes the right half as the input: in the published facades the
# map is there. But in the published edges2shoes the edges are on the *left*, while copies of that
# set have them on the right.
#
# The next cell makes two files of one painted pair, the second with its sides swapped, and reads
# both with such code. **Guess:** will the swapped file give an error message, an ugly picture, or
# something else?


# %% alt="Two files cut by the same rule. With the map on the right, the map becomes the input and the photo the target; with the map on the left, the two have changed places, and nothing warns of it." tags=["predict", "nbval-check-output"]
def hard_coded(picture):
    """The right half is the input, whatever the folder holds."""
    half = picture.shape[1] // 2
    return picture[:, half:], picture[:, :half]


def count_colours(image):
    return len(np.unique(image.reshape(-1, 3), axis=0))


house = paint_pair(seed=3)
usual = np.concatenate([house.photo, house.label], axis=1)
swapped = np.concatenate([house.label, house.photo], axis=1)
inputs, targets = zip(hard_coded(usual), hard_coded(swapped), strict=True)
rows = ["map on the right", "map on the left"]
for row, image in zip(rows, inputs, strict=True):
    print(f"{row}: the “input” has {count_colours(image):,} colours")
image_grid({"its “input”": inputs, "its “target”": targets}, cell=1.5, row_names=rows)
plt.show()

# %% [markdown]
# *Nothing* happens: no error, no ugly picture. The training would run for hours, its losses would
# fall, and the network would learn to turn photos into maps. The only trace is in the numbers: a
# map has a handful of colours, a photo has thousands.
#
# So direction is a property of the folder. A folder of this course says it in a small file,
# `dataset.json`; for any other folder you are asked. As in the original code, `AtoB` means from
# left to right, `BtoA` from right to left.
#
# Some programs have a switch instead, such as `is_reversed`. Reversed from what? Here are the
# published sets, each with the direction of its usual task.

# %% tags=["nbval-check-output", "question-48"]
from pix2pix_course.datasets.catalogue import CATALOGUE

for direction in ("AtoB", "BtoA"):
    turned = open_dataset("painted", direction=direction)
    what = "a photo" if turned.condition_palette is None else "a label map"
    print(f"painted, {direction}: the input is {turned.condition_side}, {what}")
for published in CATALOGUE.values():
    print(f"{published.name:16}{published.direction}   {published.about}")

# %% [markdown]
# One and the same setting of such a switch paints photos in one set and maps in the next.
#
# Both directions are legitimate tasks. The point is that *you* choose. From here on the input is
# called the condition, $x$, and the wanted output the target, $y$.

# %% [markdown] tags=["exercise"]
# ### Exercise 1 · code: which half is which
#
# Write where it says `# your turn`, then run the check. It says "right", "wrong" with a hint, or
# "not yet tried", as often as you like. Explanations go into the cells that say *Your answer*.
#
# From the picture of a pair and its direction, return the condition and the target. Pictures may
# have any size, and their halves need not be square. What would `hard_coded` do with a folder that
# is "AtoB", and who would notice?


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
# target. `hard_coded` would train the opposite task without an error. Only someone who looks at a
# batch, or counts the colours of the "condition", would notice.

# %% [markdown]
# ## 3 · From the map to the photo
#
# Here are four painted pairs. Each comes from a number, its seed: the same seed gives the same
# pixels on every machine. **Guess:** if you knew the map perfectly, could you compute the photo
# from it, for example the colour of the walls?

# %% alt="Four painted houses, label maps above and photos below. The maps share one set of flat colours; the photos below them have walls of different colours and textures." tags=["predict"]
houses = [paint_pair(seed) for seed in range(4)]
facade = PALETTES["facades"].names.index("facade")
for seed, pair in enumerate(houses):
    wall = pair.class_ids == facade
    in_map, in_photo = (i[wall].mean(axis=0).round().astype(int) for i in (pair.label, pair.photo))
    print(f"seed {seed}: wall in the map {in_map}, in the photo on average {in_photo}")
image_grid(
    {f"seed {seed}": [pair.label, pair.photo] for seed, pair in enumerate(houses)},
    cell=1.5,
    row_names=["label map", "photo"],
)
plt.show()

# %% [markdown]
# You could not. In every map the wall has the same blue. In the photos it is brick, plaster or
# stone, light or dark. Wall colour, sky and curtains were drawn at random *after* the layout, and
# the map holds nothing of them. With real facades it is the same: nobody can tell from a map what
# colour a house was painted.
#
# So many photos fit one map. The next cell gives one and the same house two other coats of paint.


# %% alt="One label map and three photos of the same house: red brick beside yellow plaster, the same in blue and grey-green, and the same much darker. Windows and doors lie in the same places, so all three fit the map equally well."
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
first, *others = (answer.astype(float) for answer in answers)
apart = np.mean([abs(first - other).mean() for other in others])
print(f"answers 2 and 3 differ from answer 1 by {apart:.0f} of 255 grey levels on average")

# %% [markdown]
# All three are right. A network that must give *one* answer, and pays for its distance to whichever
# photo is in the file, does best with something in between: a greyish average wall. Notebook 04
# measures that average. The discriminator of notebook 03 is the way out: it asks whether a photo is
# *plausible*, not whether it is the one in the file.

# %% [markdown]
# ## 4 · A label map has a palette
#
# The list of classes and their colours is called the *palette*; that of the facades has twelve. A
# colour only names a class: a pixel is "window" or it is not.
#
# The painted maps are PNG files, which keep every pixel. The published facades are JPEG files, and
# JPEG drops detail that the eye does not miss in a photo. **Guess:** a painted map has at most
# twelve colours. How many has it after one trip through JPEG: twelve, some dozens, some thousands?


# %% tags=["predict"]
import io


def through_jpeg(image, **settings):
    """The image as it comes back from a JPEG file in memory."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", **settings)
    return np.asarray(Image.open(file))


palette = PALETTES["facades"]
noisy = [through_jpeg(house.label, quality=75) for house in houses]  # 75 is Pillow's default
for seed, (house, label) in enumerate(zip(houses, noisy, strict=True)):
    print(f"seed {seed}: {count_colours(house.label)} colours, as JPEG {count_colours(label):,}")

# %% [markdown]
# Thousands. A network can live with this noise in its input. It does harm where classes are
# *counted*, as in notebook 06, and where a map is resized. `Palette.snap` puts every pixel back on
# the nearest of the twelve colours: the smallest squared distance wins.


# %% alt="An enlarged piece of a label map: clean, with faint noise after JPEG, and flat again after snapping. In the last panel the pixels that are still wrong are white: they line the borders between classes."
def nearest_class(image, colours):
    difference = image[..., None, :].astype(int) - np.array(colours)
    return (difference**2).sum(axis=-1).argmin(axis=-1)


ids, snapped = nearest_class(noisy[0], palette.colours), palette.snap(noisy[0])
wrong = ids != houses[0].class_ids
print(f"{count_colours(snapped)} colours after snap; {(~wrong).mean():.0%} of the pixels are right")
apart = np.count_nonzero(ids != palette.to_ids(noisy[0]))
print(f"pixels at which Palette.to_ids differs from ours: {apart}")
panels = {"clean": houses[0].label, "JPEG": noisy[0], "snapped": snapped, "still wrong": wrong}
image_grid({name: [panel[96:160, 96:160]] for name, panel in panels.items()}, cell=1.9)
plt.show()

# %% [markdown]
# Snapping makes the fringes clean again, but not always in the right place: the pixels with a wrong
# class (white in the last panel) cling to the edges. Section 11 shows why. Keep your own label maps
# as PNG. Here is the set that you opened:

# %%
if dataset.palette is None:
    print(f"no side of {dataset.name} is a label map, so there is nothing to snap")
else:
    label = read_pair(path)["AB".index(dataset.label_side)]
    snapped = dataset.palette.snap(label)
    print(f"{path.name}: {count_colours(label):,} colours, {count_colours(snapped)} after snap")

# %% [markdown]
# ## 5 · Two ways to enlarge
#
# Before each training step a pair is enlarged, say from 256 to 286 pixels (section 7 says why). A
# new pixel between two old ones must get some value. *Nearest* copies the closer one; *bilinear*
# and *bicubic* mix the neighbours.
#
# What is half a window and half a molding? As a colour a mixture of (0, 128, 255) and (255, 80, 0),
# a purple. As a class nothing at all. **Guess** which class has the colour nearest to that purple:
# wall, sill or balcony?


# %% tags=["predict", "nbval-check-output"]
def enlarge(image, method, size=286):
    return np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling[method]))


purple = np.array([128, 104, 128], np.uint8)
print("half window, half molding is nearest to:", palette.names[palette.to_ids(purple)])
house = houses[0]
labels = {method: enlarge(house.label, method) for method in ("NEAREST", "BILINEAR")}
for method, label in labels.items():
    share = (label != palette.snap(label)).any(axis=-1).mean()
    print(f"{method}: {share:.0%} of the pixels have no class's colour")

# %% [markdown]
# A sill, of all things. Each border between a window and a molding would get a thin line of sill.
# The next cell counts *strangers*: enlarged pixels whose class occurs at none of the old pixels
# around them.


# %% alt="An enlarged piece of a label map. Enlarged by nearest its borders are sharp, by bilinear they are soft; snapped, the soft borders become thin lines of a third class, which are white in the last panel." tags=["question-33"]
def strangers(enlarged, ids):
    """Where the class is that of none of the (up to four) old pixels around."""
    place = (np.arange(len(enlarged)) + 0.5) * len(ids) / len(enlarged) - 0.5
    before = np.clip(np.floor(place).astype(int), 0, len(ids) - 1)
    after = np.clip(before + 1, 0, len(ids) - 1)
    around = [ids[np.ix_(rows, columns)] for rows in (before, after) for columns in (before, after)]
    return (palette.to_ids(enlarged) != np.stack(around)).all(axis=0)


for method, label in labels.items():
    print(f"{method}: {strangers(label, house.class_ids).mean():.1%} strangers")
soft = labels["BILINEAR"]
panels = {"nearest": labels["NEAREST"], "bilinear": soft, "bilinear, snapped": palette.snap(soft)}
panels["strangers"] = strangers(soft, house.class_ids)
image_grid({name: [panel[110:170, 110:170]] for name, panel in panels.items()}, cell=1.9)
plt.show()

# %% [markdown]
# Nearest makes no strangers: it only copies. The bilinear map has soft borders, and snapping sends
# the mixtures to a *third* class: along the red pillar a dark line appears on each side. A few per
# cent sounds little, but they surround every object in the map.
#
# With photos it is the other way round. A mixture of two brick colours is a fine brick colour, and
# copying has a price:

# %% alt="The gable of a painted house, enlarged twice. By nearest its slopes climb in steps of unequal length; by bicubic they are smooth." tags=["nbval-check-output", "question-33"]
house = houses[1]
photos = {method: enlarge(house.photo, method) for method in ("NEAREST", "BICUBIC")}
for method, photo in photos.items():
    repeated = (photo[1:] == photo[:-1]).all(axis=(1, 2)).sum()
    print(f"{method}: {repeated} of 286 rows repeat the row above")
image_grid({name.lower(): [photo[6:62, 96:166]] for name, photo in photos.items()}, cell=2)
plt.show()

# %% [markdown]
# Nearest repeats 30 rows, every ninth or tenth, and as many columns. Look at the slope of the gable
# in the left panel: it has steps of unequal length. A generator would learn that photos have such
# steps. So the interpolation matters: maps by nearest, photos by bicubic.

# %% [markdown]
# ## 6 · From bytes to [-1, 1] and back
#
# A file holds whole numbers from 0 to 255. The last layer of the generator is a $\tanh$, which
# answers between -1 and 1. Target and answer must live on the same scale, so every picture is
# brought there. With $p$ for a value in the file and $x$ for the same value as the networks see it:
#
# $$x = \frac{p}{127.5} - 1 \qquad\qquad p = \mathrm{round}\big(127.5\,(x + 1)\big)$$
#
# **Guess:** which value of $p$ becomes exactly 0?

# %% tags=["predict", "nbval-check-output"]
p = np.arange(256, dtype=np.uint8)  # every value that a file can hold
x = p.astype(np.float32) / 127.5 - 1
print(f"0 becomes {x[0]:g}, 255 becomes {x[255]:g}")
print(f"become 0: {(x == 0).sum()} values; nearest are {p[abs(x) < 0.005].tolist()}")
back = np.rint((x + 1) * 127.5).astype(np.uint8)
print(f"come back unchanged: {(back == p).sum()} of 256")
print(f"as with to_network: {(to_network(p) == x).sum()}, to_image: {(to_image(x) == p).sum()}")

# %% [markdown]
# None: the middle of the scale lies between 127 and 128. That does no harm, and nothing is lost on
# the way there and back.
#
# A popular mistake is to scale the photos to [0, 1] and leave the $\tanh$. Then half of what the
# layer can say is never right.

# %% [markdown]
# ## 7 · Jitter: enlarge, crop, mirror
#
# The paper trains on 400 facades for 200 epochs. A network with 54 million weights could learn 400
# answers by heart. So each pair is shown in a slightly different version every time, which is
# called *jitter* (§6.2): enlarge the pair to 286 pixels, cut out 256 of them at a random place, and
# mirror half of the pairs.
#
# The margin is 30 pixels, so the top edge of the cut can lie at 0, 1, … up to and including 30.
# **Guess:** how many versions does one pair give? And to what size should pictures of 128 pixels be
# enlarged?

# %% tags=["predict", "nbval-check-output"]
margin = 286 - 256
print(f"{margin + 1} × {margin + 1} places × 2 = {(margin + 1) ** 2 * 2} versions of one pair")
for side in (64, 128, 256, 512):
    by_hand = round(side * 286 / 256)
    print(f"{side}: enlarge to {by_hand}, in the package {pipeline.load_size(side)}")

# %% [markdown]
# Many versions, but most differ only by a shift of some pixels. At other sizes the proportion is
# kept.
#
# "Both included" is a trap: Python's `randint(0, 30)` includes 30, NumPy's does not; NumPy's newer
# `integers` does with `endpoint=True`.
#
# Cutting itself is indexing. Our function takes the *stack* of both sides, so it cannot treat them
# differently. And nothing in it is random: where to cut, and what to mirror, is chosen beforehand,
# as three arrays.


# %% tags=["nbval-check-output"]
def cut(pair, size, top, left, mirrored):
    """The same cut from both sides. pair: (2, enlarged, enlarged, 3) → (2, size, size, 3)."""
    pair = pair[:, top : top + size, left : left + size]
    return pair[:, :, ::-1] if mirrored else pair


def draw(random, count, margin):
    """Where to cut `count` pairs, and which of them to mirror; `random` is a NumPy generator."""
    top, left = random.integers(margin, size=(2, count), dtype=np.int32, endpoint=True)
    mirrored = random.random(count) < 0.5  # `random` draws from [0, 1)
    return top, left, mirrored


top, left, mirrored = draw(np.random.default_rng(0), 1000, margin=30)
print(f"tops from {top.min()} to {top.max()}, {len(np.unique(top))} different ones")
print(f"mirrored: {mirrored.mean():.1f} of the pairs")

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
# Here is one pair in four versions; below each stand top, left and whether it is mirrored. (Run
# the cell, and you have a slider through twenty.) Look at the rim: condition and target move
# together.
#
# The enlarging gives the cut room to move. Some programs enlarge and then always cut
# from the middle. How many versions of one pair does a network meet in twenty epochs?

# %% tags=["nbval-check-output", "question-32", "question-46", "question-74"]
top, left, mirrored = drawn
centre = np.full(20, margin // 2)
for crop, places in {"random": (top, left), "centre": (centre, centre)}.items():
    met = {cut(stacked[0], size, *how).tobytes() for how in zip(*places, mirrored, strict=True)}
    print(f"crop {crop}: {'more than 10' if len(met) > 10 else len(met)} versions")

# %% [markdown] tags=["question-34"]
# Cut from the middle, only the picture and its mirror image are left. The rim is lost for ever, and
# nothing was gained.
#
# Why mirror? A mirrored house front could stand in the next street, so mirroring doubles the
# pictures at no cost. A house upside down could not. Only *training* pairs are jittered: an
# evaluation needs the same question every time, so a test pair is just resized (section 15). And
# switch mirroring off (`mirror=False`) where left and right are not alike: lettering, or traffic
# that keeps to one side.

# %% [markdown] tags=["exercise"]
# ### Exercise 2 · code: upside down
#
# Write a jitter for pictures without an upper end: it turns a stacked pair (condition and target,
# as in `cut`) upside down. For which of the six published sets (section 2) would it be sensible,
# and for which not?


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
# street scenes, landscapes, shoes and bags all do.

# %% [markdown]
# ## 8 · A first batch
#
# `pipeline.training_batches` does all this and gives the batches that notebook 05 trains on. Look
# at a batch before you train anything.

# %% alt="A batch of three pairs, label maps in the upper row and photos in the lower. In each column the two show the same house, cut and mirrored alike."
view, _ = pipeline.training_batches(dataset, config.replace(batch_size=3, epochs=1))
x, y = map(np.asarray, next(iter(view)))
print(f"x {x.shape} {x.dtype}, y {y.shape}, values from {y.min():.2f} to {y.max():.2f}")
columns = {f"pair {i + 1}": [x[i], y[i]] for i in range(3)}
image_grid(columns, cell=1.6, row_names=["x, condition", "y, target"])
plt.show()

# %% [markdown]
# The sides of each pair fit, and both are cut alike. With the painted set the upper row holds maps
# in pure colours, with hard edges. Under `smoke` the pictures are coarse.
#
# This is all that [notebook 02](02_unet_generator.ipynb) needs. You may go there now.

# %% [markdown]
# # Part two · the pipeline in depth
#
# You may read this part later, before notebook 05, which trains. It is about what a long training
# needs: a good order, aligned sides, exact pixels, no waiting, and a folder that was checked.

# %% [markdown]
# ## 9 · Shuffling that survives a restart
#
# The order of the pairs is random, and so are cuts and mirroring. Still, two things should hold.
# Whoever repeats a training with the same seed should get the same pictures. And a training that
# was stopped after four epochs and resumed should go on with the fifth, as if nothing had happened.
#
# The usual tool is `shuffle` of `tf.data`. It holds some elements in a buffer, hands on one of them
# at random, and takes a seed. **Guess:** a training is stopped after two epochs and started again
# with the same seed. Will its next order be that of epoch 2 (we count from 0), a new one, or
# something worse?


# %% tags=["tensorflow", "predict", "nbval-check-output"]
import tensorflow as tf


def shuffled(epochs):
    numbers = tf.data.Dataset.range(20).shuffle(20, seed=SEED).repeat(epochs)
    return np.array(list(numbers.as_numpy_iterator())).reshape(epochs, 20)


def which(order, orders):
    """Of which epochs an order is the order."""
    return [epoch for epoch, other in enumerate(orders) if np.array_equal(order, other)]


print("the next order is that of epoch", which(shuffled(2)[0], shuffled(4)))

# %% [markdown]
# Worse: it begins again with the order of epoch 0. A training that is often interrupted, as on a
# free Colab machine, would see the first epochs' orders over and over.
#
# A seed only says where a generator of random numbers *began*. To go on in the middle, one would
# have to save its state with every checkpoint (what is stored on disk to go on later). It is easier
# to make a new one for each epoch, from (seed, epoch). Then nothing needs to be remembered.
#
# What has to be chosen for an epoch? The order, a permutation, so that each pair comes exactly
# once. And for each place in the order, the cut and the mirroring. That is the whole *plan* of an
# epoch, in four arrays.


# %% tags=["nbval-check-output"]
def plan_by_hand(epoch, count):
    """Of each position in the epoch: which pair, where to cut it, and whether to mirror it."""
    random = np.random.default_rng([SEED, epoch])
    order = random.permutation(count).astype(np.int32)
    return order, *draw(random, count, margin)


for epoch in (0, 1, 17):
    both = zip(plan_by_hand(epoch, 400), pipeline.epoch_plan(config, 400, epoch), strict=True)
    equal = [np.array_equal(mine, its) for mine, its in both]
    print(f"epoch {epoch:2}: {sum(equal)} of {len(equal)} arrays equal those of epoch_plan")

# %% [markdown]
# The package's settings `jitter` and `mirror` switch either of them off. You can look at a plan
# before anything is trained. At batch size 150, 400 pairs make two batches,
# and 100 pairs are left out. How many of the 400 does the network meet in five epochs?

# %% tags=["nbval-check-output", "question-46"]
used = 400 // 150 * 150
orders = [pipeline.epoch_plan(config, 400, epoch).pair for epoch in range(5)]
for name, how in {"shuffled": orders, "not shuffled": [np.arange(400)] * 5}.items():
    met = len({pair for order in how for pair in order[:used].tolist()})
    print(f"{name}: {used} in one epoch, about {round(met, -1)} in five")

# %% [markdown]
# Without shuffling the same 100 pairs are left out each time, and the network never sees them.
#
# Now the proof that matters. Take four epochs of `training_batches` without a break; then, as a
# resumed training would, a new stream that begins with epoch 2. Are its batches those of the second
# half, value by value?


# %% tags=["nbval-check-output"]
def stream(first_epoch):
    four_epochs = config.replace(train_pairs=8, batch_size=2, epochs=4)
    batches, _ = pipeline.training_batches(dataset, four_epochs, first_epoch)
    return [np.stack(batch) for batch in batches]


unbroken, resumed = stream(0), stream(2)
print(f"{len(unbroken)} batches without a break, {len(resumed)} after the restart")
for half, batches in {"first": unbroken[:8], "second": unbroken[8:]}.items():
    equal = sum(map(np.array_equal, batches, resumed))
    print(f"{equal} of {len(resumed)} equal those of the {half} half")

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

# %% tags=["tensorflow", "predict"]
order = np.array(list(tf.data.Dataset.range(400).shuffle(10, seed=SEED).as_numpy_iterator()))
earlier = order - np.arange(400)
print(f"earlier by up to {earlier.max()} places, later by up to {-earlier.min()}")

# %% [markdown] tags=["solution"]
# Nine: when the first element is drawn, the buffer holds the elements 0 to 9, and so on along the
# line. Backwards there is no bound, but with a chance of 0.9 each time an element seldom waits for
# more than some dozens of places. So a sorted folder stays sorted: the network sees one street
# after the other. A shuffle needs a buffer as large as the set, or a permutation of numbers.

# %% [markdown]
# ## 10 · Break it: two sides, two draws
#
# The commonest mistake in loaders for paired pictures is to call a random function once for each
# side. Nothing crashes, and each side, looked at alone, is perfect.
#
# How bad is it? We cut a label map twice, once as the condition and once as the map that belongs to
# the photo, and count the pixels whose class differs. The worst case is the map of another house.
# **Guess** where, between 0 and that worst case, two independent cuts lie.

# %% tags=["predict"]
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


shares = {"mirrored apart": changed(False, True), "cut apart": changed(True, False)}
shares["both apart"] = changed(True, True)
shares["another house"] = np.mean([maps != np.roll(maps, n, axis=0) for n in range(1, 10)])
for name, share in shares.items():
    print(f"{name:14} {share:.2f} of the pixels have another class")

# %% [markdown]
# Cut *and* mirrored apart, a map fits its own photo hardly better than the map of another house.
# What a network can learn from such pairs is a blur.
#
# The two cuts lie some ten pixels from each other, in height and in width. Windows, sills and
# moldings are narrow, and a shift of their own width puts them on something else. Mirroring seems
# to do less harm only because two coins agree half of the time.
#
# In the next picture the map lies half-transparent over the photo.

# %% alt="A label map laid over its photo, twice. With one draw for both every window lies under its own colour; with a draw each, map and photo are shifted against each other and everything is doubled."
label, photo = enlarge(houses[3].label, "NEAREST"), enlarge(houses[3].photo, "BICUBIC")
label, aligned, apart = (
    cut(image[None], 256, *how)[0]
    for image, how in ((label, (3, 25, 0)), (photo, (3, 25, 0)), (photo, (27, 4, 0)))
)
blends = {"one draw for both": label // 2 + aligned // 2, "a draw each": label // 2 + apart // 2}
image_grid({name: [blend] for name, blend in blends.items()}, cell=2)
plt.show()

# %% [markdown]
# On the right everything is doubled. If you write a loader of your own, draw this picture first; no
# loss curve will show you the mistake.
#
# Is pix2pix "unsupervised", as one sometimes reads? What does a map tell about the photo beside it?
# Subtract, for each class, the mean colour that the photo has there, and see how much of the
# photo's variance is gone; then do the same with the map of another house.


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
print(f"explained by its own map: {own:.0%}, by the map of another house: {other:.0%}")

# %% [markdown]
# The pairs are the teacher: for each input the file holds an answer that fits it, pixel by pixel.
# That is supervised learning. Without pairs one needs other methods, such as CycleGAN (notebook 06,
# section 16). And if your own pairs do not lie exactly on each other, align them first: both L1 and
# D compare place by place, and what is shifted comes out blurred.

# %% [markdown] tags=["exercise"]
# ### Exercise 4 · experiment: how exact is "aligned"?
#
# Above, the two sides were cut up to 30 pixels apart. Let the second cut lie at most 1, 2, 4, 8 or
# 15 pixels beside the first, in height and width, and plot the share of changed pixels. Count also
# the pixels whose right or lower neighbour has another class. What has that share to do with the
# beginning of the curve?
#
# Your curve should rise all the way: about 5 % at 1 pixel, 8 to 11 % at 2, 40 to 50 % at 15.

# %% alt="The share of changed pixels against the distance between the two cuts. It rises steeply from the first pixel on, then a little less steeply, and at 15 pixels is near one half." tags=["exercise"]
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
# It rises from the first pixel on, and less steeply where the shift is as wide as the things in the
# map. A shift by one pixel changes the pixels along edges and no others. About 7 % lie at an edge,
# and ±1 moves the cut by 2/3 of a pixel on average in each direction: that makes 5 %, as the curve
# says. So the more edges a map has, the more a small shift ruins: at ±2 about a tenth of the
# pixels, at ±8 about 30 %.

# %% [markdown]
# ## 11 · Exact to the last pixel
#
# Three losses that nobody notices. The first is that of section 4: after JPEG and snapping some
# pixels stay wrong. Does a higher quality help? **Guess** which of the three rows
# below is the best. `subsampling=0` tells JPEG to keep colour at full resolution; normally it keeps
# one colour value for four pixels, and only brightness for each.


# %% tags=["predict"]
def restored(**settings):
    """Mean share of the pixels that have their class again after JPEG and snap."""
    ids = [palette.to_ids(through_jpeg(house.label, **settings)) for house in houses]
    return np.mean([(i == house.class_ids).mean() for i, house in zip(ids, houses, strict=True)])


for settings in ({"quality": 75}, {"quality": 95}, {"quality": 75, "subsampling": 0}):
    print(f"{restored(**settings):.3f}  {settings}")

# %% [markdown]
# Quality hardly matters. Labels are all colour, and colour is stored at half the resolution. With
# full colour resolution nearly every pixel comes back.
#
# The second: on the way back from [-1, 1] some programs forget to round, and `astype` cuts off the
# decimals. For how many of the 256 values does that matter?

# %% tags=["nbval-check-output"]
x = p.astype(np.float32) / 127.5 - 1
cut_off = ((x + 1) * 127.5).astype(np.uint8)  # no rounding
wrong = np.flatnonzero(cut_off != p)
print(f"wrong without rounding: {len(wrong)} of 256,", end=" ")
print(f"each of them too dark by {set((p[wrong] - cut_off[wrong]).tolist())}")

# %% [markdown]
# Some results come out a hair under the whole number, and are cut down to the next lower one. One
# step of 255 is invisible. But each time such a picture is saved and loaded again it grows darker.
#
# The third: `reshape` is no way to a new size. It keeps all numbers in their order and begins new
# rows elsewhere. What becomes of an upright line?

# %% tags=["nbval-check-output", "question-68"]
line = np.zeros((4, 6), np.uint8)
line[:, 2] = 1
resized = Image.fromarray(line).resize((4, 6), Image.Resampling.NEAREST)  # (width, height)
print(f"reshaped to 6 × 4:\n{line.reshape(6, 4)}\nresized to 6 × 4:\n{np.asarray(resized)}")

# %% [markdown]
# The reshaped line is in pieces, and nothing complained. Note the order as well: an array's shape
# is (height, width), Pillow's size (width, height).
#
# Now sections 1 to 5 fit into one function: read, snap what is a label, resize each side in its own
# way, and sort the sides into condition and target.


# %% tags=["nbval-check-output"]
def load_pair_by_hand(path, size):
    halves = dict(zip("AB", read_pair(path), strict=True))

    def fit(side):
        image, method = halves[side], Image.Resampling.BICUBIC
        if palette := dataset.palette_of(side):  # this half is the label map
            image, method = palette.snap(image), Image.Resampling.NEAREST
        return np.asarray(Image.fromarray(image).resize((size, size), method))

    return fit(dataset.condition_side), fit(dataset.target_side)


ours = np.stack([load_pair_by_hand(path, 286) for path in dataset.files("train")[:8]])
condition, target, _ = load_pairs(dataset, "train", 286, limit=8)
print("shapes:", condition.shape, target.shape, condition.dtype)
differences = np.count_nonzero(ours != np.stack([condition, target], axis=1))
print(f"values that differ from those of load_pairs: {differences}")

# %% [markdown]
# May the size be anything? A loader can make any; the limit is set by the network.

# %% tags=["nbval-check-output", "question-31"]
print("loaded at 100 pixels:", load_pairs(dataset, "train", 100, limit=1).target.shape)
try:
    config.replace(image_size=100)
except ValueError as error:
    print(error)

# %% [markdown]
# ## 12 · The pipeline, step by step
#
# The network should never have to wait for its pictures. What should be kept in memory? The
# pipeline of TensorFlow's pix2pix tutorial shuffles finished pictures: 400 float pairs wait in its
# buffer. Ours keeps the files decoded as bytes, and shuffles the plan.

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
# Decoding and enlarging cost milliseconds and give the same result each time, so they are done
# **once**. Cutting and mirroring differ each time and cost next to nothing, so they are done **at
# every step**. A set that takes more than 1 GiB even as bytes is read from its files instead.
#
# Step one is done: `stacked`, from section 7, holds 8 decoded pairs. Step two makes a stream of the
# plans of three epochs, one element for each pair.

# %% tags=["tensorflow"]
images = tf.constant(stacked)  # decoded once
plans = [plan_by_hand(epoch, len(stacked)) for epoch in range(3)]
rows = tf.data.Dataset.from_tensor_slices(tuple(map(np.concatenate, zip(*plans, strict=True))))
for index, top, left, mirrored in rows.skip(6).take(4).as_numpy_iterator():
    print(f"pair {index}, cut at {top}, {left}{', mirrored' if mirrored else ''}")

# %% [markdown]
# These lines show the seam between two epochs: two pairs of the first, then two of the second.
#
# Step three turns an element of the plan into pictures. `pipeline.cut` is our `cut` in TensorFlow
# operations.


# %% tags=["tensorflow", "nbval-check-output"]
def prepare(index, top, left, mirrored):
    pair = pipeline.cut(images[index], size, top, left, mirrored)
    pair = to_network(tf.cast(pair, tf.float32))
    return pair[0], pair[1]


batches = (
    rows.map(prepare, num_parallel_calls=tf.data.AUTOTUNE)  # on all cores
    .batch(2, drop_remainder=True)
    .prefetch(tf.data.AUTOTUNE)  # prepares the next batches while the network works
)
draws = list(zip(*draw(np.random.default_rng(1), 50, margin), strict=True))
equal = [
    np.array_equal(cut(pair, size, *how), pipeline.cut(tf.constant(pair), size, *how))
    for pair, how in zip(np.resize(stacked, (50, *stacked.shape[1:])), draws, strict=True)
]
print(f"equal to pipeline.cut: {sum(equal)} of {len(equal)} cuts")
three_epochs = config.replace(train_pairs=8, batch_size=2, epochs=3)
packaged, steps = pipeline.training_batches(dataset, three_epochs)
both = zip(batches.as_numpy_iterator(), packaged.as_numpy_iterator(), strict=True)
equal = [np.array_equal(mine, its) for mine, its in both]
print(f"equal to training_batches: {sum(equal)} of {len(equal)} batches, {steps} an epoch")

# %% [markdown]
# That is the whole pipeline. Each word in the chain has its reason:
#
# - `map` on all cores: no cut depends on another;
# - `batch` with `drop_remainder`: all batches have one shape;
# - `prefetch`: the next batch is ready when the network asks. Without it the two take turns waiting
#   for each other.

# %% [markdown]
# ## 13 · Is it fast enough?
#
# A GPU that waits for its loader is idle. The next cell rebuilds the plain way: at every step read
# the file, decode, enlarge, cut, mirror; shuffle the finished pictures; keep and prepare nothing.


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
# On two cores, with the painted set, ours is several times as fast (under `smoke` eight pairs are
# too few to say much). Does it matter? A laptop trains at a few steps a second at most (batch
# size 1, 256 pixels), where any loader is fast enough. The faster the network, the more the loader
# decides.

# %% [markdown]
# ## 14 · Your own folder
#
# Suppose you made pairs yourself: maps on the *left* this time, as JPEG, in a folder with `train`
# and `test`. (Files that end in .jpg, .jpeg, .png, .tif, .tiff, .webp or .bmp are read.) The next
# cell writes such a folder, a temporary one, and opens it as one would at first try.

# %%
import os
import shutil
import tempfile
from pathlib import Path

temporary = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)  # vanishes with the kernel
home = Path(temporary.name)
folder = home / "my_pairs"
for split, seeds in {"train": range(20, 26), "test": range(26, 28)}.items():
    (folder / split).mkdir(parents=True, exist_ok=True)
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
# It refuses to guess, and says how to find out. Suppose you answered `BtoA` without looking. If you
# also say that the input is a label map in the facades' colours, `check` finds the mistake: it
# looks on which side those colours really are.

# %% tags=["question-67"]
from pix2pix_course.datasets.check import check

tell(check(open_dataset(folder, direction="BtoA", palette="facades")))
mine = open_dataset(folder, direction="AtoB", palette="facades")
tell(check(mine))

# %% [markdown]
# (8 counts the files of that size.) For sets without label maps nobody but you can notice a wrong
# direction: look at a batch. In a terminal, `pix2pix-course data check` says the same.
#
# Now some accidents: a picture with an odd number of columns, a text file with a picture's name,
# and a download that broke off. What does the check say, and what would a *training* say?

# %% tags=["question-67"]
train = folder / "train"
Image.new("RGB", (513, 256)).save(train / "odd.png")
(train / "notes.jpg").write_text("ask Jana for the originals")
(train / "half.jpg").write_bytes((train / "20.jpg").read_bytes()[:9000])
mine = open_dataset(folder, direction="AtoB", palette="facades")
tell(check(mine))
for attempt in (
    lambda: pipeline.training_batches(mine, config),
    lambda: load_pairs(mine, "val", size),
):
    try:
        attempt()
    except DatasetError as error:
        tell(f"{type(error).__name__}: {error}")

# %% [markdown]
# Each line names a file, says what is wrong with it, and what to do. A training stops at the first
# bad file, before any time is spent, with the same words; a missing split is named as well. Without
# the three files it is a data set like any other:

# %% tags=["nbval-check-output"]
for name in ("odd.png", "notes.jpg", "half.jpg"):
    (train / name).unlink()
mine = open_dataset(folder, direction="AtoB", palette="facades")
batches, steps = pipeline.training_batches(mine, config.replace(image_size=64, batch_size=2))
x, y = map(np.asarray, next(iter(batches)))
print(f"{steps} steps an epoch, x {x.shape}, y {y.shape}")
off = sum((palette.snap(image) != image).sum() for image in map(to_image, x))
print(f"values of the condition that are no palette colour, in spite of JPEG: {off}")

# %% [markdown]
# And if all you have is photos? Then *compute* the other side. Below, edges are found in photos by
# Canny's method; the way back, from edges to photos, is one of the paper's tasks. Photos and edges
# lie in two folders under the same names, `combine` puts them side by side, and a tenth is held
# out. (In a terminal: `pix2pix-course data combine edges photos edges2photos`.) **Guess:** what of
# a house is lost in its edges, so that a network must invent it?

# %% alt="Two pairs: black edges on white, and the painted houses that they were found in. Windows, sills and the roof are outlined; colours, glass and sky are not in the edges." tags=["predict"]
from skimage import color, feature

from pix2pix_course.datasets.combine import combine

for seed in range(40, 50):
    photo = paint_pair(seed).photo  # of your own: read_image("IMG_1234.jpg"), cut to a square
    edges = feature.canny(color.rgb2gray(photo), sigma=2)
    drawing = np.where(edges[..., None], 0, 255).astype(np.uint8).repeat(3, axis=-1)
    for name, image in {"edges": drawing, "photos": photo}.items():
        (home / name).mkdir(exist_ok=True)
        Image.fromarray(image).save(home / name / f"{seed}.png")
combine([home / "edges", home / "photos"], home / "edges2photos")
sketches = open_dataset(home / "edges2photos", direction="AtoB")
tell(check(sketches))
drawings, photos, _ = load_pairs(sketches, "train", size, limit=2)
image_grid({"edges (A)": drawings, "photo (B)": photos}, cell=1.4)
plt.show()

# %% [markdown]
# Colours are lost, light, glass and sky, and wherever two surfaces are equally bright, even their
# border. Two houses of other colours can have the same edges, so no network can know which was
# meant. What it then paints depends on its loss: that is notebook 04.

# %% [markdown] tags=["exercise"]
# ### Exercise 5 · experiment: a folder for another task
#
# Make a folder `home / "colouring"` of pairs for *colouring*: a grey photo on the left, the same
# photo in colour on the right, six pairs in `train` and two in `test`. Open it, check it, and draw
# a batch of two, at 64 pixels. The check should find no problem. In your batch, print the largest
# difference between the first and the last channel: it should be 0 for x, and above 0.5 for y.
#
# Which direction do you state, and which palette? What would go wrong with the facades' palette?

# %% alt="Two pairs of the colouring task: above the grey photos of two painted houses, below the same photos in colour, cut and mirrored alike." tags=["exercise"]
# <solution>
for split, seeds in {"train": range(30, 36), "test": range(36, 38)}.items():
    (home / "colouring" / split).mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        photo = Image.fromarray(paint_pair(seed).photo)
        grey = photo.convert("L").convert("RGB")
        picture = Image.fromarray(np.concatenate([grey, photo], axis=1))
        picture.save(home / "colouring" / split / f"{seed}.png")
colouring = open_dataset(home / "colouring", direction="AtoB")
tell(check(colouring))
batches, _ = pipeline.training_batches(colouring, config.replace(image_size=64, batch_size=2))
x, y = map(np.asarray, next(iter(batches)))
for name, side in {"x": x, "y": y}.items():
    apart = abs(side[..., 0] - side[..., 2]).max()
    print(f"{name} {side.shape}, channels differ by up to {apart:.2f}")
columns = {f"pair {i + 1}": [x[i], y[i]] for i in range(2)}
image_grid(columns, cell=1.1, row_names=["x", "y"])
plt.show()
# </solution>

# %% [markdown] tags=["solution"]
# The direction is "AtoB", and there is no palette: neither side is a label map. With a palette the
# grey photo would be snapped, each grey to the nearest of twelve colours, and then enlarged by
# nearest. The network would get flat colours with steps in place of a photo.

# %% [markdown]
# ## 15 · Pairs that are held out
#
# A network must be tried on pairs that it was not trained on. What if somebody brings a folder with
# nothing but `train`? **Guess** which of our six pairs are held out, and how many.

# %% tags=["predict", "nbval-check-output"]
shutil.rmtree(folder / "test")
alone = open_dataset(folder, direction="AtoB", palette="facades")
print({split: [file.name for file in files] for split, files in alone.splits.items()})
tell(alone.remark)

# %% [markdown]
# The last tenth, at least one pair, becomes `val`. If your files are sorted, the last ones may be
# of another kind than the rest.
#
# Held-out pairs are only resized. Training pairs are new each time:

# %% tags=["nbval-check-output", "question-34"]
once, again = (load_pairs(dataset, dataset.evaluation_split, size, 2) for _ in range(2))
same = np.array_equal(once.target, again.target)
print("test pairs, loaded twice:     ", "equal" if same else "new")
one_pair_twice = config.replace(train_pairs=1, batch_size=1, epochs=2)
two_epochs, _ = pipeline.training_batches(dataset, one_pair_twice)
(_, first), (_, second) = two_epochs
print("a training pair in two epochs:", "equal" if np.array_equal(first, second) else "new")

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

# %% tags=["predict", "nbval-check-output", "question-34"]
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
# difference between their results may come from the draw alone. The same holds for every real
# network, since none gives exactly the mirrored answer to a mirrored condition.

# %% [markdown]
# ## Recap
#
# - A pair is one file, A left and B right. Which half is the input is a property of the folder; a
#   wrong direction raises no error and trains the wrong task.
# - A map does not determine its photo.
# - JPEG turns a dozen label colours into thousands. Snapping restores most pixels, but not all at
#   the edges. Maps are enlarged by nearest, photos by bicubic.
# - Pictures go to [-1, 1], the range of $\tanh$, and come back without loss if one rounds.
# - Jitter draws once for both sides.
# - All that is random in an epoch is drawn beforehand, from (seed, epoch), so a resumed training
#   sees exactly what the unbroken one would have seen.
# - Decode once, keep bytes, shuffle the plan, cut at every step, prefetch.
#
# **What this does not show.** That jitter makes a better network: you have only seen that it makes
# other pictures. That painted houses stand for real streets: their layouts are far more regular. On
# real maps nobody can count the pixels that snapping gets wrong.

# %% [markdown]
# ## Next
#
# [Notebook 02](02_unet_generator.ipynb) builds the generator, the U-Net that takes $x$ and answers
# with $\hat y$. To read on: Isola et al., *Image-to-Image Translation with Conditional Adversarial
# Networks*, [arXiv:1611.07004](https://arxiv.org/abs/1611.07004), section 6.2; and `data/README.md`
# of this repository, which describes the painted set.
