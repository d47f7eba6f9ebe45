"""Checks of notebook 06, "Evaluation": try them before you read on."""

import numpy as np

from pix2pix_course.exercises.checking import check, expect_equal, expect_parts


@check("06.2")
def check_confusion_fast(confusion_fast) -> None:
    """Counts (k, k) by true class (rows) and class read (columns), of uint8 label maps."""
    k = 20  # so that truth * k passes 255, and some classes occur nowhere
    rng = np.random.default_rng(6)
    truth, read = rng.integers(16, size=(2, 3, 20, 25), dtype=np.uint8)
    read = np.where(rng.random(read.shape) < 0.5, truth, read)

    def count(pairs):
        return np.bincount(pairs.ravel(), minlength=k * k)[: k * k].reshape(k, k)

    counts = count(truth.astype(int) * k + read)
    wrapped = count(((truth.astype(int) * k) % 256 + read) % 256)
    expect_equal(
        confusion_fast(truth, read, k),
        counts,
        what="the matrix",
        misconceptions=(
            (counts.T, "rows and columns are exchanged: a row belongs to a true class"),
            (
                counts.ravel(),
                "the counts are right, but in one row of numbers; give them the shape (k, k)",
            ),
            (
                counts > 0,
                "`counts[truth, read] += 1` adds 1 once for each pair of classes, however often it "
                "occurs; `np.add.at` and `np.bincount` count them all",
            ),
            (
                wrapped,
                "label maps are uint8, and `truth * k` counts in a circle there (section 2); take "
                "`truth.astype(int)`",
            ),
            (
                counts / np.maximum(counts.sum(axis=1, keepdims=True), 1),
                "those are shares of the rows; numbers of pixels are wanted",
            ),
        ),
    )


@check("06.5")
def check_mean_difference(mean_difference) -> None:
    """Mean and standard error of paired differences, the deviation over n or over n - 1."""
    rng = np.random.default_rng(65)
    difficulty = rng.normal(0.6, 0.15, 9)
    first = difficulty + rng.normal(0.03, 0.02, 9)
    second = difficulty + rng.normal(0, 0.02, 9)
    apart, n = first - second, len(first)
    mean, error = expect_parts(mean_difference(first, second), 2, "mean_difference")
    expect_equal(
        mean,
        apart.mean(),
        what="the mean difference",
        tolerance=1e-5,
        misconceptions=(
            (-apart.mean(), "that is `second` minus `first`"),
            (np.abs(apart).mean(), "keep the signs: a picture may also be worse than before"),
        ),
    )
    errors = [apart.std(ddof=ddof) / np.sqrt(n) for ddof in (0, 1)]
    wrong = []
    for ddof in (0, 1):
        of_each = [scores.std(ddof=ddof) / np.sqrt(n) for scores in (first, second)]
        alone = "that is the error of one mean, or of both as if other pictures had been taken for "
        alone += "the second; take the differences first, picture by picture"
        wrong += [(each, alone) for each in (*of_each, sum(of_each), np.hypot(*of_each))]
        deviation = apart.std(ddof=ddof)
        wrong += [
            (deviation, "that is the deviation of single differences; the mean of n of them "
             "wobbles √n times less"),
            (deviation / n, "the deviation is divided by n; what shrinks with 1/n is the variance"),
        ]  # fmt: skip
    is_over_n = np.allclose(error, errors[0], rtol=0, atol=1e-5)
    expect_equal(
        error,
        errors[0] if is_over_n else errors[1],
        what="the standard error",
        tolerance=1e-5,
        misconceptions=wrong,
    )
