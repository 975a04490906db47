"""The published rows hold what they held when they were committed, to the last bit, in whatever file."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pppkit.experiments import EXPERIMENTS

# Made from the files as they were before chronology.csv became chronology.parquet and bhv's `scheme` became
# `padding`. A digest changes only where rows are measured anew, on purpose: `python
# tests/results/test_published_rows.py` writes the file again.
DIGESTS = Path(__file__).with_name("published_rows.json")
PUBLISHED = Path(__file__).parents[2] / "book" / "results"


def digest(column):
    """Of a column's values in order: numbers as float64, to the last bit; anything else as text."""
    if pd.api.types.is_numeric_dtype(column):
        values = column.to_numpy(np.float64)
        bits = np.where(np.isnan(values), np.nan, values).tobytes()  # one NaN
        return f"number {hashlib.sha256(bits).hexdigest()[:24]}"
    text = "\n".join(column.fillna("").astype(str))
    return f"text {hashlib.sha256(text.encode()).hexdigest()[:24]}"


def digests(rows):
    return {"rows": len(rows), "columns": {column: digest(rows[column]) for column in rows}}


@pytest.mark.parametrize("name", json.loads(DIGESTS.read_text()))
def test_no_published_number_has_changed(name, published):
    rows = EXPERIMENTS[name].rows(published)
    before = json.loads(DIGESTS.read_text()).get(name, {"rows": 0})  # nothing is published of it yet
    assert len(rows) == before["rows"]
    if len(rows):
        assert digests(rows)["columns"] == before["columns"]


def test_every_published_file_has_a_digest(published):
    made = {name for name, experiment in EXPERIMENTS.items() if experiment.store(published).path.exists()}
    assert made == json.loads(DIGESTS.read_text()).keys()


def test_a_digest_sees_the_last_bit():
    values = pd.Series([0.1, float("nan"), 3.0])
    assert digest(values) == digest(values.copy())
    assert digest(values) != digest(pd.Series([np.nextafter(0.1, 1), float("nan"), 3.0]))
    assert digest(values) != digest(pd.Series([0.1, 3.0, float("nan")]))
    assert digest(pd.Series(["a", "b"])) != digest(pd.Series(["a", "c"]))


if __name__ == "__main__":
    made = {name: digests(rows) for name, e in EXPERIMENTS.items() if len(rows := e.rows(PUBLISHED))}
    DIGESTS.write_text(json.dumps(made, indent=1) + "\n")
