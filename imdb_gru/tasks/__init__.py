"""Training, resuming, planning and evaluating runs, for both tasks: sentiment and next_word."""

from imdb_gru.tasks.task import Task


def find_task(name: str) -> Task:
    """Return the task called `name`, which is sentiment or next_word."""
    from imdb_gru.tasks.next_word import NextWordTask
    from imdb_gru.tasks.sentiment import SentimentTask

    return NextWordTask() if name == "next_word" else SentimentTask()


__all__ = ["Task", "find_task"]
