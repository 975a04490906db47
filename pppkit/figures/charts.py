"""Maps from above, and rows as curves and points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from .style import COLORSCALE, CYCLE, as_float32, colours, finish


def gallery(
    maps: Mapping[tuple[str, str], np.ndarray], title: str = "", *, normalised: bool = True, cell: int = 150
) -> go.Figure:
    """Maps side by side: one row for each first key, one column for each second.

    Args:
        maps: `(H, W)` by (row label, column label); a missing cell stays empty.
        title: Shown above.
        normalised: Scale each panel to [0, 1] by itself, as the paper's figures do (the figure says so). Otherwise one
            scale for all panels of a column.
        cell: Height of a row in screen pixels.
    """
    rows, columns = (list(dict.fromkeys(k[i] for k in maps)) for i in (0, 1))
    fig = make_subplots(
        len(rows),
        len(columns),
        column_titles=columns,
        horizontal_spacing=0.02,
        vertical_spacing=0.12 / max(1, len(rows)),
    )
    for (row, column), values in maps.items():
        z = as_float32(values)
        scale = (
            {"zmin": float(z.min()), "zmax": float(z.max())}
            if normalised
            else {"zmin": 0.0, "zmax": float(max(m.max() for k, m in maps.items() if k[1] == column))}
        )
        hover = f"{row}, {column}<br>y %{{y}}, x %{{x}}<br>%{{z:.3g}}<extra></extra>"
        heat = go.Heatmap(z=z, colorscale=COLORSCALE, showscale=False, hovertemplate=hover, **scale)
        fig.add_trace(heat, rows.index(row) + 1, columns.index(column) + 1)
    fig.update_xaxes(visible=False, constrain="domain")
    fig.update_yaxes(
        autorange="reversed",
        showticklabels=False,
        showgrid=False,
        zeroline=False,
        ticks="",
        constrain="domain",
    )
    for axis in fig.select_yaxes():  # square pixels, on a phone too
        axis.scaleanchor = axis.anchor
    fig.update_annotations(font={"size": 10})
    for i, row in enumerate(rows):
        fig.update_yaxes(title={"text": row, "font": {"size": 12}}, row=i + 1, col=1)
    note = (
        "each panel has its own scale: compare shapes, not colours"
        if normalised
        else "one scale in each column"
    )
    return finish(
        fig,
        90 + cell * len(rows),
        f"{title}<br><sup>{note}</sup>",
        margin={"l": 50, "r": 10, "b": 10, "t": 90},
    )


def lines(
    rows: pd.DataFrame,
    x: str,
    y: str,
    group: str,
    *,
    band: str | None = None,
    title: str = "",
    log_x: bool = False,
    log_y: bool = False,
    labels: Mapping[str, str] | None = None,
    height: int = 400,
) -> go.Figure:
    """One line for each value of a column, with an optional band; full paddings are dashed, a paper's values are diamonds.

    Args:
        rows: Sorted by `x` within each group.
        x: Column along the horizontal axis.
        y: Column of the values.
        group: Column that tells the lines apart.
        band: Column with the half-width of the band.
        title: Shown above.
        log_x: Logarithmic horizontal axis.
        log_y: Logarithmic vertical axis.
        labels: Axis titles by column name.
        height: In screen pixels.
    """
    names, fig = labels or {}, go.Figure()
    tones = colours(rows[group].astype(str).unique())
    for name, part in rows.groupby(rows[group].astype(str), sort=False):
        tone = tones[name]
        if band and part[band].notna().any():
            low, high = part[y] - part[band].fillna(0), part[y] + part[band].fillna(0)
            if log_y:
                low = low.clip(lower=part[y] / 100)
            edges = dict(x=[*part[x], *part[x][::-1]], y=[*high, *low[::-1]])
            fig.add_trace(
                go.Scatter(
                    **edges,
                    fill="toself",
                    mode="lines",
                    fillcolor=_faint(tone),
                    line={"width": 0},
                    hoverinfo="skip",
                    showlegend=False,
                    legendgroup=name,
                )
            )
        style = {
            "mode": "lines+markers",
            "line": {"color": tone, "dash": "dash" if name.startswith("full-") else "solid"},
        }
        if "paper" in name:
            style = {"mode": "markers", "marker": {"color": tone, "symbol": "diamond", "size": 11}}
        fig.add_trace(go.Scatter(x=part[x], y=part[y], name=name, legendgroup=name, **style))
    fig.update_xaxes(title={"text": names.get(x, x)}, type="log" if log_x else "linear")
    fig.update_yaxes(
        title={"text": names.get(y, y)},
        type="log" if log_y else "linear",
        exponentformat="power",
        rangemode="normal" if log_y else "tozero",
    )
    return finish(fig, height, title, legend={"orientation": "h", "y": -0.2})


def panels(
    rows: pd.DataFrame,
    x: str,
    y: str,
    group: str,
    facet: str,
    *,
    band: str | None = None,
    title: str = "",
    label: str = "",
    height: int = 620,
) -> go.Figure:
    """`lines` in panels that share their axes' meaning, two in a row, with buttons for a linear and a logarithmic horizontal axis.

    Args:
        rows: Sorted by `x` within each group.
        x: Column along the horizontal axis, from 0; on the logarithmic axis 0 stands at a half.
        y: Column of the values.
        group: Column that tells the lines apart.
        facet: Column with a panel for each value.
        band: Column with the half-width of the band.
        title: Shown above.
        label: Title of the vertical axes.
        height: In screen pixels.
    """
    facets = list(dict.fromkeys(rows[facet]))
    fig = make_subplots(
        -(-len(facets) // 2),
        2,
        subplot_titles=[str(f) for f in facets],
        horizontal_spacing=0.1,
        vertical_spacing=0.13,
    )
    tones = colours(rows[group].astype(str).unique())
    exact: list[list[float]] = []
    shifted: list[list[float]] = []

    def draw(part: pd.DataFrame, xs: list[float], place: tuple[int, int], trace: go.Scatter) -> None:
        exact.append(xs)
        shifted.append([v or 0.5 for v in xs])
        trace.x = xs
        fig.add_trace(trace, *place)

    for i, one in enumerate(facets):
        place = (i // 2 + 1, i % 2 + 1)
        for name, part in rows[rows[facet] == one].groupby(rows[group].astype(str), sort=False):
            along, name = [float(v) for v in part[x]], str(name)
            if band and part[band].notna().any():
                high, low = part[y] + part[band].fillna(0), (part[y] - part[band].fillna(0)).clip(lower=0)
                edge = go.Scatter(
                    y=[*high, *low[::-1]],
                    fill="toself",
                    fillcolor=_faint(tones[name]),
                    mode="lines",
                    line={"width": 0},
                )
                draw(
                    part,
                    along + along[::-1],
                    place,
                    edge.update(hoverinfo="skip", showlegend=False, legendgroup=name),
                )
            line = {"color": tones[name], "dash": "dash" if name.startswith("full-") else "solid"}
            curve = go.Scatter(
                y=part[y],
                mode="lines+markers",
                line=line,
                marker={"size": 5},
                name=name,
                legendgroup=name,
                showlegend=i == 0,
            )
            draw(part, along, place, curve)
    ticks = sorted({int(v) for v in rows[x]})
    ticks = [t for t in ticks if t in (0, 1, 2, 5, 10, 20, 50, 100) or t == ticks[-1]]
    axes = [f"xaxis{i + 1 if i else ''}" for i in range(len(facets))]
    choices: dict[str, tuple[list[list[float]], dict]] = {
        "linear": (exact, {"type": "linear", "tickmode": "auto", "range": [0, max(ticks)]}),
        "logarithmic": (
            shifted,
            {
                "type": "log",
                "tickmode": "array",
                "tickvals": [t or 0.5 for t in ticks],
                "ticktext": [str(t) for t in ticks],
            }
            | {"range": [float(np.log10(0.45)), float(np.log10(max(ticks) * 1.1))]},
        ),
    }
    buttons = [
        {
            "label": f"{kind} {x}s",
            "method": "update",
            "args": [{"x": xs}, {f"{a}.{k}": v for a in axes for k, v in axis.items()}],
        }
        for kind, (xs, axis) in choices.items()
    ]
    menu = {
        "type": "buttons",
        "direction": "right",
        "buttons": buttons,
        "x": 0,
        "xanchor": "left",
        "y": -0.27,
        "yanchor": "top",
    }
    fig.update_xaxes(title={"text": x, "standoff": 2}, range=[0, max(ticks)])
    fig.update_yaxes(rangemode="tozero", exponentformat="power", nticks=5)
    fig.update_yaxes(title={"text": label or y}, col=1)
    fig.update_annotations(font={"size": 12})
    legend = {"orientation": "h", "y": -0.1, "x": 0, "yanchor": "top"}
    return finish(fig, height, title, legend=legend, updatemenus=[menu], margin={"b": 170})


def _faint(colour: str) -> str:
    r, g, b = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({r},{g},{b},0.18)"


def strip(
    rows: pd.DataFrame,
    category: str,
    value: str,
    group: str,
    *,
    error: str | None = None,
    title: str = "",
    label: str = "",
    log: bool = False,
    height: int = 420,
) -> go.Figure:
    """Every row as a point beside its category, groups side by side; spread is seen, not summarised.

    Args:
        rows: One row a point.
        category: Column along the horizontal axis.
        value: Column along the vertical axis.
        group: Column that gives the colour.
        error: Column with the half-width of error bars.
        title: Shown above.
        label: Title of the vertical axis.
        log: Logarithmic vertical axis.
        height: In screen pixels.
    """
    fig = go.Figure()
    order, groups = list(dict.fromkeys(rows[category])), list(dict.fromkeys(rows[group]))
    tones = colours(map(str, groups))
    for i, name in enumerate(groups):
        part = rows[rows[group] == name]
        place = [
            order.index(c) + (i - (len(groups) - 1) / 2) * 0.8 / max(2, len(groups)) for c in part[category]
        ]
        bars = {"type": "data", "array": part[error], "thickness": 1} if error else None
        hover = "%{customdata}<br>%{y:.4g}<extra>" + str(name) + "</extra>"
        style = {
            "color": tones[str(name)],
            "size": 8,
            "opacity": 0.8,
            "symbol": "diamond" if "paper" in str(name) else "circle",
        }
        fig.add_trace(
            go.Scatter(
                x=place,
                y=part[value],
                mode="markers",
                name=str(name),
                marker=style,
                error_y=bars,
                customdata=part[category],
                hovertemplate=hover,
            )
        )
    fig.update_xaxes(tickvals=list(range(len(order))), ticktext=order, range=[-0.6, len(order) - 0.4])
    fig.update_yaxes(
        title={"text": label or value},
        type="log" if log else "linear",
        exponentformat="power",
        rangemode="normal" if log else "tozero",
    )
    below, room = (-0.15, 0) if len(order) <= 6 else (-0.45, 80)  # many names stand upright on a phone
    return finish(fig, height + room, title, legend={"orientation": "h", "y": below})


def loglog_scatter(
    rows: pd.DataFrame,
    x: str,
    y: str,
    group: str,
    *,
    hover: Sequence[str] = (),
    title: str = "",
    label: str = "",
    height: int = 460,
) -> go.Figure:
    """One measurement against another on logarithmic axes, with the diagonal on which they agree.

    Args:
        rows: One row a point; points where either value is not positive are left out.
        x: Column along the horizontal axis, and its name.
        y: Column along the vertical axis, and its name.
        group: Column that gives the colour.
        hover: Columns to name in the hover label.
        title: Shown above.
        label: What both axes show.
        height: In screen pixels.
    """
    fig, shown = go.Figure(), rows[(rows[x] > 0) & (rows[y] > 0)]
    ends = [float(shown[[x, y]].min().min()) * 0.7, float(shown[[x, y]].max().max()) * 1.4]
    fig.add_trace(
        go.Scatter(
            x=ends,
            y=ends,
            mode="lines",
            line={"color": "#9aa5b1", "dash": "dot"},
            name="equal",
            hoverinfo="skip",
        )
    )
    for i, (name, part) in enumerate(shown.groupby(group, sort=False)):
        text = part[list(hover)].astype(str).agg(", ".join, axis=1) if hover else None
        style = {"color": CYCLE[i % len(CYCLE)], "size": 9, "opacity": 0.8}
        tip = f"%{{text}}<br>{x} %{{x:.4g}}<br>{y} %{{y:.4g}}<extra>{name}</extra>"
        fig.add_trace(
            go.Scatter(
                x=part[x],
                y=part[y],
                mode="markers",
                name=str(name),
                marker=style,
                text=text,
                hovertemplate=tip,
            )
        )
    for update, name in ((fig.update_xaxes, x), (fig.update_yaxes, y)):
        update(type="log", title={"text": f"{label}, {name}" if label else name}, exponentformat="power")
    return finish(fig, height, title, legend={"orientation": "h", "y": -0.2})


def stride_diagram(
    size: int = 8, kernel: int = 3, stride: int = 2, padding: int = 1, title: str = "", *, height: int = 330
) -> go.Figure:
    """What each output of a strided convolution sees in one dimension, and where the centres of the two maps lie."""
    count = (size + 2 * padding - kernel) // stride + 1
    fig = go.Figure()
    for i in range(count):
        middle = i * stride - padding + (kernel - 1) / 2
        for j in range(kernel):
            fig.add_trace(
                go.Scatter(
                    x=[i * stride - padding + j, middle],
                    y=[0, 1],
                    mode="lines",
                    line={"color": "#9aa5b1", "width": 1},
                    hoverinfo="skip",
                    showlegend=False,
                )
            )
    inside, outside = list(range(size)), [*range(-padding, 0), *range(size, size + padding)]
    centres = [i * stride - padding + (kernel - 1) / 2 for i in range(count)]
    dot = {"mode": "markers", "hovertemplate": "%{x}<extra>%{fullData.name}</extra>"}
    seen = max(i * stride - padding + kernel - 1 for i in range(count))
    fig.add_trace(
        go.Scatter(
            x=[o for o in outside if o <= seen],
            y=[0] * sum(o <= seen for o in outside),
            name="padding that is read",
            marker={"size": 16, "symbol": "square", "color": CYCLE[4]},
            **dot,
        )
    )
    fig.add_trace(
        go.Scatter(
            x=[o for o in outside if o > seen],
            y=[0] * sum(o > seen for o in outside),
            name="padding that is not",
            marker={"size": 16, "symbol": "square-open", "color": CYCLE[4]},
            **dot,
        )
    )
    fig.add_trace(
        go.Scatter(
            x=inside,
            y=[0] * size,
            name="input pixels",
            marker={"size": 16, "symbol": "square", "color": CYCLE[0]},
            **dot,
        )
    )
    fig.add_trace(
        go.Scatter(
            x=centres,
            y=[1] * count,
            name="output pixels, above the centres of what they see",
            marker={"size": 16, "color": CYCLE[2]},
            **dot,
        )
    )
    for x, name, tone in (
        ((size - 1) / 2, "centre of the input", CYCLE[0]),
        (sum(centres) / count, "centre of the output", CYCLE[2]),
    ):
        fig.add_trace(
            go.Scatter(
                x=[x, x],
                y=[-0.35, 1.35],
                mode="lines",
                name=name,
                line={"color": tone, "dash": "dot", "width": 2},
                hoverinfo="skip",
            )
        )
    fig.update_xaxes(title={"text": "position in input pixels"}, dtick=1, zeroline=False)
    fig.update_yaxes(visible=False, range=[-0.5, 1.5])
    return finish(fig, height, title, legend={"orientation": "h", "y": -0.35})
