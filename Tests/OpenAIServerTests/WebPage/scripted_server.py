"""Stands before a real server: every request is the server's, but chat completions are answered by a script.

The bundled model cannot write formulas, code or attacks; a script can, piece by piece and under control.
"""

import http.client
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class ScriptedServer(ThreadingHTTPServer):
    """`answers` gives what to answer to the last message of a request:

    a list of pieces (text; ("think", text); a number of seconds to wait; a threading.Event to wait for; a dictionary of timings
    or the total of tokens; "length" last for an answer that was cut), or a tuple of status, headers and a JSON body. What is not
    in it goes to the real server. `models` is what `/v1/models` lists in the place of the server's own.
    """

    daemon_threads = True

    def __init__(self, upstream, answers):
        super().__init__(("127.0.0.1", 0), Handler)
        self.upstream = upstream
        self.answers = answers
        self.asked = []
        self.models = None
        self.gone = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request, client_address):
        pass  # Browsers drop connections as they like.


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path == "/v1/models" and self.server.models:
            return self.refuse(200, {}, {"object": "list", "data": self.server.models})
        self.forward(None)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/v1/chat/completions":
            request = json.loads(body)
            self.server.asked.append(request)
            answer = self.server.answers.get(request["messages"][-1]["content"])
            if isinstance(answer, list):
                return self.stream(answer)
            if answer is not None:
                return self.refuse(*answer)
        self.forward(body)

    def refuse(self, status, headers, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": len(data), **headers}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(data)

    def stream(self, pieces):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        count = {"content": 0, "reasoning_content": 0}
        reason, figures = "stop", {"predicted_per_second": 100.0, "predicted_ms": 500.0}
        if pieces[-1:] == ["length"]:
            reason, pieces = "length", pieces[:-1]
        try:
            for piece in pieces:
                if isinstance(piece, (int, float)):
                    time.sleep(piece)
                elif isinstance(piece, threading.Event):
                    while not piece.wait(0.05):
                        self.send(": keep-alive\n\n")
                elif piece is None:
                    return  # The connection breaks.
                elif isinstance(piece, dict):
                    figures = dict(piece)
                else:
                    name, text = ("reasoning_content", piece[1]) if isinstance(piece, tuple) else ("content", piece)
                    count[name] += 1
                    self.send_event({"choices": [{"index": 0, "delta": {name: text}, "finish_reason": None}]})
            self.send_event({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
            total = figures.pop("total_tokens", 20 + sum(count.values()))
            self.send_event({"choices": [], **({"timings": figures} if figures else {}), "usage": {
                "prompt_tokens": 20,
                "completion_tokens": sum(count.values()),
                "total_tokens": total,
                "prompt_tokens_details": {"cached_tokens": 16},
                "completion_tokens_details": {"reasoning_tokens": count["reasoning_content"]},
            }})
            self.send("data: [DONE]\n\n")
        except OSError:
            self.server.gone.set()

    def send_event(self, fields):
        self.send(f"data: {json.dumps({'id': 'scripted', 'model': 'scripted', **fields})}\n\n")

    def send(self, text):
        self.wfile.write(text.encode())
        self.wfile.flush()

    def forward(self, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.upstream, timeout=60)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
            connection.request(self.command, self.path, body, headers)
            response = connection.getresponse()
        except OSError:
            self.close_connection = True
            return
        self.send_response(response.status)
        for name, value in response.getheaders():
            if name.lower() not in ("connection", "transfer-encoding", "date", "server"):
                self.send_header(name, value)
        if response.getheader("Content-Length") is None and response.status != 304:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        while chunk := response.read1(65536):
            self.wfile.write(chunk)
            self.wfile.flush()
        connection.close()
