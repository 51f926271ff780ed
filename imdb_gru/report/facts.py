"""The facts that a run has recorded about its training, as names and values for pages and cards."""

from imdb_gru.records import Metrics


def list_facts(metrics: Metrics) -> dict[str, str]:
    """Return, by name, the facts that a run has recorded about its training."""
    data = metrics.data
    source = f" of {data.source}" if data.source else ""
    crops = f", and {data.crops:,} passages of them" if data.crops else ""
    facts = {
        "training reviews": f"{data.train:,}{source}{crops}" if data.train else None,
        "validation reviews": f"{data.validation:,}" if data.train else None,
        "parameters": None if metrics.parameters is None else f"{metrics.parameters:,}",
        "epochs": None if metrics.epochs is None else str(metrics.epochs),
        "training time": None if metrics.seconds is None else f"{metrics.seconds:,.0f} s",
        "finished": metrics.finished_at,
    }
    return {name: fact for name, fact in facts.items() if fact is not None}
