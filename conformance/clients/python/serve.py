"""What the programs in Python share: a line of JSON in is an operation, a line out its answer. See programs/operations.ts."""

import json
import logging
import sys
import threading
import time


def started():
    """The bootstrap address and the settings of the command line; the client's log goes to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    return sys.argv[1], json.loads(sys.argv[2])


def serve(operations, name_of):
    """Answers operations, a dict of functions by name, until standard input ends."""
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


def to_bytes(text):
    return None if text is None else text.encode()


def to_text(data):
    return None if data is None else data.decode()


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
    """A member of a group with a thread of its own, which alone touches the consumer: none of the clients allows two."""

    def __init__(self):
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

    def assigned(self, names):
        with self.lock:
            self.owned |= set(names)

    def revoked(self, names):
        with self.lock:
            self.owned -= set(names)

    def state(self):
        with self.lock:
            return {"owned": sorted(self.owned), "values": list(self.values), "error": self.error}

    def leave(self):
        self.leaving.set()
        self.thread.join(15)
