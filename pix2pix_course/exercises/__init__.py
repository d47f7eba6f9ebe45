"""The checks of the course's exercises, by notebook; `checking` says how they work.

A notebook calls `exercises.check_…(answer)`. A check computes what is right on inputs of its own,
and knows the results of the mistakes that are often made. Who wants to solve the exercises should
not read on.
"""

from collections.abc import Iterable

from pix2pix_course.checking import check, expect_prediction
from pix2pix_course.exercises.data_loading import (
    check_condition_and_target,
    check_different_results,
    check_flip_upside_down,
    check_most_places,
)
from pix2pix_course.exercises.evaluation import (
    check_confusion_fast,
    check_half_the_error,
    check_mean_difference,
)
from pix2pix_course.exercises.losses import (
    check_favourite_wall,
    check_hinge_terms,
    check_judged_right,
    check_least_cost,
)
from pix2pix_course.exercises.patchgan_discriminator import (
    check_cut,
    check_free_of_padding,
    check_larger_picture,
    check_padded_patch_of,
)
from pix2pix_course.exercises.six_implementations import (
    check_instance_of_two,
    check_no_jitter,
    check_own_recipe,
)
from pix2pix_course.exercises.start_here import (
    check_d_answers,
    check_g_pays,
    check_replace_class,
)
from pix2pix_course.exercises.tables_in_miniature import check_paired, check_seeds_needed
from pix2pix_course.exercises.training import (
    check_fading_rate,
    check_step_at_once,
    check_wrong_list,
)
from pix2pix_course.exercises.unet_generator import (
    check_batch_norm,
    check_receptive_field,
    check_weights_with_add,
)

__all__ = [
    "check_batch_norm",
    "check_condition_and_target",
    "check_confusion_fast",
    "check_cut",
    "check_d_answers",
    "check_different_results",
    "check_fading_rate",
    "check_favourite_wall",
    "check_flip_upside_down",
    "check_free_of_padding",
    "check_g_pays",
    "check_half_the_error",
    "check_hinge_terms",
    "check_instance_of_two",
    "check_judged_right",
    "check_larger_picture",
    "check_least_cost",
    "check_mean_difference",
    "check_most_places",
    "check_no_jitter",
    "check_own_recipe",
    "check_padded_patch_of",
    "check_paired",
    "check_prediction",
    "check_receptive_field",
    "check_replace_class",
    "check_seeds_needed",
    "check_step_at_once",
    "check_weights_with_add",
    "check_wrong_list",
]


def check_prediction(
    exercise: str,
    given,
    actual,
    *,
    tolerance: float = 0.05,
    misconceptions: Iterable[tuple[object, str]] = (),
) -> None:
    """Show whether a prediction came true; arguments as `checking.expect_prediction` has them.

    For what a cell above has measured. Where the result can be known beforehand, a check of its
    own keeps it, and the typical mistakes, out of the student's sight.
    """

    @check(exercise)
    def examine(prediction):
        expect_prediction(prediction, actual, tolerance=tolerance, misconceptions=misconceptions)

    examine(given)
