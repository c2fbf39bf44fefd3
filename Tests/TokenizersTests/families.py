"""Whole tool loops through the templates of Templates/families, as their families' authors want the conversation.

    families.py FOLDER OUT    OUT/cases.json
"""

import json
import os
import sys

TOOLS = [{"type": "function", "function": {
    "name": "add", "description": "Adds.",
    "parameters": {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "string"}}, "required": ["a"]}}}]
TEXT = "{\"a\":2, \"b\":\"x\"}"
# What the family's own examples give: content of a message with calls, arguments, ids of calls, names of results.
FORMS = {
    "argument-pairs": {"content": ""}, "arguments-as-text": {"arguments": TEXT}, "chatml-thinking": {}, "chatml-tools": {},
    "content-is-none": {"arguments": TEXT, "name": "add"}, "headers-single-call": {}, "inst-short-ids": {"id": "9gD2Dimct"},
    "typed-tools": {},
}


def main(folder, out):
    from transformers.utils.chat_template_utils import _compile_jinja_template

    cases = []
    for name, form in FORMS.items():
        with open(os.path.join(folder, name + ".jinja"), encoding="utf-8") as file:
            template = file.read().removesuffix("\n")
        call_id = form.get("id", "call_1")
        call = {"id": call_id, "type": "function",
                "function": {"name": "add", "arguments": form.get("arguments", json.loads(TEXT))}}
        result = {"role": "tool", "content": "RESULT", "tool_call_id": call_id}
        if "name" in form:
            result["name"] = form["name"]
        messages = [
            {"role": "system", "content": "SYSTEM"}, {"role": "user", "content": "ASK"},
            {"role": "assistant", "content": form.get("content"), "tool_calls": [call]}, result,
            {"role": "assistant", "content": "ANSWER"}, {"role": "user", "content": "NEXT"},
        ]
        text = _compile_jinja_template(template).render(
            messages=messages, tools=TOOLS, documents=None, add_generation_prompt=True, bos_token="<s>", eos_token="</s>")
        cases.append({"name": name, "text": text})
    with open(os.path.join(out, "cases.json"), "w", encoding="utf-8") as file:
        json.dump({"cases": cases, "tools": TOOLS, "arguments": TEXT}, file, ensure_ascii=False)


if __name__ == "__main__":
    os.makedirs(sys.argv[2], exist_ok=True)
    main(*sys.argv[1:])
