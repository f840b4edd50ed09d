"""Serves grpc.health.v1.Health/Check with grpcio. Prints its port. https://github.com/grpc/grpc-proto"""

import sys
import time
from concurrent import futures

import grpc

# HealthCheckResponse: field 1, a varint.
STATUSES = {"": b"\x08\x01", "sick": b"\x08\x02", "unset": b"", "broken": b"\x08"}


def check(request, context):
    # HealthCheckRequest: field 1, a string.
    service = request[2:].decode() if request else ""
    if service == "slow":
        time.sleep(30)
    if service not in STATUSES:
        context.abort(grpc.StatusCode.NOT_FOUND, "there is no such service: ä %")
    return STATUSES[service]


server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
if sys.argv[1] == "health":
    handlers = {"Check": grpc.unary_unary_rpc_method_handler(check)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("grpc.health.v1.Health", handlers),))
if len(sys.argv) > 2:
    with open(sys.argv[2], "rb") as key, open(sys.argv[3], "rb") as certificate:
        credentials = grpc.ssl_server_credentials([(key.read(), certificate.read())])
    port = server.add_secure_port("127.0.0.1:0", credentials)
else:
    port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(port, flush=True)
server.wait_for_termination()
