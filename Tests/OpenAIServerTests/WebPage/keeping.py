"""Checks of conversations that are kept: their names, dates and search, as a file, after a reload, and at a full context."""

import json
from pathlib import Path

from selenium.webdriver.common.keys import Keys


def edit_first(page, text):
    page.js("document.querySelector('.question .tools').style.opacity = 1")
    page.click_labelled("Edit question", ".question")
    field = page.find(".question textarea")
    field.clear()
    field.send_keys(text + Keys.ENTER)


def titles(page):
    return texts(page, "#conversations .title")


def texts(page, selector):
    """Of all at once: the list may be made anew at any moment."""
    return page.js("return [...document.querySelectorAll(arguments[0])].map((element) => element.textContent)", selector)


def names_and_finds_conversations(page, server, events):
    page.open()
    server.answers["another name"] = ["Four five six."]
    page.ask("short")
    page.finished()
    edit_first(page, "another name")
    page.wait(lambda: titles(page) == ["another name"], "an edited first question renames the conversation")
    page.finished()
    page.click_labelled("Earlier version", ".question")
    page.wait(lambda: titles(page) == ["short"], "and its earlier version does so again")
    page.click_labelled("Rename “short”", "#conversations")
    page.driver.switch_to.active_element.send_keys(Keys.CONTROL, "a")
    page.driver.switch_to.active_element.send_keys("Counting" + Keys.ENTER)
    page.wait(lambda: titles(page) == ["Counting"] and page.text("#title") == "Counting", "a name of its own")
    page.click_labelled("Later version", ".question")
    page.wait(lambda: "Four" in page.text(".answer"), "the later version")
    assert page.text("#title") == "Counting", "a name that was given stays"
    page.reload()
    assert page.text("#title") == "Counting"
    page.click("#new-chat")
    page.ask("short")
    page.finished()
    page.wait(lambda: texts(page, "#conversations h2") == ["Today"] and len(titles(page)) == 2, "both are of today")
    page.type("FOUR six", into="#search")
    page.wait(lambda: titles(page) == ["Counting"], "what was said is found, in any case and order")
    page.type(" eleven", into="#search")
    page.wait(lambda: "No conversation has these words." in page.text("#sidebar"), "nothing is found")
    page.find("#search").send_keys(Keys.ESCAPE)
    page.wait(lambda: len(titles(page)) == 2, "all of them again")


def moves_conversations_by_file(page, server, events):
    page.open()
    page.ask("short")
    page.finished()
    page.click("#open-settings")
    page.click_text("Export all conversations", "#settings-content")
    path = page.wait(lambda: [file for file in Path(page.downloads).glob("kongur-*.json")], "the file is saved")[0]
    file = json.loads(path.read_text())
    assert len(file["conversations"]) == 1 and file["conversations"][0]["nodes"][1]["text"] == "One two three."
    bring = lambda value: (path.write_text(value if isinstance(value, str) else json.dumps(value)),
                           page.find("#import-file").send_keys(str(path)))
    bring(file)
    page.wait(lambda: "New conversations: 0." in page.text("#toast"), "what is there already is not doubled")
    old = json.loads(json.dumps(file["conversations"][0]))
    old |= {"id": "old", "title": "An old one", "isNamed": True, "updated": 1_600_000_000_000}
    changed = file["conversations"][0] | {"title": "Changed elsewhere", "isNamed": True}
    bring(file | {"conversations": [old, changed]})
    page.wait(lambda: sorted(titles(page)) == ["An old one", "Changed elsewhere", "short"], "others are added, and nothing is replaced")
    assert texts(page, "#conversations h2") == ["Today", "September 2020"]
    message = {"id": "a", "parent": "top", "role": "user", "text": ""}
    again = {"id": "x", "nodes": [message, message | {"parent": "a"}], "chosen": {"top": "a", "a": "a"}}
    for damaged in ["no JSON", {"format": "other"}, *(
        file | {"conversations": [one]} for one in [None, {"id": "x"}, {"id": "../", "nodes": []}, {"id": "x", "nodes": [7]}, again])]:
        bring(damaged)
        page.wait(lambda: "no conversations of this page" in page.text("#toast"), "a file that is none is refused")
        page.js("document.getElementById('toast').replaceChildren()")
    assert len(titles(page)) == 3
    path.unlink()


def goes_on_after_a_reload(page, server, events):
    """What had come stays, with its time and tokens, and the answer can be continued where it ended."""
    page.open()
    server.answers["endless"].insert(20, 0.3)
    page.ask("endless")
    page.wait(lambda: "goes on" in page.text(".answer"), "the answer begins")
    page.wait(lambda: page.driver.execute_async_script("""
        const done = arguments[0];
        indexedDB.open("kongur").onsuccess = ({ target }) => target.result.transaction("conversations").objectStore("conversations")
            .getAll().onsuccess = (event) => { target.result.close(); done(event.target.result[0]?.nodes[1]?.stats?.tokens > 0); };
    """), "it is kept while it comes")
    page.reload()
    page.wait(lambda: "closed during" in page.text(".answer .notice"), "it says why the answer ends")
    thought = page.text(".thinking summary")
    assert " 0.0 s" not in thought and "43 tokens" in thought, thought
    assert "≈" in page.text(".answer .figures") and "tokens/s" not in page.text(".answer .figures"), page.text(".answer .figures")
    begun = "<think>\n" + "Let me think. First, $x^2$ is convex. " * 6 + " \n</think>\n\nIt goes on "
    server.answers[begun] = ["and ends.", {"predicted_per_second": 50.0}]
    page.click_text("Continue", ".answer .tools")
    page.wait(lambda: "It goes on and ends." in page.text(".answer"), "the answer goes on where it ended")
    page.finished()
    request = server.asked[-1]
    assert request["continue_final_message"] is True and request["add_generation_prompt"] is False, request
    assert request["messages"][-1] == {"role": "assistant", "content": begun} and len(page.all(".answer")) == 1
    assert "43 tokens" in page.text(".thinking summary") and "1/" not in page.text(".answer .tools")


def says_what_to_do_when_the_context_is_full(page, server, events):
    page.open()
    server.answers["too long"] = (400, {}, {"error": {"message": "too long", "code": "context_length_exceeded"}})
    page.ask("short")
    page.finished()
    page.ask("too long")
    page.wait(lambda: "Edit an earlier question" in page.text("#messages .fault"), "it says what to do")
    assert not page.accessibility_faults(page.axe)
    server.answers["too long"] = ["It fits.", {"total_tokens": 1024}, "length"]
    page.click_text("Ask in a new conversation", ".fault")
    page.wait(lambda: "It fits." in page.text(".answer"), "it is asked in a new conversation")
    assert [message["content"] for message in server.asked[-1]["messages"]] == ["too long"]
    page.finished()
    assert "context of 1,024 tokens is full" in page.text(".answer .notice"), page.text(".answer")
    page.click_text("Edit question", ".fault")
    page.wait(lambda: page.all(".question textarea"), "the question is edited")
    # A limit that was set is another matter.
    server.answers["limited"] = ["It goes", {"total_tokens": 40}, "length"]
    page.open()
    page.ask("limited")
    page.finished()
    assert "maximum length" in page.text(".answer .notice") and "Continue" in page.text(".answer .tools")


def draws_another_answer_anew(page, server, events):
    page.open(seed=7)
    page.wait(lambda: page.text("#model") == "pebble", "the server is known")
    page.ask("short")
    page.finished()
    first = server.asked[-1]
    assert first["seed"] == 7 and "temperature" not in first
    for count in [2, 3]:
        page.click_labelled("Answer again", ".answer")
        page.wait(lambda: f"{count}/{count}" in page.text(".answer .versions"), "another answer")
        page.finished()
    seeds = {request["seed"] for request in server.asked[-2:]}
    assert len(seeds) == 2 and 7 not in seeds, seeds
    # The model is greedy where nothing is said: the same answer would come again.
    assert all(request["temperature"] > 0 for request in server.asked[-2:]) and "temperature 0.7" in page.text(".answer .figures")


CHECKS = [
    names_and_finds_conversations, moves_conversations_by_file, goes_on_after_a_reload, says_what_to_do_when_the_context_is_full,
    draws_another_answer_anew,
]
