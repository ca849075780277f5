"""Who sees what on the file system that tasks share: the sweep every job, a task those that it can name."""

from typing import Any

from local.program import ProgramRun
from tests.synthesised import one, resources, role_statements

READ, WRITE, PASS = 4, 2, 1
ROLES = {"storage-efs-tasks": "task-task-policy", "storage-efs-sweep": "sweep-sweep-policy"}


def points(run: ProgramRun) -> dict[str, dict[str, Any]]:
    return {entry.name: dict(entry.inputs) for entry in resources(run, ":AccessPoint")}


def rights(point: dict[str, Any]) -> int:
    """What the user of an access point may do in the directory that it opens, as a kernel decides it."""
    user, made = point["posixUser"], point["rootDirectory"]["creationInfo"]
    in_group = made["ownerGid"] in {user["gid"], *user.get("secondaryGids", ())}
    shift = 6 if user["uid"] == made["ownerUid"] else 3 if in_group else 0
    return (int(made["permissions"], 8) >> shift) & (READ | WRITE | PASS)


def test_tasks_make_and_find_what_they_can_name_and_only_the_sweep_can_list(run: ProgramRun) -> None:
    found = {name: rights(point) for name, point in points(run).items()}
    assert found == {"storage-efs-tasks": WRITE | PASS, "storage-efs-sweep": READ | WRITE | PASS}


def test_both_open_the_same_directory_whichever_is_mounted_first(run: ProgramRun) -> None:
    tasks, sweep = (points(run)[name]["rootDirectory"] for name in ROLES)
    assert tasks == sweep


def test_nobody_who_mounts_owns_the_directory_and_could_open_it(run: ProgramRun) -> None:
    for point in points(run).values():
        assert point["posixUser"]["uid"] != point["rootDirectory"]["creationInfo"]["ownerUid"]
        assert point["posixUser"]["uid"] != 0


def test_the_sweep_owns_what_tasks_make(run: ProgramRun) -> None:
    tasks, sweep = (points(run)[name]["posixUser"] for name in ROLES)
    assert tasks["uid"] == sweep["uid"]


def test_each_role_mounts_through_its_own_access_point_alone(run: ProgramRun) -> None:
    arns = {name: run.created[one(run, name).urn].outputs["arn"] for name in ROLES}
    for name, policy in ROLES.items():
        (condition,) = role_statements(run, policy)["MountSharedFiles"].body["Condition"].values()
        assert condition == {"elasticfilesystem:AccessPointArn": arns[name]}
    volumes = {volume["name"]: volume for volume in one(run, "task-definition").inputs["volumes"]}
    authorised = volumes["shared"]["efsVolumeConfiguration"]["authorizationConfig"]
    assert authorised["accessPointId"] == run.created[one(run, "storage-efs-tasks").urn].id
    mounted = one(run, "sweep-sweep-function").inputs["fileSystemConfig"]
    assert mounted["arn"] == arns["storage-efs-sweep"]
