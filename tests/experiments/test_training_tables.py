"""Figure 5's page on networks by hand: two that learned under zeros, one that did not, and a toy."""

import numpy as np
import pandas as pd
import pytest

from pppkit.experiments.ppp import (
    chronology,
    learned,
    own_networks,
    recipes,
    tables,
    training_curves,
    training_tables,
)

MODEL, DATA = "resnet9", "cifar10"
GATE = recipes.GATES[MODEL, DATA]
EPOCHS = (0, 1, 2, 4, 8)
SHALLOW, DEEP = [2.0, 2.0, 2.0, 1.5, 1.0], [2.0, 4.0, 4.0, 5.0, 6.0]


def network(padding="zeros", seed=0, accuracy=GATE, model=MODEL, data=DATA, scale=1.0):
    """A network of two layers: its first layer's pattern fades, its second's grows."""
    names = {"model": model, "data": data, "padding": padding, "seed": seed}
    setup = {"size": 32, "trained_size": 32, "source": "scenes", "epochs": 8, "width": 1.0}
    made = {"images": 50, "precision": "32-true", "n": 8}
    rows = [
        names | setup | made | {"epoch": e, "level": level, "snr_ppp": scale * v, "val_accuracy": accuracy}
        for level, curve in ((1, SHALLOW), (3, DEEP))
        for e, v in zip(EPOCHS, curve)
    ]
    return pd.DataFrame(rows)


def evidence_rows(*parts):
    rows = pd.concat(parts, ignore_index=True)
    names = [own_networks.network_name(*pair) for pair in zip(rows["model"], rows["data"])]
    return rows.assign(learned=recipes.passed(rows), network=names, mae_ppp=0.5)


@pytest.fixture
def rows():
    return evidence_rows(
        network(),
        network(seed=1, scale=3.0),
        network("randn", accuracy=GATE - 0.01),
        network(model="vgg19", accuracy=0.99),
    )


@pytest.fixture
def nothing():
    return pd.DataFrame(columns=["model", "data", "padding", "seed"])


def test_only_networks_that_learned_answer(rows, nothing):
    found = training_tables.changes(rows, nothing)
    assert found["learned"].tolist().count(True) == 4 and found["deepest"].sum() == 4
    text = training_tables.answer(found)
    # after one epoch 4 of 2 to 6: half of the change
    assert text.startswith("In 2 of 2 networks that learned, training strengthened")
    assert "a median of 50% of the change after the first epoch" in text
    assert "before that layer in 0 of 2 curves" in text and "grew in 2 of 2." in text


def test_without_accuracy_no_network_answers(rows, nothing):
    blind = rows.assign(val_accuracy=np.nan)
    found = training_tables.changes(blind.assign(learned=recipes.passed(blind)), nothing)
    assert training_tables.answer(found).startswith("None of these networks has reached the accuracy")
    assert list(training_tables.beside_the_paper(found)) == ["the paper says", "networks that did not learn"]


def test_one_network_in_a_cell_has_no_interval(rows, nothing):
    alone = rows[(rows["seed"] == 0)]
    assert "A single one learned in each cell of network and padding" in training_tables.networks_sentence(
        alone
    )
    several = training_tables.networks_sentence(rows)
    assert several == "Behind this page: 2 networks that learned and 2 networks that did not learn."
    cells = training_tables.growth_by_cell(training_tables.changes(rows, nothing))
    name = own_networks.network_name(MODEL, DATA)
    assert np.isnan(cells.loc[(name, "zeros", 3), "×/÷"]), "an interval from two networks is all there is"
    third = evidence_rows(network(), network(seed=1, scale=3.0), network(seed=2, scale=2.0))
    three = training_tables.growth_by_cell(training_tables.changes(third, nothing))
    assert three.loc[(name, "zeros", 3), "×/÷"] == pytest.approx(1), "all grew alike"
    assert np.isnan(cells.loc[(f"{name} (did not learn)", "randn", 3), "×/÷"])


def test_the_papers_sentences_beside_what_was_measured(rows, nothing):
    fresh = network()[lambda d: d["epoch"] == 0].assign(snr_ppp=7.0)
    table = training_tables.beside_the_paper(training_tables.changes(rows, fresh))
    strengthens, first, late = table["networks that learned"]
    assert "deepest layer 2 of 2 (median trained / untrained 3.00), others 0 of 2" in strengthens
    assert strengthens.endswith("from the default initialisation 0 of 1"), "7 is more than 6"
    assert first == "grew by then in 2 of 4 curves; where it lasted, a median of 50% came first"
    assert late == "grew in the second half in 2 of 2"
    early = rows.assign(snr_ppp=rows["snr_ppp"].where(rows["epoch"] < 8, 3.0))
    late = training_tables.beside_the_paper(training_tables.changes(early, fresh))["networks that learned"][2]
    assert late == "grew in the second half in 0 of 2", "what grew first and shrank later does not count"
    assert "not measured" in table["networks that did not learn"].iloc[0]


def test_growth_by_layer_and_by_cell(rows, nothing):
    found = training_tables.changes(rows, nothing)
    name = own_networks.network_name(MODEL, DATA)
    by_layer = training_tables.growth_by_layer(found).set_index(["network", "layer"])
    assert by_layer.loc[(name, 3), "trained / untrained"] == "3.00 to 3.00"
    assert by_layer.loc[(name, 1), "grew in"] == "0 of 2"
    assert np.isnan(by_layer.loc[(name, 1), "after 1 epoch"]), "it did not grow"
    cell = training_tables.growth_by_cell(found).loc[name, "zeros", 3]
    assert cell["untrained"] == 4 and cell["trained"] == 12, "means of two networks"
    assert cell["share after a quarter"] == 0.5 and cell["grew in"] == "2 of 2"


def test_small_learning_rates_are_not_zero():
    assert training_tables.rates(pd.Series([0.0003, 0.1, 0.0003])) == "0.0003, 0.1"


def test_scores_say_the_gate(rows):
    saliency = network(model="vgg16_sod", accuracy=np.nan).assign(val_weighted_f=0.25)
    rows = rows.assign(val_weighted_f=np.nan)
    table = training_tables.scores(pd.concat([rows, evidence_rows(saliency)])).set_index("network")
    ours = table.loc[own_networks.network_name(MODEL, DATA)]
    assert ours["gate"] == f"{100 * GATE:.0f} (2 of 3 passed)"
    assert ours["zeros"] == f"{100 * GATE:.1f} ± 0.0"
    toy = table.loc["VGG16-SOD on CIFAR-10"]
    assert toy["gate"] == "none" and toy["zeros"] == "25.0"


def test_curves_leave_out_networks_below_the_gate(rows):
    lame = evidence_rows(network(seed=2, accuracy=0.2, scale=100.0))
    rows = pd.concat([rows, lame], ignore_index=True)
    ours = rows[rows["network"] == own_networks.network_name(MODEL, DATA)]
    found = training_curves.curves(ours, "snr_ppp")
    zeros = found[(found["padding"] == "zeros") & (found["layer of interest"] == "layer 3")]
    assert zeros["epoch"].tolist() == list(EPOCHS) and zeros["mean"].tolist() == [4, 8, 8, 10, 12]
    assert zeros["learned"].all() and zeros["std"].iloc[0] == pytest.approx(2 * 2**0.5)
    assert not found.loc[found["padding"] == "randn", "learned"].any()


def test_other_pictures_and_their_rank_correlation(rows):
    satellite = rows.assign(source="satellite", snr_ppp=10 - rows["snr_ppp"])
    large = rows.assign(size=224, snr_ppp=0.1)
    wide = training_curves.other_pictures(pd.concat([rows, satellite, large]))
    assert {"scenes, as trained", "satellite, as trained", "scenes, 224 px"} <= set(wide)
    ranks = tables.rank_correlations(wide, "scenes, as trained", "satellite, as trained", ["kind"])
    assert ranks.to_numpy() == pytest.approx(-1)
    text = training_curves.other_pictures_sentence(pd.concat([rows, satellite]))
    assert "with that on scenes is -1.00 to -1.00" in text
    assert training_curves.other_pictures_sentence(rows) == ""


def test_scale_names_paddings_and_counts_networks(rows):
    found = training_tables.scale(rows).loc[own_networks.network_name(MODEL, DATA), 32]
    assert found["paddings"] == "zeros, randn" and found["networks"] == 2 and found["images"] == 50


def test_menus_name_networks_that_learned_first(rows):
    names = own_networks.choices(rows.iloc[::-1])
    assert list(names.values()) == [
        own_networks.network_name(MODEL, DATA),
        "VGG19 on CIFAR-10 (did not learn)",
    ]


def test_rows_of_both_experiments_together(tmp_path):
    gated, toy = network(), network(model="vgg19", data="scenes")
    made = dict.fromkeys(
        ("lr", "windows_seed", "device", "dtype", "pppkit", "torch", "python", "revision"), 1
    )
    for rows, experiment in ((gated, learned.EXPERIMENT), (toy, chronology.EXPERIMENT)):
        layers = rows["level"].astype(str)
        scores = {"val_weighted_f": np.nan, "val_loss": 0.1, "train_loss": 0.1}
        experiment.store(tmp_path).append(rows.assign(profile="quick", layer=layers, **made, **scores))
    [trial] = own_networks.measured(tmp_path, "quick")
    assert (trial["model"], trial["padding"], trial["seed"]) == (MODEL, "zeros", 0)
    assert own_networks.measured(tmp_path, "published") == []
    toys = [{**trial, "model": "vgg19", "data": "scenes"}, trial]
    assert own_networks.without_learned(toys, [trial]) == toys[:1]
    found = own_networks.run(tmp_path, [trial, toys[0]])
    assert found.groupby("network", sort=False)["learned"].all().to_dict() == {
        own_networks.network_name(MODEL, DATA): True,
        "VGG19 on scenes": False,
    }


def test_networks_are_trained_where_their_data_are():
    assert {trial["data"] for trial in own_networks.startable("quick")} <= {"scenes"}
    trials = own_networks.startable("quick", {DATA: "somewhere"})
    assert DATA in {trial["data"] for trial in trials} and all(map(own_networks.has_gate, trials))


def test_the_default_initialisation_is_measured_but_not_of_published_rows(tmp_path, monkeypatch):
    ran = []

    def run(self, folder, trials, *, paths=None):
        ran.append((self.name, [trial["model"] for trial in trials]))
        return pd.DataFrame(trials)

    monkeypatch.setattr(type(learned.EXPERIMENT), "run", run)
    names = {"data": DATA, "padding": "zeros", "seed": 0}
    trials = [{"model": model, **names, "profile": "quick"} for model in (MODEL, "vgg19")]
    assert len(own_networks.fresh(tmp_path, trials)) == 2
    assert ran == [("learned_initial", [MODEL]), ("initial", ["vgg19"])]
    published = [{**trial, "profile": "published"} for trial in trials]
    assert own_networks.fresh(tmp_path, published).empty and len(ran) == 2
