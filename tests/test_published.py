"""No published number changes: what the built book's pages show beside what they showed.

After a change that is meant, `python tests/test_published.py` writes the file again from the built book.
"""

import hashlib
import html
import json
import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
BOOK = ROOT / "book" / "notebooks"
SHOWN = Path(__file__).with_name("published_tables.json")
# Measured or drawn while the page is made; every other number comes from committed rows.
LIVE = {"your_own_network", "scenes"}
# Their last digits depend on the machine, or they say how rows were made, which recomputing changes.
VARYING = {"relative", "revision"}
REFUSED = ("vit_b_16", "swin_t")  # networks, whose refusals are worded anew when the alignment learns


def rows_of(table):
    """The texts of a table's cells, row by row."""
    text = re.sub(r"<style.*?</style>", "", table, flags=re.DOTALL)
    return [
        [
            html.unescape(re.sub(r"<[^>]+>", "", cell)).strip()
            for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, flags=re.DOTALL)
        ]
        for row in re.findall(r"<tr.*?</tr>", text, flags=re.DOTALL)
    ]


def digest(value):
    return hashlib.sha256(json.dumps(value, ensure_ascii=False).encode()).hexdigest()[:16]


def numbers(figure):
    """What a figure's traces draw: places, values and errors, to six digits."""

    def rounded(values):
        if isinstance(values, list):
            return [rounded(value) for value in values]
        return f"{values:.6g}" if isinstance(values, float) else values

    def drawn(trace):
        error = trace.get("error_y", {}).get("array")
        return [trace.get("name"), *(rounded(trace.get(axis)) for axis in "xyz"), rounded(error)]

    return [drawn(trace) for trace in figure["data"]]


def shown(page):
    """Digests of a page's tables, sentences and figures, in their order."""
    found = {"tables": [], "text": [], "figures": []}
    for cell in nbformat.read(page, as_version=4).cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if output.output_type == "stream" and output.name == "stdout":
                if not output.text.startswith(REFUSED):
                    found["text"].append(digest(output.text))
            elif "application/vnd.plotly.v1+json" in data:
                found["figures"].append(digest(numbers(data["application/vnd.plotly.v1+json"])))
            elif "text/html" in data:
                table = rows_of(data["text/html"])
                if not table or VARYING & {cell for row in table[:2] for cell in row}:
                    continue
                # Names of columns and of index levels may change; their values may not.
                found["tables"].append(digest([row for row in table if not names_only(row)]))
    return found


def names_only(row):
    """Whether a row of a table has no number in it."""
    return not any(re.search(r"\d", cell) for cell in row)


def pages():
    return sorted(page for page in BOOK.glob("*.ipynb") if page.stem not in LIVE)


@pytest.mark.parametrize("name", json.loads(SHOWN.read_text()))
def test_no_published_number_changes(name):
    page = BOOK / f"{name}.ipynb"
    if not page.is_file():
        pytest.skip("the book is not built: make book")
    assert shown(page) == json.loads(SHOWN.read_text())[name]


def test_every_page_of_published_numbers_is_held():
    notebooks = {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert set(json.loads(SHOWN.read_text())) == notebooks - LIVE


def test_a_changed_digit_is_seen(tmp_path):
    def page(value):
        table = f"<table><tr><th></th><th>SNR</th></tr><tr><th>zeros</th><td>{value}</td></tr></table>"
        out = nbformat.v4.new_output("display_data", {"text/html": table})
        figure = {"data": [{"name": "a", "x": [1], "y": [float(value)]}]}
        drawn = nbformat.v4.new_output("display_data", {"application/vnd.plotly.v1+json": figure})
        cell = nbformat.v4.new_code_cell("", outputs=[out, drawn])
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "page.ipynb")
        return shown(tmp_path / "page.ipynb")

    one, other = page("0.0665"), page("0.0666")
    assert one == page("0.0665") and len(one["tables"]) == 1
    assert one["tables"] != other["tables"] and one["figures"] != other["figures"]


if __name__ == "__main__":
    SHOWN.write_text(json.dumps({page.stem: shown(page) for page in pages()}, indent=1) + "\n")
