"""OpenVINO: python openvino_worker.py CHECKPOINT CACHE int8|int4 THREADS"""

import json
import pathlib
import subprocess
import sys

import numpy as np
import openvino

from worker import PROMPT, seconds, serve, tokens

checkpoint, cache, form, threads = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
vocabulary = json.loads((checkpoint / "config.json").read_text())["vocab_size"]
folder = cache / form
if not (folder / "openvino_model.xml").exists():
    command = [
        str(pathlib.Path(sys.executable).with_name("optimum-cli")), "export", "openvino", "--model", str(checkpoint), "--task",
        "text-generation-with-past", "--weight-format", form, str(folder),
    ]
    subprocess.run(command + (["--group-size", "128", "--ratio", "1.0"] if form == "int4" else []), check=True, stdout=sys.stderr)
settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
request = openvino.Core().compile_model(folder / "openvino_model.xml", "CPU", settings).create_infer_request()


def step(ids, past):
    """One step of [batch, sequence] after `past` tokens; the last logits."""
    rows, count = ids.shape
    request.infer({
        "input_ids": ids, "attention_mask": np.ones((rows, past + count), np.int64),
        "position_ids": np.tile(np.arange(past, past + count), (rows, 1)), "beam_idx": np.arange(rows, dtype=np.int32),
    })
    return request.get_tensor("logits").data[:, -1]


def prompt(count):
    request.reset_state()
    ids = np.array([tokens(count, vocabulary)])
    return seconds(lambda: step(ids, 0))


def generate(count, batch):
    request.reset_state()
    drawn = step(np.array([tokens(PROMPT, vocabulary) for _ in range(batch)]), 0).argmax(-1)[:, None]

    def steps():
        nonlocal drawn
        for index in range(count):
            drawn = step(drawn, PROMPT + index).argmax(-1)[:, None]

    return seconds(steps)


serve(prompt, generate)
