from __future__ import annotations

import resource

from embedded_aws.host import open_files


def test_as_many_files_may_be_open_as_the_system_grants() -> None:
    """A shell's few are used up by clients that only hold connections, and nobody else would be answered."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    granted = min(open_files.MOST, before[1])
    resource.setrlimit(resource.RLIMIT_NOFILE, (granted // 2, before[1]))
    try:
        open_files.allow_many()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (granted, before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_who_has_more_keeps_them() -> None:
    """A limit that somebody raised is not lowered."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    open_files.allow_many()
    try:
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= before[0]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
