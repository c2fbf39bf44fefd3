"""llama.cpp, in the forms bf16, Q8_0, Q4_0 and Q4_K_M; see worker.py."""

import pathlib
import random
import sys

import llama_cpp as llama
import numpy as np

from common import PROMPT, run_tool, seconds, vocabulary_size


def prepare(checkpoint, cache, form, threads):
    cache.mkdir(parents=True, exist_ok=True)
    source, path = cache / "bf16.gguf", cache / f"{form}.gguf"
    if not path.exists() and not source.exists():
        new = source.with_suffix(".new")
        script = pathlib.Path(__file__).with_name("llama_cpp_gguf.py")
        run_tool([sys.executable, script, checkpoint, new])
        new.rename(source)
    if not path.exists():
        llama.llama_backend_init()
        parameters = llama.llama_model_quantize_default_params()
        parameters.nthread = threads
        parameters.ftype = getattr(llama, f"LLAMA_FTYPE_MOSTLY_{form}")
        new = path.with_suffix(".new")
        if llama.llama_model_quantize(str(source).encode(), str(new).encode(), parameters) != 0:
            raise RuntimeError(f"llama_model_quantize failed on {source}")
        new.rename(path)
    return path


class Model:
    def __init__(self, path, checkpoint, threads, context):
        llama.llama_backend_init()
        self.vocabulary = vocabulary_size(checkpoint)
        self.model = llama.llama_model_load_from_file(str(path).encode(), llama.llama_model_default_params())
        if not self.model:
            raise RuntimeError(f"llama.cpp cannot load {path}")
        parameters = llama.llama_context_default_params()
        parameters.n_ctx = context
        parameters.n_batch = parameters.n_ubatch = 512
        parameters.n_seq_max = min(64, context // PROMPT)  # its own limit; each has a prompt at least
        parameters.n_threads = parameters.n_threads_batch = threads
        parameters.kv_unified = True
        self.context = llama.llama_init_from_model(self.model, parameters)
        if not self.context:
            raise RuntimeError(f"llama.cpp has no memory for a context of {context} tokens")
        self.batch = llama.llama_batch_init(512, 0, 1)

    def prompt(self, count):
        self.clear()
        return seconds(lambda: self.read(self.tokens(count)))

    def generate(self, count, sequences):
        self.clear()
        for sequence in range(sequences):
            self.read(self.tokens(PROMPT), sequence)
        drawn = self.tokens(sequences)

        def steps():
            for step in range(count):
                self.decode([(drawn[s], PROMPT + step, s, True) for s in range(sequences)])
                for s in range(sequences):
                    logits = llama.llama_get_logits_ith(self.context, s)
                    drawn[s] = int(np.ctypeslib.as_array(logits, (self.vocabulary,)).argmax())

        return seconds(steps)

    def tokens(self, count):
        return [random.randrange(self.vocabulary) for _ in range(count)]

    def read(self, prompt, sequence=0):
        for start in range(0, len(prompt), 512):
            chunk = list(enumerate(prompt))[start:start + 512]
            self.decode([(token, position, sequence, position == len(prompt) - 1) for position, token in chunk])

    def decode(self, entries):
        """One step over (token, position, sequence, wants logits)."""
        batch = self.batch
        batch.n_tokens = len(entries)
        for index, (token, position, sequence, wants) in enumerate(entries):
            batch.token[index], batch.pos[index], batch.logits[index] = token, position, wants
            batch.n_seq_id[index], batch.seq_id[index][0] = 1, sequence
        if llama.llama_decode(self.context, batch) != 0:
            raise RuntimeError(f"llama_decode failed on {len(entries)} tokens")
        llama.llama_synchronize(self.context)

    def clear(self):
        llama.llama_memory_clear(llama.llama_get_memory(self.context), True)
