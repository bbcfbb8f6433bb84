#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random schemas and instances, judged by ours and by python3-jsonschema: the verdicts must be the same.

Usage: differential.py VERDICTS [TEST...]    VERDICTS: the program that judges for us

The seed is always the same, unless MESH_SEED gives another; it is printed. Where jsonschema itself is known to judge
otherwise than the draft says, the generator stays away, and says why.
"""

import json
import os
import random
import subprocess
import sys
import unittest
import warnings

SYSTEM_PYTHON = "/usr/bin/python3"  # the one that the distribution's packages are for, where another is in front

warnings.simplefilter("ignore", DeprecationWarning)  # what later releases think of the names of this one
try:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import RefResolutionError
except ImportError:
    if os.path.realpath(sys.executable) != os.path.realpath(SYSTEM_PYTHON) and os.access(SYSTEM_PYTHON, os.X_OK):
        os.execv(SYSTEM_PYTHON, [SYSTEM_PYTHON, "-B", *sys.argv])
    print("skipped: there is no jsonschema for Python: packaging/setup installs python3-jsonschema")
    sys.exit(77)

VERDICTS = sys.argv[1]
SEED = int(os.environ.get("MESH_SEED") or 20201212)
SCHEMAS, INSTANCES = 1500, 8  # of each kind; per schema

NAMES = ["a", "b", "c", "ab", "é", "a/b", "x~y", ""]  # none of them a keyword, see Evaluated below
STRINGS = ["", "a", "ab", "abc", "abcabc", "é", "日本語", "🙂", "a b", "A1", "007", "\\", '"', "\t", "aé🙂b"]
# Simple ones: Python's \d, \w and $ mean more than those of ECMA-262.
PATTERNS = ["a", "^a", "b+c", "^[a-z]*x?b", "(ab|c){2}", "^.{2}", "[^a]", "é|日", "a.*c", "^(?!a)", "[0-9]{2,3}"]
# Short decimals, which are the same number to whoever compares doubles. None beyond 2^53 that is not an integer's text.
NUMBERS = [0, 1, -1, 2, 3, 6, 7, 10, 100, 0.5, 1.5, -2.25, 2.0, 1e2, 0.1, 1e-7, 9007199254740991, 9007199254740992,
           9007199254740993, -9007199254740993, 10**20, 10**20 + 1, 3 * 10**30]
# jsonschema divides by a double in doubles: exact for these, but to 2.0 odd numbers beyond 2^53 would be multiples.
DIVISORS = [1, 2, 3, 7, 10, 0.5, 0.25]
TYPES = ["null", "boolean", "integer", "number", "string", "array", "object"]


class Generator:
    """Each method gives a random schema, or a part of one, not deeper than so many levels."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.extra = []  # further kinds of schemas that may stand anywhere

    def one(self, things):
        return self.random.choice(things)

    def some(self, things, most=3):
        return self.random.sample(things, self.random.randint(1, min(most, len(things))))

    def chance(self, share):
        return self.random.random() < share

    # ---- values

    def scalar(self):
        return self.one([None, self.chance(0.5), self.one(NUMBERS), self.one(STRINGS)])

    def value(self, levels=3, scalar=None):
        scalar = scalar or self.scalar
        kind = self.random.random()
        if levels == 0 or kind < 0.4:
            return scalar()
        if kind < 0.65:
            return [self.value(levels - 1, scalar) for _ in range(self.random.randint(0, 4))]
        return {name: self.value(levels - 1, scalar) for name in self.some(NAMES, 4)}

    def plain_value(self, levels=2):
        """Without booleans: inside arrays and objects Python takes True for 1."""
        return self.value(levels, lambda: self.one([None, *NUMBERS, *STRINGS]))

    # ---- kinds of schemas

    def type(self, levels):
        return {"type": self.one(TYPES) if self.chance(0.6) else self.some(TYPES)}

    def equal(self, levels):
        if self.chance(0.5):
            return {"const": self.plain_value()}
        return {"enum": [self.scalar() for _ in range(self.random.randint(1, 5))]}

    def number(self, levels):
        schema = {}
        for keyword in self.some(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"], 2):
            schema[keyword] = self.one(NUMBERS)
        if self.chance(0.4):
            schema["multipleOf"] = self.one(DIVISORS)
        return schema

    def string(self, levels):
        schema = {}
        for keyword in self.some(["minLength", "maxLength", "pattern"], 2):
            schema[keyword] = self.one(PATTERNS) if keyword == "pattern" else self.one([0, 1, 2, 3, 2.0])
        return schema

    def array(self, levels):
        schema = {}
        kinds = ["prefixItems", "items", "contains", "minItems", "maxItems", "uniqueItems"]
        for keyword in self.some(kinds):
            if keyword == "prefixItems":
                schema[keyword] = [self.schema(levels - 1) for _ in range(self.random.randint(1, 3))]
            elif keyword == "items":
                schema[keyword] = self.schema(levels - 1)
            elif keyword == "contains":
                schema[keyword] = self.schema(levels - 1)
                for bound in self.some(["minContains", "maxContains"], 2) if self.chance(0.5) else []:
                    schema[bound] = self.one([0, 1, 2])
            elif keyword == "uniqueItems":
                schema[keyword] = self.chance(0.8)
            else:
                schema[keyword] = self.one([0, 1, 2, 3, 4])
        return schema

    def object(self, levels):
        schema = {}
        kinds = ["properties", "patternProperties", "additionalProperties", "required", "propertyNames",
                 "minProperties", "maxProperties", "dependentRequired", "dependentSchemas"]
        for keyword in self.some(kinds, 4):
            if keyword in ("properties", "dependentSchemas"):
                schema[keyword] = {name: self.schema(levels - 1) for name in self.some(NAMES)}
            elif keyword == "patternProperties":
                schema[keyword] = {pattern: self.schema(levels - 1) for pattern in self.some(PATTERNS, 2)}
            elif keyword == "additionalProperties":
                schema[keyword] = self.schema(levels - 1)
            elif keyword == "propertyNames":
                schema[keyword] = self.one([True, False, self.string(levels)])
            elif keyword == "required":
                schema[keyword] = self.some(NAMES, 2)
            elif keyword == "dependentRequired":
                schema[keyword] = {name: self.some(NAMES, 2) for name in self.some(NAMES, 2)}
            else:
                schema[keyword] = self.one([0, 1, 2, 3])
        return schema

    def applicator(self, levels):
        schema = {}
        for keyword in self.some(["allOf", "anyOf", "oneOf", "not", "if"], 2):
            if keyword == "not":
                schema[keyword] = self.schema(levels - 1)
            elif keyword == "if":
                for part in ["if", *self.some(["then", "else"], 2)]:
                    schema[part] = self.schema(levels - 1)
            else:
                schema[keyword] = [self.schema(levels - 1) for _ in range(self.random.randint(1, 3))]
        return schema

    def schema(self, levels=3):
        kind = self.random.random()
        if kind < 0.04:
            return self.chance(0.8)
        flat = [self.type, self.equal, self.number, self.string]
        deep = [self.array, self.object, self.applicator, *self.extra]
        result = {}
        for part in self.some(flat + deep if levels > 0 else flat, 2):
            result.update(part(levels))
        return result


class Referring(Generator):
    """References, to what stands in "$defs" by pointer, anchor and address, and to the whole, by "#" and dynamically.

    None refers to what it is a part of at the same place of the instance, which would never end, so that references
    stand below "properties" and "items" alone. Embedded resources have no references of their own: jsonschema looks for
    those in the wrong document."""

    root = "http://example.com/root.json"

    def reference(self, levels):
        pointers = ["#/$defs/plain", "#/$defs/a~1b", "#/$defs/100%25"]
        ways = [*pointers, "#spot", "other.json", self.root + "#spot", "#", self.root]
        return {"$ref": self.one(ways)} if self.chance(0.8) else {"$dynamicRef": "#whole"}

    def below(self, levels):
        if self.chance(0.5):
            return {"properties": {name: self.reference(levels) for name in self.some(NAMES)}}
        return {"items": self.reference(levels)}

    def schema(self, levels=3):
        if levels < 3:
            return super().schema(levels)
        defs = {"plain": super().schema(1), "a/b": super().schema(1), "100%": super().schema(1)}
        defs["anchored"] = {**self.object(1), "$anchor": "spot"}
        defs["other"] = {**self.object(1), "$id": "other.json"}
        self.extra = [self.below]
        whole = {**super().object(2), **self.below(2)}
        self.extra = []
        return {"$id": self.root, "$dynamicAnchor": "whole", "$defs": defs, **whole}


class Evaluated(Generator):
    """unevaluatedProperties and unevaluatedItems.

    jsonschema reads an "additionalProperties" or inner "unevaluatedProperties" that is a schema as if it were a list of
    properties; so they are booleans here, and names are no keywords. It does not see through "$dynamicRef", which is
    not here."""

    def additional(self, schema):
        if "additionalProperties" in schema:
            schema["additionalProperties"] = self.chance(0.7)
        return schema

    def array(self, levels):
        schema = super().array(levels)
        if self.chance(0.2):
            schema["unevaluatedItems"] = self.chance(0.7)
        return schema

    def object(self, levels):
        schema = self.additional(super().object(levels))
        if self.chance(0.2):
            schema["unevaluatedProperties"] = self.chance(0.7)
        return schema

    def schema(self, levels=3):
        if levels < 3:
            return super().schema(levels)
        if self.chance(0.5):
            schema = {**self.applicator(2), **(self.array(2) if self.chance(0.5) else {})}
            schema["unevaluatedItems"] = self.one([False, False, super().schema(0)])
            return schema
        schema = {**self.applicator(2), **(self.object(2) if self.chance(0.5) else {})}
        schema["unevaluatedProperties"] = self.one([False, False, super().schema(0)])
        return schema


def text(value):
    return json.dumps(value, ensure_ascii=False)


def ours(cases):
    lines = "".join("\t".join(map(text, (schema, *instances))) + "\n" for schema, instances in cases)
    done = subprocess.run([VERDICTS], input=lines, capture_output=True, encoding="utf-8", timeout=300)
    if done.returncode != 0:
        raise AssertionError(f"{VERDICTS} ended with {done.returncode}: {done.stderr}")
    return done.stdout.splitlines()


def theirs(validator, instance):
    """A question mark: jsonschema does not find what a reference means, or fails over the text of its message."""
    try:
        return "01"[validator.is_valid(instance)]
    except (RefResolutionError, TypeError):
        return "?"


class Verdicts(unittest.TestCase):
    def agree(self, generator, make, value=None):
        value = value or generator.value
        cases = [(make(), [value() for _ in range(INSTANCES)]) for _ in range(SCHEMAS)]
        verdicts = ours(cases)
        judged = fits = 0
        for (schema, instances), verdict in zip(cases, verdicts, strict=True):
            shown = f"\nseed {SEED}\nschema {text(schema)}"
            self.assertFalse(verdict.startswith("refused"), verdict + shown)
            validator = Draft202012Validator(schema)
            for instance, mine in zip(instances, verdict, strict=True):
                other = theirs(validator, instance)
                self.assertIn(other, mine + "?", f"{shown}\ninstance {text(instance)}\nours {mine}, jsonschema {other}")
                judged += other != "?"
                fits += other == "1"
        # What nearly always fits, or never, shows nothing.
        self.assertGreater(judged, SCHEMAS * INSTANCES * 0.8)
        self.assertTrue(0.03 < fits / judged < 0.97, f"{fits} of {judged} fit")

    def test_types_and_values(self):
        generator = Generator(SEED)
        self.agree(generator, lambda: generator.one([generator.type, generator.equal])(0), generator.plain_value)

    def test_scalars(self):
        generator = Generator(SEED + 1)
        self.agree(generator, lambda: generator.schema(0), generator.scalar)

    def test_numbers(self):
        generator = Generator(SEED + 2)
        self.agree(generator, lambda: generator.number(0), lambda: generator.one(NUMBERS))

    def test_strings(self):
        generator = Generator(SEED + 3)
        self.agree(generator, lambda: generator.string(0), lambda: generator.one(STRINGS))

    def test_arrays(self):
        generator = Generator(SEED + 4)
        self.agree(generator, lambda: generator.array(2),
                   lambda: [generator.plain_value(1) for _ in range(generator.random.randint(0, 4))])

    def test_objects(self):
        generator = Generator(SEED + 5)
        self.agree(generator, lambda: generator.object(2),
                   lambda: {name: generator.plain_value(2) for name in generator.some(NAMES, 5)})

    def test_everything_nested(self):
        generator = Generator(SEED + 6)
        self.agree(generator, generator.schema, lambda: generator.plain_value(3))

    def test_references(self):
        generator = Referring(SEED + 7)
        self.agree(generator, generator.schema, lambda: generator.plain_value(4))

    def test_what_is_left_unevaluated(self):
        generator = Evaluated(SEED + 8)
        self.agree(generator, generator.schema,
                   lambda: generator.one([[generator.plain_value(1) for _ in range(generator.random.randint(0, 4))],
                                          {name: generator.plain_value(1) for name in generator.some(NAMES, 4)}]))


if __name__ == "__main__":
    print(f"seed {SEED}", file=sys.stderr, flush=True)
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
