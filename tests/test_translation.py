import numpy as np
import pytest
from PIL import Image

from pix2pix_course import translation
from pix2pix_course.datasets.painter import paint_pair
from pix2pix_course.generators import MODES, generate
from pix2pix_course.pairs import DatasetError, to_image, to_network
from pix2pix_course.runs import Run, open_run
from pix2pix_course.support.images import in_pieces
from pix2pix_course.training import build_generator
from pix2pix_course.translation import (
    TranslationError,
    pad_to_multiple,
    translate,
    translate_files,
)
from pix2pix_course.variants.encoding import Encoding


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", [(64, 64), (50, 70), (1, 1), (130, 64)])
def test_any_size_comes_back_as_it_went_in(trained, mode, shape):
    result = translate(trained, picture(*shape), mode)
    assert result.shape == (*shape, 3)
    assert result.dtype == np.uint8


def test_padding_reflects_and_reaches_the_next_multiple():
    image = picture(5, 7)
    padded = pad_to_multiple(image, 4)
    assert padded.shape == (8, 8, 3)
    np.testing.assert_array_equal(padded[:5, :7], image)
    np.testing.assert_array_equal(padded[5], padded[4])
    np.testing.assert_array_equal(padded[:, 7], padded[:, 6])
    np.testing.assert_array_equal(pad_to_multiple(image[:4, :4], 4), image[:4, :4])
    assert pad_to_multiple(image, 4, smallest=12).shape == (12, 12, 3)


def test_no_mode_changes_the_generator(trained):
    before = [np.asarray(w).copy() for w in trained.generator.get_weights()]
    for mode in MODES:
        translate(trained, picture(64, 64), mode)
    for old, new in zip(before, trained.generator.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_running_mode_is_keras_predict_on_the_snapped_label(trained):
    label = trained.condition_palette.snap(picture(64, 64))
    wanted = trained.generator.predict(to_network(label)[None], verbose=0)[0]
    found = translate(trained, label, "running")
    assert np.abs(found.astype(int) - to_image(wanted)).max() <= 1  # rounding


def test_jpeg_noise_on_a_label_map_does_not_matter(trained):
    label = trained.condition_palette.to_rgb(np.arange(64 * 64).reshape(64, 64) // 400)
    noisy = np.clip(label.astype(int) + np.resize([-6, 5, 4], label.shape), 0, 255)
    np.testing.assert_array_equal(
        translate(trained, noisy.astype(np.uint8)), translate(trained, label)
    )


def test_something_else_than_an_image_is_refused(trained):
    with pytest.raises(ValueError, match=r"uint8 \(height, width, 3\), not float32 \(8, 8, 3\)"):
        translate(trained, np.zeros((8, 8, 3), np.float32))


def test_files_and_folders_become_png_of_the_same_names(trained, tmp_path):
    (tmp_path / "in").mkdir()
    Image.fromarray(picture(40, 30)).save(tmp_path / "in" / "a.jpg")
    Image.fromarray(picture(64, 64)).convert("L").save(tmp_path / "b.png")
    written = translate_files(trained, [tmp_path / "in", tmp_path / "b.png"], tmp_path / "out")
    assert [file.name for file in written] == ["a.png", "b.png"]
    assert [Image.open(file).size for file in written] == [(30, 40), (64, 64)]


def test_of_a_pair_the_trained_half_is_translated(trained, tmp_path):
    left, right = picture(64, 64, 1), picture(64, 64, 2)
    Image.fromarray(np.concatenate([left, right], axis=1)).save(tmp_path / "pair.png")
    (written,) = translate_files(trained, [tmp_path / "pair.png"], tmp_path / "out", pairs=True)
    np.testing.assert_array_equal(np.asarray(Image.open(written)), translate(trained, right))


def test_files_of_another_scale_are_told_about_and_can_be_resized(trained, tmp_path):
    """A run that saw its files of 256 pixels scaled to 64 has never seen details of 256."""
    trained.data["height"], kept = 256, trained.data["height"]
    try:
        Image.fromarray(picture(256, 256)).save(tmp_path / "a.png")
        with pytest.warns(UserWarning, match=r"256 pixels to 64: .*--resize"):
            (large,) = translate_files(trained, [tmp_path / "a.png"], tmp_path / "large")
        (small,) = translate_files(trained, [tmp_path / "a.png"], tmp_path / "small", resize=True)
    finally:
        trained.data["height"] = kept
    assert Image.open(large).size == (256, 256)
    scaled = Image.fromarray(picture(256, 256)).resize((64, 64), Image.Resampling.NEAREST)
    wanted = translate(trained, np.asarray(scaled))
    np.testing.assert_array_equal(np.asarray(Image.open(small)), wanted)


def test_pieces_of_a_function_of_pixels_are_the_function_of_the_whole():
    image = np.random.default_rng(0).normal(size=(90, 70, 3)).astype(np.float32)
    sizes = []

    def square(piece):
        sizes.append(piece.shape)
        return piece[..., :2] ** 2

    whole = in_pieces(square, image, side=32, overlap=8)
    np.testing.assert_allclose(whole, image[..., :2] ** 2, rtol=1e-5)
    assert set(sizes) == {(32, 32, 3)}


def test_a_large_picture_is_never_in_memory_at_once(trained, monkeypatch):
    monkeypatch.setattr(translation, "LARGEST", 128)
    shapes = []
    generate_whole = Run.generate

    def watched(self, condition, mode=None, seed=0):
        shapes.append(condition.shape[:2])
        return generate_whole(self, condition, mode, seed)

    monkeypatch.setattr(Run, "generate", watched)
    assert translate(trained, picture(200, 300)).shape == (200, 300, 3)
    assert len(shapes) > 4
    assert max(max(shape) for shape in shapes) == 128
    shapes.clear()
    translate(trained, picture(128, 100))
    assert shapes == [(128, 128)]  # what fits is translated as ever


def test_two_inputs_of_one_name_are_refused_before_anything_is_written(trained, tmp_path):
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        Image.fromarray(picture(8, 8)).save(tmp_path / folder / "a.png")
    with pytest.raises(TranslationError, match="would both become"):
        translate_files(trained, [tmp_path / "x", tmp_path / "y"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_input_is_never_overwritten(trained, tmp_path):
    Image.fromarray(picture(8, 8)).save(tmp_path / "a.png")
    with pytest.raises(TranslationError, match="would overwrite its own input"):
        translate_files(trained, [tmp_path / "a.png"], tmp_path)


@pytest.mark.parametrize("name", ["missing.png", ""])
def test_nothing_to_translate(trained, tmp_path, name):
    with pytest.raises(DatasetError, match=r"does not exist|no image"):
        translate_files(trained, [tmp_path / name], tmp_path / "out")


def run_of(trained, tmp_path, **changes) -> Run:
    """An untrained run of another configuration, with the memory of `trained` for its data."""
    config = trained.config.replace(dropout=0.0, **changes)
    return open_run(tmp_path, config, build_generator(config), 0, trained.data)


RECIPES = {
    "unit": {"value_range": "unit"},
    "grey": {"grey_input": True, "grey_output": True},
    "colorization": {"task": "colorization"},
    "inpainting": {"task": "inpainting"},
    "resnet": {"generator": "resnet_6", "generator_norm": "instance"},
}


@pytest.mark.parametrize("changes", RECIPES.values(), ids=RECIPES)
@pytest.mark.parametrize("shape", [(64, 64), (50, 70), (1, 1)])
def test_every_kind_of_run_translates_pictures_of_any_size(trained, tmp_path, changes, shape):
    result = translate(run_of(trained, tmp_path, **changes), picture(*shape))
    assert (result.shape, result.dtype) == ((*shape, 3), np.uint8)
    if "grey_output" in changes:
        assert np.ptp(result, axis=-1).max() == 0


@pytest.mark.parametrize("task", ["colorization", "inpainting"])
def test_the_condition_is_made_of_the_photo(trained, tmp_path, task):
    run = run_of(trained, tmp_path, task=task)
    photo = paint_pair(1, size=64).photo
    encoding = Encoding(task)
    generated = generate(run.generator, encoding.condition(photo)[None], "running")
    wanted = encoding.picture(np.asarray(generated[0]), photo)
    # no colour is snapped to a label's
    np.testing.assert_array_equal(translate(run, photo, "running"), wanted)
    # what the photo has in its hole, or as colour, makes no difference
    blind = translate(run, encoding.show_condition(photo), "running")
    assert np.abs(blind.astype(int) - wanted).max() <= (6 if task == "colorization" else 0)


def test_a_resnet_is_padded_to_multiples_of_four_only(trained, tmp_path):
    run = run_of(trained, tmp_path, generator="resnet_6", generator_norm="instance")
    label = run.condition_palette.snap(picture(64, 68))
    wanted = to_image(generate(run.generator, to_network(label)[None], "running")[0])
    np.testing.assert_array_equal(translate(run, label, "running"), wanted)


def test_the_mode_is_the_runs_own_where_none_is_given(trained, tmp_path):
    image = picture(64, 64)
    for mode in ("deterministic", "running"):
        run = run_of(trained, tmp_path, test_mode=mode)
        np.testing.assert_array_equal(translate(run, image), translate(run, image, mode))


def test_labels_keep_their_colours_where_training_kept_them(trained, tmp_path):
    run = run_of(trained, tmp_path, resize="bicubic")
    image = picture(64, 64)
    wanted = to_image(generate(run.generator, to_network(image)[None], "running")[0])
    np.testing.assert_array_equal(translate(run, image, "running"), wanted)


def test_of_a_pair_the_photo_is_coloured(trained, tmp_path):
    run = run_of(trained, tmp_path, task="colorization")
    assert (run.condition_side, run.target_side, run.input_side) == ("B", "A", "A")
    photo, label = picture(64, 64, 1), picture(64, 64, 2)
    Image.fromarray(np.concatenate([photo, label], axis=1)).save(tmp_path / "pair.png")
    (written,) = translate_files(run, [tmp_path / "pair.png"], tmp_path / "out", pairs=True)
    np.testing.assert_array_equal(np.asarray(Image.open(written)), translate(run, photo))
