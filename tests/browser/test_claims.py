"""The cards of the ledger: filtered with the keyboard, opened, all there without scripts, not too long."""

import pytest

CARDS = ".ppp-claim"


@pytest.fixture
def claims(page, site, complaints):
    page.set_viewport_size({"width": 1300, "height": 900})
    page.goto(site + "notebooks/claims.html")
    yield page
    assert not complaints, complaints


def test_the_page_is_not_too_long(claims):
    assert claims.evaluate("document.documentElement.scrollHeight") <= 5000


def test_menus_filter_with_the_keyboard(claims):
    total = claims.locator(CARDS).count()
    claims.locator("select[name=verdict]").focus()
    claims.keyboard.press("ArrowDown")
    verdict = claims.locator("select[name=verdict]").input_value()
    shown = claims.locator(f"{CARDS}:visible")
    assert 0 < shown.count() < total
    assert set(shown.evaluate_all("all => all.map(card => card.dataset.verdict)")) == {verdict}
    assert claims.locator(".ppp-claims-filter output").inner_text() == f"{shown.count()} of {total} claims"
    claims.locator("select[name=verdict]").select_option("")
    assert shown.count() == 30


def test_a_button_shows_the_rest(claims):
    """Which menus reach without it, and paper has anyway."""
    cards, shown = claims.locator(CARDS), claims.locator(f"{CARDS}:visible")
    button = claims.get_by_role("button", name="Show all")
    last = cards.last.get_attribute("data-paper")
    assert shown.count() == 30 < cards.count() and not cards.last.is_visible()
    claims.locator("select[name=paper]").select_option(last)
    assert cards.last.is_visible() and not button.is_visible()
    claims.locator("select[name=paper]").select_option("")
    claims.emulate_media(media="print")
    assert shown.count() == cards.count()
    claims.emulate_media(media="screen")
    button.click()
    assert shown.count() == cards.count() and not button.is_visible()


def test_a_card_opens_to_its_check(claims):
    card = claims.locator(CARDS).first
    assert not card.locator("dl").is_visible()
    card.locator("summary").press("Enter")
    assert card.locator("dl").is_visible() and "check" in card.locator("dl").inner_text()


def test_without_scripts_every_card_is_there(browser, site):
    page = browser.new_page(java_script_enabled=False)
    page.goto(site + "notebooks/claims.html")
    assert page.locator(f"{CARDS}:visible").count() == page.locator(CARDS).count() > 20
    assert page.locator(".ppp-claims-filter").count() == 0
    page.close()
