import os
import subprocess
import sys

import pytest

from pix2pix_course.quiet import quiet_stderr


def test_native_writes_are_dropped_and_then_heard_again(capfd):
    with quiet_stderr():
        os.write(2, b"dropped")
    os.write(2, b"heard")
    assert capfd.readouterr().err == "heard"


def test_exceptions_pass():
    with pytest.raises(ImportError, match="no such module"), quiet_stderr():
        raise ImportError("no such module")


def test_tensorflow_starts_in_silence():
    code = (
        "from pix2pix_course.quiet import quiet_stderr\n"
        "with quiet_stderr():\n"
        "    import tensorflow as tf\n"
        "tf.constant(1) + 1\n"
    )
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stderr == ""
