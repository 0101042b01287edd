"""A tiny program for the supervisor: `stub_program.py FOLDER WHAT`."""

import http.server
import os
import signal
import sys
import time
from pathlib import Path

folder, what = Path(sys.argv[1]), sys.argv[2]


class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args):
        pass


match what:
    case "web":
        (folder / "env").write_text(os.environ["GREETING"])
        http.server.HTTPServer(("127.0.0.1", int(sys.argv[3])), Ready).serve_forever()
    case "crash-once":
        if not (folder / "crashed").exists():
            (folder / "crashed").touch()
            sys.exit(3)
        time.sleep(600)
    case "fork":  # as RQ's worker: a fork in a process group of its own
        if os.fork() == 0:
            os.setpgrp()
        time.sleep(600)
    case "tied-fork":
        from cloudchat.local import tie_forks_to_parent

        tie_forks_to_parent()
        if os.fork() == 0:
            os.setpgrp()
        time.sleep(600)
    case "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)
    case "broken":
        sys.exit("cannot work")
    case "seed":
        print('a line\n{"logins": []}')
