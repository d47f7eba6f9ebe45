"""Checks of notebook 08, "One idea, six implementations": try them before you read on."""

from pix2pix_course.config import Config
from pix2pix_course.exercises.checking import check, expect
from pix2pix_course.variants import recipes


@check("08.2")
def check_no_jitter(no_jitter) -> None:
    """A `Defect` that finds enlarging with a central crop, and repairs that alone."""
    expect(
        isinstance(no_jitter, recipes.Defect),
        "a `recipes.Defect` is wanted: name, found_in, text, repair",
    )
    expect(
        callable(no_jitter.found_in),
        "`found_in` should be a function: it gets a Config and tells whether that has the fault",
    )
    tjwei, gluon = recipes.RECIPES["tjwei_keras"], recipes.RECIPES["gluon_tutorial"]
    expect(not no_jitter.found_in(Config()), "it also finds the paper's recipe, which has no fault")
    expect(
        not no_jitter.found_in(gluon),
        "it also finds Gluon's, which never enlarges; wanted are programs that enlarge, and gain "
        "nothing by it",
    )
    expect(no_jitter.found_in(tjwei), "it does not find tjwei's recipe")
    expect(
        not no_jitter.found_in(tjwei.replace(jitter=False)),
        "it finds a central crop even where nothing is enlarged, so that nothing is cut off",
    )
    repaired = tjwei.replace(**no_jitter.repair)
    expect(not no_jitter.found_in(repaired), "the fault is still there after its own `repair`")
    expect(
        repaired.jitter,
        "the repair gives up the jitter; the program wanted one, so let it crop at random",
    )
    changed = list(repaired.differences(tjwei))
    expect(changed == ["crop"], f"the repair changes more than the crop: {', '.join(changed)}")


@check("08.4")
def check_own_recipe(own_recipe) -> None:
    """A `Config` without known faults that is none of the six, nor one of them at another size."""
    expect(isinstance(own_recipe, Config), "a `Config` is wanted, such as `Config(...)`")
    faults = [f"{defect.name} (it {defect.text})" for defect in recipes.defects(own_recipe)]
    expect(not faults, f"it has a known fault: {'; '.join(faults)}")
    for name, config in recipes.RECIPES.items():
        fields = (*recipes.SCALE, "dataset", "direction", "palette", "seed")
        as_theirs = own_recipe.replace(**{field: getattr(config, field) for field in fields})
        expect(
            as_theirs not in (config, recipes.repair(config)),
            f"that is `{name}`, at most repaired or at another size; take from two",
        )
