"""Keras on several workers of one core each, with averaged gradients: the alternatives to imdb-gru.

python keras_workers.py tensorflow|jax|jax-fit REVIEWS.npz [--workers N] [--embedding E] [--units U] [--batch-size B]

"tensorflow" uses tf.distribute.MultiWorkerMirroredStrategy with a custom step, because `fit` fails under it: Keras 3.15
does not support PerReplica. "jax-fit" uses keras.distribution.DataParallel on jax.distributed through `fit`; XLA then
sums the recurrent gradient over the workers at every timestep. "jax" is a custom step that sums once. With JAX, reviews
are padded to multiples of a hundred words, because it compiles a program for every length. All use float32. The
npz holds the concatenated ids, the reviews' offsets in them, the labels, and the number of possible ids ("words").

Prints a line of JSON: seconds and reviews per second of the second epoch, which compiles nothing; the largest
difference between the final weights of any two workers; and the norm of the first worker's weights.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np

POOL = 50
STEP = 100

parser = argparse.ArgumentParser()
parser.add_argument("backend", choices=["tensorflow", "jax", "jax-fit"])
parser.add_argument("npz", type=Path)
parser.add_argument("--workers", type=int, default=2)
parser.add_argument("--embedding", type=int, default=128)
parser.add_argument("--units", type=int, default=512)
parser.add_argument("--batch-size", type=int, default=64, help="reviews per worker")
parser.add_argument("--worker", nargs=2, metavar=("RANK", "FOLDER"), help=argparse.SUPPRESS)
parser.add_argument("--ports", help=argparse.SUPPRESS)
options = parser.parse_args()
BACKEND = options.backend.removesuffix("-fit")


def start():
    """Start the workers, wait for them, and print their results."""
    if not find_spec(BACKEND):
        sys.exit(f"{BACKEND} is not installed: run pip install {BACKEND}")
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, *sys.argv, "--ports", find_ports(), "--worker"]
        workers = []
        try:
            for rank in range(options.workers):
                with Path(folder, f"{rank}.txt").open("w") as errors:
                    words = {"stdout": errors, "stderr": errors}
                    workers.append(subprocess.Popen([*command, str(rank), folder], **words))
            while None in (ends := [process.poll() for process in workers]) and not any(ends):
                time.sleep(0.1)
        finally:
            for process in workers:
                process.kill()  # the remaining workers would wait forever
                process.wait()
        for rank, end in enumerate(ends):
            if end:
                sys.exit(Path(folder, f"{rank}.txt").read_text()[-2000:] or f"a worker exited with {end}")
        figures = [json.loads(Path(folder, f"{rank}.json").read_text()) for rank in range(options.workers)]
        weights = [np.load(Path(folder, f"{rank}.npy")) for rank in range(options.workers)]
    seconds = max(seconds for seconds, _ in figures)
    reviews = sum(count for _, count in figures)
    apart = max(float(np.abs(weights[0] - others).max()) for others in weights)
    figures = {"seconds": seconds, "reviews_per_second": reviews / seconds, "weights_apart": apart}
    print(json.dumps({**figures, "norm": float(np.linalg.norm(weights[0]))}))


def find_ports():
    """Return a free port on this machine for each worker."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(options.workers)]
    ports = [str(place.getsockname()[1]) for place in sockets]
    for place in sockets:
        place.close()
    return ",".join(ports)


def work(rank, folder):
    """Train as one of the workers."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, [cores[rank % len(cores)]])  # JAX determines its number of threads from the allowed cores
    os.environ |= {"KERAS_BACKEND": BACKEND, "CUDA_VISIBLE_DEVICES": "-1", "OMP_NUM_THREADS": "1"}
    places = [f"127.0.0.1:{port}" for port in options.ports.split(",")]
    backends = {"tensorflow": use_tensorflow, "jax": use_jax, "jax-fit": fit_jax}
    train_epoch, get_weights = backends[options.backend](rank, places)
    for _ in range(2):
        started = time.perf_counter()
        train_epoch()
        seconds = time.perf_counter() - started
    np.save(folder / f"{rank}.npy", np.concatenate([weight.ravel() for weight in get_weights()]))
    (folder / f"{rank}.json").write_text(json.dumps([seconds, sum(len(labels) for _, labels in cut_batches(rank)[0])]))


def cut_batches(rank):
    """Return a worker's shares of the batches, whose reviews have similar lengths, and the number of possible ids."""
    with np.load(options.npz) as file:
        ids, offsets, labels, words = (file[name] for name in ("ids", "offsets", "labels", "words"))
    lengths, rng, size = np.diff(offsets), np.random.default_rng(0), options.batch_size * options.workers
    order = rng.permutation(len(lengths))
    pools = np.split(order, range(POOL * size, len(order), POOL * size))
    order = np.concatenate([pool[np.argsort(-lengths[pool], kind="stable")] for pool in pools])
    order = order[: len(order) // options.workers * options.workers]
    batches = []
    for whole in np.split(order, range(size, len(order), size)):
        rows = whole[rank :: options.workers]
        timesteps = lengths[whole].max()
        if BACKEND == "jax":
            timesteps = -(-timesteps // STEP) * STEP
        padded = np.zeros((len(rows), timesteps), np.int32)
        for row, place in zip(padded, rows, strict=True):
            row[timesteps - lengths[place] :] = ids[offsets[place] : offsets[place + 1]]
        batches.append((padded, labels[rows, None].astype(np.float32)))
    rng.shuffle(batches)
    return batches, int(words)


def build(words):
    """Build the model: an embedding, a GRU and a sigmoid. The padding at the front is not masked."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            layers.Embedding(words, options.embedding),
            layers.GRU(options.units),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def use_tensorflow(rank, places):
    """Return functions that train an epoch and return the weights, with TensorFlow and a custom step."""
    if options.workers > 1:
        task = {"type": "worker", "index": rank}
        os.environ["TF_CONFIG"] = json.dumps({"cluster": {"worker": places}, "task": task})
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    strategy = tf.distribute.MultiWorkerMirroredStrategy() if options.workers > 1 else tf.distribute.get_strategy()
    batches, words = cut_batches(rank)
    with strategy.scope():
        model = build(words)
        optimizer = keras.optimizers.Adam()
        optimizer.build(model.trainable_variables)
    score = keras.losses.BinaryCrossentropy(reduction="sum")

    @tf.function(input_signature=[tf.TensorSpec((None, None), tf.int32), tf.TensorSpec((None, 1), tf.float32)])
    def step(ids, labels):
        def learn(ids, labels):
            with tf.GradientTape() as tape:
                count = tf.cast(tf.size(labels) * options.workers, tf.float32)
                loss = score(labels, model(ids, training=True)) / count
            gradients = tape.gradient(loss, model.trainable_weights)
            optimizer.apply(
                [tf.convert_to_tensor(part) for part in gradients], model.trainable_weights
            )  # sums over the workers
            return loss

        return strategy.run(learn, (ids, labels))

    def train_epoch():
        for ids, labels in batches:
            step(ids, labels).numpy()

    return train_epoch, model.get_weights


def connect_jax(rank, places):
    """Connect this worker's JAX to that of the others."""
    import jax

    if options.workers > 1:
        jax.config.update("jax_cpu_collectives_implementation", "gloo")
        jax.distributed.initialize(places[0], options.workers, rank)


def use_jax(rank, places):
    """Return functions that train an epoch and return the weights, with JAX and a custom step."""
    connect_jax(rank, places)
    import jax
    import keras
    from jax.sharding import NamedSharding, PartitionSpec

    batches, words = cut_batches(rank)
    model, optimizer = build(words), keras.optimizers.Adam()
    optimizer.build(model.trainable_variables)
    mesh, same, shared = jax.make_mesh((options.workers,), ("workers",)), PartitionSpec(), PartitionSpec("workers")
    score = keras.losses.BinaryCrossentropy()
    rest = [np.asarray(variable.value) for variable in model.non_trainable_variables]  # a seed that is not used

    def find_loss(weights, ids, labels):
        beliefs, _ = model.stateless_call(weights, rest, ids, training=True)
        return score(labels, beliefs)

    def learn(weights, moments, ids, labels):
        gradients = jax.lax.pmean(jax.grad(find_loss)(weights, ids, labels), "workers")
        return optimizer.stateless_apply(moments, gradients, weights)

    specs = {"in_specs": (same, same, shared, shared), "out_specs": same, "check_vma": False}
    step = jax.jit(jax.shard_map(learn, mesh=mesh, **specs), donate_argnums=(0, 1))

    def spread(values, spec):
        place = NamedSharding(mesh, spec)
        return [jax.make_array_from_process_local_data(place, np.asarray(value)) for value in values]

    state = [
        spread((variable.value for variable in variables), same)
        for variables in (model.trainable_variables, optimizer.variables)
    ]

    def train_epoch():
        for batch in batches:
            state[:] = step(*state, *spread(batch, shared))
        jax.block_until_ready(state)

    return train_epoch, lambda: [np.asarray(weight) for weight in state[0]]


def fit_jax(rank, places):
    """Return functions that train an epoch and return the weights, with JAX and Keras's `fit`."""
    connect_jax(rank, places)
    import keras

    if options.workers > 1:
        keras.distribution.set_distribution(keras.distribution.DataParallel(auto_shard_dataset=False))
    batches, words = cut_batches(rank)

    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return len(batches)

        def __getitem__(self, number):
            return batches[number]

    model = build(words)
    model.compile("adam", "binary_crossentropy")
    dataset = Batches()
    return lambda: model.fit(dataset, shuffle=False, verbose=0), model.get_weights


if options.worker:
    work(int(options.worker[0]), Path(options.worker[1]))
else:
    start()
