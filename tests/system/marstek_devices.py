"""Marstek batteries as tables of registers, and what D-Bus must say of them, both written by hand.

Registers and scales: docs/protocols/marstek-modbus.md. Words marked with a capture are those of a real device; the rest
is made up so that no two values can be mixed up. On D-Bus + charges the battery, whatever sign the register has.
"""


def pair(value):
    """A 32-bit value, high word first."""
    return [value >> 16 & 0xFFFF, value & 0xFFFF]


def signed(value):
    return value & 0xFFFF


def letters(text, count):
    data = text.encode().ljust(2 * count, b"\0")
    return [data[i] << 8 | data[i + 1] for i in range(0, 2 * count, 2)]


def table(rows):
    """{address: word or list of words} as {address: word}."""
    return {address + i: word for address, words in rows.items()
            for i, word in enumerate(words if isinstance(words, list) else [words])}


MAC = [12338, 12336, 12336, 12336, 12336, 12337]  # 020000000001, in all captures
BUILD = [12848, 12852, 12345, 12345, 12337, 13625]  # 202409090159
RS485_ON, RS485_OFF = 0x55AA, 0x55BB

# --- family V12 ----------------------------------------------------------------------------------------------------

# Venus E generation 2, firmware 153 with BMS 213: captures v12-e-2025-09-discharge-2412w (32102, 32202, 42010) and
# v12-e-2025-09-settings (32204, 42020, 42021, 44000 to 44003).
V12_DISCHARGING = table({
    30001: 5212, 30002: signed(-5226), 30004: 2336, 30005: 1033, 30006: 2330, 30008: [312, 298], 30010: 275,
    30300: [1, 3, 1, 58], 30399: [213, 153, 153], 30402: letters("0200000000a1", 6), 30800: BUILD,
    31000: letters("HMG-50", 10), 31100: [153, 153, 213], 31200: letters("", 10),
    32100: [5212, signed(-5226), *pair(-2724), 63, 5120],
    32200: [2336, 1033, 0, 2412, 4997],
    32300: [2330, 16, *pair(37)],
    33000: [*pair(123456), *pair(110011), *pair(412), *pair(388), *pair(9871), *pair(9012)],
    35000: [275, 312, 298], 35010: [26, 24], 35100: 3, 35110: [571, 500, 500],
    36000: [0, 4], 36100: [0x0010, 0, 0, 0], 37004: [0, 63, 25, 3301, 3287],
    41000: 0, 41010: 0, 41100: 1, 41200: 0, 42000: RS485_OFF, 42010: [0, 0], 42020: [2500, 1050], 43000: 1,
    44000: [1000, 120, 2500, 2500],
})
V12_DISCHARGING_ON_DBUS = {
    "/Dc/0/Power": -2724, "/Dc/0/Voltage": 52.12, "/Dc/0/Current": -52.26, "/Soc": 63,
    "/InstalledCapacity": 100, "/Capacity": 63, "/ConsumedAmphours": -37, "/State": 9,
    "/System/MinCellVoltage": 3.287, "/System/MaxCellVoltage": 3.301,
    "/System/MinCellTemperature": 24, "/System/MaxCellTemperature": 26, "/System/MOSTemperature": 31.2,
    "/System/NrOfCellsPerBattery": 16, "/System/NrOfModulesOnline": 1, "/System/NrOfModulesOffline": 0,
    "/System/NrOfModulesBlockingCharge": 0, "/System/NrOfModulesBlockingDischarge": 0,
    "/History/ChargedEnergy": 1234.56, "/History/DischargedEnergy": 1100.11,
    "/Ac/Power": -2412, "/Ac/Voltage": 233.6, "/Ac/Frequency": 49.97, "/Ac/OffGrid/Power": 37, "/Ac/OffGrid/Voltage": 233,
    "/Device/State": "discharge", "/Device/Controlled": 0, "/Device/AlarmWords": "36001=0x0004 36100=0x0010",
    "/Device/PossibleAlarms": "possible: network, grid peak voltage / low SoC",
    "/Device/Model": "Marstek Venus E", "/Device/Firmware": "153, BMS 213", "/Device/Serial": "0200000000a1",
}

# The older one: firmware 147 counts its size in 0.01 kWh, its BMS the cells' temperatures in 0.1 C. Charging, and it
# says its SoC as the vendor's document has it, in 0.1 %.
V12_CHARGING = {**V12_DISCHARGING, **table({
    30402: letters("0200000000a2", 6), 31000: letters("BI_2.5_2.5", 10), 31101: [147, 209],
    32100: [5340, 2809, *pair(1500), 500, 512], 32200: [2341, signed(-692), *pair(-1620), 5003], 32300: [2338, 0, *pair(0)],
    33000: [*pair(70001), *pair(60002)],
    35000: [231, 240, 244], 35010: [241, 229], 35100: 2, 36000: [0, 0], 36100: [0, 0, 0, 0],
    37004: [0, 500, 23, 3345, 3339], 41100: 2, 42000: RS485_ON, 42010: 1,
})}
V12_CHARGING_ON_DBUS = {
    **V12_DISCHARGING_ON_DBUS,
    "/Dc/0/Power": 1500, "/Dc/0/Voltage": 53.4, "/Dc/0/Current": 28.09, "/Soc": 50, "/Capacity": 50, "/ConsumedAmphours": -50,
    "/System/MinCellVoltage": 3.339, "/System/MaxCellVoltage": 3.345,
    "/System/MinCellTemperature": 22.9, "/System/MaxCellTemperature": 24.1, "/System/MOSTemperature": 24.4,
    "/History/ChargedEnergy": 700.01, "/History/DischargedEnergy": 600.02,
    "/Ac/Power": 1620, "/Ac/Voltage": 234.1, "/Ac/Frequency": 50.03, "/Ac/OffGrid/Power": 0, "/Ac/OffGrid/Voltage": 233.8,
    "/Device/State": "charge", "/Device/Controlled": 1, "/Device/AlarmWords": "", "/Device/PossibleAlarms": "",
    "/Device/Firmware": "147, BMS 209", "/Device/Serial": "0200000000a2",
}

# --- family V3 -----------------------------------------------------------------------------------------------------

# 30002 to 30010 and what else is the same for all of them; 32101, 32102, 32201, 32202 and 37004 as wrong as they are.
V3_COMMON = table({
    30010: 0, 30020: [0] * 8, 30037: [0] * 4, 30106: [2, 332, 316, 0], 30200: [147, 18, 117, 106, 112, 0], 30210: [3, 0, 5, 0],
    30300: [0, 1, 0, 0], 30304: MAC, 30350: BUILD, 30400: [49152, 522, 49152, 513],
    32101: 39321, 32102: [0, 0], 32106: [500, 500, 229], 32109: [1, 1, 1],
    32200: [2400, 2400, 0, 0, 500], 32300: [0, 0, 0],
    36000: [0, 0], 36100: [0, 0, 0, 0], 37000: 1, 37004: [0, 62], 37006: [216, 3438, 3421], 37017: [0] * 4, 37023: [0, 0],
    41000: 0, 41100: 1, 41200: 1, 42000: RS485_OFF, 42010: [0, 0], 42020: [0, 0], 43000: 0, 44002: [0, 0],
})

# Venus E 3.0 charging, on the wire with rubbish behind the NUL of its name: capture v3-e3-fw147-charge-2208w (30000 to
# 31007).
E3_CHARGING = {**V3_COMMON, **table({
    30000: [547, 2208, 357, 350, 2366, 14, 63213, 0], 30100: [5484, 380, 3438, 3421, 2180, 2000],
    31000: [22094, 21317, 13101, 12288, 1543, 0, 0, 0, 0, 0],
    32100: [5484, 38], 32104: [62, 5120], 32202: [65535, 63213],
    33000: [*pair(45678), *pair(40123), *pair(301), *pair(0), *pair(4567), *pair(4012)],
    34000: [5484, 380, 621, 87, 3, 3438, 3421, 0, 0, 0, 112, 350, 316, 218, 214, 205, 200, 0,
            3430, 3431, 3432, 3433, 3434, 3435, 3438, 3430, 3431, 3432, 3433, 3434, 3435, 3436, 3430, 3421],
    35000: [357, 350, 351], 35010: [218, 200], 35100: 2, 35110: [576, 500, 1000],
})}
E3_CHARGING_ON_DBUS = {
    "/Dc/0/Power": 2208, "/Dc/0/Voltage": 54.84, "/Dc/0/Current": 38, "/Soc": 62.1,
    "/InstalledCapacity": 100, "/Capacity": 62.1, "/ConsumedAmphours": -37.9, "/State": 9,
    "/System/MinCellVoltage": 3.421, "/System/MinVoltageCellId": "Cell16",
    "/System/MaxCellVoltage": 3.438, "/System/MaxVoltageCellId": "Cell7",
    "/System/MinCellTemperature": 20, "/System/MaxCellTemperature": 21.8, "/System/MOSTemperature": 35.1,
    "/System/Temperature1": 21.8, "/System/Temperature2": 21.4, "/System/Temperature3": 20.5, "/System/Temperature4": 20,
    "/System/NrOfCellsPerBattery": 16, "/System/NrOfModulesOnline": 1, "/System/NrOfModulesOffline": 0,
    "/System/NrOfModulesBlockingCharge": 0, "/System/NrOfModulesBlockingDischarge": 0,
    **{f"/Voltages/Cell{i + 1}": volts for i, volts in enumerate(
        [3.430, 3.431, 3.432, 3.433, 3.434, 3.435, 3.438, 3.430, 3.431, 3.432, 3.433, 3.434, 3.435, 3.436, 3.430, 3.421])},
    "/Voltages/Sum": 54.915, "/Voltages/Diff": 0.017,
    "/History/ChargedEnergy": 456.78, "/History/DischargedEnergy": 401.23, "/History/ChargeCycles": 87,
    "/Ac/Power": 2323, "/Ac/Voltage": 236.6, "/Ac/Frequency": 50, "/Ac/OffGrid/Power": 0, "/Ac/OffGrid/Voltage": 1.4,
    "/Device/State": "charge", "/Device/Controlled": 0, "/Device/AlarmWords": "", "/Device/PossibleAlarms": "",
    "/Device/Model": "Marstek Venus E 3.0", "/Device/Firmware": "147", "/Device/Serial": "020000000001",
    "/Device/Pack1/Voltage": 54.84, "/Device/Pack1/Current": 38, "/Device/Pack1/Soc": 62.1, "/Device/Pack1/Cycles": 87,
}

# The same one full and idle: captures v3-e3-fw147-full-idle-36103 (35000 to 42021) and v3-e3-fw139-idle-full (30001,
# 37005). It takes no more charge, and 36103 is what it says in good health.
E3_FULL = {**E3_CHARGING, **table({
    30001: [65515, 277, 279, 2366, 14, 0, 0], 30100: [5520, signed(-4)], 32104: [100, 5120],
    34000: [5520, signed(-4), 1000, 88, 3, 3451, 3449, 0, 0, 0, 112, 350, 316, 233, 240, 250, 256, 0, *[3450] * 3, 3451, *[3450] * 11, 3449],
    35000: [222, 224, 224], 35010: [256, 233], 35100: 1, 35110: [576, 0, 1000], 36100: [0, 0, 0, 2348],
    37004: [0, 100], 41100: 1, 41200: 1, 42000: 21947,
})}
E3_FULL_ON_DBUS = {
    **E3_CHARGING_ON_DBUS,
    "/Dc/0/Power": -21, "/Dc/0/Voltage": 55.2, "/Dc/0/Current": -0.4, "/Soc": 100, "/Capacity": 100, "/ConsumedAmphours": 0,
    "/State": 14, "/System/MinCellVoltage": 3.449, "/System/MinVoltageCellId": "Cell16",
    "/System/MaxCellVoltage": 3.451, "/System/MaxVoltageCellId": "Cell4",
    "/System/MinCellTemperature": 23.3, "/System/MaxCellTemperature": 25.6, "/System/MOSTemperature": 22.4,
    "/System/Temperature1": 23.3, "/System/Temperature2": 24, "/System/Temperature3": 25, "/System/Temperature4": 25.6,
    "/System/NrOfModulesBlockingCharge": 1,
    **{f"/Voltages/Cell{i + 1}": 3.45 for i in range(16)}, "/Voltages/Cell4": 3.451, "/Voltages/Cell16": 3.449,
    "/Voltages/Sum": 55.2, "/Voltages/Diff": 0.002, "/History/ChargeCycles": 88, "/Ac/Power": 0,
    "/Device/State": "standby", "/Device/AlarmWords": "36103=0x092C",
    "/Device/Pack1/Voltage": 55.2, "/Device/Pack1/Current": -0.4, "/Device/Pack1/Soc": 100, "/Device/Pack1/Cycles": 88,
}

# Venus D with four packs, the fourth of which takes the current: capture v3-d-fw147-charge-2200w; what that scan leaves
# out (32100 to 32111, parts of packs 1 to 3) is made up. 37005 is pack 1 only.
D_CHARGING = {**V3_COMMON, **table({
    30000: [545, 2039, 325, 334, 2396, 5, 63364, 0], 30020: [100, 99, 99, 99], 30028: [547, 11],
    30100: [5291, 0, 3308, 3306, 2760, 2670], 30200: [147, 18, 115, 106, 116, 104],
    31000: [22094, 21316, 11568, 5, 1543, 0, 0, 0, 0, 0],
    32100: 5402, 32104: [41, 10240], 32109: [4, 15, 4], 32200: [2395, 2395, 65535, 63364, 499], 32300: [5, 5, 0],
    33000: [0, 29666, 0, 24386, 0, 72, 0, 410, 0, 1085, 0, 1241],
    34000: [5291, 0, 501, 6, 0, 3308, 3306, 0, 0, 0, 116, 335, 321, 276, 268, 270, 267, 0, 3308, *[3307] * 14, 3306],
    34100: [5263, 0, 406, 6, 0, 3291, 3289, 0, 0, 0, 116, 300, 290, 250, 249, 248, 251, 0, *[3290] * 4, 3291, *[3290] * 6, 3289, *[3290] * 4],
    34200: [5299, 0, 401, 49, 0, 3313, 3311, 0, 0, 0, 116, 300, 290, 260, 259, 258, 261, 0, 3313, *[3312] * 14, 3311],
    34300: [5402, 375, 323, 44, 3, 3378, 3374, 0, 0, 0, 116, 287, 255, 220, 221, 218, 221, 0,
            3376, 3377, 3377, 3377, 3377, 3376, 3376, 3377, 3377, 3377, 3376, 3377, 3375, 3378, 3376, 3375],
    34400: [0] * 34, 34500: [0] * 34, 34600: [0] * 34,
    35000: [326, 335, 335], 35010: [276, 266], 35100: 2, 35110: [576, 500, 500],
    37004: [63364, 50, 276, 3308, 3306], 41200: 1, 42000: 21930, 42010: [1, 0], 42020: [2200, 0], 43000: 1,
})}
D_CHARGING_ON_DBUS = {
    "/Dc/0/Power": 2039, "/Dc/0/Voltage": 54.02, "/Dc/0/Current": 2039 / 54.02, "/Soc": 41,
    "/InstalledCapacity": 200, "/Capacity": 82, "/ConsumedAmphours": -118, "/State": 9,
    "/System/MinCellVoltage": 3.289, "/System/MinVoltageCellId": "P2C12",
    "/System/MaxCellVoltage": 3.378, "/System/MaxVoltageCellId": "P4C14",
    "/System/MinCellTemperature": 21.8, "/System/MinTemperatureCellId": "P4T3",
    "/System/MaxCellTemperature": 27.6, "/System/MaxTemperatureCellId": "P1T1", "/System/MOSTemperature": 33.5,
    "/System/NrOfCellsPerBattery": 16, "/System/NrOfModulesOnline": 1, "/System/NrOfModulesOffline": 0,
    "/System/NrOfModulesBlockingCharge": 0, "/System/NrOfModulesBlockingDischarge": 0,
    "/History/ChargedEnergy": 296.66, "/History/DischargedEnergy": 243.86, "/History/ChargeCycles": 49,
    "/Ac/Power": 2172, "/Ac/Voltage": 239.6, "/Ac/Frequency": 49.9, "/Ac/OffGrid/Power": 0, "/Ac/OffGrid/Voltage": 0.5,
    "/Pv/Power": 0,
    "/Device/State": "charge", "/Device/Controlled": 1, "/Device/AlarmWords": "", "/Device/PossibleAlarms": "",
    "/Device/Model": "Marstek Venus D", "/Device/Firmware": "147", "/Device/Serial": "020000000001", "/Device/NrOfPacks": 4,
    "/Device/Pack1/Voltage": 52.91, "/Device/Pack1/Current": 0, "/Device/Pack1/Soc": 50.1, "/Device/Pack1/Cycles": 6,
    "/Device/Pack2/Voltage": 52.63, "/Device/Pack2/Current": 0, "/Device/Pack2/Soc": 40.6, "/Device/Pack2/Cycles": 6,
    "/Device/Pack3/Voltage": 52.99, "/Device/Pack3/Current": 0, "/Device/Pack3/Soc": 40.1, "/Device/Pack3/Cycles": 49,
    "/Device/Pack4/Voltage": 54.02, "/Device/Pack4/Current": 37.5, "/Device/Pack4/Soc": 32.3, "/Device/Pack4/Cycles": 44,
}

# Venus A, 13 cells, with sun on two inputs: capture v3-a-fw147-pv-450w (30020 to 30029); the powers of the inputs are
# those of its volts and amperes (49.4 x 4.7, 48.5 x 4.5). It feeds 380 W, so that 70.5 W charge the pack. State,
# SoC, cells: v3-a-fw148-state4-control-held. Its version has a decimal.
A_WITH_SUN = {**V3_COMMON, **table({
    30000: [441, 60, 258, 270, 2355, 2360, 380, 25], 30020: [494, 485, 0, 4, 47, 45, 0, 0, 441, 65433],
    30037: [2322, 2183, 0, 0], 30100: [4250, 17, 3280, 3270, 2580, 2510], 30200: [1476, 18, 110, 106, 101, 104],
    31000: letters("VNSA-0", 10),
    32100: 4250, 32104: [35, 2080], 32109: [1, 1, 1], 32200: [2355, 2355, 0, 380, 500], 32300: [2360, 2360, 25],
    33000: [*pair(8765), *pair(7654), *pair(12), *pair(34), *pair(56), *pair(78)],
    34000: [4250, 17, 352, 12, 3, 3280, 3270, 0, 0, 0, 101, 270, 260, 258, 255, 252, 251, 0, *[3275] * 3, 3280, *[3275] * 4, 3270, *[3275] * 4],
    35000: [258, 301, 309], 35010: [258, 251], 35100: 4, 35110: [470, 250, 300],
    37004: [380, 35, 255, 3280, 3270], 42000: 21930, 42010: [2, 0], 42020: [0, 380], 43000: 1, 44002: [1500, 1500],
})}
A_WITH_SUN_ON_DBUS = {
    "/Dc/0/Power": 70.5, "/Dc/0/Voltage": 42.5, "/Dc/0/Current": 70.5 / 42.5, "/Soc": 35,
    "/InstalledCapacity": 50, "/Capacity": 17.5, "/ConsumedAmphours": -32.5, "/State": 9,
    "/System/MinCellVoltage": 3.27, "/System/MinVoltageCellId": "P1C9",
    "/System/MaxCellVoltage": 3.28, "/System/MaxVoltageCellId": "P1C4",
    "/System/MinCellTemperature": 25.1, "/System/MinTemperatureCellId": "P1T4",
    "/System/MaxCellTemperature": 25.8, "/System/MaxTemperatureCellId": "P1T1", "/System/MOSTemperature": 30.9,
    "/System/NrOfCellsPerBattery": 13, "/System/NrOfModulesOnline": 1, "/System/NrOfModulesOffline": 0,
    "/System/NrOfModulesBlockingCharge": 0, "/System/NrOfModulesBlockingDischarge": 0,
    "/History/ChargedEnergy": 87.65, "/History/DischargedEnergy": 76.54, "/History/ChargeCycles": 12,
    "/Ac/Power": -380, "/Ac/Voltage": 235.5, "/Ac/Frequency": 50, "/Ac/OffGrid/Power": 25, "/Ac/OffGrid/Voltage": 236,
    "/Pv/Power": 450.5,
    "/Device/State": "backup", "/Device/Controlled": 1, "/Device/AlarmWords": "", "/Device/PossibleAlarms": "",
    "/Device/Model": "Marstek Venus A", "/Device/Firmware": "147.6", "/Device/Serial": "020000000001", "/Device/NrOfPacks": 1,
    "/Device/Pack1/Voltage": 42.5, "/Device/Pack1/Current": 1.7, "/Device/Pack1/Soc": 35.2, "/Device/Pack1/Cycles": 12,
}
