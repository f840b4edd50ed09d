"""An integrated worker in Python: it counts, and says how it does.

Needs grpcio (Debian: python3-grpcio) and the messages that protoc makes of the published contract:

    protoc --python_out=. --proto_path=../../proto roundhouse/worker/v1/worker.proto
    ROUNDHOUSE_WORKER_SOCKET=/tmp/worker.sock python3 worker.py

CONFIGURATION names a JSON file with `pause_ms`, the pause between two counts. It is read again on Reload.
"""

import json
import os
import signal
import threading
import time
from concurrent import futures

import grpc
from roundhouse.worker.v1 import worker_pb2 as contract


class Counter:
    """The work: one count after the other, until it is told to drain."""

    def __init__(self):
        self.count = 0
        self.pause_ms = 10
        self.draining = threading.Event()
        self.drained = threading.Event()

    def configure(self):
        path = os.environ.get("CONFIGURATION")
        if path:
            with open(path, encoding="utf-8") as file:
                self.pause_ms = int(json.load(file)["pause_ms"])

    def run(self):
        while not self.draining.is_set():
            time.sleep(self.pause_ms / 1000)
            self.count += 1
        self.drained.set()


class Worker:
    """The contract: one method a call."""

    def __init__(self, counter):
        self.counter = counter
        self.notices = []
        self.notice(contract.Notice.SEVERITY_INFO, "started")

    def notice(self, severity, message):
        at_ms = int(time.time() * 1000)
        number = len(self.notices) + 1
        self.notices.append(contract.Notice(number=number, at_ms=at_ms, severity=severity, message=message))

    def Ready(self, request, context):
        if self.counter.draining.is_set():
            return contract.ReadyReply(reason="draining")
        return contract.ReadyReply(is_ready=self.counter.count > 0, reason="nothing is counted yet")

    def Health(self, request, context):
        return contract.HealthReply(status=contract.HealthReply.STATUS_OK)

    def Drain(self, request, context):
        self.counter.draining.set()
        timeout = request.timeout_ms / 1000 if request.timeout_ms else None
        return contract.DrainReply(remaining=0 if self.counter.drained.wait(timeout) else 1)

    def Reload(self, request, context):
        try:
            self.counter.configure()
        except (OSError, ValueError, KeyError) as error:
            self.notice(contract.Notice.SEVERITY_WARNING, f"the configuration cannot be read: {error}")
            return contract.ReloadReply(reason=str(error))
        return contract.ReloadReply(is_reloaded=True)

    def Metrics(self, request, context):
        return contract.MetricsReply(
            metrics=[
                contract.Metric(
                    name="counts_total",
                    kind=contract.Metric.KIND_COUNTER,
                    help="Counts so far.",
                    value=self.counter.count,
                    labels={"language": "python"},
                ),
                contract.Metric(name="pause_seconds", kind=contract.Metric.KIND_GAUGE, value=self.counter.pause_ms / 1000),
            ]
        )

    def Notices(self, request, context):
        return contract.NoticesReply(notices=[notice for notice in self.notices if notice.number > request.after])


def serve(worker, path):
    """Listens on the socket; one that an earlier process has left is replaced."""
    handlers = {
        method.name: grpc.unary_unary_rpc_method_handler(
            getattr(worker, method.name),
            request_deserializer=getattr(contract, method.input_type.name).FromString,
            response_serializer=getattr(contract, method.output_type.name).SerializeToString,
        )
        for method in contract.DESCRIPTOR.services_by_name["Worker"].methods
    }
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    name = contract.DESCRIPTOR.services_by_name["Worker"].full_name
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, handlers),))
    if os.path.exists(path):
        os.unlink(path)
    server.add_insecure_port(f"unix:{path}")
    server.start()
    return server


def main():
    counter = Counter()
    counter.configure()
    path = os.environ.get("ROUNDHOUSE_WORKER_SOCKET")
    server = serve(Worker(counter), path) if path else None
    signal.signal(signal.SIGTERM, lambda *_: counter.draining.set())
    thread = threading.Thread(target=counter.run)
    thread.start()
    print("counting", flush=True)
    # A worker that was drained stays until it is stopped: it may be asked how it went.
    signal.pause()
    thread.join()
    if server:
        server.stop(grace=1).wait()


if __name__ == "__main__":
    main()
