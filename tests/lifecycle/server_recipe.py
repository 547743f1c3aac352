"""The recipe of docs/servers.md, run as it is printed: MLflow on PostgreSQL with a log-in, before a bucket."""

import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlparse

from lifecycle_servers import ACCESS_KEY, ROOT, SECRET, S3Server, free_port, process, wait_for
from postgres_servers import PASSWORD, USER, postgres_folder

ADMIN_PASSWORD, ALICE_PASSWORD, DATABASE_PASSWORD = "an-admin-for-tests", "a-password-of-alice", "a-pass-for-mlflow"
LOCAL = ("localhost", "localhost.localdomain")


@dataclass(frozen=True)
class Recipe:
    """The blocks of the section, with the names and passwords of these tests.

    Attributes:
        install: requirements of the ``pip install``.
        commands: the lines that begin with ``$``, without the installation.
        login: the file of the log-in.
        client: the variables that clients set.
    """

    install: list[str]
    commands: list[str]
    login: str
    client: dict[str, str]


def own_name() -> str:
    """A name of this machine that other programs here can use; ``localhost`` where it has no other."""
    for name in (socket.gethostname(), socket.getfqdn()):
        try:
            if name not in LOCAL and socket.gethostbyname(name).startswith("127."):
                return name
        except OSError:
            continue
    return "localhost"


def read_recipe(places: dict[str, str]) -> Recipe:
    """The recipe, with what ``places`` has put in the place of the names that are printed."""
    text = (ROOT / "docs" / "servers.md").read_text()
    section = text.split("## MLflow on PostgreSQL\n")[1].split("\n## ")[0]
    for printed, real in places.items():
        assert printed in section, printed
        section = section.replace(printed, real)
    lines = section.replace("\\\n", " ").splitlines()
    commands = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    install = next(command for command in commands if command.startswith("pip install "))
    exports = [word for line in lines if line.startswith("    export ") for word in shlex.split(line)[1:]]
    (login,) = re.findall(r"```ini\n(.*?)```", section, re.DOTALL)
    client = dict(export.split("=", 1) for export in exports)
    return Recipe(shlex.split(install)[2:], [command for command in commands if command != install], login, client)


@contextmanager
def server_of_the_recipe(folder: Path, postgres: str, s3_server: S3Server) -> Iterator[Recipe]:
    """A server made and started by the commands of the recipe; yields the recipe, whose client variables lead to it."""
    database, port, bucket = urlparse(postgres), free_port(), s3_server.make_bucket("recipe")
    recipe = read_recipe(
        {
            "mlflow.example:5000": f"{own_name()}:{port}",
            "localhost:5000": f"localhost:{port}",
            "--port 5000": f"--port {port}",
            "@127.0.0.1/": f"@127.0.0.1:{database.port}/",
            "PASSWORD-OF-DATABASE": DATABASE_PASSWORD,
            "PASSWORD-OF-ADMIN": ADMIN_PASSWORD,
            "PASSWORD-OF-ALICE": ALICE_PASSWORD,
            "https://s3.example": s3_server.endpoint,
            "ACCESS_KEY_ID=KEY": f"ACCESS_KEY_ID={ACCESS_KEY}",
            "ACCESS_KEY=SECRET": f"ACCESS_KEY={SECRET}",
            "s3://models/": f"s3://{bucket}/",
            ".venv/bin/": f"{Path(sys.executable).parent}/",
            "sudo -u postgres ": f"{postgres_folder()}/",
        }
    )
    make_database = [command for command in recipe.commands if "/create" in command and "curl" not in command]
    serve = [command for command in recipe.commands if command.startswith("export ") or "mlflow server" in command]
    (make_account,) = (command for command in recipe.commands if command.startswith("curl "))
    assert len(make_database) + len(serve) + 1 == len(recipe.commands)
    (folder / "basic-auth.ini").write_text(recipe.login)
    as_owner = {"PGHOST": "127.0.0.1", "PGPORT": str(database.port), "PGUSER": USER, "PGPASSWORD": PASSWORD}
    for command in make_database:
        # Without a terminal, createuser reads the password twice from its input.
        _bash(command, folder, f"{DATABASE_PASSWORD}\n" * 2, **as_owner)
    # One process is enough for tests, and none of them asks MLflow for jobs.
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    script = "\n".join([*serve[:-1], f"exec {serve[-1]} --workers 1"])
    with process(["bash", "-euc", script], folder / "server.log", **quiet) as started:
        wait_for(f"http://127.0.0.1:{port}/health", [started], folder / "server.log")
        _bash(make_account, folder)
        yield recipe


def _bash(command: str, folder: Path, given: str = "", **variables: str) -> None:
    done = subprocess.run(
        ["bash", "-euc", command],
        input=given,
        env={**os.environ, **variables},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
