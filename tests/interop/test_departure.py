# SPDX-License-Identifier: Apache-2.0
"""What remains when one side leaves."""

import asyncio

import nats
import nats.errors
from openagentmesh import AgentMesh, MeshError

from mesh import CLI, DEADLINE, Agents, MeshTest, OURS, World, becomes, catalog_until, run, statement, with_agents
from test_monitor import Python


class Departure(MeshTest):
    @statement(23)
    async def test_a_host_that_ends_leaves_nothing_behind(self):
        mine = await asyncio.to_thread(World)
        try:
            async with AgentMesh(mine.url) as mesh:
                self.assertEqual(await mesh.call("echo", {"message": "hello"}), {"reply": "Echo: hello"})
                await asyncio.to_thread(mine.host.stop)
                await catalog_until(mine.url, lambda names: not names & OURS)
                for name in OURS:
                    with self.assertRaises(MeshError) as caught:
                        await mesh.contract(name)
                    self.assertEqual(caught.exception.code, "not_found")
                # The SDK passes on what the server says when nobody serves a name; a later one names it not_found.
                with self.assertRaises((MeshError, nats.errors.NoRespondersError)) as caught:
                    await mesh.call("echo", {"message": "hello"}, timeout=5)
                self.assertEqual(getattr(caught.exception, "code", "not_found"), "not_found")
        finally:
            mine.end()

    @statement(24)
    async def test_what_a_python_program_serves_too_stays_when_we_leave(self):
        mine = await asyncio.to_thread(World)
        try:
            dead = []

            async def keep(message):
                dead.append(message.subject)

            connection = await nats.connect(mine.url)
            await connection.subscribe("mesh.death.>", cb=keep)
            theirs = await asyncio.to_thread(Python, mine.url, "shared.name")
            async with Agents(mine):
                pass
            await connection.publish("mesh.death.marker", b"")
            await becomes(lambda: "mesh.death.marker" in dead)
            self.assertIn("mesh.death.c.object", dead)
            self.assertNotIn("mesh.death.shared.name", dead)
            async with AgentMesh(mine.url) as mesh:
                self.assertIn("shared.name", {entry.name for entry in await mesh.catalog()})
                self.assertEqual((await mesh.contract("shared.name")).name, "shared.name")
                self.assertEqual(await mesh.call("shared.name", timeout=DEADLINE), "alive")
            await asyncio.to_thread(theirs.kill)
            await connection.close()
        finally:
            mine.end()

    async def test_a_python_program_that_ends_is_not_found_by_us(self):
        async with with_agents(self.world.url):
            status, _, err = await run(self.world, CLI, "call", "py.reverse", '{"text": "abc"}')
            self.assertEqual(status, 0, err)
        status, out, err = await run(self.world, CLI, "call", "py.reverse", '{"text": "abc"}')
        self.assertEqual((status, out), (1, ""))
        self.assertIn("not_found", err)
