#!/usr/bin/python3
"""Marstek batteries as pymodbus serves them, on one port or one serial line; nothing of the daemon is in here.

usage: marstek_server.py SPEC   SPEC is JSON, see marstek.MarstekServer.
Only the registers it is given exist. What happens is printed as one JSON object a line, with the time it happened;
objects on stdin change registers or silence a unit.
"""
import asyncio
import json
import os
import pty
import struct
import sys
import time
import tty

from pymodbus.datastore import ModbusServerContext, ModbusSlaveContext, ModbusSparseDataBlock
from pymodbus.server.async_io import ModbusConnectedRequestHandler, ModbusTcpServer
from pymodbus.transaction import ModbusRtuFramer, ModbusSocketFramer

UNIT_ID = 41100
ANY_UNIT = 0xFF  # in pymodbus' list of units: none is silently ignored


def say(event, **details):
    print(json.dumps({"at": time.monotonic(), "event": event, **details}), flush=True)


def unit_of(registers):
    block = ModbusSparseDataBlock({int(address): word for address, word in registers.items()})
    nothing = {kind: ModbusSparseDataBlock({}) for kind in ("di", "co", "ir")}
    return ModbusSlaveContext(hr=block, zero_mode=True, **nothing)


class Conversation(ModbusConnectedRequestHandler):
    """One client. A request is taken down as it arrived, before pymodbus looks at it."""
    made = 0

    def connection_made(self, transport):
        Conversation.made += 1
        self.number, self.open = Conversation.made, False
        if self.server.one_client and self.server.active_connections:
            say("turned away", connection=self.number)
            transport.abort()
            return
        self.open = True
        super().connection_made(transport)
        say("connected", connection=self.number)

    def connection_lost(self, call_exc):
        if self.open:
            say("disconnected", connection=self.number)
            super().connection_lost(call_exc)

    def data_received(self, data):
        arrived = time.monotonic()
        frame = data[:-2] if self.server.framer is ModbusRtuFramer else data[6:]
        if len(frame) == 6:
            unit, function, address, operand = struct.unpack(">BBHH", frame)
            say("request", at=arrived, connection=self.number, unit=unit, function=function, address=address, operand=operand)
        else:
            say("odd", connection=self.number, data=data.hex())
        super().data_received(data)

    def execute(self, request, *addr):
        super().execute(request, *addr)
        self.server.move_units()

    def send(self, message, *addr, **kwargs):
        exception = getattr(message, "exception_code", 0)
        say("answer", connection=self.number, unit=message.unit_id, exception=exception)
        if exception and self.server.broken_exceptions:
            # one byte more is announced than follows: capture v3-d-fw150-exception-frames
            self.transport.write(struct.pack(">HHHBBB", message.transaction_id, 0, 4, message.unit_id, message.function_code, exception))
        else:
            super().send(message, *addr, **kwargs)


class Server(ModbusTcpServer):
    def __init__(self, spec):
        units = {int(number): unit_of(registers) for number, registers in spec["units"].items()}
        every = spec["answers_every_unit"]
        if spec["refuses_absent_units"]:
            units[ANY_UNIT] = unit_of({})
        context = ModbusServerContext(slaves=next(iter(units.values())) if every else units, single=every)
        framer = ModbusSocketFramer if spec["framing"] == "tcp" else ModbusRtuFramer
        super().__init__(context, framer, address=("127.0.0.1", spec["port"]), handler=Conversation, allow_reuse_address=True)
        self.one_client, self.broken_exceptions = spec["one_client"], spec["broken_exceptions"]

    def move_units(self):
        """A battery that was given another id answers to that one from now on."""
        if self.context.single:
            return
        for number, unit in list(self.context):
            if number != ANY_UNIT and unit.validate(3, UNIT_ID) and unit.getValues(3, UNIT_ID)[0] != number:
                del self.context[number]
                self.context[unit.getValues(3, UNIT_ID)[0]] = unit

    def change(self, line):
        wish = json.loads(line)
        if wish.get("silent"):
            del self.context[wish["unit"]]
        for address, word in wish.get("registers", {}).items():
            self.context[wish["unit"]].setValues(6, int(address), [word])
        say("changed", number=wish["number"])


class Line:
    """The battery's end of a serial line, as a transport of asyncio."""

    def __init__(self):
        self.descriptor, self.other_end = pty.openpty()
        tty.setraw(self.other_end)

    def get_extra_info(self, name):
        return ("line", 0)

    def write(self, data):
        os.write(self.descriptor, data)


async def serve(spec):
    loop = asyncio.get_running_loop()
    server = Server(spec)
    loop.add_reader(sys.stdin, lambda: server.change(sys.stdin.readline()))
    if spec["framing"] != "rtu":
        task = loop.create_task(server.serve_forever())
        await server.serving
        say("ready", place=None)
        return await task
    line, conversation = Line(), Conversation(server)
    conversation.connection_made(line)
    loop.add_reader(line.descriptor, lambda: conversation.data_received(os.read(line.descriptor, 256)))
    say("ready", place=os.ttyname(line.other_end))
    return await loop.create_future()


if __name__ == "__main__":
    asyncio.run(serve(json.loads(sys.argv[1])))
