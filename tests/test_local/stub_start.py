"""Starts the services of a folder, says so, then waits (or dies by its own hand)."""

import os
import signal
import sys
import time

from cloudchat import local

services = local.start(sys.argv[1])
print("started", services.postgres.process is not None, flush=True)
if sys.argv[2] == "die":
    os.kill(os.getpid(), signal.SIGKILL)
while sys.argv[2] == "wait":
    time.sleep(0.1)
services.stop()
