"""The checks of the course's exercises; `checking` says how they work.

A notebook calls `exercises.check_…(answer)`. A check computes what is right on inputs of its own,
and knows the results of the mistakes that are often made. To solve the exercises, do not read on.
"""

from collections.abc import Iterable

from pix2pix_course.exercises import (
    data_loading,
    evaluation,
    losses,
    patchgan_discriminator,
    six_implementations,
    start_here,
    tables_in_miniature,
    training,
    unet_generator,
)
from pix2pix_course.exercises.checking import check, expect_prediction
from pix2pix_course.exercises.predictions import PREDICTIONS, check_of

CODE = (
    start_here, data_loading, unet_generator, patchgan_discriminator, losses, training, evaluation,
    tables_in_miniature, six_implementations,
)  # fmt: skip
CHECKS = {name: value for module in CODE for name, value in vars(module).items()}
CHECKS = {name: value for name, value in CHECKS.items() if name.startswith("check_")}
CHECKS |= {f"check_{name}": check_of(*row) for name, row in PREDICTIONS.items()}
globals().update(CHECKS)  # so that a notebook calls `exercises.check_least_cost(…)`


def check_prediction(
    exercise: str,
    given,
    actual,
    *,
    tolerance: float = 0.05,
    misconceptions: Iterable[tuple[object, str]] = (),
) -> None:
    """Show whether a prediction came true; arguments as `checking.expect_prediction` has them.

    For what a cell above has measured. What can be known beforehand stands in `predictions`, out of
    the student's sight.
    """

    @check(exercise)
    def examine(prediction):
        expect_prediction(prediction, actual, tolerance=tolerance, misconceptions=misconceptions)

    examine(given)
