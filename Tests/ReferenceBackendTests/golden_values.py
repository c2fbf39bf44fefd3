"""Writes Golden/*.xir: for each operation of XIR, small programs with inputs and the values that they must give.

The values are computed here with torch in float64 and rounded once, independently of the Swift reference, or written by
hand where torch means something else. A file holds functions; `@f` is run on the constants `f.PARAMETER`, and its results
and states must be the constants `f.expected.NAME`, within the file's relative tolerance.

Run it with a folder to write to; the test compares that folder with Golden.
"""

import math
import pathlib
import sys

import numpy as np
import torch

DTYPES = {
    "f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16, "i8": torch.int8, "u8": torch.uint8,
    "i32": torch.int32, "i64": torch.int64, "bool": torch.bool,
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}
FILES = {}


def tensor(values, element_type="f32", shape=None):
    result = torch.tensor(values, dtype=DTYPES[element_type])
    return result if shape is None else result.reshape(shape)


def random(*shape, seed=0, scale=2.0):
    """Numbers from a linear congruential generator, with three decimals so that they read well."""
    state, values = seed * 7919 + 12345, []
    for _ in range(math.prod(shape)):
        state = (state * 1103515245 + 12345) % 2**31
        values.append(round((state / 2**31 - 0.5) * 2 * scale, 3))
    return tensor(values, shape=shape)


def element(value, dtype):
    if dtype == torch.bool:
        return "true" if value else "false"
    if not dtype.is_floating_point:
        return str(int(value))
    return str(np.float32(value))


def literal(value):
    numbers = (value.float() if value.dtype.is_floating_point else value).reshape(-1).numpy()
    return "[" + ", ".join(element(number, value.dtype) for number in numbers) + "]"


def type_of(value):
    return f"{NAMES[value.dtype]}[{', '.join(str(length) for length in value.shape)}]"


def case(operation, function, inputs, body, expected, states=None, tolerance=None, types=None):
    """Adds a function to an operation's file.

    `types` gives parameters types with symbols in place of those of their values.
    """
    file = FILES.setdefault(operation, {"constants": [], "functions": [], "tolerance": 0.0})
    file["tolerance"] = max(file["tolerance"], tolerance or 0.0)
    parameters = []
    for kind, values in (("input", inputs), ("state", states or {})):
        for name, value in values.items():
            file["constants"].append((f"{function}.{name}", value))
            parameters.append(f"{kind} %{name} : {(types or {}).get(name, type_of(value))}")
    for name, value in expected.items():
        file["constants"].append((f"{function}.expected.{name}", value))
    results = [name for name in expected if name not in (states or {})]
    lines = [f"function @{function}({', '.join(parameters)}) {{"]
    lines += ["    " + line for line in body]
    lines += ["    return" + "".join((" " if i == 0 else ", ") + f"{n} = %{n}" for i, n in enumerate(results)), "}"]
    file["functions"].append("\n".join(lines))


def simple(operation, function, inputs, result, attributes="", tolerance=None, types=None, result_type=None):
    """A function with the one operation."""
    operands = f"({', '.join('%' + name for name in inputs)})" if inputs else ""
    attributes = f" {{{attributes}}}" if attributes else ""
    body = [f"%result = {operation}{operands}{attributes} : {result_type or type_of(result)}"]
    case(operation, function, inputs, body, {"result": result}, tolerance=tolerance, types=types)


# Elements

SPECIAL = tensor([-3, -0.5, -0.0, 0, 0.25, 1, 2.5, 100, math.inf, -math.inf, math.nan])
for name, function in {
    "neg": torch.neg, "abs": torch.abs, "exp": torch.exp, "log": torch.log, "sqrt": torch.sqrt, "rsqrt": torch.rsqrt,
    "reciprocal": torch.reciprocal, "cos": torch.cos, "sin": torch.sin, "tanh": torch.tanh, "erf": torch.erf,
    "sigmoid": torch.sigmoid, "silu": lambda x: x * torch.sigmoid(x),
}.items():
    exact = name in ("neg", "abs", "sqrt", "reciprocal")
    simple(name, "special", {"x": SPECIAL}, function(SPECIAL.double()).float(), tolerance=0 if exact else 1e-6)
    x = random(2, 3, seed=1).abs().half()
    simple(name, "half", {"x": x}, function(x.double()).half(), tolerance=0 if exact else 1e-3)
simple("neg", "wraps", {"x": tensor([-128, 5], "i8")}, tensor([-128, -5], "i8"))
simple("abs", "wraps", {"x": tensor([-128, -5], "i8")}, tensor([-128, 5], "i8"))
simple("not", "main", {"x": tensor([True, False], "bool")}, tensor([False, True], "bool"))


def cast(function, x, result):
    simple("cast", function, {"x": x}, result, f"to = {NAMES[result.dtype]}")


cast("to_integer", tensor([1.9, -1.9, 3e9, -3e9, math.nan, math.inf]),
     tensor([1, -1, 2**31 - 1, -2**31, 0, 2**31 - 1], "i32"))
cast("to_small", tensor([-1, 255.9, 300, 0.5]), tensor([0, 255, 255, 0], "u8"))
cast("wraps", tensor([2**32 + 5, -1, 128], "i64"), tensor([5, -1, -128], "i8"))
cast("to_bool", tensor([0, -0.0, 0.1, math.nan]), tensor([False, False, True, True], "bool"))
cast("from_bool", tensor([True, False], "bool"), tensor([1, 0]))
ties = tensor([1 + 2**-11, 1 + 3 * 2**-11, 65519, 65520, 2**-25, -1e-9])
cast("to_half", ties, ties.half())
ties = tensor([1 + 2**-8, 1 + 3 * 2**-8, 3.4e38, math.nan])
cast("to_bfloat16", ties, ties.bfloat16())
cast("rounds", tensor([2**24 + 1, -(2**24) - 3], "i64"), tensor([2**24, -(2**24) - 4]))

X, Y = tensor([[5], [-7]]), tensor([[2, -3, 0.5]])
HOLES = tensor([1, math.nan, -math.inf]), tensor([math.nan, 2, -1])
for name, function in {
    "add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div, "min": torch.minimum, "max": torch.maximum,
}.items():
    symbols = {"x": "f32[rows, 1]", "y": "f32[1, columns]"}
    result = function(X.double(), Y.double()).float()
    simple(name, "broadcast", {"x": X, "y": Y}, result, types=symbols, result_type="f32[rows, columns]")
    simple(name, "special", {"x": HOLES[0], "y": HOLES[1]}, function(*HOLES))
    x, y = random(4, seed=2).half(), random(4, seed=3).half()
    simple(name, "half", {"x": x, "y": y}, function(x.double(), y.double()).half())
simple("add", "wraps", {"x": tensor([2**31 - 1, 3], "i32"), "y": tensor([1], "i32")}, tensor([-2**31, 4], "i32"))
simple("sub", "wraps", {"x": tensor([0, 250], "u8"), "y": tensor([1, 5], "u8")}, tensor([255, 245], "u8"))
simple("mul", "wraps", {"x": tensor([2**62, 7], "i64"), "y": tensor([4, -6], "i64")}, tensor([0, -42], "i64"))
simple("div", "integers", {"x": tensor([7, -7, 7, 1, -2**31], "i32"), "y": tensor([2, 2, -2, 0, -1], "i32")},
       tensor([3, -3, -3, 0, -2**31], "i32"))
simple("min", "integers", {"x": tensor([7, -7], "i64"), "y": tensor([2], "i64")}, tensor([2, -7], "i64"))
simple("max", "integers", {"x": tensor([7, -7], "i64"), "y": tensor([2], "i64")}, tensor([7, 2], "i64"))
base, power = tensor([2, 2, 9, -2, 0, 4]), tensor([3, -1, 0.5, 3, 0, 1.5])
simple("pow", "main", {"x": base, "y": power}, torch.pow(base.double(), power.double()).float(), tolerance=1e-6)
simple("pow", "integers", {"x": tensor([3, 2, -1, 0, 2], "i32"), "y": tensor([4, -1, -3, 0, 32], "i32")},
       tensor([81, 0, -1, 1, 0], "i32"))

A, B = tensor([1, 2, 3, math.nan, -0.0]), tensor([2, 2, 2, math.nan, 0.0])
for name, function in {
    "equal": torch.eq, "less": torch.lt, "less_equal": torch.le, "greater": torch.gt, "greater_equal": torch.ge,
}.items():
    simple(name, "floats", {"x": A, "y": B}, function(A, B))
    x, y = tensor([[2**53 + 1], [0]], "i64"), tensor([2**53, 2**53 + 1], "i64")
    simple(name, "integers", {"x": x, "y": y}, function(x, y))
P, Q = tensor([[True], [False]], "bool"), tensor([True, False], "bool")
simple("and", "main", {"x": P, "y": Q}, P & Q)
simple("or", "main", {"x": P, "y": Q}, P | Q)
x, y = tensor([[1, 2], [3, 4]]), tensor([-1, -2])
simple("where", "main", {"condition": P, "x": x, "y": y}, torch.where(P, x, y))
x = tensor([2**53 + 1, 5], "i64")
simple("where", "integers", {"condition": Q, "x": x, "y": x * -1}, torch.where(Q, x, -x))

# Linear algebra

x, y = random(2, 1, 2, 3, seed=4), random(2, 3, 2, seed=5)
simple("matmul", "main", {"x": x, "y": y}, (x.double() @ y.double()).float(), tolerance=1e-6)
x, y = random(2, 3, seed=6).half(), random(3, 2, seed=7).half()
simple("matmul", "half", {"x": x, "y": y}, (x.double() @ y.double()).half(), tolerance=1e-3)
x, weight, bias = random(2, 4, seed=8), random(3, 4, seed=9).bfloat16(), random(3, seed=10)
linear = x.double() @ weight.double().T
simple("linear", "main", {"x": x, "weight": weight, "bias": bias}, (linear + bias.double()).float(), tolerance=1e-6,
       types={"x": "f32[tokens, 4]"}, result_type="f32[tokens, 3]")
simple("linear", "without_bias", {"x": x, "weight": weight}, linear.float(), tolerance=1e-6)
half, half_weight = x.half(), weight.half()
linear = half.double() @ half_weight.double().T
simple("linear", "half", {"x": half, "weight": half_weight, "bias": bias}, (linear + bias.double()).half(), "to = f16")
simple("linear", "half_to_single", {"x": half, "weight": half_weight}, linear.float())
table = random(4, 3, seed=11).half()
ids = tensor([[3, 0], [1, 1]], "i64")
simple("embedding", "main", {"ids": ids, "table": table}, table[ids].float())
simple("embedding", "half", {"ids": ids, "table": table}, table[ids], "to = f16")
x, up = random(2, 6, seed=12), random(2, 6, seed=13)
silu = torch.nn.functional.silu
simple("swiglu", "halves", {"x": x}, (silu(x[:, :3].double()) * x[:, 3:].double()).float(), tolerance=1e-6)
simple("swiglu", "two", {"x": x, "up": up}, (silu(x.double()) * up.double()).float(), tolerance=1e-6)
x = x.half()
simple("swiglu", "half", {"x": x}, (silu(x[:, :3].double()) * x[:, 3:].double()).half())

# Quantisation


def quantized(values, group, largest=127):
    """Whole numbers and float16 scales for groups of columns."""
    numbers, scales = [], []
    for start in range(0, values.shape[1], group):
        part = values[:, start:start + group].double()
        scale = (part.abs().amax(dim=1, keepdim=True) / largest).half()
        scales.append(scale)
        numbers.append(torch.round(part / scale.double()).clamp(-largest, largest))
    return torch.cat(numbers, dim=1).to(torch.int8), torch.cat(scales, dim=1)


def quantized_product(x, numbers, scales, group):
    """The product as the specification has it: x in whole numbers too, with a scale of its own in every group."""
    result = torch.zeros(x.shape[0], numbers.shape[0], dtype=torch.float64)
    for index, start in enumerate(range(0, x.shape[1], group)):
        part = x[:, start:start + group]
        scale = part.abs().amax(dim=1, keepdim=True) / 127
        q = torch.where(scale > 0, torch.round(part / scale), 0.0)
        result += (q.double() @ numbers[:, start:start + group].double().T) * scale.double() * scales[:, index].double()
    return result


def panels(packing, numbers, scales, group, order=None):
    """The bytes of the panels of a matrix, whose rows stand in `order`."""
    rows, columns = numbers.shape
    order = list(range(rows)) if order is None else order
    result = []
    for first in range(0, len(order), 32):
        members = (order[first:first + 32] + [None] * 32)[:32]
        for index, start in enumerate(range(0, columns, group)):
            if packing != "bf16":
                halves = [0.0 if row is None else scales[row, index].item() for row in members]
                result += list(torch.tensor(halves, dtype=torch.float16).view(torch.uint8).numpy())
            steps = []
            width = 2 if packing == "bf16" else 4
            for step in range(start, start + group, width):
                for row in members:
                    for column in range(step, step + width):
                        value = numbers[row, column] if row is not None and column < columns else None
                        if packing == "bf16":
                            bits = torch.tensor(0.0 if value is None else value.item()).bfloat16().view(torch.int16).item()
                            steps += [bits & 255, bits >> 8 & 255]
                        else:
                            steps.append(0 if value is None else value.item() + (128 if packing == "int8" else 8))
            if packing == "int4":
                pairs = [steps[i:i + 256] for i in range(0, len(steps), 256)]
                steps = [low | high << 4 for pair in pairs for low, high in zip(pair[:128], pair[128:])]
            result += steps
    count = (len(order) + 31) // 32
    return tensor(result, "u8", (count, len(result) // count))


x, weight, bias = random(3, 20, seed=50), random(5, 20, seed=51), random(5, seed=52)
numbers, scales = quantized(weight, 8)
product = quantized_product(x, numbers, scales, 8)
simple("quantized_linear", "main", {"x": x, "weight": numbers, "scales": scales, "bias": bias},
       (product + bias.double()).float(), "group = 8", tolerance=1e-6, types={"x": "f32[tokens, 20]"},
       result_type="f32[tokens, 5]")
zeros = torch.cat((torch.zeros(1, 20), x[:1]))
simple("quantized_linear", "without_bias", {"x": zeros, "weight": numbers, "scales": scales},
       quantized_product(zeros, numbers, scales, 8).float(), "group = 8", tolerance=1e-6)
half = x.half()
simple("quantized_linear", "half", {"x": half, "weight": numbers, "scales": scales.float(), "bias": bias},
       (quantized_product(half.float(), numbers, scales, 8) + bias.double()).half(), "group = 8, to = f16")
ids = tensor([3, 0, 3], "i32")
rows = numbers.double() * scales.double().repeat_interleave(8, dim=1)[:, :20]
simple("quantized_embedding", "main", {"ids": ids, "table": numbers, "scales": scales}, rows[ids.long()].float(),
       "group = 8", tolerance=1e-6)
packed = panels("int8", numbers, scales, 8)
simple("packed_linear", "int8", {"x": x, "panels": packed, "bias": bias}, (product + bias.double()).float(),
       'packing = "int8", features = 5, group = 8', tolerance=1e-6)
simple("packed_embedding", "int8", {"ids": ids, "panels": packed}, rows[ids.long()].float(),
       'packing = "int8", features = 5, group = 8, width = 20', tolerance=1e-6)
small, small_scales = quantized(weight, 16, 7)
product = quantized_product(x, small, small_scales, 16)
packed = panels("int4", small, small_scales, 16)
simple("packed_linear", "int4", {"x": x, "panels": packed}, product.float(),
       'packing = "int4", features = 5, group = 16', tolerance=1e-6)
rows = small.double() * small_scales.double().repeat_interleave(16, dim=1)[:, :20]
simple("packed_embedding", "int4", {"ids": ids, "panels": packed}, rows[ids.long()].float(),
       'packing = "int4", features = 5, group = 16, width = 20', tolerance=1e-6)
halves = weight[:, :5].bfloat16()
packed = panels("bf16", halves, None, 2)
simple("packed_linear", "bf16", {"x": x[:, :5].contiguous(), "panels": packed},
       (x[:, :5].double() @ halves.double().T).float(), 'packing = "bf16", features = 5, group = 2', tolerance=1e-6)
simple("packed_embedding", "bf16", {"ids": ids, "panels": packed}, halves[ids.long()].float(),
       'packing = "bf16", features = 5, group = 2, width = 5')
weight = random(36, 8, seed=53)  # 18 of gate and 18 of up: one panel and a piece of the next
numbers, scales = quantized(weight, 8)
product = quantized_product(x[:, :8], numbers, scales, 8)
order = [half * 18 + row if row < 18 else None for panel in range(2) for half in range(2)
         for row in range(16 * panel, 16 * panel + 16)]
simple("packed_swiglu", "main", {"x": x[:, :8].contiguous(), "panels": panels("int8", numbers, scales, 8, order)},
       (silu(product[:, :18]) * product[:, 18:]).float(), 'packing = "int8", features = 18, group = 8', tolerance=1e-6)

# Shapes

case("constant", "main", {}, ['%result = constant {name = "main.expected.result"} : f32[2]'],
     {"result": tensor([1.5, -2])})
case("extent", "main", {"past": random(2, 5, seed=1), "ids": tensor([[1], [2]], "i64")},
     ["%result = extent {value = (2*past+1)} : i64[]"], {"result": tensor(9, "i64")},
     types={"past": "f32[batch, past+sequence]", "ids": "i64[batch, sequence]"})
case("iota", "main", {"x": random(4)}, ["%result = iota {length = (n-1)} : i64[n-1]"], {"result": tensor([0, 1, 2], "i64")},
     types={"x": "f32[n]"})
x = tensor(range(12), "i32", (3, 4))
simple("reshape", "main", {"x": x}, x.reshape(3, 2, 2), "shape = (rows, 2, 2)", types={"x": "i32[rows, 4]"},
       result_type="i32[rows, 2, 2]")
simple("broadcast_to", "main", {"x": x[:, :1]}, x[:, :1].expand(2, 3, 2).contiguous(), "shape = (2, 3, 2)")
x = tensor(range(24), "i8", (2, 3, 4))
simple("transpose", "main", {"x": x}, x.permute(2, 0, 1).contiguous(), "permutation = [2, 0, 1]")
simple("slice", "main", {"x": x}, x[:, 1:3].contiguous(), "axis = -2, start = (1), end = (n)",
       types={"x": "i8[2, n, 4]"}, result_type="i8[2, n-1, 4]")
simple("concat", "main", {"x": x, "z": x[:, :1], "w": x[:, 2:]}, torch.cat([x, x[:, :1], x[:, 2:]], 1), "axis = 1")
indices = tensor([[2, -1], [0, 0]], "i32")
simple("gather", "main", {"x": x, "indices": indices}, x[:, indices.long()].contiguous(), "axis = 1")
pairs = tensor([[1, 2], [-1, 0]], "i64")
simple("gather_nd", "slices", {"x": x, "indices": pairs}, torch.stack([x[1, 2], x[1, 0]]))
triples = tensor([[[0, 1, 3]], [[1, -1, -4]]], "i32")
simple("gather_nd", "elements", {"x": x, "indices": triples}, torch.stack([x[0, 1, 3], x[1, 2, 0]]).reshape(2, 1))

# Normalisation

x = random(2, 3, 4, seed=14)
simple("cumulative_sum", "main", {"x": x}, x.double().cumsum(1).float(), "axis = 1", tolerance=1e-6)
simple("cumulative_sum", "integers", {"x": tensor([[1, 2, -4], [2**63 - 1, 1, 0]], "i64")},
       tensor([[1, 3, -1], [2**63 - 1, -2**63, -2**63]], "i64"), "axis = -1")
for name, function in {"sum": torch.sum, "mean": torch.mean, "max": torch.amax}.items():
    simple(f"reduce_{name}", "keep", {"x": x}, function(x.double(), (0, -1), True).float(),
           "axes = [0, -1], keep = true", tolerance=1e-6)
    simple(f"reduce_{name}", "drop", {"x": x}, function(x.double(), 1).float(), "axes = [1], keep = false",
           tolerance=1e-6)
x = tensor([[2**62, 2**62, 3], [-7, 1, 2]], "i64")
simple("reduce_sum", "integers", {"x": x}, tensor([-2**63 + 3, -4], "i64"), "axes = [1], keep = false")
x = tensor([[1, 2, 4], [-7, 1, 2]], "i32")
simple("reduce_mean", "integers", {"x": x}, tensor([2, -1], "i32"), "axes = [1], keep = false")
simple("reduce_max", "integers", {"x": x}, tensor([4, 2], "i32"), "axes = [1], keep = false")
simple("reduce_max", "nothing", {"x": tensor([], "i32", (2, 0))}, tensor([-2**31, -2**31], "i32"),
       "axes = [1], keep = false")
x = tensor([[1, 2, 3], [1000, 0, -1000], [-math.inf, 0, 0]])
simple("softmax", "rows", {"x": x}, torch.softmax(x.double(), 1).float(), "axis = -1", tolerance=1e-6)
x = random(2, 3, 2, seed=15)
simple("softmax", "columns", {"x": x}, torch.softmax(x.double(), 1).float(), "axis = 1", tolerance=1e-6)


def rms_norm(x, weight, epsilon):
    x = x.double()
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + epsilon) * weight.double()


x, residual, weight = random(2, 4, seed=16), random(2, 4, seed=17), random(4, seed=18).bfloat16()
simple("rms_norm", "main", {"x": x, "weight": weight}, rms_norm(x, weight, 1e-5).float(), "epsilon = 1e-05",
       tolerance=1e-6)
simple("rms_norm", "small", {"x": x * 1e-4, "weight": weight}, rms_norm(x * 1e-4, weight, 1e-5).float(),
       "epsilon = 1e-05", tolerance=1e-6)
simple("rms_norm", "half", {"x": x.half(), "weight": weight.float()}, rms_norm(x.half(), weight, 1e-5).half(),
       "epsilon = 1e-05")
total = (x.double() + residual.double()).float()
case("add_rms_norm", "main", {"x": x, "residual": residual, "weight": weight},
     ["%sum, %norm = add_rms_norm(%x, %residual, %weight) {epsilon = 1e-06} : f32[2, 4], f32[2, 4]"],
     {"sum": total, "norm": rms_norm(total, weight, 1e-6).float()}, tolerance=1e-6)
total = x.half().double() + residual.half().double()
case("add_rms_norm", "half", {"x": x.half(), "residual": residual.half(), "weight": weight.float()},
     ["%sum, %norm = add_rms_norm(%x, %residual, %weight) {epsilon = 1e-06} : f16[2, 4], f16[2, 4]"],
     {"sum": total.half(), "norm": rms_norm(total, weight, 1e-6).half()})

# Attention


def rotary(x, positions, frequencies, scale):
    """x is [..., head_dim] with a position for each vector."""
    angles = (positions.float().unsqueeze(-1) * frequencies).double()
    a, b = x.double().chunk(2, -1)
    cosine, sine = angles.cos() * scale, angles.sin() * scale
    return torch.cat([a * cosine - b * sine, b * cosine + a * sine], -1)


frequencies = tensor([1, 0.01])
x, positions = random(3, 2, 4, seed=19), tensor([0, 7, 100000], "i32")
expected = rotary(x, positions[:, None].expand(3, 2), frequencies, 1.25).float()
simple("rotary", "flat", {"x": x, "positions": positions, "inverse_frequencies": frequencies}, expected, "scale = 1.25",
       tolerance=1e-6)
expected = rotary(x.half(), positions[:, None].expand(3, 2), frequencies, 1.25).half()
simple("rotary", "half", {"x": x.half(), "positions": positions, "inverse_frequencies": frequencies}, expected,
       "scale = 1.25")
# As many heads as positions: the layout must follow from the ranks and not from the lengths.
x, positions = random(2, 2, 2, 4, seed=20), tensor([[0, 1], [5, 6]], "i64")
expected = rotary(x, positions[:, None, :].expand(2, 2, 2), frequencies, 1).float()
simple("rotary", "heads_first", {"x": x, "positions": positions, "inverse_frequencies": frequencies}, expected,
       "scale = 1", tolerance=1e-6, types={"x": "f32[batch, 2, sequence, 4]", "positions": "i64[batch, sequence]"},
       result_type="f32[batch, 2, sequence, 4]")


def attention(query, key, value, visible, scale):
    """query [heads, q, d], key and value [kv_heads, k, d], visible [q, k]."""
    groups = query.shape[0] // key.shape[0]
    key, value = key.double().repeat_interleave(groups, 0), value.double().repeat_interleave(groups, 0)
    scores = query.double() @ key.transpose(1, 2) * scale
    weights = torch.softmax(scores.masked_fill(~visible, -math.inf), -1).nan_to_num(0)
    return weights @ value


query, key, value = random(2, 2, 2, 2, seed=21), random(2, 1, 3, 2, seed=22), random(2, 1, 3, 2, seed=23)
mask = tensor([[1, 1, 1], [0, 0, 1]], "i64")
causal = torch.tensor([[True, True, False], [True, True, True]])
expected = torch.stack([attention(query[b], key[b], value[b], causal & (mask[b] != 0), 0.5) for b in range(2)])
simple("attention", "main", {"query": query, "key": key, "value": value, "mask": mask}, expected.float(), "scale = 0.5",
       tolerance=1e-6,
       types={"query": "f32[batch, 2, sequence, 2]", "key": "f32[batch, 1, past+sequence, 2]",
              "value": "f32[batch, 1, past+sequence, 2]", "mask": "i64[batch, past+sequence]"},
       result_type="f32[batch, 2, sequence, 2]")


def write(cache, rows, slots):
    """cache [blocks, heads, block, d]; rows [tokens, heads, d]."""
    cache = cache.clone()
    for row, slot in zip(rows, slots.tolist()):
        if slot >= 0:
            cache[slot // cache.shape[2], :, slot % cache.shape[2]] = row.to(cache.dtype)
    return cache


cache, x, slots = torch.zeros(2, 2, 2, 2).half(), random(3, 4, seed=24), tensor([3, -1, 0], "i32")
case("cache_write", "main", {"x": x, "slots": slots},
     ["%new = cache_write(%cache, %x, %slots) : f16[cache_blocks, 2, 2, 2]"],
     {"cache": write(cache, x.reshape(3, 2, 2), slots)}, states={"cache": cache},
     types={"x": "f32[tokens, 4]", "slots": "i32[tokens]", "cache": "f16[cache_blocks, 2, 2, 2]"})


def write_int8(cache, rows, slots):
    """The same for cache [blocks, heads, block, d + 4] in i8: rows of a block and head, and then their scales."""
    blocks, heads, size, width = cache.shape
    result = cache.clone().reshape(blocks, heads, -1)
    for row, slot in zip(rows, slots.tolist()):
        block, offset, width = slot // size, slot % size, row.shape[1]
        largest = row.abs().amax(-1)
        numbers = (row * torch.where(largest > 2**-120, 127 / largest, 0)[:, None]).round().to(torch.int8)
        scales = (largest / 127).view(torch.int8).reshape(heads, 4)
        if slot >= 0:
            result[block, :, offset * width:(offset + 1) * width] = numbers
            result[block, :, size * width + offset * 4:size * width + (offset + 1) * 4] = scales
    return result.reshape(cache.shape)


def read_int8(cache, slot):
    """The numbers [heads, d] of a slot."""
    blocks, heads, size, width = cache.shape
    block, offset, width = slot // size, slot % size, width - 4
    flat = cache.reshape(blocks, heads, -1)[block]
    scales = flat[:, size * width + offset * 4:size * width + (offset + 1) * 4].contiguous().view(torch.float32)
    return flat[:, offset * width:(offset + 1) * width].double() * scales.double()


cache = torch.zeros(2, 2, 2, 6, dtype=torch.int8)
x = torch.cat((x, torch.zeros(1, 4)))
slots = tensor([3, -1, 0, 2], "i32")
case("cache_write", "int8", {"x": x, "slots": slots},
     ["%new = cache_write(%cache, %x, %slots) : i8[cache_blocks, 2, 2, 6]"],
     {"cache": write_int8(cache, x.reshape(4, 2, 2), slots)}, states={"cache": cache},
     types={"x": "f32[tokens, 4]", "slots": "i32[tokens]", "cache": "i8[cache_blocks, 2, 2, 6]"})

qkv, positions, slots = random(2, 16, seed=25), tensor([4, 9], "i32"), tensor([1, 2], "i32")
key_cache, value_cache = torch.zeros(2, 1, 2, 4), torch.zeros(2, 1, 2, 4)
norms = {"query_norm": random(4, seed=26), "key_norm": random(4, seed=27)}
for function, used in {"main": {}, "with_norms": norms}.items():
    q, k, v = qkv[:, :8].reshape(2, 2, 4), qkv[:, 8:12].reshape(2, 1, 4), qkv[:, 12:].reshape(2, 1, 4)
    if used:
        q = rms_norm(q, norms["query_norm"], 1e-6).float()
        k = rms_norm(k, norms["key_norm"], 1e-6).float()
    q = rotary(q, positions[:, None].expand(2, 2), frequencies, 1).float().reshape(2, 8)
    k = rotary(k, positions[:, None].expand(2, 1), frequencies, 1).float()
    operands = ["qkv", "positions", "slots", "inverse_frequencies", "key_cache", "value_cache", *used]
    attributes = "epsilon = 1e-06, heads = 2, scale = 1.0" if used else "heads = 2, scale = 1.0"
    case("rotary_cache_write", function,
         {"qkv": qkv, "positions": positions, "slots": slots, "inverse_frequencies": frequencies, **used},
         [f"%query, %keys, %values = rotary_cache_write({', '.join('%' + name for name in operands)}) {{{attributes}}} "
          ": f32[2, 8], f32[2, 1, 2, 4], f32[2, 1, 2, 4]"],
         {"query": q, "key_cache": write(key_cache, k, slots), "value_cache": write(value_cache, v, slots)},
         states={"key_cache": key_cache, "value_cache": value_cache}, tolerance=1e-6)


def read(cache, slot):
    """The numbers [heads, d] of a slot."""
    return cache[slot // cache.shape[2], :, slot % cache.shape[2]]


# Two sequences: one decodes its fourth token, one has two of its three tokens in this step. Unwritten slots are NaN.
tables, lengths, starts = tensor([[2, 0], [3, 1]], "i32"), tensor([4, 3], "i32"), tensor([0, 1, 3], "i32")
query = random(3, 4, seed=28)
for function, write_rows, read_row, empty, cache_type in (
        ("main", write, read, torch.full((4, 1, 2, 2), math.nan), "f32[cache_blocks, 1, 2, 2]"),
        ("int8", write_int8, read_int8, torch.full((4, 1, 2, 6), -1, dtype=torch.int8), "i8[cache_blocks, 1, 2, 6]")):
    key_cache, value_cache, expected = empty, empty, []
    for sequence in range(2):
        length, first, last = int(lengths[sequence]), int(starts[sequence]), int(starts[sequence + 1])
        slots = torch.tensor([int(tables[sequence][i // 2]) * 2 + i % 2 for i in range(length)])
        key_cache = write_rows(key_cache, random(length, 1, 2, seed=30 + sequence), slots)
        value_cache = write_rows(value_cache, random(length, 1, 2, seed=40 + sequence), slots)
        keys, values = (torch.stack([read_row(cache, slot) for slot in slots.tolist()])
                        for cache in (key_cache, value_cache))
        count = last - first
        visible = torch.arange(length)[None, :] <= (length - count + torch.arange(count))[:, None]
        q = query[first:last].reshape(count, 2, 2).transpose(0, 1)
        result = attention(q, keys.transpose(0, 1), values.transpose(0, 1), visible, 0.7)
        expected.append(result.transpose(0, 1).reshape(count, 4))
    simple("paged_attention", function,
           {"query": query, "key_cache": key_cache, "value_cache": value_cache, "sequence_starts": starts,
            "context_lengths": lengths, "block_tables": tables},
           torch.cat(expected).float(), "heads = 2, scale = 0.7", tolerance=1e-6,
           types={"query": "f32[tokens, 4]", "key_cache": cache_type, "value_cache": cache_type,
                  "sequence_starts": "i32[sequences+1]", "context_lengths": "i32[sequences]",
                  "block_tables": "i32[sequences, table]"},
           result_type="f32[tokens, 4]")

# Files

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for operation, file in FILES.items():
    lines = ["// Written by golden_values.py.", f'module {{tolerance = "{file["tolerance"]}"}}', ""]
    lines += [f"constant @{name} : {type_of(value)} = {literal(value)}" for name, value in file["constants"]]
    for function in file["functions"]:
        lines += ["", function]
    (folder / f"{operation}.xir").write_text("\n".join(lines) + "\n")
