"""The web page in a headless Chromium, as a person uses it."""

import json
import time

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.keys import Keys

WIDTHS = {"phone": (390, 844), "tablet": (820, 1100), "desktop": (1440, 900)}


class Page:
    def __init__(self, address, downloads=None):
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for flag in ["headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "hide-scrollbars"]:
            options.add_argument(f"--{flag}")
        options.add_experimental_option("prefs", {"intl.accept_languages": "en"})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        self.driver.set_script_timeout(30)
        self.address = address
        if downloads:
            self.driver.execute_cdp_cmd(
                "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": downloads})
        self.requests = []
        self.console = []
        self.resize("desktop")

    def close(self):
        self.driver.quit()

    # What a person does.

    def open(self, path="", **settings):
        """Loads the page with these settings and nothing kept from before."""
        self.driver.get(self.address + "/page/icon.svg")
        self.js("sessionStorage.clear(); localStorage.clear(); indexedDB.deleteDatabase('kongur')")
        if settings:
            self.js("localStorage.setItem('kongur.settings', JSON.stringify(arguments[0]))", settings)
        self.driver.get(f"{self.address}/{path}")
        self.wait(lambda: self.js("return document.body.classList.contains('ready')"), "the page is ready")

    def reload(self):
        self.driver.refresh()
        self.wait(lambda: self.js("return document.body?.classList.contains('ready')"), "the page is ready")

    def resize(self, name):
        width, height = WIDTHS[name]
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": name == "phone"})

    def network(self, is_there):
        self.driver.execute_cdp_cmd("Network.enable", {})
        self.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {
            "offline": not is_there, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1})

    def theme(self, name):
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": name},
                         {"name": "prefers-reduced-motion", "value": "reduce"}]})

    def type(self, text, into="#prompt"):
        self.find(into).send_keys(text)

    def ask(self, text):
        self.type(text + Keys.ENTER)

    def click(self, selector):
        self.find(selector).click()

    def click_labelled(self, label, within=""):
        self.click(f'{within} button[aria-label="{label}"]')

    def click_text(self, text, within=""):
        """Clicks the button that says this, whenever it is there: parts of the page may be made anew at any moment."""
        def click():
            next(button for button in self.all(f"{within} button") if button.text == text).click()
            return True
        self.wait(click, f"a button “{text}”")

    # What a person sees.

    def find(self, selector):
        return self.driver.find_element("css selector", selector)

    def all(self, selector):
        return self.driver.find_elements("css selector", selector)

    def text(self, selector):
        """What is shown, without what only screen readers are told of formulas."""
        return self.js("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def answer(self):
        """The last answer's element."""
        return self.all(".answer")[-1]

    def finished(self, count=1):
        """Waits until so many answers are there and none is running."""
        self.wait(lambda: len(self.all(".answer")) >= count and not self.all(".answer.running"), "the answer is complete")

    def js(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def wait(self, condition, what, limit=100):
        end = time.monotonic() + limit
        while time.monotonic() < end:
            try:
                if value := condition():
                    return value
            except Exception as error:  # An element that is made anew while it is looked at.
                last = error
                time.sleep(0.02)
                continue
            last = None
            time.sleep(0.02)
        raise AssertionError(f"not within {limit} s: {what} {last or ''}")

    # What a browser tells.

    def collect(self):
        """Takes what the browser has logged since the last call."""
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.requests.append(message["params"]["request"]["url"])
        self.console += [entry["message"] for entry in self.driver.get_log("browser")]

    def accessibility_faults(self, axe):
        """What axe-core finds, however small."""
        self.js(axe)
        result = self.driver.execute_async_script("""
            const done = arguments[0];
            axe.run(document, { resultTypes: ["violations"] }).then(done, (error) => done(String(error)));
        """)
        assert isinstance(result, dict), result
        return [
            f"{fault['id']} ({fault['impact']}): {node['html'][:160]}"
            for fault in result["violations"]
            for node in fault["nodes"]
        ]
