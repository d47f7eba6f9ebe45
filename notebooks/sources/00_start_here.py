# %% [markdown]
# # 00 · Start here
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/{{repository_path}}/blob/main/notebooks/{{notebook}})
#
# ![A map of a house and four stages of a network that learns to paint it: grey, soft dark spots for windows, a house with frames, a house with clear windows and doors. Beside it a changed map, with a shop and a long balcony, and the house front that the network paints from it.]({{picture 00_start_here.jpg}})
#
# **What you will build.** In ten minutes, from nothing to a house front that you drew and a network
# painted. You look at what pix2pix learns from, ask what your machine can do, train a tiny pix2pix
# while you watch its pictures sharpen, and give it a map of your own. The rest is a plan of the
# course and a word on how to use it.
#
# **Time.** Ten minutes with reading. Two to four of them are the machine's on two CPU cores, of
# which the training takes one or two; on a GPU: not measured.
#
# **After this notebook you can**
#
# - say what a generator and a discriminator do, and what makes a GAN a *conditional* one;
# - say what the two parts of the generator's aim are for;
# - train a small pix2pix with the package, and translate a map that you made;
# - choose a profile, run the course here or in Colab, and find your way through its notebooks.
#
# You should know Keras layers and `fit`. Of GANs you need to know nothing. No internet connection
# is needed: the course paints its own data. Nothing is built by hand yet. Each tool that you use
# here is taken apart in a later notebook, and the text says in which.

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

# %% [markdown]
# The next cell is the only one that you may want to change before you run the rest. It is the same
# in all notebooks; section 6 says what the profiles are.

# %% tags=["parameters"]
PROFILE = "cpu"  # "smoke", "cpu" or "gpu": how large, how long
DATASET = "painted"  # or a name from the catalogue, or a folder of pairs
DIRECTION = None  # "AtoB" or "BtoA"; None: as the data set says
PALETTE = None  # label colours of a folder that does not describe itself
SEED = 0  # of weights, order, jitter and dropout

# %% [markdown]
# ## 1 · What can this machine do?
#
# The course comes with a doctor, who looks at the machine that this notebook runs on. (Are you
# reading a page on the web? Then it is the machine on which the page was made.)

# %%
from pix2pix_course import doctor

machine = doctor.inspect_machine()
print(machine.report())

# %% [markdown]
# The last line is the advice: the profile that fits. Two cores are enough for `cpu`, which is what
# this course is made for. If something is wrong, a line *Problem* says what to do. In a
# terminal the same report comes from `pix2pix-course doctor`.
#
# ## 2 · Pictures in pairs
#
# pix2pix learns from examples of the form "this picture should become that one". Ours are house
# fronts. On one side a *map*, in which each colour means a thing (window, door, balcony); on the
# other side a *photo* of that house. (A program painted both, see notebook 01. So the photo is not
# one, but it behaves like one.) If the set is not on your disk yet, the next cell paints it, which
# takes some seconds.

# %% tags=["nbval-check-output"]
dataset = open_dataset(DATASET, DIRECTION, PALETTE)
for split, files in dataset.splits.items():
    print(f"{split:5} {len(files)} pairs")
sides = {dataset.condition_side: "is given", dataset.target_side: "is wanted"}
print(", ".join(f"{side} {role}" for side, role in sorted(sides.items())), "(A is the left half)")

# %% [markdown]
# **Before you look at the next picture:** suppose you had the map of a house and a box of paints.
# What would you know about the photo, and what would you have to invent?

# %% alt="Four painted houses in a row: above their flat coloured maps, below their photos, with walls of red brick, yellow plaster, green and orange."
config = profile(PROFILE).replace(dataset=DATASET, direction=DIRECTION, palette=PALETTE, seed=SEED)
test = load_pairs(dataset, dataset.evaluation_split, config.image_size, limit=4)
columns = {f"house {n}": (test.condition[n], test.target[n]) for n in range(len(test.target))}
image_grid(columns, cell=1.4, row_names=["map", "photo"])
plt.show()


# %% tags=["nbval-check-output"]
def count_colours(image):
    return len(np.unique(image.reshape(-1, 3), axis=0))


print("no map has more than 12 colours:", max(map(count_colours, test.condition)) <= 12)
print("every photo has hundreds:", min(map(count_colours, test.target)) > 300)

# %% [markdown]
# The map says where things are. It does not say what colour the wall is, where the curtains are
# drawn, or how the sky looks: the photos in the picture above are brick red, yellow and green over
# the same blue. Many photos fit one map, and the network has to choose one. These four houses are
# from the test set: no network will be trained on them.
#
# Can a network do it? One that was trained for the better part of an hour comes with the course.
# The next cell gives it the maps of three painted houses that it has never seen.

# %% alt="Three painted houses in three rows: map, generated picture, photo. The generated houses have clear windows with panes, doors, balconies, roofs and a lit shop where the map wants them. Their walls are brownish in all three, while the photos are red, yellow and green."
from pix2pix_course import runs

trained = runs.load(runs.GALLERY)
painted = load_pairs(open_dataset("painted"), "test", trained.config.image_size, limit=3)
answers = [translate(trained, label) for label in painted.condition]
rows = zip(painted.condition, answers, painted.target, strict=True)
columns = {f"house {n}": row for n, row in enumerate(rows)}
image_grid(columns, cell=1.25, row_names=["map", "generated", "photo"])
plt.show()

# %% [markdown]
# Windows, doors, balconies and the shop are where the map puts them, and they have panes, railings
# and curtains that no map shows. The roof is the network's own idea: the map has one colour for
# roof and sky. And all walls are of about the same brownish stone. It cannot know better; what it
# does instead of guessing is a question for notebook 04. You will now train a smaller one yourself,
# for a minute or two.
#
# ## 3 · Two networks
#
# Two networks play a game.
#
# The **generator** $G$ is a painter. It is given the map $x$ and answers with a picture
# $\hat y = G(x)$ of the same size. You will build it in notebook 02.
#
# The **discriminator** $D$ is a critic. It is shown a map and a picture, and says whether the
# picture is the real photo or was generated. It is trained on both kinds, and the answer is known
# each time. You will build it in notebook 03.
#
# They are trained against each other. $D$ learns to tell $\hat y$ from $y$; $G$ learns to
# paint what $D$ takes for real. Nobody has to write down what a good window looks like: $D$ finds
# out what gives $G$ away, and $G$ takes the hint, through the gradient. Such a pair is a
# *generative adversarial network*, a **GAN**. It is a *conditional* GAN because the picture must
# fit a condition, the map, which both networks see.

# %% alt="Diagram: the map goes into the generator, which makes a grey generated picture. The discriminator is shown the map with either the generated picture or the photo and answers generated or real. A red double arrow between the two pictures is the L1 distance."
import keras

from pix2pix_course.figures.diagrams import pix2pix_diagram
from pix2pix_course.pairs import to_network
from pix2pix_course.training import build_discriminator, build_generator

G, D = build_generator(config), build_discriminator(config)
x, y = to_network(test.condition[:1]), to_network(test.target[:1])  # a batch of one pair
y_hat = keras.ops.convert_to_numpy(G(x))
pix2pix_diagram(x[0], y_hat[0], y[0])
plt.show()

# %% tags=["nbval-check-output"]
from pix2pix_course.losses import belief

verdicts = D([x, y_hat])
print("G's answer is a picture of the map's size:", y_hat.shape == x.shape)
print("its values lie between -1 and 1:", abs(y_hat).max() <= 1)
print("D judges several places of it:", int(keras.ops.size(verdicts)) > 1)
print("so far it says about 1/2, it cannot tell:", abs(float(belief(verdicts)) - 1 / 2) < 0.1)

# %% [markdown]
# In the diagram above the generated picture is grey: nobody has trained $G$ yet. $D$ answers a
# number from 0, "generated", to 1, "real", and it does not judge the picture as a whole: it gives
# one number for each *patch*, a small square of it. That is the "patch" in PatchGAN.
#
# The red arrow is the second thing that is asked of $G$. Passing for real is not enough: a picture
# of *some* house would do. So $G$ also pays for the distance of each pixel from the photo, the mean
# absolute error that Keras calls MAE and the paper calls **L1**:
#
# $$\text{what } G \text{ pays} = \text{what } D \text{ charges} + \lambda \cdot
#   \text{L1}(y, \hat y), \qquad \lambda = 100.$$
#
# L1 alone would get the layout right, and blur whatever the map leaves open, since the middle of
# all colours is the safest bet. $D$ alone would want it sharp, wherever it belongs. λ says how much
# the one counts beside the other. Notebook 04 is about these two terms.
#
# ## 4 · Watch it learn
#
# Now train. The networks are small, a quarter as wide as the paper's, and the training is short, so
# do not expect much: `cpu` sees each of 400 pairs six times. **Write down two guesses** before
# you run the cells: what will be seen first, the windows or the colour of the walls? And after
# which part of the training will you recognise a house?

# %%
from pix2pix_course.pipeline import steps_per_epoch

tiny = {"train_pairs": 400, "epochs": 6, "decay_epochs": 3}
if PROFILE == "cpu":  # a narrow network
    tiny |= {"generator_filters": 16}
if PROFILE != "smoke":
    config = config.replace(**tiny)
pairs = min(config.train_pairs, len(dataset.files("train")))
steps = config.epochs * steps_per_epoch(pairs, config.batch_size)
print(f"{config.epochs} times {pairs} pairs, {config.image_size} pixels: {steps:,} steps")

# %% [markdown]
# A step shows the networks a pair, and moves the weights of both a little; notebook 05 takes it
# apart. When you run the next cell, it needs some seconds to start; then the middle column of its
# picture changes every few seconds. When it is done, a film of the training takes its place.

# %% alt="A film of two houses, from left: the map, six stages of the training, the photo. Grey at first, then a pale front with soft dark spots for windows, at last windows, railings, doors and a roof with clear edges, in colours that are not the photo's."
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
# Under `cpu` the film goes like this. At first there is grey: the untrained network. After about a
# hundred steps there are soft dark spots on a pale wall: the windows come first, before any colour.
# That is L1, which gets large areas about right. At 500 steps, a fifth of the training, it is a
# house, with frames, sills and railings. Then the edges get harder, and doors begin to look
# different from windows. Under `smoke`, with its eight steps, it ends as a grey blur, and that is
# right. (When this page was made, other programs ran beside it. Your training is faster.)
#
# The colour of the walls does not come to be right, however long one trains. It cannot: it is not
# in the map. Here are all four test houses.

# %% alt="Four test houses in three rows: map, generated picture, photo. Windows, doors and floors of the generated pictures lie where the map says; walls and sky have about the same colour in all of them and differ from the photos."
print(f"{steps:,} steps took {seconds:.0f} seconds on {machine.device}")
generated = [translate(run, label) for label in test.condition]
rows = zip(test.condition, generated, test.target, strict=True)
columns = {f"house {n}": row for n, row in enumerate(rows)}
image_grid(columns, cell=1.4, row_names=["map", "generated", "photo"])
plt.show()

# %% [markdown]
# Look at the windows and doors first: they are where the map says. Then at the walls: the network
# has chosen a colour that suits many houses. Then at what no photo has, stripes and stains. A
# longer training leaves fewer of them: notebook 05 takes 3 to 11 minutes, the authors of
# pix2pix took up to two hours on a GPU of their time (§4 of the paper).
#
# Some numbers from the first and the last round through the training pairs tell how the game
# stands.

# %%
for row in (run.history[0], run.history[-1]):
    answers = f"to photos {row['d_real']:.2f}, to generated pictures {row['d_fake']:.2f}"
    print(f"round {row['epoch']:.0f}: L1 {row['g_l1']:.2f}; D answers, on average, {answers}")

# %% [markdown]
# $D$ answers 1 for "real" and 0 for "generated"; if it could not tell them apart, it would say 1/2
# to both. In other trainings you look for a loss that falls. Here L1 hardly moves, while the
# pictures become better, and $D$ finds it easier to tell them apart, not harder: it learns as well.
# How to read such numbers is a topic of notebooks 04 and 05, and how to measure whether a
# translation is *good* that of 06.
#
# ## 5 · A translation that you made
#
# The network never saw these four houses. So it need not be a house of the set at all: it can be
# one that you drew. A map is a picture with few colours; these are their names. To make it easy to
# say where something is, think of the map as 64 units wide and 64 high, whatever its pixels. (This
# section is about house fronts. It runs with another data set as well, but there the names mean
# nothing.)

# %% alt="The map of house 2 with a grid from 0 to 64 in both directions, and beside it a key of the twelve colours and their names, from background, facade and window to shop."
palette = PALETTES["facades"]
house = test.condition[-2]
figure, axis = plt.subplots(figsize=(5.6, 3.6), layout="constrained")
axis.imshow(house, extent=(0, 64, 64, 0), interpolation="nearest")
axis.set(xticks=range(0, 65, 8), yticks=range(0, 65, 8))
axis.grid(color="white", alpha=0.4)
for name, colour in zip(palette.names, palette.colours, strict=True):
    axis.plot([], "s", markersize=9, color=np.divide(colour, 255), label=name)
axis.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), fontsize=9, frameon=False)
plt.show()


# %% [markdown]
# One function is enough to draw: it puts a rectangle of one class on a copy of the map.


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
print("the house in the file is as it was:", np.array_equal(house, test.condition[-2]))
print("less than a quarter of the map changed:", np.mean(mine != house) < 1 / 4)

# %% [markdown]
# **Guess before you run the next cell:** a wall, a door, a shop, a balcony. Which of the four will
# be easiest to recognise? And will the rest of the house stay as it was?

# %% alt="Two rows, each with a map and its translation: house 2 as it is in the file, and changed. The second has bare wall where a pair of windows was, a second dark door, a shop front at the right and a railing along the first floor."
maps = [house, mine]
translations = [translate(run, label) for label in maps]
image_grid({"map": maps, "translation": translations}, cell=1.9, row_names=["given", "mine"])
plt.show()

# %% tags=["nbval-check-output"]
again = translate(run, mine)
print("the same map gives the same picture:", np.array_equal(again, translations[1]))

# %% [markdown]
# In the picture above the bare wall and the door are easiest to recognise. The shop has dark panes
# and bars: in the set each shop shows other goods, and only the dark is common to them. The long
# balcony is a dark railing. Nobody programmed a rule such as "cyan means door". The rest of the
# house stays nearly, but not exactly, as it was: almost every pixel moves by some grey levels.
# Notebook 02 shows what a pixel of the answer depends on.
#
# **Now you:** change numbers and names in the lines that begin with `mine`, and run the cells
# again. It takes no training. A house that the network cannot handle is a discovery too.
#
# ## 6 · The course
#
# Read the notebooks in order: each builds a part by hand, proves it equal to the part in the
# package, and breaks something on purpose. *Two cores* is the time of the whole notebook under the
# profile `cpu`. On a GPU nothing has been measured yet.
#
# | | you build and find out | two cores | it needs |
# |---|---|---|---|
# | 00 | what you have just done | 2 to 4 min | |
# | [01 Data loading](01_data_loading.ipynb) | the road from files to batches, both sides of a pair treated alike | under 1 min | |
# | [02 U-Net generator](02_unet_generator.ipynb) | $G$, layer by layer; why skips, why dropout | under 1 min | |
# | [03 PatchGAN discriminator](03_patchgan_discriminator.ipynb) | $D$, and how large its patches are | under 1 min | |
# | [04 Losses](04_losses.ipynb) | both aims in a few lines; what λ trades | under 1 min | |
# | [05 Training](05_training.ipynb) | one step by hand, then a training worth looking at | 5 to 17 min | |
# | [06 Evaluation](06_evaluation.ipynb) | numbers for "good", and their limits | 3 to 9 min | the run of 05, or it trains one |
# | [07 Tables in miniature](07_tables_in_miniature.ipynb) | the paper's experiments, with several seeds | 12 to 15 min | |
# | [08 Six implementations](08_six_implementations.ipynb) | the versions of pix2pix that you meet elsewhere, and their bugs | 6 to 8 min | |
#
# 01 to 06 are the course; 07 and 08 are labs for afterwards. You have met the package, too:
# `datasets`, `palettes`, `pairs` and `pipeline` (01), `generators` (02), `discriminators` (03),
# `losses` (04), `training`, `runs` and `translation` (05); and, beside what the notebooks build,
# `doctor` and `figures`, which draws. Notebooks 02 to 05 show you the package's own source: it is
# what you have built by hand.
#
# **Profiles.** `PROFILE` means the same in all notebooks:
#
# | profile | what it is for | pictures | what to expect |
# |---|---|---|---|
# | `smoke` | to see that every cell runs | 64 px | under a minute; grey blobs, and that is right |
# | `cpu` | to learn, on two cores | 128 px | minutes; clear windows, odd colours; the texts describe this one |
# | `gpu` | the paper's networks and settings | 256 px | not measured; notebook 05 then trains the paper's 200 epochs, for which its authors took up to two hours |
#
# Your numbers will differ from those on the page, and from ours. The texts give ranges and orders,
# and these should hold.
#
# **On your own machine.** `make lab` opens the notebooks, `make course` runs 00 to 06 from top to
# bottom and says where the results are. Once the environment is made, no connection is needed.
#
# **In Colab.** Each notebook has a badge below its title. Then:
#
# 1. for a GPU, choose *Runtime → Change runtime type* before the first cell;
# 2. the first cell installs the package, and leaves Colab's TensorFlow, Keras and NumPy as they
#    are; the line below it says how many GPUs there are. With 0, stay with `cpu`; with 1, set
#    `PROFILE = "gpu"`;
# 3. *File → Save a copy in Drive* keeps your notebook. All else vanishes with the runtime, trained
#    networks too, unless they lie on your drive: mount it (the folder symbol at the left), and set
#    `RUNS` of notebook 05 to a folder there. Then a training that was cut off goes on where it
#    stopped.
#
# **Exercises.** Every notebook ends with some: code to complete, results to predict, experiments to
# explain. A check says one of three things: *right*; *wrong*, with a hint; or *not yet tried*. It
# may be run as often as you like. An open exercise stops nothing, you can always go on. The solved
# notebooks lie in the folder `notebooks/solutions`.
#
# **Questions.** [A list of 75](questions.md), asked by readers of other pix2pix tutorials, leads to
# the cells that answer them.
#
# ## Recap
#
# - A pair is a map and a photo. The map does not determine the photo.
# - $G$ paints, $D$ judges, each learns from the other. Both see the map: a conditional GAN.
# - $G$ pays for being found out, and λ times for its distance to the photo.
# - Where the map says something, the picture follows it. Where it says nothing, the network
#   chooses.
# - A trained network translates any map of its kind, also one that you drew.
#
# **What this does not show.** That these pictures are good: they are better than grey, after
# minutes, on small painted houses which are all of one kind. That $D$ was needed: perhaps L1 alone
# would have done as well (notebook 05 takes it away). And nothing here was measured: you looked at
# four houses.
#
# ## Exercises
#
# In the cells below, write where it says `# your turn`, in place of the dots, then run the check
# under it. Explanations go into the cells that say *Your answer*: double-click on them.

# %% [markdown] tags=["exercise"]
# ### Exercise 1 · code: close the blinds
#
# Write a function that gives every pixel of one class the colour of another, and leaves the map
# that it was given as it is. `palette.to_ids(label)` has the number of each pixel's class. Then
# close all blinds of house 2: `translate(run, replace_class(house, "window", "blind"))`. Does the
# network still know where the windows were?


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

# %% alt="The map of house 2 with yellow blinds in place of all windows, and its translation." tags=["solution"]
closed = replace_class(house, "window", "blind")
image_grid({"map": [closed], "translation": [translate(run, closed)]}, cell=1.6)
plt.show()

# %% [markdown] tags=["solution"]
# A pixel belongs to a class if all three of its channels agree; `to_ids` looks after that. The
# network still paints something like a window in each place: the frames, cornices and sills around
# are as before, and in the set a blind always hangs in a window. It is a little greyer. No slats
# are to be seen: blinds are rare in the set, and the training was short.

# %% [markdown] tags=["exercise"]
# ### Exercise 2 · prediction: what G pays
#
# In some step, $D$ charges $G$ 1.20, and the mean distance of a pixel from the photo is 0.31. λ is
# 100. What does $G$ pay in all? Which of the two parts is the larger one, and is it then the only
# one that matters?

# %% tags=["exercise"]
# <solution>
g_pays = 1.20 + 100 * 0.31
# </solution>

# %% tags=["nbval-check-output"]
exercises.check_g_pays(g_pays)

# %% [markdown] tags=["solution"]
# 32.2, of which 31 are for the distance. But what moves $G$ is the slope, not the height: it can
# lower its bill only where a change of the picture changes one of the parts. Where the map leaves
# the colour open, L1 pulls to the middle, and can hardly be lowered any more; how sharp a seam is
# costs it little, and $D$ a lot. Notebook 04 measures both slopes.

# %% [markdown] tags=["exercise"]
# ### Exercise 3 · prediction: the perfect forger
#
# Suppose that $G$ became perfect: nobody can tell its pictures from photos. $D$ is trained on, as
# well as can be, on as many generated pictures as photos. Its answer is a number from 0,
# "generated", to 1, "real". What will it answer to a photo?

# %% tags=["exercise"]
# <solution>
d_answers = 0.5
# </solution>

# %% tags=["nbval-check-output"]
exercises.check_d_answers(d_answers)

# %% [markdown] tags=["solution"]
# One half. What $D$ sees looks the same whether it is real or generated, and half of it is
# real. Any other answer would be wrong more often, or more surely, than right. This is the chance
# level that you will meet in notebook 04. (In practice trainings do not end there: see the two
# lines at the end of section 4.)

# %% [markdown] tags=["exercise"]
# ### Exercise 4 · prediction: another throw of the dice
#
# $G$ has a source of chance: in three of its layers dropout silences half of the features, at
# random, and here that goes on after the training (notebook 02 says why). `translate` has a `seed`
# for it. The map leaves the wall's colour open. So: will another seed paint the house in another
# colour, as different as two photos are? Say `True` or `False`.

# %% tags=["exercise"]
# <solution>
seed_repaints_the_house = False
# </solution>

# %% alt="House 2 translated four times with different seeds: the four pictures look alike, with the same brown wall."
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
# photos by about thirty, and the four pictures can hardly be told apart. The colour that the
# network has chosen sits in its weights; it has learned to get along without the dice. The authors
# report the same of their networks (§3.1). A network that is to offer *several* answers needs more
# than dropout.

# %% [markdown] tags=["exercise"]
# ### Exercise 5 · experiment: a house of your own
#
# Draw a map from nothing: begin with `put(house, "background", 0, 0, 64, 64)`, put a wall, then
# windows in rows (two nested loops and `put` will do), a door, a roof (`molding`). Translate it.
# Then draw something that no house has: a window in the sky, a door on the third floor, your
# initials. What does the network make of it, and why does it not protest?

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
# </solution>

# %% [markdown] tags=["solution"]
# The regular house turns out like those of the set, and a door on the third floor is painted as a
# door. A window in the sky comes out faint: in training, there was always wall around a window. The
# network does not protest because it cannot: nothing in it asks whether a map makes sense. It has
# learned what to paint where a map says "door", and it answers every map.

# %% [markdown]
# ## Next
#
# [Notebook 01](01_data_loading.ipynb) begins at the beginning: how pairs come from files to the
# networks without the two sides ever being mixed up. The paper, should you want to have it at hand:
# Isola et al., *Image-to-Image Translation with Conditional Adversarial Networks*,
# [arXiv:1611.07004](https://arxiv.org/abs/1611.07004).
