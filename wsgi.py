"""The web process: patches gevent before anything else, then serves. For `flask` it has the app."""

import gc
import sys

gc.disable()  # what a start makes stays: to walk through it again and again costs a fifth of the time

if __name__ == "__main__":
    from gevent import monkey

    monkey.patch_all()

    from cloudchat.app import create_app
    from cloudchat.server import serve

    serve(create_app(web_process=True))
elif sys.argv[1:2] in (["worker"], ["scheduler"]):  # `flask worker`: there sooner without the pages
    from cloudchat.background import create_background_app

    app = create_background_app()
else:
    from cloudchat.app import create_app

    app = create_app()

gc.freeze()  # so that the forks of a worker share it
gc.enable()
