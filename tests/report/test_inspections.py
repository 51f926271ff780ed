import numpy as np
import pytest
from support.models import make_classifier

from imdb_gru.inspection import inspect_text
from imdb_gru.inspection.gradients import measure_curve

pytest.importorskip("matplotlib")

from imdb_gru.report.charts import save_charts
from imdb_gru.report.inspections import (
    build_gradient_charts,
    build_inspection_charts,
    draw_contributions,
    draw_gates,
    draw_gradients,
    draw_memory,
)

LONG = " ".join(f"w{number % 30}" for number in range(120))


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, ["probability", "contributions", "gates", "memory"]),
        ({"cell": "simple_rnn"}, ["probability", "contributions", "gates", "memory"]),
        ({"bidirectional": True}, ["contributions", "gates_1_forward", "gates_1_backward", "memory"]),
        (
            {"cell": "lstm", "layers": 2},
            ["probability", "contributions", "gates_1_forward", "gates_2_forward", "memory"],
        ),
    ],
    ids=str,
)
def test_every_chart_becomes_three_files(options, names, tmp_path):
    charts = build_inspection_charts(inspect_text(make_classifier(**options), "w1 w2 $x$ w3"))
    assert [chart.name for chart in charts] == names
    paths = save_charts(charts, tmp_path / "plots", "runs/a: a text of $")
    assert sorted(path.name for path in paths) == sorted(
        f"{name}.{kind}" for name in names for kind in ("png", "svg", "pdf")
    )
    assert all(path.stat().st_size > 1000 for path in paths)


def test_bars_are_integrated_gradients_and_marks_occlusion():
    inspection = inspect_text(make_classifier(), "w1 w2 w3")
    axes = draw_contributions(inspection).axes[0]
    heights = [bar.get_height() for bar in axes.containers[0]]
    np.testing.assert_allclose(heights, inspection.contributions.integrated_gradients)
    np.testing.assert_allclose(axes.lines[0].get_ydata(), inspection.contributions.occlusion)
    assert [label.get_text() for label in axes.get_xticklabels()] == ["<start>", "w1", "w2", "w3"]


def test_a_long_text_has_the_weightiest_words_named():
    inspection = inspect_text(make_classifier(), LONG)
    labels = [label.get_text() for label in draw_contributions(inspection).axes[0].get_xticklabels()]
    assert len(labels) == 12
    assert inspection.tokens[np.abs(inspection.contributions.integrated_gradients).argmax()] in labels


def test_heat_maps_hold_every_gate_units_sorted_by_what_they_keep():
    inspection = inspect_text(make_classifier(), "w1 w2 w3")
    (cell,) = inspection.cells
    figure = draw_gates(inspection, cell)
    order = np.argsort(cell.gates["update"].mean(axis=0), kind="stable")
    images = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    for image, values in zip(images, (*cell.gates.values(), cell.states), strict=True):
        np.testing.assert_allclose(image, values[:, order].T)
    for axes in figure.axes[: len(images)]:
        assert [label.get_text() for label in axes.get_yticklabels()] == [str(unit) for unit in order]


def test_some_rows_of_many_units_have_their_numbers():
    inspection = inspect_text(make_classifier(units=100), "w1 w2 w3")
    (cell,) = inspection.cells
    order = np.argsort(cell.gates["update"].mean(axis=0), kind="stable")
    axes = draw_gates(inspection, cell).axes[0]
    rows = axes.get_yticks()
    assert (len(rows), rows[0], rows[-1]) == (12, 0, 99)
    assert [label.get_text() for label in axes.get_yticklabels()] == [str(order[int(row)]) for row in rows]


def test_memory_and_gradients_are_drawn_as_they_are():
    classifier = make_classifier()
    inspection = inspect_text(classifier, "w1 w2 w3")
    jacobian, kept, _ = draw_memory(inspection).axes[0].lines
    np.testing.assert_allclose(jacobian.get_ydata(), inspection.cells[0].jacobian)
    np.testing.assert_allclose(kept.get_ydata(), inspection.cells[0].kept)
    curves = {"runs/one": measure_curve(classifier, [LONG]), "runs/two": measure_curve(classifier, ["w1 w2"])}
    for axes, name in zip(draw_gradients(curves).axes, ("loss", "recurrence"), strict=True):
        for line, curve in zip(axes.lines, curves.values(), strict=True):
            np.testing.assert_allclose(line.get_ydata(), np.maximum(getattr(curve, name), 1e-16))
    assert [chart.name for chart in build_gradient_charts(curves)] == ["gradients"]
