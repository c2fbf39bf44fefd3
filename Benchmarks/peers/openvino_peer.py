"""OpenVINO, in the forms int8 (per channel) and int4 (groups of 128) that Optimum exports; see worker.py."""

import pathlib
import sys

import numpy as np
import openvino

from common import PROMPT, run_tool, seconds, vocabulary_size


def prepare(checkpoint, cache, form, threads):
    folder = cache / form
    if not (folder / "openvino_model.xml").exists():
        command = [
            pathlib.Path(sys.executable).with_name("optimum-cli"), "export", "openvino", "--model", checkpoint, "--task",
            "text-generation-with-past", "--weight-format", form, folder,
        ]
        run_tool(command + (["--group-size", "128", "--ratio", "1.0"] if form == "int4" else []))
    return folder


class Model:
    def __init__(self, path, checkpoint, threads, context):
        self.vocabulary = vocabulary_size(checkpoint)
        settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
        compiled = openvino.Core().compile_model(path / "openvino_model.xml", "CPU", settings)
        self.request = compiled.create_infer_request()

    def prompt(self, count):
        self.request.reset_state()
        ids = self.tokens(1, count)
        return seconds(lambda: self.step(ids, 0))

    def generate(self, count, batch):
        self.request.reset_state()
        drawn = self.step(self.tokens(batch, PROMPT), 0)

        def steps():
            nonlocal drawn
            for index in range(count):
                drawn = self.step(drawn, PROMPT + index)

        return seconds(steps)

    def tokens(self, rows, count):
        return np.random.randint(self.vocabulary, size=(rows, count))

    def step(self, ids, past):
        """One step of [batch, sequence] after `past` tokens; the next token of each row, [batch, 1]."""
        rows, count = ids.shape
        self.request.infer({
            "input_ids": ids, "attention_mask": np.ones((rows, past + count), np.int64),
            "position_ids": np.tile(np.arange(past, past + count), (rows, 1)), "beam_idx": np.arange(rows, dtype=np.int32),
        })
        return self.request.get_tensor("logits").data[:, -1].argmax(-1)[:, None]
