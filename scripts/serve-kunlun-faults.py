#!/usr/bin/env python3
"""A Kunlun device fails under `kongur serve`, with each code that is known, and no client may see half an answer.

The device is the tests' stand-in for the vendor's libraries, built here, whose call number N answers the code or never
comes back. Clients ask all the while, streamed or not, at temperature 0. Each must get the whole answer that a sound
device gives, or an error in OpenAI's shape; a server that cannot start must say the code and end by itself; and one that
started must still end when it is told to. Then the same on two devices, one of which fails: what it was at goes on on the
other, and every client must get its whole answer. Needs Python and clang.

    scripts/serve-kunlun-faults.py [--at 1000,5000] [--codes 705,808,hang] [--devices xpu xpu:0,xpu:1]
"""

import http.client
import json
import os
import subprocess
import tempfile
import threading
from collections import Counter

import serving

STANDINS = os.path.join(serving.ROOT, "Tests/KunlunBackendTests/StandIn")
LIBRARIES = {"KONGUR_XPURT": "standin_xpurt", "KONGUR_XPUML": "standin_xpuml", "KONGUR_KUNLUN_OPS": "standin_ops"}
# The runtime's, and some of the operating system's below.
CODES = [4, 12, 16, *range(701, 721), *range(800, 818), 999]
# Those after which the stand-in's device never works again.
STICKY = [713, 714, 715, 808]
# What the stand-in takes for a call that never comes back.
HANG = 9999
CLIENTS = 4


def build(folder):
    """The stand-in's libraries, as the variables that name them."""
    names = {}
    for variable, source in LIBRARIES.items():
        names[variable] = os.path.join(folder, f"lib{source}.so")
        command = ["clang", "-O2", "-std=c11", "-shared", "-fPIC", "-I", os.path.join(serving.ROOT, "Sources/CKunlun/include")]
        command += ["-o", names[variable], os.path.join(STANDINS, f"{source}.c"), "-lm", "-lpthread"]
        subprocess.run(command, check=True)
    return names


def ask(port, prompt, stream):
    """What a client sees: ("answer", text), ("error", message), or what is wrong with it as ("broken", why)."""
    body = {"model": "model", "max_tokens": 24, "temperature": 0, "stream": stream}
    body["messages"] = [{"role": "user", "content": prompt}]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=180)
    try:
        connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
        response = connection.getresponse()
        data = response.read().decode()
    except (OSError, http.client.HTTPException) as error:
        return "broken", f"{type(error).__name__}: {error}"
    finally:
        connection.close()
    try:
        return whole(response.status, data, stream)
    except (ValueError, KeyError, IndexError, TypeError) as error:
        return "broken", f"{type(error).__name__}: {error} in status {response.status}, {data[:300]!r}"


def whole(status, data, stream):
    if status != 200:
        return "error", json.loads(data)["error"]["message"]
    if not stream:
        choice = json.loads(data)["choices"][0]
        if choice["finish_reason"] not in ["stop", "length"]:
            return "broken", f"it ended because of {choice['finish_reason']}"
        message = choice["message"]
        return "answer", (message.get("reasoning_content") or "") + (message.get("content") or "")
    text, reason = "", None
    events = [line[len("data: ") :] for line in data.splitlines() if line.startswith("data: ")]
    for event in events:
        if event == "[DONE]":
            break
        event = json.loads(event)
        if "error" in event:
            return "error", event["error"]["message"]
        for choice in event["choices"]:
            delta = choice["delta"]
            text += (delta.get("reasoning_content") or "") + (delta.get("content") or "")
            reason = choice["finish_reason"] or reason
    if events[-1] != "[DONE]" or reason not in ["stop", "length"]:
        return "broken", f"the stream ended without an end: {data[-300:]!r}"
    return "answer", text


def question(number, round):
    """What client `number` asks: always something else, since known answers come from the server's cache."""
    return f"What is {number + 2} * {round + 11}?"


def clients(port, rounds):
    """What clients see that ask `rounds` times each: (prompt, stream, kind, text)."""
    seen = []

    def client(number):
        for round in range(rounds):
            asked, stream = question(number, round), (number + round // 2) % 2 == 0
            seen.append((asked, stream, *ask(port, asked, stream)))

    threads = [threading.Thread(target=client, args=[number]) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen


def end(server):
    """Ends a server and returns what is wrong with its end."""
    server.terminate()
    try:
        status = server.process.wait(60)
    except subprocess.TimeoutExpired:
        return ["the server did not end within 60 s of SIGTERM"]
    return [f"the server ended with status {status}: {server.logged()[-500:]}"] if status else []


def lost_devices(server):
    _, metrics = server.get("/metrics")
    return sum(line.startswith("kongur_device_up{") and line.endswith(" 0") for line in metrics.splitlines())


def says(code, text):
    return "did not come back" in text if code == HANG else str(code) in text


def run(options, devices, code, at, answers, rounds, counts):
    """One server with one fault; returns what is wrong."""
    os.environ["STANDIN_FAIL_AT"], os.environ["STANDIN_FAIL_CODE"] = str(at), str(code)
    # A busy machine is no hanging card.
    os.environ["KONGUR_XPU_TIMEOUT"] = "5" if code == HANG else "100"
    try:
        server = serving.Server(options, "--device", devices, *FLAGS)
    except SystemExit as refusal:
        counts["did not start"] += 1
        text = str(refusal)
        return [] if says(code, text) and "Fatal" not in text else [f"no clear refusal to start: {text[-500:]}"]
    faults = []
    with server:
        errors = []
        for asked, stream, kind, text in clients(server.port, rounds):
            if kind == "answer" and text != answers[asked]:
                kind, text = "broken", f"not the answer of a sound device: {text!r}"
            counts[kind] += 1
            if kind == "error" and "," in devices:
                kind, text = "broken", f"an error, although another device was there: {text}"
            if kind == "broken":
                faults.append(f"{asked!r}{', streamed' if stream else ''}: {text}")
            if kind == "error":
                errors.append(text)
        if errors and not any(says(code, text) for text in [*errors, server.logged()]):
            faults.append(f"no error says {code}: {errors[0]}")
        counts["with errors" if errors else "without errors"] += 1
        if server.process.poll() is not None:
            faults.append(f"the server had ended with status {server.process.returncode}: {server.logged()[-500:]}")
        else:
            lost = lost_devices(server)
            counts["lost a device"] += lost
            if not errors and not lost and code in STICKY:
                faults.append("the fault never came: --at is beyond what the clients ask for")
            faults += end(server)
    return faults


FLAGS = ["--log-level", "error", "--cache-mib", "64"]


def main():
    parser = serving.arguments(__doc__)
    parser.add_argument("--at", default="1000,5000", help="numbers of the call that fails")
    parser.add_argument("--codes", help="codes, and `hang`; all where not given")
    parser.add_argument("--devices", nargs="+", default=["xpu", "xpu:0,xpu:1"], help="devices of a server, each in turn")
    parser.add_argument("--rounds", type=int, default=6, help="requests of each client")
    options = parser.parse_args()
    codes = [*CODES, HANG]
    if options.short:
        codes = [705, 716, 714, 808, HANG]
    if options.codes:
        codes = [HANG if code == "hang" else int(code) for code in options.codes.split(",")]
    report, wrong = {}, []
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(build(folder), KONGUR_XPU_TIMEOUT="100")
        os.environ.pop("STANDIN_FAIL_AT", None)
        with serving.Server(options, "--device", "xpu", *FLAGS) as server:
            answers = {}
            for asked in [question(number, round) for number in range(CLIENTS) for round in range(options.rounds)]:
                kind, answers[asked] = ask(server.port, asked, False)
                if kind != "answer":
                    serving.finish({}, [f"a sound device does not answer: {answers[asked]}"])
            wrong += end(server)
        for devices in options.devices:
            for at in [int(at) for at in options.at.split(",")]:
                counts = report.setdefault(f"{devices}, call {at}", Counter())
                for code in codes:
                    name = f"{'hang' if code == HANG else code} at call {at} of {devices}"
                    faults = run(options, devices, code, at, answers, options.rounds, counts)
                    wrong += [f"{name}: {fault}" for fault in faults]
    serving.finish(report, wrong)


main()
