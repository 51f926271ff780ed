"""Score a file of reviews, one a line, in this process: python score.py RUN FILE.

Prints a JSON line: the seconds of the scoring alone.
"""

import json
import sys
import time
from pathlib import Path

from imdb_gru.classifier import Classifier
from imdb_gru.run import find_run
from imdb_gru.text.encoded import truncate

classifier = Classifier.load(find_run(Path(sys.argv[1])))
text, vocabulary = classifier.config.text, classifier.vocabulary
tokens = [vocabulary.tokenize(line) for line in Path(sys.argv[2]).read_text("utf-8").splitlines()]
ids = [vocabulary.encode(truncate(words, text.length, text.truncate)) for words in tokens]
started = time.perf_counter()
classifier.score(ids)
print(json.dumps({"seconds": time.perf_counter() - started}))
