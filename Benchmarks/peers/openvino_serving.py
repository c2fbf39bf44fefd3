"""OpenVINO's continuous batching under clients: python openvino_serving.py MODEL CHECKPOINT THREADS CLIENTS

MODEL is a folder that openvino_peer.py made, CHECKPOINT one with the tokenizer. Answers lines of standard input,
`REQUESTS PROMPT GENERATE`, with a line of JSON: each of so many clients asks anew as soon as it is answered. There is no
server between: a client is a handle of the pipeline, which does what a server of one process could not do faster.
"""

import json
import os
import pathlib
import random
import statistics
import sys
import tempfile
import time

import numpy as np
import openvino
import openvino_genai
import openvino_tokenizers
from transformers import AutoTokenizer

from common import vocabulary_size


def tokenizer(checkpoint):
    with tempfile.TemporaryDirectory() as folder:
        models = openvino_tokenizers.convert_tokenizer(AutoTokenizer.from_pretrained(checkpoint), with_detokenizer=True)
        for model, name in zip(models, ["openvino_tokenizer.xml", "openvino_detokenizer.xml"]):
            openvino.save_model(model, pathlib.Path(folder) / name)
        return openvino_genai.Tokenizer(folder)


class Client:
    def __init__(self, handle, start):
        self.handle, self.start, self.first, self.last, self.tokens = handle, start, None, None, 0

    def take(self, now):
        while self.handle.can_read():
            for output in self.handle.read().values():
                self.tokens += len(output.generated_ids)
                self.first, self.last = self.first or now, now

    def is_done(self):
        return self.handle.get_status() != openvino_genai.GenerationStatus.RUNNING


def measure(pipeline, clients, vocabulary, requests, prompt, generate):
    config = openvino_genai.GenerationConfig(max_new_tokens=generate, ignore_eos=True)
    config.do_sample = False
    asked, tokens, firsts, later, active = 0, 0, [], [], []
    begin = time.perf_counter()
    while active or asked < requests:
        while asked < requests and len(active) < clients:
            ids = np.array([[random.randrange(vocabulary) for _ in range(prompt)]], np.int64)
            handle = pipeline.add_request(asked, openvino.Tensor(ids), config)
            active.append(Client(handle, time.perf_counter()))
            asked += 1
        pipeline.step()
        now = time.perf_counter()
        for client in active:
            client.take(now)
        for client in [client for client in active if client.is_done()]:
            active.remove(client)
            tokens += client.tokens
            firsts.append(1000 * (client.first - client.start))
            later.append(1000 * (client.last - client.first) / max(1, client.tokens - 1))
    if tokens != requests * generate:
        raise RuntimeError(f"OpenVINO wrote {tokens} tokens where {requests * generate} were asked for")
    return {
        "tokens_per_s": tokens / (time.perf_counter() - begin), "ttft_ms": statistics.median(firsts),
        "token_ms": statistics.median(later),
    }


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # libraries print where they like
    model, checkpoint, threads, clients = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    scheduler = openvino_genai.SchedulerConfig()
    scheduler.cache_size = 1  # GB
    scheduler.max_num_seqs = clients
    pipeline = openvino_genai.ContinuousBatchingPipeline(
        model, tokenizer(checkpoint), scheduler, "CPU", INFERENCE_NUM_THREADS=threads
    )
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        result = measure(pipeline, clients, vocabulary_size(checkpoint), *map(int, line.split()))
        print(json.dumps(result), file=answers, flush=True)


if __name__ == "__main__":
    main()
