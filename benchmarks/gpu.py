"""What a GPU makes of pix2pix, measured in pieces. It needs Keras with JAX or PyTorch, no more.

    python benchmarks/gpu.py OUT [--dataset FOLDER] [--minutes 8] [--small]

Each piece is a process of its own and leaves OUT/PIECE.json; what is there is not measured again.
No piece is begun when the minutes are over, and a training that is cut off goes on the next time:
call it until it prints the table. `--small` proves on a CPU, in minutes, that all of it works.
"""

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))
PRECISIONS = {"float32": "float32", "bfloat16": "mixed_bfloat16"}
PROGRAMS = ("keras-jax", "keras-torch", "torch eager", "torch compiled")
NOTEBOOKS = ("00", "01", "02", "03", "04", "05", "06", "08")


# --- what is measured ------------------------------------------------------------------------


def sizes(small: bool) -> tuple:
    """The configuration whose step is measured, and the batches."""
    from pix2pix_course.config import Config, profile

    if small:
        return profile("smoke").replace(dropout=0.5), (1, 2)
    return Config(), (1, 16, 64)


def device() -> dict:
    """Its name, and the two rates that bound everything: multiplications and memory."""
    import torch

    from pix2pix_course import versions

    has_gpu = torch.cuda.is_available()
    where = "cuda" if has_gpu else "cpu"
    found = {"name": torch.cuda.get_device_name() if has_gpu else "CPU", "versions": versions()}
    torch.backends.cuda.matmul.allow_tf32 = True
    side = 8192 if has_gpu else 512
    for name, dtype in {"float32": torch.float32, "bfloat16": torch.bfloat16}.items():
        a = torch.ones(side, side, dtype=dtype, device=where)
        found[f"operations/s, {name}"] = 2 * side**3 / seconds_of(lambda a=a: (a @ a)[0, 0].item())
    vector = torch.ones(2**29 if has_gpu else 2**22, device=where)
    found["bytes/s"] = 8 * len(vector) / seconds_of(lambda: (vector + 1)[0].item())
    return found


def seconds_of(function, rounds: int = 10) -> float:
    """Median seconds of a call that waits for its result."""
    times = []
    for _ in range(rounds + 3):
        begin = time.perf_counter()
        function()
        times.append(time.perf_counter() - begin)
    return statistics.median(times[3:])


def work(config) -> tuple[float, float]:
    """Operations of a training step, and the least of bytes that it moves, both from the shapes.

    G runs forwards and back (once to its features, once to its weights); D sees three batches
    for its own step and G's, forwards and back. Weights are read three times and updated by Adam;
    each feature is written and read, forwards and back.
    """
    from pix2pix_course.generators import widths_of

    def layer(inputs, outputs, small_side, large_side):
        return 16 * inputs * outputs * small_side**2, 16 * inputs * outputs, large_side**2 * outputs

    widths = widths_of(config.image_size, config.generator_filters)
    g, inputs, side = [], 3, config.image_size
    for width in widths:
        side //= 2
        g.append(layer(inputs, width, side, side))
        inputs = width
    for width in [*reversed(widths[:-1]), 3]:
        g.append(layer(inputs, width, side, 2 * side))
        side, inputs = 2 * side, 2 * width
    d, inputs, side = [], 6, config.image_size
    for level in range(config.discriminator_layers + 1):
        width = config.discriminator_filters * min(2**level, 8)
        side = side // 2 if level < config.discriminator_layers else side - 1
        d.append(layer(inputs, width, side, side))
        inputs = width
    d.append(layer(inputs, 1, side - 1, side - 1))

    (g_products, g_weights, g_features), (d_products, d_weights, d_features) = (
        map(sum, zip(*layers, strict=True)) for layers in (g, d)
    )
    operations = 2 * config.batch_size * (3 * g_products + (2 * 3 + 2) * d_products)
    features = config.batch_size * (g_features + 3 * d_features)
    return operations, 4 * 11 * (g_weights + d_weights) + 4 * 4 * features


def keras_steps(small: bool, precision: str) -> dict:
    """Seconds of a step of the course's model under `fit`, by batch; batches wait on the device."""
    import keras
    import numpy as np

    from pix2pix_course.training import build_pix2pix

    keras.config.set_dtype_policy(PRECISIONS[precision])
    config, batches = sizes(small)
    found, steps = {}, 5 if small else 40
    for batch in batches:
        model = build_pix2pix(config.replace(batch_size=batch))
        shape = (batch, config.image_size, config.image_size, 3)
        random = np.random.default_rng(0)
        pair = tuple(
            keras.ops.convert_to_tensor(random.uniform(-1, 1, shape).astype("float32"))
            for _ in range(2)
        )

        def epoch(model=model, pair=pair):
            stream = (pair for _ in range(steps))
            model.fit(stream, steps_per_epoch=steps, shuffle=False, verbose=0)

        found[batch] = seconds_of(epoch, rounds=5) / steps
    return found


def torch_steps(small: bool, precision: str, compiled: bool) -> dict:
    """The same of the same networks in plain PyTorch."""
    import torch

    from pix2pix_course.bench.plain_torch import torch_step

    where = "cuda" if torch.cuda.is_available() else "cpu"
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = True
    config, batches = sizes(small)
    found, steps = {}, 5 if small else 40
    for batch in batches:
        step = torch_step(config.replace(batch_size=batch), where, fused=True, compiled=compiled)
        shape = (batch, 3, config.image_size, config.image_size)
        pair = [torch.rand(shape, device=where) * 2 - 1 for _ in range(2)]

        def epoch(step=step, pair=pair):
            for _ in range(steps):
                with torch.autocast(where, torch.bfloat16, enabled=precision == "bfloat16"):
                    loss, _ = step(*pair)
            loss.item()

        found[batch] = seconds_of(epoch, rounds=5) / steps
    return found


def training(out: Path, dataset: str, small: bool, precision: str) -> dict:
    """A whole training under the profile `gpu`, and what the segmenter says of its pictures."""
    import keras

    from pix2pix_course import runs
    from pix2pix_course.config import profile
    from pix2pix_course.evaluation import evaluate

    config = profile("smoke" if small else "gpu").replace(dataset=dataset)
    keras.config.set_dtype_policy(PRECISIONS[precision])
    run = runs.train(config, out / f"run-{precision}", verbose="lines")
    keras.config.set_dtype_policy("float32")
    run = runs.load(run.folder)
    found = evaluate(run, segmenter_folder=out / "segmenter")
    seconds = sum(row["seconds"] for row in run.history)
    return {"seconds": seconds, "epochs": run.epoch, "scores": found.scores, "notes": found.notes}


def notebook(out: Path, dataset: str, small: bool, number: str) -> dict:
    """A notebook through papermill; its words stand in OUT/notebooks/report.json as well."""
    from pix2pix_course.notebooks.run import run_notebooks

    values = {"PROFILE": "smoke" if small else "gpu", "DATASET": dataset}
    (result,) = run_notebooks([number], output=out / "notebooks", values=values)
    return {"status": result.status, "seconds": result.seconds, "error": result.error}


# --- the pieces ------------------------------------------------------------------------------


def pieces(small: bool) -> dict[str, tuple]:
    """Name of a piece → (engine, function, arguments after the common ones)."""
    has = {name: importlib.util.find_spec(name) is not None for name in ("jax", "torch")}
    engine = "jax" if has["jax"] else "torch"
    found = {"device": ("torch", device)} if has["torch"] else {}
    for precision in PRECISIONS:
        for program in PROGRAMS:
            kind, how = program.replace(" ", "-").split("-")
            if has[how if kind == "keras" else "torch"]:
                name = f"steps, {program}, {precision}"
                if kind == "keras":
                    found[name] = how, keras_steps, small, precision
                else:
                    found[name] = "torch", torch_steps, small, precision, how == "compiled"
    for precision in PRECISIONS:
        found[f"training, {precision}"] = engine, training, precision
    for number in NOTEBOOKS[:2] if small else NOTEBOOKS:
        found[f"notebook {number}"] = engine, notebook, number
    return found


def measure(name: str, out: Path, dataset: str, small: bool) -> None:
    """Measure one piece in this process, and keep what was found."""
    _, function, *arguments = pieces(small)[name]
    if function in (training, notebook):
        arguments = [out, dataset, small, *arguments]
    (out / f"{name}.json").write_text(json.dumps(function(*arguments), indent=1))


def measure_all(out: Path, dataset: str, small: bool, minutes: float) -> bool:
    """Measure piece after piece, each in a process of its own; whether all are there."""
    end, known = time.monotonic() + 60 * minutes, pieces(small)
    for name, (engine, *_) in known.items():
        left = end - time.monotonic()
        if (out / f"{name}.json").exists() or left < 0:
            continue
        print(f"{name} …", flush=True)
        command = [sys.executable, __file__, str(out), "--dataset", dataset, "--piece", name]
        environment = os.environ | {"KERAS_BACKEND": engine}
        # half of the memory is enough, and a notebook's kernel needs some as well
        environment |= {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
        try:
            done = subprocess.run(
                command + ["--small"] * small, env=environment, timeout=left, check=False
            )
            if done.returncode:
                print(f"{name} failed with {done.returncode}; the others go on")
        except subprocess.TimeoutExpired:
            print(f"{name}: out of time; call again, and it goes on")
    missing = [name for name in known if not (out / f"{name}.json").exists()]
    if missing:
        print("not measured yet:", "; ".join(missing))
    return not missing


def table(out: Path, small: bool) -> str:
    """All that was found, as Markdown."""
    found = {path.stem: json.loads(path.read_text()) for path in out.glob("*.json")}
    machine, lines = found.get("device", {}), []
    if machine:
        versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
        lines += [f"{machine['name']}; {versions}", ""]
    lines += ["| step | batch | ms | pairs/s | of the matrix rate | of the memory rate |"]
    lines += ["|---|---|---|---|---|---|"]
    config, _ = sizes(small)
    for name, times in found.items():
        if not name.startswith("steps"):
            continue
        precision = name.split(", ")[-1]
        for batch, seconds in times.items():
            operations, moved = work(config.replace(batch_size=int(batch)))
            rates = machine.get(f"operations/s, {precision}"), machine.get("bytes/s")
            shares = [
                f"{amount / rate / seconds:.0%}" if rate else "not measured"
                for amount, rate in zip((operations, moved), rates, strict=True)
            ]
            speed = f"{1000 * seconds:.2f} | {int(batch) / seconds:.0f}"
            lines.append(f"| {name[7:]} | {batch} | {speed} | {shares[0]} | {shares[1]} |")
    for name, content in found.items():
        if name.startswith("training"):
            scores = {m: round(c["generated"], 3) for m, c in content["scores"].items()}
            took = f"{content['seconds'] / 60:.1f} min for {content['epochs']} epochs"
            lines.append(f"\n{name}: {took}; {scores}")
        if name.startswith("notebook"):
            lines.append(f"\n{name}: {content['status']} in {content['seconds']:.0f} s")
    return "\n".join(lines)


def main() -> None:
    """Measure what is missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--dataset", default="painted")
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--piece", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    if asked.piece:
        measure(asked.piece, asked.out.resolve(), asked.dataset, asked.small)
    else:
        measure_all(asked.out.resolve(), asked.dataset, asked.small, asked.minutes)
        print(table(asked.out, asked.small))


if __name__ == "__main__":
    main()
