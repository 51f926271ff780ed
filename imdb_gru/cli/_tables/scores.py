"""The tables for the scores of explanations."""

from typing import TYPE_CHECKING

from imdb_gru.cli._tables.table import Column, Table

if TYPE_CHECKING:
    from imdb_gru.inspection.scores import ExplanationScores

REMOVALS = {"delete": "deleted", "unknown": "made unknown"}


def build_score_tables(scores: "ExplanationScores") -> list[Table]:
    """Build the table of the scores of each method, that of the scores by share of words, and that of what was scored.

    The methods come first, because this is the main table.
    """
    rows = [
        (
            method.method,
            f"{method.comprehensiveness:+.4f}",
            _show_interval(method.comprehensiveness_interval),
            f"{method.sufficiency:+.4f}",
            _show_interval(method.sufficiency_interval),
        )
        for method in scores.methods
    ]
    columns = (
        Column("method", width=12),
        "comprehensiveness",
        Column("95 % interval", drop=2),
        "sufficiency",
        Column("95 % interval", drop=1),
    )
    shares = [
        (method.method, f"{row.share:.0%}", f"{row.comprehensiveness:+.4f}", f"{row.sufficiency:+.4f}")
        for method in scores.methods
        for row in method.by_share
    ]
    records = [{"method": method.method, **vars(row)} for method in scores.methods for row in method.by_share]
    scored = [
        ("run", scores.run),
        ("texts", str(scores.n)),
        ("words", f"{REMOVALS[scores.removal]}  (--removal {scores.removal})"),
    ]
    record = {"run": scores.run, "n": scores.n, "removal": scores.removal}
    return [
        Table("scores", rows, columns, scores.list_records()),
        Table("scores_by_share", shares, ("method", "of the words", "comprehensiveness", "sufficiency"), records),
        Table("scored", scored, None, [record]),
    ]


def _show_interval(interval: tuple[float, float] | None) -> str:
    return "-" if interval is None else "{:+.4f} to {:+.4f}".format(*interval)
