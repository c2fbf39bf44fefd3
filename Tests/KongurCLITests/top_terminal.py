"""Runs `kongur top` by a shell in a terminal of 10 times 60 that becomes 50 times 120, and then presses Ctrl-C; prints what
was written before and after, and at the end.

    top_terminal.py PROGRAM
"""

import fcntl
import os
import pty
import struct
import sys
import termios
import time

pid, terminal = pty.fork()
if pid == 0:
    # A terminal whose first process is gone loses what was written to it.
    command = 'trap : INT; "$0" top --interval 0.2; echo "status $?"; sleep 2'
    os.execv("/bin/sh", ["sh", "-c", command, sys.argv[1]])
def resize(rows, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
def until(enough):
    text, end = b"", time.time() + 100
    while time.time() < end and not enough(text):
        text += os.read(terminal, 65536)
    return text.decode()
home = b"\x1b[H"
resize(10, 60)
small = until(lambda text: text.count(home) > 3)
resize(50, 120)
large = until(lambda text: b"--server URL" in text.split(home)[-1])
os.write(terminal, b"\x03")
end = until(lambda text: b"status" in text and text.endswith(b"\n"))
print(ascii([small, large, end]))
