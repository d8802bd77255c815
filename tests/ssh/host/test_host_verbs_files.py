"""Verbs that put files: owner, mode, links, env files that are merged; never half there."""

from __future__ import annotations

import os

from verb_world import MERGED, World, env_files, live, sha


def test_put_file_keeps_owner_and_mode(world: World) -> None:
    """Who owns a live file, and who may read it, stays as it was; a new file gets the mode that is asked for."""
    world.text("target/x", "new")
    path = live(world)
    path.write_text("old")
    path.chmod(0o604)
    owner = (12345, 54321) if os.geteuid() == 0 else (os.getuid(), os.getgid())
    os.chown(path, *owner)
    assert world.act("put_file", "target/x", str(path), "640") == 0
    found = path.stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (*owner, 0o604)
    path.unlink()
    assert world.act("put_file", "target/x", str(path), "640") == 0
    assert path.stat().st_mode & 0o777 == 0o640


def test_put_file_follows_a_link(world: World) -> None:
    """A file that is a link stays one: what it means gets the bytes, keeps its mode, and nothing is left beside."""
    world.text("target/x", "new")
    (world.project / "shared").mkdir()
    real = world.project / "shared/real"
    real.write_text("old")
    real.chmod(0o604)
    (world.project / "middle").symlink_to("shared/real")
    live(world).symlink_to(world.project / "middle")
    for _ in range(2):
        assert world.act("put_file", "target/x", str(live(world)), "640") == 0
        assert live(world).readlink() == world.project / "middle"
        assert (real.read_text(), real.stat().st_mode & 0o777) == ("new", 0o604)
        assert [path.name for path in real.parent.iterdir()] == ["real"]
    assert world.holds("file_is", str(live(world)), sha("new"))


def test_put_file_is_never_half_there(world: World) -> None:
    """A live file that cannot be replaced stays as it was, and the step says so."""
    live(world).write_text("old")
    assert world.act("put_file", "target/missing", str(live(world)), "640") != 0
    assert live(world).read_text() == "old"


def test_merged_env(world: World) -> None:
    """The release's variables, the kept keys in their place exactly as today's file has them, no more readable."""
    env_files(world)
    (world.folder / "target/.env").chmod(0o600)
    assert world.act("merge_env", *MERGED) == 0
    merged = world.folder / "target/.env.merged"
    assert merged.read_text() == "A=1\nKEEP='new $(id) \\secret'\nexport B=2\nKEEPER=3\n# KEEP=no\nALSO=x=y\n"
    assert merged.stat().st_mode & 0o777 == 0o600


# A line of the release, and today's.
SPELLINGS = [
    ("KEEP=then", "\tKEEP\t= now"),
    ("  KEEP=then", "KEEP=now"),
    ("\texport\t KEEP \t= then", " export  KEEP = now"),
    ("KEEP ='then\nALSO=no'", "KEEP=now"),
    ("KEEP = then", 'KEEP = "now\nALSO=no\n"'),
]


def test_a_kept_key_is_known_however_it_is_spelt(world: World) -> None:
    """Blanks, `export` and a value in several lines: what `read.sh` and Compose take for the key is the key."""
    for then, now in SPELLINGS:
        world.text("target/.env", f"A=1\n{then}\nKEEPER=3\n")
        world.text("before/.env", f"ALSO=today\n{now}\nB=2\n")
        assert world.act("merge_env", *MERGED) == 0
        assert (world.folder / "target/.env.merged").read_text() == f"A=1\n{now}\nKEEPER=3\nALSO=today\n"


def test_a_merge_without_its_source(world: World) -> None:
    """A file to merge that cannot be read is a failure, never an empty half."""
    env_files(world)
    (world.folder / "before/.env").unlink()
    assert world.act("merge_env", *MERGED) != 0
    assert not (world.folder / "target/.env.merged").exists()
