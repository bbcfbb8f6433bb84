# SPDX-License-Identifier: Apache-2.0
"""Keys and the workspace, each side reading, replacing and deleting what the other has written."""

import asyncio
import contextlib
import json
import pathlib
import tempfile
import types
import unittest

import nats
import nats.js.errors
from openagentmesh import AgentMesh

from mesh import BUILD, CLI, DEADLINE, MeshTest, Server, environment, run, statement, with_agents

KEYS = BUILD / "examples" / "keys"
WORKSPACE = BUILD / "examples" / "workspace"

NAMES = ["plain", "with/slashes/in.it", "with spaces / and more", "déjà/日本.txt", 'odd "quotes" \\ > * .']
SIZES = [0, 1, 131072, 131073, 10 << 20]


def content(size):
    """Bytes that tell their place."""
    return b"".join(i.to_bytes(4, "little") for i in range(size // 4 + 1))[:size]


class StoreTest(MeshTest):
    async def keys(self, *arguments):
        return await run(self.world, KEYS, *arguments)

    async def workspace(self, *arguments):
        return await run(self.world, WORKSPACE, *arguments)

    def file(self, name):
        return self.world.folder / name


class Keys(StoreTest):
    @statement(12)
    async def test_they_read_and_change_what_we_write(self):
        async with AgentMesh(self.world.url) as mesh:
            for key in ("ours", "ours.with.dots", "ours/with/slashes", "ours-_=9"):
                self.assertEqual((await self.keys("put", key, "grüezi"))[0], 0)
                self.assertEqual(await mesh.kv.get(key), "grüezi")
                await mesh.kv.put(key, "changed")
                self.assertEqual((await self.keys("get", key))[:2], (0, "changed\n"))
                await mesh.kv.delete(key)
                status, _, err = await self.keys("get", key)
                self.assertEqual(status, 1)
                self.assertIn("deleted", err)

    @statement(12)
    async def test_we_read_and_delete_what_they_write(self):
        async with AgentMesh(self.world.url) as mesh:
            await mesh.kv.put("theirs/key", "Ünïcode")
            self.assertEqual((await self.keys("get", "theirs/key"))[:2], (0, "Ünïcode\n"))
            self.assertEqual((await self.keys("delete", "theirs/key"))[0], 0)
            with self.assertRaises(nats.js.errors.KeyNotFoundError):
                await mesh.kv.get("theirs/key")

    @statement(12)
    async def test_bytes_come_as_they_are(self):
        value = bytes(range(256))
        async with AgentMesh(self.world.url) as mesh:
            await mesh.kv.put("bytes", value)
            process = await asyncio.create_subprocess_exec(
                KEYS, "get", "bytes", stdout=asyncio.subprocess.PIPE, env=environment(self.world.folder, self.world.url)
            )
            out, _ = await asyncio.wait_for(process.communicate(), DEADLINE)
        self.assertEqual(out, value + b"\n")

    @statement(12, 13)
    async def test_a_key_is_created_once_whoever_is_first(self):
        async with AgentMesh(self.world.url) as mesh:
            await mesh.kv._kv.create("first.theirs", b"1")
            status, _, err = await self.keys("create", "first.theirs", "2")
            self.assertEqual(status, 1)
            self.assertIn("exists already", err)
            self.assertEqual((await self.keys("create", "first.ours", "1"))[0], 0)
            with self.assertRaises(nats.js.errors.KeyWrongLastSequenceError):
                await mesh.kv._kv.create("first.ours", b"2")
            await mesh.kv.delete("first.theirs")
            self.assertEqual((await self.keys("create", "first.theirs", "3"))[0], 0)
            self.assertEqual(await mesh.kv.get("first.theirs"), "3")
            self.assertEqual((await self.keys("delete", "first.ours"))[0], 0)
            await mesh.kv._kv.create("first.ours", b"4")
            self.assertEqual((await self.keys("get", "first.ours"))[:2], (0, "4\n"))

    @statement(13)
    async def test_both_count_at_once_and_lose_no_count(self):
        async with AgentMesh(self.world.url) as mesh:
            await mesh.kv.put("counter", "0")

            async def add_one(text):
                return str(int(text) + 1)

            async def count():
                for _ in range(5):
                    await mesh.kv.update("counter", add_one, max_retries=1000)

            outcomes = await asyncio.gather(count(), *(self.keys("count", "counter") for _ in range(5)))
            self.assertEqual([outcome[0] for outcome in outcomes[1:]], [0] * 5)
            self.assertEqual(await mesh.kv.get("counter"), "10")

    async def test_we_list_what_is_there_and_not_what_they_deleted(self):
        async with AgentMesh(self.world.url) as mesh:
            await mesh.kv.put("list.a", "1")
            await mesh.kv.put("list.b", "2")
            await mesh.kv.put("list.empty", "")
            await mesh.kv.put("list.gone", "3")
            await mesh.kv.delete("list.gone")
            self.assertEqual((await self.keys("list", "list.*"))[1], "list.a = 1\nlist.b = 2\nlist.empty = \n")

    async def test_we_see_their_changes_and_they_ours(self):
        async with AgentMesh(self.world.url) as mesh, asyncio.timeout(DEADLINE):
            await mesh.kv.put("seen.before", "1")
            process = await asyncio.create_subprocess_exec(
                KEYS, "watch", "seen.*", stdout=asyncio.subprocess.PIPE,
                env=environment(self.world.folder, self.world.url),
            )
            try:
                line = process.stdout.readline
                self.assertEqual(await line(), b"seen.before = 1\n")
                self.assertEqual(await line(), b"(from now on)\n")
                await mesh.kv.put("seen.now", "2")
                self.assertEqual(await line(), b"seen.now = 2\n")
                await mesh.kv.delete("seen.before")
                self.assertEqual(await line(), b"seen.before is gone\n")
            finally:
                process.kill()
                await process.wait()
            theirs = mesh.kv.watch("seen.now")
            self.assertEqual(await anext(theirs), "2")
            self.assertEqual((await self.keys("put", "seen.now", "3"))[0], 0)
            self.assertEqual(await anext(theirs), "3")


class Workspace(StoreTest):
    @statement(14)
    async def test_they_read_what_we_put(self):
        async with AgentMesh(self.world.url) as mesh:
            for name, size in [(name, 300_000) for name in NAMES] + [("sized", size) for size in SIZES]:
                with self.subTest(name=name, size=size):
                    self.file("from").write_bytes(content(size))
                    self.assertEqual((await self.workspace("put", name, self.file("from")))[0], 0)
                    self.assertEqual(await mesh.workspace.get(name), content(size))

    @statement(14)
    async def test_we_read_what_they_put(self):
        async with AgentMesh(self.world.url) as mesh:
            for name, size in [(name, 300_000) for name in NAMES] + [("sized", size) for size in SIZES]:
                with self.subTest(name=name, size=size):
                    await mesh.workspace.put(name, content(size))
                    self.assertEqual((await self.workspace("get", name, self.file("to")))[0], 0)
                    self.assertEqual(self.file("to").read_bytes(), content(size))

    @statement(14)
    async def test_each_replaces_and_deletes_what_the_other_put(self):
        async with AgentMesh(self.world.url) as mesh:
            self.file("from").write_bytes(b"ours")
            for name in NAMES:
                with self.subTest(name=name):
                    await mesh.workspace.put(name, content(400_000))
                    self.assertEqual((await self.workspace("put", name, self.file("from")))[0], 0)
                    self.assertEqual(await mesh.workspace.get(name), b"ours")
                    await mesh.workspace.put(name, b"theirs")
                    self.assertEqual((await self.workspace("get", name, self.file("to")))[0], 0)
                    self.assertEqual(self.file("to").read_bytes(), b"theirs")
                    self.assertEqual((await self.workspace("delete", name))[0], 0)
                    with self.assertRaises(nats.js.errors.ObjectNotFoundError):
                        await mesh.workspace.get(name)
                    with self.assertRaises(nats.js.errors.ObjectNotFoundError):
                        await mesh.workspace.delete(name)

    @statement(15)
    async def test_what_they_deleted_is_gone_and_can_be_put_again(self):
        async with AgentMesh(self.world.url) as mesh:
            for name in NAMES:
                with self.subTest(name=name):
                    await mesh.workspace.put(name, b"theirs")
                    await mesh.workspace.delete(name)
                    status, _, err = await self.workspace("get", name, self.file("to"))
                    self.assertEqual(status, 1)
                    self.assertIn("deleted", err)
                    self.assertEqual((await self.workspace("delete", name))[0], 1)
                    status, out, _ = await self.workspace("list", name)
                    self.assertEqual((status, out), (0, ""))
                    self.file("from").write_bytes(content(200_000))
                    self.assertEqual((await self.workspace("put", name, self.file("from")))[0], 0)
                    self.assertEqual(await mesh.workspace.get(name), content(200_000))
                    status, out, _ = await self.workspace("list", name)
                    self.assertEqual((status, out.split(maxsplit=1)), (0, ["200000", name + "\n"]))
                    await mesh.workspace.delete(name)  # this time what we put
                    self.assertEqual((await self.workspace("get", name, self.file("to")))[0], 1)


BUCKETS = {
    "KV_mesh-catalog",
    "KV_mesh-registry",
    "KV_mesh-instances",
    "KV_mesh-observability",
    "KV_mesh-context",
    "OBJ_mesh-artifacts",
}


@contextlib.contextmanager
def empty_server():
    """A server that nobody has used, in a folder of its own."""
    with tempfile.TemporaryDirectory(dir=BUILD / "interop") as name:
        folder = pathlib.Path(name)
        server = Server(folder)
        try:
            yield types.SimpleNamespace(folder=folder, url=server.url)
        finally:
            server.stop()


async def configurations(url):
    """What each stream was made with."""
    connection = await nats.connect(url)
    names = json.loads((await connection.request("$JS.API.STREAM.NAMES")).data)["streams"] or []
    found = {}
    for name in names:
        found[name] = json.loads((await connection.request(f"$JS.API.STREAM.INFO.{name}")).data)["config"]
    await connection.close()
    return found


class Buckets(unittest.IsolatedAsyncioTestCase):
    @statement(9)
    async def test_what_we_make_on_an_empty_server_is_good_for_them(self):
        with empty_server() as place:
            self.assertEqual((await run(place, KEYS, "put", "ours", "1"))[0], 0)
            self.assertEqual(set(await configurations(place.url)), BUCKETS)
            async with with_agents(place.url) as mesh:
                status, out, err = await run(place, CLI, "call", "py.reverse", '{"text": "abc"}')
                self.assertEqual((status, json.loads(out)), (0, {"text": "cba"}), err)
                self.assertEqual(await mesh.kv.get("ours"), "1")
                await mesh.kv.put("theirs", "2")
                await mesh.workspace.put("theirs", b"3")
                self.assertEqual(await mesh.workspace.get("theirs"), b"3")

    @statement(10)
    async def test_what_they_made_stays_as_it_is(self):
        with empty_server() as place:
            async with AgentMesh(place.url):
                pass
            before = await configurations(place.url)
            self.assertTrue(before and set(before) <= BUCKETS)
            for program, *arguments in ((KEYS, "put", "a", "b"), (WORKSPACE, "put", "a", KEYS), (CLI, "catalog")):
                self.assertEqual((await run(place, program, *arguments))[0], 0)
            after = await configurations(place.url)
            self.assertEqual({name: after[name] for name in before}, before)

    @statement(11)
    async def test_many_of_us_may_start_at_once_on_an_empty_server(self):
        for _ in range(3):
            with empty_server() as place:
                outcomes = await asyncio.gather(*(run(place, KEYS, "put", "k", str(i)) for i in range(8)))
                self.assertEqual([status for status, _, _ in outcomes], [0] * 8, outcomes)
                self.assertEqual(set(await configurations(place.url)), BUCKETS)
