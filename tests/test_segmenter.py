import numpy as np

from pix2pix_course.painter import paint_pair
from pix2pix_course.segmenter import build_segmenter, read_labels, train_segmenter


def test_one_logit_a_class_for_every_pixel():
    assert build_segmenter(12, 4)(np.zeros((2, 32, 48, 3), np.float32)).shape == (2, 32, 48, 12)


def test_it_learns_to_read_photos_it_was_shown():
    pairs = [paint_pair(seed, 64) for seed in range(8)]
    photos = np.stack([pair.photo for pair in pairs])
    ids = np.stack([pair.class_ids for pair in pairs])
    segmenter = train_segmenter(photos, ids, classes=12, filters=8, epochs=15)
    read = read_labels(segmenter, photos)
    assert read.shape == ids.shape
    assert read.dtype == np.uint8
    commonest = np.bincount(ids.ravel()).max() / ids.size
    assert np.mean(read == ids) > commonest + 0.2  # far better than always the commonest class
    # mirror images were part of the training
    mirrored = read_labels(segmenter, photos[:, :, ::-1])
    assert np.mean(mirrored == ids[:, :, ::-1]) > commonest + 0.2


def test_the_same_seed_learns_the_same():
    pair = paint_pair(0, 64)
    photos, ids = pair.photo[None].repeat(2, 0), pair.class_ids[None].repeat(2, 0)
    first, second = (train_segmenter(photos, ids, 12, filters=2, epochs=1) for _ in range(2))
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
