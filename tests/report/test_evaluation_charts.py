import re
import xml.dom.minidom

import numpy as np
import pytest
from support.reports import HISTORY, evaluate, make_charts, make_row

from imdb_gru.errors import ImdbGruError
from imdb_gru.models.metrics import CoverageScores, LengthScores
from imdb_gru.records import Epoch
from imdb_gru.report import charts
from imdb_gru.report import evaluation_charts as drawings
from imdb_gru.report.charts import INK, render_svg, save_charts
from imdb_gru.report.matplotlib_setup import prepare_matplotlib, widen

matplotlib = pytest.importorskip("matplotlib")

NAMES = [
    "learning_curves",
    "confusion_matrix",
    "reliability",
    "accuracy_by_words_read",
    "accuracy_by_coverage",
    "accuracy_by_length",
]


def get_texts(figure):
    matplotlib.backends.backend_agg.FigureCanvasAgg(figure).draw()
    return [text.get_text() for text in figure.findobj(matplotlib.text.Text) if text.get_text()]


def test_every_chart_is_written_in_all_formats_the_same_each_time(tmp_path):
    for folder in ("one", "two"):
        with matplotlib.rc_context({"lines.linewidth": 9, "font.size": 30} if folder == "two" else {}):
            save_charts(make_charts(), tmp_path / "made" / folder, "runs/demo, split test")
    one, two = tmp_path / "made" / "one", tmp_path / "made" / "two"
    assert {path.name for path in one.iterdir()} == {
        f"{name}{suffix}" for name in NAMES for suffix in (".png", ".svg", ".pdf")
    }
    for path in one.iterdir():
        assert path.read_bytes() == (two / path.name).read_bytes()
        if path.suffix == ".svg":
            xml.dom.minidom.parse(str(path))


def test_a_title_says_what_is_drawn_of_what(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(charts, "save_figure", lambda figure, path: drawn.append((figure, path)))
    save_charts(make_charts(), tmp_path, "runs/$x$_demo\x1b, split test")
    title = next(figure for figure, path in drawn if path.name == "reliability.pdf")._suptitle
    assert title.get_text() == "Reliability: runs/$x$_demo\\x1b, split test"
    assert not title.get_parse_math()
    save_charts(make_charts(), tmp_path, 200 * "x")
    assert len(drawn[-1][0]._suptitle.get_text()) < 80


def test_a_pdf_has_fonts_that_publishers_accept(tmp_path):
    save_charts(make_charts()[:1], tmp_path, "test")
    (pdf,) = (path.read_bytes() for path in tmp_path.glob("*.pdf"))
    assert pdf.startswith(b"%PDF")
    assert b"/Type3" not in pdf
    assert b"/CreationDate" not in pdf


@pytest.mark.parametrize(
    ("limits", "widened"),
    [
        ((0.97, 0.99), (0.955, 1.005)),
        ((0.40, 0.41), (0.38, 0.43)),
        ((0.0, 0.01), (0.0, 0.05)),
        ((-0.001, 0.01), (0.0, 0.05)),
        ((0.6, 0.9), (0.6, 0.9)),
    ],
)
def test_an_axis_spans_at_least_five_points(limits, widened):
    axes = matplotlib.figure.Figure().add_subplot()
    axes.set_ylim(*limits)
    widen(axes)
    assert axes.get_ylim() == pytest.approx(widened)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ImdbGruError, match=r"cannot draw into .*file.*choose another folder"):
        save_charts(make_charts(), tmp_path / "file" / "plots", "test")


def test_without_epochs_or_curves_their_charts_are_left_out():
    names = [chart.name for chart in make_charts(history=[], timesteps=())]
    assert names == ["confusion_matrix", "reliability", "accuracy_by_coverage", "accuracy_by_length"]


def test_charts_in_a_page_share_no_id_and_follow_its_ink():
    svgs = [render_svg(chart) for chart in make_charts()]
    together = "".join(svgs)
    ids = re.findall(r'\bid="([^"]+)"', together)
    assert len(ids) == len(set(ids)) > 100
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', together))
    assert used
    assert used <= set(ids)
    for svg in svgs:
        assert xml.dom.minidom.parseString(svg.encode()).documentElement.getAttribute("role") == "img"
        assert len(re.search('aria-label="([^"]+)"', svg)[1]) > 40
        assert "currentColor" in svg
        assert "<text" in svg
        for absent in (INK, "<style", "<metadata", "<?xml", "#ffffff", "#000000"):
            assert absent not in svg


def test_learning_curves_hold_what_was_recorded():
    axes = drawings.draw_learning_curves(HISTORY, 2).axes
    assert [one.get_title() for one in axes] == ["loss", "accuracy"]
    assert [len(one.lines) for one in axes] == [3, 3]
    legend = axes[0].get_legend().get_texts()
    assert [text.get_text() for text in legend] == ["training", "validation", "best epoch"]
    bare = [Epoch(epoch=1, loss=0.5, accuracy=0.7)]
    assert [len(one.lines) for one in drawings.draw_learning_curves(bare, None).axes] == [1, 1]


def test_confusion_matrix_names_counts_and_shares():
    texts = get_texts(drawings.draw_confusion_matrix([[90, 10], [0, 1200]]))
    assert {"90", "90.0% of the label", "10", "10.0% of the label", "0", "1,200", "100.0% of the label"} <= set(texts)
    assert "0.0% of the label" in get_texts(drawings.draw_confusion_matrix([[0, 0], [3, 4]]))


def test_reliability_says_the_calibration_error_and_shows_every_bin():
    evaluation, bins = evaluate()
    ece = evaluation.ece
    above, below = drawings.draw_reliability(bins, ece).axes
    assert above.get_legend_handles_labels()[1][1] == f"gap (mean {ece:.3f}, the ECE)"
    assert sum(bar.get_height() for bar in below.patches) == 300


def test_accuracy_and_calibration_are_drawn_by_words_read():
    accuracy, calibration = drawings.draw_accuracy_by_words_read(evaluate()[0].accuracy_by_timestep).axes
    assert accuracy.lines[0].get_xydata().tolist() == [[10, 0.55], [25, 0.625], [50, 0.75]]
    assert calibration.lines[0].get_ydata().tolist() == [0.1] * 3
    assert {"55.0%", "75.0%"} <= set(get_texts(accuracy.figure))


def test_numbers_of_words_that_would_touch_are_left_out():
    rows = [make_row(step) for step in (10, 400, 401)]
    axes = drawings.draw_accuracy_by_words_read(rows).axes[1]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["10", "401"]


def test_accuracy_by_coverage_names_shares_and_confidences():
    rows = [CoverageScores(0.99, 990, 0.9, 0.51), CoverageScores(0.5, 500, 1.0, 0.875)]
    figure = drawings.draw_accuracy_by_coverage(rows)
    assert {"99%\n≥ 0.51", "50%\n≥ 0.88"} <= set(get_texts(figure))
    assert figure.axes[0].lines[0].get_ydata().tolist() == [0.9, 1.0]


def test_accuracy_by_length_names_ranges_and_counts():
    rows = [LengthScores(0, 50, 1200, 0.9), LengthScores(1001, None, 3, 1.0)]
    with prepare_matplotlib():
        figure = drawings.draw_accuracy_by_length(rows)
        assert {"0–50\n1,200", "1001+\n3"} <= set(get_texts(figure))
    short, long = (path.vertices for bars in figure.axes[0].collections for path in bars.get_paths())
    assert np.ptp(long[:, 1]) > 5 * np.ptp(short[:, 1])
