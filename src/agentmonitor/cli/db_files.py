"""``agentmonitor db backup`` and ``db restore``: the database as a file."""

from pathlib import Path

import click

from agentmonitor.cli.db_look import megabytes, progress_bar
from agentmonitor.config import load_settings


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace FILE when it exists.")
@click.option("--db", type=click.Path(dir_okay=False, path_type=Path), help="The database file.")
def backup(file: Path, force: bool, db: Path | None) -> None:
    """Copy the database, as it is at this moment, to FILE. A server may go on writing.

    Example: agentmonitor db backup ~/agentmonitor-backup.db
    """
    from agentmonitor.storage.sqlite.backup import back_up

    database = load_settings(db_path=db).db_path
    with progress_bar("Copying") as progress:
        size = back_up(database, file.absolute(), force=force, progress=progress)
    click.echo(f"{file} holds a copy of {database}: {megabytes(size)}.")


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--no-keep", is_flag=True, help="Do not keep the database so far.")
@click.option("--db", type=click.Path(dir_okay=False, path_type=Path), help="The database file.")
def restore(file: Path, no_keep: bool, db: Path | None) -> None:
    """Put the backup FILE in the place of the database. The server must not be running.

    Example: agentmonitor db restore ~/agentmonitor-backup.db
    """
    from agentmonitor.paths import make_private_folder
    from agentmonitor.storage.sqlite.backup import restore as put_in_place

    database = load_settings(db_path=db).db_path
    make_private_folder(database.absolute().parent)
    with progress_bar("Copying") as progress:
        kept = put_in_place(file.absolute(), database, keep=not no_keep, progress=progress)
    click.echo(f"{database} is now what {file} holds.")
    if kept is not None:
        click.echo(f"The database so far is {kept}.")
