"""Tables as files, and the reviews read from them."""

from imdb_gru.config import DataConfig
from imdb_gru.models.texts import TextReader
from imdb_gru.sources import open_source


def write(tmp_path, content, name="a.csv"):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(path, **options):
    """The texts and labels of a source, as training reads them."""
    return read_with_notes(path, **options)[0]


def read_with_notes(path, **options):
    source = open_source(DataConfig(path=str(path), **options))
    reviews = [(review.text, review.label) for split in source.splits for review in source.iter_reviews(split)]
    return reviews, source.notes


def read_input(path, **options):
    """The texts that predict reads, each with its row, and the notes."""
    reader = TextReader(file=DataConfig(path=str(path), **options))
    return [(row.text, row.row) for row in reader.iter_rows()], reader.notes
