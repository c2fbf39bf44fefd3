#!/usr/bin/env python3
"""Kills `kongur serve` with SIGKILL while it works on a batch, again and again, and counts the results.

Sends a file of 1,000 lines, starts a batch, and ends the server as a crash does at random moments: while it validates, while
lines are answered, while the output is written. Each time it is started again with the same folder. In the end there must
be exactly one result for each line, the counts must never go back, and lines that ask the same must have the same answer.
Then `kongur batch` is killed and started again in the same way. Starts servers of its own. Needs Python alone.

    scripts/serve-batch-kill.py [--lines 1000] [--kills 8] [--seed N]
"""

import json
import os
import random
import signal
import subprocess
import tempfile
import time

import serving


def questions(count, chance):
    """Lines of a batch, most of them alike, and some that are wrong."""
    lines = []
    for number in range(count):
        body = {"model": "model", "max_tokens": chance.choice([1, 8, 24]), "temperature": 0}
        if number % 20 == 7:
            body["temperature"] = 9
        body["messages"] = [{"role": "user", "content": f"What is {chance.randrange(20)} + {chance.randrange(20)}?"}]
        lines.append({"custom_id": f"line-{number}", "method": "POST", "url": "/v1/chat/completions", "body": body})
    return lines


def check(lines, results, faults, what):
    """Each line has one result, which is the one that lines of this kind have."""
    names = [result["custom_id"] for result in results]
    if sorted(names) != sorted(line["custom_id"] for line in lines):
        faults.append(f"{what}: {len(names)} results of {len(set(names))} lines, and not {len(lines)}")
        return
    asked, answers = {line["custom_id"]: line["body"] for line in lines}, {}
    for result in results:
        body = asked[result["custom_id"]]
        if result["response"]["status_code"] != (200 if body["temperature"] == 0 else 400):
            faults.append(f"{what}: {body} got {result}")
            return
        if body["temperature"] == 0:
            answer = json.dumps(result["response"]["body"]["choices"], sort_keys=True)
            if answers.setdefault(json.dumps(body), answer) != answer:
                faults.append(f"{what}: {body} has two answers: {answer} and {answers[json.dumps(body)]}")
                return


def killed_server(options, chance, lines, faults):
    """Returns how many results there were at each kill."""
    seen, done = [], 0
    with tempfile.TemporaryDirectory() as folder:
        flags = ["--batch-folder", folder, "--log-level", "error"]
        batch = None
        for kill in range(options.kills + 1):
            with serving.Server(options, *flags) as server:
                if batch is None:
                    file, batch = server.start_batch(lines, "/v1/chat/completions")
                # The first ones may come while the file is validated, the last one when nearly all is done.
                target = chance.randrange(len(lines)) * (kill + 1) // (options.kills + 1)
                while True:
                    state = json.loads(server.call("GET", f"/v1/batches/{batch}"))
                    counts = state["request_counts"]
                    now = counts["completed"] + counts["failed"]
                    if now < done:
                        faults.append(f"{done} results became {now} when the server was killed")
                    done = max(done, now)
                    if state["status"] not in ("validating", "in_progress", "finalizing"):
                        break
                    if kill < options.kills and now >= target:
                        time.sleep(chance.random() * 0.1)
                        break
                    time.sleep(0.005)
                seen.append(now)
                if kill < options.kills:
                    os.kill(server.process.pid, signal.SIGKILL)
                    continue
                if state["status"] != "completed" or counts["total"] != len(lines):
                    faults.append(f"the batch ended as {state}")
                    return seen
                results = []
                for name in ("output_file_id", "error_file_id"):
                    content = server.call("GET", f"/v1/files/{state[name]}/content")
                    results += [json.loads(line) for line in content.splitlines()]
                check(lines, results, faults, "kongur serve")
                faults += server.end()
                kept = sorted(os.listdir(os.path.join(folder, "files")))
                if kept != sorted([file, state["output_file_id"], state["error_file_id"]]):
                    faults.append(f"files are left over: {kept}")
    return seen


def killed_command(options, chance, lines, faults):
    """The same for `kongur batch`."""
    seen = []
    with tempfile.TemporaryDirectory() as folder:
        source, output = os.path.join(folder, "lines.jsonl"), os.path.join(folder, "results.jsonl")
        with open(source, "w") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
        model = [options.model] if options.model else []
        command = [options.program, "batch", source, *model, "-o", output, "--model-name", "model"]
        held = lambda: open(output, "rb").read().count(b"\n") if os.path.exists(output) else 0
        for kill in range(options.kills):
            process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
            target = chance.randrange(len(lines)) * (kill + 1) // (options.kills + 1)
            while held() < target and process.poll() is None:
                time.sleep(0.005)
            process.kill()
            process.wait()
            seen.append(held())
        process = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=600)
        if process.returncode != 1:
            # Some lines are wrong.
            faults.append(f"kongur batch ended with status {process.returncode}: {process.stderr}")
        with open(output) as file:
            check(lines, [json.loads(line) for line in file], faults, "kongur batch")
    return seen


def main():
    parser = serving.arguments(__doc__)
    parser.add_argument("--lines", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=8)
    options = parser.parse_args()
    if options.short:
        options.lines, options.kills = 200, 3
    chance = random.Random(options.seed)
    lines, faults = questions(options.lines, chance), []
    start = time.monotonic()
    report = {"seed": options.seed, "lines": options.lines}
    report["results_at_kills"] = killed_server(options, chance, lines, faults)
    report["results_at_kills_of_the_command"] = killed_command(options, chance, lines, faults)
    report["seconds"] = round(time.monotonic() - start, 1)
    serving.finish(report, faults)


main()
