"""The words that start a container; whether it holds, only docker or podman can tell."""

import json
import os
import sys

import pytest

from pix2pix_course.notebooks import CHECKOUT, container, grade

SPY = f"""#!{sys.executable}
import json, sys
print(json.dumps(sys.argv[1:]))
sys.exit(7)
"""


@pytest.fixture
def path(tmp_path, monkeypatch):
    """An empty folder that alone is searched for commands."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()
    return tmp_path / "bin"


def grade_in_container(tmp_path, **folders) -> int:
    options = ["--profile", "smoke"]
    return container.grade_in_container("an/image", folders, tmp_path / "out", 3.5, options)


def install(path, name: str) -> None:
    (path / name).write_text(SPY)
    (path / name).chmod(0o755)


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a script with a first line for Unix")
@pytest.mark.parametrize("engine", ["docker", "podman"])
def test_nothing_but_the_marks_can_be_written(path, tmp_path, capfd, engine):
    install(path, engine)
    code = grade_in_container(tmp_path, handed_in=tmp_path / "in", data=tmp_path / "data")
    words = json.loads(capfd.readouterr().out)
    before, after = words[: words.index("an/image")], words[words.index("an/image") + 1 :]
    volumes = [words[i + 1] for i, word in enumerate(words) if word == "--volume"]
    assert code == 7  # what it ended with
    assert volumes == [
        f"{CHECKOUT}:/course:ro", f"{tmp_path / 'in'}:/handed_in:ro",
        f"{tmp_path / 'data'}:/data:ro", f"{tmp_path / 'out'}:/grades",
    ]  # fmt: skip
    for pair in ("--network none", "--cap-drop ALL", "--memory 5.5g", "--pids-limit 512"):
        option, value = pair.split()
        assert before[before.index(option) + 1] == value
    assert {"--rm", "--read-only"} <= set(before)
    assert ("--user" in before) == (engine == "docker")
    assert after == [
        "python", "-m", "pix2pix_course", "grade", "/handed_in", "--output", "/grades",
        "--notebooks", "/notebooks", "--memory-limit", "3.5", "--profile", "smoke",
    ]  # fmt: skip


def test_without_docker_and_podman_it_refuses(path, tmp_path):
    with pytest.raises(grade.GradingError, match="needs docker or podman, and neither is here"):
        grade_in_container(tmp_path, handed_in=tmp_path)
    assert not (tmp_path / "out").exists()
