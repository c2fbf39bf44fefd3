#!/usr/bin/env python3
"""Sends `kongur serve` requests that are wrong in every way, and looks at each answer.

For every route: valid bodies with one member after the other replaced by what it must not be, left out, repeated or
unknown; then several at once, at random; then bodies that are no JSON, no UTF-8, too deep, too long, cut short or of
another type, and heads that are wrong. Every answer must be 2xx, or 4xx with an error in OpenAI's form that names the
member which is wrong; none may take long. In the end the server must live, with nothing running and every block free.
Starts a server of its own. Needs Python alone.

    scripts/serve-fuzz.py [--random 2000] [--seed N]
"""

import http.client
import json
import random
import re
import socket
import tempfile
import threading
from collections import Counter
from queue import Empty, Queue

import serving

TEXT = {"model": "model", "max_tokens": 3, "temperature": 0}
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
TOOL = {"type": "function", "function": {"name": "f", "description": "d", "parameters": SCHEMA, "strict": True}}
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"}}
SAMPLING = {
    "top_p": 0.9, "top_k": 5, "min_p": 0.1, "repetition_penalty": 1.1, "presence_penalty": 0.5, "frequency_penalty": 0.5,
    "seed": 1, "logit_bias": {"1": 1}, "stop": ["a", "b"], "n": 2, "user": "u", "min_tokens": 1, "ignore_eos": False,
    "priority": -1, "max_completion_tokens": 3,
}
CONVERSATION = [
    {"role": "system", "content": "s"}, {"role": "user", "content": [{"type": "text", "text": "u"}], "name": "n"},
    {"role": "assistant", "content": "a", "reasoning_content": "r"}, {"role": "user", "content": "u"},
]

# Valid bodies for each route; those that a server refuses as they are, such as of a route that it does not have, are left out.
BODIES = {
    "/v1/completions": [
        TEXT | SAMPLING | {"prompt": "a", "logprobs": 2},
        TEXT | {"prompt": ["a", "b"], "stream": True, "stream_options": {"include_usage": True}, "echo": False},
        TEXT | {"prompt": [1, 2, 3], "best_of": 1, "n": 1, "suffix": ""},
        TEXT | {"prompt": [[1, 2], [3]]},
    ],
    "/v1/chat/completions": [
        TEXT | SAMPLING | {"messages": CONVERSATION, "logprobs": True, "top_logprobs": 2, "include_reasoning": True},
        TEXT | {"messages": CONVERSATION, "stream": True, "stream_options": {"include_usage": True}},
        TEXT | {
            "messages": CONVERSATION,
            "response_format": {"type": "json_schema", "json_schema": {"name": "n", "strict": True, "schema": SCHEMA}},
        },
        TEXT | {"messages": CONVERSATION, "response_format": {"type": "json_object"}},
        TEXT | {
            "messages": CONVERSATION, "guided_choice": ["yes", "no"], "stop_token_ids": [1], "bad_words": ["x"],
            "logit_bias": [[2, -1.5], [3, False]], "skip_special_tokens": False, "include_stop_str_in_output": True,
        },
        TEXT | {"messages": CONVERSATION, "structured_outputs": {"regex": "[a-c]{1,3}"}, "reasoning": {"effort": "none"}},
        TEXT | {"messages": CONVERSATION, "allowed_token_ids": [5, 6, 7], "mirostat": 0, "echo": False, "metadata": {}},
        TEXT | {
            "messages": [*CONVERSATION, {"role": "assistant", "content": "I"}], "continue_final_message": True,
            "add_generation_prompt": False,
        },
        TEXT | {
            "messages": [
                CONVERSATION[3], {"role": "assistant", "tool_calls": [CALL]},
                {"role": "tool", "tool_call_id": "c", "content": "1"},
            ],
            "tools": [TOOL], "tool_choice": "auto", "parallel_tool_calls": False,
        },
        TEXT | {"messages": CONVERSATION, "thinking_token_budget": 2, "reasoning_effort": "low", "chat_template_kwargs": {}},
    ],
    "/v1/responses": [
        {"model": "model", "input": "a", "max_output_tokens": 16, "temperature": 0, "instructions": "i", "store": False},
        {
            "model": "model", "max_output_tokens": 16, "stream": True, "text": {"format": {"type": "text"}},
            "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "a"}]}],
            "reasoning": {"effort": "low"}, "metadata": {"a": "b"}, "truncation": "disabled", "previous_response_id": None,
        },
        {
            "model": "model", "input": "a", "max_output_tokens": 16, "tool_choice": "auto",
            "tools": [{"type": "function", "name": "f", "parameters": SCHEMA, "strict": True}],
        },
    ],
    "/tokenize": [
        {"model": "model", "prompt": "a b", "add_special_tokens": True}, {"model": "model", "messages": CONVERSATION},
    ],
    "/detokenize": [{"model": "model", "tokens": [1, 2, 3]}],
}

# As they stand in JSON: Python has no way to write some of them.
VALUES = [
    "null", "true", "false", "0", "-1", "1", "2", "0.5", "1e400", "-1e400", "NaN", "Infinity", "1e-400", "-0",
    "9223372036854775807", "9223372036854775808", "-9223372036854775809", "1" + "0" * 400, "3.0", "1e3", '""', '"a"',
    '"\\u0000"', '"\\ud800"', '"\\udfff\\ud800"', '"\\uffff"', '"<think>"', '"<|im_start|>system"', '"{{ 1 }}"',
    json.dumps("a" * 100_000), json.dumps("\U0001F600" * 5000), json.dumps("\u202e\u0007\u009b"), "[]", "{}", "[[]]",
    "[null]", '[""]', "[{}]", '{"a": {}}', "[1, \"a\"]", "[" * 100 + "]" * 100, "[" * 5000 + "]" * 5000,
    '{"a":' * 5000 + "1" + "}" * 5000, "[" + "0," * 20_000 + "0]", '[{"role": "user"}]', '{"type": "object"}',
    '{"$ref": "#"}', '{"pattern": "(a+)+$"}', '{"enum": []}', '{"minItems": 1e9}', '"../../etc/passwd"', "'a'", "1.", "+1",
    "01", "0x1",
]


class Raw(str):
    """JSON text that stands for itself."""


def encode(value):
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)}: {encode(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(encode, value)) + "]"
    return json.dumps(value)


def places(value, path=()):
    """The paths of everything in a body, the body itself left out."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else []
    for key, item in items:
        yield (*path, key)
        yield from places(item, (*path, key))


def changed(value, path, change):
    """The value with what is at the path put through `change`, which may return `None` to leave it out."""
    if not path:
        return change(value)
    copy = value.copy() if isinstance(value, (dict, list)) else value
    new = changed(value[path[0]], path[1:], change)
    if new is None:
        del copy[path[0]]
    else:
        copy[path[0]] = new
    return copy


def systematic(route, bodies):
    """Requests that are wrong in one place, and the member of the body in which that is."""
    for body in bodies:
        yield route, encode(body).encode(), None
        for path in places(body):
            for value in VALUES:
                yield route, encode(changed(body, path, lambda _: Raw(value))).encode(), path[0]
            yield route, encode(changed(body, path, lambda _: None)).encode(), path[0]
        for name in body:
            # The same name twice, and a name that nobody knows.
            text = encode(body)
            yield route, (text[:-1] + f', {json.dumps(name)}: null}}').encode(), None
            yield route, (text[:-1] + f', "x-{name}": {encode(body[name])}}}').encode(), None


def scrambled(chance, route, bodies):
    """A request that is wrong in some places, or whose bytes are."""
    body = chance.choice(bodies)
    for _ in range(chance.randrange(1, 4)):
        path, value = chance.choice(list(places(body))), Raw(chance.choice(VALUES))
        body = changed(body, path, lambda _: value)
    data = bytearray(encode(body).encode())
    for _ in range(chance.choice([0, 0, 1, 3])):
        at = chance.randrange(len(data))
        data[at : at + chance.randrange(3)] = bytes(chance.randrange(256) for _ in range(chance.randrange(3)))
    return route, bytes(data), None


def readable(text):
    """Whether a text is JSON, for which Python would also take NaN."""
    try:
        json.loads(text, parse_constant=not_json)
        return True
    except (ValueError, RecursionError):
        return False


def not_json(name):
    raise ValueError(name)


def bodies_of_bytes(route):
    """Bodies that are no JSON object."""
    for data in [
        b"", b" ", b"\0", b"{", b"}", b"null", b"[]", b"1", b'"a"', b"{}", b"{}{}", b"{} x", b"\xff\xfe{\0}\0",
        b"\xef\xbb\xbf{}", b'{"model": "\xff"}', b'{"model": "\xed\xa0\x80"}', b'{"model": "\xc0\x80"}', b"[" * 1_000_000,
        b'{"a":' * 200_000, b'{"a": "' + b"x" * 900_000 + b'"}', b'{"a": ' + b"9" * 900_000 + b"}",
        b"{" + b",".join(b'"%d": 0' % n for n in range(60_000)) + b"}", b"\x1f\x8b\x08\0", b'{"\\u0000": 0}',
        b"--x\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nmodel\r\n--x--", b"model=model&prompt=a",
    ]:
        yield route, data, None


def heads(route):
    """Whole requests as bytes, with a head that is wrong or unusual."""
    good = encode(BODIES[route][0]).encode()
    line = f"POST {route} HTTP/1.1\r\nHost: localhost\r\n".encode()
    sized = line + b"Content-Length: %d\r\n" % len(good)
    for data in [
        sized + b"Content-Type: text/plain\r\n\r\n" + good,
        sized + b"Content-Type: application/json; charset=utf-16\r\n\r\n" + good,
        sized + b"Content-Encoding: gzip\r\n\r\n" + good,
        sized + b"Authorization: Bearer \xff\xff\r\n\r\n" + good,
        sized + b"Accept: text/html\r\nExpect: 100-continue\r\n\r\n" + good,
        sized + b"X-Request-Id: " + b"\x80" * 300 + b"\r\n\r\n" + good,
        sized.replace(b"localhost", b"evil.example") + b"\r\n" + good,
        line + b"\r\n",
        line + b"Content-Length: -1\r\n\r\n" + good,
        line + b"Content-Length: 1x\r\n\r\n" + good,
        line + b"Content-Length: 99999999999999999999\r\n\r\n" + good,
        line + b"Content-Length: 999999999\r\n\r\n" + good,
        line + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n" + good,
        line + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + good,
        line + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(good), good),
        line + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        line + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        sized + b"\r\n" + good[:10],
        line.replace(b"POST", b"GET") + b"\r\n",
        line.replace(b"POST", b"DELETE") + b"\r\n",
        line.replace(b"POST", b"P\x00ST") + b"\r\n",
        line.replace(b"HTTP/1.1", b"HTTP/9.9") + b"\r\n",
        line.replace(route.encode(), b"/%ff%00/../.." + b"a" * 5000) + b"\r\n",
    ]:
        yield data


class Fuzzer:
    # Members that other members' limits depend on: an error may name either.
    RELATED = {
        "stream": {"stream_options"}, "logprobs": {"top_logprobs"}, "n": {"best_of", "prompt"}, "prompt": {"n", "messages"},
        "best_of": {"n"}, "max_tokens": {"min_tokens"}, "max_completion_tokens": {"min_tokens"},
        "messages": {"prompt"}, "tools": {"tool_choice", "messages", "input"}, "response_format": {"ignore_eos"},
        "min_tokens": {"response_format"}, "instructions": {"input"},
    }

    def __init__(self, port):
        self.port = port
        self.faults, self.statuses = [], Counter()
        self.local = threading.local()

    def fault(self, what, route, data, answer=b""):
        self.faults.append(f"{what}\n    {route} {data[:600]!r}\n    {answer[:300]!r}")

    def ask(self, route, data):
        """The status and the body of the answer."""
        for attempt in range(2):
            connection = getattr(self.local, "connection", None)
            is_fresh = connection is None
            if is_fresh:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            self.local.connection = None
            try:
                connection.request("POST", route, data, {"Content-Type": "application/json"})
                response = connection.getresponse()
                answer = response.status, response.read()
                if not response.will_close:
                    self.local.connection = connection
                return answer
            except (http.client.RemoteDisconnected, ConnectionError):
                # A connection that was kept may have been closed in the meantime.
                if is_fresh or attempt:
                    raise

    def check(self, route, data, member):
        try:
            status, answer = self.ask(route, data)
        except (OSError, http.client.HTTPException) as error:
            return self.fault(f"no answer: {error!r}", route, data)
        self.statuses[status] += 1
        self.judge(route, data, status, answer)
        if status == 400 and member:
            error = json.loads(answer)["error"]
            named = error.get("param")
            root = re.match(r"\w*", named or "")[0]
            is_json = readable(data.decode()) and "is not JSON" not in error["message"]
            is_long = error["code"] == "context_length_exceeded"  # of whatever is part of the prompt
            if is_json and not is_long and root != member and root not in self.RELATED.get(member, ()):
                self.fault(f"the error is about {named}, not about {member}", route, data, answer)

    def judge(self, route, data, status, answer):
        if 400 <= status < 500:
            try:
                error = json.loads(answer)["error"]
                good = all(isinstance(error[name], str) and error[name] for name in ["message", "type"])
                good = good and {"param", "code"} <= error.keys()
            except (ValueError, KeyError, TypeError):
                good = False
            if not good:
                self.fault(f"{status} without an error in OpenAI's form", route, data, answer)
        elif not 200 <= status < 300 and b'"memory_full"' not in answer:
            # A machine that is slow may have several of the longest bodies at once, and says so.
            self.fault(f"status {status}", route, data, answer)
        elif answer.startswith((b"data:", b"event:")):
            if b'"server_error"' in answer or not answer.endswith((b"[DONE]\n\n", b"}\n\n")):
                self.fault("a stream that breaks off", route, data, answer[-300:])
        elif not readable(answer.decode(errors="replace")):
            self.fault("an answer that is no JSON", route, data, answer)

    def check_head(self, data):
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as client:
            try:
                client.sendall(data)
                client.shutdown(socket.SHUT_WR)
                answer = b""
                while piece := client.recv(65536):
                    answer += piece
            except TimeoutError:
                return self.fault("a connection that is not closed", "", data)
            except OSError:
                answer = b""
        answer = answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
        # A server may close a connection on which no HTTP is spoken without a word.
        if match := re.match(rb"HTTP/1\.1 (\d+)", answer):
            self.statuses[int(match[1])] += 1
            # 501 is for a transfer coding that the server does not know, 505 for another version (RFC 9112 6.1, RFC 9110 15.6.6).
            if not 200 <= int(match[1]) < 500 and match[1] not in (b"501", b"505"):
                self.fault("a head that is wrong", "", data, answer)

    def run(self, requests, threads=6):
        queue = Queue()
        for request in requests:
            queue.put(request)

        def work():
            while True:
                try:
                    request = queue.get_nowait()
                except Empty:
                    return
                self.check(*request)

        workers = [threading.Thread(target=work) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()


def main():
    parser = serving.arguments(__doc__)
    parser.add_argument("--random", type=int, default=2000, help="requests that are wrong in several places")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    folder = tempfile.TemporaryDirectory()
    flags = ["--max-sequences", "8", "--log-level", "error", "--batch-folder", folder.name]
    with folder, serving.Server(options, *flags) as server:
        fuzzer = Fuzzer(server.port)
        # What batches are of has no line that can be asked: they end at once.
        file, _ = server.start_batch([{}], "/v1/completions")
        BODIES["/v1/batches"] = [
            {
                "input_file_id": file, "endpoint": "/v1/completions", "completion_window": "24h", "metadata": {"a": "b"},
                "output_expires_after": {"anchor": "created_at", "seconds": 3600},
            }
        ]
        routes, refused = {}, []
        for route, bodies in BODIES.items():
            for body in bodies:
                status, answer = fuzzer.ask(route, encode(body).encode())
                if status == 200:
                    routes.setdefault(route, []).append(body)
                else:
                    refused.append(f"{route}: {json.loads(answer)['error']['message']}")
        requests = [request for route, bodies in routes.items() for request in systematic(route, bodies)]
        if options.short:
            requests = chance.sample(requests, 1200)
        for _ in range(200 if options.short else options.random):
            route = chance.choice(list(routes))
            requests.append(scrambled(chance, route, routes[route]))
        for route in [*routes, "/v1/files"]:
            requests += bodies_of_bytes(route)
        chance.shuffle(requests)
        fuzzer.run(requests)
        for route in routes:
            for data in heads(route):
                fuzzer.check_head(data)
        faults = fuzzer.faults
        if left := server.left_after(2):
            faults.append(f"left: {left}")
        if server.get("/health/live")[0] != 200:
            faults.append("the server is not live")
        faults += server.end()
    report = {
        "seed": options.seed, "routes": {route: len(bodies) for route, bodies in routes.items()},
        "valid_but_refused": refused, "requests": len(requests), "faults": len(faults),
        "statuses": {str(status): count for status, count in sorted(fuzzer.statuses.items())},
    }
    serving.finish(report, faults[:20])


main()
