"""Tables for the scores of explanation methods."""

from typing import TYPE_CHECKING

from imdb_gru.cli._tables.table import Column, Table
from imdb_gru.system.frames import split_intervals

if TYPE_CHECKING:
    from imdb_gru.inspection.scores import ExplanationScores, MethodDifference, MethodScores

REMOVALS = {"delete": "deleted", "unknown": "replaced by the unknown word"}


def build_score_tables(scores: "ExplanationScores") -> list[Table]:
    """Build four tables: scores of the methods, differences between methods, scores by share of words, and settings.

    The scores of the methods come first, because they are the main result.
    """
    rows = [(method.method, *_show_scores(method)) for method in scores.methods]
    differences = [(f"{one.method} − {one.other}", *_show_scores(one)) for one in scores.differences]
    figures = ("comprehensiveness", Column("95 % interval", drop=2), "sufficiency", Column("95 % interval", drop=1))
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
        Table("scores", rows, (Column("method", width=12), *figures), scores.list_records()),
        Table(
            "score_differences",
            differences,
            (Column("difference", width=12), *figures),
            [split_intervals(vars(one)) for one in scores.differences],
        ),
        Table("scores_by_share", shares, ("method", "of the words", "comprehensiveness", "sufficiency"), records),
        Table("scored", scored, None, [record]),
    ]


def _show_scores(scores: "MethodScores | MethodDifference") -> tuple[str, str, str, str]:
    return (
        f"{scores.comprehensiveness:+.4f}",
        _show_interval(scores.comprehensiveness_interval),
        f"{scores.sufficiency:+.4f}",
        _show_interval(scores.sufficiency_interval),
    )


def _show_interval(interval: tuple[float, float] | None) -> str:
    return "-" if interval is None else "{:+.4f} to {:+.4f}".format(*interval)
