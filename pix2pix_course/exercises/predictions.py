"""The exercises whose answer can be known beforehand, as a table; try them before you read on.

A row holds the answer and the guesses that betray a known mistake, each with its hint.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from pix2pix_course.exercises.checking import check, expect, expect_prediction

LOG2, E = math.log(2), math.e
WITH_SKIPS, WITHOUT_SKIPS = 54_413_955, 39_075_459  # trainable weights at 256 pixels


@dataclass(frozen=True)
class Prediction:
    """One value that a student predicts.

    `answer`; `guesses`: (guess, hint); `tolerance`, relative; `words`: those that may be answered.
    """

    answer: object
    guesses: tuple[tuple[object, str], ...]
    tolerance: float = 0.05
    words: tuple[str, ...] = ()


def check_of(exercise: str, about: str, *parts: Prediction) -> Callable:
    """What a notebook calls with its predictions: one value for each part."""

    @check(exercise)
    def examine(*given):
        for part, value in zip(parts, given, strict=True):
            if part.words:
                offered = f"{', '.join(map(repr, part.words[:-1]))} and {part.words[-1]!r}"
                is_offered = str(value).strip().casefold() in part.words
                expect(is_offered, f"one of {offered} is asked for, not {value!r}")
            expect_prediction(
                value, part.answer, tolerance=part.tolerance, misconceptions=part.guesses
            )

    examine.__doc__ = about
    return examine


BUFFER = "that needs a buffer of all 400; this one holds ten"
INNER = "does the middle of the grid look at less? A patch of 286 pixels lies in a picture of 256"
MAJORITY = "L1 takes the side of the majority"

# name: (exercise, what the answer is, its parts)
PREDICTIONS = {
    "g_pays": ("00.2", "1.20 of D, and 100 times 0.31.", Prediction(32.2, (
        (1.51, "λ is missing: it stands in front of the distance"),
        (120.31, "λ stands in front of the distance, not of what D charges"),
        (151, "λ stands in front of the distance alone"),
        (31, "that is the distance's part; D charges as well"),
        (1.20, "that is D's part; the distance has a price as well"),
        (29.8, "both parts are paid: they are added"),
    ), tolerance=0.01)),
    "d_answers": ("00.3", "For what it cannot tell apart: the share of real.", Prediction(0.5, (
        (1, "D would say so to the generated ones too, since they look the same"),
        (0, "D would say so to the photos too, and half of what it sees are photos"),
        (50, "in percent, yes; the answer is a number from 0 to 1"),
    ))),
    "most_places": ("01.3", "How much earlier a buffer of 10 lets an element come.", Prediction(9, (
        (10, "one of the ten is the element whose turn it is, and that gains nothing"),
        (0, "shuffling does move elements; which ones may come first?"),
        (4.5, "that is what a place in the buffer gains on average; at most?"),
        (5, "the middle of the buffer gains that; what does the last place gain?"),
        (390, BUFFER),
        (420, BUFFER),
    ))),
    "different_results": ("01.6", "Three results, each with photos mirrored anew.", Prediction(3, (
        (1, "a mirrored photo has the same pixels at other places; does the answer move too?"),
        (2, "a result belongs to the draw of *all* photos, not of one; how many are drawn?"),
    ))),
    "weights_with_add": ("02.2", "As many as the encoder-decoder.", Prediction(WITHOUT_SKIPS, (
        (WITH_SKIPS, "that is the number with `Concatenate`; how many channels has a sum?"),
        (15_338_496, "that is what the skips add when they are concatenated; subtract it"),
        (WITH_SKIPS / 2, "only what the decoder reads from the skips goes, not half of all"),
        (39, "give the number itself, not millions"),
        (39.1, "give the number itself, not millions"),
    ), tolerance=0.001)),
    "larger_picture": ("03.1", "Grid, patch, and layers for the old share, at 512 pixels.",
        Prediction(62, (
            (60, "the grid does not double; what do the two layers of stride 1 cost at any size?"),
            (64, "three halvings give 64; the two layers of stride 1 do not keep the size"),
            (63, "that is after four layers; the fifth costs one place more"),
            (30, "a larger picture has more patches; take 512 through the five layers"),
            (62 * 62, "that is the number of answers; the side of the grid is asked for"),
        ), tolerance=0),
        Prediction(70, (
            (140, "the patch follows from the layers alone, and these are the same"),
            (142, "that is the patch of one layer more"),
        ), tolerance=0),
        Prediction(4, (
            (3, "with three, a patch of 70 is 14 per cent of the side; it was 27"),
            (1, "say how many in all, not how many more"),
            (6, "each strided layer about doubles the patch, so twice as many are far too many"),
        ), tolerance=0)),
    "free_of_padding": ("03.4", "None: the patches are 286 wide, the picture 256.", Prediction(0, (
        (36, "is a patch of 286 pixels smaller than the picture?"),
        (16, INNER), (4, INNER), (1, INNER),
    ))),
    "least_cost": ("04.2", "A real patch where the sigmoid is applied twice: -log σ(1).",
        Prediction(math.log1p(1 / E), (
            (0, "that is the least from a logit; which values can D's last sigmoid give?"),
            (LOG2, "that is the cost of the answer 0; D can do better than σ(0)"),
            (math.log1p(E), "that is -log(1 - σ(1)), what a generated patch costs there"),
            (1 / (1 + 1 / E), "that is the probability σ(1); what does it cost?"),
            (1 - 1 / (1 + 1 / E), "that is 1 - σ(1); take the logarithm of σ(1)"),
        ))),
    "favourite_wall": ("04.5", "What L1 paints if 80 of 100 walls are brick.", Prediction("brick", (
        ("pink", "pink was the median at equal odds; sort 100 walls by one channel and take the "
         "middle one"),
        ("plaster", MAJORITY), ("blue", MAJORITY),
    ), words=("brick", "plaster", "blue", "pink"))),
    "wrong_list": ("05.1", "D(real) when D follows G's loss: D learns to say \"real\".",
        Prediction("rise", (
            ("stay", "so it would with G's list alone; here D moves as well, to which answer?"),
            ("fall", "nothing here asks D to tell two kinds apart; what is it rewarded for?"),
        ), words=("rise", "fall", "stay"))),
    "half_the_error": ("06.1", "Decibels when every error is halved: 20 log10 2.",
        Prediction(20 * math.log10(2), (
            (10 * math.log10(2), "so much brings half of the *squared* error; what becomes of the "
             "MSE when each error is halved?"),
            (-20 * math.log10(2), "which way does the scale run? Higher is better"),
            (10, "20 dB are a factor of 10, but decibels count factors, not shares"),
            (2, "that is the factor; put it into the formula of section 2"),
            (20 * LOG2, "PSNR takes the logarithm to base 10"),
        ))),
    "seeds_needed": ("07.1", "Seeds a row so that luck separates two at most once in 1000.",
        Prediction(7, (
            (3, "three and three: once in 20 (section 3)"),
            (5, "five and five: once in 252 (section 3)"),
            (6, "close: six and six separate by luck once in 924, and that is more often"),
            (10, "so many tosses of a coin would be needed; here all 2n scores are ranked, and "
             "that says more"),
            (14, "that is both rows together; how many has each?"),
        ))),
    "instance_of_two": ("08.1", "A 1×1 map, instance norm, two images.", Prediction("dead", (
        ("alive", "a second image helps batch normalisation, which averages over the batch; over "
         "which numbers does instance normalisation average?"),
    ), words=("dead", "alive"))),
}  # fmt: skip
