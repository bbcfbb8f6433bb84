# SPDX-License-Identifier: Apache-2.0
"""Plugins that are replaced while Python programs listen and call."""

import asyncio
import os

import nats
from openagentmesh import AgentMesh

from mesh import CLI, DEADLINE, PLUGINS, MeshTest, catalog_until, run, statement

RELOADS = 100


class Reload(MeshTest):
    def put(self, name, version):
        """A plugin of other content each time, moved into its place in one step."""
        content = (PLUGINS / f"{name}.so").read_bytes() + version.encode()
        draft = self.world.folder / "plugins" / f".{name}"
        draft.write_bytes(content)
        os.rename(draft, self.world.folder / "plugins" / f"{name}.so")

    async def reload(self, name):
        status, out, err = await run(self.world, CLI, "host", "--socket", self.world.folder / "control", "reload", name)
        self.assertEqual(status, 0, out + err)

    @statement(50)
    async def test_a_subscriber_counts_on_through_a_hundred_reloads(self):
        self.put("clock", "0")
        await self.reload("clock")
        await catalog_until(self.world.url, lambda names: "clock" in names)
        numbers, ends = [], []

        async def hear(message):
            numbers.append(int(message.headers["X-Mesh-Stream-Seq"]))
            if message.headers["X-Mesh-Stream-End"] == "true":
                ends.append(numbers[-1])

        connection = await nats.connect(self.world.url)
        await connection.subscribe("mesh.agent.clock.events", cb=hear)
        await connection.flush()
        heard, is_over = 0, asyncio.Event()

        async def subscribe():
            nonlocal heard
            async with AgentMesh(self.world.url) as mesh:
                async for event in mesh.subscribe(agent="clock"):
                    self.assertIn("now", event)
                    heard += 1
                    if is_over.is_set():  # a cancel may come at a moment when the SDK keeps it to itself
                        return

        subscriber = asyncio.create_task(subscribe())
        for version in range(1, RELOADS + 1):
            self.put("clock", str(version))
            await self.reload("clock")
        last, before = numbers[-1], heard
        async with asyncio.timeout(DEADLINE):
            while numbers[-1] < last + 3 or heard < before + 3:  # until the last copy has been heard, too
                self.assertFalse(subscriber.done(), "the subscription has ended")
                await asyncio.sleep(0.01)
        is_over.set()
        await asyncio.wait_for(subscriber, DEADLINE)
        await connection.close()
        self.assertEqual(ends, [])
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))

    async def test_no_call_is_lost_while_an_agent_is_replaced(self):
        answers, is_over = [], asyncio.Event()

        async def call_on(mesh):
            while not is_over.is_set():
                answers.append(await mesh.call("echo", {"message": "hello"}))

        async with AgentMesh(self.world.url) as mesh:
            caller = asyncio.create_task(call_on(mesh))
            for version in range(20):
                self.put("echo", str(version))
                await self.reload("echo")
            is_over.set()
            await caller
        self.assertGreater(len(answers), 20)
        self.assertEqual(answers, [{"reply": "Echo: hello"}] * len(answers))
