"""The service of echo.fixture.proto with grpcio, from either end. https://grpc.github.io/grpc/python/

serve [KEY CERTIFICATE]       prints its port
call HOST:PORT [CERTIFICATE]  does one scenario after the other, each a line of JSON
"""

import json
import sys
import threading
from concurrent import futures

import grpc

from echo.fixture_pb2 import EchoReply, EchoRequest

SERVICE = "roundhouse.test.Echo"
NUMBERS = {status.value[0]: status for status in grpc.StatusCode}
# google.rpc.Status { code: 5, details: [Any { type_url: "t/a.B", value: 0x01 }] }
DETAILS = bytes.fromhex("08051a0a0a05742f612e42120101")


def fail_if_asked(request, context):
    if request.status:
        if request.status == 5:
            context.set_trailing_metadata((("grpc-status-details-bin", DETAILS),))
        context.abort(NUMBERS[request.status], request.text)


def say(request, context):
    fail_if_asked(request, context)
    for name, value in context.invocation_metadata():
        if name == "x-said":
            context.send_initial_metadata((("x-heard", value),))
            context.set_trailing_metadata((("x-heard-bin", value.encode()),))
        if name == "x-gzip":
            context.set_compression(grpc.Compression.Gzip)
        if name == "x-wait":
            deadline = context.time_remaining()
            print(json.dumps({"begun": request.text}), flush=True)
            ended = threading.Event()
            context.add_callback(ended.set)
            ended.wait(30)
            print(json.dumps({"ended": ended.is_set(), "deadline": deadline}), flush=True)
    return EchoReply(text=request.text * max(1, request.times))


def repeat(request, context):
    for number in range(request.times):
        yield EchoReply(text=f"{request.text} {number}")
    fail_if_asked(request, context)


def join(requests, context):
    texts = []
    for request in requests:
        fail_if_asked(request, context)
        texts.append(request.text)
    return EchoReply(text=" ".join(texts))


def chat(requests, context):
    for request in requests:
        fail_if_asked(request, context)
        yield EchoReply(text=request.text)


def serve(arguments):
    coding = {"request_deserializer": EchoRequest.FromString, "response_serializer": EchoReply.SerializeToString}
    handlers = {
        "Say": grpc.unary_unary_rpc_method_handler(say, **coding),
        "Repeat": grpc.unary_stream_rpc_method_handler(repeat, **coding),
        "Join": grpc.stream_unary_rpc_method_handler(join, **coding),
        "Chat": grpc.stream_stream_rpc_method_handler(chat, **coding),
    }
    health = {"Check": grpc.unary_unary_rpc_method_handler(lambda request, context: b"\x08\x01")}
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
    server.add_generic_rpc_handlers(
        (
            grpc.method_handlers_generic_handler(SERVICE, handlers),
            grpc.method_handlers_generic_handler("grpc.health.v1.Health", health),
        )
    )
    if arguments:
        with open(arguments[0], "rb") as key, open(arguments[1], "rb") as certificate:
            credentials = grpc.ssl_server_credentials([(key.read(), certificate.read())])
        port = server.add_secure_port("127.0.0.1:0", credentials)
    else:
        port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


def failure(error):
    trailers = {name: value for name, value in error.trailing_metadata() or ()}
    details = trailers.get("grpc-status-details-bin", b"")
    return {"status": error.code().name, "text": error.details(), "details": b"/google.rpc.RetryInfo" in details, "method": trailers.get("x-method")}


def outcome(run):
    try:
        return run()
    except grpc.RpcError as error:
        return failure(error)


def call(arguments):
    if len(arguments) > 1:
        with open(arguments[1], "rb") as certificate:
            credentials = grpc.ssl_channel_credentials(certificate.read())
        channel = grpc.secure_channel(arguments[0], credentials)
    else:
        channel = grpc.insecure_channel(arguments[0])
    coding = {"request_serializer": EchoRequest.SerializeToString, "response_deserializer": EchoReply.FromString}
    say = channel.unary_unary(f"/{SERVICE}/Say", **coding)
    repeat = channel.unary_stream(f"/{SERVICE}/Repeat", **coding)
    join = channel.stream_unary(f"/{SERVICE}/Join", **coding)
    chat = channel.stream_stream(f"/{SERVICE}/Chat", **coding)
    absent = channel.unary_unary(f"/{SERVICE}/Absent", **coding)
    check = channel.unary_unary("/grpc.health.v1.Health/Check")

    def tell(name, result):
        print(json.dumps({name: result}), flush=True)

    def with_metadata():
        reply, done = say.with_call(EchoRequest(text="x"), metadata=(("x-said", "hi"),), timeout=20)
        heard = dict(done.initial_metadata()).get("x-heard"), dict(done.trailing_metadata()).get("x-heard-bin")
        return [reply.text, heard[0], heard[1].decode()]

    def cancelled():
        replies = repeat(EchoRequest(text="x", times=-1))
        first = next(replies).text
        replies.cancel()
        return [first, replies.code().name]

    requests = [EchoRequest(text=text) for text in ("a", "b", "c")]
    tell("unary", outcome(lambda: say(EchoRequest(text="hello", times=2), timeout=20).text))
    tell("metadata", outcome(with_metadata))
    tell("repeat", outcome(lambda: [reply.text for reply in repeat(EchoRequest(text="x", times=3), timeout=20)]))
    tell("join", outcome(lambda: join(iter(requests), timeout=20).text))
    tell("chat", outcome(lambda: [reply.text for reply in chat(iter(requests), timeout=20)]))
    tell("large", outcome(lambda: len(say(EchoRequest(text="x" * 1_000_000), timeout=20).text)))
    tell("too large", outcome(lambda: say(EchoRequest(text="x" * 5_000_000), timeout=20).text))
    tell("deadline", outcome(lambda: say(EchoRequest(times=-1), timeout=1).text))
    tell("cancelled", cancelled())
    tell("early", outcome(lambda: join(iter([EchoRequest(text="no", status=9)] + requests * 1_000), timeout=20).text))
    tell("partly", outcome(lambda: [reply.text for reply in repeat(EchoRequest(text="ä %", times=2, status=15), timeout=20)]))
    tell("gzip", outcome(lambda: len(say(EchoRequest(text="x" * 50_000), timeout=20, compression=grpc.Compression.Gzip).text)))
    tell("absent", outcome(lambda: absent(EchoRequest(), timeout=20).text))
    tell("health", outcome(lambda: check(b"", timeout=20).hex()))
    for number in range(1, 17):
        tell(f"status {number}", outcome(lambda: say(EchoRequest(text=f"why {number} ä", status=number), timeout=20).text))
    channel.close()


{"serve": serve, "call": call}[sys.argv[1]](sys.argv[2:])
