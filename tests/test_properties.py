"""What must hold for all sizes and values, tried on those that Hypothesis thinks of."""

import json
import math

import numpy as np
import tensorflow as tf
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from pix2pix_course.config import CHOICES, RANGES, Config
from pix2pix_course.pairs import to_image, to_network
from pix2pix_course.pipeline import cut, epoch_plan, load_size
from pix2pix_course.support.images import in_pieces, natural
from pix2pix_course.translation import pad_to_multiple
from pix2pix_course.variants.variant import OWN_WORDS

quickly = settings(max_examples=50, deadline=None)
sides = st.integers(1, 150)


def picture(height: int, width: int) -> np.ndarray:
    """Each pixel another, as far as 24 bits go."""
    number = np.arange(height * width).reshape(height, width)
    return np.stack([number % 256, number // 256 % 256, number // 65536], -1).astype(np.uint8)


@quickly
@given(size=st.sampled_from([8, 16, 64]), seed=st.integers(0, 999), epoch=st.integers(0, 99))
def test_both_sides_of_a_pair_are_cut_and_mirrored_alike(size, seed, epoch):
    enlarged = picture(load_size(size), load_size(size))
    config = Config(image_size=64, discriminator_layers=2, seed=seed)
    _, top, left, mirrored = (draws[0] for draws in epoch_plan(config, 5, epoch))
    top, left = min(top, load_size(size) - size), min(left, load_size(size) - size)
    a, b = cut(np.stack([enlarged, enlarged]), size, top, left, mirrored)
    np.testing.assert_array_equal(a, b)
    assert a.shape == (size, size, 3)
    where = enlarged[top : top + size, left : left + size]
    np.testing.assert_array_equal(a, where[:, ::-1] if mirrored else where)


@quickly
@given(top=st.integers(0, 2), left=st.integers(0, 2), mirrored=st.booleans())
def test_tensorflow_cuts_as_numpy_does(top, left, mirrored):
    pair = np.stack([picture(18, 18), 255 - picture(18, 18)])
    theirs = cut(tf.constant(pair), 16, top, left, tf.constant(mirrored))
    np.testing.assert_array_equal(theirs, cut(pair, 16, top, left, mirrored))


@quickly
@given(height=sides, width=sides, multiple=st.sampled_from([1, 4, 64]), more=st.integers(0, 3))
def test_what_is_padded_can_be_cropped_back(height, width, multiple, more):
    image = picture(height, width)
    padded = pad_to_multiple(image, multiple, smallest=more * multiple)
    np.testing.assert_array_equal(padded[:height, :width], image)
    for side, before in zip(padded.shape, image.shape[:2], strict=False):
        assert side % multiple == 0
        assert side >= more * multiple
        assert side < max(before + multiple, more * multiple + 1)  # no more than that takes
    pixels = {tuple(pixel) for pixel in image.reshape(-1, 3)}
    assert {tuple(pixel) for pixel in padded.reshape(-1, 3)} == pixels


@quickly
@given(height=sides, width=sides, side=st.sampled_from([8, 32]), overlap=st.integers(1, 7))
def test_pieces_that_are_left_alone_make_the_picture_again(height, width, side, overlap):
    image = picture(height, width).astype(np.float32)
    np.testing.assert_allclose(
        in_pieces(lambda piece: piece, image, side, overlap), image, rtol=1e-5
    )


@quickly
@given(st.lists(st.integers(0, 255), min_size=1))
def test_any_pixel_survives_the_way_to_the_network_and_back(values):
    pixels = np.array(values, np.uint8)
    np.testing.assert_array_equal(to_image(to_network(pixels)), pixels)


@quickly
@given(st.lists(st.integers(0, 10**6), unique=True))
def test_numbered_files_stand_in_the_order_of_their_numbers(tmp_path_factory, numbers):
    folder = tmp_path_factory.getbasetemp()
    found = sorted((folder / f"pair {number}.png" for number in numbers), key=natural)
    assert [file.stem for file in found] == [f"pair {number}" for number in sorted(numbers)]


def numbers(name: str):
    """Values that a field of numbers may have, whole ones where the default is one."""
    low, high = RANGES[name]
    high = min(high if high is not None else 1000, 1000)
    if isinstance(getattr(Config(), name), float):
        return st.floats(low, high, allow_nan=False)
    return st.integers(math.ceil(low), int(high))


fields = st.fixed_dictionaries(
    {},
    optional={name: numbers(name) for name in RANGES if name != "discriminator_layers"}
    | {name: st.sampled_from(words) for name, words in CHOICES.items()}
    | {name: st.sampled_from(words) for name, words in OWN_WORDS.items()}
    | {name: st.booleans() for name in ("jitter", "mirror", "conditional", "shuffle")}
    | {"dataset": st.text(min_size=1), "image_size": st.sampled_from([64, 128, 256, 512])},
)


@settings(max_examples=200, deadline=None)
@given(fields)
def test_a_configuration_comes_back_from_its_file(values):
    try:
        config = Config(image_size=256).replace(**values)
    except ValueError:  # two values that do not go together; `test_config` has them by name
        reject()
    assert Config.from_dict(json.loads(json.dumps(config.to_dict()))) == config
    for name, value in values.items():
        assert getattr(config, name) == value
