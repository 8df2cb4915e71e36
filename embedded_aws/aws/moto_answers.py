"""How answers in JSON are written that are there as they are to be written."""

from __future__ import annotations

from typing import Any

from moto.core.serialize import JSONSerializer


class PlainAnswers(JSONSerializer):
    """Takes members as they are named where all are, and values of attributes as they are.

    moto looks for each member that there may be by each name that it may have.
    """

    def _serialize_type_structure(self, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if shape.name == "AttributeValue" and _is_plain(value):
            self._default_serialize(serialized, value, shape, key)
        elif type(value) is dict and value.keys() <= shape.members.keys():
            taken = self.MAP_TYPE() if key else serialized
            for name, member in shape.members.items():
                if value.get(name) is not None:
                    self._serialize(taken, value[name], member, name)
            if key:
                self._default_serialize(serialized, taken, shape, key)
        else:
            super()._serialize_type_structure(serialized, value, shape, key)


def _is_plain(value: object) -> bool:
    if type(value) is not dict or len(value) != 1:
        return False
    ((kind, content),) = value.items()
    return type(content) is (str if kind in {"S", "N"} else bool if kind in {"BOOL", "NULL"} else None)
