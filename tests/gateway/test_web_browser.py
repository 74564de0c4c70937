"""The page in a real browser: headless Chromium, the real application, data in the real embedded store."""

import threading
import time
from pathlib import Path

import pytest
import uvicorn
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from gateway.bulletin import compose, write_bulletin
from gateway.web import create_app
from rivergauge.basin import load_basin
from tests.fakes.flood import FROM_MS, STEP_MS, TO_MS, fill_store, stage_m_at

EXAMPLE = Path(__file__).resolve().parents[2] / "deploy" / "basin.toml"
START_LIMIT_S = 10
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1200,1600",
]  # fmt: skip


class SettableClock:
    """Says the time it was set to."""

    def __init__(self, at_ms):
        self.at_ms = at_ms

    def __call__(self):
        return self.at_ms


@pytest.fixture(scope="module")
def clock():
    return SettableClock(TO_MS + 60_000)


@pytest.fixture(scope="module")
def page_url(tmp_path_factory, clock):
    folder = tmp_path_factory.mktemp("gateway")
    basin = load_basin(EXAMPLE)
    store = fill_store(folder / "observations.sqlite", basin)
    write_bulletin(compose(basin, store, FROM_MS, TO_MS, TO_MS), folder / "bulletins")
    app = create_app(store, basin, folder / "bulletins", clock)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    ends_s = time.monotonic() + START_LIMIT_S
    while not server.started and time.monotonic() < ends_s:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(START_LIMIT_S)


@pytest.fixture(scope="module")
def browser(part, tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = part("chromium")
    for flag in [*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(part("chromedriver")))
    yield driver
    driver.quit()


def texts(browser, selector):
    return [element.text for element in browser.find_elements(By.CSS_SELECTOR, selector)]


def test_a_visitor_sees_stations_flags_and_hydrographs(browser, page_url):
    browser.get(page_url)
    assert texts(browser, ".river a") == ["Uchkurgan", "Akdzhar", "Kokbulak"]
    assert texts(browser, "tbody td.number:first-of-type") == ["0.420", "0.420", "0.420"]
    assert "warning at Akdzhar since 30 Aug 2018 15:30; peak 1.905 m" in texts(browser, "main .notice")[0]
    assert len(browser.find_elements(By.CSS_SELECTOR, "svg.hydrograph")) == 3


def test_every_number_and_plot_tells_its_unit_its_datum_and_its_time_zone(browser, page_url):
    browser.get(page_url)
    headings = texts(browser, "thead th")
    assert {"Stage, m over gauge zero", "Discharge, m³/s", "Observed, UTC", "Quality"} <= set(headings)
    assert texts(browser, "figcaption span") == ["m over gauge zero, times in UTC"] * 3
    assert all(each.endswith(" UTC.") for each in texts(browser, "main .notice p"))
    assert "No observation is ever removed. For programs:" in texts(browser, "footer")[0]
    browser.get(f"{page_url}/stations/akdzhar")
    assert {"First detected, UTC", "Cleared, UTC"} <= set(texts(browser, "thead th"))
    assert all("times in UTC" in each for each in texts(browser, "figcaption span"))


def test_the_hydrograph_is_as_high_as_the_river_was(browser, page_url):
    browser.get(f"{page_url}/stations/uchkurgan?days=7")
    measure = """
        const box = element => element.getBoundingClientRect();
        const chart = document.querySelector('.wide svg.hydrograph');
        const ticks = [...chart.querySelectorAll('.tick.value')].map(text => [parseFloat(text.textContent),
            box(text.previousElementSibling).top]);
        return [box(chart.querySelector('.series')).top, ticks];
    """
    peak_y, ticks = browser.execute_script(measure)
    (low, low_y), (high, high_y) = ticks[0], ticks[-1]
    peak_m = low + (low_y - peak_y) / (low_y - high_y) * (high - low)
    assert peak_m == pytest.approx(stage_m_at(70), abs=0.01)


def test_a_visitor_finds_the_station_and_the_bulletin_by_clicking(browser, page_url):
    browser.get(page_url)
    browser.find_element(By.LINK_TEXT, "Akdzhar").click()
    assert browser.find_element(By.TAG_NAME, "h1").text.startswith("Akdzhar")
    browser.find_element(By.LINK_TEXT, "Latest bulletin").click()
    assert "Hydrological bulletin" in browser.find_element(By.TAG_NAME, "header").text
    assert len(browser.find_elements(By.CSS_SELECTOR, "svg.hydrograph")) == 3


def test_the_style_of_page_and_bulletin_is_let_through_by_the_policy(browser, page_url):
    is_river_blue = "return getComputedStyle(document.querySelector('.series')).stroke == 'rgb(0, 114, 178)'"
    browser.get(page_url)
    WebDriverWait(browser, 15).until(lambda shown: shown.execute_script(is_river_blue))
    browser.find_element(By.CSS_SELECTOR, "main a[href^='/bulletins/']").click()
    WebDriverWait(browser, 15).until(lambda shown: "/bulletins/" in shown.current_url)
    WebDriverWait(browser, 15).until(lambda shown: shown.execute_script(is_river_blue))


PHONE = {"width": 360, "height": 780, "deviceScaleFactor": 2, "mobile": True}
ON_A_PHONE = {
    "the first page": ("/", ["0 0 420 170"] * 3),
    "a station": ("/stations/akdzhar?days=30", ["0 0 360 260"] * 2),
}


def test_a_bulletin_is_no_wider_than_a_phone(browser, page_url):
    browser.get(page_url)
    bulletin = browser.find_element(By.CSS_SELECTOR, "main a[href^='/bulletins/']").get_attribute("href")
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    try:
        browser.get(bulletin)
        assert browser.execute_script("return document.documentElement.scrollWidth") <= PHONE["width"]
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize(("address", "charts"), ON_A_PHONE.values(), ids=ON_A_PHONE.keys())
def test_nothing_is_wider_than_a_phone_and_charts_are_drawn_for_it(browser, page_url, address, charts):
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    try:
        browser.get(page_url + address)
        WebDriverWait(browser, 15).until(lambda shown: shown.execute_script("return innerWidth") == PHONE["width"])
        assert browser.execute_script("return document.documentElement.scrollWidth") <= PHONE["width"]
        shown = [each for each in browser.find_elements(By.CSS_SELECTOR, "svg.hydrograph") if each.is_displayed()]
        assert [each.get_dom_attribute("viewBox") for each in shown] == charts
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_an_open_page_keeps_itself_current(browser, page_url, clock):
    browser.get(page_url)
    before = clock.at_ms
    clock.at_ms = before + STEP_MS
    try:
        # The page may put a new part in place of what was just found.
        wait = WebDriverWait(browser, 15, ignored_exceptions=[StaleElementReferenceException])
        wait.until(lambda _: "31 min ago" in browser.find_element(By.TAG_NAME, "main").text)
    finally:
        clock.at_ms = before


def test_the_browser_has_nothing_to_complain_of(browser, page_url):
    browser.get_log("browser")
    for address in ("/", "/stations/akdzhar", "/stations/kokbulak?days=7"):
        browser.get(page_url + address)
    assert browser.get_log("browser") == []
