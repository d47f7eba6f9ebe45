"""Checks of notebook 00, "Start here": try them before you read on."""

import numpy as np

from pix2pix_course.exercises.checking import check, expect, expect_equal
from pix2pix_course.palettes import PALETTES


@check("00.1")
def check_replace_class(replace_class) -> None:
    """Pixels of the old class in the new one's colour, the others and the given map as before."""
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
