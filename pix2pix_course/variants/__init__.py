"""What only other implementations of pix2pix do: one door to it, `Config.variant`; notebook 08.

The functions here are those of `training` and `runs` for a configuration with a variant. They
import what they need when they are called: a `Config` is changed long before TensorFlow is loaded.
"""

import dataclasses

from pix2pix_course.config import CHOICES, FIELDS, Config
from pix2pix_course.support.files import did_you_mean
from pix2pix_course.variants.variant import NAMES, Variant


def changed(config: Config, own: dict, others: dict) -> Variant | None:
    """The variant of a configuration after a change; None if nothing is left of it.

    `own` are the new values of fields of `Config`, `others` those of other names; `ValueError` for
    a name that `Variant` has not either.
    """
    for name in others:
        if name not in NAMES:
            hint = did_you_mean(name, [*FIELDS, *NAMES])
            raise ValueError(f"Config has no field {name!r}{hint}")
    variant = dataclasses.replace(own.get("variant", config.variant) or Variant(), **others)
    words = {name: own.get(name, getattr(config, name)) for name in CHOICES}
    is_plain = all(word in CHOICES[name] for name, word in words.items())
    return None if is_plain and variant == Variant() else variant


def fields_of(config: Config) -> dict:
    """All 32 settings of a configuration, the course's own where it has no variant."""
    return dataclasses.asdict(config.variant or Variant())


def build_generator(config: Config):
    """The untrained generator of a configuration with a variant."""
    from pix2pix_course.variants import generators

    build = generators.resnet if config.generator.startswith("resnet") else generators.unet
    return build(config)


def build_discriminator(config: Config):
    """The untrained discriminator of a configuration with a variant."""
    from pix2pix_course.variants import discriminators

    kinds = {"patchgan": discriminators.patchgan, "image": discriminators.image_discriminator}
    return kinds[config.variant.discriminator](config)


def build_pix2pix(generator, discriminator, config: Config):
    """The model of both, ready for `fit`."""
    from pix2pix_course.variants.training import VariantPix2Pix, adam

    model = VariantPix2Pix(generator, discriminator, config)
    model.compile(adam(config), adam(config))
    return model


def open_run(*arguments):
    """The run of a configuration with a variant; arguments as of `runs.Run`."""
    from pix2pix_course.variants.run import VariantRun

    return VariantRun(*arguments)
