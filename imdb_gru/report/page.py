"""HTML pages: a report on a run, and an explorer of inspected texts. Each page is one file that works offline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imdb_gru.cells import CELLS
from imdb_gru.config import DataConfig
from imdb_gru.errors import RunError
from imdb_gru.events import Notice, Observer, ignore
from imdb_gru.inspection import Inspection, inspect_text
from imdb_gru.models.classifier import Classifier
from imdb_gru.models.evaluation import Evaluation, PredictedReviews, build_evaluation, predict_reviews
from imdb_gru.models.metrics import compute_reliability
from imdb_gru.models.prediction import LABELS
from imdb_gru.report.charts import Chart, build_charts, check_charts, render_svg, save_charts
from imdb_gru.report.examples import Example, choose_examples
from imdb_gru.report.facts import list_facts
from imdb_gru.report.matplotlib_setup import check_matplotlib
from imdb_gru.report.packing import list_cells, name_text, neutralise_paragraphs, pack_examples
from imdb_gru.runs.run import Run
from imdb_gru.system.escaping import neutralise
from imdb_gru.system.progress import show_bar
from imdb_gru.system.writing import check_file, write_text
from imdb_gru.tasks.evaluation import choose_reviews, open_model
from imdb_gru.tasks.task import ChosenReviews
from imdb_gru.text.coloured import COLOURS

ERRORS = 8
"""Number of confident errors that a report lists."""
EXAMPLES = 16
"""Default number of reviews that a report shows word by word."""


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """The content of a report on a run."""

    model: str
    """Short description of the layers."""
    config: str
    """The complete config as YAML."""
    facts: Mapping[str, str]
    """Facts about the training run, by name."""
    evaluation: Evaluation
    charts: Sequence[Chart]
    examples: Sequence[Example]


def write_report(
    model: str | Path | Run | Classifier | None = None,
    *,
    output: str | Path,
    data: str | Path | DataConfig | None = None,
    split: str | None = None,
    examples: int = EXAMPLES,
    plots: str | Path | None = None,
    observer: Observer | None = None,
) -> Path:
    """Evaluate a model and write a page about it; return the path of the page.

    `model`, `data` and `split` are as in `evaluate`. `examples` is the number of reviews to show word by word. If
    `plots` is a folder, every chart is also saved there. Raises `RunError` and `DataError` as `evaluate` does, and
    `ImdbGruError` if a file cannot be written; the output paths are checked before anything is evaluated.
    """
    observer, page = observer or ignore, Path(output).expanduser()
    run = open_model(model)
    folder = None if plots is None else Path(plots).expanduser()
    check_report(page, folder)
    classifier = model if isinstance(model, Classifier) else Classifier.load(run)
    chosen = choose_reviews(run, data=data, split=split, observer=observer)
    report = build_report(classifier, chosen, predict_reviews(classifier, chosen.reviews), examples)
    if folder:
        evaluation = report.evaluation
        save_charts(report.charts, folder, f"{evaluation.run}, split {evaluation.split}, {evaluation.n:,} reviews")
        observer(Notice(f"saved {len(report.charts)} charts in {folder}"))
    write_page(page, report)
    return page


def check_report(page: Path, folder: Path | None = None) -> None:
    """Raise `ImdbGruError` if a report cannot be written, or if its charts cannot be drawn or saved in `folder`."""
    check_file(page)
    check_matplotlib("The report", "report")
    if folder:
        check_charts(folder)


def build_report(
    classifier: Classifier, chosen: ChosenReviews, predicted: PredictedReviews, examples: int = EXAMPLES
) -> Report:
    """Build the report on a classifier from its predictions for a split, and inspect up to `examples` reviews."""
    run = classifier.run
    if run is None:
        raise RunError("the model was not loaded from a run, so there is no training to report on")
    evaluation = build_evaluation(str(run), chosen.split, predicted, ERRORS, seen=chosen.seen, caveat=chosen.caveat)
    metrics = run.load_metrics()
    bins = compute_reliability(predicted.labels, predicted.probabilities)
    inspected = []
    for choice in show_bar(choose_examples(predicted, examples), desc="inspecting", unit=" reviews", delay=1):
        inspection = inspect_text(classifier, predicted.reviews[choice.row].text)
        inspected.append(Example(inspection, LABELS[predicted.labels[choice.row]], choice.reason))
    return Report(
        model=classifier.config.model.brief,
        config=classifier.config.to_yaml(),
        facts=list_facts(metrics),
        evaluation=evaluation,
        charts=build_charts(evaluation, bins, run.load_history(), metrics.best.epoch),
        examples=inspected,
    )


def write_page(path: Path, report: Report) -> None:
    """Write a report, or raise `ImdbGruError` if that fails."""
    from markupsafe import Markup

    check_report(path)
    charts = [(chart, Markup(render_svg(chart))) for chart in report.charts]
    numbers = {example.inspection.text: number for number, example in enumerate(report.examples)}
    _write(path, "report.html.jinja", report.examples, report=report, charts=charts, numbers=numbers)


def write_explorer(path: Path, inspections: Sequence[Inspection], title: str | None = None) -> None:
    """Write a page that shows inspected texts word by word, or raise `ImdbGruError` if that fails.

    By default, the title is the beginning of the text or, if there are several texts, the number of texts.
    """
    check_file(path)
    if title is None:
        title = name_text(inspections[0].text) if len(inspections) == 1 else f"{len(inspections)} texts"
    _write(path, "explorer.html.jinja", [Example(inspection) for inspection in inspections], title=title)


def _write(path: Path, template: str, examples: Sequence[Example], **content: Any) -> None:
    packed = pack_examples(examples)
    write_template(path, template, data={"examples": packed}, cells=list_cells(packed), all_cells=CELLS, **content)


def write_template(path: Path, template: str, **content: Any) -> None:
    """Write a page from a template, or raise `ImdbGruError` if that fails."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("imdb_gru.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "allow_nan": False}
    environment.filters.update(neutralise=neutralise, neutralise_paragraphs=neutralise_paragraphs)
    write_text(path, environment.get_template(template).render(colours=COLOURS, **content))
