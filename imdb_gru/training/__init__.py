"""Training: the only package that imports Keras and TensorFlow; it suppresses their start-up messages."""

import contextlib
import os
import tempfile
from collections.abc import Iterator

from imdb_gru.system.threads import limit_tensorflow

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if os.path.expanduser("~") == "~":  # noqa: PTH111 - no home folder: Keras would create one named ~
    os.environ.setdefault("KERAS_HOME", os.path.join(tempfile.gettempdir(), ".keras"))  # noqa: PTH118
limit_tensorflow()


@contextlib.contextmanager
def _hush_stderr() -> Iterator[None]:
    """Hold back what TensorFlow writes to stderr while it starts, and show it only if TensorFlow fails to start."""
    with tempfile.TemporaryFile() as kept:
        saved = os.dup(2)
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except Exception:
            kept.seek(0)
            os.write(saved, kept.read())
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)


with _hush_stderr():
    import tensorflow as tf

    tf.config.list_physical_devices()
    import keras

__all__ = ["keras", "tf"]
