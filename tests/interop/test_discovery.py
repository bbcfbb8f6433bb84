# SPDX-License-Identifier: Apache-2.0
"""Catalog and contracts, as each side sees them."""

import asyncio
import json

from openagentmesh import AgentMesh

from mesh import CLI, DEADLINE, Agents, MeshTest, OURS, THEIRS, catalog_until, run, statement, with_agents


class BothSeeTheSame(MeshTest):
    async def test_the_catalog(self):
        async with with_agents(self.world.url) as mesh:
            await catalog_until(self.world.url, lambda names: names >= OURS | THEIRS)
            status, out, err = await run(self.world, CLI, "catalog", "--json")
            self.assertEqual(status, 0, err)
            ours = {entry["name"]: entry for entry in json.loads(out)}
        async with AgentMesh(self.world.url) as mesh:
            left = {entry.name for entry in await mesh.catalog()}
        self.assertEqual(set(ours), OURS | THEIRS)
        self.assertEqual(left, OURS)
        self.assertEqual(
            ours["py.reverse"],
            {"name": "py.reverse", "description": "Reverses a text.", "version": "3.2.1", "tags": ["python", "text"],
             "invocable": True, "streaming": False},
        )

    @statement(18)
    async def test_the_catalog_of_a_python_program_that_joins_later(self):
        async with with_agents(self.world.url):
            async with AgentMesh(self.world.url) as mesh:
                theirs = {entry.name: entry.model_dump() for entry in await mesh.catalog()}
                status, out, err = await run(self.world, CLI, "catalog", "--json")
        self.assertEqual(status, 0, err)
        self.assertEqual({entry["name"]: entry for entry in json.loads(out)}, theirs)

    @statement(18)
    async def test_a_python_program_follows_what_we_register_change_and_drop(self):
        async with AgentMesh(self.world.url) as mesh:

            async def knows(version):
                async def known():
                    return [entry.version for entry in await mesh.catalog() if entry.name == "c.changing"]

                async with asyncio.timeout(DEADLINE):
                    while await known() != version:
                        await asyncio.sleep(0.01)

            async with Agents(self.world) as agents:
                await agents.tell("add 1.0.0")
                await knows(["1.0.0"])
                await agents.tell("drop")
                await knows([])
                await agents.tell("add 2.0.0")
                await knows(["2.0.0"])
                self.assertLess(OURS, {entry.name for entry in await mesh.catalog()})
            await knows([])
            self.assertEqual({entry.name for entry in await mesh.catalog()}, OURS)
            self.assertFalse(mesh._catalog_watcher_task.done())  # it gives up at what it cannot read

    @statement(16)
    async def test_the_contract_of_an_agent_of_ours(self):
        for name, streaming in (("echo", False), ("nlp.summarizer", True)):
            async with AgentMesh(self.world.url) as mesh:
                theirs = await mesh.contract(name)
            status, out, err = await run(self.world, CLI, "contract", name)
            self.assertEqual(status, 0, err)
            self.assert_same_contract(theirs, json.loads(out))
            self.assertEqual((theirs.invocable, theirs.streaming), (True, streaming))
            self.assertEqual("chunk_schema" in theirs.model_dump(exclude_none=True), streaming)
            self.assertEqual(theirs.skills[0]["inputSchema"]["type"], "object")

    async def test_the_contract_of_an_agent_of_theirs(self):
        async with with_agents(self.world.url):
            async with AgentMesh(self.world.url) as mesh:
                theirs = await mesh.contract("py.count")
            status, out, err = await run(self.world, CLI, "contract", "py.count")
        self.assertEqual(status, 0, err)
        self.assert_same_contract(theirs, json.loads(out))

    def assert_same_contract(self, theirs, ours):
        for field in ("name", "description", "version", "capabilities", "skills"):
            self.assertEqual(getattr(theirs, field), ours[field], field)
        for field in ("subject", "tags", "chunk_schema"):
            self.assertEqual(getattr(theirs, field), ours.get("x-agentmesh", ours).get(field), field)
