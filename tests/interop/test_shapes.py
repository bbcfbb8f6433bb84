# SPDX-License-Identifier: Apache-2.0
"""Our publishers, sources and gates, met by the Python SDK."""

import asyncio
import signal

from openagentmesh import AgentMesh, MeshError

from mesh import BUILD, DEADLINE, WITH_US, MeshTest, catalog_until, environment, run, statement

EXAMPLES = BUILD / "examples"


class Program:
    """One of the example programs, running beside the test."""

    def __init__(self, world, name, *arguments):
        self.world, self.arguments = world, [EXAMPLES / name, *arguments]

    async def __aenter__(self):
        self.process = await asyncio.create_subprocess_exec(
            *WITH_US,
            *self.arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            env=environment(self.world.folder, self.world.url),
            cwd=self.world.folder,
        )
        return self

    async def line(self):
        async with asyncio.timeout(DEADLINE):
            return (await self.process.stdout.readline()).decode().rstrip()

    def end(self):
        self.process.send_signal(signal.SIGTERM)

    async def __aexit__(self, *_):
        if self.process.returncode is None:
            self.end()
        async with asyncio.timeout(DEADLINE):
            await self.process.communicate()


class PythonMeetsOurShapes(MeshTest):
    @statement(16, 50)
    async def test_a_python_subscriber_receives_all_events_and_ends_there(self):
        async with Program(self.world, "publisher", "0", "20") as publisher:
            await catalog_until(self.world.url, lambda names: "example.meter" in names)
            async with AgentMesh(self.world.url) as mesh:
                contract = await mesh.contract("example.meter")
                self.assertTrue(contract.streaming)
                self.assertFalse(contract.invocable)
                self.assertEqual(contract.chunk_schema, {"type": "object", "required": ["meter", "value"]})
                events = []
                async for event in mesh.subscribe(agent="example.meter", timeout=DEADLINE):
                    events.append(event)
                    if len(events) == 5:
                        publisher.end()
                first = events[0]["value"]
                self.assertGreaterEqual(len(events), 5)
                expected = [{"meter": "kitchen", "value": first + i} for i in range(len(events))]
                self.assertEqual(events, expected)

    @statement(58)
    async def test_a_publisher_cannot_be_called(self):
        async with Program(self.world, "publisher", "0", "1000"):
            await catalog_until(self.world.url, lambda names: "example.meter" in names)
            async with AgentMesh(self.world.url) as mesh:
                with self.assertRaises(MeshError) as caught:
                    await mesh.call("example.meter", {})
                self.assertEqual(caught.exception.code, "invocation_mismatch")

    @statement(53)
    async def test_keys_that_python_writes_are_replayed_and_followed(self):
        async with AgentMesh(self.world.url) as mesh:
            await mesh.kv.put("example.stock.gone", "1")
            await mesh.kv.delete("example.stock.gone")
            await mesh.kv.put("example.stock.pears", "3")
            async with Program(self.world, "source") as source:
                self.assertEqual(await source.line(), "example.stock.pears = 3")
                await mesh.kv.put("example.stock.apples", "7")
                self.assertEqual(await source.line(), "example.stock.apples = 7")
                await mesh.kv.put("example.stock.apples", "no number")  # a dead letter
                await mesh.kv.delete("example.stock.pears")
                self.assertEqual(await source.line(), "example.stock.pears is gone")

    @statement(55, 56)
    async def test_a_key_that_python_writes_opens_and_closes_a_gate(self):
        # The example turns its own key; that Python reads and writes the same one is what is shown here.
        async with AgentMesh(self.world.url) as mesh:
            await mesh.kv.put("example.shop.open", "open")
            code, out, _ = await run(self.world, EXAMPLES / "gate")
            self.assertEqual(code, 0)
            self.assertEqual(out.splitlines(), ["the shop is closed", 'the shop says "sold"', "the shop is closed"])
            self.assertEqual(await mesh.kv.get("example.shop.open"), "closed")
