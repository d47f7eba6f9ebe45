import keras
import numpy as np
import pytest
import tensorflow as tf

from pix2pix_course.pool import ImagePool


def numbered(start: int, count: int = 1) -> np.ndarray:
    """Images that hold their own number."""
    numbers = np.arange(start, start + count, dtype=np.float32)
    return np.broadcast_to(numbers[:, None, None, None], (count, 2, 2, 1))


@pytest.fixture
def pool():
    return ImagePool(5, seed=3)


def test_until_it_is_full_images_come_straight_back(pool):
    for number in range(5):
        np.testing.assert_array_equal(pool(numbered(number)), numbered(number))
    assert list(np.asarray(pool.kept)[:, 0, 0, 0]) == [0, 1, 2, 3, 4]


def test_a_full_pool_exchanges_half_of_the_images_and_loses_none(pool):
    seen, returned = 200, []
    for number in range(seen):
        returned.append(float(np.asarray(pool(numbered(number)))[0, 0, 0, 0]))
    kept = list(np.asarray(pool.kept)[:, 0, 0, 0])
    exchanged = sum(value != number for number, value in enumerate(returned[5:], start=5))
    assert 0.4 < exchanged / (seen - 5) < 0.6
    # The first five were returned as they came, and are kept as well, so may come a second time.
    later = sorted(returned[5:] + kept)
    assert later == sorted(range(seen))


def test_every_slot_is_reached():
    """The last one too; a truncated draw from [0, size - 1] would never reach it."""
    pool = ImagePool(4, seed=0)
    for number in range(100):
        pool(numbered(number))
    assert all(np.asarray(pool.kept)[:, 0, 0, 0] >= 4)


def test_a_batch_is_exchanged_image_by_image_in_a_graph_too():
    eager, graph = ImagePool(5, seed=1), ImagePool(5, seed=1)
    for pool in (eager, graph):
        pool.build((3, 2, 2, 1))
    compiled = tf.function(graph.call)
    for start in range(0, 60, 3):
        images = tf.constant(numbered(start, 3))
        np.testing.assert_array_equal(eager(images), compiled(images))
    np.testing.assert_array_equal(eager.kept, graph.kept)


def test_its_state_can_be_kept_and_put_back(pool):
    for number in range(7):
        pool(numbered(number))
    other = ImagePool(5)
    other.build((1, 2, 2, 1))
    other.set_weights(pool.get_weights())
    np.testing.assert_array_equal(other.kept, pool.kept)
    assert int(keras.ops.convert_to_numpy(other.count)) == 5
