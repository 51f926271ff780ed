"""Model cards: Markdown files that say how a model was trained, how good it is, and what it gets wrong.

The sections follow Mitchell et al., Model Cards for Model Reporting (2019), as far as a run records what they need.
"""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imdb_gru.config import AnyConfig
from imdb_gru.events import Observer
from imdb_gru.models.classifier import Classifier
from imdb_gru.models.evaluation import Evaluation, NextWordEvaluation
from imdb_gru.models.suite_evaluation import FailedTest, SuiteEvaluation
from imdb_gru.report.facts import list_facts
from imdb_gru.runs.run import Run
from imdb_gru.system.escaping import dump_json, escape_markdown, neutralise
from imdb_gru.system.frames import flatten
from imdb_gru.system.writing import check_file, write_text
from imdb_gru.tasks.evaluation import evaluate, evaluate_suite, open_model

MOST_SHOWN = 100
"""Maximum number of characters of a text that a card shows."""


@dataclass(frozen=True, slots=True, eq=False)
class Card:
    """The content of a model card."""

    run: str
    facts: Mapping[str, str]
    """Facts about the model and its training, by name."""
    config: str
    """The complete config as YAML."""
    evaluation: Evaluation | NextWordEvaluation
    suite: SuiteEvaluation | None
    """Results of the package's behavioural tests; None for a next-word model."""

    @property
    def failures(self) -> Iterator[tuple[str, FailedTest]]:
        """Yield (kind, failed test) for each failed test that the card shows."""
        for kind in self.suite.kinds if self.suite else ():
            for failed in kind.failed:
                yield kind.kind, failed


def write_card(
    model: str | Path | Run | Classifier | None = None,
    *,
    output: str | Path,
    data: Any = None,
    split: str | None = None,
    observer: Observer | None = None,
) -> Path:
    """Evaluate a model, write a card about it as Markdown, and return the path of the card.

    `model`, `data` and `split` are as in `evaluate`. The card of a classifier also contains the results of the
    package's behavioural tests. Raises `RunError` and `DataError` as `evaluate` does, and `ImdbGruError` if the
    card cannot be written; the path is checked before anything is evaluated.
    """
    path = Path(output).expanduser()
    check_file(path)
    write_text(path, render_card(build_card(model, data=data, split=split, observer=observer)))
    return path


def build_card(
    model: str | Path | Run | Classifier | None = None,
    *,
    data: Any = None,
    split: str | None = None,
    observer: Observer | None = None,
) -> Card:
    """Evaluate a model and build its card; the arguments are those of `write_card`."""
    run = open_model(model)  # before evaluating, because a newer run may finish in the meantime
    if run.task != "sentiment":
        model = run
    elif not isinstance(model, Classifier):
        model = Classifier.load(run)
    evaluation = evaluate(model, data=data, split=split, observer=observer)
    suite = evaluate_suite(model, errors=1) if run.task == "sentiment" else None
    config = run.load_any_config()
    return Card(str(run), dict(_iter_facts(run, config)), config.to_yaml().strip(), evaluation, suite)


def _iter_facts(run: Run, config: AnyConfig) -> Iterator[tuple[str, str]]:
    metrics = run.load_metrics()
    environment = metrics.environment
    yield "model", f"{run.model_name}: {config.model.brief}"
    text = config.text
    yield "reads", f"{text.direction}, at most {text.length} words of a text (text.truncate: {text.truncate})"
    yield from list_facts(metrics).items()
    yield "starts from", config.model.pretrained or "random weights"
    if taught := environment.get("teachers"):
        yield "teachers", ", ".join(f"{teacher['name']} (weight {teacher['weight']:g})" for teacher in taught)
    yield "seed", str(config.train.seed)
    if "engine" in environment:
        yield "engine", ", ".join(str(environment[name]) for name in ("engine", "precision") if name in environment)
    changes = _describe_changes(config).replace("|", "\\|")
    yield "command", f"`imdb-gru {config.command} {changes}`"


def _describe_changes(config: AnyConfig) -> str:
    """Return the command-line options that reproduce a config: one for each value that differs from its default."""
    defaults = dict(flatten(type(config)().model_dump(mode="json")))
    values = flatten(config.model_dump(mode="json"))
    changes = [
        f"--set {shlex.quote(f'{name}={_write_value(value)}')}" for name, value in values if value != defaults[name]
    ]
    return " ".join(changes) or "--config default"


def _write_value(value: object) -> str:
    return value if isinstance(value, str) else dump_json(value)


def render_card(card: Card) -> str:
    """Return a card as Markdown."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("imdb_gru.report"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(cell=_escape_cell)
    return environment.get_template("card.md.jinja").render(card=card)


def _escape_cell(text: str) -> str:
    """Return the beginning of a text, escaped for a cell of a Markdown table."""
    line = " ".join(neutralise(str(text)).split())
    return escape_markdown(line if len(line) <= MOST_SHOWN else f"{line[: MOST_SHOWN - 1]}…")
