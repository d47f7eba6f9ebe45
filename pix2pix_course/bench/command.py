"""The command `pix2pix-course bench`."""

import json
import tempfile
from pathlib import Path

import click

from pix2pix_course import quiet_stderr, versions
from pix2pix_course.support.files import atomic
from pix2pix_course.support.terminal import FOLDER


@click.command()
@click.option("--rounds", default=5, show_default=True, help="Turns of each measurement.")
@click.option("--quick", is_flag=True, help="The small networks alone: a minute.")
@click.option("--output", type=FOLDER, default="build/bench", show_default=True)
def bench(rounds: int, quick: bool, output: Path) -> None:
    """Measure the course beside the TensorFlow tutorial's pix2pix, and PyTorch's if installed.

    All in one process and in turns. Ratios are what counts: above 1 the course is faster. Leave
    the machine alone meanwhile.
    """
    with quiet_stderr():
        from pix2pix_course.bench import measure
    from pix2pix_course.datasets import open_dataset
    from pix2pix_course.datasets.painter import paint_folder

    results = {"versions": versions(), "steps": [], "other": {}}
    for size in measure.SIZES[: 1 if quick else None]:
        for batch in measure.BATCHES[: 2 if quick else None]:
            times = measure.step_times(measure.sized(size, batch), rounds)
            results["steps"].append({"size": size, "batch": batch, "seconds": times})
            click.echo(line(f"step, {size} px, batch {batch}", times))
    with tempfile.TemporaryDirectory() as folder:
        paint_folder(Path(folder) / "pairs", measure.PICTURES, 1, 1, progress=False)
        dataset = open_dataset(Path(folder) / "pairs")
        times = measure.pipeline_times(dataset, rounds)
    results["other"]["pipeline"] = times
    click.echo(line(f"pipeline, {measure.PICTURES} pairs at 256 px", times))
    results["other"]["translation"] = times = measure.translation_times(rounds)
    click.echo(line("translation at 256 px", times))
    results["other"]["start"] = found = measure.start_times(min(rounds, 3))
    for name, value in found.items():
        unit = "GiB" if "memory" in name else "s"
        click.echo(f"{name:28} {value:8.2f} {unit}")
    output.mkdir(parents=True, exist_ok=True)
    with atomic(output / "bench.json") as partial:
        partial.write_text(json.dumps(results, indent=1) + "\n")
    draw(results["steps"], output / "bench.png")
    click.echo(f"{output / 'bench.json'}, {output / 'bench.png'}")


def line(what: str, times: dict[str, float]) -> str:
    """Milliseconds of each program, and how many times faster than it the course is."""
    course = times["course"]
    others = [f"{k} {1000 * v:.0f} ({v / course:.2f})" for k, v in times.items() if k != "course"]
    return f"{what:28} course {1000 * course:6.0f} ms   " + "   ".join(others)


def draw(steps: list[dict], path: Path) -> None:
    """A bar for each point and program: how many times faster the course's step is."""
    import matplotlib.pyplot as plt

    names = [name for name in steps[0]["seconds"] if name != "course"]
    figure, axes = plt.subplots(figsize=(7.5, 3), layout="constrained")
    for index, name in enumerate(names):
        ratios = [point["seconds"][name] / point["seconds"]["course"] for point in steps]
        places = [place + 0.8 * (index + 0.5) / len(names) - 0.4 for place in range(len(steps))]
        axes.bar(places, ratios, 0.8 / len(names), label=f"beside {name}")
    axes.axhline(1, color="grey", linewidth=1)
    axes.set_xticks(
        range(len(steps)), [f"{point['size']} px\nbatch {point['batch']}" for point in steps]
    )
    axes.set_ylabel("times as fast")
    axes.legend(frameon=False, ncols=len(names))
    figure.savefig(path, dpi=110)
    plt.close(figure)
