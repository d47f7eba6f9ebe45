"""Fixtures that several test files share."""

from pathlib import Path

import pytest

from pix2pix_course.config import profile
from pix2pix_course.painter import paint_folder


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
