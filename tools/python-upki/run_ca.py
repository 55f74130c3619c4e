"""Runs upki-ca from its package, which brings no program of its own: both sockets, until it is ended."""

import os
import time

from upki_ca.ca.authority import Authority
from upki_ca.connectors.zmq_listener import ZMQListener
from upki_ca.connectors.zmq_register import ZMQRegister
from upki_ca.storage.file_storage import FileStorage
from upki_ca.utils.config import Config

folder = os.environ["UPKI_DATA_DIR"]
host = os.environ["UPKI_CA_HOST"]
config = Config(os.path.join(folder, "ca.config.yml"))
config.load()
storage = FileStorage(folder)
storage.initialize()
authority = Authority.get_instance()
authority.initialize(keychain=folder, storage=storage)

registrations = ZMQRegister(host=host, port=config.get_port() + 1, seed=config.get_seed(), authority=authority)
registrations.initialize()
registrations.bind()
registrations.start()
operations = ZMQListener(host=host, port=config.get_port(), storage=storage)
operations.initialize()
operations.initialize_authority()
operations.bind()
operations.start()
while True:
    time.sleep(1)
