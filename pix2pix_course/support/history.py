"""What is written of each epoch: a table, which a resumed training goes on with; TensorBoard's."""

import csv
from collections.abc import Sequence
from pathlib import Path

import keras

from pix2pix_course.support.engine import quiet_stderr
from pix2pix_course.support.files import atomic


class HistoryRows(keras.callbacks.Callback):
    """Appends a row to a CSV file after each epoch: its number, from 1, and some of its logs."""

    # Keras' CSVLogger counts from 0, and would add a `val_` column beside each.
    def __init__(self, path: Path, columns: Sequence[str]):
        super().__init__()
        self.path, self.columns = path, ("epoch", *columns)

    def on_epoch_end(self, epoch, logs=None):
        """Write this epoch's row, and the header before the first."""
        is_new = not self.path.exists()
        with self.path.open("a", newline="") as file:
            writer = csv.DictWriter(file, self.columns, extrasaction="ignore", lineterminator="\n")
            if is_new:
                writer.writeheader()
            writer.writerow({"epoch": epoch + 1, **logs})


def read_history(path: Path) -> list[dict]:
    """The rows as dictionaries of floats; an empty list before the first epoch."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]


def cut_history(path: Path, epochs: int) -> None:
    """Forget rows of epochs that were logged but not kept by a checkpoint."""
    if path.exists():
        lines = path.read_text().splitlines(keepends=True)[: epochs + 1]
        with atomic(path) as partial:  # a row cut short by the end of the process has no line end
            partial.write_text("".join(line for line in lines if line.endswith("\n")))


def tensorboard(folder: Path) -> list[keras.callbacks.Callback]:
    """Keras' callback that writes the losses for TensorBoard, which takes TensorFlow to write."""
    try:
        with quiet_stderr():
            import tensorflow  # noqa: F401
    except ImportError:
        print("nothing is written for TensorBoard: TensorFlow is not installed")
        return []
    return [keras.callbacks.TensorBoard(str(folder), write_graph=False)]
