"""What the networks see of a picture: its colours, one grey channel, or a part of Lab.

Outside the networks every picture is uint8 RGB. An `Encoding` makes network arrays of it and makes
a picture of what comes out. It does so in two steps, so that training pays for the slow one only
once: a decoded picture becomes three uint8 *planes*, which can be kept, cropped and mirrored like
any picture; after the crop some of the planes are picked and scaled.
"""

import warnings
from dataclasses import dataclass

import numpy as np
from skimage.color import lab2rgb, rgb2lab

from pix2pix_course.config import Config

AB_RANGE = 110.0
"""The colours a and b of sRGB lie between -108 and 99; divided by this they fit tanh."""


@dataclass(frozen=True)
class Encoding:
    """How pictures become network arrays and back; the default is RGB in [-1, 1].

    Attributes:
        task: "translation"; "colorization", from the lightness L of a photo to its colours a, b
            (Zhang et al. 2016); "inpainting", from a photo with a hole to the whole photo.
        grey_input: the condition is one channel, its luma.
        grey_output: the target is one channel, its luma.
        value_range: "symmetric" is [-1, 1]; "unit" is [0, 1].
    """

    task: str = "translation"
    grey_input: bool = False
    grey_output: bool = False
    value_range: str = "symmetric"

    @classmethod
    def of(cls, config: Config) -> "Encoding":
        """The encoding that a run uses."""
        variant = config.variant
        if variant is None:
            return cls()
        return cls(variant.task, variant.grey_input, variant.grey_output, variant.value_range)

    @property
    def from_target(self) -> bool:
        """Whether the condition is made of the target photo, and the other side is not used."""
        return self.task != "translation"

    # --- to the network ---------------------------------------------------------------------

    def condition(self, images) -> np.ndarray:
        """Pictures, uint8 RGB (..., H, W, 3) → what the generator is given.

        In the tasks that need no pairs, `images` are the photos themselves.

        Returns:
            float32 (..., H, W, `Config.input_channels`). Colorization: L/50 - 1. Inpainting: the
            central square, half as wide and high as the picture, is white.
        """
        return self.scale_condition(self.condition_planes(images).astype(np.float32))

    def target(self, images) -> np.ndarray:
        """Pictures, uint8 RGB (..., H, W, 3) → what the generator should produce.

        Returns:
            float32 (..., H, W, `Config.output_channels`). Colorization: (a, b)/110.
        """
        return self.scale_target(self.target_planes(images).astype(np.float32))

    def condition_planes(self, images) -> np.ndarray:
        """Pictures → the planes that `scale_condition` takes, uint8 (..., H, W, 3)."""
        return self._planes(images, self.grey_input)

    def target_planes(self, images) -> np.ndarray:
        """Pictures → the planes that `scale_target` takes, uint8 (..., H, W, 3)."""
        return self._planes(images, self.grey_output)

    def _planes(self, images, is_grey: bool) -> np.ndarray:
        if self.task == "colorization":
            return to_lab_planes(images)
        return to_grey(images) if is_grey else np.asarray(images)

    # The planes may be NumPy arrays or tensors of any engine: arithmetic and slices suffice.

    def scale_condition(self, planes):
        """Cropped planes as float32 (..., H, W, 3) → the condition, as `condition` describes."""
        channels = 1 if self.task == "colorization" or self.grey_input else 3
        values = self._scale(planes[..., :channels])
        if self.task == "inpainting":
            white = central_square(*planes.shape[-3:-1]).astype(np.float32)
            values = values * (1.0 - white) + white
        return values

    def scale_target(self, planes):
        """Cropped planes as float32 (..., H, W, 3) → the target, as `target` describes."""
        if self.task == "colorization":
            return planes[..., 1:] / AB_RANGE - 128.0 / AB_RANGE
        return self._scale(planes[..., : 1 if self.grey_output else 3])

    def _scale(self, planes):
        return planes / 255.0 if self.value_range == "unit" else planes / 127.5 - 1.0

    # --- to the eye -------------------------------------------------------------------------

    def show_condition(self, images) -> np.ndarray:
        """Pictures → pictures of what the generator is given of them, uint8 RGB (..., H, W, 3).

        Grey, without colour, or with a white hole. `condition` makes of such a picture what it
        makes of the original; in colorization, but for the rounding to 256 greys.
        """
        if self.task == "colorization":
            colourless = np.zeros((*np.shape(images)[:-1], 2))
            return to_grey(self.picture(colourless, images))  # equal to the last bit
        planes = self.condition_planes(images)
        if self.task == "inpainting":
            planes = np.where(central_square(*planes.shape[-3:-1]), np.uint8(255), planes)
        return planes

    def show_target(self, images) -> np.ndarray:
        """Pictures → pictures of the best that the generator can do, uint8 RGB (..., H, W, 3)."""
        return np.asarray(images) if self.task == "colorization" else self.target_planes(images)

    def picture(self, generated, condition_image) -> np.ndarray:
        """What the generator made, float (..., H, W, channels) → uint8 RGB (..., H, W, 3).

        With the range "unit" the negative half of tanh means nothing, and is clipped away. Of
        `condition_image`, the picture it was made from or as `show_condition` returns it, only
        colorization takes anything: the lightness.
        """
        generated = np.asarray(generated, np.float32)
        if self.task == "colorization":
            lab = rgb2lab(condition_image)
            lab[..., 1:] = generated * AB_RANGE
            with warnings.catch_warnings():
                # Many combinations of L, a and b are no colour of a screen; the nearest will do.
                warnings.filterwarnings("ignore", message=".*negative Z values")
                return np.rint(255 * lab2rgb(lab)).astype(np.uint8)
        levels = generated * 255.0 if self.value_range == "unit" else (generated + 1.0) * 127.5
        levels = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
        return np.repeat(levels, 3, axis=-1) if levels.shape[-1] == 1 else levels


RGB = Encoding()
"""The default: three colours in [-1, 1], as in the paper."""


def to_grey(images) -> np.ndarray:
    """uint8 RGB (..., 3) → its luma, three times: 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601).

    In the fixed-point arithmetic of Pillow's mode "L", whose pixels these are.
    """
    luma = (np.asarray(images, np.int64) @ (19595, 38470, 7471) + 2**15) >> 16
    return np.repeat(luma[..., None].astype(np.uint8), 3, axis=-1)


def to_lab_planes(images) -> np.ndarray:
    """uint8 RGB (..., 3) → 8-bit CIE Lab: L scaled from [0, 100] to [0, 255], a + 128, b + 128.

    The colours of sRGB reach from -86 to 98 in a and from -108 to 94 in b, so none is cut off.
    """
    lab = rgb2lab(images)
    return np.rint(lab * (2.55, 1, 1) + (0, 128, 128)).astype(np.uint8)


def central_square(height: int, width: int) -> np.ndarray:
    """The hole of inpainting, True from a quarter to three quarters: bool (height, width, 1)."""
    inside = np.zeros((height, width, 1), bool)
    inside[height // 4 : 3 * height // 4, width // 4 : 3 * width // 4] = True
    return inside
