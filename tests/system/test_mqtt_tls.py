"""TLS to the broker: private CA, host name, client certificate; what is wrong is said and never let through."""
import re

import pytest

from configs import config_for
from harness import holds_for, wait_until
from payloads import MINIMAL
from tls import Authority


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"), "Test-CA")


def tls_broker(world, authority, alternative="DNS:localhost", client_certificate=False):
    certificate, key = authority.issue("server", alternative)
    own = authority.issue("publisher")

    def connection(client):
        client.tls_set(str(authority.certificate), str(own[0]), str(own[1]))
        client.tls_insecure_set(True)
    broker = world.add_broker(host="localhost", connection=connection)
    broker.options = (f"allow_anonymous true\ncafile {authority.certificate}\ncertfile {certificate}\nkeyfile {key}\n"
                      f"require_certificate {'true' if client_certificate else 'false'}")
    return broker.start()


def tls_config(broker, authority, **keys):
    return config_for(broker, mqtt={"tls_enabled": 1, "tls_path_to_ca": authority.certificate, **keys})


def refused(world, daemon, broker):
    """It keeps trying, says why not, and never subscribes."""
    wait_until(lambda: re.search(r"(?i)tls|certificate|ssl", daemon.log()), 10, "the log speaks of TLS")
    holds_for(daemon.alive, 1.5, "ended because of a certificate")
    assert broker.subscriptions() == []


def test_tls_with_a_private_ca(world, authority):
    broker = tls_broker(world, authority)
    world.start(tls_config(broker, authority))
    broker.wait_subscribed("battery")
    world.publish(MINIMAL)
    world.battery().wait_on_bus()


@pytest.mark.parametrize("insecure,accepted", [(None, False), (0, False), (1, True)])
def test_tls_host_name_is_checked_unless_insecure(world, authority, insecure, accepted):
    broker = tls_broker(world, authority, "DNS:other.example")
    daemon = world.start(tls_config(broker, authority, tls_insecure=insecure))
    if accepted:
        broker.wait_subscribed("battery")
    else:
        refused(world, daemon, broker)


@pytest.mark.parametrize("insecure", [0, 1])
def test_tls_from_a_stranger_is_refused(world, authority, tmp_path, insecure):
    """tls_insecure is about the host name; a certificate of another CA stays wrong."""
    broker = tls_broker(world, authority)
    stranger = Authority(tmp_path, "Stranger")
    refused(world, world.start(tls_config(broker, stranger, tls_insecure=insecure)), broker)


def test_tls_client_certificate(world, authority):
    broker = tls_broker(world, authority, client_certificate=True)
    certificate, key = authority.issue("daemon")
    world.start(tls_config(broker, authority, tls_path_to_cert=certificate, tls_path_to_key=key))
    broker.wait_subscribed("battery")


def test_tls_broker_that_wants_a_client_certificate_we_do_not_have(world, authority):
    broker = tls_broker(world, authority, client_certificate=True)
    refused(world, world.start(tls_config(broker, authority)), broker)


def test_tls_where_the_broker_speaks_plain(world, authority):
    refused(world, world.start(tls_config(world.broker, authority)), world.broker)
