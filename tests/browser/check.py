"""Opens the HTML report in a headless Chromium and uses it as a reader would.

Usage: check.py NONHUMAN [FOLDER FOR SCREENSHOTS]; needs selenium, chromium and chromedriver (see ./test --browser).
"""

import base64
import pathlib
import subprocess
import sys
import tempfile
import time

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
NOW = ["--isolated", "--now", "2026-11-22T12:00:00Z"]
BOT = "arn:aws:iam::429710886354:user/deploy-bot"
# A report of 20,000 identities must open in less.
SECONDS = 2.0


class Reader:
    """A browser with one report open."""

    def __init__(self, shots, width=1280, height=900, dark=False):
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for flag in ["--headless=new", "--no-sandbox", "--disable-gpu", f"--window-size={width},{height}"]:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.shots = shots
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        if dark:
            features = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
            self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", features)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.driver.quit()

    def open(self, path, view=""):
        self.driver.get("about:blank")
        self.driver.get(f"file://{path}{view}")

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def heading(self):
        shown = [heading.text for heading in self.all("h1") if heading.is_displayed()]
        assert len(shown) == 1, shown
        return shown[0]

    def wait(self, what, condition):
        WebDriverWait(self.driver, 10, 0.05).until(lambda _: condition(), f"waited for {what}")

    def rows(self):
        return self.all(".long tbody tr[data-row]")

    def all_rows(self):
        """How many rows the table has, in sight or not, as it says itself."""
        return int(self.one(".count").text.split(" ")[0].replace(",", ""))

    def shoot(self, name):
        if self.shots:
            picture = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
            (self.shots / f"{name}.png").write_bytes(base64.b64decode(picture["data"]))

    def is_quiet(self):
        """Nothing was blocked, nothing went wrong, and nothing but the file itself was asked for."""
        said = [entry["message"] for entry in self.driver.get_log("browser")]
        assert not said, said
        sent = [entry["message"] for entry in self.driver.get_log("performance")]
        asked = [one for one in sent if '"Network.requestWillBeSent"' in one and '"url":"file:' not in one]
        assert not [one for one in asked if "about:blank" not in one], asked


def make(nonhuman, folder):
    def report(name, *arguments):
        path = folder / f"{name}.html"
        done = subprocess.run([nonhuman, *arguments, *NOW, "--output", str(path)], cwd=ROOT, capture_output=True)
        assert done.returncode in (0, 1, 3), done.stderr.decode()
        return path

    def records(name, *arguments):
        path = folder / f"{name}.jsonl"
        with path.open("wb") as out:
            subprocess.run([sys.executable, HERE / f"{name}.py", *arguments], stdout=out, check=True)
        return str(path)

    return {
        "acme": report("acme", "scan", "fixtures/acme"),
        "hostile": report("hostile", "evaluate", records("hostile")),
        "large": report("large", "evaluate", records("records", "20000")),
    }


def a_manager_reads_the_summary(reader, reports):
    reader.open(reports["acme"])
    assert reader.heading() == "Non-human identities"
    assert [tile.text for tile in reader.all(".tile")][0].endswith("critical")
    stories = reader.all(".story")
    assert len(stories) == 5, len(stories)
    bot = next(story for story in stories if "deploy-bot" in story.text)
    for part in ["It can become administrator in 3 steps", "left on 2026-05-29", "What to do"]:
        assert part in bot.text, bot.text
    labels = [label.text for label in bot.find_elements(By.CSS_SELECTOR, "svg .label")]
    assert labels[2:6] == ["deploy-bot", "platform-admin", "partner-upload", "administrator"], labels
    reader.shoot("summary")


def one_finds_filters_and_sorts(reader, reports):
    reader.open(reports["acme"], "#/findings")
    everything = len(reader.rows())
    Select(reader.one("#filter-severity")).select_by_visible_text("critical")
    critical = len(reader.rows())
    assert 0 < critical < everything, (critical, everything)
    assert "severity=critical" in reader.driver.current_url
    assert f"{critical} of " in reader.one(".count").text
    reader.one("#search").send_keys("deploy-bot")
    reader.wait("the search", lambda: len(reader.rows()) == 1)
    reader.all(".filters button")[0].click()
    reader.wait("all rows", lambda: len(reader.rows()) == everything)
    head = reader.one("th[data-column=who]")
    assert head.get_attribute("aria-sort") == "none"
    head.find_element(By.TAG_NAME, "button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    up = [row.text for row in reader.rows()]
    head.find_element(By.TAG_NAME, "button").click()
    assert head.get_attribute("aria-sort") == "descending" and [row.text for row in reader.rows()] != up
    assert "sort=-who" in reader.driver.current_url
    reader.shoot("findings")


def back_comes_back_to_the_row(reader, reports):
    reader.open(reports["acme"], "#/identities")
    reader.one("#search").send_keys("429710886354")
    reader.wait("the search", lambda: "q=429710886354" in reader.driver.current_url)
    row = next(row for row in reader.rows() if "deploy-bot" in row.text)
    row.find_element(By.TAG_NAME, "a").click()
    assert reader.heading() == "deploy-bot"
    assert reader.one("nav a[aria-current]").text == "Identities"
    labels = [label.text for label in reader.all("#view-other svg .label")]
    assert labels[2:6] == ["deploy-bot", "platform-admin", "partner-upload", "administrator"], labels
    text = reader.one("#view-other").text
    for part in [BOT, "jana.novak@acme.example, left 2026-05-29", "AKIAWIDGDYXJGOGVBSWF", "assume-platform-admin"]:
        assert part in text, part
    reader.shoot("identity")
    reader.all("#view-other svg a")[0].click()
    assert reader.heading() == "platform-admin", "a box leads to its identity"
    reader.driver.back()
    assert reader.heading() == "deploy-bot"
    reader.driver.back()
    assert reader.heading() == "Identities"
    assert reader.one("#search").get_attribute("value") == "429710886354", "the filter is still there"
    assert reader.run("return document.activeElement.textContent") == "deploy-bot", "the row has the focus again"


def the_keyboard_is_enough(reader, reports):
    reader.open(reports["acme"], "#/identities")
    keys = lambda *all: reader.driver.switch_to.active_element.send_keys(*all)
    reader.one("body").send_keys("/")
    assert reader.run("return document.activeElement.id") == "search"
    for _ in range(20):
        keys(Keys.TAB)
        if reader.run("return document.activeElement.closest('.long tbody') !== null"):
            break
    first = reader.run("return document.activeElement.textContent")
    keys(Keys.ARROW_DOWN)
    keys(Keys.ARROW_DOWN)
    third = reader.run("return document.activeElement.textContent")
    assert first and third and first != third
    keys(Keys.END)
    assert reader.run("return document.activeElement.closest('tr').getAttribute('aria-rowindex')") == str(reader.all_rows() + 1)
    keys(Keys.HOME)
    assert reader.run("return document.activeElement.textContent") == first
    keys(Keys.ENTER)
    reader.wait("the page", lambda: reader.heading() == first)
    assert reader.run("return document.activeElement.tagName") == "H1", "a new view is read from its heading"


def an_auditor_reads_frameworks_and_coverage(reader, reports):
    reader.open(reports["acme"], "#/frameworks")
    text = reader.one("#view-other").text
    for part in ["OWASP Non-Human Identities Top 10 2025", "OWASP-NHI3:2025", "Secret Leakage", "AC-2"]:
        assert part in text, part
    reader.shoot("frameworks")
    reader.open(reports["hostile"], "#/coverage")
    headings = [heading.text for heading in reader.all("#view-other h2")]
    assert headings[0].startswith("Holes (1"), headings
    assert "Method" in headings
    reader.shoot("coverage")


def strangers_stay_text(reader, reports):
    reader.open(reports["hostile"])
    reader.run("location.hash = '#/identities'")
    reader.wait("the list", lambda: reader.rows())
    addresses = reader.run(
        "document.querySelector('.scroller').style.height = '4000px'; dispatchEvent(new Event('resize'));"
        "return [...document.querySelectorAll('.long tbody a')].map((one) => one.getAttribute('href'))")
    assert len(addresses) == 28, len(addresses)
    shown = reader.one(".long tbody").text
    for part in ["<script>document.title='pwned'</script>", "\\u{202e}gnp.exe", "\\u{1b}[31mred", "__proto__", "服务账号"]:
        assert part in shown, part
    reader.shoot("hostile")
    for address in addresses:
        reader.run("location.hash = arguments[0]", address)
        reader.wait("the page", lambda: reader.heading() not in ("Identities", ""))
        assert "Not in this report" not in reader.heading(), address
        assert reader.run("return document.title").endswith(", nonhuman"), "a name ran"
        assert reader.run("return document.documentElement.scrollWidth <= innerWidth"), f"{address} is too wide"
    assert reader.run("return document.querySelectorAll('main img, main iframe, main script').length") == 0


def a_large_report_opens_quickly(reader, reports):
    assert reports["large"].stat().st_size < 15_000_000, reports["large"].stat().st_size
    reader.open(reports["large"], "#/identities")
    took = reader.run("return performance.getEntriesByType('navigation')[0].loadEventEnd") / 1000
    print(f"    20,000 identities, {reports['large'].stat().st_size / 1e6:.1f} MB: open after {took:.2f} s")
    assert took < SECONDS, took
    assert "20,000 of 20,000" in reader.one(".count").text
    assert reader.run("return document.querySelectorAll('.long tbody tr').length") < 100, "only what is in sight"
    started = time.monotonic()
    reader.one("#search").send_keys("worker-19")
    reader.wait("the search", lambda: "200 of 20,000" in reader.one(".count").text)
    print(f"    search after {time.monotonic() - started:.2f} s")
    assert time.monotonic() - started < SECONDS
    reader.all(".filters button")[0].click()
    reader.run("document.querySelector('.scroller').scrollTop = 900000")
    reader.wait("rows", lambda: reader.rows() and int(reader.rows()[0].get_attribute("data-row")) > 10_000)
    reader.shoot("large")


def it_prints(reader, reports):
    reader.open(reports["acme"], "#/identities")
    reader.driver.execute_cdp_cmd("Page.printToPDF", {})
    reader.run("dispatchEvent(new Event('beforeprint'))")
    assert len(reader.rows()) == reader.all_rows() > 90, "paper has all rows"
    reader.run("dispatchEvent(new Event('afterprint'))")
    assert len(reader.rows()) < 60


def it_reads_without_scripts(reader, reports):
    reader.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    reader.open(reports["acme"])
    text = reader.one("main").text
    for part in ["What to know first", "deploy-bot", "The worst findings", "trusts-anyone", "left out on purpose"]:
        assert part.lower() in text.lower(), part
    reader.shoot("without-scripts")


# What is wrong with a page for those who cannot see it well, or see it at all (WCAG 2.2: 1.3.1, 1.4.3, 2.1.1, 2.4.7, 4.1.2).
# Colours are those behind each piece of text, the nearest that is not transparent.
BARRIERS = """
const wrong = [], seen = (node) => node.getClientRects().length > 0 && getComputedStyle(node).visibility !== 'hidden';
const name = (node) => node.getAttribute('aria-label') || (node.labels && [...node.labels].map((one) => one.textContent).join(' '))
  || node.textContent || node.getAttribute('title') || '';
for (const node of document.querySelectorAll('a, button, input, select, textarea, summary, [tabindex]'))
  if (seen(node) && !name(node).trim()) wrong.push('no name: ' + node.outerHTML.slice(0, 120));
for (const node of document.querySelectorAll('svg'))
  if (seen(node) && !(node.getAttribute('aria-label') || node.getAttribute('aria-hidden') || node.querySelector('title')
    || node.closest('[aria-label], [aria-hidden]'))) wrong.push('picture without a name: ' + node.outerHTML.slice(0, 80));
for (const node of document.querySelectorAll('table'))
  if (seen(node) && (!node.querySelector('th') || [...node.querySelectorAll('thead th')].some((one) => one.scope !== 'col')))
    wrong.push('table without headers of columns: ' + node.textContent.slice(0, 60));
const ids = [...document.querySelectorAll('[id]')].map((node) => node.id);
for (const id of new Set(ids)) if (ids.filter((one) => one === id).length > 1) wrong.push('two of one id: ' + id);
for (const [what, count] of [['main', 1], ['nav', 1], ['h1', 1]]) {
  const there = [...document.querySelectorAll(what)].filter(seen).length;
  if (there !== count) wrong.push(there + ' of ' + what);
}
if (!document.documentElement.lang) wrong.push('no language');
let depth = 0;
for (const node of [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].filter(seen)) {
  const level = Number(node.tagName[1]);
  if (level > depth + 1) wrong.push('heading ' + level + ' below ' + depth + ': ' + node.textContent.slice(0, 40));
  depth = level;
}
const parse = (text) => { const part = text.match(/[0-9.]+/g).map(Number); return { rgb: part.slice(0, 3), alpha: part[3] ?? 1 }; };
const light = (rgb) => rgb.map((one) => one / 255).map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
  .reduce((sum, one, at) => sum + one * [0.2126, 0.7152, 0.0722][at], 0);
const behind = (node) => { for (let at = node; at; at = at.parentElement) {
  const color = parse(getComputedStyle(at).backgroundColor); if (color.alpha === 1) return color.rgb; }
  return matchMedia('(prefers-color-scheme: dark)').matches ? [18, 18, 18] : [255, 255, 255]; };
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const told = new Set();
for (let text = walk.nextNode(); text; text = walk.nextNode()) {
  const node = text.parentElement;
  if (!text.data.trim() || !seen(node) || node.closest('.unseen, script, style, noscript, option, svg')) continue;
  const style = getComputedStyle(node), front = parse(style.color), back = behind(node);
  const [a, b] = [light(front.rgb), light(back)].sort((one, other) => other - one);
  const ratio = (a + 0.05) / (b + 0.05), size = parseFloat(style.fontSize);
  const least = size >= 24 || size >= 18.66 && Number(style.fontWeight) >= 700 ? 3 : 4.5;
  const key = style.color + back;
  if (ratio < least && !told.has(key)) { told.add(key); wrong.push('contrast ' + ratio.toFixed(2) + ': ' + text.data.trim().slice(0, 40)); }
}
return wrong;
"""

VIEWS = ["", "#/findings", "#/identities", "#/frameworks", "#/coverage", f"#/identity/{BOT}"]


def nothing_stands_in_the_way(reader, reports):
    """Names of controls and pictures, headers of tables, landmarks, headings, contrast; every control by Tab, in the order of
    the page, with a mark that shows where one is."""
    for view in VIEWS:
        reader.open(reports["acme"], view)
        wrong = reader.run(BARRIERS)
        assert not wrong, f"{view}: {wrong}"
    for view in ["", "#/findings", f"#/identity/{BOT}"]:
        reader.open(reports["acme"], view)
        # A new view begins at its heading; the keyboard begins at the page's first link.
        reader.run("document.querySelector('.skip').focus()")
        wanted = reader.run(
            "return [...document.querySelectorAll('a[href], button, input, select, summary, [tabindex=\"0\"]')]"
            ".filter((one) => one.getClientRects().length > 0 && one.tabIndex >= 0 && !one.closest('.long tbody')).length")
        places, reached = [], set()
        for _ in range(wanted * 2 + 60):
            at = reader.run(
                "const one = document.activeElement; if (one === document.body) return null;"
                "const all = [...document.querySelectorAll('*')], style = getComputedStyle(one);"
                "return [all.indexOf(one), style.outlineStyle !== 'none' || style.boxShadow !== 'none',"
                " one.closest('.long tbody') !== null, one.outerHTML.slice(0, 90)]")
            if at is None or at[0] in reached:
                break
            assert at[1] or not places, f"{view}: nothing shows the focus on {at[3]}"
            reached.add(at[0])
            places.append(at)
            ActionChains(reader.driver).send_keys(Keys.TAB).perform()
        assert [place[0] for place in places] == sorted(place[0] for place in places), f"{view}: the order is not the page's"
        outside = [place for place in places if not place[2]]
        assert len(outside) >= wanted, f"{view}: {len(outside)} of {wanted} controls by keyboard"


def it_fits(reader, reports, name):
    for number, view in enumerate(VIEWS):
        reader.open(reports["acme"], view)
        wrong = reader.run(BARRIERS)
        assert not wrong, f"{name}: {view}: {wrong}"
        assert reader.run("return document.documentElement.scrollWidth <= innerWidth"), f"{name}: {view} is too wide"
        reader.shoot(f"{name}-{number}")


CHECKS = [
    a_manager_reads_the_summary, one_finds_filters_and_sorts, back_comes_back_to_the_row, the_keyboard_is_enough,
    nothing_stands_in_the_way,
    an_auditor_reads_frameworks_and_coverage, strangers_stay_text, a_large_report_opens_quickly, it_prints,
    it_reads_without_scripts,
]


def main():
    shots = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
    if shots:
        shots.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        reports = make(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(folder))
        for check in CHECKS:
            with Reader(shots) as reader:
                check(reader, reports)
                reader.is_quiet()
            print(f"ok  {check.__name__.replace('_', ' ')}")
        for name, arguments in {"dark": {"dark": True}, "phone": {"width": 390, "height": 844}}.items():
            with Reader(shots, **arguments) as reader:
                it_fits(reader, reports, name)
                reader.is_quiet()
            print(f"ok  it fits: {name}")


if __name__ == "__main__":
    main()
