"""Result rows: a store that grows trial by trial, sweeps that fill it, statistics over what they found."""

from ..checks import needs

needs(__name__, "dask", "distributed", "filelock", "pyarrow", "scipy", extra="sweep")

from .maps import load_maps, save_maps
from .origin import code_revision, commits_since, provenance, results_folder
from .printed import compare_with_printed
from .statistics import (
    Interval,
    Lead,
    Verdict,
    all_positive,
    bonferroni,
    lead,
    pooled_intervals,
    prediction_interval,
    rank_correlation,
    share_interval,
    student_interval,
    welch_from_summary,
    welch_interval,
)
from .store import Store, read_rows
from .sweeps import connect, sweep
from .text import mean_and_spread, plus_minus, provenance_table

__all__ = [
    "Interval",
    "Lead",
    "Store",
    "Verdict",
    "all_positive",
    "bonferroni",
    "code_revision",
    "commits_since",
    "compare_with_printed",
    "connect",
    "lead",
    "load_maps",
    "mean_and_spread",
    "plus_minus",
    "pooled_intervals",
    "prediction_interval",
    "provenance",
    "provenance_table",
    "rank_correlation",
    "read_rows",
    "results_folder",
    "save_maps",
    "share_interval",
    "student_interval",
    "sweep",
    "welch_from_summary",
    "welch_interval",
]
