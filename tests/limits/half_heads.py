"""Many connections whose request head never becomes complete, held by a process of its own.

Arguments: the gateway's port, the source address and the number of connections. Each connection that the gateway ends
is replaced. Writes one line when all are open, and ends when its standard input does.
"""

import asyncio
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from subprocess import PIPE, Popen

HOST = "127.0.0.1"
HEAD = b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "
AT_ONCE = 256  # connections that are being opened


@contextmanager
def half_heads(gateway: str, address: str, count: int) -> Iterator[None]:
    """Hold `count` half-open heads from `address` at the URL `gateway` while the block runs."""
    port = gateway.rpartition(":")[2]
    command = [sys.executable, "-m", "tests.limits.half_heads", port, address, str(count)]
    with Popen(command, stdin=PIPE, stdout=PIPE) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline(), "the process that holds the connections ended"
        yield
        process.stdin.close()
        assert process.wait(30) == 0


async def _main(port: int, address: str, count: int) -> None:
    opening, is_open, over = asyncio.Semaphore(AT_ONCE), [asyncio.Event() for _ in range(count)], asyncio.Event()

    async def hold(number: int) -> None:
        while not over.is_set():
            with suppress(OSError):
                async with opening:
                    reader, writer = await asyncio.open_connection(HOST, port, local_addr=(address, 0))
                    writer.write(HEAD)
                is_open[number].set()
                await reader.read()
                writer.close()

    holders = [asyncio.create_task(hold(number)) for number in range(count)]
    for opened in is_open:
        await opened.wait()
    print("all open", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    over.set()
    for holder in holders:
        holder.cancel()


if __name__ == "__main__":
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(_main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
