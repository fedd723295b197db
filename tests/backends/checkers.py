# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""Servers that refuse what Elasticsearch and Splunk would refuse, in their words.

They are no stand-ins that take everything: test_checkers.py sends them what the
real ones refuse.  Written after the bulk API's and the index template's reference
of Elasticsearch 8, and Splunk's "HTTP Event Collector" status codes.
"""

import base64
import datetime
import http.server
import ipaddress
import json
import re
import threading
import urllib.parse
import uuid


class Refused(Exception):
    def __init__(self, status, body):
        super().__init__(body)
        self.status, self.body = status, body


class Checker:
    """Listens on loopback; answer(path, headers, body) is the server's own."""

    def __init__(self, port=0):
        self.requests = []  # (status, path)
        self.lock = threading.Lock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                with outer.lock:
                    status, answer = outer.take(self.path, self.headers, body)
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):  # pylint: disable=arguments-differ
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def take(self, path, headers, body):
        try:
            status, answer = 200, self.answer(path, headers, body)
        except Refused as refused:
            status, answer = refused.status, refused.body
        self.requests.append((status, path))
        return status, answer

    def answer(self, path, headers, body):
        raise NotImplementedError

    def stop(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


# ---- Elasticsearch ----------------------------------------------------------------


def _is_date(value):
    form = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
    if not isinstance(value, str) or not re.fullmatch(form, value):
        return False
    datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
    return True


def _is_long(value):
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (isinstance(value, str) and re.fullmatch(r"-?\d+", value) is not None)


def _is_ip(value):
    try:
        return isinstance(value, str) and bool(ipaddress.ip_address(value))
    except ValueError:
        return False


# With coerce, the default, a number may come as a string.
TYPES = {
    "keyword": lambda value: isinstance(value, (str, int, float, bool)),
    "text": lambda value: isinstance(value, (str, int, float, bool)),
    "long": _is_long,
    "double": lambda value: _is_long(value) or isinstance(value, float),
    "ip": _is_ip,
    "date": _is_date,
}


def _error(kind, reason):
    return {"type": kind, "reason": reason}


class Mapping:
    """What an index template says of documents; dynamic: strict."""

    def __init__(self, template):
        self.patterns = template["index_patterns"]
        mappings = template["template"]["mappings"]
        if mappings["dynamic"] != "strict":
            raise ValueError("only dynamic: strict is checked")
        self.properties = mappings["properties"]
        self._check_types(self.properties)

    def _check_types(self, properties):
        for name, one in properties.items():
            if set(one) == {"properties"}:
                self._check_types(one["properties"])
            elif set(one) != {"type"} or one["type"] not in TYPES:
                raise ValueError(f"no mapping for {name}: {one}")

    def find_error(self, document):
        return self._find(document, self.properties, "")

    def _find(self, document, properties, path):
        for name, value in document.items():
            if name not in properties:
                return _error("strict_dynamic_mapping_exception", f"introduction of [{path}{name}] is not allowed")
            error = self._find_in(value, properties[name], path + name)
            if error:
                return error
        return None

    def _find_in(self, value, rule, path):
        if "properties" in rule:
            if not isinstance(value, dict):
                return _error("mapper_parsing_exception", f"object mapping for [{path}] found a concrete value")
            return self._find(value, rule["properties"], path + ".")
        for one in value if isinstance(value, list) else [value]:
            if not TYPES[rule["type"]](one):
                what = f"failed to parse field [{path}] of type [{rule['type']}]: {one!r}"
                return _error("mapper_parsing_exception", what)
        return None


class Elasticsearch(Checker):
    """POST /_bulk, with security on."""

    def __init__(self, template, user, password, port=0):
        self.mapping = Mapping(template)
        self.credential = base64.b64encode(f"{user}:{password}".encode()).decode()
        self.documents = {}  # (index, _id) to source
        self.errors = []
        super().__init__(port)

    def _check_head(self, path, headers):
        given = headers.get("Authorization", "")
        if given != f"Basic {self.credential}":
            reason = "unable to authenticate user" if given else "missing authentication credentials"
            raise Refused(401, {"error": _error("security_exception", reason), "status": 401})
        if urllib.parse.urlsplit(path).path != "/_bulk":
            raise Refused(405, {"error": f"Incorrect HTTP method for uri [{path}]", "status": 405})
        content = headers.get("Content-Type", "").split(";")[0].strip()
        if content not in ("application/x-ndjson", "application/json"):
            raise Refused(406, {"error": f"Content-Type header [{content}] is not supported", "status": 406})

    def _bad(self, reason):
        return Refused(400, {"error": _error("illegal_argument_exception", reason), "status": 400})

    def answer(self, path, headers, body):
        self._check_head(path, headers)
        if not body.endswith(b"\n"):
            raise self._bad("The bulk request must be terminated by a newline [\\n]")
        lines = body[:-1].split(b"\n")
        items = []
        while lines:
            items.append(self._take_pair(lines))
        return {"took": 1, "errors": any("error" in item["index"] for item in items), "items": items}

    def _take_pair(self, lines):
        try:
            action = json.loads(lines.pop(0))
        except ValueError as error:
            raise self._bad("Malformed action/metadata line, expected START_OBJECT") from error
        if not isinstance(action, dict) or len(action) != 1 or not set(action) <= {"index", "create"}:
            raise self._bad("Malformed action/metadata line, expected one of [create, delete, index, update]")
        (meta,) = action.values()
        if set(meta) - {"_index", "_id"}:
            raise self._bad(f"Action/metadata line contains an unknown parameter {sorted(meta)}")
        if meta.get("_id") == "":
            raise self._bad("if _id is specified it must not be empty")
        if not lines:
            raise self._bad("The bulk request must be terminated by a newline [\\n]")
        return {"index": self._index(meta, lines.pop(0))}

    def _index(self, meta, line):
        name = meta.get("_index", "")
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", name):
            return self._fail(_error("invalid_index_name_exception", name))
        if not any(re.fullmatch(pattern.replace("*", ".*"), name) for pattern in self.mapping.patterns):
            return self._fail(_error("index_not_found_exception", name))
        try:
            source = json.loads(line.decode())
        except ValueError:
            return self._fail(_error("mapper_parsing_exception", "failed to parse"))
        error = self.mapping.find_error(source)
        if error:
            return self._fail(error)
        key = (name, meta.get("_id") or uuid.uuid4().hex)
        status = 200 if key in self.documents else 201
        self.documents[key] = source
        return {"_index": name, "_id": key[1], "status": status}

    def _fail(self, error):
        self.errors.append(error)
        return {"status": 400, "error": error}


# ---- Splunk -----------------------------------------------------------------------


def _hec(status, code, text, **more):
    return Refused(status, {"text": text, "code": code, **more})


class Splunk(Checker):
    """/services/collector/event and /services/collector/raw with one enabled token, for one index."""

    META = {"time", "host", "source", "sourcetype", "index", "event", "fields"}

    def __init__(self, token, index, port=0):
        self.token, self.index = token, index
        self.events = []  # objects, of raw: (metadata, line)
        super().__init__(port)

    def _check_token(self, headers):
        given = headers.get("Authorization", "")
        if not given:
            raise _hec(401, 2, "Token is required")
        scheme, _, token = given.partition(" ")
        if scheme != "Splunk":
            raise _hec(401, 3, "Invalid authorization")
        if token != self.token:
            raise _hec(403, 4, "Invalid token")

    def answer(self, path, headers, body):
        parts = urllib.parse.urlsplit(path)
        self._check_token(headers)
        if parts.path not in ("/services/collector/event", "/services/collector/raw"):
            raise Refused(404, {"text": "The requested URL was not found on this server.", "code": 404})
        if not body.strip():
            raise _hec(400, 5, "No data")
        if parts.path.endswith("/raw"):
            self._take_raw(dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True)), headers, body)
        else:
            self._take_events(body)
        return {"text": "Success", "code": 0}

    def _take_events(self, body):
        """JSON objects one after the other, with any white space between."""
        decoder, text, taken = json.JSONDecoder(), body.decode("utf-8", "strict").strip(), []
        while text:
            try:
                one, end = decoder.raw_decode(text)
            except ValueError as error:
                raise _hec(400, 6, "Invalid data format", **{"invalid-event-number": len(taken)}) from error
            self._check_event(one, len(taken))
            taken.append(one)
            text = text[end:].lstrip()
        self.events += taken

    def _check_event(self, one, number):
        more = {"invalid-event-number": number}
        if not isinstance(one, dict) or set(one) - self.META:
            raise _hec(400, 6, "Invalid data format", **more)
        if "event" not in one:
            raise _hec(400, 12, "Event field is required", **more)
        if one["event"] in ("", None, {}):
            raise _hec(400, 13, "Event field cannot be blank", **more)
        if one.get("index", self.index) != self.index:
            raise _hec(400, 7, "Incorrect index", **more)
        if not isinstance(one.get("time", 0), (int, float)):
            raise _hec(400, 6, "Invalid data format", **more)
        if any(isinstance(value, (dict, list)) for value in one.get("fields", {}).values()):
            raise _hec(400, 15, "Error in handling indexed fields", **more)

    def _take_raw(self, query, headers, body):
        channel = headers.get("X-Splunk-Request-Channel") or query.get("channel")
        if not channel:
            raise _hec(400, 10, "Data channel is missing")
        try:
            uuid.UUID(channel)
        except ValueError as error:
            raise _hec(400, 11, "Invalid data channel") from error
        if query.get("index", self.index) != self.index:
            raise _hec(400, 7, "Incorrect index")
        self.events += [(query, line) for line in body.decode().split("\n") if line]
