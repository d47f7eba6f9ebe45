"""Orders and numbers that the notebooks' prose states of a trained result, held against the output.

Cells tagged `nbval-check-output` need no entry: CI runs them again. What a training gives differs
from machine to machine, so nothing compares it, and prose about it could go stale unseen.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import pytest

from pix2pix_course.notebooks import build, default_folder, files


@dataclass
class Claim:
    """`words` stand in the prose of a notebook; the output of the cell with `code` bears them out.

    `holds` is given the output and says whether they are true.
    """

    notebook: str
    words: str
    code: str
    holds: Callable[["Output"], bool]

    def __str__(self):
        return f"{self.notebook}: {self.words[:40]}"


class Output(str):
    """What a cell printed; `output["label"]` are the numbers behind a label.

    The line is the first that begins with the label, or else holds it. Digits in names are none.
    """

    __slots__ = ()

    def __getitem__(self, label: str) -> list[float]:
        lines = sorted(
            (line for line in self.splitlines() if label in line),
            key=lambda line: not line.lstrip().startswith(label),
        )
        behind = lines[0].partition(label)[2].replace(",", "")
        return [float(number) for number in re.findall(r"(?<![\w.])-?\d*\.?\d+", behind)]

    def column(self, place: int, *labels: str) -> list[float]:
        """The numbers at a place of several lines."""
        return [self[label][place] for label in labels]

    def says(self, *words: str) -> bool:
        """Whether one line holds these words in this order, with only spaces between them."""
        return re.search(r"(?m)^ *" + r" +".join(map(re.escape, words)), self) is not None


def falls(values: list[float]) -> bool:
    """Whether each is less than the one before."""
    return all(a > b for a, b in pairwise(values))


CANDIDATES = "pixel_scores = {}"
JUDGED = 'print_consistency({"real photos": y} | candidates)'
MODES = 'versions = {"paper, seed 0": y_hat}'
HOUR = "hour_counts = evaluation.confusion("
LADDER = 'ladder = {"real": y'
LOSSES, GENERATORS = "print_verdicts(losses)", "print_verdicts(generators)"
WEIGHTS = [f"λ = {weight:4}" for weight in (0, 1, 10, 100, 1000)]

CLAIMS = [
    Claim(
        "00",
        "Here L1 hardly moves while the pictures become better, and $D$ finds it easier to tell "
        "the two apart",
        "for row in (run.history[0], run.history[-1]):",
        lambda o: (
            abs(o["epoch 1:"][0] - o["epoch 3:"][0]) < 0.03
            and o["epoch 3:"][1] > o["epoch 1:"][1]
            and o["epoch 3:"][2] < o["epoch 1:"][2]
        ),
    ),
    Claim(
        "01",
        "Cut *and* mirrored apart, a map fits its own photo hardly better than the map of another "
        "house.",
        'shares = {"mirrored apart"',
        lambda o: 0 < o["another house"][0] - o["both apart"][0] < 0.08,
    ),
    Claim(
        "01",
        "about 5 % at 1 pixel, 8 to 11 % at 2, 40 to 50 % at 15.",
        "def changed_within(reach):",
        lambda o: (
            0.03 < (share := o["changed:"][::2])[1] < 0.07
            and 0.075 < share[2] < 0.115
            and 0.395 < share[5] < 0.505
        ),
    ),
    Claim(
        "02",
        "The U-Net gets there sooner and ends lower",
        'print(f"references: grey',
        lambda o: o["U-Net:"][-1] < o["encoder-decoder:"][-1] < 0.6 * o["references: grey"][0],
    ),
    Claim(
        "02",
        "With painted houses its answers change by a hundredth or less, the U-Net's by many times "
        "that.",
        'conditions = {"its own": x1',
        lambda o: max(o["encoder-decoder"]) < 0.0105 < 0.1 < min(o["U-Net"]),
    ),
    Claim(
        "02",
        "Cutting a skip beside the bottleneck changes next to nothing.",
        "for row, name in enumerate(operations):",
        lambda o: (l1 := o["L1 when cut"][::2])[1] - l1[0] < 0.01 and max(l1) == l1[4] > 2 * l1[0],
    ),
    Claim(
        "03",
        "the D that sees both is right about most patches of pairs it has never met (more than 75 "
        "per cent). The other stays at one half.",
        "figure, (left, right) = plt.subplots(1, 2",
        lambda o: o["sees x and y:"][0] > 75 and abs(o["sees y alone:"][0] - 50) < 2,
    ),
    Claim(
        "03",
        "About one half, where `[x, y]` has over three quarters",
        "first kernel:",
        lambda o: o["[x, y]:"][0] > 75 and abs(o["[y, x]:"][0] - 50) < 10,
    ),
    Claim(
        "03",
        "next to nothing, 16 hardly anything, and 32 at least double the dozen of red patches.",
        "def with_flaw(square):",
        lambda o: (
            o["16 pixels:"][0] < 1.2 * o[" 0 pixels:"][0]
            and o["32 pixels:"][0] > 2 * o[" 0 pixels:"][0]
        ),
    ),
    Claim(
        "04",
        "The distance falls with every step of λ; the sharpness is highest at 0 and lowest at "
        "1000.",
        "for lambda_l1 in (0, 1, 10, 100, 1000):",
        lambda o: (
            falls(o.column(0, *WEIGHTS))
            and o["λ =    0"][1] == max(sharp := o.column(1, *WEIGHTS))
            and o["λ = 1000"][1] == min(sharp)
        ),
    ),
    Claim(
        "04",
        "**λ = 0** is farthest from the photos, and sharper than they are.",
        "for lambda_l1 in (0, 1, 10, 100, 1000):",
        lambda o: o["λ =    0"][1] > o["photos"][1],
    ),
    Claim(
        "04",
        "clean and blurred, with about half of their sharpness.",
        "for lambda_l1 in (0, 1, 10, 100, 1000):",
        lambda o: 0.4 < o["λ = 1000"][1] / o["photos"][1] < 0.65,
    ),
    Claim(
        "05",
        "Within two epochs D(real) is near 0.8 and D(fake) near 0.2, and about there they stay.",
        'run = runs.train(config, folder, verbose="lines")',
        lambda o: all(
            abs(o[f"epoch   {n}/8"][1] - 0.8) < 0.1 and abs(o[f"epoch   {n}/8"][2] - 0.2) < 0.1
            for n in (2, 4, 8)
        ),
    ),
    Claim(
        "05",
        "in the whole training it falls by a few per cent at most.",
        'l1 = [row["g_l1"] for row in run.history]',
        lambda o: 0 < 1 - o["L1 is"][-1] / o["L1 is"][0] < 0.06,
    ),
    Claim(
        "05",
        "the trained generator is somewhat nearer to the targets than the average, no more.",
        '"average training photo": [to_network(some.target).mean(0)]',
        lambda o: (
            0 < o["average training photo"][0] - o["trained generator"][0] < 0.06
            and o["average training photo"][0] < o["untrained generator"][0]
        ),
    ),
    Claim(
        "05",
        "Dropout changes next to nothing, the statistics a lot more.",
        'print("grey levels:     to the photo',
        lambda o: o["deterministic"][1] < 2 and o["running"][1] > 3 * o["deterministic"][1],
    ),
    Claim(
        "05",
        "the mean colour varies far less than among photos in every mode.",
        'print("grey levels:     to the photo',
        lambda o: max(o.column(2, "paper", "deterministic", "running")) < 0.5 * o["(photos)"][2],
    ),
    Claim(
        "05",
        "it recognises the kind that it was trained on best, and is more easily deceived by mode "
        '`"running"`',
        "referee = training.build_discriminator(config)",
        lambda o: o["running"][0] > o["paper"][0] + 0.03,
    ),
    Claim(
        "05",
        "L1 alone is a little nearer to the photos, and clearly blurrier: it reaches only about "
        "half of their sharpness.",
        'for name, images in (results | {"photos": test_64.target})',
        lambda o: (
            0 < o["L1 + GAN"][0] - o["L1 alone"][0] < 8
            and 0.35 < o["L1 alone"][1] / o["photos"][1] < 0.6
        ),
    ),
    Claim(
        "05",
        'λ = 1000 lies beside "L1 alone" in both: as near, and as blurred. λ = 10 lies beyond',
        "for weight in (10, 1000):",
        lambda o: (
            o["λ =   10"][0] > o["λ = 1000"][0] + 3 and o["λ =   10"][1] > o["λ = 1000"][1] + 3
        ),
    ),
    Claim(
        "06",
        "In our run the two are close.",
        'train_mae = run.history[-1]["g_l1"]',
        lambda o: abs(o["of training:"][0] - o["on test pictures:"][0]) < 4,
    ),
    Claim(
        "06",
        "MAE and PSNR prefer the blurred version to what the generator made",
        CANDIDATES,
        lambda o: (
            o["generated, blurred"][0] < o["generated"][0]
            and o["generated, blurred"][1] > o["generated"][1]
        ),
    ),
    Claim(
        "06",
        "*one flat colour* comes within a decibel of the trained network",
        CANDIDATES,
        lambda o: abs(o["one flat colour"][1] - o["generated"][1]) < 1,
    ),
    Claim(
        "06",
        "Last comes the only candidate that is a real photo.",
        CANDIDATES,
        lambda o: (
            min(o.column(1, "generated", "generated, blurred", "one flat colour"))
            > o["another real photo"][1]
        ),
    ),
    Claim(
        "06",
        "The generated photos stand far nearer to the ceiling than to the floor.",
        LADDER,
        lambda o: o["generated"][2] > 0.25 * o["real, shuffled"][2] + 0.75 * o["real"][2] - 0.05,
    ),
    Claim(
        "06",
        "Blurring them costs a lot, where PSNR gave a reward, and the flat colour has the lowest "
        "mean IoU.",
        JUDGED,
        lambda o: (
            falls(o.column(0, "real photos", "generated", "generated, blurred"))
            and o["one flat colour"][2]
            < min(o.column(2, "generated, blurred", "another real photo"))
        ),
    ),
    Claim(
        "06",
        "The flawless twins read as well as the photos or nearly so; the blurred photos, though "
        "nearer by MAE, read far worse.",
        'for name, pictures in {"photos": photos, "twins": others',
        lambda o: (
            o["photos  "][0] - o["twins"][0] < 0.03
            and o["twins"][0] - o["blurred"][0] > 0.1
            and o["blurred"][1] < o["twins"][1]
        ),
    ),
    Claim(
        "06",
        "after one pixel, a PSNR of about 20 dB and a pixel accuracy above 0.85",
        "while shift <= config.image_size // 2:",
        lambda o: 19 < o["1 px: PSNR"][0] < 21 and o["1 px: PSNR"][2] > 0.85,
    ),
    Claim(
        "06",
        "The mean IoU moves by a few hundredths; decorations come back in part, but the blinds "
        "stay the worst of the three, far below real photos; and the pixel error is no smaller.",
        HOUR,
        lambda o: (
            abs(o["an hour's training"][0] - o["this run"][0]) < 0.1
            and o["an hour's training"][2] > o["this run"][2] + 0.05
            and o["an hour's training"][1] == min(o["an hour's training"][1:4])
            and o["an hour's training"][1] < o["real photos"][1] - 0.2
            and o["an hour's training"][4] > o["this run"][4] - 0.5
        ),
    ),
    Claim(
        "06",
        "The three seeds give different pictures and nearly the same scores",
        MODES,
        lambda o: (
            min(o.column(0, "paper, seed 1", "paper, seed 2")) > 0.3
            and max(scores := o.column(3, "paper, seed 0", "paper, seed 1", "paper, seed 2"))
            < min(scores) + 0.02
        ),
    ),
    Claim(
        "06",
        "`running` gives pictures that differ by far more, and are a little further from the "
        "photos.",
        MODES,
        lambda o: (
            o["running"][0] > 3 * o["paper, seed 1"][0]
            and 0 < o["running"][1] - o["paper, seed 0"][1] < 6
        ),
    ),
    Claim(
        "06",
        "Under `cpu` both sabotages end near the floor, far under the trained run.",
        LADDER,
        lambda o: (
            max(o.column(2, "never trained", "conditions mixed up")) < o["real, shuffled"][2] + 0.05
        ),
    ),
    Claim(
        "06",
        "so its mean IoU is below that of a photo of some other house.",
        LADDER,
        lambda o: o["never trained"][2] < o["real, shuffled"][2],
    ),
    Claim(
        "06",
        "The distance shrinks as the piles grow.",
        "drawn = rng.permutation(pool)",
        lambda o: o["real at"][-1] > 1.5,
    ),
    Claim(
        "07",
        "*G has collapsed* stands behind every training of an encoder-decoder",
        "grid = ablation.run_grid(",
        lambda said: (
            ["encoder-decoder" in line for line in said.splitlines() if "collapsed" in line]
            == [True] * said.count("encoder-decoder")
            != []
        ),
    ),
    Claim(
        "07",
        "Either sum is above either adversarial term alone: consistent.",
        LOSSES,
        lambda o: (
            o.says("L1+cGAN", "above", "cGAN", "consistent")
            and o.says("L1+cGAN", "above", "GAN", "consistent")
            and o.says("L1+GAN", "above", "GAN", "consistent")
            and o.says("cGAN", "above", "L1+GAN", "reversed")
        ),
    ),
    Claim(
        "07",
        "L1+GAN is above L1 alone: consistent.",
        LOSSES,
        lambda o: o.says("L1+GAN", "above", "L1", "consistent"),
    ),
    Claim(
        "07",
        "**Without L1, the condition matters: consistent.**",
        LOSSES,
        lambda o: o.says("cGAN", "above", "GAN", "consistent"),
    ),
    Claim(
        "07",
        "both U-Nets are above both encoder-decoders, as in the paper",
        GENERATORS,
        lambda o: o.count("consistent") == 4,
    ),
    Claim(
        "07",
        "Their order is reversed",
        GENERATORS,
        lambda o: o.says("encoder-decoder, L1", "above", "encoder-decoder, L1+cGAN", "reversed"),
    ),
    Claim(
        "07",
        'In PSNR, "L1 above L1+cGAN" is consistent; in mean IoU L1+cGAN has the better mean.',
        'for each in ("psnr", "ssim", metric):',
        lambda o: "L1 above L1+cGAN in psnr: consistent" in o and o["L1+cGAN  "][4] > o["L1  "][4],
    ),
]


def shown(cell) -> str:
    return "".join(o.get("text", "") for o in cell.outputs if o.output_type == "stream")


@pytest.mark.parametrize("edition", build.EDITIONS)
@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_what_the_prose_says_is_what_the_cell_shows(claim, edition):
    (source,) = files.matching([claim.notebook], build.sources(default_folder()))
    notebook = files.read(build.place(source, edition))
    prose = " ".join(
        " ".join(c.source.split()) for c in notebook.cells if c.cell_type == "markdown"
    )
    outputs = [shown(c) for c in files.code_cells(notebook) if claim.code in c.source]
    if edition == build.STUDENT and (claim.words not in prose or not outputs):
        pytest.skip("words or cell belong to a solution")
    assert claim.words in prose, "the words have changed: is the claim still right?"
    assert len(outputs) == 1, f"{len(outputs)} cells hold {claim.code!r}"
    assert claim.holds(Output(outputs[0])), outputs[0]
