"""The first bytes of files that are not text, and advice on files that cannot be read."""

import re
from collections.abc import Sequence

_SIGNATURES = (
    (rb"\x1f\x8b", "gzip"),
    (rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)", "bzip2"),
    (rb"\xfd7zXZ\0", "xz"),
    (rb"PK(?:\x03\x04|\x05\x06)", "zip"),
    (rb".{257}ustar", "tar"),
    (rb"PAR1", "parquet"),
    (rb"\x28\xb5\x2f\xfd", "a Zstandard file"),
    (rb"\x04\x22\x4d\x18", "an LZ4 file"),
    (rb"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (rb"Rar!\x1a\x07", "a RAR archive"),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Office file from before 2007, such as .xls"),
    (rb"%PDF-", "a PDF document"),
    (rb"\{\\rtf", "a rich text document"),
    (rb"SQLite format 3\0", "an SQLite database"),
    (rb"ARROW1\0\0|FEA1", "an Arrow file"),
    (rb"Obj\x01", "an Avro file"),
    (rb"\x89HDF\r\n", "an HDF5 file"),
    (rb"\x93NUMPY", "a NumPy array"),
    (rb"\x80[\x02-\x05][\x8a-\x95\]}(c]", "a Python pickle"),
    (rb"\x89PNG\r\n|\xff\xd8\xff|GIF8[79]a", "a picture"),
)
_UNPACK, _SAVE = "unpack it first", "save it as .csv, .jsonl or .xlsx"
FOREIGN = {
    name: _UNPACK if "archive" in name or name.endswith(("Zstandard file", "LZ4 file")) else _SAVE
    for _, name in _SIGNATURES
    if name.startswith(("a ", "an "))
} | {
    "a Word document": _SAVE,
    "a presentation": _SAVE,
    "an OpenDocument file": _SAVE,
    "a binary Excel file (.xlsb)": _SAVE,
    "an archive of NumPy arrays": "choose it with --data if it is Keras's imdb.npz, or save its texts as .csv",
}
"""The kinds of files that cannot be read, each with advice on what to do instead."""


def find_signature(head: bytes) -> str | None:
    """Return the kind of a file with these first bytes, or None if it may be a text file."""
    for pattern, name in _SIGNATURES:
        if re.match(pattern, head, re.DOTALL):
            return name
    return None


def name_office_file(names: Sequence[str]) -> str | None:
    """Return the kind of a zip archive with these members: "excel", a key of `FOREIGN`, or None for other archives."""
    members = {
        "xl/workbook.xml": "excel",
        "xl/workbook.bin": "a binary Excel file (.xlsb)",
        "word/document.xml": "a Word document",
        "ppt/presentation.xml": "a presentation",
        "META-INF/manifest.xml": "an OpenDocument file",
    }
    found = next((kind for member, kind in members.items() if member in names), None)
    return found or ("an archive of NumPy arrays" if any(name.endswith(".npy") for name in names) else None)
