"""A generator as a file for other programs: the same pictures, in each mode."""

import json
import shutil
import urllib.error
import urllib.request
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from PIL import Image

from pix2pix_course import runs
from pix2pix_course.export import demo, write
from pix2pix_course.export.portable import Portable
from pix2pix_course.export.write import ExportError
from pix2pix_course.generators import MODES, generate
from pix2pix_course.training import build_generator
from pix2pix_course.variants import recipes


def condition(channels=3) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, (1, 64, 64, channels)).astype(np.float32)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("recipe", ["paper", "pytorch_reference", "gluon_tutorial", "keras_book"])
def test_the_portable_generator_is_the_generator(recipe, mode):
    config = recipes.recipe(recipe, "smoke").replace(generator_filters=4)
    generator = build_generator(config)
    for layer in generator.layers:  # averages that differ from every image's own
        if hasattr(layer, "moving_mean"):
            layer.moving_mean.assign(layer.moving_mean + 0.1)
    portable = Portable(generator, 64)
    image = condition(generator.input.shape[-1])
    inputs = portable.inputs_for(image, mode, seed=3)
    found = portable([inputs[name] for name in portable.shapes])
    np.testing.assert_allclose(found, generate(generator, image, mode, seed=3), atol=2e-5)


def test_masks_are_drawn_by_the_seed_and_keep_half(trained):
    portable = Portable(trained.generator, 64)
    names = [name for name in portable.shapes if name.startswith("mask")]
    assert len(names) == 3
    one, same, other = (portable.inputs_for(condition(), "paper", seed) for seed in (1, 1, 2))
    for name in names:
        np.testing.assert_array_equal(one[name], same[name])
        assert set(np.round(np.unique(one[name]), 5)) <= {0, 2}
    assert any((one[name] != other[name]).any() for name in names)
    ones = portable.inputs_for(condition(), "deterministic")
    assert all((ones[name] == 1).all() for name in names)


@pytest.mark.parametrize("weights", write.BOUNDS)
def test_a_file_is_tried_and_described(trained, tmp_path, weights):
    apart = write.export(trained, tmp_path / "out", weights=weights)
    assert set(apart) == set(MODES)
    assert max(apart.values()) <= write.BOUNDS[weights]
    card = json.loads((tmp_path / "out/model.json").read_text())
    assert card["file"] == "model.tflite"
    assert card["palette"]["names"][2] == "window"
    assert card["condition"]["shape"] == [1, 64, 64, 3]
    assert [mask["rate"] for mask in card["masks"]] == [0.5] * 3
    assert card["trained"]["epochs"] == trained.epoch
    example = np.asarray(Image.open(tmp_path / "out" / card["examples"][0]))
    np.testing.assert_array_equal(trained.condition_palette.snap(example), example)
    assert len(list((tmp_path / "out/examples").iterdir())) == len(card["examples"])


def test_the_card_names_the_data_of_the_training_not_that_of_the_examples(trained, tmp_path):
    shutil.copytree(trained.config.dataset, tmp_path / "others")
    run = runs.load(trained.folder, tmp_path / "others")
    write.export(run, tmp_path / "out")
    card = json.loads((tmp_path / "out/model.json").read_text())
    assert card["trained"]["dataset"] == Path(trained.config.dataset).name != "others"


def test_a_file_that_computes_something_else_is_refused(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(
        write, "reader", lambda *a: lambda inputs: np.zeros((1, 64, 64, 3), np.float32)
    )
    with pytest.raises(ExportError, match=r"grey levels from the generator's, more than the 0\.02"):
        write.export(trained, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_what_does_not_go_together_is_refused(trained, tmp_path, monkeypatch):
    with pytest.raises(ExportError, match="--weights int8 is for --format litert"):
        write.export(trained, tmp_path / "out", "onnx", "int8")
    monkeypatch.setattr(write, "engine_name", lambda: "jax")
    with pytest.raises(ExportError, match="export needs TensorFlow"):
        write.export(trained, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_onnx_file_computes_the_same(trained, tmp_path):
    for package in ("tf2onnx", "onnx", "onnxruntime"):
        pytest.importorskip(package, reason="pip install '.[onnx]'")
    assert max(write.export(trained, tmp_path / "out", "onnx").values()) <= write.BOUNDS["f32"]


# --- the page ---------------------------------------------------------------------------------


@pytest.fixture
def npm(tmp_path):
    """Where npm has put the runtime."""
    for name in demo.RUNTIME:
        file = tmp_path / "npm/node_modules/@litertjs" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"wasm")
    return tmp_path / "npm"


def test_the_page_lies_beside_the_model(npm, tmp_path):
    (tmp_path / "out").mkdir()
    page = demo.lay_out(tmp_path / "out", npm)
    assert "<canvas" in page.read_text("utf-8")
    assert all((tmp_path / "out/litert" / name).exists() for name in demo.RUNTIME)
    demo.lay_out(tmp_path / "out", npm)  # again, over the old one


def test_without_npm_it_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ExportError, match=r"comes by npm, and there is none: install Node\.js"):
        demo.installed(tmp_path / "npm")


def test_the_runtime_is_pinned_and_the_browser_tests_use_the_same():
    browser = Path(__file__).with_name("browser") / "package.json"
    page, tests = (json.loads(f.read_text()) for f in (demo.PAGE / "package.json", browser))
    for name, version in page["dependencies"].items():
        assert version[0].isdigit()  # one version, no range
        assert tests["dependencies"][name] == version


def test_the_server_is_for_this_machine_alone_and_lists_nothing(npm, tmp_path):
    shutil.copytree(npm, tmp_path / "site")
    (tmp_path / "site/index.html").write_text("page")
    with demo.server(tmp_path / "site") as server:
        assert server.server_address[0] == "127.0.0.1"
        Thread(target=server.serve_forever, daemon=True).start()
        address = "http://{}:{}".format(*server.server_address)
        assert urllib.request.urlopen(f"{address}/index.html").read() == b"page"
        wasm = f"{address}/node_modules/@litertjs/core/wasm/"
        answer = urllib.request.urlopen(f"{wasm}litert_wasm_internal.wasm")
        assert answer.headers["Content-Type"] == "application/wasm"
        for hidden in (wasm, f"{address}/%2e%2e/secret"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(hidden)
        server.shutdown()


def test_the_gallerys_generator_fits_the_page():
    size = sum(weight.size for weight in runs.load(runs.GALLERY).generator.get_weights())
    assert 2 * size < 6e6  # bytes, in f16
