"""Calls each method of the worker contract once with grpcio, and prints the answers as one line of JSON."""

import json
import sys

import grpc
from google.protobuf import json_format
from roundhouse.worker.v1 import worker_pb2 as contract

SERVICE = contract.DESCRIPTOR.services_by_name["Worker"]
answers = {}


def call(channel, method, request=None):
    reply = getattr(contract, method.output_type.name)
    stub = channel.unary_unary(
        f"/{SERVICE.full_name}/{method.name}",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=reply.FromString,
    )
    message = request or getattr(contract, method.input_type.name)()
    return json_format.MessageToDict(stub(message, timeout=10), preserving_proto_field_name=True)


def status_of(channel, path, request):
    try:
        channel.unary_unary(path)(request, timeout=10)
        return "OK"
    except grpc.RpcError as error:
        return error.code().name


with grpc.insecure_channel(f"unix:{sys.argv[1]}") as channel:
    methods = SERVICE.methods_by_name
    for name in ["Ready", "Health", "Reload", "Metrics", "Notices"]:
        answers[name] = call(channel, methods[name])
    answers["Garbage"] = status_of(channel, f"/{SERVICE.full_name}/Drain", b"\x08")
    answers["Drain"] = call(channel, methods["Drain"], contract.DrainRequest(timeout_ms=2000))
    answers["Ready again"] = call(channel, methods["Ready"])
    answers["Nonsense"] = status_of(channel, f"/{SERVICE.full_name}/Nonsense", b"")
print(json.dumps(answers), flush=True)
