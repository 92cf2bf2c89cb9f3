"""Everything to try the worker without an engine: a gateway in memory, an example service, example jobs, a door.

`gateway` speaks the real gRPC protocol, so the worker under it is the one that runs in production. `broker` fetches
and runs a real engine instead.
"""
