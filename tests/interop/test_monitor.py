# SPDX-License-Identifier: Apache-2.0
"""Who is taken off the mesh by our health monitor, and what Python sees of it.

The SDK of requirements.txt neither names its connection nor keeps an instance record, and has no monitor of its own: the
host below adds the first two, as the protocol has them (3.1, 4.5)."""

import asyncio
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

import nats
import nats.js.errors
from openagentmesh import AgentMesh, MeshError

from mesh import BUILD, CLI, DEADLINE, MeshTest, WITH_US, catalog_until, environment, statement

HOST = """
import asyncio, functools, json, sys, uuid
import nats
from openagentmesh import AgentMesh, AgentSpec

url, *names = sys.argv[1:]
instance = uuid.uuid4().hex
nats.connect = functools.partial(nats.connect, name="oam-host-" + instance)

def serve(mesh, name):
    @mesh.agent(AgentSpec(name=name, description="Will be killed."))
    async def answer() -> str:
        return "alive"

async def main():
    mesh = AgentMesh(url)
    for name in names:
        serve(mesh, name)
    async with mesh:
        records = await mesh._nc.jetstream().key_value("mesh-instances")
        await records.put(instance, json.dumps({"agents": sorted(names)}).encode())
        print(instance, flush=True)
        await asyncio.sleep(3600)

asyncio.run(main())
"""


class Python:
    """A host in a process of its own, which can be killed."""

    def __init__(self, url, *names):
        self.process = subprocess.Popen(
            [*WITH_US, sys.executable, "-c", HOST, url, *names], stdout=subprocess.PIPE, text=True
        )
        self.instance = self.process.stdout.readline().strip()

    def kill(self):
        self.process.kill()
        self.process.wait(DEADLINE)
        self.process.stdout.close()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class LocalMesh(MeshTest):
    """On a mesh that 'agentmesh up' has started."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="run.", dir=BUILD / "interop"))
        cls.url = f"nats://127.0.0.1:{free_port()}"
        cls.command("up", "--port", cls.url.rpartition(":")[2])
        cls.addClassCleanup(cls.end)

    @classmethod
    def command(cls, name, *arguments):
        subprocess.run(
            [CLI, name, "--store", cls.folder / "store", *arguments],
            env=environment(cls.folder, cls.url),
            cwd=cls.folder,
            check=True,
            capture_output=True,
        )

    @classmethod
    def end(cls):
        cls.command("down")
        shutil.rmtree(cls.folder)

    def record(self):
        """What the local server notes of itself."""
        return json.loads((self.folder / "store" / "server.json").read_text())

    @contextlib.asynccontextmanager
    async def deaths(self):
        connection = await nats.connect(self.url)
        notices = await connection.subscribe("mesh.death.>")
        await connection.flush()
        yield notices
        await connection.close()

    async def expect_death(self, notices, agent, instance):
        message = await notices.next_msg(timeout=DEADLINE)
        notice = json.loads(message.data)
        self.assertEqual((message.subject, message.headers), (f"mesh.death.{agent}", None))
        self.assertEqual((notice["agent"], notice["reason"], notice["instance_id"]), (agent, "disconnect", instance))

    @contextlib.asynccontextmanager
    async def our_host(self):
        """A program of ours that serves example.greeter, and its instance."""
        host = subprocess.Popen(
            [*WITH_US, BUILD / "examples" / "serve"], env=environment(self.folder, self.url), stderr=subprocess.DEVNULL
        )
        await catalog_until(self.url, lambda names: "example.greeter" in names)
        connection = await nats.connect(self.url)
        records = await connection.jetstream().key_value("mesh-instances")
        (instance,) = await records.keys()
        await connection.close()
        yield host, instance
        host.kill()
        host.wait(DEADLINE)


class Monitor(LocalMesh):
    @statement(63)
    async def test_a_killed_python_host_is_buried_by_us(self):
        async with self.deaths() as notices, AgentMesh(self.url) as mesh:
            host = await asyncio.to_thread(Python, self.url, "py.mortal")
            self.assertEqual(await mesh.call("py.mortal"), "alive")
            await asyncio.to_thread(host.kill)
            await self.expect_death(notices, "py.mortal", host.instance)
            await catalog_until(self.url, lambda names: "py.mortal" not in names)
            with self.assertRaises(MeshError) as caught:
                await mesh.contract("py.mortal")
            self.assertEqual(caught.exception.code, "not_found")

    @statement(63)
    async def test_what_another_python_host_serves_stays(self):
        async with self.deaths() as notices, AgentMesh(self.url) as mesh:
            first = await asyncio.to_thread(Python, self.url, "py.shared", "py.lone")
            second = await asyncio.to_thread(Python, self.url, "py.shared")
            await asyncio.to_thread(first.kill)
            await self.expect_death(notices, "py.lone", first.instance)
            names = await catalog_until(self.url, lambda names: "py.lone" not in names)
            self.assertIn("py.shared", names)
            self.assertEqual(await mesh.call("py.shared"), "alive")
            await asyncio.to_thread(second.kill)
            await self.expect_death(notices, "py.shared", second.instance)

    async def test_python_hears_that_a_killed_host_of_ours_has_died(self):
        async with self.deaths() as notices, self.our_host() as (host, instance):
            host.kill()
            await self.expect_death(notices, "example.greeter", instance)
            await catalog_until(self.url, lambda names: "example.greeter" not in names)


class PlainMonitor:
    """The algorithm of the protocol (13.2) to the letter: no sweep, and no look at who is connected again."""

    def __init__(self, system, mesh):
        self.system, self.mesh, self.jetstream = system, mesh, mesh.jetstream()

    async def start(self):
        self.instances = await self.jetstream.key_value("mesh-instances")
        self.catalog = await self.jetstream.key_value("mesh-catalog")
        self.registry = await self.jetstream.key_value("mesh-registry")
        await self.system.subscribe("$SYS.ACCOUNT.*.DISCONNECT", cb=self.on_advisory)
        await self.system.flush()

    async def on_advisory(self, message):
        name = json.loads(message.data)["client"].get("name", "")
        if not name.startswith("oam-host-"):
            return
        instance = name.removeprefix("oam-host-")
        try:
            record = json.loads((await self.instances.get(instance)).value)
        except nats.js.errors.KeyNotFoundError:
            return
        await self.instances.delete(instance)
        for agent in record["agents"]:
            entry = await self.catalog.get("catalog")
            left = [other for other in json.loads(entry.value) if other["name"] != agent]
            await self.catalog.update("catalog", json.dumps(left).encode(), last=entry.revision)
            await self.registry.delete(agent)
            notice = {"agent": agent, "reason": "disconnect", "instance_id": instance}
            await self.mesh.publish(f"mesh.death.{agent}", json.dumps(notice).encode())


class MonitorOfOthers(LocalMesh):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        os.kill(cls.record(cls)["monitor"], signal.SIGTERM)

    @statement(62)
    async def test_a_killed_host_of_ours_is_buried_by_the_plain_algorithm(self):
        system = await nats.connect(self.record()["system_url"])
        mesh = await nats.connect(self.url)
        await PlainMonitor(system, mesh).start()
        async with self.deaths() as notices, self.our_host() as (host, instance):
            host.kill()
            await self.expect_death(notices, "example.greeter", instance)
            await catalog_until(self.url, lambda names: "example.greeter" not in names)
        await mesh.close()
        await system.close()
