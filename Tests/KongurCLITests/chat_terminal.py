"""Talks with `kongur chat` in a terminal as a person does, key by key, and looks at the screen: chat_terminal.py PROGRAM

The model is one of a server of its own, which answers slowly where it is asked to, and else says what it heard. Every wait is for
what must come, up to a minute; nothing is measured.
"""

import fcntl
import http.server
import json
import os
import pty
import re
import select
import signal
import stat
import struct
import sys
import tempfile
import termios
import threading
import time
import unicodedata

PATIENCE = 60
COLUMNS = 60


class Model(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.reply("application/json", [json.dumps({"object": "list", "data": [{"id": "stub", "object": "model"}]})])

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        said = body["messages"][-1]["content"]
        self.reply("text/event-stream", self.events(said, len(body["messages"])))

    def events(self, said, messages):
        deltas = [{"reasoning_content": "hm "}] * 3
        ticks = {"slow": 10_000, "a while": 40}.get(said, 0)
        deltas += [{"content": f"tick {number} "} for number in range(ticks)]
        deltas += [{"content": f"{messages}: {said!r}"}]
        for delta in deltas:
            yield "data: " + json.dumps({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}) + "\n\n"
            time.sleep(0.02)
        yield "data: [DONE]\n\n"

    def reply(self, kind, pieces):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        try:
            for piece in pieces:
                self.wfile.write(piece.encode())
                self.wfile.flush()
        except OSError:
            pass


class Screen:
    """As much of a terminal as the program uses."""

    def __init__(self):
        self.rows, self.row, self.column, self.raw = [[]], 0, 0, ""

    def feed(self, text):
        self.raw += text
        for part in re.findall(r"\x1b\[[?0-9;]*[A-Za-z]|.", text, re.S):
            if part == "\r":
                self.column = 0
            elif part == "\n":
                self.row += 1
                while len(self.rows) <= self.row:
                    self.rows.append([])
            elif part == "\b":
                self.column = max(0, self.column - 1)
            elif part[0] == "\x1b":
                self.command(part[2:-1], part[-1])
            else:
                self.put(part)

    def command(self, parameters, final):
        count = int(parameters) if parameters.isdigit() else 1
        if final == "A":
            self.row = max(0, self.row - count)
        elif final == "C":
            self.column += count
        elif final == "J" and parameters == "":
            del self.rows[self.row][self.column:]
            del self.rows[self.row + 1:]
        elif final == "K" and parameters == "2":
            self.rows[self.row] = []
        elif final not in "hlm":
            raise SystemExit(f"the program sent a command that this terminal does not know: {parameters}{final}")

    def put(self, character):
        width = 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if self.column + width > COLUMNS:
            # What the program left to the terminal to break.
            self.feed("\r\n")
        row = self.rows[self.row]
        row.extend(" " * (self.column + width - len(row)))
        row[self.column:self.column + width] = [character] + [""] * (width - 1)
        self.column += width

    @property
    def lines(self):
        return ["".join(row).rstrip() for row in self.rows]


class Chat:
    def __init__(self, program, url, home, *arguments, **environment):
        self.screen = Screen()
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            names = {"HOME": home, "TERM": "xterm", "PATH": os.environ["PATH"], **environment}
            os.execve(program, [program, "chat", "--server", url, *arguments], names)
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
        self.expect(lambda: self.screen.lines[-1] == ">")

    def expect(self, is_met):
        deadline = time.monotonic() + PATIENCE
        while not is_met():
            ready, _, _ = select.select([self.terminal], [], [], 0.1)
            if ready:
                try:
                    self.screen.feed(os.read(self.terminal, 65536).decode())
                except OSError:
                    raise SystemExit("the program has ended:\n" + "\n".join(self.screen.lines)) from None
            elif time.monotonic() > deadline:
                raise SystemExit("this is on the screen instead:\n" + "\n".join(self.screen.lines))

    def press(self, keys, *rows):
        """Types, and waits until these are the last rows of the screen."""
        os.write(self.terminal, keys.encode())
        self.expect(lambda: self.screen.lines[-len(rows):] == list(rows))

    def ask(self, keys, answer):
        os.write(self.terminal, keys.encode())
        self.expect(lambda: self.screen.lines[-1] == ">" and any(answer in line for line in self.screen.lines))

    def end(self):
        os.write(self.terminal, b"\x04")
        while True:
            try:
                if not os.read(self.terminal, 65536):
                    break
            except OSError:
                break
        _, status = os.waitpid(self.process, 0)
        if status != 0:
            raise SystemExit(f"Ctrl-D ended it with {status}")


def main():
    program = sys.argv[1]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Model)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    left, right, up, down, delete = "\x1b[D", "\x1b[C", "\x1b[A", "\x1b[B", "\x1b[3~"
    with tempfile.TemporaryDirectory() as home:
        chat = Chat(program, url, home)
        # Editing within a line, and the same line again with the arrow keys.
        chat.press("12 + 8?", "> 12 + 8?")
        chat.press(left + left + delete + "7", "> 12 + 7?")
        chat.ask("\r", "1: '12 + 7?'")
        assert any(line.startswith("thought for ") for line in chat.screen.lines), chat.screen.lines
        chat.press(up, "> 12 + 7?")
        chat.press("\x01What is \x05!", "> What is 12 + 7?!")
        chat.press("\x17\x17" + down, ">")
        chat.press(up + "\x0b", "> 12 + 7?")
        chat.press("\x15", ">")
        # Wide characters: 2 columns of the prompt and 29 characters fill a row.
        chat.press("中" * 29, "> " + "中" * 29, "")
        chat.press("文字", "> " + "中" * 29, "文字")
        chat.press(left + "国", "> " + "中" * 29, "文国字")
        chat.press("\x7f" * 3, "> " + "中" * 28 + "字")
        # Ctrl-C empties the line, and ends nothing.
        chat.press("\x03", ">")
        chat.press("\x03", "kongur: note: /bye or Ctrl-D ends the conversation", ">")
        # Several lines: by key, by backslash, by pasting; the arrow keys move among them.
        chat.press("a\x1b\rb", "> a", ". b")
        chat.press(up + "x" + down + "y", "> ax", ". by")
        chat.ask("\\\rc\r", r"3: 'ax\nby\nc'")
        chat.press("\x1b[200~one\r\n\ttwo\x1b]0;title\x07\x1b[201~", "> one", ".     two]0;title")
        chat.press(up * 5, "> 12 + 7?")
        chat.press(down, "> ax", ". by", ". c")
        chat.press(down, "> one", ".     two]0;title")
        chat.press("\x03", ">")
        # Ctrl-C stops an answer, and what was said before it stays.
        os.write(chat.terminal, b"slow\r")
        chat.expect(lambda: any("tick 3" in line for line in chat.screen.lines))
        assert termios.tcgetattr(chat.terminal)[3] & termios.ECHO, "the terminal is not as it was while an answer comes"
        chat.press("\x03", "stopped", ">")
        chat.ask("/clear\rhello\r", "1: 'hello'")
        # What is typed while an answer comes is said after it.
        os.write(chat.terminal, b"a while\r")
        chat.expect(lambda: any("tick 0" in line for line in chat.screen.lines[-3:]))
        chat.ask("ahead\r", "'ahead'")
        # A key of many bytes that means nothing, and bytes that are no text.
        os.write(chat.terminal, b"\x1b[15;5~\x1b[<0;1;1M\xff\xc3(")
        chat.press("ok", "> (ok")
        chat.press("\x03", ">")
        chat.end()
        path = os.path.join(home, ".local/state/kongur/chat-history")
        kept = [json.loads(line) for line in open(path)]
        assert kept == ["12 + 7?", "ax\nby\nc", "slow", "/clear", "hello", "a while", "ahead"], kept
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600

        # The next conversation has them, and one that keeps nothing adds nothing. Colours only where they are wanted.
        again = Chat(program, url, home, "--show-thinking")
        again.press(up + up + up, "> hello")
        again.ask("\r", "1: 'hello'")
        assert "\x1b[2mhm" in again.screen.raw, again.screen.raw
        again.end()
        kept.append("hello")
        plain = Chat(program, url, home, "--no-history", "--show-thinking", NO_COLOR="1")
        plain.press(up, ">")
        plain.ask("nothing kept\r", "1: 'nothing kept'")
        assert "\x1b[2m" not in plain.screen.raw and "hm hm" in plain.screen.raw
        plain.end()
        assert len(list(open(path))) == len(kept)
        # A terminal that knows no commands gets none.
        dumb = Chat(program, url, home, TERM="dumb")
        dumb.ask("hello\n", "1: 'hello'")
        assert "\x1b" not in dumb.screen.raw, dumb.screen.raw
        dumb.end()
    server.shutdown()


if __name__ == "__main__":
    main()
