"""Does nothing, without any tracing of its own."""


def handler(_event: object, _context: object) -> None:
    pass
