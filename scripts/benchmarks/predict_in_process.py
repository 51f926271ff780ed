"""Predict a file of reviews, one per line, in this process: python predict_in_process.py RUN FILE.

Prints the time of the prediction alone, in seconds, as a line of JSON.
"""

import json
import sys
import time
from pathlib import Path

from imdb_gru.models.classifier import Classifier
from imdb_gru.runs.catalogue import find_run

classifier = Classifier.load(find_run(Path(sys.argv[1])))
ids = [classifier.encode(line).ids for line in Path(sys.argv[2]).read_text("utf-8").splitlines()]
started = time.perf_counter()
classifier.predict_ids(ids)
print(json.dumps({"seconds": time.perf_counter() - started}))
