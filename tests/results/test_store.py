import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from pppkit.results import (
    Store,
    code_revision,
    load_maps,
    provenance,
    read_rows,
    results_folder,
    save_maps,
)


def rows(a, b=None, value=1.0):
    return pd.DataFrame([{"a": a, "b": b, "layer": layer, "value": value} for layer in (1, 2)])


def test_rows_are_kept_and_found(tmp_path):
    store = Store(tmp_path / "deep" / "rows.csv", ["a", "b"])
    trials = [{"a": 1, "b": None}, {"a": 2, "b": "x"}]
    assert len(store.load()) == 0 and store.missing(trials) == trials
    store.append(rows(1))
    assert store.has({"a": 1.0, "b": float("nan")}) and store.missing(trials) == [trials[1]]
    store.append(rows(2, "x", np.pi))
    assert store.missing(trials) == [] and len(store.load()) == 4
    assert store.load()["value"].iloc[-1] == np.pi  # every digit survives


def test_numbers_and_names_in_one_column(tmp_path):
    store = Store(tmp_path / "rows.csv", ["a", "b"])
    store.append(rows(0, "x"))
    store.append(rows("trained", "x"))  # the column is text from now on
    assert (
        store.missing([{"a": 0, "b": "x"}, {"a": "trained", "b": "x"}]) == []
        and len(store.rows([{"a": 0, "b": "x"}])) == 2
    )
    assert not store.has({"a": 1, "b": "x"}) and not store.has({"a": True, "b": "x"})


def test_no_row_twice(tmp_path):
    store = Store(tmp_path / "rows.csv", ["a", "b"])
    store.append(rows(1, "x"))
    with pytest.raises(ValueError, match="already"):
        store.append(rows(1, "x", 2.0))
    with pytest.raises(ValueError, match="lack the columns b"):
        store.append(pd.DataFrame([{"a": 1}]))
    assert list(store.load()["value"]) == [1.0, 1.0]


APPENDER = """
import sys, time
from pathlib import Path
import pandas as pd
from pppkit.results import Store
store = Store(sys.argv[1], ["a", "b"])
Path(sys.argv[1] + "." + sys.argv[2]).touch()
while len(list(Path(sys.argv[1]).parent.iterdir())) < 3:  # begin together
    time.sleep(0.001)
for i in range(int(sys.argv[2]), int(sys.argv[2]) + 40):
    store.append(pd.DataFrame([{"a": i, "b": "x", "layer": layer, "value": 1.0} for layer in (1, 2)]))
"""


def test_processes_may_append_at_once(tmp_path):
    path = tmp_path / "rows.csv"
    workers = [
        subprocess.Popen([sys.executable, "-c", APPENDER, str(path), first]) for first in ("0", "100", "200")
    ]
    assert [w.wait() for w in workers] == [0, 0, 0]
    found = Store(path, ["a", "b"]).load()
    assert sorted(found["a"]) == sorted([*range(40), *range(100, 140), *range(200, 240)] * 2)


def test_an_interrupted_write_leaves_the_old_rows(tmp_path, monkeypatch):
    store = Store(tmp_path / "rows.csv", ["a", "b"])
    store.append(rows(1, "x"))

    def interrupted(self, path, **kwargs):
        path.write_text("a,b,lay")
        raise KeyboardInterrupt

    monkeypatch.setattr(pd.DataFrame, "to_csv", interrupted)
    with pytest.raises(KeyboardInterrupt):
        store.append(rows(2, "x"))
    assert list(store.load()["a"]) == [1, 1]


def test_maps(tmp_path):
    maps = {("zeros", "layer1"): np.eye(3), ("randn", "layer1"): np.ones((2, 2))}
    save_maps(tmp_path / "maps" / "m.npz", maps)
    loaded = load_maps(tmp_path / "maps" / "m.npz")
    assert (
        set(loaded) == set(maps)
        and (loaded["zeros", "layer1"] == np.eye(3)).all()
        and loaded["zeros", "layer1"].dtype == np.float32
    )
    noise = np.random.default_rng(0).random((50, 50)).astype(np.float32)
    save_maps(tmp_path / "maps" / "s.npz", {("a", "b"): 1e-10 * noise}, bits=10)
    small = load_maps(tmp_path / "maps" / "s.npz")["a", "b"]
    np.testing.assert_allclose(small, 1e-10 * noise, rtol=2**-10)
    save_maps(tmp_path / "maps" / "e.npz", {("a", "b"): noise})
    assert (load_maps(tmp_path / "maps" / "e.npz")["a", "b"] == noise).all()
    assert (tmp_path / "maps" / "s.npz").stat().st_size < 0.65 * (tmp_path / "maps" / "e.npz").stat().st_size
    assert sorted(p.name for p in (tmp_path / "maps").iterdir()) == ["e.npz", "m.npz", "s.npz"]


def test_provenance():
    made = provenance("quick")
    assert (
        made["profile"] == "quick" and made["torch"].startswith("2.") and made["revision"] == code_revision()
    )
    assert results_folder("quick").name == "my-results" and results_folder("published").parts[-2:] == (
        "book",
        "results",
    )
    assert results_folder("published", "mine").name == "mine"


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_both_formats_keep_every_bit(tmp_path, suffix):
    store = Store(tmp_path / f"rows{suffix}", ["a", "b"], text=["b"])
    values = np.random.default_rng(0).normal(size=2000) * 10.0 ** np.arange(-200, 200).repeat(5)
    store.append(pd.DataFrame({"a": np.arange(2000), "b": "0.50", "value": values}))
    store.append(pd.DataFrame({"a": [2000], "b": ["1"], "value": [np.nan]}))
    found = store.load()
    assert (found["value"].to_numpy()[:2000] == values).all() and np.isnan(found["value"].iloc[-1])
    assert found["b"].tolist() == ["0.50"] * 2000 + ["1"]  # a name, not a number
    pd.testing.assert_frame_equal(read_rows(store.path, ["b"]), found)
    assert store.missing([{"a": 5, "b": 0.5}, {"a": 5, "b": "x"}]) == [{"a": 5, "b": "x"}]
    assert [p.name for p in tmp_path.iterdir() if p.suffix == ".part"] == []


def test_unknown_files_are_refused(tmp_path):
    for call, words in (
        (lambda: Store(tmp_path / "rows.txt", ["a"]), "rows.txt' must end in .csv or .parquet"),
        (lambda: read_rows(tmp_path / "rows.txt"), "rows.txt' must end in .csv or .parquet"),
        (lambda: read_rows(tmp_path / "rows.csv"), "rows.csv' does not exist; give a file of result rows"),
        (lambda: load_maps(tmp_path / "m.npz"), "m.npz' does not exist; run the experiment"),
    ):
        with pytest.raises(ValueError, match=words):
            call()


def trained(a, width=0.5, accuracies=(0.1, 0.9)):
    rows = [
        {"a": a, "epoch": e, "layer": layer, "value": 1.0 * e, "accuracy": accuracies[e]}
        for e in (0, 1)
        for layer in (1, 2)
    ]
    return pd.DataFrame(rows).assign(width=width)


def with_constants(tmp_path):
    return Store(tmp_path / "rows.parquet", ["a"], constants=["width"], final=["accuracy"])


def test_constants_of_a_trial_stand_once(tmp_path):
    store = with_constants(tmp_path)
    store.append(trained("x"))
    store.append(trained("y", 0.25, (0.2, 0.8)))
    alone = pd.read_csv(tmp_path / "rows_trials.csv")
    assert alone.to_dict("list") == {"a": ["x", "y"], "width": [0.5, 0.25], "final_accuracy": [0.9, 0.8]}
    assert "width" not in read_rows(store.path)
    pd.testing.assert_frame_equal(
        store.load(),
        pd.concat([trained("x"), trained("y", 0.25, (0.2, 0.8))]).reset_index(drop=True),
        check_dtype=False,
    )
    assert store.rows([{"a": "y"}])["width"].tolist() == [0.25] * 4
    with pytest.raises(ValueError, match="width must be the same in all rows of a trial"):
        store.append(trained("z").assign(width=[1, 1, 1, 2]))
    with pytest.raises(ValueError, match="rows lack the columns width"):
        store.append(trained("z").drop(columns="width"))
    assert not store.has({"a": "z"})


def test_constants_whose_rows_never_came_do_not_matter(tmp_path, monkeypatch):
    store = with_constants(tmp_path)
    store.append(trained("x"))

    def interrupted(self, path, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(pd.DataFrame, "to_parquet", interrupted)
        with pytest.raises(KeyboardInterrupt):
            store.append(trained("y", 0.25))
    assert store.missing([{"a": "x"}, {"a": "y"}]) == [{"a": "y"}] and len(store.load()) == 4
    store.append(trained("y", 0.75))  # the next run
    assert store.load().groupby("a")["width"].unique().str[0].to_dict() == {"x": 0.5, "y": 0.75}
