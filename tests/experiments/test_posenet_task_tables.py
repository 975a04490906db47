"""What tables and sentences say of small rows that are made here."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pppkit.experiments.posenet import task_sentences as sentences
from pppkit.experiments.posenet import task_tables as tables
from pppkit.experiments.posenet import tasks
from pppkit.results.maps import save_maps


def rows(score, task="segmentation", data="scenes"):
    """Two networks of each padding, a point apart, around a score in per cent."""
    return pd.DataFrame(
        [
            {"task": task, "model": "vgg_fcn", "data": data, "padding": padding, "seed": seed}
            | {"tested_on": data, "score": (value + seed - 0.5) / 100, "blind": 0.2, "snr_ppp 4": value / 100}
            | {"score border": value / 200, "score middle": value / 100, "score surrounded": value / 100}
            for padding, value in score.items()
            for seed in (0, 1)
        ]
    )


REFERENCE = Path(__file__).parents[2] / "book" / "reference" / "posenet_table_tasks.csv"
SCORES = {"zeros": 60, "reflect": 59, "none": 30, "surrounded": 61}


def test_differences_share_their_spread():
    found = tables.differences(rows(SCORES)).set_index("padding")
    assert found["by"].tolist() == pytest.approx([-1, -30, 1])
    # the standard deviation is sqrt(1/2) with 4 degrees of freedom, t is 2.776; each mean is of two networks
    half = 2.776 * np.sqrt(0.5) / np.sqrt(2) * np.sqrt(2)
    assert found.loc["none", "high"] == pytest.approx(-30 + half, abs=1e-3)
    assert found.loc["reflect", "low"] == pytest.approx(-1 - half, abs=1e-3)


def test_the_answer_follows_the_rows():
    assert sentences.answer(rows(SCORES)) == (
        "Without padding 1 of 1 tasks score worse than with zeros by more than networks vary (-30.0 points); "
        "networks that see the real surroundings instead, and so cannot know where they are either, do so in "
        "0 of 1 (+1.0): most of what is missed is the image's border, not position. They also see more of "
        "the world than any other network, so part of this is information, not border."
    )
    other = sentences.answer(rows(SCORES | {"surrounded": 30.5}))
    assert "do so in 1 of 1 (-29.5)." in other and "not position" not in other
    within = sentences.answer(rows(SCORES | {"surrounded": 59.5}))
    assert "do so in 0 of 1 (-0.5)" in within, "half a point is less than networks vary"
    alone = rows(SCORES)
    assert "not position" not in sentences.answer(alone[alone["seed"] == 0])  # one network tells nothing
    assert "Ask for the paddings" in sentences.answer(rows({"zeros": 60, "none": 30}))
    assert "Ask for the paddings" in sentences.answer(rows({"reflect": 60, "none": 30}))


def test_the_gate_counts_networks_that_see_the_whole_image():
    assert "8 networks" in sentences.gate_sentence(rows(SCORES))
    assert "6 of 6 score at least 15 points above" in sentences.gate_sentence(rows(SCORES))
    assert "5 of 6" in sentences.gate_sentence(rows(SCORES | {"reflect": 35}))  # of which one has 34.5


def test_regions_and_paddings():
    table = tables.by_region(rows(SCORES))
    assert table.loc[("segmentation on scenes, mIoU", "none")].tolist() == [15, 30]
    text = tables.by_padding(rows(SCORES)).loc[("segmentation on scenes", "none")]
    assert text["score"] == "30.0 ± 0.7" and text["networks"] == 2 and text["blind score"] == "20.0 ± 0.0"


def test_points_have_the_blind_answer_once_for_each_task():
    found = tables.points(pd.concat([rows(SCORES), rows(SCORES, "saliency")]))
    assert (found["padding"] == "blind").sum() == 2 and found["cell"].nunique() == 2
    assert found["value"].notna().all() and set(found["seen"]) == {tables.OWN, tables.INSTEAD}


def test_rows_of_other_test_sets_stay_out():
    both = pd.concat([rows(SCORES), rows(SCORES).assign(tested_on="ecssd", score=0.0)])
    assert tables.points(both)["value"].min() > 10


def test_the_paper_s_cells_beside_ours():
    printed = tables.read_printed(REFERENCE)
    table = tables.beside_the_paper(rows(SCORES), printed)
    assert table.loc[("ours", "segmentation on scenes", "mIoU")].tolist() == pytest.approx([60, 30, -30])
    voc = table.loc[("paper", "segmentation on PASCAL VOC", "mIoU")]
    assert voc.tolist() == pytest.approx([23.1, 12.3, -10.8])
    assert table.loc[("paper", "saliency on ECSSD", "MAE"), "change"] == pytest.approx(31)
    assert len(table) == 8


def test_the_pattern_s_sentence():
    many = rows({"zeros": 60, "reflect": 50, "replicate": 40, "none": 90})
    assert "+0.9" in sentences.pattern_sentence(
        many
    ) and "segmentation on scenes" in sentences.pattern_sentence(many)
    assert "unknown, for want of networks" in sentences.pattern_sentence(rows({"none": 40}))


def test_where_networks_err_is_read_from_rows():
    text = sentences.region_sentence(rows(SCORES))
    assert "segmentation on scenes, mIoU -15.0 in the border and -30.0 in the middle" in text
    assert "Best in the border: surrounded in segmentation on scenes (30.5; then zeros, 30.0)." in text
    errors = rows({"zeros": 2, "none": 6, "reflect": 3}, "saliency")
    errors = errors.rename(columns={"score border": "mae border", "score middle": "mae middle"})
    text = sentences.region_sentence(errors)
    assert "saliency on scenes, MAE +2.0 in the border and +4.0 in the middle" in text
    assert "Best in the border: zeros in saliency on scenes (1.0; then reflect, 1.5)." in text
    assert "Ask for the paddings zeros and none" in sentences.region_sentence(
        rows({"zeros": 60, "reflect": 50})
    )


def test_real_surroundings_are_counted_against_a_network_s_own_padding():
    gains = rows(SCORES)  # of two networks half a point each way
    assert "score 2 of 4 better in segmentation on scenes (mean +0.0 points)." in (
        sentences.surroundings_sentence(gains)
    )
    better = gains.assign(**{"score surrounded": gains["score"] + 0.02})
    assert "score 4 of 4 better in segmentation on scenes (mean +2.0 points)." in (
        sentences.surroundings_sentence(better)
    )
    assert "No network here" in sentences.surroundings_sentence(rows({"none": 30, "surrounded": 61}))


def test_what_has_no_row_is_listed():
    printed = tables.read_printed(REFERENCE)
    some = rows(SCORES)
    text = sentences.missing(some[(some["padding"] != "none") | (some["seed"] == 0)], printed)
    assert "**saliency on ECSSD**: 4 printed cells have no row" in text
    assert (
        "**segmentation on PASCAL VOC**: 2 printed cells have no row, for its pictures are a download; in "
        in text
    )
    assert (
        "**segmentation on scenes**: 2 networks of a padding, but, for want of time, 0 under replicate"
        in text
    )
    assert "1 under none" in text and "under zeros" not in text
    everything = rows(dict.fromkeys(tasks.PADDINGS, 50))
    tested = [
        everything.assign(tested_on=name) for name in ("ecssd", "pascal_s", "dut_omron", "voc", "scenes")
    ]
    assert sentences.missing(pd.concat(tested), printed) == ""


def test_predictions_stand_in_order_and_keep_their_kinds(tmp_path):
    trials = tasks.grid("quick", "segmentation", "satellite", ("none", "zeros"))
    labels, picture = np.array([[0.0, 255.0]]), np.full((3, 1, 2), 7.0)
    for trial in trials:
        shown = {("prediction", "0"): labels}
        if trial["padding"] == "zeros":
            shown |= {("image", "0"): picture, ("truth", "0"): labels}
        save_maps(tasks.map_file(tmp_path, trial), shown)
    found = tables.predictions(tmp_path, trials)["segmentation on satellite"]
    assert list(found) == [("1", name) for name in ("picture", "right", "zeros", "none")]
    assert found["1", "picture"].shape == (1, 2, 3) and found["1", "picture"].dtype == np.uint8
    assert found["1", "right"].tolist() == [
        [1, 0]
    ]  # the first class has a colour, unlabelled pixels are dark
    saliency = tasks.grid("quick", "saliency", padding="zeros")
    save_maps(tasks.map_file(tmp_path, saliency[0]), {("prediction", "0"): np.array([[0.25]])})
    assert tables.predictions(tmp_path, saliency)["saliency on scenes"]["1", "zeros"].tolist() == [[0.25]]
