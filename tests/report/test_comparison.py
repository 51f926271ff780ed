import xml.dom.minidom

import pytest

from imdb_gru.errors import ImdbGruError
from imdb_gru.report.charts import save_charts
from imdb_gru.report.comparison import _choose_style, build_comparison_charts

pytest.importorskip("matplotlib")

NAMES = ["gru", "lstm", "simple_rnn", "$x$_linear"]


def build_model(number, name, *, curve=True, seconds=(3.0, 5.0)):
    accuracies = [0.7 + number / 50, 0.72 + number / 50]
    return {
        "model": name,
        "accuracy": sum(accuracies) / 2,
        "accuracy_interval": [0.6 + number / 50, 0.8 + number / 50],
        "accuracy_by_timestep": [{"timestep": 10, "accuracy": 0.6}, {"timestep": 20, "accuracy": 0.7}] if curve else [],
        "runs": [{"accuracy": share, "seconds": own} for share, own in zip(accuracies, seconds, strict=True)],
    }


def build_figures(**options):
    return {"split": "test", "n": 25000, "models": [build_model(*pair, **options) for pair in enumerate(NAMES)]}


def draw(name, figures):
    (chart,) = [chart for chart in build_comparison_charts(figures) if chart.name == name]
    return chart.draw().axes[0]


@pytest.mark.parametrize("curve", [True, False])
def test_every_picture_is_drawn_twice_the_same(tmp_path, curve):
    stems = ["accuracy", "accuracy_by_seconds", *(["accuracy_by_timestep"] if curve else [])]
    for folder in ("a", "b"):
        save_charts(build_comparison_charts(build_figures(curve=curve)), tmp_path / folder)
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == sorted(
        stem + suffix for stem in stems for suffix in (".png", ".svg")
    )
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
        if path.suffix == ".svg":
            xml.dom.minidom.parse(str(path))


def test_no_time_at_all_is_drawn_without_a_logarithm(tmp_path):
    save_charts(build_comparison_charts(build_figures(seconds=(0.0, 1.0))), tmp_path)
    assert (tmp_path / "accuracy_by_seconds.svg").exists()


def test_runs_without_a_recorded_time_are_left_out_of_the_picture():
    figures = build_figures()
    figures["models"][0] = build_model(0, "bundled", seconds=(None, None))
    axes = draw("accuracy_by_seconds", figures)
    assert [len(line.get_xdata()) for line in axes.lines] == [0, 2, 2, 2]
    assert axes.get_xscale() == "log"


def test_models_are_told_apart_by_colour_and_by_shape():
    for count in (2, 4, 7):
        styles = [_choose_style(number, count) for number in range(count)]
        assert len({style["color"] for style in styles}) == count
        assert len({style["marker"] for style in styles}) == count
    many = [tuple(_choose_style(number, 20).values()) for number in range(20)]
    assert len(set(many)) == 20


def test_seeds_and_intervals_and_names_stand_in_the_picture():
    axes = draw("accuracy", build_figures())
    assert [label.get_text() for label in axes.get_xticklabels()] == NAMES
    drawn = [line.get_ydata().tolist() for line in axes.lines]
    assert [pytest.approx(70), pytest.approx(72)] in drawn
    segments = axes.collections[0].get_segments()[0][:, 1]
    assert segments == pytest.approx([60, 80])


def test_a_model_that_reads_backwards_has_no_curve():
    models = [build_model(0, "gru"), build_model(1, "both", curve=False)]
    axes = draw("accuracy_by_timestep", {**build_figures(), "models": models})
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["gru"]


def test_a_folder_that_cannot_be_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ImdbGruError, match="cannot draw into"):
        save_charts(build_comparison_charts(build_figures()), tmp_path / "file" / "plots")
