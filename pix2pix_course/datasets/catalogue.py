"""The six data sets published with pix2pix: addresses, sizes, directions, terms of use.

These are facts about the archives as their authors serve them. A copy may differ, in its splits
as well as in its direction; `datasets.open_dataset` looks at the folder at hand.
"""

import os
from dataclasses import dataclass

# Every address of the published sets begins with this. The server's https is misconfigured,
# and no public copy of the same archives could be confirmed (the older address
# people.eecs.berkeley.edu/~tinghuiz has been dead for years). A copy of your own, for instance
# in a university's network, goes into the environment variable below; it is asked first.
SERVER = "http://efrosgans.eecs.berkeley.edu/pix2pix/datasets"
MIRROR_VARIABLE = "PIX2PIX_COURSE_MIRROR"


@dataclass(frozen=True)
class Published:
    """A data set that was published with pix2pix."""

    name: str  # to download and open it by
    about: str  # what the pairs show
    size: str  # of the archive, for people; rounded where `bytes` is None
    splits: dict[str, int]  # number of pairs in each
    direction: str  # the natural one; the paper also trains some sets the other way round
    citation: str
    licence: str  # what is known of the terms of use
    bytes: int | None = None  # exact length of the archive, where known
    sha256: str | None = None  # of the archive, where known; else recorded at the first download
    palette: str | None = None  # of the label side
    label_side: str | None = None  # "A", "B", or None where no side is a label map

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where the archive lies, in the order to try: your own mirror first, if one is set."""
        mirror = os.environ.get(MIRROR_VARIABLE, "").rstrip("/")
        servers = (mirror, SERVER) if mirror else (SERVER,)
        return tuple(f"{server}/{self.name}.tar.gz" for server in servers)


_UNLICENSED = "No licence comes with the archive; "

CATALOGUE = {
    published.name: published
    for published in (
        Published(
            name="facades",
            about="photos of facades (A) and their labels in 12 classes (B), 256×256",
            size="30 MB",
            bytes=30_168_306,
            splits={"train": 400, "val": 100, "test": 106},
            direction="BtoA",
            palette="facades",
            label_side="B",
            citation="Tyleček and Šára, Spatial Pattern Templates for Recognition of Objects "
            "with Regular Structure, GCPR 2013 (CMP Facade Database)",
            licence=_UNLICENSED + "the CMP Facade Database asks to be cited.",
        ),
        Published(
            name="cityscapes",
            about="street scenes (A) and their labels in 19 classes (B), 256×256",
            size="103 MB",
            bytes=103_441_232,
            splits={"train": 2975, "val": 500},
            direction="BtoA",
            palette="cityscapes",
            label_side="B",
            citation="Cordts et al., The Cityscapes Dataset for Semantic Urban Scene "
            "Understanding, CVPR 2016",
            licence="Cityscapes' own terms: non-commercial, registration at "
            "cityscapes-dataset.com, no redistribution. The authors' PyTorch code no longer "
            "offers this archive for that reason; accept the terms there before you use it.",
        ),
        Published(
            name="maps",
            about="aerial photos (A) and maps (B) of New York, 600×600",
            size="250 MB",
            bytes=250_242_400,
            splits={"train": 1096, "val": 1098},
            direction="AtoB",
            citation="Isola et al., Image-to-Image Translation with Conditional Adversarial "
            "Networks, CVPR 2017",
            licence=_UNLICENSED + "the pictures are Google Maps', whose terms of service hold.",
        ),
        Published(
            name="edges2shoes",
            about="edges (A) and product photos of shoes (B), 256×256",
            size="2.2 GB",
            splits={"train": 49_825, "val": 200},
            direction="AtoB",
            citation="Yu and Grauman, Fine-Grained Visual Comparisons with Local Learning, "
            "CVPR 2014 (UT Zappos50K)",
            licence=_UNLICENSED + "UT Zappos50K is for non-commercial research.",
        ),
        Published(
            name="edges2handbags",
            about="edges (A) and product photos of handbags (B), 256×256",
            size="8.6 GB",
            splits={"train": 138_567, "val": 200},
            direction="AtoB",
            citation="Zhu et al., Generative Visual Manipulation on the Natural Image "
            "Manifold, ECCV 2016",
            licence=_UNLICENSED + "the photos were collected from a shop for research.",
        ),
        Published(
            name="night2day",
            about="webcam pictures at night (A) and by day (B), 256×256",
            size="2.0 GB",
            splits={"train": 17_823, "val": 10, "test": 2287},
            direction="AtoB",
            citation="Laffont et al., Transient Attributes for High-Level Understanding and "
            "Editing of Outdoor Scenes, SIGGRAPH 2014",
            licence=_UNLICENSED + "the webcam pictures were collected for research.",
        ),
    )
}
"""The six published sets by name."""
