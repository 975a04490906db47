"""Long tables that scroll, sort and search, in the book and in JupyterLab, all of it offline."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from pandas.io.formats.style import Styler

STATIC = Path(__file__).parent / "static"
ROWS = 15  # a longer table scrolls
LONG = 30  # characters: a cell with more is read, not compared
NUMBER = re.compile(r"\s*[-+−]?\.?\d")  # what a cell starts with that reads as a number
CELL = re.compile(r"<(t[hd])\b([^>]*)>")
HEADS = re.compile(r"<tr>((?:(?!</tr>).)*)</tr>\s*<tr>((?:(?!</tr>).)*)</tr>(?=\s*</thead>)", re.DOTALL)
ROLES = re.compile(r"^(data|blank|\w+_heading|index_name|level\d+|row\d+|col\d+)$")  # classes by pandas


class Html:
    """HTML that a notebook shows; outside the book it brings its style and its script along.

    Args:
        text: The HTML; in the book it finds both on the page already.
        assets: Names of styles, and of scripts where there are, beside this module; without their endings.
    """

    def __init__(self, text: str, *assets: str):
        self.text, self.assets = text, assets

    def _repr_html_(self) -> str:
        return self.text + "".join(map(_inlined, self.assets))


def _inlined(name: str) -> str:
    tags = {"css": "style", "js": "script"}
    parts = {tag: STATIC / f"{name}.{ending}" for ending, tag in tags.items()}
    return "".join(
        f'<{tag} class="pppkit-asset">{file.read_text()}</{tag}>'
        for tag, file in parts.items()
        if file.exists()
    )


def without_assets(page: str) -> str:
    """HTML of `Html` without its style and script, for pages that have them."""
    return re.sub(r'<(style|script) class="pppkit-asset">.*?</\1>', "", page, flags=re.DOTALL)


def table(
    frame: pd.DataFrame | Styler, caption: str = "", *, rows: int = ROWS, digits: int = 3, fold: str = ""
) -> Html:
    """A table to read in a page; a long one scrolls under its head, and is sorted and searched there.

    The head's cells sort by their column, once more the other way round. Without scripts it scrolls.

    Args:
        frame: What to show; a `Styler` keeps its formats, its colours and what it hides.
        caption: A line above the table.
        rows: A longer table gets a box of about so many rows, and a field to search in.
        digits: After the decimal point, where `frame` is no `Styler`.
        fold: A line to click on that opens the table; empty for an open table.
    """
    if rows < 1:
        raise ValueError(f"rows={rows!r} must be at least 1: how many rows are seen before the table scrolls")
    styler = _styled(frame, digits) if isinstance(frame, pd.DataFrame) else frame
    long = len(styler.index) > rows
    page = _markup(styler, long)
    if caption:
        page = f'<p class="ppp-caption">{html.escape(caption)}</p>{page}'
    state = f' data-rows="{len(styler.index)}" style="--rows: {rows}"' if long else ""
    page = f'<div class="ppp-table"{state}>{page}</div>'
    if fold:
        page = f'<details class="ppp-fold"><summary>{html.escape(fold)}</summary>{page}</details>'
    return Html(page, "tables")


def _styled(frame: pd.DataFrame, digits: int) -> Styler:
    styler = frame.style.format(precision=digits, na_rep="")
    plain = isinstance(frame.index, pd.RangeIndex) and frame.index.name is None
    return styler.hide(axis="index") if plain else styler


def _markup(styler: Styler, long: bool) -> str:
    """The table in its scrolling box, without what pandas writes for styles that are not there."""
    frame = styler.data  # type: ignore[attr-defined]
    # Repeated labels of rows: a row must tell all of itself once rows are sorted.
    page = styler.to_html(sparse_index=not long, table_uuid="pppkit")
    style, _, body = page.rpartition("</style>")
    rules = re.sub(r"</?style[^>]*>", "", style).strip()
    words = {i: _kind(frame.iloc[:, i]) for i in range(frame.shape[1])}
    body = CELL.sub(lambda cell: _lean(cell, rules, words), body)
    if frame.columns.nlevels == 1:
        body = HEADS.sub(_one_head, body)
    body = re.sub(r">\s*\n\s*<", "><", body).strip()
    # The same table has the same name in each run; two tables of a page differ in it.
    name = f"T_{hashlib.sha256((rules + body).encode()).hexdigest()[:8]}"
    scoped = f"<style>{rules}</style>" if rules else ""
    return f'{scoped}<div class="ppp-scroll" tabindex="0">{body}</div>'.replace("T_pppkit", name)


def _kind(values: pd.Series) -> list[str]:
    """Classes of a column's cells: words stand at the left and break, long ones have some room for it."""
    given = values.dropna()
    if pd.api.types.is_numeric_dtype(given):
        return []
    texts = given.astype(str)
    if (texts.str.len() > LONG).any():
        return ["text", "long"]
    return [] if texts.str.match(NUMBER).all() else ["text"]


def _lean(cell: re.Match[str], rules: str, words: Mapping[int, list[str]]) -> str:
    """The tag of a cell with the name and the classes that rules ask for, and those of its column."""
    tag, attributes = cell.groups()
    given = dict(re.findall(r'(\w+)="([^"]*)"', attributes))
    classes = given.pop("class", "").split()
    kept = [name for name in classes if not ROLES.match(name) or f".{name}" in rules]
    of_column = [kinds for i, kinds in words.items() if f"col{i}" in classes]
    if "index_name" in classes:
        of_column.append(["text"])
    if "colspan" not in given:
        kept += [kind for kinds in of_column for kind in kinds]
    if f"#{given.get('id')}" not in re.findall(r"#\w+", rules):
        given.pop("id", None)
    if kept:
        given["class"] = " ".join(kept)
    written = [f'{key}="{value}"' for key, value in given.items()]
    return f"<{' '.join([tag, *written])}>"


def _one_head(heads: re.Match[str]) -> str:
    """One row of heads, where pandas writes the names of the index into a second."""
    first, second = (re.findall(r"<th\b.*?</th>", row, flags=re.DOTALL) for row in heads.groups())
    count = len(first) - sum(not _blank(cell) for cell in first)
    return f"<tr>{''.join([*second[:count], *first[count:]])}</tr>"


def _blank(cell: str) -> bool:
    return not re.sub(r"<[^>]*>|&nbsp;|\s", "", cell)
