"""How Sphinx makes the site from what `build.py` has prepared; run that, not Sphinx itself."""

import functools
import re
import sys
import tomllib
from pathlib import Path

from sphinx.ext.napoleon import GoogleDocstring

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # autodoc reads the package from the checkout
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

project = "pix2pix course"
author = "The pix2pix_course authors"
copyright = f"{author}. MIT licence"
release = PROJECT["version"]
language = "en"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]

# Notebooks are shown as they are stored; nothing is executed.
nb_execution_mode = "off"
# Two prints in a row are one output.
nb_merge_streams = True
# An exercise's check shows its outcome as data, for grading, and as text, for readers.
suppress_warnings = ["mystnb.unknown_mime_type"]

myst_enable_extensions = ["amsmath", "dollarmath"]
myst_heading_anchors = 5
# Names of headings in links are Jupyter's, which the index of questions uses. (Sphinx pickles this
# function, and could not pickle one that is defined here.)
myst_heading_slug_func = functools.partial(re.sub, " ", "-")

# The package is only read, so that no engine need be installed.
autodoc_mock_imports = [
    "filelock",
    "h5py",
    "IPython",
    "ipywidgets",
    "keras",
    "matplotlib",
    "numpy",
    "PIL",
    "pix2pix_course.support.engine",
    "pix2pix_course.support.gradients",
    "requests",
    "skimage",
    "tensorflow",
    "tqdm",
]
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
autodoc_preserve_defaults = True
add_module_names = False
toc_object_entries_show_parents = "hide"
napoleon_google_docstring = napoleon_numpy_docstring = False  # see `google_style`
default_role = "code"  # one backtick marks code in the docstrings

html_theme = "sphinx_book_theme"
html_title = project
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_js_files = ["custom.js"]
html_copy_source = False  # `build.py` puts the stored notebooks beside their pages
html_show_sphinx = False
html_use_index = False  # the API page has one of its own
html_domain_indices = False
html_theme_options = {
    "repository_url": PROJECT["urls"]["Repository"],
    "use_repository_button": True,
    "use_download_button": False,
    "footer_content_items": ["copyright.html"],
    "navbar_persistent": [],  # the sidebar has a search field already
    "logo": {"text": project},
}


def google_style(app, what, name, obj, options, lines):
    """Read "Args:", "Raises:" and the like; but a constant's text is text.

    Napoleon itself would take "a: b" there for a type and its meaning.
    """
    if lines and lines[0].startswith("Alias for field number"):  # not ours but NamedTuple's
        lines.clear()
    elif what not in ("attribute", "data", "property"):
        lines[:] = GoogleDocstring(lines, app.config, app, what, name, obj, options).lines()


def setup(app):
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", google_style)
