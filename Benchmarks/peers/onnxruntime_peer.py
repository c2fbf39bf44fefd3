"""ONNX Runtime GenAI: python onnxruntime_worker.py CHECKPOINT CACHE int8|int4 THREADS"""

import json
import pathlib
import subprocess
import sys

import onnxruntime_genai as og

from worker import PROMPT, seconds, serve, tokens

checkpoint, cache, form, threads = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
vocabulary = json.loads((checkpoint / "config.json").read_text())["vocab_size"]
folder = cache / form
if not (folder / "genai_config.json").exists():
    command = [sys.executable, "-m", "onnxruntime_genai.models.builder", "-i", str(checkpoint), "-o", str(folder), "-p", "int4", "-e", "cpu"]
    options = ["int4_block_size=32", "int4_accuracy_level=4"] + (["int4_algo_config=rtn_last"] if form == "int8" else [])
    subprocess.run(command + ["--extra_options"] + options, check=True, stdout=sys.stderr)
path = folder / "genai_config.json"
settings = json.loads(path.read_text())
settings["model"]["decoder"]["session_options"]["intra_op_num_threads"] = threads
path.write_text(json.dumps(settings))
model = og.Model(str(folder))


def generator(batch, length):
    parameters = og.GeneratorParams(model)
    parameters.set_search_options(batch_size=batch, max_length=length, min_length=length, do_sample=False)
    return og.Generator(model, parameters)


def prompt(count):
    run = generator(1, count + 8)
    ids = [tokens(count, vocabulary)]
    return seconds(lambda: run.append_tokens(ids))


def generate(count, batch):
    run = generator(batch, PROMPT + count + 8)
    run.append_tokens([tokens(PROMPT, vocabulary) for _ in range(batch)])
    run.generate_next_token()

    def steps():
        for _ in range(count):
            run.generate_next_token()

    return seconds(steps)


serve(prompt, generate)
