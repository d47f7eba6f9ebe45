"""How much faster the course's pipeline feeds a network than the TensorFlow tutorial's does.

    python benchmarks/pipeline.py FOLDER DIRECTION [--image-size 256] [--rounds 5]

FOLDER holds `train/` with JPEG pairs side by side; DIRECTION is AtoB or BtoA. Both pipelines run
in one process on the same files at batch size 1, in turns, so that other load on the machine
meets both. A turn is one epoch from a fresh iterator to its last pair. The course decodes
everything before the first epoch; how long that takes is printed too and belongs to no turn.

The tutorial's pipeline is rebuilt here from its description: every epoch reads and decodes every
file, enlarges both sides to 286 by nearest neighbour, crops 256 at random, flips half of the
pairs, shuffles 400 decoded pairs; no cache and no prefetch.
"""

import argparse
import statistics
import time
from pathlib import Path

from pix2pix_course import quiet_stderr

with quiet_stderr():
    import tensorflow as tf

from pix2pix_course.datasets import Dataset, open_dataset
from pix2pix_course.pipeline import load_size, training_batches


def tutorial_batches(dataset: Dataset, image_size: int) -> tf.data.Dataset:
    """The tutorial's training pipeline, with the folder's direction and any image size."""
    enlarged = load_size(image_size)

    def decode(path):
        picture = tf.cast(tf.io.decode_jpeg(tf.io.read_file(path), channels=3), tf.float32)
        left, right = tf.split(picture, 2, axis=1)
        return (left, right) if dataset.condition_side == "A" else (right, left)

    @tf.function
    def jitter(condition, target):
        sides = [
            tf.image.resize(side, (enlarged, enlarged), method="nearest")
            for side in (condition, target)
        ]
        pair = tf.image.random_crop(tf.stack(sides), (2, image_size, image_size, 3))
        condition, target = pair[0], pair[1]
        if tf.random.uniform(()) > 0.5:
            condition = tf.image.flip_left_right(condition)
            target = tf.image.flip_left_right(target)
        return condition, target

    def prepare(path):
        condition, target = jitter(*decode(path))
        return condition / 127.5 - 1, target / 127.5 - 1

    files = tf.data.Dataset.list_files([str(path) for path in dataset.files("train")])
    return files.map(prepare, num_parallel_calls=tf.data.AUTOTUNE).shuffle(400).batch(1)


def pairs_per_second(batches: tf.data.Dataset) -> float:
    """The speed of one pass over `batches` of one pair each."""
    begin, count = time.perf_counter(), 0
    for _ in batches:
        count += 1
    return count / (time.perf_counter() - begin)


def main() -> None:
    """Measure in turns and print a line a round, the medians and their ratio."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("folder", type=Path, help="holds train/ with JPEG pairs side by side")
    words.add_argument("direction", choices=("AtoB", "BtoA"))
    words.add_argument("--image-size", type=int, default=256)
    words.add_argument("--rounds", type=int, default=5)
    options = words.parse_args()

    dataset = open_dataset(options.folder, options.direction)
    others = [path for path in dataset.files("train") if path.suffix.lower() == ".png"]
    if others:
        words.error(f"{others[0]} is no JPEG; the tutorial's pipeline reads only these")

    begin = time.perf_counter()
    ours, steps = training_batches(dataset, options.image_size)
    decoded = time.perf_counter() - begin
    theirs = tutorial_batches(dataset, options.image_size)
    print(f"{steps} pairs at {options.image_size} px, decoded once by the course: {decoded:.1f} s")

    for batches in (theirs, ours):  # neither pays for its first trace
        pairs_per_second(batches)
    speeds = {"tutorial": [], "course": []}
    print("pairs per second")
    for number in range(1, options.rounds + 1):
        for name, batches in (("tutorial", theirs), ("course", ours)):
            speeds[name].append(pairs_per_second(batches))
        line = "  ".join(f"{name} {values[-1]:6.0f}" for name, values in speeds.items())
        print(f"  round {number}: {line}")
    medians = {name: statistics.median(values) for name, values in speeds.items()}
    print("  median:  " + "  ".join(f"{name} {value:6.0f}" for name, value in medians.items()))
    print(f"the course is {medians['course'] / medians['tutorial']:.1f} times as fast")


if __name__ == "__main__":
    main()
