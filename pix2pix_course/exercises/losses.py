"""Checks of notebook 04, "Losses": try them before you read on."""

import numpy as np

from pix2pix_course.exercises.checking import check, expect, expect_equal, expect_parts


def _logits():
    """Logits of real and of generated patches, (2, 6, 6, 1): such that no two mistakes agree."""
    rng = np.random.default_rng(4)
    real, fake = rng.normal(1.5, 2, (2, 6, 6, 1)), rng.normal(-1.2, 1, (2, 6, 6, 1))
    return real.astype("float32"), fake.astype("float32")


@check("04.1")
def check_hinge_terms(hinge_terms) -> None:
    """Two scalars: mean max(0, 1 - z) over real patches, mean max(0, 1 + z) over generated."""
    real, fake = _logits()
    wanted = np.maximum(0, 1 - real).mean(), np.maximum(0, 1 + fake).mean()
    swapped = np.maximum(0, 1 + real).mean(), np.maximum(0, 1 - fake).mean()
    averaged_first = max(0, 1 - real.mean()), max(0, 1 + fake.mean())
    unclipped = (1 - real).mean(), (1 + fake).mean()
    given = hinge_terms(real, fake)
    try:
        single = np.shape(given) == ()
    except ValueError:
        single = False
    expect(
        not single,
        "one number was returned; return the two terms, as `discriminator_terms` does",
    )
    terms = expect_parts(given, 2, "hinge_terms")
    for name, mine, *answers in zip(
        ("the term of the real patches", "the term of the generated patches"),
        terms,
        wanted,
        swapped,
        averaged_first,
        unclipped,
        (wanted[0] * real.size, wanted[1] * fake.size),
        (np.maximum(0, 1 - real), np.maximum(0, 1 + fake)),
        strict=True,
    ):
        right, *wrong = answers
        hints = (
            f"{name} has the sign of z reversed: real patches should be pushed up, generated down",
            f"{name}: the logits were averaged first; charge each patch, then average (section 4)",
            f"{name} goes below 0 for patches that are right by more than 1; where is the max?",
            f"{name} is a sum over the patches; the course's losses are means",
            f"{name} has one cost per patch; average them",
        )
        expect_equal(mine, right, what=name, misconceptions=zip(wrong, hints, strict=True))


@check("04.3")
def check_judged_right(judged_right) -> None:
    """Share of all patches on the right side of logit 0."""
    real, fake = _logits()
    fake = fake[:1]  # fewer, so that a mean of two means is not the mean of all
    all_patches = real.size + fake.size

    def share(real_is_right, fake_is_right):
        return (np.sum(real_is_right) + np.sum(fake_is_right)) / all_patches

    expect_equal(
        judged_right(real, fake),
        share(real > 0, fake <= 0),
        what="the share",
        misconceptions=(
            (
                share(real > 0.5, fake <= 0.5),
                "the threshold 0.5 belongs to probabilities; on logits the border is 0 (section 5)",
            ),
            (
                (np.mean(real > 0.5) + np.mean(fake <= 0.5)) / 2,
                "the threshold 0.5 belongs to probabilities, and a mean of two shares does not "
                "count each patch the same",
            ),
            (
                share(real > 0, fake > 0),
                "that is the share of patches called real; a generated one is judged right when "
                "it is called generated",
            ),
            (
                (np.mean(real > 0) + np.mean(fake <= 0)) / 2,
                "that is the mean of two shares; here are fewer generated patches than real ones, "
                "and each patch should count the same",
            ),
            (
                np.sum(real > 0) + np.sum(fake <= 0),
                "that is a number of patches; divide by how many there are",
            ),
            (np.mean(real > 0), "that is the share of the real patches alone"),
        ),
    )
