"""ClickHouse's engine (PyPI: chdb-core) behind the part of its HTTP interface that a client needs for statements and inserts.

Usage: server.py PORT FOLDER. Prints a line when it listens; ends when its standard input does.
"""

import os
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

from chdb import session

port, folder = int(sys.argv[1]), sys.argv[2]
engine = session.Session(folder)
lock = threading.Lock()
# Parameters of a request that are no settings.
own = {"query", "query_id", "database", "session_id", "session_timeout", "default_format", "wait_end_of_query", "role"}


def run(text, form):
    with lock:
        return engine.query(text, form).bytes()


def with_settings(text, settings):
    """Settings of the address become a clause, as the server itself takes them for one statement."""
    clause = ", ".join(f"{name} = {value}" for name, value in settings)
    if clause and re.match(r"\s*insert\b", text, re.I):
        at = re.search(r"\b(format\s+\w+|values)\b", text, re.I).start()
        head, data = text[:at].rstrip(), text[at:]
        return f"{head}{',' if re.search(r'settings', head, re.I) else ' settings'} {clause} {data}"
    if clause and re.match(r"\s*(select|with)\b", text, re.I):
        form = re.search(r"\s+format\s+\w+\s*;?\s*$", text, re.I)
        at = form.start() if form else len(text)
        return f"{text[:at]} settings {clause}{text[at:]}"
    return text


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(200, b"Ok.\n")

    def do_POST(self):
        parameters = parse_qs(urlparse(self.path).query)
        body = self.read_body()
        text = (parameters["query"][0] + "\n" if "query" in parameters else "") + body.decode("utf-8", "surrogateescape")
        settings = []
        for name, (value, *_) in parameters.items():
            if name not in own and not name.startswith("param_"):
                settings.append((name, value if re.fullmatch(r"-?\d+(\.\d+)?", value) else f"'{value}'"))
        form = re.search(r"\sformat\s+(\w+)\s*;?\s*$", text, re.I)
        try:
            database = parameters.get("database", [None])[0]
            if database:
                run(f"use {database}", "Null")
            answer = run(with_settings(text, settings), form.group(1) if form else "TabSeparated")
        except Exception as error:  # every refusal of the engine is an answer
            message = str(error)
            code = re.search(r"Code: (\d+)", message)
            return self.answer(500, message.encode(), {"X-ClickHouse-Exception-Code": code.group(1) if code else "1001"})
        self.answer(200, answer)

    def read_body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while True:
            size = int(self.rfile.readline().split(b";")[0], 16)
            parts.append(self.rfile.read(size))
            self.rfile.readline()
            if size == 0:
                return b"".join(parts)

    def answer(self, status, body, headers={}):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        try:
            self.end_headers()
            self.wfile.write(body)
        except ConnectionError:
            # Whoever asked was killed.
            self.close_connection = True

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    def handle_error(self, *_):
        pass  # whoever asked was killed


server = Server(("127.0.0.1", port), Handler)
print("listening", flush=True)


def watch():
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=watch, daemon=True).start()
server.serve_forever()
