"""The checks that scikit-learn has for estimators, on texts where they apply."""

import pytest

pytest.importorskip("sklearn")

from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import estimator_checks_generator
from sklearn.utils.validation import validate_data

from imdb_gru.sklearn import GRUClassifier

NOT_APPLICABLE = {
    "check_estimator_sparse_tag": "texts are never sparse",
    "check_estimator_sparse_array": "texts are never sparse",
    "check_estimator_sparse_matrix": "texts are never sparse",
    "check_estimators_dtypes": "texts have no dtype to keep",
    "check_f_contiguous_array_estimator": "texts have no order in memory",
    "check_complex_data": "texts are not numbers",
    "check_dtype_object": "texts are not numbers",
    "check_estimators_nan_inf": "test_other_texts_are_refused has the missing values of texts",
    "check_positive_only_tag_during_fit": "texts have no sign",
    "check_array_api_input": "texts are no array of another library",
    "check_n_features_in": "texts have no columns to count",
    "check_n_features_in_after_fitting": "texts have no columns to count",
    "check_fit2d_1feature": "texts have no columns to count",
    "check_fit2d_predict1d": "texts are one-dimensional: test_other_texts_are_refused has tables",
    "check_fit1d": "texts are one-dimensional: test_other_texts_are_refused has tables",
    "check_estimators_empty_data_messages": "texts have no columns; test_other_labels_are_refused has no rows",
    "check_readonly_memmap_input": "texts are copied into a list, and are themselves never changed",
}
"""The checks of scikit-learn that are about tables of numbers, and why they say nothing about texts."""


class NumbersClassifier(GRUClassifier):
    """The estimator on rows of numbers, each turned into a word: what scikit-learn's checks give to an estimator."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array, tags.input_tags.one_d_array, tags.input_tags.string = True, False, False
        tags.classifier_tags.poor_score = True  # its weights are random
        return tags

    def fit(self, X, y):
        return super().fit(write_texts(validate_data(self, X)), y)

    def predict_proba(self, X):
        return super().predict_proba(write_texts(validate_data(self, X, reset=False)))


def write_texts(rows):
    return [" ".join(f"w{int(abs(number) * 7) % 30}" for number in row) for row in rows]


def name_check(check):
    return check.func.__name__


CHECKS = [check for _, check in estimator_checks_generator(NumbersClassifier("default"))]


@pytest.mark.parametrize(
    "check", [check for check in CHECKS if name_check(check) not in NOT_APPLICABLE], ids=name_check
)
def test_scikit_learns_checks_pass(check, trainings):
    check(NumbersClassifier("default"))


def test_every_check_that_is_left_out_exists():
    assert NOT_APPLICABLE.keys() <= {name_check(check) for check in CHECKS}


def test_the_estimator_says_that_it_takes_texts_of_two_classes():
    tags = get_tags(GRUClassifier())
    assert (tags.input_tags.string, tags.input_tags.two_d_array, tags.input_tags.one_d_array) == (True, False, True)
    assert tags.estimator_type == "classifier"
    assert not tags.classifier_tags.multi_class
    assert tags.target_tags.required
