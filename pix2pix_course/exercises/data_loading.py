"""Checks of notebook 01, "Data loading": try them before you read on."""

from pix2pix_course.checking import check, expect_equal, expect_parts, expect_prediction


@check("01.1")
def check_condition_and_target(condition_and_target) -> None:
    """The halves along the width: (A, B) for "AtoB", (B, A) for "BtoA"."""
    import numpy as np

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
    import numpy as np

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


@check("01.3")
def check_most_places(most_places) -> None:
    """How much earlier a buffer of 10 lets an element come: 9 places."""
    all_of_them = "that needs a buffer of all 400; this one holds ten"
    expect_prediction(
        most_places,
        9,
        misconceptions=(
            (10, "one of the ten is the element whose turn it is, and that gains nothing"),
            (0, "shuffling does move elements; which ones may come first?"),
            (4.5, "that is what a place in the buffer gains on average; at most?"),
            (5, "the middle of the buffer gains that; what does the last place gain?"),
            (390, all_of_them),
            (400, all_of_them),
        ),
    )


@check("01.6")
def check_different_results(different_results) -> None:
    """Three measurements of one answer, each with photos mirrored by another lot: all differ."""
    expect_prediction(
        different_results,
        3,
        misconceptions=(
            (1, "a mirrored photo has the same pixels at other places; does the answer move too?"),
            (
                2,
                "a result belongs to the lot of *all* photos, not of one; how many lots are drawn?",
            ),
        ),
    )
