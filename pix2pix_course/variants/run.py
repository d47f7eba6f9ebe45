"""A run whose networks see other things than RGB photos and pure labels; notebook 08."""

import numpy as np
from PIL import Image

from pix2pix_course.pairs import Dataset, Pairs, in_parallel, load_pair, read_pair
from pix2pix_course.pipeline import EpochPlan, batches, cut, epoch_plan, load_size
from pix2pix_course.runs import Run
from pix2pix_course.variants.encoding import Encoding
from pix2pix_course.variants.recipes import known_faults


class VariantRun(Run):
    """A `Run` with the settings of `config.variant` for data and pictures."""

    def __init__(self, folder, config, generator, epoch, data):
        super().__init__(folder, config, generator, epoch, data)
        self.variant, self.encoding = config.variant, Encoding.of(config)
        self.faults = known_faults(config)
        if self.encoding.from_target:
            self.input_side, self.condition_palette = self.target_side, None
        if config.generator.startswith("resnet"):
            # its blocks reflect a border of one pixel at a quarter of the side
            self.multiple, self.smallest = 4, 8

    def load(self, dataset: Dataset, path, size: int) -> tuple[np.ndarray, np.ndarray]:
        """One pair, uint8 (size, size, 3) each: what the condition is made of, and the target."""
        if self.variant.resize == "by_kind":
            condition, target = load_pair(dataset, path, size)
        else:  # one filter for both sides, and the colours of a label side as they are
            method = Image.Resampling[self.variant.resize.upper()]
            halves = dict(zip("AB", map(Image.fromarray, read_pair(path)), strict=True))
            condition, target = (
                np.asarray(halves[side].resize((size, size), method))
                for side in (dataset.condition_side, dataset.target_side)
            )
        return (target if self.encoding.from_target else condition), target

    def pairs(self, dataset: Dataset, split: str, limit: int | None = None) -> Pairs:
        """Pairs as this run's networks see them: grey, without colour, with a hole."""
        files, size = dataset.files(split)[:limit], self.config.image_size
        loaded = in_parallel(lambda path: self.load(dataset, path, size), files)
        source, target = (np.stack(side) for side in zip(*loaded, strict=True))
        names = [path.stem for path in files]
        return Pairs(self.encoding.show_condition(source), self.encoding.show_target(target), names)

    def batches(self, dataset: Dataset, first_epoch: int):
        """What it is trained on, as `pipeline.training_batches` returns it."""
        config, encoding = self.config, self.encoding
        size = load_size(config.image_size) if config.jitter else config.image_size
        files = dataset.files("train")[: config.train_pairs]

        def load(path) -> np.ndarray:
            source, target = self.load(dataset, path, size)
            return np.stack([encoding.condition_planes(source), encoding.target_planes(target)])

        def prepare(pair, top, left, mirrored):
            pair = cut(pair, config.image_size, top, left, mirrored)
            return encoding.scale_condition(pair[0]), encoding.scale_target(pair[1])

        def plan(epoch) -> EpochPlan:
            drawn = epoch_plan(config, len(files), int(epoch))
            if self.variant.crop == "centre":
                middle = np.full_like(drawn.top, (size - config.image_size) // 2)
                drawn = drawn._replace(top=middle, left=middle)
            if not self.variant.shuffle:
                drawn = drawn._replace(pair=np.arange(len(files), dtype=np.int32))
            return drawn

        return batches(files, load, prepare, plan, config, first_epoch)

    def condition(self, image: np.ndarray) -> np.ndarray:
        """A picture as the generator takes it; inpainting's hole is in the picture's middle."""
        if self.condition_palette is not None and self.variant.resize == "by_kind":
            image = self.condition_palette.snap(image)
        return self.encoding.condition(image)

    def picture(self, generated: np.ndarray, image: np.ndarray) -> np.ndarray:
        """What it made of `image`, whose lightness is kept where only colours are made."""
        return self.encoding.picture(generated, image)
