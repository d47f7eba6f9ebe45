import csv
import json
from itertools import permutations

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from pix2pix_course import ablation, runs
from pix2pix_course.ablation import PUBLISHED, SCORES, Cell, Grid
from pix2pix_course.config import Config, profile
from pix2pix_course.discriminators import receptive_field

# --- the tables ------------------------------------------------------------------------------


def test_the_tables_vary_one_thing_each():
    base = Config()
    configs = ablation.table_configs(base)
    assert set(configs) == {name for rows in PUBLISHED.values() for name in rows}
    assert configs["L1+cGAN"] == configs["U-Net, L1+cGAN"] == configs["patch"] == base
    assert configs["L1"] == configs["U-Net, L1"] == base.replace(gan_weight=0)
    assert len({json.dumps(config.to_dict()) for config in configs.values()}) == 10


def test_the_patches_at_256_pixels_are_the_papers():
    configs = ablation.table_configs(Config())
    rows = PUBLISHED["3 · patches"]
    assert [receptive_field(configs[row].discriminator_layers) for row in rows] == [1, 16, 70, 286]


@pytest.mark.parametrize("size", [64, 128, 256, 512])
def test_the_whole_image_is_just_seen_and_the_grid_stays_6_by_6(size):
    base = Config(image_size=size, discriminator_layers=2)
    layers = ablation.table_configs(base)["whole image"].discriminator_layers
    assert size < receptive_field(layers) < 1.13 * size
    assert size // 2**layers - 2 == 6  # two convolutions of stride 1 take a row each


def test_published_orders_are_those_of_the_paper():
    losses = ablation.published_orders(PUBLISHED["1 · losses"])
    assert losses[0] == ("L1+cGAN", "cGAN")
    assert len(losses) == 10
    # 16×16 and 70×70 tie in IoU, and differ in pixel accuracy
    patches = PUBLISHED["3 · patches"]
    assert ("patch", "small patch") not in ablation.published_orders(patches)
    assert ("patch", "small patch") in ablation.published_orders(patches, "pixel_accuracy")


# --- concluding ------------------------------------------------------------------------------


def test_spread_by_hand():
    found = ablation.spread([1.0, 2.0, 6.0])
    assert (found.mean, found.n) == (3.0, 3)
    assert found.deviation == pytest.approx(7**0.5)  # (4 + 1 + 9) / 2
    assert str(found) == "3.000 ± 2.646"
    assert str(ablation.spread([0.25])) == "0.250"


def test_luck_counts_the_orders_that_separate_two_groups():
    orders = list(permutations("aaabb"))
    separated = sum(order[:3] == ("a", "a", "a") for order in orders) / len(orders)
    assert ablation.luck(3, 2) == pytest.approx(separated)
    test = mannwhitneyu([4, 5, 6], [1, 2, 3], alternative="greater", method="exact")
    assert ablation.luck(3, 3) == pytest.approx(test.pvalue)


@pytest.mark.parametrize(
    ("better", "worse", "answer"),
    [
        ([4, 5, 6], [1, 2, 3], "consistent"),
        ([1, 2, 3], [4, 5, 6], "reversed"),
        ([4, 5, 6], [1, 2, 4], "open"),  # a tie
        ([4, 5, 9], [1, 2, 4.5], "open"),  # the means are far apart, and yet
        ([5, 6], [1, 2], "open"),  # one time in six by luck
        ([9], [1], "open"),
    ],
)
def test_an_order_needs_seeds_that_agree_and_enough_of_them(better, worse, answer):
    assert ablation.verdict(better, worse) == answer


# --- running -----------------------------------------------------------------------------------


def scores(value: float) -> dict:
    """As an evaluation has them."""
    columns = {"generated": value, "real": 0.9, "shuffled": 0.1}
    return {metric: dict(columns) for metric in ("psnr", *SCORES)}


@pytest.fixture
def stub(monkeypatch):
    """Trainings that cost nothing and score λ/1000 + seed/100; returns what was trained."""
    trained = []

    def run_cell(name, config, folder, reader, data_folder):
        trained.append((name, config.seed))
        value = config.lambda_l1 / 1000 + config.seed / 100
        folder.mkdir(parents=True)
        runs.write_config(folder, config, {})
        (folder / "cell.json").write_text(json.dumps({"seconds": 90, "scores": scores(value)}))
        return Cell(name, config.seed, scores(value), 90, folder)

    monkeypatch.setattr(ablation, "run_cell", run_cell)
    return trained


CONFIGS = {
    "weak": profile("smoke").replace(lambda_l1=100),
    "strong": profile("smoke").replace(lambda_l1=200),
    "weak again": profile("smoke").replace(lambda_l1=100),
}


def test_equal_configurations_are_trained_once_and_seeds_are_the_outer_loop(stub, tmp_path, capsys):
    grid = ablation.run_grid(CONFIGS, range(2), tmp_path)
    assert stub == [("weak", 0), ("strong", 0), ("weak", 1), ("strong", 1)]
    np.testing.assert_allclose(grid.values("weak again", "mean_iou"), [0.10, 0.11])
    assert grid.spread("strong", "mean_iou").mean == pytest.approx(0.205)
    assert grid.verdict("strong", "weak", "mean_iou") == "open"
    assert capsys.readouterr().out.splitlines() == [
        "[ 1/4] weak seed 0   mean IoU 0.10   about 5 min left",
        "[ 2/4] strong seed 0   mean IoU 0.20   about 3 min left",
        "[ 3/4] weak seed 1   mean IoU 0.11   about 2 min left",
        "[ 4/4] strong seed 1   mean IoU 0.21   about 0 min left",
    ]
    rows = list(csv.DictReader((tmp_path / "results.csv").open(encoding="utf-8")))
    assert [(row["name"], row["seed"]) for row in rows[:2]] == [("weak", "0"), ("strong", "0")]
    assert float(rows[3]["mean_iou"]) == pytest.approx(0.21)


def test_what_is_finished_is_read_back_and_more_seeds_are_added(stub, tmp_path, capsys):
    ablation.run_grid(CONFIGS, [0], tmp_path, verbose=0)
    assert capsys.readouterr().out == ""
    grid = ablation.run_grid(CONFIGS, [0, 1, 2], tmp_path)
    assert len(stub) == 6
    assert "2 of 6 trainings were finished before" in capsys.readouterr().out
    assert grid.verdict("strong", "weak again", "mean_iou") == "consistent"
    assert grid.verdict("weak", "strong", "mean_iou") == "reversed"


def test_a_folder_of_another_grid_is_refused(stub, tmp_path):
    ablation.run_grid(CONFIGS, [0], tmp_path, verbose=0)
    other = {"weak": CONFIGS["weak"].replace(epochs=7)}
    with pytest.raises(runs.RunError, match=r"weak.seed0 holds .*epochs=2 instead of 7"):
        ablation.run_grid(other, [0], tmp_path)


@pytest.mark.parametrize(
    ("configs", "seeds", "message"),
    [
        ({}, [0], "at least one configuration"),
        (CONFIGS, [], "one seed"),
        (CONFIGS, [1, 1], "a seed stands twice"),
        (
            CONFIGS | {"large": CONFIGS["weak"].replace(image_size=128)},
            [0],
            "'weak' has image_size=64 and 'large' has 128",
        ),
    ],
)
def test_a_grid_that_could_not_be_compared_is_refused(stub, tmp_path, configs, seeds, message):
    with pytest.raises(ValueError, match=message):
        ablation.run_grid(configs, seeds, tmp_path)
    assert stub == []


def test_a_table_holds_the_published_numbers_and_ours(stub, tmp_path):
    grid = ablation.run_grid(CONFIGS, [0, 1], tmp_path, verbose=0)
    lines = grid.table({"strong": (0.42, 0.15, 0.11)}).splitlines()
    assert lines[2].split()[:4] == ["strong", "0.42", "0.15", "0.11"]
    assert lines[2].split()[4:7] == ["0.205", "±", "0.007"]
    assert lines[3].split() == ["real", "photos", "0.80", "0.26", "0.21", *["0.900"] * 3]


def test_without_a_label_map_there_is_still_a_table(tmp_path):
    values = {metric: {"generated": 20.0, "shuffled": 9.0} for metric in ("mae", "psnr", "ssim")}
    grid = Grid({"a": CONFIGS["weak"]}, [Cell("a", 0, values, 1.0, tmp_path)], tmp_path)
    table = grid.table({"a": (0.42, 0.15, 0.11)})
    assert "psnr" in table
    assert "20.000" in table


def test_a_real_grid_shares_its_segmenter_and_goes_on_where_it_stopped(small_config, tmp_path):
    base = small_config.replace(epochs=2)
    configs = {"L1": base.replace(gan_weight=0.0), "L1+cGAN, all": base}
    # a training that was stopped after its first epoch
    stopped = runs.train(
        base.replace(epochs=1), tmp_path / "grid" / "L1+cGAN__all" / "seed0", verbose=0
    )
    runs.write_config(stopped.folder, base, stopped.data)

    grid = ablation.run_grid(configs, [0], tmp_path / "grid", verbose=0)

    first, second = grid.cells
    assert second.folder == stopped.folder
    assert [row["epoch"] for row in runs.read_history(second.folder / "history.csv")] == [1, 2]
    for metric in SCORES:  # one reader, so one ceiling
        assert first.scores[metric]["real"] == second.scores[metric]["real"]
    assert len(list((tmp_path / "grid").glob("reader-*/segmenter.weights.h5"))) == 1
    assert runs.load(first.folder).epoch == 2
    checkpoint = first.folder / "checkpoint-0002"
    assert [file.name for file in checkpoint.iterdir()] == ["generator.weights.h5"]
    again = ablation.run_grid(configs, [0], tmp_path / "grid", verbose=0)
    assert again.cells == grid.cells


def test_what_went_wrong_with_a_training_is_said_once_and_is_no_part_of_its_scores(
    small_config, tmp_path, capsys
):
    config = small_config.replace(epochs=1, segmenter_epochs=1, bottleneck_norm=True, batch_size=1)
    grid = ablation.run_grid({"dead": config}, [0], tmp_path / "grid")
    assert capsys.readouterr().out.rstrip().endswith("min left   G has dead units")
    again = ablation.run_grid({"dead": config}, [0], tmp_path / "grid")
    assert again.cells == grid.cells
    assert (grid.cells[0].signs, again.cells[0].signs) == (("G has dead units",), ())
