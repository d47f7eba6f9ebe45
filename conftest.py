"""Settings of pytest for the whole repository; nbval reads them for executed notebooks."""

import os

# nbval's kernels inherit it: no sliders where nobody moves them
os.environ.setdefault("PIX2PIX_COURSE_HEADLESS", "1")


def pytest_collectstart(collector):
    """Let nbval not compare stderr: TensorFlow's log lines reach papermill's output only."""
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += ("stderr",)
