"""Fixtures that several test files share."""

from pathlib import Path

import pytest

from pix2pix_course.config import profile


@pytest.fixture(scope="session")
def shared_datasets() -> Path:
    """The folder with real pairs that lies beside the repository on development machines."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "datasets"
    if not folder.is_dir():
        pytest.skip(f"no real data sets at {folder}: they are not part of the repository")
    return folder


@pytest.fixture(scope="session")
def painted(tmp_path_factory) -> Path:
    """A small painted data set: 10 pairs of 64 pixels to train on, 3 to test."""
    from pix2pix_course.datasets.painter import paint_folder

    folder = tmp_path_factory.mktemp("data") / "facades"
    return paint_folder(folder, train=10, val=2, test=3, size=64, progress=False)


@pytest.fixture
def small_config(painted):
    """A configuration that trains on `painted` within a second an epoch."""
    return profile("smoke").replace(
        dataset=str(painted), train_pairs=None, test_pairs=None, generator_filters=4, epochs=3
    )


@pytest.fixture(scope="session")
def trained(painted, tmp_path_factory):
    """A run of two epochs. Tests that write into its folder copy it first."""
    from pix2pix_course import runs

    config = profile("smoke").replace(dataset=str(painted), generator_filters=4)
    return runs.train(config, tmp_path_factory.mktemp("runs") / "small", verbose=0)


EXERCISES = """\
# %% [markdown]
# # 04 · A course in small
# [badge](https://colab.example/blob/main/notebooks/{{notebook}}) [next](05_next.ipynb)

# %%
from pix2pix_course import exercises

# %% tags=["parameters"]
PROFILE = "cpu"

# %% [markdown] tags=["exercise"]
# ### Exercise 1 · code: hinge


# %% tags=["exercise"]
def hinge_terms(real_logits, fake_logits):
    # <solution>
    real = (1 - real_logits).clip(0)
    fake = (1 + fake_logits).clip(0)
    return real.mean(), fake.mean()
    # </solution>


# %%
exercises.check_hinge_terms(hinge_terms)

# %% [markdown] tags=["solution"]
# Each patch pays until it is right by 1.

# %% [markdown] tags=["exercise"]
# ### Exercise 2 · prediction: the least cost
#
# What is it?

# %% tags=["exercise"]
# <solution>
least_cost = 0.31
# </solution>

# %%
exercises.check_least_cost(least_cost)

# %% [markdown] tags=["solution"]
# It is $-\\log \\sigma(1)$.

# %% [markdown] tags=["exercise"]
# ### Exercise 3 · experiment: paint it red

# %% alt="A red [8 × 8] square." tags=["exercise"]
from PIL import Image

size = (8, 8)
# <solution>
display(Image.new("RGB", size, "red"))
# </solution>

# %% tags=["solution"]
display(Image.new("RGB", size, "blue"))

# %% [markdown] tags=["solution"]
# Red, and then blue.

# %% [markdown]
# ## Next
"""


@pytest.fixture(scope="session")
def course_with_exercises(tmp_path_factory) -> Path:
    """A folder of built notebooks: one, without TensorFlow, with an exercise of each kind."""
    from pix2pix_course.notebooks import build

    folder = tmp_path_factory.mktemp("course")
    (folder / "sources").mkdir()
    (folder / "sources/04_small.py").write_text(EXERCISES, encoding="utf-8")
    build.build(folder)
    return folder
