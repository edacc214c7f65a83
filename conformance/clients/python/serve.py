"""What the programs in Python share: a line of JSON in is an operation, a line out its answer. See programs/operations.ts."""

import json
import logging
import os
import sys
import threading
import time


def started():
    """The bootstrap address and the settings of the command line; the client's log goes to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    return sys.argv[1], json.loads(sys.argv[2])


def renamed(settings, options):
    """The settings that are given, under the names that the client has for them."""
    return {option: settings[name] for name, option in options.items() if name in settings}


def serve(operations, name_of):
    """Answers operations, a dict of functions by name, until standard input ends; threads of clients do not outlive it."""
    for line in sys.stdin:
        request = json.loads(line)
        answer = {"id": request["id"]}
        try:
            operation = operations.get(request["op"])
            if operation is None:
                raise NotImplementedError(request["op"])
            answer["result"] = operation(**request["args"])
            if answer["result"] is None:
                answer["result"] = {"error": "NONE"}
        except Exception as error:  # whatever it is, its name is the answer
            answer["error"] = name_of(error)
            answer["message"] = str(error)
        print(json.dumps(answer), flush=True)
    os._exit(0)


def to_bytes(text):
    return None if text is None else text.encode()


def to_text(data):
    return None if data is None else data.decode()


def first_of(offsets):
    """What `produce` answers; a client that waits for no acknowledgement knows no offset, or a negative one."""
    known = [offset for offset in offsets if offset is not None and offset >= 0]
    return {"first": min(known) if known else None}


def reading(open):
    """The operation `read` for `open`, which returns a consumer of a partition and what polls it for a list of records."""

    def read(topic, partition=0, count=None, until=None, timeoutMs=30000, **options):
        start = options.pop("from", "beginning")
        consumer, poll = open(topic, partition, start, **options)
        try:
            return read_until(poll, count, until, timeoutMs)
        finally:
            consumer.close()

    return read


def read_until(poll, count, until, timeout_ms):
    """Gathers what `poll` returns, lists of records, until there are enough, the last one wanted, or no time left."""
    records = []
    deadline = time.monotonic() + timeout_ms / 1000
    while time.monotonic() < deadline:
        for record in poll():
            records.append(record)
            if until is not None and record["value"] == until:
                return {"records": records}
            if count is not None and len(records) >= count:
                return {"records": records}
    return {"records": records}


class Member:
    """
    A member of a group with a thread of its own, which alone touches the consumer: none of the clients allows two.
    What extends it has `open`, `poll` for a list of values, `commit`, `close` and `name_of`.
    """

    def __init__(
        self,
        handle,
        group,
        topics=(),
        pattern=None,
        assignor="range",
        instanceId=None,
        sessionTimeoutMs=10000,
        protocol="classic",
        reset="earliest",
    ):
        self.group = group
        self.topics = list(topics)
        self.pattern = pattern
        self.assignor = assignor
        self.instance_id = instanceId
        self.session_timeout_ms = sessionTimeoutMs
        self.protocol = protocol
        self.reset = reset
        self.lock = threading.Lock()
        self.owned = set()
        self.values = []
        self.error = "NONE"
        self.leaving = threading.Event()
        self.thread = threading.Thread(target=self.loop, daemon=True)

    def start(self):
        self.thread.start()

    def loop(self):
        try:
            self.open()
            while not self.leaving.is_set():
                values = self.poll()
                if values:
                    with self.lock:
                        self.values += values
                    try:
                        self.commit()
                    except Exception:  # a rebalance in between; who owns the partition now reads the records again
                        pass
        except Exception as error:
            with self.lock:
                self.error = self.name_of(error)
                self.owned = set()
        finally:
            self.close()

    def assigned(self, partitions):
        with self.lock:
            self.owned |= {f"{p.topic}-{p.partition}" for p in partitions}

    def revoked(self, partitions):
        with self.lock:
            self.owned -= {f"{p.topic}-{p.partition}" for p in partitions}

    def state(self):
        with self.lock:
            return {"owned": sorted(self.owned), "values": list(self.values), "error": self.error}

    def leave(self):
        self.leaving.set()
        self.thread.join(15)


def membership(new_member):
    """The operations of members of groups; `new_member` makes one."""
    members = {}

    def join(**options):
        member = new_member(**options)
        members[options["handle"]] = member
        member.start()

    return {
        "join": join,
        "member": lambda handle: members[handle].state(),
        "leave": lambda handle: members.pop(handle).leave(),
    }
