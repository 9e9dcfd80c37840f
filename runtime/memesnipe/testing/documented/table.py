"""Who runs each command of the pages; and the few that nobody runs, each with its reason. A test holds both against the pages."""

from memesnipe.testing.documented.pages import Command, commands

HOST, SHELL, SERVED = "tests/e2e/test_newcomers_path.py", "tests/docs_commands/test_shell.py", "tests/docs_commands/test_localnet.py"
MAKE, CLUSTER, COMPOSE = "tests/docs_commands/test_make.py", "tests/e2e_cluster/test_pages.py", "tests/compose/test_pages.py"
RUNNERS = {
    "memesnipe": HOST,
    "make": MAKE,
    **dict.fromkeys(("kubectl", "helm"), CLUSTER),
    **dict.fromkeys(("docker", "deploy.sh"), COMPOSE),
    **dict.fromkeys(("python", "pytest", "openssl", "chmod", "cat", "export", "eval", "cp"), SHELL),
}
"""Program -> the test that runs every command of it."""

ELSEWHERE = {
    "memesnipe new strategy dip-buyer": HOST,
    "make unit ARGS=my_strategies": HOST,
    "memesnipe up": "tests/e2e/test_up.py",
    "memesnipe NAME": "tests/e2e/test_up.py",  # every service is a child of `up`, started by its name
    "memesnipe up --manifests FOLDER": "tests/e2e/test_newcomer.py",
    "memesnipe up --replay trades.parquet": "tests/e2e/test_replay.py",
    "memesnipe up --replay shared/recordings/1757812456000000000.parquet": "tests/e2e/test_replay.py",
    "memesnipe localnet": SERVED,
    "memesnipe localnet --recording trades.parquet --data-dir ./recorded": SERVED,
    "python -m memesnipe.localnet --port 8899 --seed 7 --data-dir ./shared/localnet": SERVED,
    "memesnipe walkforward ... --scheduler tcp://scheduler:8786": "tests/integration/test_walkforward_command.py",
    "dask scheduler --port 8786": "tests/integration/test_walkforward_command.py",
    "dask worker tcp://scheduler:8786 --nthreads 1": "tests/integration/test_walkforward_command.py",
    "helm -n memesnipe uninstall memesnipe --wait": "tests/e2e_cluster/test_uninstall.py",
    "helm -n memesnipe test memesnipe": "tests/e2e_cluster/test_installation.py",
    "kubectl -n memesnipe logs job/memesnipe-drain": "tests/e2e_cluster/test_uninstall.py",
    "cp .env.example .env && docker compose build --parallel && docker compose up -d": "tests/compose/test_stack.py",
    "docker compose build --parallel": "tests/compose/test_stack.py",
    "docker compose up -d": "tests/compose/test_stack.py",
    "docker compose down": "tests/compose/test_stack.py",
    "./deploy.sh deploy": "tests/compose/test_stack.py",
    "docker build -f Dockerfile.python --build-arg ROLE=signer -t memesnipe-signer .": "tests/image/test_images.py",
    "for role in runtime allocator operator research signer; do\n"
    "  docker build -f Dockerfile.python --build-arg ROLE=$role -t memesnipe/memesnipe$([ $role = runtime ] || echo -$role):18.0.0 .\n"
    "done": "tests/image/test_images.py",
    "python -m memesnipe.testing.images.build": "tests/image/test_images.py",
    "python -m memesnipe_operator": "tests/e2e_cluster/test_installation.py",
}
"""Command -> the test that runs it already, with more care than a runner could."""

NAMED = {
    *("memesnipe up --replay", "memesnipe localnet --recording", "memesnipe import", "memesnipe close", "memesnipe config rollback"),
    *("memesnipe backtest", "memesnipe walkforward", "memesnipe evidence", "memesnipe evidence ... --check"),
    *("kubectl patch", "kubectl patch riskpolicy", "kubectl scale", "kubectl rollout status", "kubectl describe", "kubectl top"),
    *("kubectl port-forward", "kubectl create secret generic", "helm install", "helm upgrade", "helm uninstall", "helm rollback"),
    *("docker inspect", "docker save"),
}
"""What a sentence calls by its verb alone. Its help is asked for, and has the options that are named."""

LEFT_OUT = {
    "git pull": "there is nothing new to pull",
    "kubectl --as=alice": "half a sentence: an option that every command of kubectl takes",
    "kubectl … exec … -- memesnipe X": "half a sentence: the whole commands are run",
    "helm uninstall … --timeout 11m": "the uninstall is run, with another time-out",
    "docker build … --secret id=pip.conf,src=/etc/pip.conf --secret id=ca.crt,src=/etc/ssl/certs/ca-certificates.crt": "all are built so",
    "kubectl -n memesnipe logs -f job/memesnipe-evidence-…": "a study in the cluster takes hours; tests/operator makes its Job",
    "docker compose run --rm cli X": "half a sentence: the whole commands are run",
    "memesnipe X": "half a sentence: the whole commands are run",
    "docker compose run --rm cli close STRATEGY MINT": "no strategy need hold anything there; it is run beside `make up` and in a cluster",
    "sudo": "gives files of the test machine away",
    "ssh": "needs another machine",
    "crictl": "needs a shell on a node of yours",
    **dict.fromkeys(("solana", "solana-keygen", "spl-token", "vault"), "a tool of somebody else's, which the pages tell people to bring"),
    "pre-commit install -t pre-commit -t commit-msg": "installs hooks into the checkout's own .git",
    "export KUBECONFIG=/tmp/memesnipe-cluster-4711-x1/admin.kubeconfig": "a line that `make cluster` prints",
}
"""Command, or a program that is none of ours -> why nobody runs it."""


def runner_of(command: Command) -> str:
    """Return the file of the test that runs a command; empty where nobody does."""
    return ELSEWHERE.get(plain(command.text)) or RUNNERS.get(command.program, "")


def is_left_out(command: Command) -> bool:
    """Return whether the table says why nobody runs it."""
    return command.text in LEFT_OUT or command.program in LEFT_OUT


def share_of(runner: str) -> list[str]:
    """Return the commands that a runner has to run, each once, in the order of the pages."""
    mine = [command.text for command in commands() if not is_left_out(command) and runner_of(command) == runner]
    return list({plain(text): text for text in mine if plain(text) not in ELSEWHERE}.values())


def plain(text: str) -> str:
    """Return a command as it stands in the tables: `.venv/bin` is on a person's path, and options may be left out."""
    return text.replace(".venv/bin/", "").replace(" [OPTIONS]", "")


def help_of(text: str) -> tuple[str, list[str]]:
    """Return what asks for the help of what a sentence calls by its verb, and the options that the sentence names."""
    words = text.split()
    verb = [word for word in words if not word.startswith(("-", "."))]
    return " ".join([*verb, "--help"]), [word for word in words if word.startswith("--")]
