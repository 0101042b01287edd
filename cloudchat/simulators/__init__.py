"""The providers that CloudChat talks to, played by one small local server.

`python -m cloudchat.simulators --port 5001` runs it beside the app; tests start it in process:

    server = cloudchat.simulators.serve(webhook_url="http://127.0.0.1:5000/webhooks/meta")
    server.url      # "http://127.0.0.1:43121"; META_GRAPH_URL is server.url + "/meta"
    server.reset()  # as freshly started
    server.stop()
"""

from cloudchat.simulators.app import serve
from cloudchat.simulators.server import Server

__all__ = ["Server", "serve"]
