"""Idempotent functions of Powertools for Python, for tests that share a store with them.

Each line on standard input is a command, and is answered by a line; both are JSON.

- `start` makes a call. The answer comes when its function runs, or when the call is over
  without that.
- `finish` lets the function return `result`, or raise an error. The answer says how the call
  ended.
"""

import json
import queue
import sys
import threading

from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent,
    idempotent_function,
)

current = threading.local()


def lambda_handler(event, context):
    return current.call.work()


def process_order(*, order):
    return current.call.work()


class Context:
    """What idempotency asks of a Lambda context."""

    def __init__(self, remaining):
        self.remaining = remaining

    def get_remaining_time_in_millis(self):
        return self.remaining


class Failure(Exception):
    """What a function raises."""


class Call(threading.Thread):
    def __init__(self, command, store):
        super().__init__(daemon=True)
        self.command = command
        self.store = store
        self.ran = False
        self.events = queue.SimpleQueue()
        self.endings = queue.SimpleQueue()
        self.start()

    def run(self):
        current.call = self
        try:
            end = {"result": self.invoke()}
        except Exception as error:
            end = {"error": type(error).__name__}
        self.events.put({"ran": self.ran, **end})

    def invoke(self):
        command = self.command
        config = IdempotencyConfig(
            event_key_jmespath=command["key"],
            payload_validation_jmespath=command["validation"],
        )
        remaining = command["remaining"]
        context = None if remaining is None else Context(remaining)
        settings = {
            "config": config,
            "persistence_store": self.store,
            "key_prefix": command["prefix"],
        }
        if command["function"] == "lambda_handler":
            return idempotent(lambda_handler, **settings)(command["payload"], context)
        config.register_lambda_context(context)
        function = idempotent_function(process_order, data_keyword_argument="order", **settings)
        return function(order=command["payload"])

    def work(self):
        """Runs in the place of the function's own work."""
        self.ran = True
        self.events.put({"running": True})
        ending = self.endings.get()
        if "result" in ending:
            return ending["result"]
        raise Failure


def dynamodb(settings):
    import boto3

    client = boto3.client("dynamodb", **settings["client"])
    return lambda: DynamoDBPersistenceLayer(boto3_client=client, **settings["table"])


def redis(settings):
    import redis
    from aws_lambda_powertools.utilities.idempotency.persistence.cache import (
        CachePersistenceLayer,
    )

    client = redis.Redis.from_url(settings["url"], decode_responses=True)
    return lambda: CachePersistenceLayer(client=client)


def main():
    settings = json.loads(sys.stdin.readline())
    # The first settings that a store is given stay: each call has a store of its own.
    new_store = {"dynamodb": dynamodb, "redis": redis}[settings["kind"]](settings)
    calls = {}
    for line in sys.stdin:
        command = json.loads(line)
        name = command["call"]
        if command["do"] == "start":
            calls[name] = Call(command, new_store())
        else:
            calls[name].endings.put(command)
        print(json.dumps(calls[name].events.get(), sort_keys=True), flush=True)
