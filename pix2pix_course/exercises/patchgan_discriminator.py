"""Checks of notebook 03, "PatchGAN discriminator": try them before you read on."""

from pix2pix_course.checking import check, expect, expect_equal, expect_parts, expect_prediction


@check("03.1")
def check_larger_picture(grid, field, strided_layers) -> None:
    """Side of the grid, of the patch, and layers for the old share, at 512 pixels: 62, 70, 4."""
    expect_prediction(
        grid,
        62,
        tolerance=0,
        misconceptions=(
            (
                60,
                "the grid does not double; what do the two layers of stride 1 cost at any size?",
            ),
            (64, "three halvings give 64; the two layers of stride 1 do not keep the size"),
            (63, "that is after four layers; the fifth costs one place more"),
            (30, "a larger picture has more patches; carry 512 through the five layers"),
            (62 * 62, "that is the number of answers; the side of the grid is asked for"),
        ),
    )
    expect_prediction(
        field,
        70,
        tolerance=0,
        misconceptions=(
            (140, "the patch follows from the layers alone, and these are the same"),
            (142, "that is the patch of one layer more"),
        ),
    )
    expect_prediction(
        strided_layers,
        4,
        tolerance=0,
        misconceptions=(
            (3, "with three, a patch of 70 is 14 per cent of the side; it was 27"),
            (1, "say how many in all, not how many more"),
            (6, "each strided layer about doubles the patch, so twice as many are far too many"),
        ),
    )


@check("03.2")
def check_padded_patch_of(padded_patch_of) -> None:
    """First and last pixel of an output's patch: 8·index - 23·padding, and 69 further on."""

    def patch(index, padding, strides=(1, 1, 2, 2, 2), sign=-1, last_padding=None, wide=3):
        first = last = index
        for stride in strides:
            first = first * stride + sign * padding
            moved = padding if last_padding is None else last_padding
            last = last * stride + sign * moved + wide
        return first, last

    for index, padding in ((4, 3), (34, 2), (7, 0)):
        given = expect_parts(padded_patch_of(index, padding), 2, "padded_patch_of")
        start = patch(index, 0)
        expect_equal(
            given,
            patch(index, padding),
            what=f"the patch of output {index} with padding {padding}",
            misconceptions=(
                (
                    patch(index, padding, last_padding=1),
                    "the patch has grown; padding moves its last pixel as well as its first",
                ),
                (
                    patch(index, 1),
                    f"that is the patch with padding 1; here `padding` is {padding}",
                ),
                (
                    patch(index, padding, strides=(2, 2, 2, 1, 1)),
                    "go backwards, from the output to the picture: the layers of stride 1 first",
                ),
                (
                    (start[0] - padding, start[1] - padding),
                    "each layer has padding, and a pixel before an inner layer is several pixels "
                    "of the picture wide",
                ),
                (
                    patch(index, padding, sign=1),
                    "padding lies before the first pixel, so the patch begins further left",
                ),
                (
                    patch(index, padding, wide=4),
                    "that is a window of five pixels; the last of four is 3 after the first",
                ),
            ),
        )


@check("03.3")
def check_cut(cut) -> None:
    """All windows of a batch, in any order; every pixel of the input has a value of its own."""
    import numpy as np

    images = np.arange(2 * 14 * 17, dtype="float32").reshape(2, 14, 17, 1)
    side, step = 5, 3

    def windows(images, step=step, end=1):
        _, rows, columns, _ = images.shape
        return np.concatenate(
            [
                images[:, top : top + side, left : left + side]
                for top in range(0, rows - side + end, step)
                for left in range(0, columns - side + end, step)
            ]
        )

    given = np.asarray(cut(images, side, step))
    count = len(windows(images))
    expect(
        given.ndim != 5 and given.dtype != object,
        "the windows are not one batch; np.concatenate joins batches along axis 0",
    )
    expect(given.ndim == 4, f"the result has the shape {given.shape}; a batch has four axes")
    expect(
        given.shape[1:3] == (side, side),
        f"a window has {given.shape[1]} rows and {given.shape[2]} columns, where both should be "
        f"{side}; axis 0 counts the images, the rows are axis 1 and the columns axis 2",
    )
    expect_equal(
        _by_first_pixel(given),
        _by_first_pixel(windows(images)),
        what=f"the batch of {count} windows",
        misconceptions=(
            (
                _by_first_pixel(windows(images, step=side)),
                "these are tiles; the next window begins `step` pixels further on, not `side`",
            ),
            (
                _by_first_pixel(windows(images, end=0)),
                "the last window of each row and column is missing; `range` leaves out its end",
            ),
            (
                _by_first_pixel(windows(images, step=1)),
                "these are windows at every pixel; the next one begins `step` pixels further on",
            ),
            (_by_first_pixel(windows(images[:1])), "these are the windows of the first image"),
        ),
    )


def _by_first_pixel(windows):
    """The windows in an order that does not depend on how they were cut."""
    import numpy as np

    return windows[np.argsort(windows[:, 0, 0, 0])]


@check("03.4")
def check_free_of_padding(count) -> None:
    """How many of the ImageGAN's 36 patches lie within 256 pixels: none, for they are 286 wide."""
    inner = (
        "does the middle of the grid look at less? A patch of 286 pixels lies in a picture of 256"
    )
    expect_prediction(
        count,
        0,
        misconceptions=(
            (36, "is a patch of 286 pixels smaller than the picture?"),
            (16, inner),
            (4, inner),
            (1, inner),
        ),
    )
