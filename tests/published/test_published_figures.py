"""Published figures, one line each, must come out of the loaders under the right scope."""

from cases import cases

from wqa.data.loading import load_observations, load_series, load_sources


@cases("published/figures.csv")
def test_published_figure(indicator, region, year, scope, value, source) -> None:
    found = load_series(indicator, region, scope).set_index("year").loc[int(year)]
    titles = load_sources().set_index("source_id")["title"]
    assert (found["value"], titles[found["source_id"]]) == (float(value), source)


@cases("published/not_annual.csv")
def test_published_but_not_annual(indicator_id, region, period, scope, value, qualifier) -> None:
    for annual, said in ((False, {(scope, qualifier)}), (True, set())):
        frame = load_observations(indicator_id, region, annual=annual)
        rows = frame[(frame["period"] == period) & (frame["value"] == float(value))]
        assert set(zip(rows["scope"], rows["qualifier"], strict=True)) == said


@cases("published/scopes.csv")
def test_a_definitional_break_is_a_change_of_scope(indicator_id, region, scope, first, last):
    years = load_observations(indicator_id, region, annual=True, scope=scope)["year"]
    assert int(first) <= years.min() <= years.max() <= int(last)
