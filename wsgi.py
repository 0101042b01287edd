"""The web process: patches gevent before anything else, then serves."""

import gc

from gevent import monkey

gc.disable()  # what a start makes stays: to walk through it again and again costs a fifth of the time

if __name__ == "__main__":
    monkey.patch_all()

from cloudchat.app import create_app  # noqa: E402

if __name__ == "__main__":
    from cloudchat.server import serve

    serve(create_app(web_process=True))
else:
    app = create_app()
    gc.freeze()  # so that the forks of a worker share it
    gc.enable()
