"""Image-to-image translation with conditional GANs, in modules as small as their ideas.

The core is what notebooks 01 to 06 build, a file an idea; read it in this order:
`config`, `palettes`, `pairs`, `pipeline` (01), `generators` (02), `discriminators` (03),
`losses` (04), `training`, `callbacks`, `runs`, `translation` (05), `evaluation` (06).
The folders beside it are wings: what a single lab, notebook or file format needs; `support` is
what all of it stands on.

Importing the package is cheap: TensorFlow is loaded by the modules that compute, not here.
"""

from pix2pix_course.support.engine import quiet_stderr, setup, versions
from pix2pix_course.support.files import atomic, did_you_mean, remove

__all__ = ["atomic", "did_you_mean", "quiet_stderr", "remove", "setup", "versions"]
__version__ = "0.2.0"
