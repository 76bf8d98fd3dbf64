import pytest

from wqa.errors import BuildError, CatalogError, DataError, ForecastError, WqaError


def test_message_says_where_what_got_expected_and_fix():
    error = DataError(
        "year is no number", where="a.csv:3", got="２０２４ ", expected="2024", fix="Retype it."
    )
    assert str(error) == ("a.csv:3: year is no number; got '２０２４ '; expected 2024. Retype it.")


def test_only_what_is_known_is_said():
    assert str(WqaError("the plan has no targets")) == "the plan has no targets"
    assert str(WqaError("exposure is not positive", got=0)).endswith("got 0")


@pytest.mark.parametrize("kind", [CatalogError, DataError, ForecastError, BuildError])
def test_one_root(kind):
    assert issubclass(kind, WqaError)
