# %% [markdown]
# # 08 · One idea, six implementations
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/{{repository_path}}/blob/main/notebooks/{{notebook}})
#
# ![Two label maps translated by six programs and two repaired ones. Most paint the same soft brown house; the Keras book paints white.]({{picture 08_six.jpg}})
#
# **What you will build.** First a comparison: the paper and five well-known programs that reproduce
# it, trained on the same pairs and looked at side by side. Then a museum of their bugs and
# oddities, under four lessons: each with the line that causes it, an experiment, and the repair.
#
# **Time.** About 35 minutes to read, and 25 for the exercises. The machine works for 6 to 8 minutes
# on two CPU cores (profile `cpu`), of which the trainings take 4 to 5 and need not be repeated;
# under `smoke` for one or two; on a GPU it has not been measured.
#
# **After this notebook you can**
#
# - read from code where implementations of "the same" paper differ;
# - tell a matter of taste from a fault, and prove a fault with one number;
# - explain why `training=False` spoils some pix2pix programs and not others;
# - say why CycleGAN keeps a pool of past images and pix2pix does not;
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
# `small` is always the same, whatever the profile: the paper's method on 64-pixel images with thin
# networks. The small experiments start from it.

# %%
chosen = list(recipes.RECIPES) if RECIPES == "all" else RECIPES.replace(" ", "").split(",")
dataset = open_dataset(DATASET, DIRECTION, PALETTE)
same_data = {"dataset": DATASET, "direction": DIRECTION, "palette": PALETTE, "seed": SEED}
small = profile("smoke").replace(**same_data, batch_size=1)
pairs = load_pairs(dataset, dataset.evaluation_split, 64, 4)
x_small, y_small = (ops.convert_to_tensor(to_network(side)) for side in pairs[:2])
rng = np.random.default_rng(0)
temporary = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)  # vanishes with the kernel
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
# | `gluon_tutorial` | the Chinese tutorial for Gluon, the layers of MXNet (a library that is no longer developed) |
# | `keras_book` | a chapter of the book *Generative Adversarial Networks Projects* |
# | `pytorch_reference` | the PyTorch code of Jun-Yan Zhu, one of the paper's authors, and others |
#
# A recipe is a `Config` and nothing else, so to compare two programs is to compare two lists of
# values. What only the others do is in `pix2pix_course/variants`.
#
# **Guess:** the paper's configuration has some sixty fields. In how many do TensorFlow's tutorial
# and the book differ from it?


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


# %% tags=["predict", "nbval-check-output"]
print(f"{'':20}" + "".join(f"  {part}" for part in FIRST_FIELDS) + "  all")
for name, config in recipes.RECIPES.items():
    counts = {part: len(fields) for part, fields in by_part(config).items()}
    cells = "".join(f"{n or '·':>{len(part) + 2}}" for part, n in counts.items())
    print(f"{name:20}{cells}{sum(counts.values()):5}")

# %% [markdown]
# The PyTorch code comes nearest. What are the differences? In brackets what the paper does:

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
# Three kinds of difference are mixed here:
#
# - **Choices** that hardly matter or that nobody has settled: which convolutions have a bias,
#   whether dropout starts at the first or second decoder block.
# - **Defaults** that came with a framework: a slope of 0.3, an ε of 0.001, initial kernels by
#   Glorot's rule (the larger a layer, the smaller its first weights), which Keras takes where
#   nothing is said (`init_stddev=None`).
# - **Faults**, where the program does not do what its author wanted.

# %% [markdown]
# ## 2 · How large are they?
#
# The cheapest test of a port is its number of weights: a wrong width, a missing bias or an extra
# normalisation shows at once. Counting needs shapes only, so inside a `StatelessScope` Keras makes
# the variables without filling gigabytes with them.
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


# %% tags=["predict", "question-40", "nbval-check-output"]
print(f"{'':20}{'weights of G':>14}{'of D':>13}   D answers")
for name, config in recipes.RECIPES.items():
    in_G, in_D, grid = weights_and_grid(config)
    print(f"{name:20}{in_G:14,}{in_D:13,}   {'×'.join(map(str, grid))}")

# %% [markdown]
# The paper, Gluon and the PyTorch code agree to the weight. tjwei's has 576 more: biases of the
# first convolution (64) and of the bottleneck (512), where no normalisation would cancel them. The
# TensorFlow tutorial has 1,024 more, the γ and β of a normalisation on the bottleneck. Both
# differences are 0.001 to 0.002 % of the network, and one of them is a fault.
#
# The book's generator is 2.4 times the paper's: its author read the decoder widths of §6.1.1 (512,
# 1024, 1024, …) as filters, but the paper counts channels *after* the skip has been joined. Gluon's
# D has a grid of 35×35 because it pads by two pixels instead of one: the same patches, but those at
# the border see more zeros.

# %% [markdown]
# ## 3 · The same race for all
#
# Now train them: same pairs, seed, image size, widths, epochs and direction. The recipes keep what
# makes them different (batch size, schedule, losses). The package knows some faults and can repair
# them; two of the six have any:

# %% tags=["nbval-check-output"]
for name in recipes.RECIPES:
    print(f"{name:20}known faults: {len(recipes.defects(recipes.recipe(name)))}")

# %% [markdown]
# So each of the two gets a second entry: the same recipe, `repaired` and otherwise
# unchanged.

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
        warnings.simplefilter("ignore", recipes.DefectWarning)  # the museum is about them
        return runs.train(config, trainings / folder, verbose=0)


# %% [markdown]
# Gluon's batches of 10 take one step where the others take ten.


# %%
def step_seconds(run):
    """Median seconds of a step, and of an image; the first epoch also traces the graph."""
    rates = [row["images_per_second"] for row in run.history[1:]]
    return run.config.batch_size / np.median(rates), 1 / np.median(rates)


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
# the most expensive, by about a factor of two or more: its decoder convolves after enlarging, at
# four times the pixels, with twice the filters. (On a GPU the order may differ.)

# %% [markdown]
# ## 4 · Side by side
#
# Every recipe has its own `Encoding`, which turns files into what its networks are given, colour or
# grey, in [-1, 1] or [0, 1], and back. And it translates in its own mode (notebook 05): `paper`, or
# `running`, as Gluon and the book do. **Before you run the next two cells**, bet on two programs
# that you will recognise by their pictures.


# %%
def translations(run, mode=None, count=20):
    """Test pictures of a run: conditions as it is shown them, its pictures, the photos."""
    count, split = min(count, run.config.test_pairs or count), dataset.evaluation_split
    conditions = run.pairs(dataset, split, count).condition
    made = np.stack([translate(run, condition, mode) for condition in conditions])
    return conditions, made, load_pairs(dataset, split, run.config.image_size, count).target


made = {title: translations(run) for title, run in trained.items()}

# %% alt="Three conditions translated by six programs and two repaired ones. Most make the same soft brown house; Gluon's is paler with a fine grid; the book's is blank, with black patches at most, and repaired a house in hard, streaky black and white." tags=["predict"]
some = next(iter(made.values()))
columns = {
    "condition": load_pairs(dataset, dataset.evaluation_split, some[2].shape[1], 3).condition
}
columns |= {title.replace("_", "\n"): pictures[:3] for title, (_, pictures, _) in made.items()}
image_grid(columns | {"photo": some[2][:3]}, cell=1.15)
plt.show()

# %% [markdown]
# With painted houses and `cpu`, `paper`, `tensorflow_tutorial`, `tjwei_keras` and
# `pytorch_reference` are siblings: the same soft brown house with dark windows in the right places.
# Gluon's is paler, with a fine grid: it has taken a tenth of the steps. The book's is a white
# sheet, in some runs with black patches; repaired, it paints hard, streaky houses in black and
# white. The repaired TensorFlow tutorial looks like the faulty one: its fault does not show, *in
# this mode*. Under `smoke` most of it is grey noise, and that is correct.
#
# Now numbers, all in grey, so that the book's pictures are not punished for what they never tried;
# `contrast` is the standard deviation of the grey levels.

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
# Under `cpu` the four siblings lie within two or three grey levels of each other, no more than luck
# would do. The book is at three times their distance; repaired, it is behind them in MAE and SSIM,
# but its contrast comes nearest to the photos', now that it has an opponent.
#
# And the trainings: the L1 term, brought to the scale of [-1, 1] for all, and the share of patches
# that D judges right. **Predict:** for one recipe the right-hand curve is a straight line. Which,
# and at what height?

# %% alt="L1 and D's accuracy by epoch for eight programs. Most L1 curves are flat, Gluon's and the book's keep falling. The book's D stays at one half, all others rise to eight tenths and more." tags=["predict"]
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
# The straight line is the book's, at one half: its D never learns anything (exhibits 2 and 10).
# Gluon sees the same hundred pictures again and again, never shifted or mirrored, and learns them
# by heart: its D is right about nearly all of them, and its L1 keeps falling (as the book's does)
# where that of the others is flat, without making test pictures any better.
#
# The TensorFlow tutorial's L1 lies above, tjwei's below the paper's. That says nothing about their
# pictures: each is measured against its *own* targets, and photos that were resized by a coarser
# rule are harder to come close to (exhibit 11).
#
# **A small run ranks nothing.** Another seed would move most of these numbers by as much as they
# differ (notebook 07). Take from here the differences in *kind*: a picture without colour, a curve
# that does not move. Their causes are in the museum: nine exhibits here, three in appendix A.
# None of these bugs stops a program.

# %% [markdown]
# ## 5 · Lesson 1: what a statistic is taken over
#
# A normalisation subtracts a mean and divides by a deviation. Over how many numbers?

# %% [markdown]
# ### Exhibit 1: a normalisation at the bottleneck
#
# *TensorFlow's tutorial, the book, and the paper's own first version.* A loop builds all encoder
# blocks alike:
#
# ```python
# for channels in (64, 128, 256, 512, 512, 512, 512, 512):
#     x = leaky(batch_norm(halve(x, channels)))   # the last one: 1×1 pixels
# ```
#
# At batch size 1 the last normalisation sees one number per channel. Its mean is that number, so
# the result is 0, plus β, which starts at 0. **Predict:** which kernels get no gradient? Only the
# one before this normalisation, or others, too? And does a batch of two help?


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


# %% tags=["predict", "nbval-check-output"]
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
# Two kernels, one on each side. The second is the less known: the first decoder convolution gets
# nothing but 0, its own normalisation passes 0 on, and the slope that ReLU has at 0 is 0. What has
# no gradient does not move, and what does not move keeps passing 0: 15 % of the generator's weights
# are dead for ever. How many weights of the two kernels has the training of section 3 changed?


# %% tags=["nbval-check-output"]
def moved_share(run):
    """Share of the weights in the kernels around the bottleneck that training has changed."""
    depth = int(np.log2(run.config.image_size))
    before = training.build_pix2pix(run.config).generator
    for name in (f"encoder {depth}", "decoder 1"):
        old, new = (convolutions(G)[name].kernel.numpy() for G in (before, run.generator))
        yield f"{name.split()[0]} {5 * round(20 * np.mean(old != new)):2} %"


for title, repaired in (("tensorflow_tutorial", False), ("the same, repaired", True)):
    print(f"{title:20} moved:", *moved_share(run_of("tensorflow_tutorial", repaired)), sep="   ")

# %% [markdown]
# In the repaired network it is a quarter and not all: of a 4×4 kernel that turns 2×2 pixels into
# one, only the middle 2×2 ever meets anything but padding.
#
# The faulty network trains all the same. Its skips carry it, and the dead layers pass a clean 0, as
# long as each batch is normalised by its own statistics (when it is not: exhibit 5). *Repair:* no
# normalisation where the map is 1×1, as in the authors' code since 2017.

# %% [markdown] tags=["exercise"]
# ### Exercise 1 · prediction: another normalisation
#
# Write where it says `# your turn`, then run the check, as often as you like. Explanations go into
# the cells that say *Your answer*.
#
# In exhibit 1 a batch of two brought the two kernels back to life. Take instance normalisation
# (`generator_norm="instance"`) instead, the bottleneck normalised, and two images. Are the two
# kernels "dead" or "alive"? And which *values* leave a batch-normalised bottleneck that sees two
# images?

# %% tags=["exercise"]
# <solution>
fate = "dead"
# </solution>

# %% tags=["nbval-check-output"]
exercises.check_instance_of_two(fate)

# %% tags=["predict"]
instance = small.replace(generator_norm="instance", bottleneck_norm=True)
dead = [name for name, size in largest_gradients(instance, 2).items() if size == 0.0]
print("instance norm, two images: kernels with a gradient of exactly 0:", ", ".join(dead) or "none")
of_two = layers.BatchNormalization(epsilon=1e-5)(rng.normal(size=(2, 1, 1, 4)), training=True)
print("batch norm of two 1×1 maps:", *np.round(ops.convert_to_numpy(of_two)[:, 0, 0], 2).tolist())

# %% [markdown] tags=["solution"]
# Dead. Instance normalisation averages over the pixels of one image, and a 1×1 map has one pixel,
# however many images there are. Batch normalisation of two numbers gives nothing but +1 and -1: of
# 512 features only 512 signs are left, "more than the other image" or "less".

# %% [markdown]
# ### Exhibit 2: a discriminator that ends at 1×1
#
# *The book.* Its D halves the image down to 1×1 as well, with batch normalisation all the way, and
# judges the image as a whole. **Predict:** how different are its answers to a photo and to noise?

# %% tags=["predict", "question-54", "nbval-check-output"]
noise = rng.uniform(-1, 1, (1, 64, 64, 3)).astype(np.float32)
book = small.replace(discriminator="image", conditional=False, init_stddev=None)
for norm in ("batch", "none"):
    D = training.build_pix2pix(book.replace(discriminator_norm=norm)).discriminator
    apart = float(ops.max(ops.abs(D(y_small[:1], training=True) - D(noise, training=True))))
    print(f"discriminator_norm={norm!r:8} answers apart by", "0, exactly" if apart == 0 else "> 0")
accuracies = {row["d_accuracy"] for row in run_of("keras_book").history}
print("accuracy of the book's D in every epoch of the race:", *sorted(accuracies))

# %% [markdown]
# Not at all, to the last bit: whatever the image, its last features are β. This is the straight
# line of section 4: the generator learned from L1 alone. *Repair:* no normalisation on 1×1 maps
# (`discriminator_norm="none"`), or a PatchGAN, whose maps never get that small.

# %% [markdown]
# ## 6 · Lesson 2: geometry and ranges
#
# Before any network: which pixels does it get, and on which scale?

# %% [markdown]
# ### Exhibit 3: images in [0, 1] for a tanh
#
# *The book.* Images divided by 255 lie in [0, 1]; the generator ends in tanh, which answers in
# [-1, 1]. What share of an untrained generator's answers is below every target? And how does a
# training change that?

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
    used = np.ptp(answer.clip(lowest, 1)) / (1 - lowest)
    print(f"{title}: from {answer.min():.2f} to {answer.max():.2f}, {np.mean(answer < lowest):.1%} "
          f"cut off; {used:.0%} of the range is used")  # fmt: skip

# %% tags=["question-56", "nbval-check-output"]
for name, encoding in {"unit": unit, "symmetric": Encoding()}.items():
    black, white = (encoding.target(np.full((1, 1, 3), v, np.uint8)).max() for v in (0, 255))
    print(f"{name:10} black is {black:4.1f}, white {white:4.1f};", end=" ")
    print(f"tanh's slope at black is {1 - black**2:.0f}, at white {1 - white**2:.0f}")

# %% [markdown]
# In [-1, 1] black and white are the two ends of tanh: whatever the network says, it is a grey
# level. In [0, 1] black lies in the middle; about half of an untrained generator's answers lie
# below it, and a picture file would cut them off. Under `cpu`, L1 has taught the book's generator
# to keep away from this half. So the fault is mild; its price is training spent on what the range
# could have made impossible. *Repair:* images in [-1, 1] for tanh, or a sigmoid for [0, 1].

# %% [markdown]
# ### Exhibit 4: the crop that is always central
#
# *tjwei.* The program enlarges, then always cuts out the middle. It looks like jitter, and costs
# what jitter costs. How many different crops can a picture give, at 286 → 256, with mirroring?

# %% tags=["question-32", "nbval-check-output"]
margin = load_size(256) - 256
print(f"random: {margin + 1}² places × 2 = {2 * (margin + 1) ** 2:,}; centre: 2")
print(f"never seen by the central crop: {1 - (256 / load_size(256)) ** 2:.0%} of the picture")

for crop in ("random", "centre"):
    one_pair = small.replace(crop=crop, train_pairs=1, mirror=False, epochs=20)
    about_data = {"direction": dataset.direction, "palette": None}
    run = runs.open_run(scratch, one_pair, None, 0, about_data)  # it gives batches, untrained
    met = {ops.convert_to_numpy(y).tobytes() for _, y in run.batches(dataset, 0)[0]}
    print(f"versions of one pair in 20 epochs, not mirrored, crop {crop}: {len(met)}")

# %% [markdown]
# 1,922 against 2: no jitter, and a fifth of each picture, its border, is never trained on.
# *Repair:* draw the offset, both ends included.

# %% [markdown] tags=["exercise"]
# ### Exercise 2 · code: one more defect
#
# `recipes.DEFECTS` lacks exhibit 4. Write a `recipes.Defect(name, found_in, text, repair)` that
# finds configurations which enlarge and then always crop the centre, and repairs just that:
# `found_in` is a function that gets a `Config` and answers yes or no, `repair` a dictionary of the
# fields that repair it. (`jitter` tells whether a configuration enlarges, `crop` where it cuts.)
# Why should Gluon's recipe, which has no jitter at all, not be found?

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

# %% [markdown]
# ## 7 · Lesson 3: which statistics you show with
#
# In training, batch normalisation uses the statistics of the batch. For later it keeps moving
# averages, which `training=False` and `predict` use.

# %% [markdown]
# ### Exhibit 5: the dead layers, called with `training=False`
#
# *TensorFlow's tutorial and the book again.* The bottleneck of exhibit 1 passes a clean 0 in
# training. With `training=False` it divides by the root of the moving variance, and the variance
# that it saw was 0 in every step. **Predict** what becomes of the 0.


# %% tags=["predict"]
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

# %% alt="Two photos and translations of two networks in two modes. With a normalised 1×1 layer and running statistics bright orange and white patches cover the house in a weave; the other three are alike, soft and without it." tags=["question-44"]
spoilt = {"photo": translations(run)[2]}
for title, repaired in (("1×1 normalised", False), ("repaired", True)):
    run = run_of("tensorflow_tutorial", repaired)
    for mode in ("deterministic", "running"):
        spoilt[f"{title},\n{mode}"] = pictures = translations(run, mode)[1]
        print(f"{title + ', ' + mode:30} MAE {mae(pictures, spoilt['photo']):5.1f}")
image_grid({title: pictures[:2] for title, pictures in spoilt.items()}, cell=1.5)
plt.show()

# %% [markdown]
# Under `cpu` the faulty network loses five to twelve grey levels in mode `running`, and bright
# patches cover the picture in a regular weave: the untrained kernels, many times amplified. In mode
# `deterministic`, with the same weights, nothing of it is to be seen. (Under `smoke` the moving
# variance is still near 1, and the fault does not show.) The book itself *tests* with running
# statistics: this was the blank column of section 4.
#
# So why do forums say that pix2pix "needs `training=True` at test time"? Not because of dropout,
# and only partly because of batch statistics (notebook 05): a single superfluous layer wakes
# millions of random weights. The repair is that of exhibit 1.

# %% [markdown]
# ### Exhibit 6: averages that remember the wrong thing
#
# *Gluon.* `BatchNorm(momentum=0.1)`, a number from Torch. Torch means the share of the *new* batch
# in the moving average; MXNet and Keras mean that of the *old* average. **Predict** what is in the
# average after a hundred batches whose means are 0 and 10 in turn.
#
# The program also seems to start the moving variance at 0 instead of 1 (we have read it, not run
# it). By how much does a signal grow if nobody has trained yet?

# %% tags=["predict", "question-42", "question-45", "nbval-check-output"]
for momentum in (0.9, 0.1):
    norm, seen = layers.BatchNormalization(momentum=momentum), []
    for number in range(100):
        norm(np.full((1, 2, 2, 1), 10.0 * (number % 2)), training=True)
        seen.append(float(norm.moving_mean[0]))
    print(f"momentum {momentum}: the last two averages are {seen[-2]:.1f} and {seen[-1]:.1f}")

signal = rng.normal(size=(1, 64, 64, 1)).astype(np.float32)
for start in ("ones", "zeros"):
    norm = layers.BatchNormalization(moving_variance_initializer=start, epsilon=1e-5)
    grown = float(ops.std(norm(signal, training=False)) / signal.std())
    print(f"moving variance of {start}: {grown:.0f} times as large")

# %% [markdown]
# With 0.9 the average stays near 5, with 0.1 it is hardly more than the last batch, and Gluon tests
# in mode `running`. A variance of 0 divides by the root of ε alone: 316 times in one layer, and
# there are a dozen of them, until a training step has put a variance there. *Repair:* 0.9 for MXNet
# and Keras, and the initial values that the layer comes with.

# %% [markdown] tags=["exercise"]
# ### Exercise 3 · experiment: how much is one fault worth?
#
# Add the fault of exhibits 1 and 5, and nothing else, to the paper's recipe:
# `run_of("paper", bottleneck_norm=True)`. (Under `cpu` this trains for about half a minute.) How
# much of the difference between `tensorflow_tutorial` and `paper`, in mode `running`, is due to
# this field? Compare the MAE of four runs: each of the two recipes with the fault and without.
#
# To check yourself: under `cpu`, with painted houses, the two without the fault differ by at most
# two grey levels, and the fault costs each recipe more than four. Which does it cost more, and why?

# %% tags=["exercise"]
# <solution>
four = {
    ("paper", "sound"): run_of("paper"),
    ("paper", "faulty"): run_of("paper", bottleneck_norm=True),
    ("tensorflow_tutorial", "sound"): run_of("tensorflow_tutorial", repaired=True),
    ("tensorflow_tutorial", "faulty"): run_of("tensorflow_tutorial"),
}
for (name, title), run in four.items():
    _, pictures, photos = translations(run, "running")
    print(f"{name:20} {title:7} MAE {mae(pictures, photos):5.1f}")
# </solution>

# %% [markdown] tags=["solution"]
# All of it, and more: the two sound programs are within two grey levels of each other. The fault
# costs the tutorial five to twelve grey levels, the paper's recipe about eighty. The dead layer
# divides by the root of moving variance + ε. With the paper's momentum of 0.9 and ε of 1e-5 that
# makes 316 times; with the tutorial's 0.99 and 1e-3, two defaults of Keras, less than 30 after 800
# steps. So the size of a fault depends on fields that nobody would have suspected.

# %% [markdown]
# ## 8 · Lesson 4: programs that look right
#
# These faults are in single lines that read well.

# %% [markdown]
# ### Exhibit 7: the image pool
#
# *Gluon.* An image pool shows D generated images of the past: 50 are kept, and now and then one is
# replaced. The slot is drawn like this:
#
# ```python
# slot = int(uniform(0, pool_size - 1))   # a real number, cut down to a whole one
# ```
#
# **Predict:** of 50 slots, how many are ever replaced?

# %% tags=["predict", "question-37", "nbval-check-output"]
drawn = rng.uniform(0, 50 - 1, 100_000).astype(np.uint8)
print("cut-down real numbers reach", len(set(drawn)), "slots, the last is", drawn.max())
drawn = rng.integers(0, 50, 100_000)
print("whole numbers reach", len(set(drawn)), "slots, the last is", drawn.max())

pool = ImagePool(4, SEED)
for number in range(200):
    pool(np.full((1, 1, 1, 1), number, np.float32))
print("ImagePool has replaced", int((pool.kept.numpy() >= 4).sum()), "of its 4 first images")

# %% [markdown]
# Forty-nine. The fiftieth image, made when G had hardly begun, is shown to D until the end.
# *Repair:* draw whole numbers.
#
# But does pix2pix need a pool? It is meant to keep D from forgetting the mistakes that G used to
# make. So train Gluon's recipe without one, keep what G makes of ten conditions after each epoch,
# and ask the final D about all of them.

# %% tags=["question-38", "nbval-check-output"]
print({name: config.pool_size for name, config in recipes.RECIPES.items()})


# %% tags=["question-38"]
class KeepImages(keras.callbacks.Callback):
    """Keeps what the generator makes of `x` after each epoch."""

    def __init__(self, x):
        super().__init__()
        self.x, self.images = x, []

    def on_epoch_end(self, epoch, logs=None):
        self.images.append(generate(self.model.generator, self.x))


def answers_of(run, x, images):
    """The logits that the trained D of a run gives to images of the conditions `x`."""
    D = training.build_discriminator(run.config)
    D.load_weights(runs.newest_checkpoint(run.folder)[1] / "discriminator.weights.h5")
    return ops.convert_to_numpy(D([x, ops.convert_to_numpy(images)], training=True))


# %% tags=["question-38"]
ten = load_pairs(dataset, "train", race_config("gluon_tutorial").image_size, 10)
x, y = to_network(ten.condition), to_network(ten.target)
keep = KeepImages(x)
without = race_config("gluon_tutorial").replace(pool_size=0)
without = runs.train(without, Path(tempfile.mkdtemp(dir=scratch)), verbose=0, callbacks=[keep])
real = np.mean(answers_of(without, x, y) > 0)
old = [np.mean(answers_of(without, x, image) <= 0) for image in keep.images]
print(f"D, at the end, is right about the photos in {real:.0%} of the patches,")
print("about generated pictures of epochs 1, 2, …:", *(f"{share:.0%}" for share in old))
for title, run in (("pool of 50", run_of("gluon_tutorial")), ("no pool", without)):
    print(f"{title}: MAE on test pictures {mae(*translations(run)[1:]):.1f}")

# %% [markdown]
# Under `cpu`, D without a pool recognises about nine tenths or more of the patches of each epoch,
# and the test pictures are as good as with one, to within a grey level. (So it was with the paper's
# recipe, tried with two seeds.) D does not forget, since paired data hold both networks in place.
# The L1 term ties each picture to *its* photo, so G moves towards one goal and does not
# return to old mistakes. And D judges picture and condition together, with the true answer beside.
#
# CycleGAN (Zhu et al. 2017) has no pairs. Its D sees pictures of one generator and asks only
# whether they look like, say, a zebra. G can answer with a new kind of mistake; D follows, unlearns
# the old one, and G may return to it: the two oscillate. So CycleGAN's D is shown a history of 50
# generated pictures, an idea of Shrivastava et al. (2017).

# %% [markdown]
# ### Exhibit 8: a threshold that belongs to somebody else
#
# *Gluon.* `accuracy = mean((D(...) > 0.5) == is_real)`, but D ends without a sigmoid: its answers
# are logits. What does this report for a D that gives every real patch a probability of 0.57?


# %% tags=["question-39", "nbval-check-output"]
def logit(p):
    """The inverse of the sigmoid."""
    return np.log(p / (1 - p))


print(f"a logit of 0.5 is a probability of {1 / (1 + np.exp(-0.5)):.3f}")
patches = np.full(900, logit(0.57))
for threshold in (0.0, 0.5):
    right = np.mean(patches > threshold)
    print(f"real patches at 0.57, threshold {threshold}: {right:.0%} right")

# %%
run = run_of("gluon_tutorial")
made_of = {"real": y, "generated": generate(run.generator, x)}
answers = {kind: answers_of(run, x, images) for kind, images in made_of.items()}
for threshold in (0.0, 0.5):
    right = [np.mean(answers["real"] > threshold), np.mean(answers["generated"] <= threshold)]
    print(f"threshold {threshold}: real {right[0]:.0%} right, generated {right[1]:.0%} right")

# %% [markdown]
# How much it matters depends on how sure D is. Under `cpu` D knows these pictures by heart, and a
# few per cent are lost; under `smoke`, where D has only begun, nearly all real patches are called
# generated. So the number is most wrong just when one wants to know whether D learns at all.
# *Repair:* 0 for logits, 0.5 after a sigmoid; `losses.accuracy` knows which.

# %% [markdown]
# ### Exhibit 9: whose 0.69?
#
# *TensorFlow's tutorial* explains: a discriminator loss below 0.69 means that D does better than
# chance, since 0.69 = log 2. True of one term. Its program prints the *sum* of two. How sure must D
# be, of all patches, before the printed number falls below 0.69?

# %% tags=["nbval-check-output"]
for p in (0.5, 0.6, np.sqrt(0.5), 0.8):
    real_term, fake_term = discriminator_terms(np.array([logit(p)]), np.array([-logit(p)]))
    total = float(real_term + fake_term)
    print(f"D gives the truth {p:.2f}: sum {total:.3f}, mean {total / 2:.3f}")

# %% [markdown]
# At chance the sum is 1.386. By the tutorial's rule a D at 0.6 or 0.7, right about everything,
# would count as worse than guessing. *Repair:* the reference for a sum is 1.386, for a mean 0.693.
# The package reports means.

# %% [markdown]
# ## 9 · What only one of them had, for all of them
#
# Bugs aside, each program has something that the others lack. Here all of them get it.

# %% [markdown]
# ### Any size
#
# tjwei's networks take `None` as their size, and so do all of ours.

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
# bottleneck is no longer 1×1: notebook 02.)

# %% [markdown]
# ### Tasks without pairs
#
# The authors' code can learn to colour a photo, or to fill a hole. The condition is made of the
# target; only the `Encoding` changes.

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
# Colouring goes from the lightness L to the two colours a and b of Lab: fewer channels, so the
# first and last layers are a little smaller.

# %% [markdown]
# ### One file for a data set
#
# The book reads HDF5 files, without saying how to make them. `datasets.hdf5.convert` (or
# `pix2pix-course data convert`) packs any folder of pairs, and unpacks such files again:

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
differing = sum(int((a != b).sum()) for a, b in zip(*map(read_pair, pair_of), strict=True))
print("values of the first pair that differ:", differing)

# %% [markdown]
# ### A Wasserstein critic that keeps its promise
#
# The PyTorch code offers `--gan_mode wgangp`, a third adversarial loss: D, here called a critic,
# estimates how far apart real and generated images are: the Wasserstein distance, roughly how far
# the one pile would have to be moved to become the other. That is a distance only if D's gradient
# has norm 1 (Gulrajani et al. 2017); a penalty keeps it there. But its pix2pix model never calls
# the penalty. **Predict** the norm of D's gradient after 300 steps, with and without.


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

# %% tags=["predict"]
for weight, (before, after) in norms.items():
    print(f"penalty × {weight:4.1f}: norm {before:6.3f} at first, {after:7.3f} after 300 steps")

# %% [markdown]
# Without the penalty the norm grows for as long as D is trained, and so do the gradients that G
# receives. With it the norm stays near 1. (The penalty needs a D without batch normalisation, which
# would mix the images.)

# %% [markdown]
# ### One loop for several tasks
#
# MXNet's tutorial trains two data sets in one go. With configurations that is a loop, here over
# what can be done with one set. Put names of the catalogue into the list
# (`pix2pix-course data list`), and the same cell trains those.

# %%
other_way = {"direction": {"AtoB": "BtoA", "BtoA": "AtoB"}[dataset.direction]}
jobs = [
    {"dataset": DATASET} | other_way | ({"palette": None} if PALETTE else {}),
    {"dataset": DATASET, "task": "colorization"},
    {"dataset": DATASET, "task": "inpainting"},
]
results = {}
for job in jobs[: 1 if PROFILE == "smoke" else None]:
    run = run_of("paper", **job)
    given = run.pairs(run.dataset(), dataset.evaluation_split, 2)
    pictures = [translate(run, x) for x in given.condition]
    results[list(job.values())[1]] = given.condition, pictures, given.target
    print(f"{job}: L1 {run.history[-1]['g_l1']:.3f} after {run.epoch} epochs")

# %% alt="Given, made and target for three other tasks. From photo to map: large parts right, colours mixed. Colouring: near grey or brown where the target is red or yellow. Filling: the whole picture repainted, with dark smudges in the hole."
columns = {}
for title, pictures in results.items():
    short = title.replace("colorization", "colour").replace("inpainting", "fill")
    for part, images in zip(("given", "made", "target"), pictures, strict=True):
        columns[f"{short},\n{part}"] = images
image_grid(columns, cell=1.15)
plt.show()

# %% [markdown]
# With painted houses and `cpu`: the reverse direction gets large parts right, in mixed colours that
# no label map has. Colouring stays near grey or brown on walls, whose colour nothing in the given
# picture tells. Filling has to repaint the whole picture, and what is in the hole is a guess.

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
# epochs settle down; keeps labels pure and photos smooth; and stops after 100 epochs, all of them
# fading, if time is short. A reason names what the field does to the pictures or to the training,
# and what it costs.

# %% [markdown]
# ## Recap
#
# - An implementation of pix2pix is some sixty decisions (the 29 hyperparameters of notebook 05, and
#   as many that only one program has). Written as configurations they can be compared field by
#   field, and mixed.
# - Equal counts prove little: 1,024 weights of 54 million were the worst fault of all.
# - Normalising a 1×1 map at batch size 1 erases it. Before the decoder it kills two kernels and
#   makes `training=False` unusable; in D it blinds D altogether.
# - Paired data hold both networks in place, so pix2pix needs no image pool; CycleGAN does.
# - A fault is shown by a number that leaves no room: an exact zero, 49 of 50.

# %% [markdown]
# **What this does not show.** The recipes are *our* reading of the six programs, re-made in one
# framework. The race was small and was run once. Which of the harmless-looking choices matter at
# 256 pixels on real photos is a question for many long runs (notebook 07). And the museum has only
# the bugs that somebody found.

# %% [markdown]
# ## Next
#
# The recipes are on the command line, too: `pix2pix-course train --recipe keras_book --repaired`.
# Read one original beside its configuration, the PyTorch code
# ([junyanz/pytorch-CycleGAN-and-pix2pix](https://github.com/junyanz/pytorch-CycleGAN-and-pix2pix))
# or the [TensorFlow tutorial](https://www.tensorflow.org/tutorials/generative/pix2pix), and look
# for a difference that our list does not have. In the paper (Isola et al.,
# [arXiv:1611.07004](https://arxiv.org/abs/1611.07004)) read §6.1 and the errata at its end.

# %% [markdown]
# ## Appendix A · more exhibits
#
# Three more. Others you have met already: the slope of LeakyReLU (notebook 02), the guard 1e-12 and
# the halved loss (04).

# %% [markdown]
# ### Exhibit 10: comparing a batch of one
#
# *The book.* Minibatch discrimination (Salimans et al. 2016) shows D whether the images of a batch
# look alike: each feature sums exp(-distance) over the batch.

# %% tags=["question-55", "nbval-check-output"]
compare = MinibatchDiscrimination(100)
for count in (1, 2):
    features = ops.convert_to_numpy(compare(rng.normal(size=(count, 512)).astype(np.float32)))
    print(f"batch of {count}: {(features[0] == 1.0).sum()} of {features.shape[1]} are exactly 1")

# %% [markdown]
# Alone in its batch, an image is at distance 0 from all there is: a hundred constants. Useless, but
# harmless? Train D alone, its normalisation repaired, to tell four photos from what an untrained
# generator makes:


# %%
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


for count in (100, 0):
    print(
        f"{count:3d} features of minibatch discrimination: D is right in {book_accuracy(count):.0%}"
    )

# %% [markdown]
# D's last layer adds up 2 numbers of the image and 100 constants. One weight times 1 is a bias; a
# hundred of them are a bias that Adam moves a hundred times as fast. So D swings between "all real"
# and "all generated", at about one half; without the constants it is nearly always right. *Repair:*
# leave it out; it is no part of pix2pix.

# %% [markdown]
# ### Exhibit 11: a jitter that copies rows
#
# *TensorFlow's tutorial* enlarges 256 pixels to 286 by "nearest", photos too. *tjwei, Gluon and the
# PyTorch code* use one smooth filter for both sides, label maps too.

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
# By nearest, on the left, lines and edges get unequal widths, and a generator that is to draw
# photos learns to draw steps. For label maps the smooth filters are the bad ones: each new colour
# is a class that nobody drew. *Repair:* `resize="by_kind"`: labels nearest, photos bicubic.

# %% [markdown]
# ### Exhibit 12: learning to draw edges
#
# *TensorFlow's tutorial* offers six data sets in a menu and always takes the right half as the
# input. In the sets of edges the right half is the photo. The package finds such a thing:

# %% tags=["question-48", "nbval-check-output"]
for name in ("facades", "edges2shoes"):
    config = recipes.recipe("tensorflow_tutorial").replace(dataset=name)
    found = [defect.text for defect in recipes.defects(config) if defect.name == "backwards"]
    print(f"{name}:", *textwrap.wrap(found[0] if found else "as intended", 80), sep="\n   ")

# %% [markdown]
# Such a training works, and its pictures make sense; they are not what was asked for. *Repair:* the
# direction of the data set (`direction=None`).

# %% [markdown]
# ## Appendix B · questions you may bring from older code
#
# Eleven small puzzles, each with a cell. First Python.
#
# **A layer's name is made by `"final".format(a, b)`,** with no braces in the string. What do `a`
# and `b` do?

# %% tags=["question-05", "nbval-check-output"]
for name in ("final", "conv{}x{}"):
    print(name.format(30, 1))

# %% [markdown]
# Nothing: `format` ignores what has no place. Likewise the TensorBoard folder
# `"logs/".format(time)` puts all runs into one.
#
# **`λ = 100` stands in a program.** Is that allowed? And why does nobody write `lambda = 100`?

# %% tags=["question-09", "nbval-check-output"]
λ = 100
print("λ".isidentifier(), keyword.iskeyword("lambda"), λ)

# %% [markdown]
# Any letter may begin a name in Python 3, but `lambda` is a word of the language.
#
# **A loop makes one `lambda` for each patch,** to cut it out. What do they cut?

# %% tags=["question-65", "nbval-check-output"]
late = [lambda text: text[place] for place in range(4)]  # noqa: B023 - that is the fault
at_once = [lambda text, place=place: text[place] for place in range(4)]
print([cut("ABCD") for cut in late], [cut("ABCD") for cut in at_once])

# %% [markdown]
# A function looks its names up when it is *called*, and by then the loop is at its end; a default
# value is taken when the function is made.
#
# **The argument is called `input_image_dim`,** and the line below it says `input_img_dim`. In the
# notebook it works. What does it return for 64?

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
# 128, half of somebody else's 256, for as long as a variable of that name lives in the kernel.
#
# **So run a notebook from top to bottom in a new kernel.** Which leftovers of other programs does
# that find? Four lines, each in a cell of its own:

# %% tags=["question-73", "nbval-check-output"]
cells = ["losses = [0.7, 0.6]", "write_log(losses)", "'logs/'.format(3)", "losses[5:9]"]
kernel = {}
for number, cell in enumerate(cells, start=1):
    try:
        exec(cell, kernel)
    except Exception as error:
        print(f"cell {number}: {type(error).__name__}: {error}")

# %% [markdown]
# It finds the function that was never defined (and missing imports, and cells that were run in
# another order). A `format` without braces, a slice beyond the end, or a variable that nobody reads
# do nothing, silently.
#
# **`size = yield batch`** in older loaders: nobody seems to give `yield` a value. What do the three
# calls return?


# %% tags=["question-13", "nbval-check-output"]
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
# `send` resumes the generator like `next` and makes the waiting `yield` return a value. Older
# programs ask in this way for pictures to *show*: training pairs, then skipped in that epoch.
#
# **PIL or Pillow?** PIL is dead. Pillow is its successor and kept the name that one imports.

# %% tags=["question-29", "nbval-check-output"]
from importlib.metadata import packages_distributions

packages = packages_distributions()["PIL"]
print("`import PIL` comes from:", {name.lower() for name in packages})

# %% [markdown]
# Then Keras. **What are `model.input` and `model.output`?** Are they images? **And what shows a
# model's layers without Graphviz,** which `plot_model` needs? `model.summary()` does, or a loop:

# %% tags=["question-10", "question-14", "nbval-check-output"]
U = training.build_generator(small)
print(type(U.input).__name__, U.input.shape, "holds numbers:", hasattr(U.input, "numpy"))
inner = keras.Model(U.input, U.layers[1].output)  # a view of the first layer, with its weights
print("first layer of x:", tuple(inner(x_small).shape), "shared:", inner.layers[1] is U.layers[1])
for layer in U.layers[:4]:
    print(f"  {type(layer).__name__:20}{layer.output.shape}")

# %% [markdown]
# No numbers: they are names of places in the network, and say from where to where a model goes, as
# for `inner`. Numbers come into being when a model is called.
#
# **`K.function` and `get_updates`,** with which GANs were written before TensorFlow 2, are gone.
# `K.function` made a callable of a piece of graph; now a model *is* callable, and `tf.function`
# compiles whatever is written around it. `get_updates` returned no gradients but operations that
# moved weights and Adam's averages when run; now `apply` moves them at once.

# %% tags=["tensorflow", "question-11", "nbval-check-output"]
import tensorflow as tf

ask = tf.function(lambda x: U(x, training=False))  # was K.function([x], [U's answer])
print("there is a K.function:", hasattr(keras.backend, "function"))
print("its successor answers:", tuple(ask(x_small).shape))

# %% tags=["question-12", "nbval-check-output"]
adam, weight = keras.optimizers.Adam(0.1), keras.Variable([1.0, -2.0])
print("there is a get_updates:", hasattr(adam, "get_updates"))
adam.apply([ops.array([5.0, -0.01])], [weight])
print("the weights after `apply`:", weight.numpy().round(3))
