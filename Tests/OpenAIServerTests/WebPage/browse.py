"""Uses the web page of a real server in a real Chromium and fails when anything is not as a person needs it.

KONGUR_PORT is a server, KONGUR_KEYED_PORT one that wants KONGUR_KEY, KONGUR_BARE_PORT one without JavaScript packages.
With KONGUR_SCREENSHOTS, a folder, pictures of the page at three widths, in both themes and languages, are written there
to be looked at.
"""

import os
import re
import sys
import tempfile
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import axe_core_python
from selenium.webdriver.common.keys import Keys

import keeping
import reading
from answers import AFTER_CODE, BEFORE_FORMULA, CODE, FORMULA, MORE, answers
from page import WIDTHS, Page
from scripted_server import ScriptedServer

AXE = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text()
GROW = (Path(__file__).parent / "grow.js").read_text()
TEX = re.compile(r"\\[a-zA-Z]|\$\$|\\\[|\\\(|```")


def renders_while_it_streams(page, server, events):
    page.open()
    page.ask("a solution")
    page.wait(lambda: page.all(".thinking.active"), "it says that the model thinks")
    page.wait(lambda: "tokens" in page.text(".thinking summary"), "it says how many tokens were thought")
    assert not page.all(".thinking[open]")
    events[0].set()
    # Half of a matrix has come: nothing of its source is seen, and what is complete is drawn.
    page.wait(lambda: page.all(".answer .math-display.math-pending"), "an unfinished formula is held back")
    shown = page.text(".answer")
    assert not TEX.search(shown), shown
    assert page.all(".answer h3 + p .katex .mfrac") and page.all(".answer strong")
    assert "It costs $5 and $6." in shown, shown
    first = page.find(".answer .markdown:not(.thoughts) > *")
    events[1].set()
    # Half of a program has come.
    page.wait(lambda: page.all(".answer figure.code .hljs-keyword"), "unfinished code is highlighted")
    shown = page.text(".answer .markdown:not(.thoughts)")
    assert not TEX.search(shown), shown
    assert page.all(".answer .katex .mtable .delimsizing, .answer .katex .mopen") and page.all(".answer ol .katex-display")
    assert len(page.all(".answer .katex .mtable")) >= 2, "a matrix and an aligned equation"
    assert page.all(".answer table th .katex")
    events[2].set()
    page.finished()
    assert page.find(".answer .markdown:not(.thoughts) > *") == first, "what was complete was made again"
    assert page.js("return document.querySelector('.answer figure code').textContent") == CODE.rstrip("\n")
    assert page.all(".answer p .katex .boxpad, .answer p .katex .fbox"), "the boxed answer"
    assert page.find('.answer a').get_attribute("href") == "https://example.org/a"
    figures = page.text(".answer .figures")
    assert re.search(r"\d tokens\b", figures) and "tokens/s" in figures and "first token after" in figures, figures
    assert re.match(r"Thought for [\d.]+ s · 43 tokens", page.text(".thinking summary")), page.text(".thinking summary")
    page.click(".thinking summary")
    page.wait(lambda: page.all(".thoughts .katex"), "thoughts are shown when they are unfolded")
    assert "complete" in page.js("return document.getElementById('status').textContent")
    page.driver.execute_cdp_cmd("Browser.grantPermissions", {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]})
    page.click_labelled("Copy code", ".answer")
    copied = page.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0], () => arguments[0](''))")
    assert copied == CODE.rstrip("\n"), copied


def shows_no_source_at_any_moment(page, server, events):
    """Whatever part of an answer has come, nothing of its signs is seen, and at the end it is as if it had come at once."""
    page.open()
    text = BEFORE_FORMULA + FORMULA + "```python\n" + CODE + AFTER_CODE + MORE
    outcome = page.driver.execute_async_script(GROW, text)
    assert isinstance(outcome, dict), outcome
    assert not outcome["faults"], outcome["faults"][:12]
    assert outcome["isSame"] and outcome["formulas"] == 11, outcome
    assert outcome["codes"] == [CODE.rstrip("\n"), "int main(void) {\n\treturn 0;\n}"], outcome


def answer_never_becomes_script(page, server, events):
    page.open()
    page.collect()
    page.requests.clear()
    page.console.clear()
    page.ask("an attack")
    page.finished()
    page.click(".thinking summary")
    page.wait(lambda: page.text(".thoughts"), "thoughts are shown")
    # It is all there to be read, as text.
    shown = page.text(".answer")
    for part in ["<script>window.pwned=3</script>", "<iframe", "onerror=window.pwned=18>", "onerror=window.pwned=21>"]:
        assert part in shown, part
    assert page.js("return document.body.offsetHeight > 0")
    made = page.js("""
        const all = [...document.querySelectorAll("#messages *")];
        return {
            names: [...new Set(all.map((element) => element.localName))],
            handlers: all.flatMap((element) => element.getAttributeNames()).filter((name) => name.startsWith("on")),
            links: [...document.querySelectorAll("#messages a")].map((link) => link.protocol),
            height: Math.max(...all.map((element) => element.offsetHeight || 0)),
            fractions: document.querySelectorAll("#messages .mfrac").length,
        };
    """)
    assert not {"img", "script", "iframe", "style", "object", "embed", "base", "form", "link"} & set(made["names"]), made
    assert not made["handlers"], made
    assert set(made["links"]) <= {"http:", "https:", "mailto:"}, made
    assert made["height"] < 20_000 and made["fractions"] == 1, made
    for link in page.all("#messages a"):
        assert "noopener" in link.get_attribute("rel")
    page.js("document.querySelectorAll('#messages :is(a, b, button, code, .katex)').forEach((e) => e.dispatchEvent(new Event('click')))")
    assert page.js("return window.pwned ?? null") is None


def stops_and_answers_again(page, server, events):
    page.open()
    page.ask("endless")
    page.wait(lambda: "goes on" in page.text(".answer"), "the answer begins")
    server.gone.clear()
    page.type(Keys.ESCAPE)
    page.finished()
    assert "Stopped." in page.text(".answer .notice")
    page.wait(server.gone.is_set, "the request is ended, not only hidden")
    server.answers["endless"] = ["Another end."]
    page.click_labelled("Answer again", ".answer")
    page.wait(lambda: "Another end." in page.text(".answer"), "another answer")
    page.finished()
    assert "2/2" in page.text(".answer .versions")
    page.click_labelled("Earlier version", ".answer")
    assert "goes on" in page.text(".answer")
    # An edited question stands beside the first, too.
    page.js("document.querySelector('.question .tools').style.opacity = 1")
    page.click_labelled("Edit question", ".question")
    field = page.find(".question textarea")
    field.clear()
    field.send_keys("short" + Keys.ENTER)
    page.wait(lambda: "One two three." in page.text(".answer"), "the edited question is answered")
    page.finished()
    assert "2/2" in page.text(".question .versions")
    page.ask("short")
    page.finished(2)
    asked = server.asked[-1]["messages"]
    assert [message["content"] for message in asked] == ["short", "One two three.", "short"], asked


def keeps_and_exports_conversations(page, server, events):
    page.open()
    page.ask("short")
    page.finished()
    page.reload()
    page.wait(lambda: "One two three." in page.text(".answer"), "the conversation is there after a reload")
    page.click("#export")
    saved = page.wait(lambda: [file for file in Path(page.downloads).glob("*.md")], "the file is saved")[0]
    assert saved.name == "short.md"
    assert saved.read_text() == "# short\n\n## You\n\nshort\n\n## scripted\n\nOne two three.\n", saved.read_text()
    page.click("#new-chat")
    assert not page.all(".message") and page.find("#empty").is_displayed()
    page.click("#conversations .open")
    page.wait(lambda: page.all(".answer"), "a kept conversation is opened")
    page.click_labelled("Delete “short”", "#conversations")
    page.wait(lambda: not page.all("#conversations li"), "it is gone")
    page.click(".toast button")
    page.wait(lambda: page.all("#conversations li"), "and there again")


def sends_what_was_chosen(page, server, events):
    page.open()
    page.wait(lambda: page.all("#preset option[value=olympiad]"), "the server's presets are there")
    page.click("#preset option[value=olympiad]")
    page.click("#budget option[value='512']")
    page.click("#open-settings")
    page.type("0.25", into="#field-temperature")
    page.type("9", into="#field-top_p")
    assert page.find("#field-top_p").get_attribute("aria-invalid") == "true"
    page.type("7", into="#field-seed")
    page.ask("short")
    page.finished()
    request = server.asked[-1]
    assert request["messages"][0]["role"] == "system" and "competition" in request["messages"][0]["content"]
    assert request["temperature"] == 0.25 and request["seed"] == 7 and request["thinking_token_budget"] == 512, request
    assert "top_p" not in request and request["model"] == "pebble" and request["stream_options"] == {"include_usage": True}
    page.type("请问这个矩阵的行列式是多少")
    assert "English" in page.text("#hint")
    page.click("#field-language option[value=zh-CN]")
    assert page.js("return document.documentElement.lang") == "zh-CN"
    assert page.text("#settings h2") == "设置" and "英文" in page.text("#hint")
    page.click("#field-theme option[value=dark]")
    dark = page.js("return getComputedStyle(document.documentElement).backgroundColor")
    page.reload()
    assert page.js("return getComputedStyle(document.documentElement).backgroundColor") == dark == "rgb(20, 23, 25)"


def tells_what_went_wrong(page, server, events):
    page.open()
    page.ask("too many")
    page.wait(lambda: "busy" in page.text(".fault"), "it says that the server is busy")
    assert "Try again in" in page.text(".fault button") and not page.find(".fault button").is_enabled()
    server.answers["too many"] = ["Now."]
    page.wait(lambda: page.find(".fault button").is_enabled(), "it can be asked again after the server's time")
    page.click(".fault button")
    page.wait(lambda: "Now." in page.text(".answer"), "the same question is answered")
    page.finished()
    page.ask("torn")
    page.wait(lambda: "connection was lost" in page.text(".fault"), "it says that the connection was lost")
    assert "Half of" in page.text("#messages")
    page.network(False)
    page.ask("short")
    page.wait(lambda: "does not answer" in page.text("#messages"), "it says that the server does not answer")
    page.network(True)
    page.all(".fault button")[-1].click()
    page.wait(lambda: "One two three." in page.text("#messages"), "the question is answered when the server is there again")
    page.finished()
    page.ask("not allowed")
    page.wait(lambda: "'temperature' must be from 0 to 2" in page.text("#messages"), "it says what the server said")


def asks_for_a_key(page, server, events):
    page.address = f"http://127.0.0.1:{os.environ['KONGUR_KEYED_PORT']}"
    page.open()
    page.wait(lambda: page.find("#key-dialog").is_displayed(), "a key is asked for")
    assert not page.accessibility_faults(AXE)
    page.type("wrong-key" + Keys.ENTER, into="#key-field")
    page.wait(lambda: "Invalid API key" in page.text("#key-fault"), "a wrong key is refused")
    page.type(os.environ["KONGUR_KEY"] + Keys.ENTER, into="#key-field")
    page.wait(lambda: not page.find("#key-dialog").is_displayed() and page.text("#model") == "pebble", "the key is taken")
    assert page.js("return localStorage.getItem('kongur.key')") is None, "kept without being asked to"
    page.ask("What is 47 + 385?")
    page.finished()
    assert page.all(".answer .katex .fbox, .answer .katex .boxpad") and "432" in page.text(".answer")


def works_with_the_real_model(page, server, events):
    page.open()
    page.click("#open-live")
    page.ask("What is 47 + 385?")
    page.finished()
    assert "432" in page.text(".answer .markdown:not(.thoughts)"), page.text(".answer")
    assert re.search(r"tokens/s", page.text(".answer .figures")) and page.find(".thinking").is_displayed()
    page.wait(lambda: page.all(".chart .line.first[d]"), "the charts are drawn")
    assert len(page.all(".chart")) == 7
    page.wait(lambda: page.all(".kernels tbody tr"), "kernels are listed")
    rows = [row.text for row in page.all(".kernels tbody tr")]
    assert all(re.match(r"[a-z_0-9]+ [\d.]+ %$", row) for row in rows), rows
    assert "read each second" in page.text("#live"), page.text("#live")
    labels = [plot.get_attribute("aria-label") for plot in page.all(".chart .plot-box")]
    assert all(re.match(r".+: now .+, at most .+", label) for label in labels), labels
    assert "MiB" in page.text(".chart:last-of-type .now") and re.search(r"of \d+ thread", page.text("#live")), page.text("#live")
    page.click("#close-live")


def is_open_to_everybody(page, server, events):
    """By keyboard, by screen reader, on a phone, in both themes and languages."""
    page.open()
    page.js("document.querySelector('a, button, input, select, textarea').focus()")
    assert page.js("return document.activeElement.className") == "skip"
    page.driver.switch_to.active_element.send_keys(Keys.ENTER)
    assert page.js("return document.activeElement.id") == "prompt"
    server.answers = answers()[0]
    for event in (piece for piece in server.answers["a solution"] if hasattr(piece, "set")):
        event.set()
    faults = []
    for width, theme, language in [("desktop", "light", "en"), ("phone", "dark", "zh-CN"), ("tablet", "dark", "en")]:
        page.resize(width)
        page.theme(theme)
        page.open(language=language)
        faults += page.accessibility_faults(AXE) if width == "phone" else []
        page.ask("a solution")
        page.finished()
        page.ask("too many")
        page.wait(lambda: page.all(".fault"), "the fault")
        page.js("document.querySelector('.thinking').open = true")
        wide = page.js("return [document.documentElement.scrollWidth, innerWidth, document.getElementById('scroller').scrollWidth]")
        assert max(wide) <= WIDTHS[width][0], f"{width} scrolls sideways: {wide}"
        faults += page.accessibility_faults(AXE)
        page.click("#open-settings" if width == "desktop" else "#open-live")
        # Over the conversation, the panel alone can be reached; Escape leaves it.
        faults += page.accessibility_faults(AXE)
        if width != "desktop":
            assert page.js("return document.getElementById('main').inert")
            page.find("body").send_keys(Keys.ESCAPE)
            assert page.js("return document.activeElement.id") == "open-live"
    assert not faults, "\n".join(faults)


CHECKS = [
    renders_while_it_streams, shows_no_source_at_any_moment, answer_never_becomes_script, stops_and_answers_again, keeps_and_exports_conversations,
    sends_what_was_chosen, tells_what_went_wrong, works_with_the_real_model, *keeping.CHECKS, *reading.CHECKS, is_open_to_everybody,
    asks_for_a_key,
]


def stays_at_home(page, origins):
    """No request of all that were made left the servers, and the page never broke its own policy."""
    page.collect()
    foreign = [url for url in page.requests if not url.startswith((*origins, "data:", "blob:" + origins[0], "about:"))]
    assert not foreign, foreign
    broken = [line for line in page.console if "Content Security Policy" in line or "TypeError" in line or "Uncaught" in line]
    assert not broken, broken


def take_pictures(page, server, folder):
    """Everything that a person may see, to be looked at."""
    def picture(name):
        page.driver.save_screenshot(f"{folder}/{name}.png")

    for width in WIDTHS:
        for theme, language in [("light", "en"), ("light", "zh-CN"), ("dark", "en"), ("dark", "zh-CN")]:
            name = f"{width}-{theme}-{language}"
            page.resize(width)
            page.theme(theme)
            server.answers, (thought, in_formula, in_code) = answers()
            thought.set()
            page.open(language=language)
            picture(f"{name}-1-empty")
            page.ask("a solution")
            page.wait(lambda: page.all(".math-display.math-pending"), "half of a formula")
            picture(f"{name}-2-streaming")
            in_formula.set()
            in_code.set()
            page.finished()
            picture(f"{name}-3-finished")
            page.click(".thinking summary")
            page.js("document.getElementById('scroller').scrollTop = 0")
            picture(f"{name}-4-thinking")
            page.ask("too many")
            page.wait(lambda: page.all(".fault"), "the fault")
            page.type("请问这个矩阵的行列式是多少")
            picture(f"{name}-5-fault")
            for panel in ["live", "settings"]:
                page.click(f"#open-{panel}")
                if panel == "live":
                    page.wait(lambda: page.all(".chart .line.first[d]"), "the charts are drawn")
                picture(f"{name}-6-{panel}")
                page.click(f"#close-{panel}")
            page.collect()


def main():
    failures = 0
    with tempfile.TemporaryDirectory() as downloads:
        server = ScriptedServer(int(os.environ["KONGUR_PORT"]), {})
        page = Page(server.address, downloads)
        page.downloads = downloads
        page.axe = AXE
        origins = [server.address] + [
            f"http://127.0.0.1:{os.environ[name]}" for name in ("KONGUR_KEYED_PORT", "KONGUR_BARE_PORT") if name in os.environ]
        try:
            if folder := os.environ.get("KONGUR_SCREENSHOTS"):
                return take_pictures(page, server, folder)
            chosen = sys.argv[1:]
            for check in [check for check in CHECKS if not chosen or check.__name__ in chosen]:
                page.address = server.address
                server.answers, events = answers()
                page.resize("desktop")
                page.theme("light")
                try:
                    check(page, server, events)
                    page.collect()
                except Exception:
                    failures += 1
                    print(f"{check.__name__} failed:\n{traceback.format_exc()}", file=sys.stderr)
            stays_at_home(page, origins)
        finally:
            page.close()
    if failures:
        raise SystemExit(f"{failures} of {len(CHECKS)} checks failed")
    print("all of it")


if __name__ == "__main__":
    main()
