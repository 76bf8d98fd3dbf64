"""Quality white paper of a Chinese city: observations, forecasts, verdicts, documents.

Names are loaded on first use, so that `import wqa` costs nothing that is not asked for.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_MODULE_OF = {
    "load_indicators": "catalog",
    "load_plan": "catalog",
    "load_observations": "observations",
    "load_pass_rates": "observations",
    "load_death_rates": "observations",
    "load_satisfaction": "observations",
    "load_counts": "observations",
    "check_project": "checks",
    "find_conflicts": "conflicts",
    "build_data_package": "package",
    "forecast": "forecasting",
    "forecast_many": "forecasting",
    "backtest": "backtesting",
    "official_labels": "labels",
    "assess": "attainment",
    "build_paper": "paper",
}
__all__ = sorted([*_MODULE_OF, "__version__"])


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
