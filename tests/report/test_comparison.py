import xml.dom.minidom
from dataclasses import replace

import pytest

from imdb_gru.comparison.results import ComparedModel, ComparedRun, Comparison
from imdb_gru.errors import ImdbGruError
from imdb_gru.models.metrics import TimestepScores
from imdb_gru.report.charts import save_charts
from imdb_gru.report.comparison import _choose_style, build_comparison_charts

pytest.importorskip("matplotlib")

NAMES = ["gru", "lstm", "simple_rnn", "$x$_linear"]


def build_model(number, name, *, curve=True, seconds=(3.0, 5.0)):
    accuracies = [0.7 + number / 50, 0.72 + number / 50]
    figures = {
        "accuracy_interval": (0.6 + number / 50, 0.8 + number / 50), "log_loss": 0.5, "ece": 0.1, "parameters": 9,
        "seconds_per_epoch": None, "compile_seconds": None, "peak_memory_mb": None, "engine": "keras",
    }  # fmt: skip
    runs = [
        ComparedRun(
            seed=seed, run=name, n=9, accuracy=accuracy, epochs=None, seconds=own, C=None, config={},
            accuracy_by_timestep=build_curve(0.6 + seed / 50) if curve else [], **figures,
        )
        for seed, (accuracy, own) in enumerate(zip(accuracies, seconds, strict=True))
    ]  # fmt: skip
    return ComparedModel(
        model=name, description="", accuracy=sum(accuracies) / 2, accuracy_spread=0.01, seconds=1.0, runs=runs,
        accuracy_by_timestep=build_curve(0.61) if curve else [], **figures,
    )  # fmt: skip


def build_curve(accuracy):
    return [TimestepScores(10, accuracy, 0.5, 0.1), TimestepScores(20, accuracy + 0.1, 0.5, 0.1)]


def build_comparison(models=None, **options):
    return Comparison(
        "test", 25000, models or [build_model(*pair, **options) for pair in enumerate(NAMES)], [], None, ""
    )


def draw(name, comparison):
    (chart,) = [chart for chart in build_comparison_charts(comparison) if chart.name == name]
    return chart.draw().axes[0]


@pytest.mark.parametrize("curve", [True, False])
def test_every_picture_is_drawn_the_same_each_time(tmp_path, curve):
    stems = ["accuracy", "accuracy_by_seconds", *(["accuracy_by_timestep"] if curve else [])]
    for folder in ("a", "b"):
        save_charts(build_comparison_charts(build_comparison(curve=curve)), tmp_path / folder, "test")
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == sorted(
        stem + suffix for stem in stems for suffix in (".png", ".svg", ".pdf")
    )
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
        if path.suffix == ".svg":
            xml.dom.minidom.parse(str(path))


def test_no_time_at_all_is_drawn_without_a_logarithm(tmp_path):
    save_charts(build_comparison_charts(build_comparison(seconds=(0.0, 1.0))), tmp_path, "test")
    assert (tmp_path / "accuracy_by_seconds.svg").exists()


def test_a_training_of_unknown_time_has_no_dot():
    models = [build_model(0, "bundled", seconds=(None, None)), build_model(1, "gru")]
    axes = draw("accuracy_by_seconds", build_comparison(models))
    assert [line.get_xdata().tolist() for line in axes.lines] == [[], [3.0, 5.0]]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["bundled (keras)", "gru (keras)"]
    draw("accuracy_by_seconds", build_comparison(models[:1]))


def test_models_are_told_apart_by_colour_and_by_shape():
    for count in (2, 4, 7):
        styles = [_choose_style(number, count) for number in range(count)]
        assert len({style["color"] for style in styles}) == count
        assert len({style["marker"] for style in styles}) == count
    many = [tuple(_choose_style(number, 20).values()) for number in range(20)]
    assert len(set(many)) == 20


def test_seeds_and_intervals_and_names_stand_in_the_picture():
    axes = draw("accuracy", build_comparison())
    assert [label.get_text() for label in axes.get_xticklabels()] == NAMES
    drawn = [line.get_ydata().tolist() for line in axes.lines]
    assert [pytest.approx(70), pytest.approx(72)] in drawn
    segments = axes.collections[0].get_segments()[0][:, 1]
    assert segments == pytest.approx([60, 80])


def test_a_model_that_reads_backwards_has_no_curve():
    models = [build_model(0, "gru"), build_model(1, "both", curve=False)]
    axes = draw("accuracy_by_timestep", build_comparison(models))
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["gru"]


def test_the_spread_over_seeds_is_a_band():
    axes = draw("accuracy_by_timestep", build_comparison())
    assert "standard deviation over seeds" in axes.get_xlabel()
    assert len(axes.collections) == len(NAMES)
    heights = axes.collections[0].get_paths()[0].vertices[:, 1]
    spread = 100 * 0.02 / 2**0.5  # of two seeds 2 points apart
    assert [heights.min(), heights.max()] == pytest.approx([61 - spread, 71 + spread])
    alone = [replace(model, runs=model.runs[:1]) for model in build_comparison().models]
    axes = draw("accuracy_by_timestep", build_comparison(alone))
    assert (len(axes.collections), axes.get_xlabel()) == (0, "words read")


def test_an_axis_does_not_zoom_into_noise():
    model = build_model(0, "gru")
    close = replace(
        model,
        accuracy=0.999,
        accuracy_interval=(0.998, 1.0),
        runs=[replace(run, accuracy=0.999) for run in model.runs],
    )
    low, high = draw("accuracy", build_comparison([close])).get_ylim()
    assert high - low == pytest.approx(5)
    assert low < 99.8 < 100 < high < 101
    low, high = draw("accuracy", build_comparison()).get_ylim()
    assert high - low > 20


def test_a_folder_that_cannot_be_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ImdbGruError, match="cannot draw into"):
        save_charts(build_comparison_charts(build_comparison()), tmp_path / "file" / "plots", "test")
