"""The exception tree. Types are named for what the caller can do about them."""


class AgentMonitorError(Exception):
    """Anything AgentMonitor raises on purpose; its text is fit to be shown to a user."""


class ConfigError(AgentMonitorError):
    """The settings cannot be served as they are; the text says what to change."""


class InvalidInput(AgentMonitorError):
    """What arrived is not acceptable and will not be on a retry.

    ``details`` lists each fault as ``(field, message)``.
    """

    def __init__(self, message: str, details: list[tuple[str, str]] | None = None) -> None:
        super().__init__(message)
        self.details = details or []


class UnreadableLine(AgentMonitorError):
    """A line of a session file is not what its format says; the text is the reason."""


class Unsupported(AgentMonitorError):
    """What this program runs on lacks what the call needs; the text says what that is."""


class Overloaded(AgentMonitorError):
    """The write queue is full; nothing was stored, and the same call may work in a second."""


class StorageError(AgentMonitorError):
    """The database did not do what was asked; nothing of the request was stored."""


class StorageFull(StorageError):
    """The disk is full, or the folder or file may not be written."""


class DatabaseUnusable(StorageError):
    """The file is no database of ours, is damaged, or was made by a newer version."""


class DatabaseInUse(StorageError):
    """Another server holds the database; the text says which."""


class Closed(StorageError):
    """The engine is shut down; nothing was stored."""
