"""Sweeps that are interrupted: no row is lost, none is doubled, and the next run goes on."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from distributed import Client

from pppkit.results import Store
from pppkit.results.sweeps import connect, sweep

sys.path.insert(0, str(Path(__file__).parent))
import sweep_trials

TRIALS = [{"a": a, "b": b} for a in range(4) for b in ("x", None)]


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "rows.csv", ["a", "b"])


def test_all_rows_in_the_order_of_the_grid(store):
    rows = sweep(sweep_trials.two_rows, TRIALS, store, client=2)
    assert list(rows["a"]) == [t["a"] for t in TRIALS for _ in range(2)] and list(rows["layer"]) == [1, 2] * 8
    assert list(rows["value"]) == [t["a"] * 10.0 + layer for t in TRIALS for layer in (1, 2)]


def test_present_rows_are_skipped_and_no_worker_is_started(store, monkeypatch):
    sweep(sweep_trials.two_rows, TRIALS[:5], store, client=1)
    before = store.load()
    rows = sweep(sweep_trials.two_rows, TRIALS, store, client=1)
    assert len(rows) == 16
    pd.testing.assert_frame_equal(store.load()[:10], before)
    monkeypatch.setattr("pppkit.results.sweeps.connect", None)
    pd.testing.assert_frame_equal(sweep(sweep_trials.two_rows, TRIALS, store), rows)


def test_a_failed_trial_is_named_and_costs_no_other(store):
    with pytest.raises(
        RuntimeError,
        match=r"1 of 8 trials failed; the first was \{'a': 2, 'b': None\}: ValueError\('no luck'",
    ):
        sweep(sweep_trials.fails_at_two, TRIALS, store, client=2)
    assert store.missing(TRIALS) == [{"a": 2, "b": None}]
    assert len(sweep(sweep_trials.two_rows, TRIALS, store, client=1)) == 16


def test_a_killed_worker_loses_no_row_and_doubles_none(store, tmp_path):
    trials = [t | {"folder": str(tmp_path)} for t in TRIALS]
    rows = sweep(sweep_trials.kills_its_worker_once, trials, store, client=2)
    assert (tmp_path / "killed").exists()
    assert len(rows) == 16 and not store.load().duplicated(["a", "b", "layer"]).any()


def test_a_killed_sweep_goes_on_where_it_stopped(store, tmp_path):
    script = Path(sweep_trials.__file__)
    process = subprocess.Popen([sys.executable, str(script), str(store.path)], start_new_session=True)
    try:
        deadline = time.monotonic() + 60
        while len(store.load()) < 4 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert process.poll() is None
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        kept = store.load()
        assert 4 <= len(kept) < 16 and len(kept) % 2 == 0  # whole trials only
        rows = sweep(sweep_trials.slow, TRIALS, store, client=2)
        assert len(rows) == 16 and not store.load().duplicated(["a", "b", "layer"]).any()
        pd.testing.assert_frame_equal(store.load()[: len(kept)], kept)
    finally:
        with pytest.raises(ProcessLookupError):  # the workers end with the process that started them
            for _ in range(200):
                os.killpg(process.pid, 0)
                time.sleep(0.1)


def test_two_sweeps_at_once_share_the_store(store):
    script = Path(sweep_trials.__file__)
    both = [subprocess.Popen([sys.executable, str(script), str(store.path)]) for _ in range(2)]
    assert [p.wait() for p in both] == [0, 0]
    assert len(store.load()) == 16 and not store.load().duplicated(["a", "b", "layer"]).any()


def test_a_client_and_an_address(store):
    with connect(1) as client:
        assert isinstance(client, Client)
        sweep(sweep_trials.two_rows, TRIALS[:2], store, client=client)
        assert client.status == "running"  # a client that was given stays open
        sweep(sweep_trials.two_rows, TRIALS[:4], store, client=client.scheduler.address)
        assert client.run(os.getenv, "OMP_NUM_THREADS").popitem()[1] == "1"
    assert len(store.load()) == 8


@pytest.mark.parametrize(
    "call, words",
    [
        (
            lambda s: sweep(sweep_trials.two_rows, [{"a": 1}], s),
            "trials: {'a': 1} lacks b, of the key of rows.csv",
        ),
        (
            lambda s: sweep(sweep_trials.two_rows, [TRIALS[0]] * 2, s, client=1),
            "trials has 1 that are given twice",
        ),
        (
            lambda s: sweep(sweep_trials.two_rows, TRIALS, s, client=0),
            "client=0 must be a dask Client, a scheduler's address",
        ),
        (lambda s: sweep(sweep_trials.two_rows, TRIALS, s, client=True), "client=True"),
    ],
)
def test_bad_input_is_named(call, words, store):
    with pytest.raises(ValueError, match=words):
        call(store)
    assert not store.path.exists()
