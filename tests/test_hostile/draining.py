"""A server that is asked to end while many requests arrive on connections kept open; prints the statuses."""

from gevent import monkey

monkey.patch_all()

import gevent  # noqa: E402
from gevent import pywsgi, socket  # noqa: E402

from cloudchat.connections import Handler, close_waiting  # noqa: E402

CONNECTIONS = 20


def app(environ, start_response):
    if environ["PATH_INFO"] == "/end":
        server.ending = True
        server.close()
        close_waiting()
    gevent.sleep(0.1)
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]


def ask(connection: socket.socket, path: str) -> None:
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: desk\r\n\r\n".encode())


server = pywsgi.WSGIServer(("127.0.0.1", 0), app, handler_class=Handler, log=None)
server.start()
connections = [socket.create_connection(("127.0.0.1", server.server_port)) for _ in range(CONNECTIONS)]
for one in connections:
    ask(one, "/")
for one in connections:
    assert one.recv(4096).endswith(b"ok")
for at, one in enumerate(connections):
    ask(one, "/end" if at == CONNECTIONS // 2 else "/")
print(*(one.recv(4096)[9:12].decode() or "closed" for one in connections))
