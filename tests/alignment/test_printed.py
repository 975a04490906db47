"""The paper's printed margins beside made-up ones."""

import pandas as pd

from pppkit.alignment import printed


def test_every_number_is_compared(tmp_path):
    path = tmp_path / "printed.csv"
    path.write_text(
        "model,layer_of_interest,feature_regular,feature_optimal,margin_top_left,margin_bottom_right\n"
        "efficientnet,input,224,230,3,3\nefficientnet,1,112,115,2,1\n"
    )
    ours = pd.DataFrame(
        {"regular_height": [224, 112], "optimal_height": [230, 115], "top": [3, 1], "bottom": [3, 1]}
    )
    ours.index = pd.MultiIndex.from_tuples(
        [("efficientnet_b0", "input"), ("efficientnet_b0", "features.2")], names=["model", "layer"]
    )
    table = printed.beside_the_paper(ours, path)
    assert table["layer_of_interest"].tolist() == ["input", "1"]
    assert table.loc[1, ["margin_top_left (paper)", "margin_top_left (ours)"]].tolist() == [2, 1]
    assert printed.difference_sentence(table) == "2 rows, 8 numbers, 1 differ"
    assert printed.spoken("margin_top_left (ours)") == "margin top left (ours)"
