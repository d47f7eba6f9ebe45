"""What Python makes of the examples beside the drawing page, for the browser tests to compare.

python tests/browser/expected.py PAGE_FOLDER
"""

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from pix2pix_course import runs


def main(folder: Path) -> None:
    run = runs.load(runs.GALLERY)
    expected = []
    for number, example in enumerate(sorted(folder.glob("examples/*.png"))):
        image = np.asarray(Image.open(example).convert("RGB"))
        for mode in ("deterministic", "running"):
            name = f"expected_{number}_{mode}.png"
            made = run.picture(run.generate(run.condition(image), mode), image)
            Image.fromarray(made).save(folder / name)
            expected.append({"map": f"examples/{example.name}", "mode": mode, "picture": name})
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
