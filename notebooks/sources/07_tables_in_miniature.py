# %% [markdown]
# # 07 · The paper's tables in miniature
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/{{repository_path}}/blob/main/notebooks/{{notebook}})
#
# ![Two label maps translated by networks trained with L1, GAN, cGAN, L1 + GAN and L1 + cGAN, and the target photos. L1 alone is soft; the adversarial terms alone are strong in colour and wrong in detail.]({{picture 07_tables.jpg}})
#
# **What you will build.** Tables 1 to 3 of the paper, on your own machine: which loss, which
# generator, which patch size is best? You train ten configurations from several seeds each, and
# judge all of them by the label consistency of notebook 06. A rule, fixed before the first
# training, says which of the orders that you find deserve to be believed.
#
# **Time.** About 20 minutes to read, and 20 more for the exercises. Under `cpu` the machine works
# for 12 to 15 minutes on two idle CPU cores, nearly all of it for the thirty trainings of section
# 4: start them and read on. Later runs find them finished and take less than one minute; `smoke`
# takes about one. On a GPU, with the paper's settings, it has not been measured.
#
# **After this notebook you can**
#
# - write an experiment down as configurations that differ in one thing each;
# - say how often mere luck puts all trainings of one kind above all of another;
# - read a published table with the question that it does not answer: how large is the spread?
# - say which orders of the paper a small run confirms, which it leaves open and which it reverses,
#   and why;
# - stop a long series of trainings at any moment, and go on later.
#
# It builds on the networks of 02 and 03, the losses of 04, the runs of 05 and the label consistency
# of 06.

# %% tags=["setup"]
# {{setup}}

# %%
from itertools import combinations
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from pix2pix_course import ablation, exercises, runs
from pix2pix_course.ablation import PUBLISHED
from pix2pix_course.datasets import open_dataset
from pix2pix_course.discriminators import receptive_field
from pix2pix_course.figures.plotting import image_grid
from pix2pix_course.pairs import load_pairs
from pix2pix_course.variants.recipes import recipe

plt.rcParams["figure.dpi"] = 80

# %% tags=["parameters"]
PROFILE = "cpu"  # "smoke", "cpu" or "gpu": how large, how long
RECIPE = "paper"  # the implementation whose settings the tables vary
DATASET = "painted"  # a name of the catalogue, or a folder of side-by-side pairs
DIRECTION = None  # "AtoB" or "BtoA"; None: as the data set says
PALETTE = None  # label colours of a folder that does not describe itself
SEED = 0  # the first one
SEEDS = None  # trainings of each row; None: 1 under smoke, else 3
RUNS = "runs"  # where trained runs live

# %% [markdown]
# ## 1 · Three questions, thirteen rows
#
# The paper asks which parts of pix2pix matter (§4.2 to §4.4), and answers with three tables. In
# each of them, one thing varies:
#
# | table | what varies | rows |
# |---|---|---|
# | 1 | the objective | L1 alone; GAN or cGAN alone (D without or with the condition); both sums |
# | 2 | the generator | encoder-decoder or U-Net, each with L1 alone and with L1 + cGAN |
# | 3 | what D sees | single pixels, patches of 16 and 70, the whole image |
#
# In an experiment, a row must differ from the others in *one* thing. `table_configs` takes the
# complete method, the row "L1+cGAN", and changes a field or two for each other row. **Guess before
# you run the next cell:** thirteen rows, but how many different trainings?

# %% tags=["predict", "nbval-check-output"]
base = recipe(RECIPE, PROFILE).replace(dataset=DATASET, direction=DIRECTION, palette=PALETTE)
rows = ablation.table_configs(base)
reference = rows["L1+cGAN"].to_dict()
for name, config in rows.items():
    changed = {key: value for key, (value, _) in config.differences(base).items()}
    if "discriminator_layers" in changed:
        changed["discriminator_layers"] = "(section 2)"
    print(f"{name:26}", ", ".join(f"{key}={value}" for key, value in changed.items()) or "-")
print("rows:", len(rows), " different trainings:", len({str(c.to_dict()) for c in rows.values()}))

# %% [markdown]
# Ten: the complete method stands in all three tables, and L1 with the U-Net in two. **Guess:** do
# these shared rows have equal scores in the paper's tables? The published numbers (Cityscapes,
# labels → photo) are pixel accuracy, class accuracy and mean IoU, read by FCN-8s as in notebook 06:

# %% tags=["predict", "nbval-check-output"]
for title, published in PUBLISHED.items():
    for name in ("L1", "U-Net, L1", "L1+cGAN", "U-Net, L1+cGAN", "patch"):
        if name in published:
            print(f"table {title:14}  {name:16}", *(f"{score:.2f}" for score in published[name]))

# %% [markdown]
# Between tables 1 and 2 they differ a lot: the IoU of L1 + cGAN is .17 in one and .14 in the other,
# that of L1 .11 and .13. So the advantage of the adversarial term is .06 in the first table and .01
# in the second. The caption of table 2 explains part of it: there the batch size was 10, not 1.
# But one training is not like another, and no table says by how much they vary.
#
# So this notebook asks the paper's three questions, and a fourth: **which answers survive another
# seed?**

# %% [markdown]
# ## 2 · The miniature
#
# Thirty trainings of the paper's size would take two CPU cores weeks. So each profile makes them
# smaller, all rows alike:

# %%
SIZES = {
    "smoke": {"epochs": 1},  # proves that every cell runs; nothing can be concluded
    "cpu": {
        "image_size": 64,  # a step costs a quarter of one at 128 pixels
        "generator_filters": 16,
        "discriminator_filters": 16,
        "discriminator_layers": 2,
        "train_pairs": 400,
        "epochs": 2,  # at batch size 1: 800 steps
        "decay_epochs": 1,  # the second with a fading learning rate
        "sample_every": 2,
        "segmenter_epochs": 3,
    },
    "gpu": {},  # the paper's own, on whatever data set you name
}
base = base.replace(**SIZES[PROFILE])
rows = ablation.table_configs(base)
seeds = [SEED + k for k in range(SEEDS or {"smoke": 1}.get(PROFILE, 3))]
print(f"{base.image_size} pixels, {base.epochs} epochs, seeds {seeds}")

# %% [markdown]
# One reduction needs thought. A patch of 70 pixels is a quarter of an image of 256 pixels, but more
# than the *whole* of an image of 64. Do we keep the pixels, or the share? Whatever is in the
# picture is scaled down with it: a window that was 32 pixels wide has 8 now. What a patch can judge
# depends on how much of the house it sees, so the share matters more. However, the family of
# PatchGANs has no field between 1 and 16 pixels:

# %% tags=["nbval-check-output"]
paper = ablation.table_configs(base.replace(image_size=256, discriminator_layers=3))
print(f"{'':13}{'paper, of 256':>20}{'here, of ' + str(base.image_size):>20}")
for name in PUBLISHED["3 · patches"]:
    line = f"{name:13}"
    for config in (paper[name], rows[name]):
        field = receptive_field(config.discriminator_layers)
        line += f"{field:8} px = {field / config.image_size:6.1%}"
    print(line)

# %% [markdown]
# "Pixel" and "whole image" mean the same in both columns. At 64 pixels the two in between are wider
# than in the paper: our *small* patch has the share of the paper's *standard* patch, and our
# standard patch sees half of the picture. So our table 3 can ask whether something between pixel
# and whole image is best. It cannot ask whether 70 beats 16.

# %% [markdown]
# ## 3 · A rule, before there are results
#
# Suppose you train A and B from three seeds each, and find that A's three scores are all above B's.
# Is A better? **Guess:** if A and B were in truth equally good, how often would luck alone produce
# this?
#
# If they are equally good, each order of the six scores is equally likely. So count: of all ways to
# hand three of the six ranks to A, how many give it the top three?


# %% tags=["predict", "nbval-check-output"]
def luck_by_hand(a, b):
    """Share of all rankings of a + b trainings in which the first kind takes the top places."""
    ways = list(combinations(range(a + b), a))
    top = set(range(b, a + b))
    return sum(set(way) == top for way in ways) / len(ways)


for n in (1, 2, 3, 4, 5):
    mine = luck_by_hand(n, n)
    same = np.isclose(mine, ablation.luck(n, n))
    print(f"{n} seeds each: once in {1 / mine:3.0f}   as the package says: {same}")

# %% [markdown]
# With three seeds it is once in 20, the usual 5 %. (Just as often, luck puts B on top.) With one
# seed each it is once in two: a table of single trainings, sorted by score, always *looks* like an
# order. So the rule is:
#
# > An order is **consistent** if every seed of the one is above every seed of the other, and there
# > are at least three of each. If the opposite is consistent, it is **reversed**. All else is
# > **open**: not "equal", only not decided by so few trainings.
#
# The rule compares ranks, so it assumes nothing about how scores are distributed. To describe them,
# we use mean and standard deviation, with $n - 1$ in the denominator, since the mean was estimated
# from the same few numbers. **Guess:** A scores 5, 6 and 7, B scores 1, 2 and 6. What does the rule
# say about A above B?


# %% tags=["predict", "nbval-check-output"]
def verdict_by_hand(better, worse):
    """What the seeds say about the claim that `better` is better."""
    if luck_by_hand(len(better), len(worse)) > 0.05:
        return "open"
    if min(better) > max(worse):
        return "consistent"
    return "reversed" if max(better) < min(worse) else "open"


for better, worse in zip(
    [(5, 6, 7), (5, 6, 7), (5, 6), (1, 2, 3)],
    [(1, 2, 4), (1, 2, 6), (1, 2), (4, 5, 6)],
    strict=True,
):
    mine = verdict_by_hand(better, worse)
    same = mine == ablation.verdict(better, worse)
    print(f"{better!s:9} above {worse!s:9}  {mine:8}  as the package says: {same}")
values = np.array([1.0, 2.0, 6.0])
by_hand = np.sqrt(((values - values.mean()) ** 2).sum() / (len(values) - 1))
packaged = ablation.spread(values).deviation
print(f"deviation of 1, 2 and 6: {by_hand:.3f} by hand, {packaged:.3f} in the package")

# %% [markdown]
# The second line is the interesting one. The means, 6 and 3, are far apart, yet one training of the
# worse kind scored as much as one of the better kind: open.

# %% [markdown] tags=["exercise"]
# ### Exercise 1 · prediction: once in a thousand
#
# With three seeds each, luck gets through once in 20. How many seeds must each of two equal rows
# have, at least, so that luck puts all of a given one above all of the other at most once in 1000?
# Count as above. And why are two rows with 2 and 20 seeds a poor use of 22 trainings?

# %% tags=["exercise"]
# <solution>
seeds_needed = 7
# </solution>

# %% tags=["nbval-check-output"]
exercises.check_seeds_needed(seeds_needed)

# %% tags=["predict"]
for first, second in ((4, 4), (6, 6), (8, 8), (11, 11), (2, 20)):
    print(f"{first:2} and {second:2} seeds: once in {1 / ablation.luck(first, second):,.0f}")

# %% [markdown] tags=["solution"]
# Seven: $\binom{12}{6} = 924$ is just too few, $\binom{14}{7} = 3432$ is enough. With 2 and 20
# seeds there are only $\binom{22}{2} = 231$ ways, with 11 and 11 there are 705,432: for a given
# number of trainings, luck has least chance where both rows have equally many.

# %% [markdown]
# ## 4 · The grid
#
# **Now bet.** Write down, for *this* miniature (small pictures, short trainings, thin networks):
#
# 1. Table 1: the order of L1, GAN, cGAN, L1+GAN, L1+cGAN in mean IoU.
# 2. Table 2: does cutting the skips cost more than dropping the adversarial term?
# 3. Table 3: which of the four fields is best, and which worst?
#
# Then start. `run_grid` trains every configuration from every seed, each in a folder of its own,
# and scores all results with one segmenter (the scores of two could not be compared: notebook 06).
# As each training ends, a line gives its score, a guess at the time left and, where something went
# wrong, what (`Health`, notebook 05). The first guesses are too high, since the segmenter has to be
# trained as well. You may interrupt the cell: called again, it loads what is finished and resumes a
# broken training from its checkpoint.

# %% tags=["predict"]
folder = Path(RUNS) / f"tables-{RECIPE}-{Path(DATASET).name}-{PROFILE}-seed{SEED}"
grid = ablation.run_grid(rows, seeds, folder)
print(f"{len(grid.cells)} trainings in {folder}")

# %% [markdown]
# Before we look at the results: a second call trains nothing. It loads the results from the folder.

# %%
again = ablation.run_grid(rows, seeds, folder)

# %% [markdown]
# Two rows with the same settings are one training. A grid whose scores could not be compared is
# refused, and so is another grid in this folder.

# %% tags=["nbval-check-output"]
print("the second call found the same scores:", again.cells == grid.cells)
print("the rows L1+cGAN and patch are one training:", grid.of("patch") == grid.of("L1+cGAN"))
print("trainings for each seed:", len(grid.cells) // len(seeds))
larger = {"small": base, "large": base.replace(image_size=128)}
try:
    ablation.run_grid(larger, seeds, folder)
except ValueError as error:
    print("refused:", str(error).split(": ")[0].replace("\n", " "))
try:
    ablation.run_grid({"L1": rows["L1"].replace(lambda_l1=1.0)}, seeds, folder)
except runs.RunError as error:
    print("refused:", str(error).split("with ")[1].split(". ")[0])

# %% [markdown]
# ## 5 · Table 1: the objective
#
# Three helpers show a picture of our scores beside the published ones, the verdicts, and some
# generated images. In the plot each dot is a training; the bar is the mean, its whiskers the
# standard deviation. The dashed line marks the segmenter's score on real photos (the ceiling), the
# dotted one its score on photos of other conditions (the floor).

# %%
dataset = open_dataset(DATASET, DIRECTION, PALETTE)
metric = "mean_iou" if dataset.condition_palette else "psnr"  # IoU needs label maps
TITLES = {"mean_iou": "mean IoU", "psnr": "PSNR (dB)"}


def dot_plot(published):
    """One row a configuration: the published score at the left, ours with every seed right."""
    names = list(published)
    places = np.arange(len(names))
    height = 0.42 * len(names) + 1.1
    _, (left, right) = plt.subplots(
        1, 2, figsize=(9, height), sharey=True, width_ratios=(2, 3), layout="constrained"
    )
    left.plot([published[name][2] for name in names], places, "D", color="gray")
    left.set(title="the paper", xlabel="mean IoU, Cityscapes")
    left.set(xlim=(0, 0.22), yticks=places, yticklabels=names)
    for place, name in enumerate(names):
        values, found = grid.values(name, metric), grid.spread(name, metric)
        right.plot(values, np.full(len(values), place), "o", alpha=0.6, color="C0")
        right.errorbar(found.mean, place + 0.25, xerr=np.nan_to_num(found.deviation), fmt="|",
                       color="C1", markersize=12, capsize=3)  # fmt: skip
    for column, colour, style in (("real", "C2", "--"), ("shuffled", "C3", ":")):
        if column in grid.cells[0].scores[metric]:
            level = grid.cells[0].scores[metric][column]
            right.axvline(level, linestyle=style, color=colour, label=f"{column} photos")
    right.set(title=f"here: {len(seeds)} trainings each", xlabel=TITLES[metric])
    right.legend(loc="lower right", fontsize=8)
    left.invert_yaxis()
    plt.show()


def print_verdicts(published):
    """A line for each order that the published numbers claim."""
    for better, worse in ablation.published_orders(published):
        print(f"{better:>24}  above  {worse:26}{grid.verdict(better, worse, metric)}")


# %%
test = load_pairs(dataset, dataset.evaluation_split, base.image_size, 2)


def pictures(published):
    """Two test conditions, what each row makes of them with the first seed, and the targets."""
    columns = {"condition": test.condition}
    for name in published:
        made = grid.of(name)[0].folder / "evaluation" / "generated"
        files = [made / f"{each}.png" for each in test.names]
        title = name.replace(", ", "\n")
        columns[title] = [np.asarray(Image.open(file).convert("RGB")) for file in files]
    image_grid(columns | {"target": test.target}, cell=1.35)
    plt.show()


# %%
losses = PUBLISHED["1 · losses"]
print(grid.table(losses))

# %% alt="Mean IoU of five losses, the paper's beside three trainings each here. GAN alone is last in both. In the paper L1+cGAN is first and cGAN next; here the two sums lead, L1+GAN first, and cGAN is below L1."
dot_plot(losses)

# %%
print_verdicts(losses)

# %% [markdown]
# Under `smoke` no row has learned anything, one seed cannot make an order consistent, and "open"
# everywhere is correct. What follows describes the painted set under `cpu`, in two series
# of thirty trainings: the one above, and one on another machine with another segmenter.
#
# **Both terms are needed.** Either sum is above either adversarial term alone: consistent. L1+GAN
# is above L1 alone: consistent. L1+cGAN is above L1 too, on average; in one series in all nine
# comparisons of two trainings, here in eight. That a sum beats L1 alone is the central claim of the
# paper (§4.2).
#
# **Without L1, the condition matters: consistent.** cGAN is above GAN. A D that never sees the
# label map asks for a house, not for *this* house, and GAN ends up near the floor.
#
# **cGAN alone against L1 alone: the other way round.** In the paper cGAN is far ahead (.16 to .11).
# Here its mean is behind: reversed in one series, open in the other. L1 gives every
# pixel an answer from the first step on. An adversarial term is worth as much as its opponent, and
# a short training makes a weak one; the paper's rows had 595,000 steps (2975 pairs, 200 epochs).

# %% [markdown]
# **L1+GAN against L1+cGAN: the other way round, by little.** In the paper the condition gains .02
# of IoU; here it costs about as much: reversed in one series, open in the other. With L1 at weight
# 100, G is held to the condition in any case, and a D that need not learn to read label maps may
# learn sooner what photos look like. That "may" is a guess: the seeds say something about the
# order, nothing about its reason. And a gap of .02 is hardly more than what another seed makes of
# one and the same row: three seeds cannot settle it, at this size, in either direction.

# %% alt="Two conditions translated under five losses. L1: soft and dull, in the right layout. GAN and cGAN alone: strong colours, a checkerboard, hardly a house. The sums: L1's layout with edges."
pictures(losses)

# %% [markdown]
# L1 alone gives the right layout, soft windows and one dull colour. GAN and cGAN alone give strong
# colours and a checkerboard, with hardly a window where the condition has one. The sums give the
# layout of L1, with edges.

# %% [markdown]
# ## 6 · Table 2: the generator
#
# The encoder-decoder is the U-Net with its skips cut (notebook 02): all that it knows of the
# condition has gone through the 1×1 bottleneck. What was your second bet?

# %%
generators = PUBLISHED["2 · generators"]
print(grid.table(generators))

# %% alt="Mean IoU of four generators, the paper's beside three trainings each here. Both U-Nets lie clearly above both encoder-decoders, which here score below photos of other houses."
dot_plot(generators)

# %%
print_verdicts(generators)

# %% alt="Two conditions translated by four generators. The encoder-decoder paints the same brown wall, or the same vague house, for both; the U-Nets put windows where the condition has them."
pictures(generators)

# %% [markdown]
# The skips decide: both U-Nets are above both encoder-decoders, as in the paper, and the gap is
# wider than the one between L1 and L1+cGAN. The pictures show why it is so wide *here*. With L1
# alone, the encoder-decoder paints one brown wall for every label map. With D, it paints something
# like a house, but the same one for each. In so short a training nothing of the condition gets
# through the bottleneck, and only a U-Net has skips to go round it. The grid's lines in section 4
# have told you so: *G has collapsed* stands behind every training of an encoder-decoder.
#
# Then look at the floor. Both encoder-decoders score *below* photos of other houses: a wall without
# windows has none in the right place even by luck. Their order is reversed, but it compares two
# generators that both ignore the condition. **An order may be decided and yet mean little.** The
# rule guards against luck, not against a bad question.

# %% [markdown]
# ## 7 · Table 3: what D sees

# %%
patches = PUBLISHED["3 · patches"]
print(grid.table(patches))

# %% alt="Mean IoU of four patch sizes, the paper's beside three trainings each here. The patch and the small patch lead by a little and the pixel is last, but the dots of neighbours overlap."
dot_plot(patches)

# %%
print_verdicts(patches)

# %% alt="Two conditions translated with four patch sizes of D. All show the same soft brown house with windows in the right places; the differences are hard to see."
pictures(patches)

# %% [markdown]
# The means put a patch on top and the pixel at the bottom, as in the paper, and a table of means
# would say so. But hardly anything of it is decided: the dots overlap. "The patch beats the pixel"
# was consistent in the other series, and shows in eight of nine comparisons in this one. All else
# is open: whether the patch beats the whole image, whether the whole image beats single pixels, and
# where the small patch belongs.
#
# The mean of the pixel is close to that of L1 alone (section 5): a D that sees one pixel at a time
# can ask for the right colours, but not for a window frame. In the pictures the differences are
# small, too. The paper suspects that the D of the whole image is harder to train because it is
# larger (§4.4); here it has only one layer more than the patch.

# %% [markdown]
# ## 8 · What a single seed would have told you
#
# Suppose you had only one training of each row: you draw one of your seeds for each of two rows,
# and believe what you see. With three seeds there are nine draws. **Guess:** in how many of them
# would you have seen an order that is consistent, and in how many one that is open?

# %% tags=["predict", "question-49"]
print(f"{'order of the paper':53}{'seen in':>9}   verdict of all seeds")
for published in PUBLISHED.values():
    for better, worse in ablation.published_orders(published):
        draws = [a > b for a in grid.values(better, metric) for b in grid.values(worse, metric)]
        order = f"{better}  above  {worse}"
        print(f"{order:53}{sum(draws):4} of {len(draws)}   {grid.verdict(better, worse, metric)}")

# %% [markdown]
# An order that is consistent shows in all nine draws: that is the rule itself. An order that is
# open shows in some of them. If you had trained only one pair, you would have seen a clear result,
# in one direction or the other, and no sign that it was a matter of luck.
#
# The rule can be fooled as well: with three seeds each, luck gets through once in 20. **Guess:**
# how many orders did we ask about, and how many of them would luck alone make consistent?

# %% tags=["predict", "nbval-check-output"]
orders = [order for rank in PUBLISHED.values() for order in ablation.published_orders(rank)]
different = {tuple(str(rows[name]) for name in order): order for order in orders}
print(f"{len(orders)} orders in tables 1 to 3, {len(different)} different ones")
expected = len(different) * ablation.luck(3, 3)
print(f"if all rows were equal, luck would make about {expected:.0f} of them consistent")

# %%
answers = [grid.verdict(better, worse, metric) for better, worse in different.values()]
for answer in ("consistent", "open", "reversed"):
    print(f"{answer:9}{answers.count(answer):3} of {len(answers)}")

# %% [markdown]
# Luck would have made about one consistent and reversed another, so most of these are no accident;
# but any single one could be. Whenever you test twenty claims at 5 %, say so. (They are not
# independent, either: they share their rows.)

# %% [markdown] tags=["exercise"]
# ### Exercise 2 · code: seed by seed
#
# Trained from the same seed, two rows see the pairs in the same order, so they may be compared seed
# by seed. Write `paired`, the number of seeds in which the first row is ahead. With n seeds and two
# equal rows, how often is a given one of them ahead in all n by luck alone?


# %% tags=["exercise"]
def paired(better, worse):
    """Number of seeds k in which `better[k]` is above `worse[k]`; two arrays of the same length."""
    # <solution>
    return int(np.sum(better > worse))
    # </solution>


# %% tags=["nbval-check-output"]
exercises.check_paired(paired)

# %% tags=["solution"]
for better, worse in different.values():
    ahead = paired(grid.values(better, metric), grid.values(worse, metric))
    order = f"{better}  above  {worse}"
    print(f"{order:53}{ahead} of {len(seeds)}   {grid.verdict(better, worse, metric)}")

# %% [markdown] tags=["solution"]
# A given one of the two is ahead in all n seeds once in $2^n$, once in 8 for three: weaker evidence
# than "all of one above all of the other" (once in 20). Every order that is consistent has 3 of 3,
# but an order with 3 of 3 need not be consistent. Seed by seed, the luck that both rows share
# cancels. To support a claim it would take five seeds ($2^5 = 32$).

# %% [markdown]
# ### Why a small run may not show the paper's order
#
# - **Training.** Ours ends where the paper's has hardly begun. L1 is quick; what needs a good
#   opponent comes late.
# - **Size.** In small pictures there is little texture that a D could miss. "Sharp" and "blurred"
#   differ by a pixel or two.
# - **Data.** Painted facades have a few kinds of window, Cityscapes has streets. What holds for one
#   need not hold for the other, whatever the number of seeds.
# - **The segmenter.** Ours is small and was trained for a minute. It may like hard contrasts more
#   than the paper's FCN-8s does.
#
# A reversed order does not refute the paper. It says that the order depends on something in which
# the two setups differ.

# %% [markdown]
# ## 9 · Another judge, another order
#
# We chose mean IoU because the paper did. The grid has kept the other metrics of notebook 06 as
# well. **Guess before you run the next cell:** which row wins in PSNR, the closeness to the one
# photo in the file?

# %% tags=["predict"]
print(f"{'':26}{'PSNR (dB)':>16}{'SSIM':>16}{TITLES[metric]:>16}")
for name in [*losses, "encoder-decoder, L1", "encoder-decoder, L1+cGAN"]:
    found = (grid.spread(name, each) for each in ("psnr", "ssim", metric))
    print(f"{name:26}" + "".join(f"{each!s:>16}" for each in found))
for each in ("psnr", "ssim", metric):
    print(f"L1 above L1+cGAN in {each}:", grid.verdict("L1", "L1+cGAN", each))

# %% [markdown]
# L1 alone has the best PSNR of these rows. In PSNR, "L1 above L1+cGAN" is consistent; in mean IoU
# L1+cGAN has the better mean. That is no contradiction: notebook 06 showed that PSNR rewards blur.
# But "which loss is best?" has no answer until you say best at what, and you have to choose the
# metric *before* you see the results. With six metrics to choose from afterwards, you can find
# almost any order.

# %% [markdown] tags=["exercise"]
# ### Exercise 3 · experiment: choose the judge afterwards
#
# Suppose you want a certain row of table 1 to win, and nobody asked you beforehand by which metric.
# `grid.cells[0].scores` names those that the grid has kept. For each of them, find the row of
# `losses` with the best mean (`grid.spread`; mind that for one of them lower is better). How many
# different winners can you announce? Expect more than one. What does that say about a table that
# shows one metric?

# %% tags=["exercise"]
# <solution>
winners = []
for each in grid.cells[0].scores:
    sign = -1 if each == "mae" else 1
    means = {name: sign * grid.spread(name, each).mean for name in losses}
    best = max(means, key=means.get)
    winners.append(best)
    print(f"{each:16} best: {best:8} {grid.spread(best, each)}")
print(len(set(winners)), "different winners")
# </solution>

# %% [markdown] tags=["solution"]
# By MAE and PSNR the winner is L1 alone; by what the segmenter says it is a sum. If you choose the
# metric afterwards, you can announce either, with honest numbers. So a table of one metric should
# say that the metric was chosen before, or show the others.

# %% [markdown]
# ## Recap
#
# - An experiment is a set of configurations that differ in one thing each, several seeds, and one
#   judge for all.
# - An order is worth stating if the seeds agree about it and there are enough of them: with three
#   and three, luck puts a given one of two equal rows on top once in 20.
# - Came out as in the paper: L1+GAN beats L1 alone, skips beat no skips, and without L1 the
#   condition is needed.
# - Came out the other way round: cGAN alone against L1+GAN and against L1, and the two
#   encoder-decoders.
# - Too close to call here: L1+cGAN against L1 and against L1+GAN, and the four patches.
# - You can sort means without a spread, but the order may not be real.
#
# **What this does not show.** It shows nothing about Cityscapes, 256 pixels or long trainings: each
# "consistent" holds for this miniature, one segmenter and one data set. The seeds vary the start,
# the order of the pairs and dropout, but neither the segmenter nor the test pictures. The rule asks
# whether two rows differ, not by how much, and "open" is no proof of equality: ten seeds would
# decide some of it. All rows share one learning rate and one number of steps; a row that is behind
# here might lead with settings of its own.

# %% [markdown]
# ## Longer experiments

# %% [markdown] tags=["exercise"]
# ### Exercise 4 · experiment: train longer
#
# Add the rows "L1, longer" and "L1+cGAN, longer", with twice the epochs:
# `rows["L1"].replace(epochs=2 * base.epochs, decay_epochs=2 * base.decay_epochs)`. Call `run_grid`
# with all rows and the same folder: what is finished is loaded, and the same segmenter judges.
# Under `cpu` this takes some five minutes.
#
# Bet first: does the distance between the two grow or shrink? Print it for the short and for the
# long rows, and let the rule of section 3 judge. If you like, add rows for `lambda_l1` 1, 10 and
# 1000 as well.

# %% tags=["exercise"]
# your turn

# %% [markdown] tags=["solution"]
# There is no single right number. A right answer names its bet, gives all means with their spread,
# and claims no more than the rule of section 3 allows: "consistent", "reversed" or "open". For the
# weights, it reports mean IoU *and* PSNR, and expects them to choose differently.

# %% [markdown]
# ## Next
#
# [Notebook 08](08_six_implementations.ipynb) varies the implementation instead of the method: six
# published versions of pix2pix, as recipes. In the paper (Isola et al.,
# [arXiv:1611.07004](https://arxiv.org/abs/1611.07004)), read §4.2 to §4.4 with tables 1 to 3 now,
# captions included. The rank test behind our rule is from Mann and Whitney, *On a test of whether
# one of two random variables is stochastically larger than the other* (1947). On how much
# conclusions about GANs depend on seeds and budgets, read Lucic et al., *Are GANs created equal?*
# ([arXiv:1711.10337](https://arxiv.org/abs/1711.10337)).
