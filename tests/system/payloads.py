"""Messages for the tests and where each of their keys must be found on D-Bus."""
import json
import pathlib

CAPTURES = pathlib.Path(__file__).resolve().parents[1] / "captures"

MINIMAL = {"Dc": {"Power": 321.6, "Voltage": 52.7}, "Soc": 63}

# Paths by the type they must have, from the battery table of the bus contract. Everything else a message may carry is an integer.
DOUBLES = """/Dc/0/Power /Dc/0/Voltage /Dc/0/Current /Dc/0/Temperature /Dc/0/MidVoltage /Dc/0/MidVoltageDeviation /CurrentAvg
/InstalledCapacity /ConsumedAmphours /Capacity /Soc /SocBms /Soh
/Info/MaxChargeVoltage /Info/MaxChargeCurrent /Info/MaxDischargeCurrent /Info/MaxChargeCellVoltage /Info/BatteryLowVoltage
/Info/HeatingCurrent /Info/HeatingPower /Info/HeatingTemperatureStart /Info/HeatingTemperatureStop
/History/MinimumVoltage /History/MaximumVoltage /History/TotalAhDrawn /History/ChargedEnergy /History/DischargedEnergy
/History/AverageDischarge /History/DeepestDischarge /History/LastDischarge /History/MinimumCellVoltage /History/MaximumCellVoltage
/History/MinimumTemperature /History/MaximumTemperature
/System/MinCellVoltage /System/MaxCellVoltage /System/MinCellTemperature /System/MaxCellTemperature /System/MOSTemperature
/System/Temperature1 /System/Temperature2 /System/Temperature3 /System/Temperature4 /Voltages/Sum /Voltages/Diff""".split()
TEXTS = """/System/MinVoltageCellId /System/MaxVoltageCellId /System/MinTemperatureCellId /System/MaxTemperatureCellId
/System/Temperature1Name /System/Temperature2Name /System/Temperature3Name /System/Temperature4Name
/Info/ChargeMode /Info/ChargeLimitation /Info/DischargeLimitation /ConnectionInformation""".split()


def kind_of(path):
    """float, int, str, or None where the contract leaves int and double open (/TimeToGo)."""
    if path == "/TimeToGo":
        return None
    if path in TEXTS or path.startswith("/TimeToSoC/"):
        return str
    return float if path in DOUBLES or path.startswith("/Voltages/Cell") else int


def capture(name):
    return json.loads((CAPTURES / f"{name}.json").read_text())


def leaves(payload, prefix=""):
    """('/Dc/Power', 321.6), ... of a message."""
    for key, value in payload.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}/{key}")
        else:
            yield f"{prefix}/{key}", value


def expected_items(payload):
    """D-Bus path -> value for everything a message carries: what was sent, where and as what it must appear."""
    items = {}
    for key, value in leaves(payload):
        path = f"/Dc/0/{key[4:]}" if key.startswith("/Dc/") and not key.startswith("/Dc/0/") else key
        if path == "/ConsumedAmphours":
            value = -abs(value)
        items[path] = str(value) if kind_of(path) is str else value
    return items


def cells(count, first=3.3, step=0.001):
    return {f"Cell{i + 1}": round(first + i * step, 3) for i in range(count)}


def with_keys(**more):
    """The minimal message with more top-level keys; `Dc` is merged."""
    return {**MINIMAL, **more, "Dc": {**MINIMAL["Dc"], **more.get("Dc", {})}}
