"""ONNX Runtime GenAI, in the forms int8 and int4 (groups of 32) that its model builder makes; see worker.py."""

import shutil
import sys

import numpy as np
import onnxruntime_genai as og

from common import PROMPT, run_tool, seconds, vocabulary_size


def prepare(checkpoint, cache, form, threads):
    folder = cache / form
    if not (folder / "genai_config.json").exists():
        new = cache / f"{form}.new"
        shutil.rmtree(new, ignore_errors=True)
        command = [
            sys.executable, "-m", "onnxruntime_genai.models.builder", "-i", checkpoint, "-o", new, "-p", form, "-e", "cpu",
            "-c", cache / "temporary", "--extra_options", "block_size=32", "accuracy_level=4", "hf_token=false",
        ]
        run_tool(command)
        new.rename(folder)
    return folder


class Model:
    def __init__(self, path, checkpoint, threads, context):
        self.vocabulary = vocabulary_size(checkpoint)
        config = og.Config(str(path))
        config.overlay(
            '{"model": {"decoder": {"session_options": {"intra_op_num_threads": %d}}}}' % threads
        )
        self.model = og.Model(config)

    def prompt(self, count):
        run = self.generator(1, count + 1)
        ids = self.tokens(1, count)

        def read():
            run.append_tokens(ids)
            run.generate_next_token()

        return seconds(read)

    def generate(self, count, batch):
        run = self.generator(batch, PROMPT + 1 + count)
        run.append_tokens(self.tokens(batch, PROMPT))
        run.generate_next_token()

        def steps():
            for _ in range(count):
                run.generate_next_token()

        return seconds(steps)

    def generator(self, batch, length):
        parameters = og.GeneratorParams(self.model)
        parameters.set_search_options(batch_size=batch, max_length=length, min_length=length, do_sample=False)
        return og.Generator(self.model, parameters)

    def tokens(self, rows, count):
        return np.random.randint(self.vocabulary, size=(rows, count)).astype(np.int32)
