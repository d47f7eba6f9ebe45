"""Many trainings, and what may be concluded from them: tables 1 to 3 of the paper; notebook 07.

One training is an anecdote: another seed would have given another number. So a grid trains every
configuration from several seeds, lets one and the same segmenter read all the results, and calls
an order between two configurations consistent only where the seeds agree about it.
"""

import csv
import json
import math
import re
import time
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product
from pathlib import Path

import keras
import numpy as np

from pix2pix_course import runs
from pix2pix_course.config import Config
from pix2pix_course.evaluation import evaluate
from pix2pix_course.support.files import atomic
from pix2pix_course.support.health import HealthWarning

SCORES = ("pixel_accuracy", "class_accuracy", "mean_iou")
"""The columns of the paper's tables, as `evaluation` names them."""

PUBLISHED = {
    "1 · losses": {
        "L1": (0.42, 0.15, 0.11), "GAN": (0.22, 0.05, 0.01), "cGAN": (0.57, 0.22, 0.16),
        "L1+GAN": (0.64, 0.20, 0.15), "L1+cGAN": (0.66, 0.23, 0.17),
    },
    "2 · generators": {  # at batch size 10, says its caption
        "encoder-decoder, L1": (0.35, 0.12, 0.08), "encoder-decoder, L1+cGAN": (0.29, 0.09, 0.05),
        "U-Net, L1": (0.48, 0.18, 0.13), "U-Net, L1+cGAN": (0.55, 0.20, 0.14),
    },
    "3 · patches": {  # of 1, 16, 70 and 286 pixels
        "pixel": (0.39, 0.15, 0.10), "small patch": (0.65, 0.21, 0.17),
        "patch": (0.66, 0.23, 0.17), "whole image": (0.42, 0.16, 0.11),
    },
}  # fmt: skip
"""Table → row → the published `SCORES`: Cityscapes, labels → photo.

arXiv:1611.07004v3, §4.2 to §4.4; the encoder-decoder is missing in earlier versions.
"""

PUBLISHED_CEILING = (0.80, 0.26, 0.21)
"""What the paper's segmenter scores on real photos (table 1)."""

LUCK = 0.05
"""An order counts as consistent if chance alone would give it at most this often."""

READING = (
    "dataset", "direction", "palette", "image_size", "test_pairs", "segmenter_epochs",
    "segmenter_filters",
)  # fmt: skip
"""Fields in which the configurations of a grid must agree, or its scores cannot be compared."""


def table_configs(base: Config) -> dict[str, Config]:
    """The rows of `PUBLISHED` as configurations; `base` is the row "L1+cGAN".

    The patches follow the images: 1, 16, 70 and 286 pixels at 256. The "whole image" of smaller
    ones is the D of `log2(image_size) - 3` strided layers: its field is a little wider than the
    image, its grid always 6×6. The "patch" is that of `base`. Some rows are one configuration.
    """
    base = base.replace(
        generator="unet", conditional=True, discriminator="patchgan", minibatch_features=0
    )
    without_skips = base.replace(generator="encoder_decoder")
    return {
        "L1": base.replace(gan_weight=0.0),
        "GAN": base.replace(lambda_l1=0.0, conditional=False),
        "cGAN": base.replace(lambda_l1=0.0),
        "L1+GAN": base.replace(conditional=False),
        "L1+cGAN": base,
        "encoder-decoder, L1": without_skips.replace(gan_weight=0.0),
        "encoder-decoder, L1+cGAN": without_skips,
        "U-Net, L1": base.replace(gan_weight=0.0),
        "U-Net, L1+cGAN": base,
        "pixel": base.replace(discriminator_layers=0),
        "small patch": base.replace(discriminator_layers=1),
        "patch": base,
        "whole image": base.replace(discriminator_layers=int(math.log2(base.image_size)) - 3),
    }


# --- running -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    """One training of a grid, finished and scored; `name` is the first of its configuration's."""

    name: str
    seed: int
    scores: dict[str, dict[str, float]]
    seconds: float
    folder: Path
    signs: tuple[str, ...] = field(default=(), compare=False)  # it went wrong, if just now


@dataclass(frozen=True)
class Grid:
    """The finished trainings of some configurations: `configs` by name, `cells` seed by seed."""

    configs: Mapping[str, Config]
    cells: Sequence[Cell]
    folder: Path

    def of(self, name: str) -> list[Cell]:
        """The trainings of a configuration, in the order of the seeds."""
        first = first_names(self.configs)[name]
        return [cell for cell in self.cells if cell.name == first]

    def values(self, name: str, metric: str) -> np.ndarray:
        """The scores of the generated images, one a seed: float64 (seeds,)."""
        return np.array([cell.scores[metric]["generated"] for cell in self.of(name)])

    def spread(self, name: str, metric: str) -> "Spread":
        """Mean and standard deviation over the seeds."""
        return spread(self.values(name, metric))

    def verdict(self, better: str, worse: str, metric: str) -> str:
        """What the seeds say about "`better` scores higher than `worse`"; see `verdict`."""
        return verdict(self.values(better, metric), self.values(worse, metric))

    def table(self, published: Mapping[str, Sequence[float]]) -> str:
        """A table of `PUBLISHED` as text: its scores, then mean ± spread of ours.

        Ours are `SCORES`, or the first three metrics where there is no label map to read back.
        """
        found = self.cells[0].scores  # one segmenter reads all, so real photos score the same
        metrics = SCORES if SCORES[0] in found else tuple(found)[:3]
        real = [f"{found[metric]['real']:.3f}" for metric in metrics if metric in SCORES]
        n = len(self.of(next(iter(published))))
        lines = [
            f"{'':24}{'paper':^18}  here (n = {n}): mean ± standard deviation",
            f"{'':24} pixel class   IoU  " + "".join(f"{metric:>16}" for metric in metrics),
        ]
        for name, paper in [*published.items(), ("real photos", PUBLISHED_CEILING)]:
            ours = [self.spread(name, each) for each in metrics] if name in published else real
            theirs = "".join(f"{score:6.2f}" for score in paper)
            lines.append(f"{name:24}{theirs}  " + "".join(f"{score!s:>16}" for score in ours))
        return "\n".join(lines)


def run_grid(
    configs: Mapping[str, Config],
    seeds: Iterable[int],
    folder: Path,
    data_folder: Path | None = None,
    verbose: int = 1,
) -> Grid:
    """Train every configuration from every seed, and score the results with one segmenter.

    Runs, segmenter and `results.csv` lie in `folder`. It may be stopped at any time: called again,
    it reads finished trainings back and goes on with a broken one from its checkpoint. Of a
    finished training only the generator's weights are kept, since Adam's memory would take several
    times their space. Seed by seed, so that an early stop leaves whole tables. `ValueError` for an
    empty grid, or for one with different data or segmenters; other errors as `runs.train`.
    """
    folder, seeds = Path(folder), list(seeds)
    names = list(dict.fromkeys(first_names(configs).values()))
    require_comparable(configs, seeds)
    jobs = [(name, seed) for seed in seeds for name in names]
    config_of = {job: runs.located(configs[job[0]].replace(seed=job[1])) for job in jobs}
    plain = {name: re.sub(r"[^\w+.×-]", "_", name) for name in names}  # what any file system takes
    places = {(name, seed): folder / plain[name] / f"seed{seed}" for name, seed in jobs}
    found = {job: read_cell(job[0], config_of[job], places[job]) for job in jobs}
    cells = {job: cell for job, cell in found.items() if cell is not None}
    base = config_of[jobs[0]]  # its name tells what the segmenter was trained on, and how
    trained_on = f"{Path(base.dataset).name}-{base.image_size}px"
    reader = folder / f"reader-{trained_on}-{base.segmenter_filters}x{base.segmenter_epochs}"
    if cells and verbose:
        print(f"{len(cells)} of {len(jobs)} trainings were finished before", flush=True)

    spent = []
    for number, job in enumerate(jobs, start=1):
        if job in cells:
            continue
        cells[job] = cell = run_cell(job[0], config_of[job], places[job], reader, data_folder)
        write_results(cells.values(), folder)
        spent.append(cell.seconds)
        if verbose:
            # the first also trained the segmenter, so no mean
            left = math.ceil(np.median(spent) * (len(jobs) - len(cells)) / 60)
            is_read = SCORES[0] in cell.scores
            metric, what = ("mean_iou", "mean IoU") if is_read else ("psnr", "PSNR")
            score = f"{what} {cell.scores[metric]['generated']:.2f}"
            done = f"[{number:2d}/{len(jobs)}] {job[0]} seed {job[1]}"
            print(done, score, f"about {left} min left", *cell.signs, sep="   ", flush=True)
    grid = Grid(configs, [cells[job] for job in jobs], folder)
    write_results(grid.cells, folder)
    return grid


def run_cell(
    name: str, config: Config, folder: Path, reader: Path, data_folder: Path | None
) -> Cell:
    """Train and evaluate one configuration, and note down the scores, in one piece, at the end."""
    start = time.perf_counter()
    keras.utils.clear_session()  # let go of the graphs of the training before
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HealthWarning)  # the cell says it in a few words
        run = runs.train(config, folder, data_folder, verbose=0)
    evaluation = evaluate(run, data_folder=data_folder, verbose=0, segmenter_folder=reader)
    seconds = time.perf_counter() - start
    with atomic(folder / "cell.json") as partial:
        partial.write_text(json.dumps({"seconds": seconds, "scores": evaluation.scores}, indent=2))
    for file in runs.newest_checkpoint(folder)[1].iterdir():
        if file.name != "generator.weights.h5":
            file.unlink()
    signs = tuple(run.health.said.values()) if run.health else ()
    return Cell(name, config.seed, evaluation.scores, seconds, folder, signs)


def read_cell(name: str, config: Config, folder: Path) -> Cell | None:
    """A finished training of exactly this configuration, or None; `RunError` if of another one."""
    if not (folder / "cell.json").exists():
        return None
    if (found := runs.read_run(folder)[0]) != config:
        difference = runs.describe_difference(found, config)
        remedy = "Choose another folder for the grid, or delete this one."
        raise runs.RunError(f"{folder} holds another run, with {difference}. {remedy}")
    return Cell(name, config.seed, folder=folder, **json.loads((folder / "cell.json").read_text()))


def first_names(configs: Mapping[str, Config]) -> dict[str, str]:
    """Each name → the first name that means the same configuration."""
    return {
        name: next(other for other, candidate in configs.items() if candidate == config)
        for name, config in configs.items()
    }


def require_comparable(configs: Mapping[str, Config], seeds: Sequence[int]) -> None:
    """Raise `ValueError` for a grid that is empty, or that one segmenter could not read."""
    if not configs or not seeds:
        raise ValueError("a grid needs at least one configuration and one seed")
    if len(set(seeds)) < len(seeds):
        raise ValueError(f"a seed stands twice in {list(seeds)}; it would count as two trainings")
    first, base = next(iter(configs.items()))
    for (name, config), setting in product(configs.items(), READING):
        mine, theirs = getattr(base, setting), getattr(config, setting)
        if mine != theirs:
            raise ValueError(
                f"{first!r} has {setting}={mine!r} and {name!r} has {theirs!r}: their scores "
                "could not be compared. Give each its own grid."
            )


def write_results(cells: Iterable[Cell], folder: Path) -> None:
    """Write `results.csv`: a row a training, with the scores of its generated images."""
    cells, place = list(cells), folder / "results.csv"
    metrics = list(cells[0].scores)
    with atomic(place) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["name", "seed", *metrics, "seconds"])
        for cell in cells:
            values = [cell.scores[metric]["generated"] for metric in metrics]
            writer.writerow([cell.name, cell.seed, *values, round(cell.seconds, 1)])


# --- concluding ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Spread:
    """Several trainings as mean and sample standard deviation (over n - 1; NaN for one seed)."""

    mean: float
    deviation: float
    n: int

    def __str__(self):
        return f"{self.mean:.3f}" + (f" ± {self.deviation:.3f}" if self.n > 1 else "")


def spread(values: Sequence[float]) -> Spread:
    """Mean and sample standard deviation of some scores."""
    values = np.asarray(values, float)
    deviation = float(values.std(ddof=1)) if len(values) > 1 else math.nan
    return Spread(float(values.mean()), deviation, len(values))


def luck(first: int, second: int) -> float:
    """How often chance alone puts all of one group above all of another, in a given direction.

    If the two groups of trainings do not differ, every order of their scores is equally likely,
    and one of (first + second)! / (first! · second!) divisions separates them: 1/20 for 3 and 3.
    This is the smallest level that the rank test of Mann and Whitney (1947) can reach.
    """
    return 1 / math.comb(first + second, first)


def verdict(better: Sequence[float], worse: Sequence[float]) -> str:
    """What two groups of scores say about the claim that the first is the better one.

    "consistent" if every score of `better` is above every one of `worse`, and there are so many
    that `luck` is at most `LUCK` (3 and 3 are enough); "reversed" if the opposite is; else "open".
    """
    if luck(len(better), len(worse)) > LUCK:
        return "open"
    if min(better) > max(worse):
        return "consistent"
    return "reversed" if max(better) < min(worse) else "open"


def published_orders(
    published: Mapping[str, Sequence[float]], metric: str = "mean_iou"
) -> list[tuple[str, str]]:
    """All pairs (better, worse) of rows of one published table; ties are no order."""
    column = SCORES.index(metric)
    scores = {name: row[column] for name, row in published.items()}
    ranked = sorted(scores, key=lambda name: -scores[name])
    return [(a, b) for a, b in combinations(ranked, 2) if scores[a] > scores[b]]
