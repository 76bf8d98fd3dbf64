"""The widgets of the notebook for researchers: each choice narrows the next, and every one runs."""

import json

import pytest


@pytest.fixture(scope="module")
def book(root):
    """Names of the notebook after its cells up to the widgets have run."""
    pytest.importorskip("ipywidgets", reason="comes with the extra `lab`")
    import matplotlib as mpl
    import pandas as pd

    mpl.use("agg")
    names = {}
    text = (root / "notebooks" / "50_explore.ipynb").read_text(encoding="utf-8")
    with mpl.rc_context(), pd.option_context("display.precision", 6, "display.width", 80):
        for cell in json.loads(text)["cells"]:
            source = "".join(cell["source"])
            if cell["cell_type"] == "code":
                exec(compile(source, "50_explore", "exec"), names)
            if "run.on_click" in source:
                break
        yield names


def test_a_choice_narrows_the_next(book):
    series = book["series"]
    for indicator in series["indicator_id"].unique():
        book["which"].value = indicator
        own = series[series["indicator_id"] == indicator]
        assert {id for _, id in book["where"].options} == set(own["region"])
        for place in own["region"].unique():
            book["where"].value = place
            scopes = own.loc[own["region"] == place, "scope"]
            assert [id for _, id in book["what"].options] == list(scopes)
            assert book["what"].value == scopes.iloc[0]


@pytest.mark.slow
def test_every_series_that_is_offered_can_be_looked_at(book):
    for key in book["series"][["indicator_id", "region", "scope"]].itertuples(index=False):
        frame, chances, tested = book["look"](tuple(key), "pooled", 2)
        assert len(frame) == len(chances) == 2 and chances.between(0, 1).all()
        assert (tested["n"] > 0).all()
        book["plt"].close("all")
