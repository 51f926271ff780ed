"""The scikit-learn estimator in processes of its own: what an import loads, and predictions in two workers."""

import subprocess
import sys

import numpy as np
import pytest
from support.models import make_classifier

pytestmark = pytest.mark.processes

pytest.importorskip("sklearn")

IMPORTS = """
import sys
import imdb_gru
assert "sklearn" not in sys.modules
imdb_gru.sklearn.GRUClassifier()
assert "sklearn" in sys.modules and sys.modules["sklearn"] is not imdb_gru.sklearn
assert not {"tensorflow", "keras"} & sys.modules.keys()
"""


def test_importing_the_package_loads_no_scikit_learn():
    subprocess.run([sys.executable, "-c", IMPORTS], check=True, timeout=120)


def test_two_workers_predict_what_one_process_does():
    from joblib import Parallel, delayed

    from imdb_gru.sklearn import GRUClassifier

    estimator = GRUClassifier()
    estimator.classes_, estimator.model_ = np.array(["no", "yes"]), make_classifier()
    texts = [f"w1 w2 w{number}" for number in range(20)]
    parts = Parallel(n_jobs=2)(delayed(estimator.predict_proba)(part) for part in (texts[:10], texts[10:]))
    np.testing.assert_allclose(np.concatenate(parts), estimator.predict_proba(texts), atol=1e-6)
