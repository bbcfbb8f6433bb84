# SPDX-License-Identifier: Apache-2.0
"""Agents as tools of language models: the same forms on both sides, with the names in the same order."""

import json

from openagentmesh import AgentMesh, AgentSpec
from pydantic import BaseModel, Field

from mesh import CLI, MeshTest, run, statement, with_agents

FORMS = {
    "neutral": lambda contract: contract.to_tool_schema(),
    "anthropic": lambda contract: contract.to_anthropic_tool(),
    "openai-chat": lambda contract: contract.to_openai_tool(api="chat"),
    "openai-chat --strict": lambda contract: contract.to_openai_tool(api="chat", strict=True),
    "openai-responses": lambda contract: contract.to_openai_tool(api="responses"),
    "openai-responses --strict": lambda contract: contract.to_openai_tool(api="responses", strict=True),
}


class Plan(BaseModel):
    stops: list[str] = Field(min_length=2, description="where to go")
    return_home: bool = True
    speed: float = Field(default=50, gt=0, le=130)
    title: str = "untitled"


class Route(BaseModel):
    order: list[int]
    km: float


def whole(contract):
    """This version of the SDK leaves the schemas of other programs' agents in their skills."""
    skill = contract.skills[0]
    return contract.model_copy(
        update={"input_schema": skill.get("inputSchema"), "output_schema": skill.get("outputSchema")}
    )


class ToolsAreTheSame(MeshTest):
    async def assert_same_tools(self, contract):
        for form, make in FORMS.items():
            status, out, err = await run(self.world, CLI, "contract", contract.name, "--tool", *form.split())
            self.assertEqual(status, 0, err)
            self.assertEqual(out, json.dumps(make(contract)) + "\n", form)

    @statement(65)
    async def test_of_an_agent_of_theirs(self):
        mesh = with_agents(self.world.url)

        @mesh.agent(AgentSpec(name="py.fleet.planner", description='Plans a "route".\nNot for ships.'))
        async def plan(req: Plan) -> Route:
            return Route(order=[], km=0)

        async with mesh:
            for name in ("py.fleet.planner", "py.reverse", "py.count", "py.clock"):
                await self.assert_same_tools(await mesh.contract(name))

    @statement(65)
    async def test_of_an_agent_of_ours(self):
        async with AgentMesh(self.world.url) as mesh:
            for name in ("echo", "nlp.summarizer"):
                await self.assert_same_tools(whole(await mesh.contract(name)))
