"""The web process: patches gevent before anything else, then serves."""

from gevent import monkey

if __name__ == "__main__":
    monkey.patch_all()

from cloudchat.app import create_app

if __name__ == "__main__":
    from cloudchat.server import serve

    serve(create_app(web_process=True))
else:
    app = create_app()
