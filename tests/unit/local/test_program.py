"""Running a Pulumi program offline: what is recorded, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from local.monitor import Created, Registration
from local.program import Mode, run_program
from local.program_errors import (
    ConfigurationError,
    DuplicateUrnError,
    ProgramError,
    ProgramTimeoutError,
    UnsupportedError,
)
from local.synth import run_synthesis, synthesise, to_json

PROJECT = """\
name: tiny
runtime: python
config:
  size:
    type: integer
    default: 3
  word:
    type: string
"""
STACK = """\
config:
  aws:region: eu-central-1
  tiny:word: hello
  tiny:token:
    secure: v1:ciphertext
"""


def write_project(directory: Path, program: str, *, stack: str = STACK) -> Path:
    (directory / "Pulumi.yaml").write_text(PROJECT)
    (directory / "Pulumi.dev.yaml").write_text(stack)
    (directory / "__main__.py").write_text("import pulumi\nimport pulumi_random as random\n" + program)
    return directory


def test_a_resource_inside_components_carries_the_whole_chain_of_parent_types(tmp_path: Path) -> None:
    program = """
class Outer(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("tiny:a:Outer", name, None, opts)
        inner = Inner("inner", pulumi.ResourceOptions(parent=self))
        self.register_outputs({"value": inner.value})

class Inner(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("tiny:a:Inner", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.value = random.RandomString("leaf", length=8, opts=child).result
        self.register_outputs({"value": self.value})

Outer("outer")
"""
    run = run_synthesis("dev", project_dir=write_project(tmp_path, program))

    leaf = "urn:pulumi:dev::tiny::tiny:a:Outer$tiny:a:Inner$random:index/randomString:RandomString::leaf"
    assert leaf in run.registrations
    assert run.registrations[leaf].parent == "urn:pulumi:dev::tiny::tiny:a:Outer$tiny:a:Inner::inner"
    assert run.component_outputs["urn:pulumi:dev::tiny::tiny:a:Outer::outer"]["value"]


def test_two_resources_with_the_same_urn_are_refused(tmp_path: Path) -> None:
    program = "random.RandomString('same', length=8)\nrandom.RandomString('same', length=9)\n"

    with pytest.raises(DuplicateUrnError, match="same is registered twice"):
        run_synthesis("dev", project_dir=write_project(tmp_path, program))


def test_an_output_inside_an_f_string_is_refused(tmp_path: Path) -> None:
    program = "value = random.RandomString('a', length=8)\npulumi.export('x', f'prefix-{value.result}')\n"

    with pytest.raises(ProgramError, match=r"__main__\.py:4.*__str__ on an Output"):
        run_synthesis("dev", project_dir=write_project(tmp_path, program))


def test_the_text_of_an_output_in_an_input_is_refused_even_if_nothing_raised(tmp_path: Path) -> None:
    program = """
text = "Calling __str__ on an Output[T] is not supported."
random.RandomString("a", length=8, keepers={"deep": text})
"""

    with pytest.raises(ProgramError, match=r"keepers\.deep"):
        run_synthesis("dev", project_dir=write_project(tmp_path, program))


def test_a_lookup_that_nobody_modelled_is_refused_by_name(tmp_path: Path) -> None:
    program = "pulumi.runtime.invoke('aws:ec2/getInstance:getInstance', {})\n"

    with pytest.raises(UnsupportedError, match="aws:ec2/getInstance:getInstance"):
        run_synthesis("dev", project_dir=write_project(tmp_path, program))


def test_a_resource_of_a_provider_that_nobody_modelled_is_refused(tmp_path: Path) -> None:
    program = "pulumi.CustomResource('other:index:Thing', 'thing', {})\n"

    with pytest.raises(UnsupportedError, match="other:index:Thing"):
        run_synthesis("dev", project_dir=write_project(tmp_path, program))


def test_reading_an_existing_resource_is_refused(tmp_path: Path) -> None:
    program = "random.RandomString.get('existing', 'some-id')\n"

    with pytest.raises(UnsupportedError, match="not possible offline"):
        run_synthesis("dev", project_dir=write_project(tmp_path, program))


def test_an_exception_in_an_apply_fails_the_run(tmp_path: Path) -> None:
    program = "random.RandomString('a', length=8).result.apply(lambda text: 1 / 0)\n"

    with pytest.raises(ProgramError, match=r"__main__\.py:3: ZeroDivisionError"):
        run_synthesis("dev", project_dir=write_project(tmp_path, program))


def test_a_required_key_without_value_is_refused_with_key_and_file(tmp_path: Path) -> None:
    project = write_project(tmp_path, "", stack="config: {}\n")

    with pytest.raises(ConfigurationError, match=r"Pulumi\.dev\.yaml has no value for 'tiny:word'"):
        run_synthesis("dev", project_dir=project)


def test_an_unknown_stack_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    project = write_project(tmp_path, "")

    with pytest.raises(ConfigurationError, match=r"Pulumi\.test\.yaml does not exist.*dev"):
        run_synthesis("test", project_dir=project)


def test_a_program_that_never_ends_is_stopped_by_the_watchdog(tmp_path: Path) -> None:
    program = "import asyncio\nasync def main():\n    await asyncio.sleep(3)\npulumi.run(main)\n"

    class Nothing:
        def create(self, registration: Registration) -> Created:
            raise AssertionError(registration)

        def invoke(self, token: str, args: Any) -> dict[str, Any]:
            raise AssertionError(token, args)

    with pytest.raises(ProgramTimeoutError, match=r"did not end within 0\.2 s"):
        run_program(
            "dev",
            mode=Mode.PREVIEW,
            provider=Nothing(),
            project_dir=write_project(tmp_path, program),
            timeout_seconds=0.2,
        )


def test_secret_values_are_redacted_and_their_paths_listed(tmp_path: Path) -> None:
    program = """
config = pulumi.Config()
password = random.RandomPassword("password", length=12)
random.RandomString("uses", length=8, keepers={"a": password.result, "b": "open"})
random.RandomString("token", length=8, override_special=config.require_secret("token"))
pulumi.export("password", password.result)
"""
    document = synthesise("dev", project_dir=write_project(tmp_path, program))

    by_name = {resource["name"]: resource for resource in document["resources"]}
    assert by_name["uses"]["secrets"] == ["keepers.a"]
    assert by_name["uses"]["inputs"]["keepers"] == {"a": "[secret]", "b": "open"}
    assert by_name["token"]["secrets"] == ["overrideSpecial"]
    assert document["exports"] == {"password": "[secret]"}
    assert "dummy-secret" not in to_json(document)
    assert "modelled-" not in to_json(document)


def test_the_document_is_sorted_and_equal_between_runs(tmp_path: Path) -> None:
    program = """
first = random.RandomString("z", length=8)
for name in ("b", "a", "c"):
    random.RandomString(name, length=8, keepers={"y": first.result, "x": "1"})
"""
    project = write_project(tmp_path, program)

    document = synthesise("dev", project_dir=project)

    assert to_json(document) == to_json(synthesise("dev", project_dir=project))
    urns = [resource["urn"] for resource in document["resources"]]
    assert urns == sorted(urns)
    dependent = document["resources"][0]
    assert list(dependent["inputs"]["keepers"]) == ["x", "y"]
    assert dependent["dependencies"] == [urns[-1]]
    assert isinstance(dependent["inputs"]["length"], int)


def test_the_program_runs_in_its_own_directory_with_its_own_modules(tmp_path: Path) -> None:
    (tmp_path / "tiny_helper_module.py").write_text("NAME = 'from-helper'\n")
    program = """
import pathlib
import tiny_helper_module
pulumi.export("name", tiny_helper_module.NAME)
pulumi.export("here", pathlib.Path("Pulumi.yaml").is_file())
"""
    document = synthesise("dev", project_dir=write_project(tmp_path, program))

    assert document["exports"] == {"here": True, "name": "from-helper"}
    assert Path.cwd() != tmp_path
