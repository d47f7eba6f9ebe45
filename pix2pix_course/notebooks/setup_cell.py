# @title Set-up: run this cell first { display-mode: "form" }
import importlib.metadata
import importlib.util
import subprocess
import sys
from pathlib import Path

here = Path.cwd()
folders = (here / "pix2pix_course", here, *here.parents)
# A checkout of the course, around this notebook or fresh beside it, needs no installation.
checkouts = [folder for folder in folders if (folder / "pix2pix_course/__init__.py").exists()]
if checkouts:
    sys.path.insert(0, str(checkouts[0]))
elif importlib.util.find_spec("pix2pix_course") is None:  # in Colab, say: install it
    installed = {d.metadata["Name"].lower(): d.version for d in importlib.metadata.distributions()}
    # What Colab brings stays as it is: pip must stop rather than replace one of these.
    keep = [f"{n}=={installed[n]}" for n in ("tensorflow", "keras", "numpy") if n in installed]
    package = "pix2pix_course @ git+{{repository}}"
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", package, *keep], check=True)

import pix2pix_course

if "get_ipython" in globals():  # in a notebook: start TensorFlow quietly and say what there is
    pix2pix_course.setup()
