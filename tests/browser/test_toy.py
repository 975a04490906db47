"""The one-dimensional pattern on the page that says how to read the book."""

import re

PAGE = "how_to_read.html"


def numbers(page):
    text = page.locator("#ppp-toy output").inner_text()
    return {
        name: float(v) for name, v in re.findall(r"(mean PPP|σ|SNR-PPP|range|MAE-PPP)[^\d]*?([\d.]+)", text)
    }


def move(page, name, value):
    slider = page.locator(f"#ppp-toy input[name={name}]")
    slider.evaluate("(s, v) => { s.value = v; s.dispatchEvent(new Event('input', {bubbles: true})); }", value)


def test_the_sliders_change_the_numbers_as_the_definitions_say(page, site, complaints):
    page.goto(site + PAGE)
    first = numbers(page)
    assert abs(first["SNR-PPP"] - first["mean PPP"] / first["σ"]) < 0.005
    assert abs(first["MAE-PPP"] - first["mean PPP"] / first["range"]) < 0.005
    move(page, "border", 0)
    assert numbers(page)["SNR-PPP"] == 0
    move(page, "border", 1)
    move(page, "content", 3)
    both = numbers(page)
    assert both["mean PPP"] > first["mean PPP"] and both["SNR-PPP"] < first["SNR-PPP"]
    assert not complaints, complaints
