"""A gRPC client of our own over HTTP/2 (RFC 9113), as small as a job worker needs it: calls with one request each.

channel.py     what a generated stub is bound to: finds the connection for a call, opens a new one
dialing.py     sockets: name look-up, proxy, TLS
connection.py  the protocol: streams, settings, farewells
reading.py     what the peer sends, as whole frames
sending.py     what it is sent, as fast as its windows and the transport allow
liveness.py    whether it is still there
call.py        one call: its request, its messages, its end
deadlines.py   ends calls that take too long
headers.py     header blocks (HPACK)
frames.py      frames, as bytes
status.py      what the end of a call means
"""
