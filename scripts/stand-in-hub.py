#!/usr/bin/env python3
"""Serves a folder as a model hub would, on this machine: scripts/stand-in-hub.py OWNER/NAME FOLDER PORT

What the hub's Python tools ask for, by their public documentation: the list of files of a revision (GET /api/models), a file's hash
and size (HEAD /resolve), and the file, whole or from a byte on (GET /resolve). The hash of a file is that of a git blob, as the hub
has it for files that are not in its large store.
"""

import hashlib
import http.server
import json
import pathlib
import sys

if len(sys.argv) != 4:
    sys.exit(__doc__.split("\n")[0])
name, folder, port = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
commit = hashlib.sha1(name.encode()).hexdigest()


class Hub(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body, headers=()):
        self.send_response(status)
        for header in [("Content-Length", str(len(body))), *headers]:
            self.send_header(*header)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        if self.path.startswith(f"/api/models/{name}/revision/"):
            listing = {"id": name, "sha": commit, "siblings": [{"rfilename": file} for file in sorted(files)]}
            return self.answer(200, json.dumps(listing).encode(), [("Content-Type", "application/json")])
        for revision in (commit, "main"):
            content = files.get(self.path.removeprefix(f"/{name}/resolve/{revision}/"))
            if content is not None:
                break
        else:
            return self.answer(404, b"", [("X-Error-Code", "EntryNotFound")])
        etag = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        headers = [("X-Repo-Commit", commit), ("ETag", f'"{etag}"'), ("Accept-Ranges", "bytes")]
        start, _, end = self.headers.get("Range", "").removeprefix("bytes=").partition("-")
        if not start or end or int(start) >= len(content):
            return self.answer(200, content, headers)
        headers.append(("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}"))
        return self.answer(206, content[int(start):], headers)

    do_HEAD = do_GET


http.server.ThreadingHTTPServer(("127.0.0.1", port), Hub).serve_forever()
