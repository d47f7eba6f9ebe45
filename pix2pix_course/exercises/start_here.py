"""Checks of notebook 00, "Start here": try them before you read on."""

from pix2pix_course.checking import check, expect, expect_equal, expect_prediction


@check("00.1")
def check_replace_class(replace_class) -> None:
    """Pixels of the old class in the new one's colour, the others and the given map as before."""
    import numpy as np

    from pix2pix_course.palettes import PALETTES

    palette = PALETTES["facades"]
    ids = np.arange(3 * len(palette), dtype=np.uint8).reshape(4, 9) % len(palette)
    label = palette.to_rgb(ids)
    for old, new in (("window", "blind"), ("shop", "door")):
        was, becomes = palette.names.index(old), palette.names.index(new)
        right = palette.to_rgb(np.where(ids == was, np.uint8(becomes), ids))
        by_channel = np.where(
            label == palette.colours[was], np.array(palette.colours[becomes], np.uint8), label
        )
        given = label.copy()
        changed = replace_class(given, old, new)
        aliased = not np.array_equal(given, label)
        expect_equal(
            changed,
            right,
            what=f'the map for "{old}" → "{new}"',
            dtype="uint8",
            misconceptions=(
                (label, "nothing has changed; are the pixels of the old class found?"),
                (
                    palette.to_rgb(np.where(ids == becomes, np.uint8(was), ids)),
                    f'every "{new}" became "{old}": it should be the other way round',
                ),
                (
                    np.broadcast_to(palette.colours[becomes], label.shape),
                    f'every pixel became "{new}", not only those of "{old}"',
                ),
                (
                    by_channel,
                    "channels were compared one by one: a pixel is of a class if all three agree",
                ),
                (
                    palette.to_ids(right),
                    "these are the classes' numbers; a map shows their colours, `palette.colours`",
                ),
            ),
        )
        expect(not aliased, "the map that was given has changed as well; work on a copy of it")


@check("00.2")
def check_g_pays(g_pays) -> None:
    """1.20 of D, and 100 times 0.31."""
    expect_prediction(
        g_pays,
        32.2,
        tolerance=0.01,
        misconceptions=(
            (1.51, "λ is missing: it stands in front of the distance"),
            (120.31, "λ stands in front of the distance, not of what D charges"),
            (151, "λ stands in front of the distance alone"),
            (31, "that is the distance's part; D charges as well"),
            (1.20, "that is D's part; the distance has a price as well"),
            (29.8, "both parts are paid: they are added"),
        ),
    )


@check("00.3")
def check_d_answers(d_answers) -> None:
    """To what it cannot tell apart D answers with the share of real ones: one half."""
    expect_prediction(
        d_answers,
        0.5,
        misconceptions=(
            (1, "D would say so to the generated ones too, since they look the same"),
            (0, "D would say so to the photos too, and half of what it sees are photos"),
            (50, "in percent, yes; the answer is a number from 0 to 1"),
        ),
    )
