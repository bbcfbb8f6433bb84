# SPDX-License-Identifier: Apache-2.0
"""The same schema on both sides: what each of them says of input that does not fit."""

import enum
import json
import pathlib
import subprocess
from typing import Literal

from openagentmesh import AgentMesh, AgentSpec, MeshError
from pydantic import BaseModel, Field, ValidationError

from mesh import BUILD, CLI, MeshTest, catalog_until, run, statement

SOURCES = pathlib.Path(__file__).resolve().parents[2]

PLUGIN = """
#include <agentmesh/agentmesh.h>

static mesh_status answer(mesh_request *request, void *state, mesh_error *err)
{
    (void)state;
    return mesh_request_answer(request, mesh_request_input(request), err);
}

static const mesh_agent agent = MESH_RESPONDER("c.order", "Takes orders.", answer, %s, NULL);

MESH_PLUGIN("1.0.0", &agent);
"""


class Colour(enum.Enum):
    red = "red"
    green = "green"


class Stop(BaseModel):
    street: str
    number: int | None = None


class Order(BaseModel):
    customer: str = Field(min_length=2, max_length=8, pattern="^[A-Z]+$")
    stops: list[Stop] = Field(min_length=1, max_length=3)
    weight: float = Field(gt=0, le=100)
    count: int = Field(default=1, ge=1, lt=10, multiple_of=3)
    express: bool = False
    colour: Colour = Colour.red
    size: Literal["small", "large"] = "small"
    tags: dict[str, int] = {}


GOOD = {"customer": "ADA", "stops": [{"street": "Main"}], "weight": 1.5}

BAD = [
    {},
    [],
    "text",
    7,
    True,
    GOOD | {"customer": 7},
    GOOD | {"customer": None},
    GOOD | {"customer": "A"},
    GOOD | {"customer": "ABCDEFGHI"},
    GOOD | {"customer": "ada"},
    GOOD | {"stops": {}},
    GOOD | {"stops": []},
    GOOD | {"stops": [{"street": "a"}] * 4},
    GOOD | {"stops": ["a", {"street": 7}, {"number": "x"}]},
    GOOD | {"stops": [{"street": "a", "number": 1.5}]},
    GOOD | {"weight": 0},
    GOOD | {"weight": 100.5},
    GOOD | {"weight": "heavy"},
    GOOD | {"weight": []},
    GOOD | {"count": 0},
    GOOD | {"count": 12},
    GOOD | {"count": 4},
    GOOD | {"count": 1.5},
    GOOD | {"count": "many"},
    GOOD | {"count": None},
    GOOD | {"express": "perhaps"},
    GOOD | {"express": []},
    GOOD | {"colour": "blue"},
    GOOD | {"size": "medium"},
    GOOD | {"tags": []},
    GOOD | {"tags": {"a": "x", "b": 1.5}},
    {"customer": "A", "stops": [{}], "weight": -1, "count": 12, "colour": 1},
]


def with_order(url):
    mesh = AgentMesh(url)

    @mesh.agent(AgentSpec(name="py.order", description="Takes orders."))
    async def order(req: Order) -> Order:
        return req

    return mesh


def said_by_python(payload):
    """Type, place and words of each violation, as the models behind Python's agents find them. Of an enum and a literal the
    schema says the same."""
    try:
        Order.model_validate_json(json.dumps(payload))
    except ValidationError as error:
        types = {"literal_error": "enum"}
        return [(types.get(item["type"], item["type"]), list(item["loc"]), item["msg"]) for item in error.errors()]
    return None


async def said_by_us(mesh, payload):
    try:
        await mesh.call("c.order", payload, timeout=5)
    except MeshError as error:
        assert error.code == "invalid_input", error
        return [(item["type"], item["loc"], item["msg"]) for item in error.details["errors"]]
    return None


class BothSides(MeshTest):
    def serve_the_same(self):
        """Have agentmeshd serve an agent with the input schema that Python tells of its own."""
        schema = Order.model_json_schema()
        source = self.world.folder / "order.c"
        source.write_text(PLUGIN % json.dumps(json.dumps(schema)))
        built = self.world.folder / "order.so"
        subprocess.run(
            ["cc", "-shared", "-fPIC", "-o", built, source, f"-I{SOURCES}/sdk/include", f"-L{BUILD}/sdk", "-lagentmesh"],
            check=True,
        )
        built.rename(self.world.folder / "plugins" / "order.so")

    @statement(32, 34)
    async def test_both_say_the_same_of_the_same_input(self):
        self.serve_the_same()
        await catalog_until(self.world.url, lambda names: "c.order" in names)
        async with AgentMesh(self.world.url) as mesh:
            self.assertIsNone(await said_by_us(mesh, GOOD | {"unknown": 7}))
            for payload in BAD:
                with self.subTest(payload=payload):
                    self.assertEqual(await said_by_us(mesh, payload), said_by_python(payload))

    async def test_our_command_line_tells_what_they_say(self):
        async with with_order(self.world.url):
            status, out, err = await run(self.world, CLI, "call", "py.order", '{"customer": "ada"}')
        self.assertEqual((status, out), (1, ""))
        for words in ("String should match pattern '^[A-Z]+$'", "Field required", "stops", "weight"):
            self.assertIn(words, err)
