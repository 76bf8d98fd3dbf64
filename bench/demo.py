"""Coverage of forecasts over many demonstration cities, whose truth is known.

python bench/demo.py [--seeds 200]
"""

from __future__ import annotations

import argparse
import json

import numpy as np

from wqa.catalog.catalog import load_indicators
from wqa.catalog.reading import read_words
from wqa.forecasts.forecasting import forecast
from wqa.office.demo import city_figures, family_of

KNOWN = 6  # years behind a forecast: those of the mid-plan edition
AHEAD = 2
BINS = 10


def main() -> None:
    """Print coverage of 80 % intervals by family, and the bins of the counts' transforms."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    seeds, rows = parser.parse_args().seeds, read_words("demo")["rows"]
    inside: dict[str, list[bool]] = {}
    transforms: list[float] = []
    for seed in range(seeds):
        random, city = np.random.default_rng(seed), city_figures(seed)
        for row in rows:
            one = family_of(row, load_indicators())
            figures = [*city[row["row"]].values()]
            values = [figure.value for figure in figures]
            sizes = [figure.denominator for figure in figures[:KNOWN]]
            made = forecast(
                values[:KNOWN],
                family=one[0],
                lower=0.0,
                upper=100.0 if one[0] in ("percent", "score") else None,
                horizon=AHEAD,
                denominators=sizes if all(sizes) and one[0] == "percent" else None,
            )
            actual = values[KNOWN + AHEAD - 1]
            if one[0] == "count":
                half = 0.5 * 10.0 ** -one[1]
                edges = [made.distribution.below(actual + d)[0, -1] for d in (-half, half)]
                if "gain" in row:  # a stock does not fall; the library asks the same of a model
                    under = made.distribution.below(values[KNOWN - 1] - half)[0, -1]
                    edges = [max(edge - under, 0.0) / (1.0 - under) for edge in edges]
                transforms.append(float(random.uniform(*edges)))
            else:
                low, high = (made.distribution.quantile(p)[0, -1] for p in (0.1, 0.9))
                inside.setdefault(one[0], []).append(bool(low <= actual <= high))
    shares = np.histogram(transforms, BINS, (0.0, 1.0))[0] / len(transforms)
    told = {family: round(100 * float(np.mean(hits)), 1) for family, hits in inside.items()}
    every = [hit for hits in inside.values() for hit in hits]
    told |= {"continuous rows": round(100 * float(np.mean(every)), 1)}
    told |= {"bins of counts": [round(100 * float(share), 1) for share in shares]}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
