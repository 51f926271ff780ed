"""Own the pages: one self-contained HTML file each, which asks no host for anything."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imdb_gru.errors import ImdbGruError, MissingExtraError
from imdb_gru.progress import show_bar
from imdb_gru.report.packing import list_cells, name_text, neutralise_lines, pack_examples
from imdb_gru.text.coloured import COLOURS
from imdb_gru.run import Run
from imdb_gru.text.neutral import neutralise
from imdb_gru.writing import check_parent, write_atomically

if TYPE_CHECKING:
    from imdb_gru.classifier import Classifier
    from imdb_gru.evaluation import Judgement
    from imdb_gru.inspection.inspection import Inspection
    from imdb_gru.report.charts import Chart
    from imdb_gru.report.examples import Example

MISTAKES = 8
"""Confident mistakes that a report lists."""

Inspect = Callable[["Classifier", str], "Inspection"]


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """What a report says of a run."""

    run: str
    model: str
    config: str
    """As YAML."""
    facts: Mapping[str, str]
    """Of its training, by name."""
    split: str
    figures: Mapping[str, Any]
    """As `compute_figures` returns them."""
    charts: Sequence["Chart"]
    examples: Sequence["Example"]


def check_page(path: Path, feature: str = "The report") -> None:
    """Raise `ImdbGruError` where no page can be written, or a package that the feature needs is missing."""
    if path.is_dir():
        raise ImdbGruError(f"cannot write {path}: it is a folder; name a file")
    check_parent(path, "write")
    try:
        import jinja2  # noqa: F401
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(feature, "report") from error


def build_report(
    run: Run,
    classifier: "Classifier",
    judgement: "Judgement",
    split: str,
    examples: int,
    inspect: Inspect | None = None,
) -> Report:
    """Gather all that a report of a judged run says, and inspect `examples` of its reviews.

    `inspect` stands in for `imdb_gru.inspection.inspect_text`.
    """
    from imdb_gru.classifier import LABELS
    from imdb_gru.evaluation import compute_figures
    from imdb_gru.metrics import compute_reliability
    from imdb_gru.report.charts import build_charts
    from imdb_gru.report.examples import Example, choose_examples

    figures = compute_figures(judgement, MISTAKES)
    metrics = run.load_metrics()
    bins = compute_reliability(judgement.labels, judgement.probabilities)
    choices = choose_examples(judgement, examples)
    inspect = inspect or _load_inspect()
    inspected = [
        Example(
            inspect(classifier, judgement.reviews[choice.row].text), LABELS[judgement.labels[choice.row]], choice.reason
        )
        for choice in show_bar(choices, desc="inspecting", unit=" reviews", delay=1)
    ]
    config = run.load_config()
    return Report(
        run=str(run),
        model=config.model.brief,
        config=config.to_yaml(),
        facts=_list_facts(metrics),
        split=split,
        figures=figures,
        charts=build_charts(figures, bins, run.load_history(), metrics["best"].get("epoch")),
        examples=inspected,
    )


def write_report(path: Path, report: Report) -> None:
    """Write a run's report; raises `ImdbGruError` where that fails."""
    from markupsafe import Markup

    from imdb_gru.report.charts import render_svg

    check_page(path)
    charts = [(chart, Markup(render_svg(chart))) for chart in report.charts]
    numbers = {example.inspection.text: number for number, example in enumerate(report.examples)}
    _write(path, "report.html.jinja", report.examples, report=report, charts=charts, numbers=numbers)


def write_explorer(path: Path, inspections: Sequence["Inspection"], title: str | None = None) -> None:
    """Write a page on which inspected texts can be explored; raises `ImdbGruError` where that fails.

    Without a title, it is named after its only text, or after how many it has.
    """
    from imdb_gru.report.examples import Example

    check_page(path, "The explorer")
    if title is None:
        title = name_text(inspections[0].text) if len(inspections) == 1 else f"{len(inspections)} texts"
    _write(path, "explorer.html.jinja", [Example(inspection) for inspection in inspections], title=title)


def _load_inspect() -> Inspect:
    from imdb_gru.inspection import inspect_text

    return inspect_text


def _list_facts(metrics: Mapping[str, Any]) -> dict[str, str]:
    """Name what a run recorded of its training, so far as it did."""
    data = metrics.get("data", {})
    facts = {
        "trained on": f"{data['train']:,} reviews of {data['source']}" if "train" in data else None,
        "held out": f"{data['validation']:,} reviews" if "validation" in data else None,
        "parameters": f"{metrics['parameters']:,}" if "parameters" in metrics else None,
        "epochs": str(metrics["epochs"]) if "epochs" in metrics else None,
        "training took": f"{metrics['seconds']:,.0f} s" if "seconds" in metrics else None,
        "finished": metrics.get("finished_at"),
    }
    return {name: fact for name, fact in facts.items() if fact is not None}


def _write(path: Path, template: str, examples: Sequence["Example"], **content: Any) -> None:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("imdb_gru.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "allow_nan": False}
    environment.filters.update(neutralise=neutralise, neutralise_lines=neutralise_lines)
    packed = pack_examples(examples)
    page = environment.get_template(template).render(
        data={"examples": packed}, cells=list_cells(packed), colours=COLOURS, **content
    )
    try:
        with write_atomically(path.resolve()) as temporary:
            temporary.write_text(page, "utf-8", newline="\n")
    except OSError as error:
        raise ImdbGruError(f"cannot write {path}: {error.strerror or error}; name another file") from error
