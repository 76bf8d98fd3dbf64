"""Quality white paper of a Chinese city: observations, forecasts, answers, documents.

Names are loaded on first use, so that `import wqa` costs nothing that is not asked for.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_MODULE_OF = {
    "load_indicators": "catalog.catalog",
    "load_plan": "catalog.catalog",
    "load_observations": "data.loading",
    "load_pass_rates": "data.loading",
    "load_death_rates": "data.loading",
    "load_satisfaction": "data.loading",
    "load_counts": "data.loading",
    "load_regions": "data.loading",
    "load_series": "data.loading",
    "check_project": "data.loading",
    "find_conflicts": "data.conflicts",
    "build_data_package": "data.loading",
    "forecast": "forecasts.forecasting",
    "forecast_many": "forecasts.forecasting",
    "backtest": "forecasts.backtesting",
    "official_labels": "assessment.labels",
    "assess": "assessment.attainment",
    "explain": "assessment.statements",
    "build_paper": "publication.paper",
    "open_edition": "display.city",
    "use_style": "display.figures",
}
__all__ = sorted([*_MODULE_OF, "__version__"])


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = import_module(f"{__name__}.{_MODULE_OF[name]}")
    return globals().setdefault(name, getattr(home, name))


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
