#!/usr/bin/env python3
"""Writes the man page from what the program says of itself: scripts/man-page.py .build/release/kongur > kongur.1"""

import json
import subprocess
import sys


def escape(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    # A line that begins with one of these would be a command of the formatter.
    return "\n".join("\\&" + line if line.startswith((".", "'")) else line for line in text.splitlines())


def names(argument):
    value = argument.get("valueName", "")
    if argument["kind"] == "positional":
        return f"\\fI{escape(value)}\\fR"
    parts = [f"\\fB{escape(('--' if name['kind'] == 'long' else '-') + name['name'])}\\fR" for name in argument["names"]]
    return ", ".join(parts) + (f" \\fI{escape(value)}\\fR" if argument["kind"] == "option" else "")


def described(argument):
    text = argument.get("abstract", "")
    if argument.get("discussion"):
        text += "\n" + argument["discussion"]
    if argument.get("defaultValue") and argument["kind"] == "option":
        text += f" (default: {argument['defaultValue']})"
    return escape(text)


def shown(things):
    return [thing for thing in things or [] if thing.get("shouldDisplay", True)]


def command_section(command):
    lines = [f".SS kongur {command['commandName']}", escape(command.get("abstract", ""))]
    for paragraph in filter(None, command.get("discussion", "").split("\n\n")):
        lines += [".PP", escape(paragraph.strip())]
    for argument in shown(command.get("arguments")):
        if argument.get("names", [{}])[0].get("name") in ("help", "version"):
            continue
        lines += [".TP", names(argument), described(argument)]
    for inner in shown(command.get("subcommands")):
        lines += command_section({**inner, "commandName": f"{command['commandName']} {inner['commandName']}"})
    return lines


def main():
    program = sys.argv[1] if len(sys.argv) == 2 else sys.exit(__doc__)
    ask = lambda *arguments: subprocess.run([program, *arguments], check=True, capture_output=True, text=True).stdout
    kongur = json.loads(ask("--experimental-dump-help"))["command"]
    lines = [
        f'.TH KONGUR 1 "" "kongur {escape(ask("--version").strip())}" "User Commands"',
        ".SH NAME", f"kongur \\- {escape(kongur['abstract'].rstrip('.'))}",
        ".SH SYNOPSIS", ".B kongur", "\\fIcommand\\fR [\\fIarguments\\fR]",
        ".SH COMMANDS",
    ]
    for inner in shown(kongur["subcommands"]):
        if inner["commandName"] != "help":
            lines += command_section(inner)
    lines += [
        ".SH ENVIRONMENT",
        ".TP", ".B KONGUR_CACHE", "The folder of compiled and pulled models; ~/.cache/kongur where not given.",
        ".TP", ".B KONGUR_MODELS", "The folder that holds the bundled model, where it is not beside the program.",
        ".TP", ".B KONGUR_\\fISETTING\\fR", "A setting of \\fBkongur serve\\fR, as KONGUR_PORT for \\-\\-port.",
        ".SH EXIT STATUS", "0 when all went well, 1 when it did not, 2 for wrong arguments or input.",
    ]
    print("\n".join(lines))


if __name__ == "__main__":
    main()
