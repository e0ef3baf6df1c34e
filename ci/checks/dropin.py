"""usage: dropin.py PATH: loads the drop-in as the APL workspace's `Init PATH` does, by ctypes."""
import ctypes
import json
import sys

path = sys.argv[1]
name = path + "/" * (path != "" and not path.endswith("/")) + "kafka.so"
library = ctypes.CDLL(name)
text, size = ctypes.create_string_buffer(1024), ctypes.c_int32(1024)
assert library.Describe(text, ctypes.byref(size)) == 0, "Describe does not fit in 1024 bytes"
described = json.loads(text.value)
for pattern in described["Patterns"]:
    place, function = pattern.split()[1].split("|")
    assert place == "%P"
    getattr(library, function)
handle = ctypes.c_void_p()
assert library.InitKafka(ctypes.byref(handle)) == 0
assert library.UninitProducer(handle) == 0
print(name, described["Version"], len(described["Patterns"]), "patterns")
