"""Forecasts at past origins, each with nothing but what was known then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from wqa.errors import ForecastError
from wqa.forecasts.annual_series import AnnualSeries
from wqa.forecasts.answers import Case, pooled_chunks, value_answer
from wqa.forecasts.distributions import Distribution
from wqa.forecasts.folds import Fold, known_panel
from wqa.forecasts.forecast_result import PooledRows
from wqa.forecasts.panels import evidence, panel_series, sharpen
from wqa.forecasts.pooled import load_prior

if TYPE_CHECKING:
    import pandas as pd

    from wqa.forecasts.pooled import Predictive

# The pooled model whose prior the other series of the frame have sharpened.
PANEL = "pooled_panel"
# Folds, their distribution of shape (S, H) or why there is none, and further columns.
FoldAnswer = tuple[Sequence[Fold], Distribution | ForecastError, dict[str, Any]]


@dataclass(frozen=True)
class FoldRequest:
    """What is forecast at every fold.

    Parameters
    ----------
    model : str
        A model that needs values only, or ``pooled_panel``.
    most : int
        Greatest number of years ahead.
    bounds : dict
        family, lower and upper.
    frame : pandas.DataFrame
        All figures, from which the panel of a cut-off is taken.
    """

    model: str
    most: int
    bounds: dict[str, Any]
    frame: pd.DataFrame

    def panel(self, cutoff: str) -> dict[Any, AnnualSeries]:
        """All series as known at a cut-off."""
        return panel_series(known_panel(self.frame, cutoff), **self.bounds)


def fold_answers(request: FoldRequest, folds: Sequence[Fold]) -> Iterator[FoldAnswer]:
    """Forecast folds with the widths of the model.

    Parameters
    ----------
    request : FoldRequest
        What to forecast.
    folds : sequence of Fold
        The folds.

    Yields
    ------
    tuple
        Folds, their distribution of shape (S, H) or why there is none, further columns.
    """
    if request.model == PANEL:
        yield from _panel_answers(request, folds)
    elif request.model == "pooled":
        # Origins of equal length share all matrices of the model.
        ordered = sorted(folds, key=lambda fold: fold.train.years.size)
        rows = [fold.train.readings for fold in ordered]
        for part, fit in pooled_chunks(rows, request.most, **request.bounds):
            yield ordered[part], *_pooled(fit)
    else:
        for fold in folds:
            case = Case(fold.train, horizon=request.most, model=request.model, **request.bounds)
            try:
                answer = value_answer(case)
            except ForecastError as error:
                yield [fold], error, {}
                continue
            weight = np.array([[answer.prior_weight]])
            facts = {"fallback": answer.fallback, "prior_weight": weight}
            yield [fold], answer.distribution, facts


def _pooled(fit: Predictive) -> tuple[Distribution, dict[str, Any]]:
    return PooledRows(fit), {"fallback": "", "prior_weight": fit.prior_weight[:, None]}


def _panel_answers(request: FoldRequest, folds: Sequence[Fold]) -> Iterator[FoldAnswer]:
    """Forecast each fold with a prior sharpened by the others, as known at its cut-off."""
    learned = load_prior(request.bounds["family"])
    limits = {name: request.bounds[name] for name in ("lower", "upper")}
    for cutoff in sorted({fold.cutoff for fold in folds}):
        said = evidence(learned, request.panel(cutoff), **limits)
        for fold in (f for f in folds if f.cutoff == cutoff):
            others = [likes for name, likes in said.items() if name != fold.series_id]
            prior, _ = sharpen(learned, others)
            rows = [fold.train.readings]
            for _, fit in pooled_chunks(rows, request.most, **request.bounds, prior=prior):
                yield [fold], *_pooled(fit)
