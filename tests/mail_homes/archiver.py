"""Writes values as NSKeyedArchiver does, the form of every value in macOS's accounts database.

A binary property list: `$top` names the root in `$objects`, where scalars sit directly and
collections are dictionaries of references. Equal scalars are written once, as Foundation does.
"""

import datetime
import plistlib

# NSDate counts from here
EPOCH = datetime.datetime(2001, 1, 1)


class Archiver:
    def __init__(self):
        self.objects = ["$null"]
        self.known = {}

    def reference(self, value):
        if isinstance(value, dict):
            return self.dictionary(value)
        if isinstance(value, (list, tuple)):
            return self.array(value)
        if isinstance(value, datetime.datetime):
            return self.date(value)
        return self.scalar(value)

    def scalar(self, value):
        # 1 == True == 1.0 in Python, but not in a property list
        key = (type(value), value)
        if key not in self.known:
            self.known[key] = self.append(value)
        return self.known[key]

    def array(self, values):
        record = {}
        place = self.append(record)
        record["NS.objects"] = [self.reference(value) for value in values]
        record["$class"] = self.class_named("NSArray")
        return place

    def dictionary(self, values):
        record = {}
        place = self.append(record)
        record["NS.keys"] = [self.reference(key) for key in values]
        record["NS.objects"] = [self.reference(value) for value in values.values()]
        record["$class"] = self.class_named("NSDictionary")
        return place

    def date(self, moment):
        record = {"NS.time": (moment - EPOCH).total_seconds()}
        place = self.append(record)
        record["$class"] = self.class_named("NSDate")
        return place

    def class_named(self, name):
        key = ("class", name)
        if key not in self.known:
            self.known[key] = self.append({"$classname": name, "$classes": [name, "NSObject"]})
        return self.known[key]

    def append(self, value):
        self.objects.append(value)
        return plistlib.UID(len(self.objects) - 1)


def archive(value):
    """Returns the bytes of one archived value."""
    archiver = Archiver()
    root = archiver.reference(value)
    document = {
        "$archiver": "NSKeyedArchiver",
        "$version": 100000,
        "$top": {"root": root},
        "$objects": archiver.objects,
    }
    return plistlib.dumps(document, fmt=plistlib.FMT_BINARY)


def unarchive(data):
    """Reads such bytes back, for the check of the fixtures."""
    document = plistlib.loads(data)
    objects = document["$objects"]

    def value_of(reference):
        record = objects[reference.data]
        if not isinstance(record, dict):
            return record
        if "NS.time" in record:
            return EPOCH + datetime.timedelta(seconds=record["NS.time"])
        values = [value_of(item) for item in record["NS.objects"]]
        if "NS.keys" in record:
            return dict(zip((value_of(key) for key in record["NS.keys"]), values))
        return values

    return value_of(document["$top"]["root"])
