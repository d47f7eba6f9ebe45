# %% [markdown]
# # 08 · One idea, six implementations
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/{{repository_path}}/blob/main/notebooks/{{notebook}})
#
# ![Two label maps translated by six programs and two repaired ones. Most paint the same soft brown house; the Keras book paints white.]({{picture 08_six.jpg}})
#
# **What you will build.** First a comparison: the paper and five well-known programs that reproduce
# it, written down as configurations of one package, counted, trained on the same pairs from the
# same seed, and looked at side by side. Then a museum: fourteen bugs and oddities from such
# programs, each with the line that causes it, a small experiment with a number, and the repair.
#
# **Time.** 6 to 8 minutes on two CPU cores (profile `cpu`), of which the trainings take 4 to 5 and
# need not be repeated; under `smoke` a little more than one; on a GPU: not measured.
#
# **After this notebook you can**
#
# - say in which points implementations of "the same" paper differ, and read such a list from code;
# - tell a difference that is a matter of taste from one that is a fault;
# - prove a fault with one number: a gradient of exactly zero, an answer that no input changes, a
#   slot that is never drawn;
# - explain why `training=False` spoils some pix2pix programs and not others;
# - use an option that only one of the programs had, with all the others.
#
# It builds on the U-Net of notebook 02, the PatchGAN of 03, the losses of 04 and the training
# of 05.

# %% tags=["setup"]
# {{setup}}

# %%
import keyword
import tempfile
import textwrap
import warnings
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers, ops
from PIL import Image

from pix2pix_course import exercises, losses, runs, training
from pix2pix_course.config import Config, profile
from pix2pix_course.datasets import open_dataset
from pix2pix_course.evaluation import mae, ssim
from pix2pix_course.figures.plotting import image_grid
from pix2pix_course.generators import generate
from pix2pix_course.pairs import load_pairs, read_pair, to_network
from pix2pix_course.pipeline import load_size
from pix2pix_course.support.gradients import StepModel, gradient
from pix2pix_course.translation import translate
from pix2pix_course.variants import fields_of, recipes
from pix2pix_course.variants.encoding import Encoding, to_grey
from pix2pix_course.variants.layers import ImagePool, MinibatchDiscrimination
from pix2pix_course.variants.losses import discriminator_terms

# %% tags=["parameters"]
PROFILE = "cpu"  # "smoke", "cpu" or "gpu": how large, how long
DATASET = "painted"  # a name of the catalogue, or a folder of side-by-side pairs
DIRECTION = None  # "AtoB" or "BtoA"; None: as the data set says
PALETTE = None  # label colours of a folder that does not describe itself
SEED = 0  # of weights, order, jitter and dropout
RUNS = "runs"  # where trained runs live
RECIPES = "all"  # which to compare: "all", one name, or several with commas

# %% [markdown]
# `chosen` are the recipes to compare. `small` is always the same, whatever the profile: the paper's
# method on 64-pixel images with thin networks. The small experiments start from it, and what they
# write vanishes with the kernel.

# %%
chosen = list(recipes.RECIPES) if RECIPES == "all" else RECIPES.replace(" ", "").split(",")
dataset = open_dataset(DATASET, DIRECTION, PALETTE)
same_data = {"dataset": DATASET, "direction": DIRECTION, "palette": PALETTE, "seed": SEED}
small = profile("smoke").replace(**same_data, batch_size=1)
pairs = load_pairs(dataset, dataset.evaluation_split, 64, 4)
x_small, y_small = (ops.convert_to_tensor(to_network(side)) for side in pairs[:2])
temporary = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
scratch = Path(temporary.name)
print(f"{len(chosen)} recipes, on {dataset.name} in the direction {dataset.direction}")

# %% [markdown]
# ## 1 · Six programs, one paper
#
# The paper describes a method; a program has to decide a hundred details. `variants.recipes`
# holds what six sources decide:
#
# | recipe | what it is |
# |---|---|
# | `paper` | Isola et al. 2017 with the authors' erratum; the defaults of `Config` |
# | `tensorflow_tutorial` | TensorFlow's own tutorial on pix2pix |
# | `tjwei_keras` | an early Keras notebook by tjwei, much copied and annotated |
# | `gluon_tutorial` | the Chinese tutorial for MXNet's Gluon |
# | `keras_book` | a chapter of the book *Generative Adversarial Networks Projects* |
# | `pytorch_reference` | the PyTorch code of Jun-Yan Zhu, one of the paper's authors, and others |
#
# What the paper does is in the package's core, and you have built it. What only the others do is in
# `pix2pix_course/variants`, behind one door: a `Config` whose `variant` is not `None` is built
# there. `Config.replace` takes the names of both, so `Config().replace(bottleneck_norm=True)` opens
# the door.
#
# A recipe is a `Config` and nothing else, so comparing two programs means comparing two lists of
# values. **Before you run the next cell:** the paper's configuration has some sixty fields. In how
# many does a faithful-looking tutorial differ? Guess one number for TensorFlow's, one for the
# book's.


# %%
FIRST_FIELDS = {  # the parts of a `Config` and of a `Variant`, by the fields that each begins with
    "data": ("dataset", "task"),
    "generator": ("generator", "generator_norm"),
    "discriminator": ("discriminator_layers", "discriminator"),
    "layers": ("leaky_slope",),
    "objective": ("gan_loss", "halve_d_loss"),
    "training": ("epochs", "adam_epsilon"),
    "testing": ("sample_every",),
}


def by_part(config):
    """How a configuration differs from the paper's: part → {field: (here, in the paper)}."""
    fields, part = {}, None
    starts = {field: name for name, first in FIRST_FIELDS.items() for field in first}
    for field in [*Config().to_dict(), *fields_of(config)]:
        part = starts.get(field, part)
        fields[field] = part
    parts = {name: {} for name in FIRST_FIELDS}
    for field, values in config.differences(Config()).items():
        parts[fields[field]][field] = values
    return parts


# %% tags=["nbval-check-output"]
print(f"{'':20}" + "".join(f"  {part}" for part in FIRST_FIELDS) + "  all")
for name, config in recipes.RECIPES.items():
    counts = {part: len(fields) for part, fields in by_part(config).items()}
    cells = "".join(f"{n or '·':>{len(part) + 2}}" for part, n in counts.items())
    print(f"{name:20}{cells}{sum(counts.values()):5}")

# %% [markdown]
# Nobody is at zero but the paper itself. The PyTorch code, by one of its authors, comes nearest.
# What are the differences? For each recipe, part by part; in brackets what the paper does:

# %% tags=["nbval-check-output"]
for name, config in recipes.RECIPES.items():
    if config != Config():
        print(name)
    for part, fields in by_part(config).items():
        if fields:
            text = ", ".join(f"{f}={here} ({there})" for f, (here, there) in fields.items())
            first = f"  {part + ':':15}"
            print(textwrap.fill(text, 96, initial_indent=first, subsequent_indent=" " * 17))

# %% [markdown]
# Read it once quickly, and sort as you go. Three kinds of difference are mixed here:
#
# - **Choices** that hardly matter or that nobody has settled: whether dropout starts at the first
#   or second decoder block, which convolutions have a bias, how the schedule ends.
# - **Defaults** that came with a framework: a slope of 0.3, an ε of 0.001, initial kernels by
#   Glorot's rule, which Keras takes where nothing is said (`init_stddev=None`). Nobody decided
#   these.
# - **Faults**, where the program does not do what its text says or what its author wanted.
#
# The list alone does not tell you which is which. The rest of this notebook does: first by
# looking at all of them at once, then one by one.
#
# ## 2 · How large are they?
#
# The cheapest test of a port is its number of weights: a wrong width, a missing bias or an extra
# normalisation shows at once. At full size, 256 pixels and 64 filters, the networks would fill
# gigabytes. But counting needs shapes only, and inside a `StatelessScope` Keras makes variables
# without filling them.
#
# **Predict:** five of the six generators claim to be the paper's U-Net. Are they equal to the
# weight?


# %%
def weights_and_grid(config):
    """Trainable weights of G and of D, and the shape of D's answer; no number is stored."""
    with keras.StatelessScope(initialize_variables=False):
        G, D = training.build_generator(config), training.build_discriminator(config)
        side = config.image_size
        image = (1, side, side, config.output_channels)
        seen = [(1, side, side, config.input_channels), image] if config.conditional else image
        grid = D.compute_output_shape(seen)[1:]
    return *(sum(int(np.prod(w.shape)) for w in N.trainable_weights) for N in (G, D)), grid


# %% tags=["question-40", "nbval-check-output"]
print(f"{'':20}{'weights of G':>14}{'of D':>13}   D answers")
for name, config in recipes.RECIPES.items():
    in_G, in_D, grid = weights_and_grid(config)
    print(f"{name:20}{in_G:14,}{in_D:13,}   {'×'.join(map(str, grid))}")

# %% [markdown]
# The paper, Gluon and the PyTorch code agree to the weight. tjwei's has 576 more: biases of the
# first convolution (64) and of the bottleneck (512), where no normalisation would cancel them. The
# TensorFlow tutorial has 1,024 more, the γ and β of a normalisation on the bottleneck; keep that in
# mind for section 5. Both differences are 0.001 to 0.002 % of the network, and one of them is a
# fault.
#
# The book's generator is another matter: 2.4 times the paper's. Its author read the decoder widths
# of §6.1.1 (512, 1024, 1024, …) as filters, but the paper counts channels *after* the skip has been
# joined. And its D answers with two numbers for the whole image, where the paper asks 30×30 times.
# Gluon's 35×35 comes from two pixels of padding instead of one: the patches are the same size, but
# more of each border patch is zeros.
#
# ## 3 · The same race for all
#
# Now train them: same pairs, same seed, same size. The recipes keep what makes them different
# (batch size, schedule, losses); image size, widths, pairs and epochs are made equal, and so is the
# direction. Two of them have known faults, about which training warns:

# %% tags=["nbval-check-output"]
for name in recipes.RECIPES:
    found = recipes.defects(recipes.recipe(name))
    print(f"{name:20}{', '.join(defect.name for defect in found) or 'none known'}")
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for fault in recipes.known_faults(recipes.recipe("tensorflow_tutorial")):
        warnings.warn(fault)  # noqa: B028 - as `runs.train` does
for line in str(caught[0].message).splitlines():
    print(textwrap.fill(line, 96))

# %% [markdown]
# So there will be a second runner for each of the two: the same recipe, `repaired`, that is,
# without the known faults and otherwise unchanged.

# %%
RACE = {  # smoke takes its profile as it is
    "cpu": {
        "image_size": 64,
        "generator_filters": 16,
        "discriminator_filters": 16,
        "train_pairs": 100,
        "test_pairs": 20,
        "epochs": 8,
    },
    "gpu": {"epochs": 25},
}
trainings = Path(RUNS) / f"six-{Path(DATASET).name}-{PROFILE}-seed{SEED}"


def race_config(name, repaired=False):
    """A recipe at the size of the race."""
    config = recipes.recipe(name, PROFILE)
    length = RACE.get(PROFILE, {}).get("epochs", config.epochs)
    fading = config.decay_epochs * length // config.epochs
    size = RACE.get(PROFILE, {}) | {"sample_every": length, "save_every": length}
    config = config.replace(**size, **same_data, decay_epochs=fading)
    return recipes.repair(config) if repaired else config


def run_of(name, repaired=False, **changes):
    """The finished run of a recipe; it is trained only if it is not there yet."""
    config = race_config(name, repaired).replace(**changes)
    folder = "-".join(
        [name] + ["repaired"] * repaired + [Path(str(v)).name for v in changes.values()]
    )
    keras.utils.clear_session()  # let go of the graphs of the training before
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", recipes.DefectWarning)  # section 5 is about them
        return runs.train(config, trainings / folder, verbose=0)


# %% [markdown]
# "The same epochs" is not "the same steps": Gluon's batches of 10 take one step where the others
# take ten. **Predict:** which recipe has the slowest step, and which is the slowest per image?


# %%
def step_seconds(run):
    """Median seconds of a step, and of an image; the first epoch also traces the graph."""
    rates = [row["images_per_second"] for row in run.history[1:]]
    return run.config.batch_size / np.median(rates), 1 / np.median(rates)


# %%
field = [(name, False) for name in chosen]
field += [(name, True) for name in chosen if recipes.defects(race_config(name))]
trained = {}
for name, repaired in field:
    title = f"{name}, repaired" if repaired else name
    trained[title] = run = run_of(name, repaired)
    step, image = step_seconds(run)
    steps = round(run.epoch * (run.config.train_pairs or 400) / run.config.batch_size)
    print(f"{title:30}{steps:6} steps, {1000 * step:5.0f} ms each, "
          f"{1000 * image:4.0f} ms an image", flush=True)  # fmt: skip

# %% [markdown]
# Gluon's image is by far the cheapest: ten of them share the fixed costs of a step. The book's is
# the dearest, two to five times the price of the others: its decoder enlarges first and convolves
# after, at four times the pixels, with twice the filters. One image of the book takes about as long
# as a batch of Gluon's. (Timings of small networks on two cores that had other work as
# well; on a GPU the order may differ.)
#
# ## 4 · Side by side
#
# Every recipe sees and shows its pictures in its own way. Its `Encoding` turns files into what its
# networks are given, colour or grey, in [-1, 1] or [0, 1], and back. And it translates in its own
# mode: `paper` mode with dropout and batch statistics, or `running` statistics and no dropout, as
# Gluon and the book do. **Before you run the next cell**, look at the list of section 1 once more,
# and bet on two that you will recognise without reading the titles.


# %%
def translations(run, mode=None, count=20):
    """Test pictures of a run: conditions as it is shown them, its pictures, the photos."""
    count, split = min(count, run.config.test_pairs or count), dataset.evaluation_split
    conditions = run.pairs(dataset, split, count).condition
    made = np.stack([translate(run, condition, mode) for condition in conditions])
    return conditions, made, load_pairs(dataset, split, run.config.image_size, count).target


made = {title: translations(run) for title, run in trained.items()}

# %% alt="Three conditions translated by six programs and two repaired ones. Most make the same soft brown house; Gluon's is paler with a grid; the book's is blank, with black patches at most, and repaired a house in hard black and white."
some = next(iter(made.values()))
columns = {
    "condition": load_pairs(dataset, dataset.evaluation_split, some[2].shape[1], 3).condition
}
columns |= {title.replace("_", "\n"): pictures[:3] for title, (_, pictures, _) in made.items()}
image_grid(columns | {"photo": some[2][:3]}, cell=1.15)
plt.show()

# %% [markdown]
# Under `cpu` four columns are siblings: `paper`, `tensorflow_tutorial`, `tjwei_keras` and
# `pytorch_reference` make the same soft brown house with dark windows in the right places, and you
# would hardly tell them apart. Gluon's is paler, with a fine grid in it: it has taken a tenth of
# the steps. The book's is not a picture at all: a white sheet, in some runs with black patches at
# its borders. Repaired, it paints houses in grey, dark and streaky. And the repaired TensorFlow
# tutorial looks like the faulty one: its fault does not show, *in this mode*. Under `smoke` most of
# it is grey noise, and that is correct.
#
# Numbers beside the pictures. All are compared in grey, so that the book's grey pictures are not
# punished for what they never tried; `contrast` is the standard deviation of the grey levels.

# %%
print(f"{'':30}{'MAE ↓':>8}{'SSIM ↑':>8}{'contrast':>10}{'darkest':>9}{'brightest':>11}")
for title, (_, pictures, photos) in made.items():
    grey, target = to_grey(pictures), to_grey(photos)
    pairs_of = list(zip(grey, target, strict=True))
    print(f"{title:30}{np.mean([mae(*p) for p in pairs_of]):8.1f}"
          f"{np.mean([ssim(*p) for p in pairs_of]):8.3f}{grey.std():10.0f}"
          f"{np.percentile(grey, 1):9.0f}{np.percentile(grey, 99):11.0f}")  # fmt: skip
print(f"{'photos':30}{'':16}{target.std():10.0f}"
      f"{np.percentile(target, 1):9.0f}{np.percentile(target, 99):11.0f}")  # fmt: skip

# %% [markdown]
# Under `cpu` the four siblings lie within two or three grey levels of each other, and that is no
# more than luck would do. The book stands out, at three times the distance of the others.
# Repaired, it is behind them in MAE and SSIM, but its contrast comes nearest to the photos': it
# has an opponent now that asks for contrast.
#
# And the course of the trainings: the L1 term, brought to the scale of [-1, 1] for all, and the
# share of patches that D judges right. **Predict:** for one recipe the right-hand curve is a
# straight line. Which, and at what height?

# %% alt="L1 and D's accuracy by epoch for eight programs. Most L1 curves are flat, Gluon's and the book's keep falling. The book's D stays at one half, all others rise to about nine tenths and more."
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.2), layout="constrained")
for number, (title, run) in enumerate(trained.items()):
    scale = 2 if run.config.value_range == "unit" else 1  # [0, 1] is half as wide
    # colours alone are not told apart by every eye
    style = {"color": f"C{number}", "marker": "osv^DPX*"[number % 8], "markersize": 4}
    style["label"] = title
    style["linestyle"] = "--" if "repaired" in title else "-"
    epochs = range(1, len(run.history) + 1)
    left.plot(epochs, [scale * row["g_l1"] for row in run.history], **style)
    right.plot(epochs, [row["d_accuracy"] for row in run.history], **style)
left.set(xlabel="epoch", title="L1 in training")
right.set(xlabel="epoch", title="share of patches that D judges right", ylim=(0, 1))
right.axhline(0.5, color="gray", linestyle=":")
figure.legend(*right.get_legend_handles_labels(), fontsize=7, loc="outside right center")
plt.show()

# %% [markdown]
# The straight line is the book's, at one half: its D never learns anything (exhibits 2 and 3).
# The repaired one learns at once, and is soon right about nearly everything. So is Gluon's: it
# sees the same hundred pictures again and again, never shifted or mirrored, and learns them by
# heart. For the same reason the L1 of Gluon and of the book keeps falling where that of the
# others is flat, without making their test pictures any better.
#
# The TensorFlow tutorial's L1 lies above, tjwei's below the paper's. Do not conclude anything
# from that: each is measured against its *own* targets. Shrunk by "nearest", as here, neighbouring
# pixels of the photos differ by 19 grey levels, by bicubic 14, by bilinear 12; the rougher, the
# harder to hit (exhibit 5). On the same test photos the three are equal.
#
# **A small run ranks nothing.** One seed, a few hundred steps, tiny images: nobody's program was
# made for that, and the learning rates and schedules were chosen for a hundred times as many steps.
# Another seed would move most of these numbers by as much as they differ; notebook 07 shows how
# to find out. What you may take from here are the differences in *kind*: a picture without
# colour, a curve that does not move. Each has a cause, and the causes are in the museum.

# %% [markdown]
# ## 5 · The museum of bugs
#
# Each exhibit has the same label: whose it is, what the program does (in our words), a prediction,
# an experiment with a number, the repair. None of these stops a program. All of them give pictures.
#
# ### Exhibit 1: the bottleneck that normalises itself away
#
# *TensorFlow's tutorial, the book, and the paper's own first version.* Every encoder block looks
# alike, so a loop builds them all:
#
# ```python
# for channels in (64, 128, 256, 512, 512, 512, 512, 512):
#     x = leaky(batch_norm(halve(x, channels)))   # the last one: 1×1 pixels
# ```
#
# At batch size 1 the last normalisation sees one number per channel. The mean of one number is that
# number, so the result is 0, plus β, which starts at 0. **Predict:** which kernels get no
# gradient? Only the one before this normalisation, or others, too? And does a batch of two help?


# %%
def convolutions(G):
    """The layers of G with a kernel, by their place: "encoder 1", …, "decoder 1", …"""
    found = {}
    for layer in G.layers:
        if hasattr(layer, "kernel"):
            side = "decoder" if isinstance(layer, layers.Conv2DTranspose) else "encoder"
            found[f"{side} {sum(name.startswith(side) for name in found) + 1}"] = layer
    return found


def largest_gradients(config, count):
    """Largest |gradient| of the L1 term in each convolution of G, for a batch of `count`."""
    G = training.build_pix2pix(config).generator
    x, y = x_small[:count], y_small[:count]
    kernels = {name: layer.kernel for name, layer in convolutions(G).items()}
    found = gradient(lambda: losses.l1_term(y, G(x, training=True)), list(kernels.values()))
    return {name: abs(each).max() for name, each in zip(kernels, found, strict=True)}


# %% tags=["nbval-check-output"]
normed = small.replace(bottleneck_norm=True)
for title, config, count in (
    ("normalised, batch of 1", normed, 1),
    ("normalised, batch of 2", normed, 2),
    ("not normalised, batch of 1", small, 1),
):
    dead = [name for name, size in largest_gradients(config, count).items() if size == 0.0]
    print(f"{title:28}kernels with a gradient of exactly 0: {', '.join(dead) or 'none'}")
with keras.StatelessScope(initialize_variables=False):
    G = training.build_generator(recipes.recipe("tensorflow_tutorial"))
    lost = [convolutions(G)[name].kernel.shape for name in ("encoder 8", "decoder 1")]
print(f"at full size: {' and '.join(f'{np.prod(shape):,}' for shape in lost)} weights")

# %% [markdown]
# Two kernels, one on each side. The second is the less known: what comes out of the normalisation
# is 0, so the first decoder convolution has nothing to multiply, its own normalisation passes
# 0 on, and the slope that ReLU has at 0 is 0. Nothing gets back through. Together 8.4 million
# weights, 15 % of the generator, and not for a while but for ever: what has no gradient does not
# move, and what does not move keeps passing 0. The trained runs are the proof. The cell compares
# the two kernels after training with those before it, bit by bit.


# %% tags=["nbval-check-output"]
def moved_kernels(run):
    """Whether training changed the kernels around the bottleneck."""
    depth = int(np.log2(run.config.image_size))
    before = training.build_pix2pix(run.config).generator
    for name in (f"encoder {depth}", "decoder 1"):
        old, new = (convolutions(G)[name].kernel.numpy() for G in (before, run.generator))
        yield f"{name.split()[0]} kernel moved: {not np.array_equal(old, new)}"


for title, repaired in (("tensorflow_tutorial", False), ("the same, repaired", True)):
    run = run_of("tensorflow_tutorial", repaired)
    print(f"{title:20}", *moved_kernels(run), sep="   ")

# %% [markdown]
# The network trains all the same: its skips carry it, and the dead layers pass a clean 0, *as
# long as the batch's own statistics are used*. Now somebody calls the generator as one calls any
# network, with `training=False`. The normalisation then divides by the moving average of the
# variance. The variance it saw was 0 in every step. **Predict** what becomes of that 0.


# %%
def bottleneck(run, condition):
    """What leaves the normalised bottleneck with moving averages; with its own statistics, 0."""
    depth = int(np.log2(run.config.image_size))
    norms = [la for la in run.generator.layers if isinstance(la, layers.BatchNormalization)]
    layer = norms[depth - 2]  # the first level has none, the innermost has one here
    features = keras.Model(run.generator.input, layer.output)(condition, training=False)
    variance = layer.moving_variance.numpy()
    return ops.convert_to_numpy(features), variance


run = run_of("tensorflow_tutorial")
shown = run.pairs(dataset, dataset.evaluation_split, 4)
features, variance = bottleneck(run, Encoding.of(run.config).condition(shown.condition))
print(f"moving variances: 1 at first, {np.median(variance):.1e} after {run.epoch} epochs")
print(f"what leaves the layer with them: typically ±{features.std():.1f}")

# %% tags=["question-44"]
spoilt = {"photo": translations(run)[2]}
for title, repaired in (("1×1 normalised", False), ("repaired", True)):
    run = run_of("tensorflow_tutorial", repaired)
    for mode in ("deterministic", "running"):
        spoilt[f"{title},\n{mode}"] = translations(run, mode)[1]
for title, pictures in spoilt.items():
    if title != "photo":
        print(f"{title.replace(chr(10), ' '):40} MAE {mae(pictures, spoilt['photo']):5.1f}")

# %% alt="Two photos and translations of two networks in two modes. With a normalised 1×1 layer and running statistics bright orange streaks cover the house; the other three are alike, soft and without streaks."
image_grid({title: pictures[:2] for title, pictures in spoilt.items()}, cell=1.5)
plt.show()

# %% [markdown]
# Under `cpu` the faulty network loses six to twelve grey levels in mode `running`, and the facade
# is covered with bright streaks in a regular weave: the untrained kernels, many times amplified,
# and spread over the picture by the doublings that follow. In mode `deterministic`, with the same
# weights, nothing of it is to be seen. The repaired network does not care. (Under `smoke` the
# moving variance is still near 1, and the fault sleeps on.) In the book's case the same fault is
# fatal, because the book itself *tests* with running statistics: this was the blank column of
# section 4.
#
# This is the riddle behind many questions in forums: "why does pix2pix need `training=True` at
# test time?" Not because of dropout, and only partly because of batch statistics (notebook 05 shows
# that part). A single superfluous layer wakes millions of random weights.
#
# *Mend:* no normalisation where the map is 1×1. The authors corrected their code in 2017;
# `bottleneck_norm=False` is the default here.
#
# ### Exhibit 2: the blind discriminator
#
# *The book.* Its D halves the image down to 1×1 as well, with batch normalisation all the way, and
# judges the image as a whole. **Predict:** how different are its answers to a photo and to noise?

# %% tags=["question-54", "nbval-check-output"]
rng = np.random.default_rng(0)
noise = rng.uniform(-1, 1, (1, 64, 64, 3)).astype(np.float32)
book = small.replace(discriminator="image", conditional=False, init_stddev=None)
for norm in ("batch", "none"):
    D = training.build_pix2pix(book.replace(discriminator_norm=norm)).discriminator
    apart = float(ops.max(ops.abs(D(y_small[:1], training=True) - D(noise, training=True))))
    print(f"discriminator_norm={norm!r:8} same answer to photo and noise: {apart == 0.0}")
accuracies = {row["d_accuracy"] for row in run_of("keras_book").history}
print("accuracy of the book's D in every epoch of the race:", *sorted(accuracies))

# %% [markdown]
# Not similar, the same to the last bit. Whatever the image, its last features are β. An accuracy of
# exactly 1/2, for ever, is the straight line of section 4: the generator learned from L1 alone.
#
# *Mend:* a D without normalisation on 1×1 maps (`discriminator_norm="none"`), or a PatchGAN, whose
# maps never get that small.
#
# ### Exhibit 3: comparing a batch of one
#
# *The book.* Minibatch discrimination (Salimans et al. 2016) lets D see whether the images of a
# batch look alike: each feature sums exp(-distance) over the batch. **Predict** the features of a
# batch of one.

# %% tags=["question-55", "nbval-check-output"]
compare = MinibatchDiscrimination(100)
for count in (1, 2):
    features = ops.convert_to_numpy(compare(rng.normal(size=(count, 512)).astype(np.float32)))
    constant = bool((features == 1.0).all())
    print(f"batch of {count}: {features.shape[1]} features an image, all exactly 1: {constant}")

# %% [markdown]
# An image is at distance 0 from itself, and there is nobody else: a hundred constants, and a kernel
# that learns nothing. Useless, then, but harmless? We thought so, repaired only exhibit 2, and
# found the repaired D as blind as before. **Predict** why, before you read on below the cell. D
# alone is trained, for 200 steps, to tell four photos from what an untrained generator makes.


# %%
class OnlyD(StepModel):
    """`fit` trains the discriminator of `model` on batches (x, y, ŷ) and lets G alone."""

    def __init__(self, model):
        super().__init__()
        self.model = model
        self.compile(model.optimizer)
        model.built = self.built = True

    def step(self, data):
        """What `fit` does with a batch."""
        return {"accuracy": self.model.train_discriminator(*data)[-1]}

    def accuracies(self, batches):
        """Train D on a list of batches, one after the other; its accuracy on each."""
        data = (tuple(map(ops.convert_to_numpy, batch)) for batch in batches)
        epochs = self.fit(data, epochs=len(batches), steps_per_epoch=1, shuffle=False, verbose=0)
        return epochs.history["accuracy"]


def book_accuracy(minibatch_features, steps=200):
    """How often the book's D, with its normalisation repaired, is right in its last 40 steps."""
    config = recipes.recipe("keras_book", "smoke", repaired=True).replace(**same_data)
    config = config.replace(fakes_for_d="shared", minibatch_features=minibatch_features)
    model, encoding = training.build_pix2pix(config), Encoding.of(config)
    x, y = encoding.condition(pairs.condition), encoding.target(pairs.target)
    batches = [tuple(ops.convert_to_tensor(side[i : i + 1]) for side in (x, y)) for i in range(4)]
    batches = [(x, y, model.generator(x, training=True)) for x, y in batches]
    turn = [i // 2 % 4 for i in range(steps)]  # the book shows reals and fakes in separate steps
    return np.mean(OnlyD(model).accuracies([batches[i] for i in turn])[-40:])


accuracies = {count: book_accuracy(count) for count in (100, 0)}
for count, accuracy in accuracies.items():
    print(f"{count:3d} features of minibatch discrimination: D is right in {accuracy:.0%}")

# %% tags=["nbval-check-output"]
for count, accuracy in accuracies.items():
    print(f"{count:3d} such features: right more often than in 2 of 3 cases: {accuracy > 0.67}")

# %% [markdown]
# D's last layer adds up what it sees: 2 numbers of the image and 100 constants. One weight times 1
# is a bias; a hundred of them are a bias that Adam moves a hundred times as fast. D spends its
# steps on swinging between "all real" and "all generated" until it settles at one half, and the two
# numbers of the image, which have to come through a softmax, never get a word in.
#
# *Mend:* leave it out (it is no part of pix2pix), or use batches in which there is somebody to
# compare with.
#
# ### Exhibit 4: half of the range is never right
#
# *The book.* Images divided by 255 lie in [0, 1]; the generator ends in tanh, which answers in
# [-1, 1]. **Predict:** what share of an untrained generator's answers is below every target? And
# what becomes of them when the picture is saved?

# %%
unit = Encoding(value_range="unit")
G = training.build_pix2pix(small).generator
answer = ops.convert_to_numpy(generate(G, unit.condition(pairs.condition[:1])))
print(f"untrained: {np.mean(answer < 0):.0%} of all answers are below 0")
for title, repaired in (("trained", False), ("repaired and trained", True)):
    run = run_of("keras_book", repaired)
    encoding = Encoding.of(run.config)
    x = encoding.condition(translations(run, count=4)[0])
    answer = ops.convert_to_numpy(generate(run.generator, x, "deterministic"))
    lowest = 0.0 if run.config.value_range == "unit" else -1.0
    print(f"{title}: from {answer.min():.2f} to {answer.max():.2f}, "
          f"{np.mean(answer < lowest):.1%} cut off, range used {np.ptp(answer):.2f} "
          f"of {1 - lowest:.0f}")  # fmt: skip

# %% tags=["question-56", "nbval-check-output"]
for name, encoding in {"unit": unit, "symmetric": Encoding()}.items():
    black, white = (encoding.target(np.full((1, 1, 3), v, np.uint8)).max() for v in (0, 255))
    print(f"{name:10} black is {black:4.1f}, white {white:4.1f};", end=" ")
    print(f"tanh's slope at black is {1 - black**2:.0f}, at white {1 - white**2:.0f}")

# %% [markdown]
# In [-1, 1] black and white are the two ends of tanh: whatever the network says, it is a grey
# level. In [0, 1] black lies in the middle, where tanh is steepest, and every answer below it is
# wasted. The trained generators cut nothing off any more: L1 has taught them to keep away from
# the forbidden half. That is the cost of this fault, training spent on what the range could have
# made impossible, and a generator that shuns deep black. It is a mild one.
#
# *Mend:* images in [-1, 1] for tanh; or a sigmoid for [0, 1].
#
# ### Exhibit 5: a jitter that copies rows
#
# *TensorFlow's tutorial.* Jitter enlarges 256 pixels to 286 before it crops. With the method
# "nearest", where do 30 more rows come from? *tjwei, Gluon and the PyTorch code* do the reverse:
# one smooth filter for both sides, label maps too. **Predict** what that does to the twelve
# colours of a label map.

# %% tags=["question-33", "nbval-check-output"]
ramp = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 4, axis=1)
longer = np.asarray(Image.fromarray(ramp).resize((4, 286), Image.Resampling.NEAREST))[:, 0]
print(
    "286 rows,", int((np.diff(longer.astype(int)) == 0).sum()), "of them a copy of the one before"
)

plain = np.zeros((64, 64, 3), np.uint8)
plain[:, 20:40], plain[30:] = (0, 0, 255), (255, 0, 0)  # a label map of three colours
for name in ("NEAREST", "BILINEAR", "BICUBIC"):
    larger = np.asarray(Image.fromarray(plain).resize((72, 72), Image.Resampling[name]))
    colours = len(np.unique(larger.reshape(-1, 3), axis=0))
    print(f"label map, {name.lower():9} {colours} colours")

# %% alt="A detail of a photo, enlarged twice. By nearest frames and rows of bricks have unequal widths and stepped edges; by bicubic they are even and soft."
photo = Image.fromarray(read_pair(dataset.files("train")[0])["AB".index(dataset.target_side)])
photo = photo.convert("RGB").resize((128, 128), Image.Resampling.BICUBIC)
larger = {
    name: np.asarray(photo.resize((143, 143), Image.Resampling[name.upper()]))[40:90, 40:90]
    for name in ("nearest", "bicubic")
}
difference = mae(larger["nearest"], larger["bicubic"])
print(f"on this photo the two differ by {difference:.1f} grey levels on average")
image_grid({f"photo, {name}": [crop] for name, crop in larger.items()}, cell=2.4)
plt.show()

# %% [markdown]
# Nearest, on the left: some rows of bricks are twice as high as others, frames and sills are of
# unequal width. With the next epoch's crop the steps are elsewhere; a generator that is to draw
# photos learns to draw stairs. And for label maps the smooth filters are the bad ones: a few
# colours become a dozen, each of the new ones a class that nobody drew.
#
# *Mend:* each side by what it is, `resize="by_kind"`: labels nearest, so that no colour means a
# class that nobody drew; photos bicubic, so that no line gets a step.
#
# ### Exhibit 6: the crop that is always central
#
# *tjwei.* The program enlarges, then cuts out the middle, always. It looks like jitter, and costs
# what jitter costs. **Predict:** how many different crops can a picture give, at 286 → 256, with
# mirroring?

# %% tags=["question-32", "nbval-check-output"]
margin = load_size(256) - 256
print(f"random: {margin + 1}² places × 2 = {2 * (margin + 1) ** 2:,}; centre: 2")
print(f"never seen by the central crop: {1 - (256 / load_size(256)) ** 2:.0%} of the picture")

for crop in ("random", "centre"):
    one_pair = small.replace(crop=crop, train_pairs=1, mirror=False, epochs=20)
    about_data = {"direction": dataset.direction, "palette": None}
    run = runs.open_run(scratch, one_pair, None, 0, about_data)  # it gives batches, untrained
    met = {ops.convert_to_numpy(y).tobytes() for _, y in run.batches(dataset, 0)[0]}
    print(f"{crop}: more than 2 versions of one pair in 20 epochs: {len(met) > 2}")

# %% [markdown]
# 1,922 against 2: it is no augmentation at all, and a fifth of each picture, its whole border, is
# never trained on. *Mend:* draw the offset, both ends included. (The authors' Torch code draws
# from 1 to 30 and so forgets offset 0: harmless, and typical.)
#
# ### Exhibit 7: the slot that nobody draws
#
# *Gluon.* An image pool shows D generated images of the past: 50 are kept, and now and then one is
# replaced. The slot is drawn like this:
#
# ```python
# slot = int(uniform(0, pool_size - 1))   # a real number, cut down to a whole one
# ```
#
# **Predict:** of 50 slots, how many are ever replaced?

# %% tags=["question-37", "nbval-check-output"]
drawn = rng.uniform(0, 50 - 1, 100_000).astype(np.uint8)
print("cut-down real numbers reach", len(set(drawn)), "slots, the last is", drawn.max())
drawn = rng.integers(0, 50, 100_000)
print("whole numbers reach", len(set(drawn)), "slots, the last is", drawn.max())

pool = ImagePool(4, SEED)
for number in range(200):
    pool(np.full((1, 1, 1, 1), number, np.float32))
print("ImagePool has replaced", int((pool.kept.numpy() >= 4).sum()), "of its 4 first images")

# %% [markdown]
# Forty-nine. The fiftieth fake, made when G had hardly begun, is shown to D until the end.
# *Mend:* draw whole numbers.
#
# But does pix2pix need a pool? It comes from SimGAN and CycleGAN, which keep D from forgetting what
# G used to draw. Who has one?

# %% tags=["question-38", "nbval-check-output"]
print({name: config.pool_size for name, config in recipes.RECIPES.items()})

# %% [markdown]
# The paper has none, nor do its authors' two programs; and `small` above trains without.
#
# ### Exhibit 8: a threshold that belongs to somebody else
#
# *Gluon.* `accuracy = mean((D(...) > 0.5) == is_real)`, but D ends without a sigmoid: its answers
# are logits. **Predict** the accuracy that this reports for a D that gives every real patch a
# probability of 0.57.


# %% tags=["question-39", "nbval-check-output"]
def logit(p):
    """The inverse of the sigmoid."""
    return np.log(p / (1 - p))


print(f"a logit of 0.5 is a probability of {1 / (1 + np.exp(-0.5)):.3f}")
real = np.full(900, logit(0.57))
print(
    f"real patches at 0.57: right by 0: {np.mean(real > 0):.0%}, by 0.5: {np.mean(real > 0.5):.0%}"
)

# %%
run = run_of("gluon_tutorial")
D = training.build_discriminator(run.config)
D.load_weights(runs.newest_checkpoint(run.folder)[1] / "discriminator.weights.h5")
encoding = Encoding.of(run.config)
seen = run.pairs(dataset, "train", run.config.batch_size)
x, y = encoding.condition(seen.condition), encoding.target(seen.target)
shown = {"real": y, "generated": ops.convert_to_numpy(run.generator(x))}
answers = {name: ops.convert_to_numpy(D([x, y], training=True)) for name, y in shown.items()}
for threshold in (0.0, 0.5):
    right = [np.mean(answers["real"] > threshold), np.mean(answers["generated"] <= threshold)]
    print(f"threshold {threshold}: real {right[0]:.0%} right, generated {right[1]:.0%} right")

# %% [markdown]
# How much of a difference it makes depends on how sure D is. Under `cpu` D knows these pictures
# by heart, and a few per cent are lost. Under `smoke`, where D has only begun to tell them apart,
# nearly all real patches are called generated. So the reported number is most wrong exactly when
# one looks at it: early, when one wants to know whether D learns at all.
#
# *Mend:* 0 for logits, 0.5 after a sigmoid; `losses.accuracy` knows which.
#
# ### Exhibit 9: a guard that rounds to zero
#
# *tjwei, and an early port to TensorFlow (affinelayer's).* `-log(p + 1e-12)` instead of the
# cross-entropy from logits. Notebook 04 took the formula apart; here are the package's two versions
# of it. **Predict** what D pays at a logit of 12 on the wrong side, in `float32` and in mixed
# precision's `float16`.


# %% tags=["nbval-check-output"]
def costs(z, kind):
    """What D pays for generated pictures that it gives these logits."""
    return [discriminator_terms(-each, each, kind)[1] for each in z]


for dtype in ("float32", "float16"):
    for kind in ("probabilities", "vanilla"):
        z = ops.convert_to_tensor(np.array([12.0, 30.0], dtype))
        shown = ", ".join(f"{float(cost):.1f}" for cost in costs(z, kind))
        by_z = gradient(lambda z, kind=kind: sum(costs(z, kind)), z)
        slopes = ", ".join(f"{slope:.2f}" for slope in by_z)
        print(f"{dtype}, {kind:14} costs at logits 12 and 30: {shown:11} slopes: {slopes}")

# %% [markdown]
# In `float32` the guard caps the cost at 27.6 and takes the slope away, just where D is most
# wrong. In `float16` 1e-12 is 0: an infinite cost, a slope that is no number, and in the next
# step no network any more.
#
# *Mend:* `gan_loss="vanilla"`.
#
# ### Exhibit 10: whose 0.69?
#
# *TensorFlow's tutorial* explains: a discriminator loss below 0.69 means that D does better than
# chance, since 0.69 = log 2. True of one term. Its program prints the *sum* of two. **Predict:**
# how sure must D be, of all patches, before the printed number falls below 0.69?

# %% tags=["nbval-check-output"]
for p in (0.5, 0.6, np.sqrt(0.5), 0.8):
    real_term, fake_term = discriminator_terms(np.array([logit(p)]), np.array([-logit(p)]))
    total = float(real_term + fake_term)
    print(f"D gives the truth {p:.2f}: sum {total:.3f}, mean {total / 2:.3f}")

# %% [markdown]
# At chance the sum is 1.386. By the tutorial's rule a D at 0.6 or 0.7, right about everything,
# would count as worse than guessing; the rule is met only from $\sqrt{1/2} \approx 0.71$ on.
# *Mend:* the reference for a sum is 1.386, for a mean 0.693. The package reports means.
#
# ### Exhibit 11: half a loss
#
# The paper divides D's loss by 2 "to slow down" D; three of our six configurations follow.
# **Predict:** train D for a few steps with the whole loss, with half of it, and with half the
# learning rate. Which two end at the same weights?


# %%
def discriminator_after(steps=4, **changes):
    """All of D's weights in one vector, before and after some steps on fixed images."""
    model = training.build_pix2pix(small.replace(**changes))
    x, y = x_small[:1], y_small[:1]
    y_hat, trace = model.generator(x, training=True), []
    for step in range(steps + 1):
        trace.append(np.concatenate([w.numpy().ravel() for w in model.discriminator.weights]))
        if step < steps:
            model.train_discriminator(x, y, y_hat)
    return trace[0], trace[-1]


start, whole = discriminator_after(halve_d_loss=False)
_, half = discriminator_after(halve_d_loss=True)
_, slow = discriminator_after(learning_rate=small.learning_rate / 2)

# %% tags=["nbval-check-output"]
way = np.abs(whole - start).mean()
for title, end in {"half the loss": half, "half the rate": slow}.items():
    apart = np.abs(end - whole).mean() / way
    print(f"{title}: less than 2 % of the way from the whole loss: {apart < 0.02}")

# %% [markdown]
# Adam divides by the size of the gradient, so the factor cancels. Two programs, tjwei's and the
# authors' first one, halve only the number that they print, and are no worse for it. *Mend:* to
# slow D down, lower its learning rate.
#
# ### Exhibit 12: learning to draw edges
#
# *TensorFlow's tutorial* offers six data sets in a menu and takes the right half as the input,
# always. That is right for the facades. In the sets of edges the right half is the photo. The
# package finds such a thing in the configuration, before hours are spent:

# %% tags=["question-48", "nbval-check-output"]
for name in ("facades", "edges2shoes"):
    config = recipes.recipe("tensorflow_tutorial").replace(dataset=name)
    found = [defect.text for defect in recipes.defects(config) if defect.name == "backwards"]
    print(f"{name}:", *textwrap.wrap(found[0] if found else "as intended", 80), sep="\n   ")

# %% [markdown]
# Such a training works, its loss falls, its pictures make sense (section 6 trains one the wrong
# way round). They are only not what was asked for. *Mend:* take the direction from the data set
# (`direction=None`).
#
# ### Exhibit 13: a default nobody chose
#
# *TensorFlow's tutorial.* `layers.LeakyReLU()`: the paper's slope is 0.2, the layer's default
# 0.3, the default of Keras' function of the same name 0.2. **Predict:** by how much does that
# change the size of a signal after the seven activations of the encoder? For z from N(0, 1) the
# mean of leaky(z)² is (1 + a²)/2.

# %% tags=["nbval-check-output"]
print("slope of the layer: ", round(layers.LeakyReLU().negative_slope, 2))
print("slope of the function:", -round(float(keras.activations.leaky_relu(ops.array(-1.0))), 2))
gain = {a: np.sqrt((1 + a**2) / 2) for a in (0.2, 0.3)}
print(f"gain of one: {gain[0.2]:.3f} and {gain[0.3]:.3f}", end="; ")
print(f"of seven, {(gain[0.3] / gain[0.2]) ** 7:.2f} times as large with 0.3")
z = rng.normal(size=1_000_000)
measured = {a: np.sqrt(np.mean(np.where(z > 0, z, a * z) ** 2)) for a in gain}
print("measured to two digits:", all(abs(measured[a] / gain[a] - 1) < 0.01 for a in gain))

# %% [markdown]
# Nearly a fifth, which the normalisations then undo. No fault, then, and no picture shows it. But
# nobody decided it, and whoever compares such a port with the paper compares two networks. *Mend:*
# write down each number of the paper, even where it looks like the default.
#
# ### Exhibit 14: averages that remember the wrong thing
#
# *Gluon.* `BatchNorm(momentum=0.1)`, a number from Torch. Torch means the share of the *new* batch
# in the moving average; MXNet and Keras mean the share of the *old* average. **Predict** what is in
# the average after a hundred batches whose means are 0 and 10 in turn.

# %% tags=["question-42", "nbval-check-output"]
for momentum in (0.9, 0.1):
    norm, seen = layers.BatchNormalization(momentum=momentum), []
    for number in range(100):
        norm(np.full((1, 2, 2, 1), 10.0 * (number % 2)), training=True)
        seen.append(float(norm.moving_mean[0]))
    print(f"momentum {momentum}: the last two averages are {seen[-2]:.1f} and {seen[-1]:.1f}")

# %% [markdown]
# With 0.9 the average stays near 5, with 0.1 it is hardly more than the last batch. Gluon then
# tests in mode `running`: every test picture is normalised by what happened to be seen last.
#
# The same program also seems to fill *all* numbers of its normalisations with 0 at the start (we
# have read it, not run it). The moving variance begins at 1 for a reason. **Predict** by how much
# a signal grows if it begins at 0 and nobody has trained yet.

# %% tags=["question-45", "nbval-check-output"]
signal = rng.normal(size=(1, 64, 64, 1)).astype(np.float32)
for start in ("ones", "zeros"):
    norm = layers.BatchNormalization(moving_variance_initializer=start, epsilon=1e-5)
    grown = float(ops.std(norm(signal, training=False)) / signal.std())
    print(f"moving variance of {start}: {grown:.0f} times as large")

# %% [markdown]
# Divided by the root of ε alone: 316 times in one layer, and there are a dozen of them. It heals as
# soon as a training step has put a variance there. *Mend:* 0.9 for MXNet and Keras, and the
# initial values that the layer comes with.
#
# ## 6 · What only one of them had, for all of them
#
# Bugs aside, each program has something that the others lack. As options of one package they can be
# combined. Five short demonstrations.
#
# **Any size.** tjwei's networks take `None` as their size, and so do all of ours. **Predict** which
# sizes a U-Net made for 64 pixels accepts, and which a ResNet.

# %% tags=["question-02", "nbval-check-output"]
G = {name: training.build_generator(small.replace(generator=name)) for name in ("unet", "resnet_9")}
D = training.build_discriminator(small.replace(discriminator_layers=3))
for name, height, width in (("unet", 64, 64), ("unet", 128, 192), ("resnet_9", 52, 76)):
    image = np.zeros((1, height, width, 3), np.float32)
    made = G[name](image)
    (_, rows, columns, _), answers = made.shape, D([image, ops.convert_to_numpy(made)])
    grid = "×".join(map(str, answers.shape[1:3]))
    print(f"{name:9} {height}×{width} -> {rows}×{columns}, judged at {grid} places")
full = Config().replace(generator="resnet_9", generator_norm="instance", generator_bias="all")
print(f"ResNet at full size: {weights_and_grid(full)[0]:,} weights; U-Net 54,413,955")

# %% [markdown]
# The U-Net takes multiples of the side that it was built for, the ResNet multiples of 4, and the
# same D judges them all: more patches for more pixels, no weight more. (At other sizes the U-Net's
# bottleneck is no longer 1×1; notebook 02 shows what that does.)
#
# **Tasks without pairs.** The authors' code can learn to colour a photo, or to fill a hole. No
# label map is needed: the condition is made of the target. Only the `Encoding` changes.

# %% alt="Two photos and what two other tasks are given of them: for colourisation the photo in grey, for inpainting the photo with a white square in its middle."
tasks = {task: Encoding(task=task) for task in ("colorization", "inpainting")}
sources = load_pairs(dataset, dataset.evaluation_split, 64, 2).target
columns = {"photo": sources} | {
    f"given for {task}": encoding.show_condition(sources) for task, encoding in tasks.items()
}
image_grid(columns, cell=1.5)
plt.show()

# %% tags=["question-17", "nbval-check-output"]
for task, encoding in tasks.items():
    x, y = encoding.condition(sources), encoding.target(sources)
    config = Config().replace(task=task)
    in_G, in_D, _ = weights_and_grid(config)
    print(f"{task}: {x.shape[-1]} channels -> {y.shape[-1]}, G has {in_G:,} weights, D {in_D:,}")
hole = (tasks["inpainting"].condition(sources) == 1.0).all(axis=(0, 3)).mean()
print(f"the hole covers {hole:.0%} of the picture")

# %% [markdown]
# Colouring goes from the lightness L to the two colours a and b of Lab, scaled to fit tanh: fewer
# channels, so the first and last layers are a little smaller.
#
# **One file for a data set.** The book reads HDF5 files, without saying how to make them.
# `datasets.hdf5.convert` (or `pix2pix-course data convert`) packs any folder of pairs, and makes a
# folder of pictures of such files again:

# %% tags=["nbval-check-output"]
from pix2pix_course.datasets.hdf5 import convert

folder = scratch / "few"
for split in ("train", "test"):
    (folder / split).mkdir(parents=True)
    for file in dataset.files(split if split in dataset.splits else "val")[:3]:
        (folder / split / file.name).write_bytes(file.read_bytes())
packed = convert(folder, scratch / "packed")
unpacked = convert(packed, scratch / "unpacked")
print(sorted(path.name for path in packed.iterdir()))
pair_of = [open_dataset(place, dataset.direction).files("train")[0] for place in (folder, unpacked)]
same = all(np.array_equal(*sides) for sides in zip(*map(read_pair, pair_of), strict=True))
print("the first pair is the same, pixel by pixel:", same)

# %% [markdown]
# **A Wasserstein critic that keeps its promise.** The PyTorch code offers `--gan_mode wgangp`, a
# third adversarial loss: D, here called a critic, no longer gives probabilities but estimates how
# far apart real and generated images are (the Wasserstein distance). What it estimates is a
# distance only if D's gradient has norm 1 (Gulrajani et al. 2017); a penalty keeps it there. But
# its pix2pix model never calls the penalty. **Predict** the norm of D's gradient after 300 steps,
# with and without.


# %%
def critic_norms(gradient_penalty, steps=300):
    """Mean norm of D's gradient between photo and fake, before and after some steps of D."""
    wgan = {"gan_loss": "wgan_gp", "discriminator_norm": "instance", "learning_rate": 5e-4}
    model = training.build_pix2pix(small.replace(**wgan, gradient_penalty=gradient_penalty))
    x, y = x_small[:2], y_small[:2]
    y_hat = model.generator(x, training=True)

    def answer(between):
        return ops.sum(ops.mean(model.judge(x, between), axis=(1, 2, 3)))

    def norm():
        return np.sqrt(np.square(gradient(answer, (y + y_hat) / 2)).sum((1, 2, 3))).mean()

    before = norm()
    OnlyD(model).accuracies([(x, y, y_hat)] * steps)
    return before, norm()


norms = {weight: critic_norms(weight) for weight in (0.0, 10.0)}

# %%
for weight, (before, after) in norms.items():
    print(f"penalty × {weight:4.1f}: norm {before:6.3f} at first, {after:7.3f} after 300 steps")

# %% [markdown]
# Without the penalty the norm grows for as long as D is trained: the "distance" is whatever D likes
# it to be, and the gradients that G receives grow with it. With it the norm stays near 1 (within a
# few tenths here, since it is asked for at random places and not at this one). The penalty needs a
# D without batch normalisation, which would mix the images; `Config` insists on that.
#
# **One loop for several tasks.** MXNet's tutorial trains two data sets in one go. With
# configurations that is a loop. Offline there is only the painted set, so the loop goes over what
# can be done with it: the other direction, colouring, filling. Put names of the catalogue into the
# list (`pix2pix-course data list`), and the same cell trains those.

# %%
jobs = [
    {"dataset": DATASET, "direction": {"AtoB": "BtoA", "BtoA": "AtoB"}[dataset.direction]},
    {"dataset": DATASET, "task": "colorization"},
    {"dataset": DATASET, "task": "inpainting"},
]
results = {}
for job in jobs[: 1 if PROFILE == "smoke" else None]:
    run = run_of("paper", **job)
    given = run.pairs(run.dataset(), dataset.evaluation_split, 2)
    made = [translate(run, x) for x in given.condition]
    results[" ".join(list(job.values())[1:])] = given.condition, made, given.target
    print(f"{job}: L1 {run.history[-1]['g_l1']:.3f} after {run.epoch} epochs")

# %% alt="Given, made and target for three other tasks. From photo to map: soft colours, large parts right. Colouring: sky found, walls dull. Filling: the whole picture repainted, with a guess at windows in the hole."
columns = {}
for title, pictures in results.items():
    for part, images in zip(("given", "made", "target"), pictures, strict=True):
        columns[
            f"{title.replace('colorization', 'colour').replace('inpainting', 'fill')},\n{part}"
        ] = images
image_grid(columns, cell=1.15)
plt.show()

# %% [markdown]
# Under `cpu`: the label map of the reverse direction gets its large parts right and its colours
# soft, which no label map has. Colouring finds the blue of window panes and stays near grey or
# brown on walls, whose colour nothing in the picture gives away. Filling has to repaint the whole
# picture, and what is in the hole is a guess at windows. The three L1 numbers are distances of
# three different things; do not compare them.
#
# ## 7 · Questions you may bring from older code
#
# Not every puzzle in these programs is about networks. Five small ones that readers stumbled over,
# each with a cell. **Guess** what each prints.
#
# A layer's name is made by `"final".format(a, b)`, in a string without braces. What do `a` and `b`
# do?

# %% tags=["question-05", "nbval-check-output"]
for name in ("final", "conv{}x{}"):
    print(name.format(30, 1))

# %% [markdown]
# Nothing: `format` ignores what has no place. It is the leftover of a name that once had braces,
# like the TensorBoard folder `"logs/".format(time)`, which puts all runs into one.
#
# `λ = 100` stands in a program. Is that allowed? And why does nobody write `lambda = 100`?

# %% tags=["question-09", "nbval-check-output"]
λ = 100
print("λ".isidentifier(), keyword.iskeyword("lambda"), λ)

# %% [markdown]
# Any letter may begin a name in Python 3, but `lambda` is a word of the language. (The course
# writes `lambda_l1`, which every keyboard has.)
#
# Speaking of `lambda`: a loop makes one function for each patch, to cut it out. What do they cut?

# %% tags=["question-65", "nbval-check-output"]
late = [lambda text: text[place] for place in range(4)]  # noqa: B023 - that is the fault
at_once = [lambda text, place=place: text[place] for place in range(4)]
print([cut("ABCD") for cut in late], [cut("ABCD") for cut in at_once])

# %% [markdown]
# A function looks its names up when it is *called*, and by then the loop is at its end: four times
# the last patch. A default value is taken when the function is made. The book's program has this
# fault, and nobody saw it, since its image is one single patch.
#
# In another function the argument is called `input_image_dim`, and the line below it says
# `input_img_dim`. In the notebook it works. What does it return for 64?

# %% tags=["question-66", "nbval-check-output"]
program = """
def half(input_image_dim):
    return input_img_dim // 2
"""
for names in ({"input_img_dim": 256}, {}):  # a notebook that has the other name, and a new kernel
    exec(program, names)
    try:
        print(names["half"](64))
    except NameError as error:
        print("NameError:", error)

# %% [markdown]
# 128, half of somebody else's 256, for as long as a variable of that name lives in the kernel. So
# run a notebook from top to bottom in a new kernel before you believe it. Which leftovers of other
# programs does that find? Four lines, each in a cell of its own, after the book's last pages:

# %% tags=["question-73", "nbval-check-output"]
cells = ["losses = [0.7, 0.6]", "write_log(losses)", "'logs/'.format(3)", "losses[5:9]"]
kernel = {}
for number, cell in enumerate(cells, start=1):
    try:
        exec(cell, kernel)
    except Exception as error:
        print(f"cell {number}: {type(error).__name__}: {error}")

# %% [markdown]
# It finds the function that was never defined (and imports that are missing, and cells that were
# run in another order). It does not find a `format` without braces, a slice beyond the end, or a
# variable that nobody reads: these do nothing, in peace. The first of them a linter such as ruff
# finds; the rest only a reader.
#
# ## Recap
#
# - "An implementation of pix2pix" is some sixty decisions. Written as configurations they can be
#   compared field by field, and mixed.
# - Equal counts prove little: 1,024 weights of 54 million were the worst fault of all.
# - Normalising a 1×1 map at batch size 1 erases it. Before the decoder it kills two kernels for
#   ever and makes `training=False` unusable; in D it blinds D altogether.
# - A fault is shown by a number that leaves no room: an exact zero, two equal answers, 49 of 50.
# - Read every number against the right reference: 1.386 for a sum, 0 for a logit.
#
# **What this does not show.** The recipes are *our* reading of the six programs, re-made in one
# framework; the originals' speed, random numbers and versions are not in them. The race was small
# and was run once: it shows kinds of difference, no ranking. Which of the harmless-looking choices
# matter at 256 pixels on real photos is a question for many long runs (notebook 07). And the museum
# has the bugs that somebody found. Several of these programs were read by thousands before.

# %% [markdown]
# ## Exercises
#
# Write where it says `# your turn`, then run the check below. A check says "right", "wrong" with a
# hint, or "not yet tried", as often as you like. Explanations go into the cells that say *Your
# answer*.

# %% [markdown] tags=["exercise"]
# ### Exercise 1 · prediction: another normalisation
#
# In exhibit 1 a batch of two brought the two kernels around the bottleneck back to life. Take
# instance normalisation (`generator_norm="instance"`) instead, the bottleneck normalised, and two
# images. Are the two kernels "dead" or "alive"? And which *values* leave a batch-normalised
# bottleneck that sees two images?

# %% tags=["exercise"]
# <solution>
fate = "dead"
# </solution>

# %% tags=["nbval-check-output"]
exercises.check_instance_of_two(fate)

# %%
instance = small.replace(generator_norm="instance", bottleneck_norm=True)
dead = [name for name, size in largest_gradients(instance, 2).items() if size == 0.0]
print("instance norm, two images: kernels with a gradient of exactly 0:", ", ".join(dead) or "none")
of_two = layers.BatchNormalization(epsilon=1e-5)(rng.normal(size=(2, 1, 1, 4)), training=True)
print("batch norm of two 1×1 maps:", *np.round(ops.convert_to_numpy(of_two)[:, 0, 0], 2).tolist())

# %% [markdown] tags=["solution"]
# Dead. Instance normalisation averages over the pixels of one image, and a 1×1 map has one pixel,
# however many images there are. Batch normalisation of two numbers gives nothing but +1 and -1: the
# larger is one deviation above the mean, the smaller one below. What is left of 512 features are
# 512 signs, "more than the other image" or "less".

# %% [markdown] tags=["exercise"]
# ### Exercise 2 · code: one more defect
#
# `recipes.DEFECTS` lacks exhibit 6. Write a `recipes.Defect(name, found_in, text, repair)` that
# finds configurations which enlarge and then always crop the centre, and repairs just that:
# `found_in` is a function that gets a `Config` and answers yes or no, `repair` a dictionary of the
# fields that repair it. (`jitter` tells whether a configuration enlarges, `crop` where it cuts.)
# Why should Gluon's recipe not be found, though it has no jitter at all?

# %% tags=["exercise"]
# <solution>
no_jitter = recipes.Defect(
    "no jitter",
    lambda config: config.jitter and config.crop == "centre",
    "enlarges each image and cuts out its centre: no augmentation, and its border is never seen",
    {"crop": "random"},
)
# </solution>

# %% tags=["nbval-check-output"]
exercises.check_no_jitter(no_jitter)

# %% [markdown] tags=["solution"]
# A defect is a program that does not do what it means to do. Gluon's does not enlarge and does not
# want to: a choice, perhaps a poor one. tjwei's pays for the enlarging and gets nothing.

# %% [markdown] tags=["exercise"]
# ### Exercise 3 · experiment: how much is one fault worth?
#
# Add the fault of exhibit 1 to the paper's recipe, `run_of("paper", bottleneck_norm=True)`, and
# nothing else. How much of the difference between `tensorflow_tutorial` and `paper`, in mode
# `running`, is due to this field? Compare four runs: each of the two recipes with the fault and
# without. (Under `cpu` the one that is missing trains for about half a minute.)

# %% tags=["exercise"]
# <solution>
for name, changes in (("paper", {}), ("paper", {"bottleneck_norm": True})):
    _, pictures, photos = translations(run_of(name, **changes), "running")
    print(f"{name:20} {'faulty' if changes else 'sound':7} MAE {mae(pictures, photos):5.1f}")
for repaired in (True, False):
    _, pictures, photos = translations(run_of("tensorflow_tutorial", repaired), "running")
    name = "tensorflow_tutorial"
    print(f"{name:20} {'sound' if repaired else 'faulty':7} MAE {mae(pictures, photos):5.1f}")
# </solution>

# %% [markdown] tags=["solution"]
# More than all of it. In our runs the two sound programs are within a grey level of each other (38
# or 39), which is luck. The fault costs the tutorial six to twelve grey levels, and the paper's
# recipe about eighty. Why so much more? The dead layer divides by the root of moving variance + ε.
# With the paper's momentum of 0.9 and ε of 1e-5 that makes 316 times; with the tutorial's 0.99 and
# 1e-3, two defaults of Keras, less than 30 after 800 steps. So the size of a fault depends on
# fields that nobody would have suspected. One seed was trained, on two machines: the small number
# moves, the large one does not.

# %% [markdown] tags=["exercise"]
# ### Exercise 4 · code: cross-breed
#
# Make a recipe of your own from what is best in the six: a `Config`, with a reason for each field
# in which it differs from the paper. The reason may not be "because the others do". The check wants
# no known fault, and none of the six.

# %% tags=["exercise"]
# <solution>
own_recipe = recipes.RECIPES["pytorch_reference"].replace(resize="by_kind", epochs=100)
# </solution>

# %% tags=["nbval-check-output"]
exercises.check_own_recipe(own_recipe)

# %% [markdown] tags=["solution"]
# Many answers are right. This one has the PyTorch code's fading learning rate, so that the last
# epochs settle down; keeps labels pure and photos smooth, each resized by what it is; and stops
# after 100 epochs, all of them fading, if time is short. A reason names what the field does to the
# pictures or to the training, and what it costs.

# %% [markdown]
# ## Next
#
# The recipes are on the command line, too: `pix2pix-course train --recipe keras_book --repaired`.
# Read one original beside its configuration, the PyTorch code
# ([junyanz/pytorch-CycleGAN-and-pix2pix](https://github.com/junyanz/pytorch-CycleGAN-and-pix2pix))
# or the [TensorFlow tutorial](https://www.tensorflow.org/tutorials/generative/pix2pix), and try
# to find a difference that our list does not have. In the paper (Isola et al.,
# [arXiv:1611.07004](https://arxiv.org/abs/1611.07004)) read §6.1 and the errata at its end.
