"""Maps of anything that keeps company: from collections of entities to a map in the browser, as Dagster assets."""

import warnings

from dagster import BetaWarning, PreviewWarning

__version__ = "0.1.0"

# Partitioned asset checks and components are marked beta or preview in Dagster 1.13; every code server would say so.
warnings.filterwarnings("ignore", category=BetaWarning)
warnings.filterwarnings("ignore", category=PreviewWarning)
