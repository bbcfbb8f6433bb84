# SPDX-License-Identifier: Apache-2.0
"""Levels and log events on the wire, as another program sets and sees them."""

import asyncio
import json

from openagentmesh import AgentMesh, MeshError

from mesh import CLI, DEADLINE, Agents, MeshTest, becomes, environment, run, statement

KEYS = ["timestamp", "level", "agent", "event", "request_id", "message", "data"]


class LevelsAndEvents(MeshTest):
    async def events_of_a_call(self, mesh, events):
        """What is told of one call: from the first event until nothing came for a while."""
        await mesh.call("echo", {"message": "hello"})
        told = []
        while True:
            try:
                told.append(await asyncio.wait_for(events.get(), 0.3))
            except asyncio.TimeoutError:
                return told

    async def until_told(self, mesh, events, names):
        async with asyncio.timeout(DEADLINE):
            while [event["event"] for event in await self.events_of_a_call(mesh, events)] != names:
                pass

    @statement(59, 60)
    async def test_a_level_that_another_program_sets_takes_effect_at_once(self):
        async with AgentMesh(self.world.url) as mesh:
            events = asyncio.Queue()

            async def keep(message):
                event = json.loads(message.data)
                self.assertEqual(list(event), KEYS)
                self.assertEqual(message.subject, f"mesh.logs.{event['agent']}")
                self.assertRegex(message.headers["X-Mesh-Instance-Id"], "^[0-9a-f]{32}$")
                events.put_nowait(event)

            await mesh._nc.subscribe("mesh.logs.echo", cb=keep)
            levels = await mesh._nc.jetstream().key_value("mesh-observability")
            await self.until_told(mesh, events, [])
            await levels.put("echo", b'{"log_level": "debug"}')
            await self.until_told(mesh, events, ["request_received", "request_completed"])
            await levels.put("echo", b'{"log_level": ["x"]}')
            await self.until_told(mesh, events, [])
            await levels.put("global", b'{"log_level": "debug"}')
            await self.until_told(mesh, events, ["request_received", "request_completed"])
            await levels.delete("global")
            await levels.delete("echo")
            await self.until_told(mesh, events, [])

    @statement(59)
    async def test_all_nine_kinds_are_seen(self):
        levels = dict.fromkeys(
            ["agent_registered", "agent_deregistered", "agent_activated", "agent_deactivated", "usage_reported"], "info"
        )
        levels |= {"request_received": "debug", "request_completed": "debug"}
        levels |= {"request_failed": "warn", "validation_error": "warn"}
        seen, odd = {}, []
        async with AgentMesh(self.world.url) as mesh:

            async def keep(message):
                event = json.loads(message.data)
                if list(event) != KEYS or not isinstance(event["data"], dict):
                    odd.append(event)
                seen[event["event"]] = event["level"]

            await mesh._nc.subscribe("mesh.logs.>", cb=keep)
            bucket = await mesh._nc.jetstream().key_value("mesh-observability")
            await bucket.put("global", b'{"log_level": "debug"}')
            async with Agents(self.world):
                await mesh.kv.put("c.gate", "open")
                await becomes(lambda: "agent_activated" in seen)
                await mesh.kv.put("c.gate", "closed")
                await becomes(lambda: "agent_deactivated" in seen)
                await mesh.call("c.uses", timeout=DEADLINE)
                for agent, payload in (("c.fails", None), ("echo", {"no": "message"})):
                    with self.assertRaises(MeshError):
                        await mesh.call(agent, payload, timeout=DEADLINE)
                await becomes(lambda: set(seen) >= set(levels) - {"agent_deregistered"})
            await becomes(lambda: "agent_deregistered" in seen)
            await bucket.delete("global")
        self.assertEqual((seen, odd), (levels, []))

    async def test_what_we_set_is_what_another_program_reads(self):
        async with AgentMesh(self.world.url) as mesh:
            levels = await mesh._nc.jetstream().key_value("mesh-observability")
            status, out, err = await run(self.world, CLI, "level", "py.one", "--set", "warn")
            self.assertEqual((status, out), (0, "py.one: log_level=warn (source: agent)\n"), err)
            self.assertEqual(json.loads((await levels.get("py.one")).value), {"log_level": "warn"})
            await levels.put("py.one", b'{"log_level": "off", "by": "python"}')
            status, out, err = await run(self.world, CLI, "level", "py.one")
            self.assertEqual((status, out), (0, "py.one: log_level=off (source: agent)\n"), err)

    async def test_events_of_another_program_are_shown(self):
        event = dict(zip(KEYS, ["2026-11-22T10:57:53+00:00", "info", "py.one", "usage_reported", "77", "", {"cost": 1.50}]))
        process = await asyncio.create_subprocess_exec(
            CLI, "logs", "py.one", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            env=environment(self.world.folder, self.world.url),
        )
        async with AgentMesh(self.world.url) as mesh, asyncio.timeout(DEADLINE):
            line = asyncio.create_task(process.stdout.readline())
            while not line.done():  # when it has begun to listen is not known
                await mesh._nc.publish("mesh.logs.py.one", b"no event")
                await mesh._nc.publish("mesh.logs.py.one", json.dumps(event).encode())
                await asyncio.wait([line], timeout=0.05)
            shown = line.result().decode()
        process.terminate()
        await process.wait()
        self.assertEqual(
            shown, '2026-11-22T10:57:53+00:00 [info] py.one usage_reported request_id=77 {"cost":1.5}\n'
        )
