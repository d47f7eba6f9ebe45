"""Checks of notebook 03, "PatchGAN discriminator": try them before you read on."""

import numpy as np

from pix2pix_course.exercises.checking import check, expect, expect_equal, expect_parts


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
    return windows[np.argsort(windows[:, 0, 0, 0])]
