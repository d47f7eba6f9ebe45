"""Checks of notebook 07, "The paper's tables in miniature": try them before you read on."""

import numpy as np

from pix2pix_course.exercises.checking import check, expect_equal


@check("07.2")
def check_paired(paired) -> None:
    """Number of seeds in which the first row is ahead."""
    better = np.array([0.41, 0.52, 0.33, 0.60, 0.48, 0.36])
    worse = np.array([0.40, 0.45, 0.35, 0.55, 0.48, 0.31])
    ahead = better > worse
    expect_equal(
        paired(better, worse),
        ahead.sum(),
        what="the number",
        misconceptions=(
            (
                (better[:, None] > worse).sum(),
                "that compares every seed with every other, as section 8 does; here seed k is "
                "compared with seed k alone",
            ),
            (np.mean(ahead), "that is a share; how many seeds are there?"),
            (
                (better[:, None] > worse).mean(),
                "that is a share of all pairs of seeds; count, and compare seed k with seed k",
            ),
            ((better >= worse).sum(), "in one seed the two are level; then nobody is ahead"),
            ((better < worse).sum(), "those are the seeds in which the second is ahead"),
            (
                sum(a > b for a, b in zip(sorted(better), sorted(worse), strict=True)),
                "the scores were sorted, so that seeds no longer meet themselves",
            ),
            (ahead, "those are the seeds one by one; count them"),
        ),
    )
