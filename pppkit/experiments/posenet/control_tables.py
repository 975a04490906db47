"""Tables of `posenet_controls`: what both measures say of networks of which the answer is known."""

from __future__ import annotations

import pandas as pd

from ...results.statistics import (
    LEVEL,
    Interval,
    bonferroni,
    prediction_interval,
    rank_correlation,
    student_interval,
)
from ...results.text import plus_minus
from .controls import COORDINATES, GATE, LAYERS, MASKED, SHUFFLED, TRAINED, UNTRAINED, WHOLE

NO_PADDING = "none"
CELL = ["control", "weights", "padding", "layer"]
NETWORK = [*CELL, "seed"]
ROUNDING = 1e-6  # of SNR-PPP in float32: where nothing was padded it is 0 but for that
KINDS = {
    (WHOLE, TRAINED): "trained to tell places",
    (MASKED, TRAINED): "its inside, beyond padding's reach",
    (SHUFFLED, TRAINED): "its places shuffled",
    (COORDINATES, TRAINED): "with coordinates, trained",
    (COORDINATES, UNTRAINED): "with coordinates, untrained",
    (WHOLE, UNTRAINED): "untrained",
}
MEASURES = {"spc": "SPC of PosENet", "snr_ppp": "SNR-PPP"}
DEPTHS = {LAYERS[-1]: "last stage", LAYERS[0]: "first stage"}
QUESTIONS = {"position": "position at all", "from padding": "from padding"}


def by_network(rows: pd.DataFrame) -> pd.DataFrame:
    """Both measures of each network, its layers and patterns.

    Args:
        rows: Of `posenet_controls`.

    Returns:
        One row for each of `NETWORK` and pattern: `spc`, a mean over read-outs; `snr_ppp` and `snr_ppp_ci95`;
        `accuracy`.
    """
    names, found = [*NETWORK, "pattern"], []
    for key, part in rows.groupby(names, sort=False):
        first = part[["snr_ppp", "snr_ppp_ci95", "accuracy"]].iloc[0].to_dict()
        found.append(dict(zip(names, key)) | {"spc": part["spc images"].mean(), **first})
    return pd.DataFrame(found)


def chance(networks: pd.DataFrame) -> Interval:
    """What SPC one more network would have that cannot know where it is: untrained, without padding.

    Args:
        networks: Of `by_network`.

    Returns:
        Of 95 % for all patterns together.
    """
    blind = networks[_is_chance(networks)]
    return prediction_interval(blind["spc"], bonferroni(LEVEL, networks["pattern"].nunique()))


def _is_chance(rows: pd.DataFrame) -> pd.Series:
    plain = (rows["control"] == WHOLE) & (rows["weights"] == UNTRAINED)
    return plain & (rows["padding"] == NO_PADDING)


def cells(networks: pd.DataFrame) -> pd.DataFrame:
    """What is known of each cell, and what both measures say.

    Args:
        networks: Of `by_network`.

    Returns:
        One row for each of `CELL`: `spc`, of the pattern that was read best, and `snr_ppp`, means over
        networks; `position` and `from padding`, what is known by construction; `PosENet` and `PPP`: whether
        SPC exceeds `chance`, and whether SNR-PPP exceeds rounding.
    """
    means = networks.groupby([*CELL, "pattern"], sort=False)[["spc", "snr_ppp"]].mean()
    found = means.groupby(CELL, sort=False).max().reset_index()
    padded = (found["padding"] != NO_PADDING) & found["control"].isin((WHOLE, COORDINATES))
    known = {"position": padded | (found["control"] == COORDINATES), "from padding": padded}
    said = {"PosENet": found["spc"] > chance(networks).high, "PPP": found["snr_ppp"] > ROUNDING}
    return found.assign(**known, **said)


def right(found: pd.DataFrame) -> pd.DataFrame:
    """In how many cells each measure gives the right answer to each question.

    Args:
        found: Of `cells`. Those that chance was told from are left out.

    Returns:
        A row for each of `QUESTIONS` and each answer that is right; for both measures `"k of n"`.
    """
    asked, table = found[~_is_chance(found)], {}
    for question, words in QUESTIONS.items():
        for truth, answer in ((True, "there is"), (False, "there is none")):
            part = asked[asked[question] == truth]
            counts = {name: (part[name] == truth).sum() for name in ("PosENet", "PPP")}
            table[words, answer] = {name: f"{count} of {len(part)}" for name, count in counts.items()}
    shown = pd.DataFrame.from_dict(table, orient="index")
    return shown.rename_axis(index=["question", "the truth"])


def answer(rows: pd.DataFrame) -> str:
    """The page's question, answered by how often each measure is right.

    Args:
        rows: Of `posenet_controls`.
    """
    found = cells(by_network(rows))
    asked = found[~_is_chance(found)]
    count = {(q, m): int((asked[q] == asked[m]).sum()) for q in QUESTIONS for m in ("PosENet", "PPP")}
    return (
        f"Asked whether position comes from padding, PPP is right about {count['from padding', 'PPP']} of "
        f"{len(asked)} cells and PosENet about {count['from padding', 'PosENet']}; asked whether there is "
        f"position at all, PosENet is right about {count['position', 'PosENet']} and PPP about "
        f"{count['position', 'PPP']}."
    )


def by_control(rows: pd.DataFrame) -> pd.DataFrame:
    """The truth about each kind of network, both measures, and how often either is right.

    Args:
        rows: Of `posenet_controls`.

    Returns:
        One row for each of `KINDS`, without padding and with any.
    """
    found = cells(by_network(rows))
    place = found["padding"].where(found["padding"] == NO_PADDING, "any")
    named = found.assign(kind=_kinds(found), padding=place)
    table = {}
    for key, part in named.groupby(["kind", "padding"], sort=False):
        table[key] = {("known", words): _yes(part[q].iloc[0]) for q, words in QUESTIONS.items()} | {
            ("from … to", MEASURES["spc"]): _range(part["spc"], 2),
            ("from … to", MEASURES["snr_ppp"]): _range(part["snr_ppp"], 3),
        }
        for q, words in QUESTIONS.items():
            for measure in ("PosENet", "PPP"):
                correct = int((part[q] == part[measure]).sum())
                table[key][f"right: {words}", measure] = f"{correct} of {len(part)}"
    shown = pd.DataFrame.from_dict(table, orient="index").rename_axis(index=["network", "padding"])
    order = sorted(shown.index, key=lambda key: list(KINDS.values()).index(key[0]))
    return shown.loc[order]


def _kinds(rows: pd.DataFrame) -> list[str]:
    return [KINDS[key] for key in zip(rows["control"], rows["weights"])]


def _yes(value: object) -> str:
    return "yes" if value else "no"


def _range(values: pd.Series, digits: int) -> str:
    low, high = (f"{max(v, 0) if abs(v) < ROUNDING else v:.{digits}f}" for v in (values.min(), values.max()))
    return low if low == high else f"{low} … {high}"


def points(rows: pd.DataFrame) -> pd.DataFrame:
    """Every network as a point for `pppkit.figures.strip_menu`, once for each of `MEASURES`.

    Args:
        rows: Of `posenet_controls`.

    Returns:
        Columns `kind`, `padding`, `depth`, `pattern`, `measure`, `network` (its seed), `value`, and `error`,
        the half-width of SNR-PPP's interval over pictures.
    """
    networks, parts = by_network(rows), []
    shown = pd.DataFrame(
        {
            "kind": _kinds(networks),
            "padding": networks["padding"],
            "depth": networks["layer"].map(DEPTHS),
            "pattern": networks["pattern"],
            "network": [f"network {seed}" for seed in networks["seed"]],
        }
    )
    for value, measure in MEASURES.items():
        error = networks["snr_ppp_ci95"] if value == "snr_ppp" else float("nan")
        parts.append(shown.assign(measure=measure, value=networks[value], error=error))
    return _ordered(pd.concat(parts, ignore_index=True))


def _ordered(found: pd.DataFrame) -> pd.DataFrame:
    """Points by measure, the last stage first, then in the order of `KINDS`."""
    names = {"measure": MEASURES.values(), "depth": DEPTHS.values(), "kind": KINDS.values()}
    places = {column: list(order).index for column, order in names.items()}
    return found.sort_values(list(names), key=lambda c: c.map(places[c.name]), kind="stable")


def known_amounts(rows: pd.DataFrame) -> pd.DataFrame:
    """How well networks learned to tell places from padding alone, beside both measures of their last stage.

    Args:
        rows: Of `posenet_controls`.

    Returns:
        One row for each padding: means over networks with the half-width of their 95 % interval.
    """
    table = {}
    for padding, part in _learners(rows).groupby("padding", sort=False):
        columns = {"accuracy": part["accuracy"], **{name: part[value] for value, name in MEASURES.items()}}
        table[padding] = {name: _mean(values) for name, values in columns.items()}
        table[padding]["above the gate"] = f"{(part['accuracy'] >= GATE).sum()} of {len(part)}"
    return pd.DataFrame.from_dict(table, orient="index").rename_axis(index="padding")


def _mean(values: pd.Series) -> str:
    found = student_interval(values)
    half_width = pd.Series([found.half_width if len(values) > 1 else float("nan")])
    return str(plus_minus(pd.Series([found.value]), half_width, 3)[0])


def _learners(rows: pd.DataFrame) -> pd.DataFrame:
    """Networks that were to tell places from padding, at their last stage: SPC of the pattern read best."""
    networks = by_network(rows)
    kind = (networks["control"] == WHOLE) & (networks["weights"] == TRAINED)
    deep = networks[kind & (networks["layer"] == LAYERS[-1])]
    return deep.groupby(["padding", "seed"], sort=False)[["accuracy", *MEASURES]].max().reset_index()


def amounts_sentence(rows: pd.DataFrame) -> str:
    """How both measures follow what networks learned to tell from padding.

    Args:
        rows: Of `posenet_controls`.
    """
    found = _learners(rows)
    texts = []
    for value, name in MEASURES.items():
        rank = rank_correlation(found["accuracy"], found[value])
        texts.append(f"{rank.value:.2f} with {name} (95 % interval {rank.low:.2f} to {rank.high:.2f})")
    return f"Over {len(found)} networks accuracy correlates by ranks {' and '.join(texts)}."
