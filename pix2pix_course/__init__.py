"""Image-to-image translation with conditional GANs, in modules as small as their ideas.

Importing the package is cheap: TensorFlow is loaded only by the modules that compute
(`pipeline`, `training`, `runs` and the networks), not here.
"""

__version__ = "0.1.0"
