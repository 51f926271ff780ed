"""Predict a folder of Parquet files with model.predict on Ray Data: python keras_ray.py RUN FOLDER OUTPUT WORKERS.

Prints the time in seconds, without the start of Ray, and the peak memory of a worker, as a line of JSON.
"""

import json
import logging
import re
import resource
import sys
import time
from pathlib import Path

import pyarrow
import ray
import ray.data
from pyarrow import parquet

run, folder, output, workers = *map(Path, sys.argv[1:4]), int(sys.argv[4])


class Worker:
    """A worker that loads the model once."""

    def __init__(self) -> None:
        import keras

        words = json.loads((run / "vocabulary.json").read_text())["words"]
        self.id_of = {word: number for number, word in enumerate(words, 3)}
        self.token = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[!?.,;:()\"\-]")
        self.model = keras.models.load_model(run / "model.keras")
        self.pad = keras.utils.pad_sequences

    def __call__(self, batch: pyarrow.Table) -> pyarrow.Table:
        """Return the batch with the predicted probabilities."""
        texts = batch["text"].to_pylist()
        ids = [[1, *(self.id_of.get(word, 2) for word in self.token.findall(text.lower())[-500:])] for text in texts]
        probabilities = self.model.predict(self.pad(ids, maxlen=501), verbose=0)[:, 0]
        _, resident, shared, *_ = map(int, Path("/proc/self/statm").read_text().split())
        megabytes = (resident - shared) * resource.getpagesize() / 2**20
        batch = batch.append_column("probability", pyarrow.array(probabilities))
        return batch.append_column("megabytes", pyarrow.array([megabytes] * len(texts)))


# one core more than the workers use; otherwise the tasks that read and write would wait forever
ray.init(
    address="local", num_cpus=workers + 1, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR
)
started = time.perf_counter()
ray.data.read_parquet(str(folder)).map_batches(
    Worker,
    batch_size=1024,
    batch_format="pyarrow",
    num_cpus=1,
    compute=ray.data.ActorPoolStrategy(size=workers),
).write_parquet(str(output))
seconds = time.perf_counter() - started
peak = max(parquet.read_table(output, columns=["megabytes"])["megabytes"].to_pylist())
print(json.dumps({"seconds": seconds, "worker_memory_mb": peak}))
