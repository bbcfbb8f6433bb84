# SPDX-License-Identifier: Apache-2.0
"""What remains when one side leaves."""

import asyncio

import nats.errors
from openagentmesh import AgentMesh, MeshError

from mesh import CLI, MeshTest, OURS, World, catalog_until, run, statement, with_agents


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

    async def test_a_python_program_that_ends_is_not_found_by_us(self):
        async with with_agents(self.world.url):
            status, _, err = await run(self.world, CLI, "call", "py.reverse", '{"text": "abc"}')
            self.assertEqual(status, 0, err)
        status, out, err = await run(self.world, CLI, "call", "py.reverse", '{"text": "abc"}')
        self.assertEqual((status, out), (1, ""))
        self.assertIn("not_found", err)
