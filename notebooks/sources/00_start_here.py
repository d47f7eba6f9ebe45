# %% [markdown]
# # 00 · Start here
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/{{repository_path}}/blob/main/notebooks/{{notebook}})
#
# ![A map of a house and four stages of a network that learns to paint it: grey, soft dark spots for windows, a house with frames, a house with clear windows and doors. Beside it a changed map, with a shop and a long balcony, and the house front that the network paints from it.]({{picture 00_start_here.jpg}})
#
# **What you will build.** A house front that you drew and a network painted. You look at what
# pix2pix learns from, train a tiny one while you watch its pictures sharpen, and give it a map of
# your own. At the end there is a plan of the course.
#
# **Time.** About 20 minutes to read, and 20 more for the exercises. Meanwhile the machine works for
# two to four minutes on two CPU cores, of which the training takes one or two (twice as long beside
# other programs); on a GPU it has not been measured.
#
# **After this notebook you can**
#
# - say what a generator and a discriminator do, and what makes a GAN a *conditional* one;
# - say what a gradient is, and what the two parts of the generator's aim are for;
# - train a small pix2pix with the package, and translate a map that you made;
# - choose a profile, run the course here or in Colab, and find your way through its notebooks.
#
# You should know Keras layers and `fit`; you need neither to know anything about GANs nor to be
# online, since the course paints its own data. Here you only use the tools. Later notebooks build
# each of them by hand.

# %% tags=["setup"]
# {{setup}}

# %%
import matplotlib.pyplot as plt
import numpy as np

from pix2pix_course import exercises
from pix2pix_course.config import profile
from pix2pix_course.datasets import open_dataset
from pix2pix_course.figures.plotting import image_grid
from pix2pix_course.pairs import load_pairs
from pix2pix_course.palettes import PALETTES
from pix2pix_course.translation import translate

plt.rcParams["figure.dpi"] = 85

# %% [markdown]
# The next cell holds the settings. It is the same in all notebooks; section 6 says what the
# profiles are.

# %% tags=["parameters"]
PROFILE = "cpu"  # "smoke", "cpu" or "gpu": how large, how long
DATASET = "painted"  # or a name from the catalogue, or a folder of pairs
DIRECTION = None  # "AtoB" or "BtoA"; None: as the data set says
PALETTE = None  # label colours of a folder that does not describe itself
SEED = 0  # of weights, order, jitter and dropout

# %% [markdown]
# ## 1 · What can this machine do?
#
# The course comes with a doctor, who looks at the machine that this notebook runs on.

# %%
from pix2pix_course import doctor

machine = doctor.inspect_machine()
print(machine.report())

# %% [markdown]
# The last line names the profile that fits. The course is made for `cpu`, for which two cores are
# enough. If something is wrong, a line *Problem* says what to do.

# %% [markdown]
# ## 2 · Pictures in pairs
#
# pix2pix learns from examples of the form "this picture should become that one". In the painted set
# these are house fronts. One side is a *map*, in which each colour means a thing (window, door,
# balcony); the other side is a *photo* of that house. A program painted both (notebook 01).
#
# With another `DATASET`, read "map" as the side that is given and "photo" as the side that is
# wanted. If the painted set is not on your disk yet, the next cell makes it, in less than a minute.

# %% tags=["nbval-check-output"]
dataset = open_dataset(DATASET, DIRECTION, PALETTE)
for split, files in dataset.splits.items():
    print(f"{split:5} {len(files)} pairs")
sides = {dataset.condition_side: "is given", dataset.target_side: "is wanted"}
print(", ".join(f"{side} {role}" for side, role in sorted(sides.items())), "(A is the left half)")

# %% alt="Four painted houses in a row: above their flat coloured maps, below their photos, with walls of red brick, yellow plaster, green and orange."
config = profile(PROFILE).replace(dataset=DATASET, direction=DIRECTION, palette=PALETTE, seed=SEED)
test = load_pairs(dataset, dataset.evaluation_split, config.image_size, limit=4)
columns = {f"house {n}": (test.condition[n], test.target[n]) for n in range(len(test.target))}
image_grid(columns, cell=1.4, row_names=["map", "photo"])
plt.show()

# %% [markdown]
# **Guess before you run the next cell:** how many different colours does a map have, and how many
# does a photo have? Ten, a hundred, thousands?


# %% tags=["predict"]
def count_colours(image):
    return len(np.unique(image.reshape(-1, 3), axis=0))


print("colours in each map:  ", *(f"{count_colours(image):6,}" for image in test.condition))
print("colours in each photo:", *(f"{count_colours(image):6,}" for image in test.target))

# %% [markdown]
# A painted map has at most 12 colours, one for each kind of thing; a photo has thousands. The map
# says where things are. It does not say what colour the wall is, where the curtains are drawn, or
# what the sky looks like. Many photos fit one map; the network has to choose.
#
# Can a network do that? One that was trained for the better part of an hour comes with the course.
# Here it gets the maps of three painted houses from the *test split*: pairs that are kept apart,
# and on which no network is trained.

# %% alt="Three painted houses in three rows: map, generated picture, photo. The generated houses have clear windows with panes, doors, balconies, roofs and a lit shop where the map wants them. Their walls are brownish in all three, while the photos are red, yellow and green."
from pix2pix_course import runs


def show_translations(run, labels, photos):
    """Three rows: maps, what the network of a run makes of them, and the photos."""
    made = [translate(run, label) for label in labels]
    rows = zip(labels, made, photos, strict=True)
    columns = {f"house {n}": row for n, row in enumerate(rows)}
    image_grid(columns, cell=1.4, row_names=["map", "generated", "photo"])
    plt.show()


trained = runs.load(runs.GALLERY)
painted = load_pairs(open_dataset("painted"), "test", trained.config.image_size, limit=3)
show_translations(trained, painted.condition, painted.target)

# %% [markdown]
# Windows, doors, balconies and the shop are where the map puts them, with panes, railings and
# curtains that no map shows. The roof is the network's own idea: the map has one colour for roof
# and sky. All the walls are of a similar brownish stone, because the map does not give their
# colour. Notebook 04 asks why the network does not simply guess one.
#
# Each colour of the map stands for a class. Here are their names:

# %% tags=["nbval-check-output"]
palette = PALETTES["facades"]
numbers = palette.to_ids(painted.condition[2])  # which class each pixel is
print("a map can have:  ", ", ".join(palette.names))
print("house 2 has none:", ", ".join(palette.names[n] for n in range(12) if n not in numbers))

# %% [markdown] tags=["exercise"]
# ### Exercise 1 · code: close the blinds
#
# Write a function that gives every pixel of one class the colour of another, and leaves the map
# that it was given as it is. `palette.to_ids(label)` is the number of each pixel's class, and
# `palette.colours` has a colour for each number. Write where it says `# your turn`, then run the
# check: it says *right*, *wrong* with a hint, or *not yet tried*, as often as you like.
#
# Then close all blinds of house 2 and translate the map:
# `translate(trained, replace_class(painted.condition[2], "window", "blind"))`. Does the network
# still know where the windows were?


# %% tags=["exercise"]
def replace_class(label, old, new):
    """A copy of the map (height, width, 3) in which every `old` pixel has become `new`."""
    # <solution>
    changed = label.copy()
    where = palette.to_ids(label) == palette.names.index(old)
    changed[where] = palette.colours[palette.names.index(new)]
    return changed
    # </solution>


# %% tags=["nbval-check-output"]
exercises.check_replace_class(replace_class)

# %% alt="The map of house 2 with yellow blinds in place of all windows, and its translation: frames and sills as before, with dull grey-brown slats where the panes were." tags=["solution"]
closed = replace_class(painted.condition[2], "window", "blind")
image_grid({"map": [closed], "translation": [translate(trained, closed)]}, cell=1.6)
plt.show()

# %% [markdown] tags=["solution"]
# A pixel belongs to a class if all three channels agree; `to_ids` takes care of that. The network
# still paints a window in each place, with frame, cornice and sill, since in the set a blind always
# hangs in a window. But the dark panes and white curtains have given way to a dull grey-brown.

# %% [markdown]
# ## 3 · Two networks
#
# The **generator** $G$ is a painter. It is given the map $x$ and answers with a picture
# $\hat y = G(x)$ of the same size. You will build it in notebook 02.
#
# The **discriminator** $D$ is a critic. It is shown a map and a picture, and says whether the
# picture is the real photo or was generated. You will build it in notebook 03.
#
# They are trained against each other: $D$ learns to tell $\hat y$ from the photo $y$, and $G$
# learns to paint what $D$ takes for real. Nobody has to write down what a good window looks like:
# $D$ finds out what gives $G$ away, and $G$ learns from it. Such a pair is a *generative
# adversarial network*, a **GAN**. It is a *conditional* GAN because the picture must fit a
# condition, the map, which both networks see.

# %% alt="Diagram: the map goes into the generator, which makes a generated picture, grey noise. The discriminator is shown the map with either the generated picture or the photo and answers generated or real. A red double arrow between the two pictures is the L1 distance."
import keras

from pix2pix_course.figures.diagrams import pix2pix_diagram
from pix2pix_course.generators import generate
from pix2pix_course.pairs import to_network
from pix2pix_course.training import build_discriminator, build_generator

G, D = build_generator(config), build_discriminator(config)
x, y = to_network(test.condition[:1]), to_network(test.target[:1])  # a batch of one pair
y_hat = keras.ops.convert_to_numpy(generate(G, x))
pix2pix_diagram(x[0], y_hat[0], y[0])
plt.show()

# %% [markdown]
# The generated picture is grey noise: nobody has trained $G$ yet, nor $D$. $D$ answers with numbers
# from 0, "generated", to 1, "real". **Guess:** what will the untrained $D$ say about this picture,
# on average?

# %% tags=["predict"]
from pix2pix_course.losses import belief  # the mean answer, as a probability

verdicts = D([x, y_hat])
print("the map has the shape", x.shape, "and the generated picture", y_hat.shape)
print(f"its values go from {y_hat.min():.2f} to {y_hat.max():.2f}; black is -1, white is 1")
print("D's answers have the shape", tuple(verdicts.shape))
print(f"their mean is {float(belief(verdicts)):.2f}")

# %% [markdown]
# About one half: it cannot tell. And $D$ gives one number for each *patch*, a small square of the
# picture. That is the "patch" in PatchGAN.
#
# ### Passing for real is not enough
#
# To $D$, any house that fits the map will do. But $G$ should come close to the one photo of the
# pair, so it pays for a second thing, the red arrow in the diagram: the distance of each pixel from
# the photo. It is the mean absolute error that Keras calls MAE and the paper calls **L1**:
#
# $$\text{what } G \text{ pays} = \text{what } D \text{ charges} + \lambda \cdot
#   \text{L1}(y, \hat y), \qquad \lambda = 100.$$
#
# λ weighs the second term against the first; notebook 04 is about both.

# %% [markdown]
# ### Which way is downhill? The gradient
#
# Take the smallest network there is: it has one weight $w$, and paints the whole picture in the
# grey tone $w$, from -1 (black) to 1 (white). How should it change $w$ to pay less L1?
#
# The **gradient** is the slope of the loss at the present weight: how fast the loss grows when $w$
# grows. Learning means taking small steps against the gradient, downhill. A network with a million
# weights has a million such slopes, and the package finds them all in one call,
# `gradient(function, at)`. (Notebook 05 looks inside.)

# %% alt="A curve of the L1 loss over the weight w, a valley with its bottom a little left of 0. Two points on it with their tangents: at -0.5 the curve falls and an arrow points right, at 0.5 it rises and an arrow points left."
from pix2pix_course.support.gradients import gradient


def grey_loss(w):
    """L1 between a picture of one grey tone and the photo of house 0."""
    return keras.ops.mean(keras.ops.abs(w - y))


tones = np.linspace(-1, 1, 81, dtype="float32")
figure, axis = plt.subplots(figsize=(5, 2.8), layout="constrained")
axis.plot(tones, [float(grey_loss(w)) for w in tones], color="gray")
for w, colour in ((-0.5, "C0"), (0.5, "C1")):
    loss, slope = float(grey_loss(w)), float(gradient(grey_loss, w))
    print(f"at w = {w:4.1f} the loss is {loss:.2f} and the gradient {slope:+.2f}")
    near = np.array([w - 0.25, w + 0.25])
    axis.plot(near, loss + slope * (near - w), color=colour, linewidth=3)  # the tangent
    step = {"arrowstyle": "->", "color": colour, "linewidth": 2}
    axis.annotate("", xy=(w - 0.5 * slope, loss), xytext=(w, loss), arrowprops=step)
    axis.plot(w, loss, "o", color=colour, markersize=8)
axis.set(xlabel="the weight w: a grey tone", ylabel="L1")
plt.show()

# %% [markdown]
# Where the gradient is negative, $w$ should grow; where it is positive, $w$ should shrink. The
# steps end at the bottom, where the gradient is 0: half of the photo's values are below $w$, half
# above.
#
# So with L1 alone, $G$ would answer everything that the map leaves open by the average of what it
# has seen: a blurred compromise. $D$ recognises such compromises. It is a function too, so its
# gradient says how each pixel of $\hat y$ should change to look more real, and $G$ follows it.

# %% [markdown] tags=["exercise"]
# ### Exercise 2 · prediction: what G pays
#
# In some step, $D$ charges $G$ 1.20, and the mean distance of a pixel from the photo is 0.31. λ is
# 100. What does $G$ pay in all? Which of the two parts is the larger one, and is it then the only
# one that matters? (Explanations go into the cells that say *Your answer*: double-click on them.)

# %% tags=["exercise"]
# <solution>
g_pays = 1.20 + 100 * 0.31
# </solution>

# %% tags=["nbval-check-output"]
exercises.check_g_pays(g_pays)

# %% [markdown] tags=["solution"]
# 32.2, of which 31 are for the distance. But $G$ follows the slope, not the height. Where the
# map leaves the colour open, $G$ soon sits at the bottom of the L1 valley, and L1 can hardly be
# lowered any more. A soft edge costs little L1, but $D$ charges a lot for it. Notebook 04 measures
# both slopes.

# %% [markdown] tags=["exercise"]
# ### Exercise 3 · prediction: the perfect forger
#
# Suppose that $G$ became perfect: nobody can tell its pictures from photos. $D$ is trained on, as
# well as possible, with as many generated pictures as photos. Its answer is a number from 0,
# "generated", to 1, "real". What will it answer to a photo?

# %% tags=["exercise"]
# <solution>
d_answers = 0.5
# </solution>

# %% tags=["nbval-check-output"]
exercises.check_d_answers(d_answers)

# %% [markdown] tags=["solution"]
# One half. What $D$ sees looks the same whether it is real or generated, and half of it is real.
# This is the chance level that you will meet in notebook 04. (In practice a training does not get
# there: compare the two lines of losses in section 4.)

# %% [markdown]
# ## 4 · Watch it learn
#
# Now train. Do not expect much: under `cpu`, the generator is a quarter as wide as the paper's and
# sees 800 pairs, three times each.

# %%
from pix2pix_course.pipeline import steps_per_epoch

# In the last epoch the learning rate fades.
tiny = {"train_pairs": 800, "epochs": 3, "decay_epochs": 1}
if PROFILE == "cpu":  # a narrow network
    tiny |= {"generator_filters": 16}
if PROFILE != "smoke":  # which is shorter still
    config = config.replace(**tiny)
pairs = min(config.train_pairs, len(dataset.files("train")))
steps = config.epochs * steps_per_epoch(pairs, config.batch_size)
print(f"{config.epochs} times {pairs} pairs, {config.image_size} pixels: {steps:,} steps")

# %% [markdown]
# In each step, the weights of both networks move a little way downhill; notebook 05 takes a step
# apart. The next cell needs some seconds to start. Then the middle column of its picture changes
# every few seconds, and in the end a film of the training takes its place.
#
# **Write down two guesses:** what will appear first, the windows or the colour of the walls? And
# after which part of the training will you recognise a house (or whatever your set shows)?

# %% alt="A film of two houses, from left: the map, six stages of the training, the photo. Grey noise at first, then a pale front with soft dark spots for windows, at last windows, railings, doors and a roof with clear edges, in colours that are not the photo's." tags=["predict"]
import tempfile
import time
from pathlib import Path

from pix2pix_course.figures.plotting import LiveFilm
from pix2pix_course.figures.watch import WatchImages

temporary = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)  # vanishes with the kernel
houses = test.condition[-2:]
film = LiveFilm(houses, test.target[-2:], steps)
start = time.perf_counter()
watch = WatchImages(houses, film.show)
run = runs.train(config, Path(temporary.name) / "tiny", verbose=0, callbacks=[watch])
film.finish()
seconds = time.perf_counter() - start

# %% [markdown]
# With painted houses and `cpu` the film goes like this. At step 0 there is grey noise: the
# untrained network. After about a hundred steps there are soft dark spots on a pale wall: the
# windows come first. That is the work of L1, which gets large areas about right. At 500 steps, a
# fifth of the training, it is a house, with frames and sills. Then the edges get sharper, and doors
# begin to look different from windows.
#
# Under `smoke`, with its eight steps, it stays grey noise, and that is right.
#
# The colour of the walls stays wrong, however long you train: it is not in the map. Here are all
# four test pairs.

# %% alt="Four test houses in three rows: map, generated picture, photo. Windows, doors and floors of the generated pictures lie where the map says; walls and sky have about the same colour in all of them and differ from the photos."
print(f"{steps:,} steps took {seconds:.0f} seconds on {machine.device}")
show_translations(run, test.condition, test.target)

# %% [markdown]
# Windows and doors are where the map says. For the walls the network has chosen a colour that suits
# many houses. Then there is what no photo has, stripes and stains. A longer training leaves fewer
# of them: the one of notebook 05 takes 3 to 11 minutes; the paper's took up to two hours on a GPU
# of its time (§4).
#
# Do the losses show this progress? **Guess:** from the first to the last *epoch* (one pass through
# the pairs), does L1 fall by half, or hardly at all? And does $D$ find it easier or harder to tell
# the two kinds apart?

# %% tags=["predict"]
for row in (run.history[0], run.history[-1]):
    answers = f"to photos {row['d_real']:.2f}, to generated pictures {row['d_fake']:.2f}"
    print(f"epoch {row['epoch']:.0f}: L1 {row['g_l1']:.2f}; D answers, on average, {answers}")

# %% [markdown]
# In other trainings you look for a loss that falls. Here L1 hardly moves while the pictures become
# better, and $D$ finds it easier to tell the two apart, not harder: $D$ learns, too. Notebooks 04
# and 05 read such numbers, and notebook 06 measures whether a translation is *good*.

# %% [markdown]
# ## 5 · A translation that you made
#
# The network has never seen these four houses, so it can just as well translate one that you draw.
# To say where something is, think of the map as 64 units wide and 64 high, whatever its pixels.
# (This section is about house fronts. With other data sets it runs, but the names mean nothing.)

# %% alt="The map of house 2 with a grid from 0 to 64 in both directions, and beside it a key of the twelve colours and their names, from background, facade and window to shop."
house = houses[0].copy()
figure, axis = plt.subplots(figsize=(5.6, 3.6), layout="constrained")
axis.imshow(house, extent=(0, 64, 64, 0), interpolation="nearest")
axis.set(xticks=range(0, 65, 8), yticks=range(0, 65, 8))
axis.grid(color="white", alpha=0.4)
for name, colour in zip(palette.names, palette.colours, strict=True):
    axis.plot([], "s", markersize=9, color=np.divide(colour, 255), label=name)
axis.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), fontsize=9, frameon=False)
plt.show()


# %% [markdown]
# To draw, one function is enough: it puts a rectangle of one class on a copy of the map.


# %% tags=["nbval-check-output"]
def put(label, name, left, top, right, bottom):
    """A copy of the map with a rectangle; places in units, of which the map has 64 by 64."""
    changed, unit = label.copy(), len(label) // 64
    colour = palette.colours[palette.names.index(name)]
    changed[top * unit : bottom * unit, left * unit : right * unit] = colour
    return changed


mine = put(house, "facade", 15, 15, 30, 30)  # wall up a pair of windows
mine = put(mine, "facade", 16, 48, 28, 59)  # and one below, for a door in its place
mine = put(mine, "door", 19, 48, 25, 59)
mine = put(mine, "shop", 41, 48, 57, 59)  # a shop at the right
mine = put(mine, "balcony", 3, 39, 57, 43)  # one balcony for all
print("the house in the file is as it was:", np.array_equal(house, houses[0]))

# %% [markdown]
# **Guess before you run the next two cells:** a wall, a door, a shop, a balcony. Which of the four
# will be easiest to recognise? And how much will the rest of the house change?

# %% alt="Two rows, each with a map and its translation: house 2 as it is in the file, and changed. The second has bare wall where a pair of windows was, a second dark door, a shop front at the right and a railing along the first floor." tags=["predict"]
maps = [house, mine]
translations = [translate(run, label) for label in maps]
image_grid({"map": maps, "translation": translations}, cell=1.9, row_names=["given", "mine"])
plt.show()


# %% tags=["predict"]
def shift(old, new):
    """Mean change of the translation where two maps differ, and elsewhere, in grey levels."""
    before, after = (translate(run, label).astype(int) for label in (old, new))
    moved, differs = np.abs(after - before).mean(axis=-1), (old != new).any(axis=-1)
    return moved[differs].mean(), moved[~differs].mean()


inside, outside = shift(house, mine)
print(f"where the map changed: {inside:.0f} of 255 grey levels; elsewhere: {outside:.1f}")

# %% [markdown]
# The bare wall and the door are easiest to recognise. The long balcony is a dark railing. The shop
# has dark panes and bars: in the set each shop shows other goods, so the network has learned only
# what they have in common. Nobody programmed a rule such as "cyan means door".
#
# The rest of the house changes too, but far less: notebook 02 shows what a pixel depends on.
#
# **Now you:** change numbers and names in the lines that begin with `mine`, and run the cells
# again. It takes no training.

# %% tags=["nbval-check-output"]
again = translate(run, mine)
print("the same map gives the same picture:", np.array_equal(again, translate(run, mine)))

# %% [markdown] tags=["exercise"]
# ### Exercise 4 · prediction: another throw of the dice
#
# The pictures were the same because `translate` starts from the same `seed`. $G$ does have a source
# of chance: in three of its layers dropout silences half of the features at random, even after the
# training (notebook 02 says why). The map leaves the wall's colour open. Will another seed paint
# the house in another colour, as different as two photos are? Say `True` or `False`.

# %% tags=["exercise"]
# <solution>
seed_repaints_the_house = False
# </solution>

# %% alt="House 2 translated four times with different seeds: the four pictures look alike, with the same brown wall." tags=["predict"]
from pix2pix_course.datasets.painter import paint_pair

by_seed = [translate(run, house, seed=seed) for seed in range(4)]
wall = palette.to_ids(house) == palette.names.index("facade")
colours = np.array([picture[wall].mean(axis=0) for picture in by_seed])
photos = [paint_pair(seed, config.image_size) for seed in range(40)]
walls = [pair.photo[pair.class_ids == palette.names.index("facade")] for pair in photos]
of_photos = np.array([pixels.mean(axis=0) for pixels in walls])
apart, usual = colours.std(axis=0).mean(), of_photos.std(axis=0).mean()
print(f"wall colours differ by {apart:.1f} grey levels over the seeds, by {usual:.0f} over photos")
image_grid({f"seed {seed}": [picture] for seed, picture in enumerate(by_seed)}, cell=1.4)
plt.show()

# %% tags=["nbval-check-output"]
exercises.check_prediction("00.4", seed_repaints_the_house, apart > usual / 2)

# %% [markdown] tags=["solution"]
# It will not. Over the seeds the colour of the wall differs by less than one grey level, over
# photos by about thirty. The colour sits in the weights of the network, which has learned to work
# around the dropout. The authors report the same (§3.1). To offer *several* answers, a network
# needs more than dropout.

# %% [markdown] tags=["exercise"]
# ### Exercise 5 · experiment: a house of your own
#
# Draw a map from nothing: begin with `put(house, "background", 0, 0, 64, 64)`, put a wall, then
# windows in rows (two nested loops and `put` will do), a door, and a strip under the roof
# (`molding`). Translate it. Then draw something that no house has: a window in the sky, a door on
# the third floor, your initials.
#
# What does the network make of it, and why does it not protest? Measure with `shift` how much the
# strange things change the picture. Expect at least twice as much where the map changed as
# elsewhere.

# %% alt="Two maps and their translations: a regular house with three rows of windows and a door; the same with a window in the sky, which comes out faint, and a dark door on the upper floor." tags=["exercise"]
# <solution>
own = put(house, "background", 0, 0, 64, 64)
own = put(put(own, "facade", 6, 14, 58, 60), "molding", 6, 11, 58, 15)
for top in (19, 33, 47):
    for left in (11, 23, 35, 47):
        own = put(own, "window", left, top, left + 6, top + 9)
        own = put(own, "sill", left - 1, top + 9, left + 7, top + 11)
own = put(put(own, "facade", 34, 46, 44, 60), "door", 36, 47, 42, 60)
strange = put(put(own, "window", 26, 2, 38, 8), "door", 11, 19, 17, 30)
maps = [own, strange]
image_grid({"map": maps, "translation": [translate(run, m) for m in maps]}, cell=1.6)
plt.show()
inside, outside = shift(own, strange)
print(f"where the map changed: {inside:.0f} grey levels; elsewhere: {outside:.1f}")
# </solution>

# %% [markdown] tags=["solution"]
# The regular house turns out like those of the set, and the door on the third floor is a door. A
# window in the sky comes out faint: in training, there was always a wall around a window. The
# network cannot protest: nothing in it asks whether a map makes sense. It has learned what to paint
# where a map says "door", and it answers every map.

# %% [markdown]
# ## 6 · The course
#
# Read the notebooks in order. Each builds a part by hand, proves it equal to the package's, and
# breaks something on purpose. *Two cores* is the machine's time under the profile `cpu`; each
# notebook says how long reading takes. On a GPU nothing has been measured yet.
#
# | | you build and find out | two cores | it needs |
# |---|---|---|---|
# | 00 | what you have just done | 2 to 4 min | |
# | [01 Data loading](01_data_loading.ipynb) | the road from files to batches, both sides of a pair treated alike | under 1 min | |
# | [02 U-Net generator](02_unet_generator.ipynb) | $G$, layer by layer; why skips, why dropout | 1 to 2 min | |
# | [03 PatchGAN discriminator](03_patchgan_discriminator.ipynb) | $D$, and how large its patches are | 1 to 2 min | |
# | [04 Losses](04_losses.ipynb) | both aims in a few lines; what λ trades | 3 to 6 min | |
# | [05 Training](05_training.ipynb) | one step by hand, then a training worth looking at | 5 to 17 min | |
# | [06 Evaluation](06_evaluation.ipynb) | numbers for "good", and their limits | 2 to 6 min | the run of 05, or it trains one |
# | [07 Tables in miniature](07_tables_in_miniature.ipynb) | the paper's experiments, with several seeds | 12 to 15 min | |
# | [08 Six implementations](08_six_implementations.ipynb) | the versions of pix2pix that you meet elsewhere, and their bugs | 6 to 8 min | |
#
# 01 to 06 are the course; 07 and 08 are labs for afterwards.

# %% [markdown]
# ### Profiles
#
# `PROFILE` means the same in all notebooks:
#
# | profile | what it is for | pictures | what to expect |
# |---|---|---|---|
# | `smoke` | to see that every cell runs | 64 px | under a minute; grey noise, and that is right |
# | `cpu` | to learn, on two cores | 128 px | minutes; clear windows, odd colours; the texts describe this one |
# | `gpu` | the paper's networks and settings | 256 px | not measured; notebook 05 then trains the paper's 200 epochs, for which its authors took up to two hours (on two cores, at about 0.8 seconds a step, 400 pairs would take most of a day) |
#
# Your numbers will differ from those on the page; the ranges and orders in the texts should hold.

# %% [markdown]
# ### On your own machine
#
# `make lab` opens the notebooks; `make course` runs 00 to 06 from top to bottom and says where the
# results are.

# %% [markdown]
# ### In Colab
#
# Each notebook has a badge below its title. Then:
#
# 1. For a GPU, choose *Runtime → Change runtime type* before the first cell.
# 2. The first cell installs the package, and leaves Colab's TensorFlow, Keras and NumPy as they
#    are. The line below it counts the GPUs: with 0, stay with `cpu`; with 1, set `PROFILE = "gpu"`.
# 3. *File → Save a copy in Drive* keeps your notebook. All else vanishes with the runtime. To keep
#    trained networks, mount your drive (the folder symbol at the left), and set `RUNS` of
#    notebook 05 to a folder there. A training that was cut off then goes on where it stopped.

# %% [markdown]
# ### Exercises and questions
#
# You have met the three kinds of exercise: code to complete, results to predict, experiments to
# explain. An open exercise stops nothing: you can always go on. The solved notebooks are in the
# folder `notebooks/solutions`.
#
# [A list of 75 questions](questions.md), asked by readers of other pix2pix tutorials, leads to the
# cells that answer them.

# %% [markdown]
# ## Recap
#
# - A pair is a map and a photo. The map does not determine the photo.
# - $G$ paints, $D$ judges, each learns from the other. Both see the map: a conditional GAN.
# - $G$ pays for being found out, and λ times for its distance from the photo.
# - The gradient is the slope of a loss; learning is small steps against it.
# - Where the map says something, the picture follows it. Where it says nothing, the network
#   chooses.
# - A trained network translates any map of its kind, also one that you drew.

# %% [markdown]
# **What this does not show.** It does not show that these pictures are good, only that they are
# better than noise. Nor that $D$ was needed: perhaps L1 alone would have done as well (notebook 05
# takes $D$ away). And you looked at no more than four houses.

# %% [markdown]
# ## Next
#
# [Notebook 01](01_data_loading.ipynb) begins at the beginning: how pairs come from files to the
# networks. The paper to have at hand: Isola et al., *Image-to-Image Translation with Conditional
# Adversarial Networks*, [arXiv:1611.07004](https://arxiv.org/abs/1611.07004).
