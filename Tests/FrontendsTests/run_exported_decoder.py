"""Runs an exported decoder in onnxruntime against the logits and ids that transformers computed.

    python run_exported_decoder.py MODEL.onnx CHECKPOINT
"""

import json
import pathlib
import sys

import numpy
import onnx
import onnxruntime

TOLERANCE = 1e-3


class Decoder:
    def __init__(self, path):
        onnx.checker.check_model(path, full_check=True)
        self.session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        self.past = [i for i in self.session.get_inputs() if i.name.startswith("past_key_values.")]
        self.outputs = [o.name for o in self.session.get_outputs()]
        assert self.outputs == ["logits"] + [i.name.replace("past_key_values", "present") for i in self.past]

    def empty(self, batch):
        return [numpy.zeros((batch, i.shape[1], 0, i.shape[3]), numpy.float32) for i in self.past]

    def __call__(self, ids, past, mask=None, positions=None):
        ids = numpy.asarray(ids, numpy.int64)
        total = past[0].shape[2] + ids.shape[1]
        if mask is None:
            mask = numpy.ones((ids.shape[0], total), numpy.int64)
        if positions is None:
            positions = numpy.broadcast_to(numpy.arange(total - ids.shape[1], total), ids.shape)
        feeds = {"input_ids": ids, "attention_mask": mask, "position_ids": positions.astype(numpy.int64)}
        feeds.update((i.name, value) for i, value in zip(self.past, past))
        logits, *present = self.session.run(None, feeds)
        return logits, present


def compare(what, ours, theirs):
    difference = numpy.abs(ours - theirs).max() / numpy.abs(theirs).max()
    print(f"{what}: largest relative difference {difference:.2e}")
    assert ours.shape == theirs.shape and difference < TOLERANCE, what


def main():
    folder = pathlib.Path(sys.argv[2])
    decoder = Decoder(sys.argv[1])
    expected = json.loads((folder / "expected.json").read_text())
    logits = numpy.load(folder / "expected_logits.npy")
    prompt = expected["logits_prompt_ids"]

    whole, _ = decoder([prompt], decoder.empty(1))
    compare("without past", whole[0], logits)

    first, present = decoder([prompt[:7]], decoder.empty(1))
    second, present = decoder([prompt[7:11]], present)
    third, _ = decoder([prompt[11:]], present)
    compare("with past", numpy.concatenate([first[0], second[0], third[0]]), logits)

    # Two rows, the shorter one padded on the left: the padding must not be seen.
    rows = [[0] * 5 + prompt[:7], prompt]
    mask = numpy.array([[0] * 5 + [1] * 7, [1] * 12])
    positions = numpy.maximum(numpy.cumsum(mask, axis=1) - 1, 0)
    padded, _ = decoder(rows, decoder.empty(2), mask, positions)
    compare("padded", padded[0, 5:], logits[:7])
    compare("beside padding", padded[1], logits)

    step, past = decoder([expected["prompt_ids"]], decoder.empty(1))
    generated = []
    while len(generated) < len(expected["generated_ids"]):
        generated.append(int(step[0, -1].argmax()))
        step, past = decoder([[generated[-1]]], past)
    assert generated == expected["generated_ids"], (generated, expected["generated_ids"])


if __name__ == "__main__":
    main()
