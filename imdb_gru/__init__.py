"""A small and fast sentiment model that explains its predictions.

    import imdb_gru

    model = imdb_gru.load()
    model.predict("A slow start, but the ending is superb.")

Names are imported on first use, so that `import imdb_gru` is fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from imdb_gru import sklearn as sklearn
    from imdb_gru.comparison.comparing import compare
    from imdb_gru.comparison.results import Comparison
    from imdb_gru.config import Config, DataConfig, NextWordConfig, load_config
    from imdb_gru.errors import (
        ConfigError,
        DataError,
        DownloadError,
        FormatError,
        ImdbGruError,
        MissingExtraError,
        RunError,
    )
    from imdb_gru.events import Event
    from imdb_gru.exporting.export import export
    from imdb_gru.inspection import Inspection, StepInspection, TextDiff
    from imdb_gru.inspection.scores import ExplanationScores, score_explanations
    from imdb_gru.models.bulk import predict_file
    from imdb_gru.models.classifier import Classifier, load
    from imdb_gru.models.evaluation import Evaluation, NextWordEvaluation
    from imdb_gru.models.exchange_evaluation import ExchangeEvaluation
    from imdb_gru.models.next_word import NextWordModel, load_next_word
    from imdb_gru.models.suite_evaluation import SuiteEvaluation
    from imdb_gru.report.card import write_card
    from imdb_gru.report.explore import explore
    from imdb_gru.report.page import write_report
    from imdb_gru.runs.run import Run
    from imdb_gru.tasks.evaluation import evaluate, evaluate_exchanges, evaluate_suite
    from imdb_gru.tasks.folds import CrossValidation, cross_validate
    from imdb_gru.tasks.training import Plan, load_corpus, plan, pretrain, resume, train

_MODULES = {
    "Classifier": "models.classifier",
    "Comparison": "comparison.results",
    "Config": "config",
    "ConfigError": "errors",
    "CrossValidation": "tasks.folds",
    "DataConfig": "config",
    "DataError": "errors",
    "DownloadError": "errors",
    "Evaluation": "models.evaluation",
    "Event": "events",
    "ExchangeEvaluation": "models.exchange_evaluation",
    "ExplanationScores": "inspection.scores",
    "FormatError": "errors",
    "ImdbGruError": "errors",
    "Inspection": "inspection",
    "NextWordModel": "models.next_word",
    "MissingExtraError": "errors",
    "NextWordConfig": "config",
    "NextWordEvaluation": "models.evaluation",
    "Plan": "tasks.training",
    "Prediction": "models.prediction",
    "Run": "runs.run",
    "RunError": "errors",
    "StepInspection": "inspection",
    "SuiteEvaluation": "models.suite_evaluation",
    "TextDiff": "inspection",
    "compare": "comparison.comparing",
    "cross_validate": "tasks.folds",
    "evaluate": "tasks.evaluation",
    "evaluate_exchanges": "tasks.evaluation",
    "evaluate_suite": "tasks.evaluation",
    "explore": "report.explore",
    "export": "exporting.export",
    "load": "models.classifier",
    "load_config": "config",
    "load_corpus": "tasks.training",
    "load_next_word": "models.next_word",
    "plan": "tasks.training",
    "predict_file": "models.bulk",
    "pretrain": "tasks.training",
    "resume": "tasks.training",
    "score_explanations": "inspection.scores",
    "train": "tasks.training",
    "write_card": "report.card",
    "write_report": "report.page",
}
"""The module that defines each public name."""

_SUBMODULES = ("sklearn",)
"""Public modules that need optional packages; `__all__` omits them so that a star import works without the packages."""

__all__ = [
    "Classifier",
    "Comparison",
    "Config",
    "ConfigError",
    "CrossValidation",
    "DataConfig",
    "DataError",
    "DownloadError",
    "Evaluation",
    "Event",
    "ExchangeEvaluation",
    "ExplanationScores",
    "FormatError",
    "ImdbGruError",
    "Inspection",
    "MissingExtraError",
    "NextWordConfig",
    "NextWordEvaluation",
    "NextWordModel",
    "Plan",
    "Prediction",
    "Run",
    "RunError",
    "StepInspection",
    "SuiteEvaluation",
    "TextDiff",
    "__version__",
    "compare",
    "cross_validate",
    "evaluate",
    "evaluate_exchanges",
    "evaluate_suite",
    "explore",
    "export",
    "load",
    "load_config",
    "load_corpus",
    "load_next_word",
    "plan",
    "predict_file",
    "pretrain",
    "resume",
    "score_explanations",
    "train",
    "write_card",
    "write_report",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import a public name on first use."""
    if name in _SUBMODULES:
        return import_module(f"imdb_gru.{name}")
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"imdb_gru.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return __all__
