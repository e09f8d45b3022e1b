"""A DNS server on loopback."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from socketserver import BaseRequestHandler, ThreadingUDPServer

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
from dns.rdatatype import RdataType
from dns.resolver import Resolver

from scripts.local.ports import HOST


@contextmanager
def answering(records: Mapping[tuple[str, str], str]) -> Iterator[Resolver]:
    """Answer with these records, `{(name, type): value}`, until the block ends; yield a resolver for this server."""

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            packet, endpoint = self.request
            query = dns.message.from_wire(packet)
            (question,) = query.question
            name, kind = question.name.to_text(omit_final_dot=True), RdataType.to_text(question.rdtype)
            reply = dns.message.make_response(query)
            if value := records.get((name, kind)):
                reply.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, value))
            elif name not in {known for known, _kind in records}:
                reply.set_rcode(dns.rcode.NXDOMAIN)
            endpoint.sendto(reply.to_wire(), self.client_address)

    with ThreadingUDPServer((HOST, 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        resolver = Resolver(configure=False)
        resolver.nameservers, resolver.port = [HOST], server.server_address[1]
        yield resolver
        server.shutdown()
