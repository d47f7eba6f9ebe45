"""Kill a training at random moments, and compare its end with that of an unbroken one.

    python tests/soak.py [--kills 30] [--seed 0]          # or: make soak

Each process trains through the command line until it is killed: by SIGKILL (a power cut), SIGTERM
(a machine that is taken away) or SIGINT (Ctrl-C), between epochs, in the middle of one, or while it
saves. After each kill all checkpoints must be whole and none may be lost.
"""

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import keras
import numpy as np

from pix2pix_course import runs
from pix2pix_course.config import Config, profile
from pix2pix_course.datasets.painter import paint_folder
from pix2pix_course.support.checkpoints import PREFIX, load_checkpoint

COMMAND = [sys.executable, "-m", "pix2pix_course"]
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
GO_ON = "stopped; go on with: pix2pix-course resume"
PATIENCE = 180  # seconds that a process may take to its first new checkpoint


def state(folder: Path, checkpoint: Path | None = None) -> dict[str, np.ndarray]:
    """Every number that a checkpoint, else the newest one, holds."""
    model = runs.build_pix2pix(runs.read_run(folder)[0])
    epoch, newest = runs.newest_checkpoint(folder)
    load_checkpoint(model.networks(), model.states(), checkpoint or newest)
    found = {"epoch": np.array(epoch)}
    for name, network in model.networks().items():
        for index, variable in enumerate(network.weights):
            found[f"{name} {index}"] = keras.ops.convert_to_numpy(variable)
    for name, variables in model.states().items():
        for index, variable in enumerate(variables):
            found[f"{name} {index}"] = keras.ops.convert_to_numpy(variable)
    return found


def assert_same_state(first: Path, second: Path) -> None:
    first, second = state(first), state(second)
    assert first.keys() == second.keys()
    for name, values in first.items():
        np.testing.assert_array_equal(second[name], values, err_msg=name)


def start(folder: Path, *first: str) -> subprocess.Popen:
    """Train in a process of its own: begin a run with the options `first`, or go on with it."""
    begun = (folder / "config.json").exists()
    command = ["resume", str(folder)] if begun else ["train", *first, "--output", str(folder)]
    return subprocess.Popen(
        [*COMMAND, *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        # a shell's background job would hand down that Ctrl-C is ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def words(config: Config) -> list[str]:
    """The options of `pix2pix-course train` that mean a configuration."""
    options = ["--profile", "smoke", "--dataset", config.dataset]
    for name, (_, wanted) in profile("smoke").differences(config).items():
        if name != "dataset":
            options += ["--set", f"{name}={wanted}"]
    return options


def kill(process: subprocess.Popen, folder: Path, how: signal.Signals, draw: random.Random) -> str:
    """Let a training get further, kill it at a random moment; return what it said last."""
    before, _ = runs.newest_checkpoint(folder)
    deadline = time.monotonic() + PATIENCE
    while runs.newest_checkpoint(folder)[0] <= before:
        assert process.poll() is None, f"it ended by itself: {process.stderr.read()}"
        assert time.monotonic() < deadline, "no new checkpoint"
        time.sleep(0.002)
    time.sleep(draw.uniform(0, 1))  # an epoch, with its pictures and its saving, takes about half
    process.send_signal(how)
    return process.communicate()[1]


def assert_whole(folder: Path, before: int) -> int:
    """No checkpoint is half-written, and none of an earlier epoch than `before` is the newest."""
    epoch, _ = runs.newest_checkpoint(folder)
    assert epoch >= before, f"epoch {before} was saved, now the newest is {epoch}"
    for checkpoint in folder.glob(f"{PREFIX}*[0-9]"):
        state(folder, checkpoint)
    return epoch


def kill_and_resume(config: Config, place: Path, kills: int, seed: int = 0) -> None:
    """Train `config` once unbroken and once killed `kills` times; both must end alike."""
    draw, epoch, broken, options = random.Random(seed), 0, place / "broken", words(config)
    for number in range(kills):
        how = SIGNALS[number % len(SIGNALS)]
        said = kill(start(broken, *options), broken, how, draw)
        epoch = assert_whole(broken, epoch)
        assert epoch < config.epochs, f"the training ended before kill {number + 1}"
        assert how != signal.SIGINT or GO_ON in said, said
        print(f"kill {number + 1}, {how.name}: after epoch {epoch} of {config.epochs}", flush=True)
    runs.resume(broken, verbose=0)
    runs.train(config, place / "unbroken", verbose=0)
    assert_same_state(place / "unbroken", broken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        data = paint_folder(place / "data", train=10, val=2, test=3, size=64, progress=False)
        config = profile("smoke").replace(
            dataset=str(data), train_pairs=None, test_pairs=None, generator_filters=4,
            epochs=8 * asked.kills,
        )  # fmt: skip
        kill_and_resume(config, place, asked.kills, asked.seed)
    print(f"{asked.kills} kills: nothing lost, and the same bits in the end")


if __name__ == "__main__":
    main()
