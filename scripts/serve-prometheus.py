#!/usr/bin/env python3
"""A real Prometheus that scrapes a server, and whether the dashboard and the alert rules get numbers from it.

Takes Deploy/prometheus as it is but for the address, the file of the key and the intervals, with a server that wants a key. While clients
ask, ask again, leave, and ask too much at once, every query of the dashboard's panels, and what every alert rule compares, must give
numbers; then the server is killed, and the alert KongurDown must fire. Needs prometheus and promtool.

    scripts/serve-prometheus.py [--short]
"""

import http.client
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

import serving

DEPLOY = os.path.join(serving.ROOT, "Deploy")
KEY = "a-key-for-this-run"


class Prometheus:
    """Prometheus with the configuration of Deploy, in a folder of its own."""

    def __init__(self, port):
        self.folder = tempfile.TemporaryDirectory()
        path = self.folder.name
        shutil.copy(os.path.join(DEPLOY, "prometheus/alerts.yml"), path)
        with open(os.path.join(DEPLOY, "prometheus/prometheus.yml")) as file:
            text = file.read()
        for given, own in [
            ("kongur:8000", f"127.0.0.1:{port}"), ("/run/secrets/kongur_api_key", f"{path}/key"),
            ("scrape_interval: 5s", "scrape_interval: 1s"), ("evaluation_interval: 15s", "evaluation_interval: 1s"),
        ]:
            assert given in text, f"{given} is not in prometheus.yml"
            text = text.replace(given, own)
        for name, content in [("prometheus.yml", text), ("key", KEY)]:
            with open(os.path.join(path, name), "w") as file:
                file.write(content)
        subprocess.run(["promtool", "check", "config", f"{path}/prometheus.yml"], check=True, stdout=subprocess.DEVNULL)
        self.port = serving.free_port()
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={path}/prometheus.yml", f"--storage.tsdb.path={path}/data",
             f"--web.listen-address=127.0.0.1:{self.port}"],
            stdout=subprocess.DEVNULL, stderr=open(f"{path}/log", "w"),
        )
        deadline = time.monotonic() + 60
        while True:
            try:
                self.get("/api/v1/rules")
                return
            except (OSError, ValueError):
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit("Prometheus did not start: " + open(f"{path}/log").read()[-2000:]) from None
                time.sleep(0.1)

    def get(self, path, **query):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path + "?" + urllib.parse.urlencode(query))
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def numbers(self, query):
        """What a query gives now; a fault of the query as text."""
        answer = self.get("/api/v1/query", query=query)
        if answer["status"] != "success":
            return answer["error"]
        return [number for sample in answer["data"]["result"] if not math.isnan(number := float(sample["value"][1]))]

    def end(self):
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()


class Client(threading.Thread):
    """Asks, sometimes what was asked before, and sometimes leaves, until it is told to stop."""

    def __init__(self, port, number, stop):
        super().__init__()
        self.port, self.number, self.stop = port, number, stop

    def run(self):
        turn = 0
        while not self.stop.is_set():
            turn += 1
            body = {
                "model": "model", "stream": turn % 2 == 0, "max_tokens": 100, "temperature": 0 if turn % 4 else 1,
                "messages": [{"role": "user", "content": f"What is {turn % 7 * self.number} + {turn % 3}?"}],
            }
            headers = {"Content-Type": "application/json", "Authorization": f"Bearer {KEY}"}
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
                connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
                response = connection.getresponse()
                if turn % 5:
                    response.read()
                else:
                    response.read1(1)
                connection.close()
            except (OSError, http.client.HTTPException):
                time.sleep(0.1)


def panel_queries():
    with open(os.path.join(DEPLOY, "grafana/dashboards/kongur.json")) as file:
        dashboard = json.load(file)
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            query = target["expr"].replace("$__rate_interval", "30s").replace("$instance", ".*")
            yield f"panel '{panel['title']}': {target['legendFormat'] or target['refId']}", query


def rule_queries(prometheus):
    """What each rule compares, each comparison alone, so that it gives a number also where nothing is wrong."""
    rules = [rule for group in prometheus.get("/api/v1/rules")["data"]["groups"] for rule in group["rules"]]
    for rule in rules:
        for part in re.split(r" and ", rule["query"]):
            compared = re.sub(r"\s*(==|!=|>=|<=|>|<)\s*[0-9.e+-]+$", "", part.strip())
            assert compared != part.strip(), f"{part} compares nothing"
            yield f"alert {rule['name']}: {compared}", compared.replace("[5m]", "[30s]").replace("[2m]", "[30s]")


def unhealthy_rules(prometheus):
    groups = prometheus.get("/api/v1/rules")["data"]["groups"]
    return [
        f"alert {rule['name']} is {rule['health']}: {rule.get('lastError')}"
        for group in groups for rule in group["rules"] if rule["health"] != "ok"
    ]


def without_numbers(prometheus, queries):
    faults = []
    for name, query in queries:
        numbers = prometheus.numbers(query)
        if not numbers or isinstance(numbers, str):
            faults.append(f"{name} has no number: {numbers or query}")
    return faults


def wait(patience, faults):
    """The faults that are left when none is, or when the time is over."""
    deadline = time.monotonic() + patience
    while (left := faults()) and time.monotonic() < deadline:
        time.sleep(1)
    return left


def main():
    options = serving.arguments(__doc__).parse_args()
    for program in ["prometheus", "promtool"]:
        shutil.which(program) or sys.exit(f"{program} is not installed")
    os.environ["KONGUR_API_KEY"] = KEY
    limits = ["--max-sequences", "4", "--max-queued-requests", "2"]
    server = serving.Server(options, *limits)
    prometheus = Prometheus(server.port)
    stop = threading.Event()
    clients = [Client(server.port, number, stop) for number in range(1, 13)]
    try:
        for client in clients:
            client.start()
        queries = list(panel_queries()) + list(rule_queries(prometheus))
        faults = wait(120, lambda: without_numbers(prometheus, queries) + unhealthy_rules(prometheus))
        zero = [name for name, query in queries if not any(prometheus.numbers(query))]
        stop.set()
        for client in clients:
            client.join()
        server.process.kill()
        server.process.wait()
        expected = "pending" if options.short else "firing"

        def state():
            alerts = {alert["labels"]["alertname"]: alert["state"] for alert in prometheus.get("/api/v1/alerts")["data"]["alerts"]}
            is_there = alerts.get("KongurDown") in (expected, "firing")
            return [] if is_there else [f"KongurDown is not {expected}: {alerts}"]

        faults += wait(180, state)
    finally:
        stop.set()
        server.process.kill()
        prometheus.end()
    serving.finish({"queries": len(queries), "zero_at_the_end": zero, "KongurDown": expected if not faults else "?"}, faults)


if __name__ == "__main__":
    main()
