"""Judges JSON documents by their schemas with the `jsonschema` package, and makes documents of its own.

    validate.py INPUT OUTPUT

INPUT is a list of {"schema", "documents": [text]}; OUTPUT a list of {"verdicts": [bool], "valid": [text],
"mutated": [{"text", "isValid"}]}, in which `valid` are random documents of the schema, with members in its order.
"""
import datetime
import json
import random
import sys

import jsonschema

checker = jsonschema.FormatChecker()


@checker.checks("date-time", raises=ValueError)
def is_date_time(text):
    return not isinstance(text, str) or bool(datetime.datetime.fromisoformat(text).tzinfo) and "T" in text


@checker.checks("time", raises=ValueError)
def is_time(text):
    return not isinstance(text, str) or bool(datetime.time.fromisoformat(text).tzinfo)


def no_constant(name):
    raise ValueError(f"{name} is not JSON")


def is_valid(validator, text):
    try:
        return validator.is_valid(json.loads(text, parse_constant=no_constant))
    except ValueError:
        return False


class Maker:
    """Random documents of the schemas that the tests use."""

    def __init__(self, root, seed):
        self.root, self.random = root, random.Random(seed)

    def resolve(self, pointer):
        value = self.root
        for part in pointer[1:].split("/")[1:]:
            value = value[part]
        return value

    def make(self, schema, depth=0):
        rng = self.random
        if schema is True or schema == {}:
            return rng.choice([None, True, 7, -1.5, "x", [], {"k": 1}])
        if "$ref" in schema:
            return self.make(self.resolve(schema["$ref"]), depth + 1)
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                # The last alternative ends recursions.
                return self.make(schema[keyword][-1] if depth > 6 else rng.choice(schema[keyword]), depth + 1)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return rng.choice(schema["enum"])
        kind = schema["type"]
        kind = rng.choice(kind) if isinstance(kind, list) else kind
        return getattr(self, kind)(schema, depth)

    def object(self, schema, depth):
        result = {}
        for name, part in schema.get("properties", {}).items():
            if name in schema.get("required", []) or (depth <= 6 and self.random.random() < 0.5):
                result[name] = self.make(part, depth + 1)
        extra = schema.get("additionalProperties", "properties" not in schema)
        if extra is not False and self.random.random() < 0.5:
            result["extra"] = self.make(extra, depth + 1)
        return result

    def array(self, schema, depth):
        result = [self.make(part, depth + 1) for part in schema.get("prefixItems", [])]
        low = schema.get("minItems", 0)
        high = schema.get("maxItems", low + 3)
        count = low if depth > 6 else self.random.randint(low, high)
        items = schema.get("items", "prefixItems" not in schema)
        while items is not False and len(result) < count:
            result.append(self.make(items, depth + 1))
        return result

    def string(self, schema, depth):
        if "pattern" in schema or "format" in schema:
            return self.random.choice(schema["examples"])
        low = schema.get("minLength", 0)
        count = self.random.randint(low, min(low + 12, schema.get("maxLength", low + 12)))
        return "".join(self.random.choice('ab "\\/\n\té漢😀\u0001{}[],:') for _ in range(count))

    def integer(self, schema, depth):
        low = schema.get("minimum", schema.get("exclusiveMinimum", -1001) + 1)
        high = schema.get("maximum", schema.get("exclusiveMaximum", max(low, 0) + 1001) - 1)
        return self.random.randint(low, high)

    def number(self, schema, depth):
        low, high = schema.get("minimum", -1000), schema.get("maximum", 1000)
        return round(self.random.uniform(low, high), 3)

    def boolean(self, schema, depth):
        return self.random.random() < 0.5

    def null(self, schema, depth):
        return None


def mutate(rng, text):
    data = list(text)
    for _ in range(rng.randint(1, 2)):
        place = rng.randrange(len(data) + 1)
        action = rng.randrange(3)
        if action == 0 and data:
            del data[min(place, len(data) - 1)]
        elif action == 1:
            data.insert(place, rng.choice('{}[]",:0159-.e tnfa\\u/'))
        elif data:
            data[min(place, len(data) - 1)] = rng.choice('{}[]",:0159-.e tnfa\\u/')
    return "".join(data)


def main(source, target):
    results = []
    for number, case in enumerate(json.load(open(source))):
        schema = case["schema"]
        validator = jsonschema.Draft202012Validator(schema, format_checker=checker)
        maker = Maker(schema, number)
        valid = []
        for count in range(60):
            document = maker.make(schema)
            layout = {"ensure_ascii": False, "indent": count % 5} if count % 2 else {"separators": (",", ":"), "ensure_ascii": False}
            text = json.dumps(document, **layout)
            assert is_valid(validator, text), (schema, text)
            valid.append(text)
        mutated = [mutate(maker.random, text) for text in valid * 5 if text]
        results.append(
            {
                "verdicts": [is_valid(validator, text) for text in case["documents"]],
                "valid": valid,
                "mutated": [{"text": text, "isValid": is_valid(validator, text)} for text in mutated],
            }
        )
    json.dump(results, open(target, "w"))


main(*sys.argv[1:])
