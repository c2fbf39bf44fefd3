"""Checks of what a reader sees and reaches: signs, lines, speeds, print, figures, keys, theme, language, models."""

import base64
import os
import re

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

# A text, and what is read of it: signs of arithmetic stay, emphasis goes.
SIGNS = {
    "17 * 23": "17 * 23", "17*23*4": "17*23*4", "2*x*y and a*b*c": "2*x*y and a*b*c", "x**2 + y**2": "x**2 + y**2",
    "(1+2)*3*4": "(1+2)*3*4", "2*(3+4)*5": "2*(3+4)*5", "(a+b)*(c+d)*e": "(a+b)*(c+d)*e", "3 *4* 5": "3 *4* 5", "3 *4 *5": "3 *4 *5",
    "-3*-4*5": "-3*-4*5", "n*(n+1)/2 = 4*5/2": "n*(n+1)/2 = 4*5/2", "2**3**2": "2**3**2", "3*π*r**2": "3*π*r**2", "5!*3!*2": "5!*3!*2",
    "10%*5*2": "10%*5*2", "a_1*b_2*c_3": "a_1*b_2*c_3", "5_000_000": "5_000_000", "(x)_1 + (y)_2": "(x)_1 + (y)_2", "~5-~6": "~5-~6",
    "17\n* 23\n----\n391": "17\n* 23\n----\n391", "  40\n+ 2\n====\n42": "40\n+ 2\n====\n42", "7\n-5\n---\n2": "7\n-5\n---\n2",
    "*yes* and **no**": "yes and no", "**Answer:** 2*3*4 = 24": "Answer: 2*3*4 = 24", "**M**aximum": "Maximum",
    "这是**重点**内容": "这是重点内容", "*note 2*3*4 here*": "note 2*3*4 here", "~~gone~~": "gone", "- 5\n- 6\n- 7": "567", "* a\n* 5": "a5",
    "`a*b*c` is *code*": "a*b*c is code", "5*6\n\n* one\n* two": "5*6onetwo",
}


def keeps_signs_of_arithmetic(page, server, events):
    page.open()
    shown = page.driver.execute_async_script("""
        const [texts, done] = arguments;
        import("./page/markdown.js").then(({ MarkdownView }) => done(texts.map((text) => {
            const [whole, growing] = [document.createElement("div"), document.createElement("div")];
            new MarkdownView(whole).update(text, true);
            const view = new MarkdownView(growing);
            for (let end = 1; end < text.length; end += 1) view.update(text.slice(0, end), false);
            view.update(text, true);
            return [whole.textContent.trim(), growing.isEqualNode(whole)];
        }))).catch((error) => done(String(error)));
    """, list(SIGNS))
    faults = [(text, got) for (text, want), got in zip(SIGNS.items(), shown) if got != [want, True]]
    assert not faults, faults


def keeps_lines_and_space(page, server, events):
    page.open()
    server.answers["lines"] = [("think", "17*23*4\n= 391*4\n= 1564\n"), "Text\n\n* one\n* two\n\n> said\n\nand text"]
    page.ask("lines")
    page.finished()
    page.click(".thinking summary")
    page.wait(lambda: page.text(".thoughts") == "17*23*4\n= 391*4\n= 1564", "thoughts keep their lines and signs")
    space = page.js("""return [...document.querySelectorAll(".answer > .markdown:not(.thoughts) > *")]
        .map((element) => [element.localName, parseFloat(getComputedStyle(element).marginTop)])""")
    assert [name for name, _ in space] == ["p", "ul", "blockquote", "p"] and all(above > 8 for _, above in space[1:]), space


def tells_the_servers_speed(page, server, events):
    """Pieces that arrive all at once say nothing of how fast they were made."""
    page.open()
    server.answers["short"] = ["One ", "two ", "three.", {"predicted_per_second": 50.0, "predicted_ms": 60.0}]
    page.ask("short")
    page.finished()
    assert "50.0 tokens/s" in page.text(".answer .figures"), page.text(".answer .figures")
    server.answers["kept"] = ["One ", "two ", "three.", {}]
    page.ask("kept")
    page.finished(2)
    assert "tokens/s" not in page.answer().text and "3 tokens" in page.answer().text, page.answer().text


def prints_the_whole_conversation(page, server, events):
    page.open(theme="dark")
    server.answers["long"] = ["\n\n".join(f"Paragraph {index} of many." for index in range(120))]
    page.ask("long")
    page.finished()
    paper = base64.b64decode(page.driver.execute_cdp_cmd("Page.printToPDF", {})["data"])
    pages = len(re.findall(rb"/Type\s*/Page\b", paper))
    assert 3 <= pages <= 12, pages
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    hidden = page.js("""return ["sidebar", "composer", "open-settings"].map((id) => document.getElementById(id).offsetParent)""")
    ground = page.js("return getComputedStyle(document.documentElement).backgroundColor")
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert hidden == [None, None, None] and ground == "rgb(250, 250, 248)", (hidden, ground)


def chats_in_plain_text_without_packages(page, server, events):
    page.address = f"http://127.0.0.1:{os.environ['KONGUR_BARE_PORT']}"
    page.open()
    page.wait(lambda: "libjs-katex libjs-marked libjs-highlight.js" in page.text("#empty"), "the page says what is missing")
    assert not page.accessibility_faults(page.axe)
    page.ask("What is 47 + 385?")
    page.finished()
    assert r"\boxed{432}" in page.text(".answer .markdown.plain:not(.thoughts)"), page.text(".answer")
    page.click(".thinking summary")
    page.wait(lambda: "7+5=12 -> 2 carry 1\n" in page.text(".thoughts"), "thoughts are shown as they are")


def reads_figures_over_time(page, server, events):
    page.open()
    page.click("#open-live")
    page.wait(lambda: page.all(".chart .line.first[d*=L]"), "the charts have two points")
    axis = page.text(".chart .axis")
    assert re.search(r"\d+ s ago", axis) and "now" in axis, axis
    span = int(re.match(r"(\d+) s", axis)[1])
    assert span < 60, "the axis grows with the time there is"
    plot = page.find(".chart .plot-box")
    ActionChains(page.driver).move_to_element(plot).perform()
    page.wait(lambda: re.match(r"[\d.,]+ · [\d.,]+, (now|\d+ s ago)$", page.text(".chart .reading")), "values on hover")
    page.js("arguments[0].focus()", plot)
    plot.send_keys(Keys.ARROW_LEFT)
    assert page.find(".chart .plot-box").get_attribute("aria-valuetext") == page.text(".chart .reading")
    page.click("#close-live")


def is_reached_by_keys(page, server, events):
    page.open()
    page.ask("short")
    page.finished()
    press = lambda *keys: page.driver.switch_to.active_element.send_keys(Keys.CONTROL, *keys, Keys.NULL)
    press("/")
    page.wait(lambda: page.find("#help").is_displayed(), "the sheet of shortcuts")
    assert len(page.all("#help kbd")) > 20 and not page.accessibility_faults(page.axe)
    page.find("#help").send_keys(Keys.ESCAPE)
    page.wait(lambda: not page.find("#help").is_displayed(), "the sheet is closed")
    press(Keys.SHIFT, "e")
    page.wait(lambda: page.all(".question textarea"), "the last question is edited")
    page.find(".question textarea").send_keys(Keys.ESCAPE)
    press("k")
    page.wait(lambda: page.js("return document.activeElement.id") == "search", "the search")
    press(Keys.SHIFT, "o")
    page.wait(lambda: not page.all(".message"), "a new conversation")
    press(",")
    page.wait(lambda: page.find("#settings").is_displayed(), "the settings")


def changes_theme_and_language_at_once(page, server, events):
    for width in ["phone", "desktop"]:
        page.resize(width)
        page.open()
        page.click_labelled("Dark theme")
        assert page.js("return getComputedStyle(document.documentElement).backgroundColor") == "rgb(20, 23, 25)"
        page.click_labelled("中文")
        page.wait(lambda: page.text("#empty h2") == "今天解哪道题？", "the other language")
        page.click_labelled("浅色主题")
        page.click_labelled("English")
        assert page.js("return getComputedStyle(document.documentElement).backgroundColor") == "rgb(250, 250, 248)"


def offers_what_the_model_answers_rightly(page, server, events):
    """The examples are the card's, and its questions in both languages; another model has none."""
    page.open()
    page.wait(lambda: page.all(".example"), "the model's examples")
    assert "pebble: " in page.text("#empty") and "school mathematics" in page.text("#empty").lower(), page.text("#empty")
    questions = [example.text.split("\n", 1)[1] for example in page.all(".example")]
    page.click(".example")
    assert page.find("#prompt").get_attribute("value") == questions[0]
    page.open(language="zh-CN")
    page.wait(lambda: page.all(".example"), "examples in Chinese")
    shown = [example.text.split("\n", 1) for example in page.all(".example")]
    assert [question for _, question in shown] == questions and re.search(r"[一-鿿]", shown[0][0]), shown
    server.models = [{"id": "pebble", "max_model_len": 1024}, {"id": "other", "max_model_len": 4096}]
    page.open()
    page.wait(lambda: page.all("#model-choice"), "a choice of models")
    page.click("#model-choice option[value=other]")
    page.wait(lambda: not page.find(".examples").is_displayed(), "nothing is offered for a model that is not known")
    assert not page.accessibility_faults(page.axe)
    page.ask("short")
    page.finished()
    server.models = None
    assert server.asked[-1]["model"] == "other", server.asked[-1]


CHECKS = [
    keeps_signs_of_arithmetic, keeps_lines_and_space, tells_the_servers_speed, prints_the_whole_conversation,
    chats_in_plain_text_without_packages, reads_figures_over_time, is_reached_by_keys, changes_theme_and_language_at_once,
    offers_what_the_model_answers_rightly,
]
