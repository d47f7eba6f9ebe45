"""Checks of notebook 01, "Data loading": try them before you read on."""

import numpy as np

from pix2pix_course.exercises.checking import check, expect_equal, expect_parts


@check("01.1")
def check_condition_and_target(condition_and_target) -> None:
    """The halves along the width: (A, B) for "AtoB", (B, A) for "BtoA"."""
    picture = np.arange(4 * 6 * 3).reshape(4, 6, 3)  # halves of 4 × 3 pixels
    a, b = picture[:, :3], picture[:, 3:]
    roles = ("condition", "target")
    for direction, wanted in {"AtoB": (a, b), "BtoA": (b, a)}.items():
        given = condition_and_target(picture, direction)
        parts = expect_parts(given, 2, f'condition_and_target(picture, "{direction}")')
        for role, mine, right, other in zip(roles, parts, wanted, wanted[::-1], strict=True):
            what = f'the {role} for "{direction}"'
            hints = (
                (other, f"{what} is the wrong half: A is the left one, and {direction} leads from "
                 f"{direction[0]} to {direction[-1]}; is the direction used?"),
                (picture[:2], f"{what} is the upper half: axis 0 is the height"),
                (picture[2:], f"{what} is the lower half: axis 0 is the height"),
                (picture[:, :4], f"{what} is cut at the height; halves need not be square"),
                (picture[:, 4:], f"{what} is cut at the height; halves need not be square"),
            )  # fmt: skip
            expect_equal(mine, right, what=what, misconceptions=hints)


@check("01.2")
def check_flip_upside_down(flip_upside_down) -> None:
    """Both sides of a stack (2, height, width, 3), with the rows in reversed order."""
    pair = np.random.default_rng(1).integers(0, 256, (2, 4, 5, 3), dtype=np.uint8)
    (first, second), right = pair, pair[:, ::-1]
    not_aligned = "only the {} was turned: condition and target no longer fit"
    expect_equal(
        flip_upside_down(pair),
        right,
        what="the pair",
        dtype="uint8",
        misconceptions=(
            (pair, "nothing was turned"),
            (pair[::-1], "axis 0 holds the two sides: condition and target have changed places"),
            (pair[:, :, ::-1], "axis 2 is the width: left and right are exchanged"),
            (pair[..., ::-1], "axis 3 holds the colour channels: red and blue are exchanged"),
            (pair[:, ::-1, ::-1], "this is half a turn: left and right are exchanged as well"),
            ([right[0], second], not_aligned.format("condition")),
            ([first, right[1]], not_aligned.format("target")),
        ),
    )
