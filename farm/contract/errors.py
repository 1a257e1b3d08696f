"""Every error of the farm, as a tree; each leaf has a stable code.

FarmError
    UserMistake                 exit code 2: the command, file or setting must change
        SweepMistakes           a sweep file has mistakes; all of them are listed
        UnknownName             a name that nothing answers to; the nearest ones are offered
        BadSetting              a setting (FARM_* variable, farm.toml, flag) has a wrong name or value
    EnvironmentFault            exit code 3: something the farm needs is missing or broken
        NoBroker                the broker cannot be reached
        NoDatabase              the database cannot be opened
        DatabaseBehind          the database is older than the program
        DatabaseNewer           the database is newer than the program
        NoWorker                a local worker did not start
    JobFailure                  this job failed; the sweep goes on
        Unsupported             the cell cannot be run here, by its nature: not a failure, a fact
        ModelNotFound           a model folder or hub id that does not exist
        ModelUnreachable        the model hub could not be reached
        ModelInvalid            a folder that is no loadable model
        UnsafeModel             pickle weights, remote code, or a path outside the model roots
        NotPrepared             something was expected in the cache and is not there; the job is prepared again
        WrongModel              the built model differs from its published architecture
        OutOfMemory             the process or the device ran out of memory
        Crashed                 the process died of a signal such as SIGSEGV
        Killed                  the process was killed from outside (SIGKILL), most often for memory
        TimedOut                the job's time limit passed
        NoResult                the process ended without a result
        NotStarted              the worker could not start a process: its disk or its process table is full
        ResultRefused           the database refused what the run brought back
        PythonError             an exception that nothing above describes
        LeaseExpired            the worker stopped answering, every time it was tried
"""

from typing import ClassVar


class FarmError(Exception):
    """The base of every error the farm raises on purpose; its text says what to do."""

    code: ClassVar[str] = "farm_error"
    exit_code: ClassVar[int] = 1


class UserMistake(FarmError):
    """The command, file or setting must change."""

    code = "user_mistake"
    exit_code = 2


class SweepMistakes(UserMistake):
    """A sweep file has mistakes; `mistakes` holds one line for each, as `file:line: field: what, allowed, nearest`."""

    code = "sweep_mistakes"

    def __init__(self, mistakes: tuple[str, ...]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class UnknownName(UserMistake):
    """A name that nothing answers to; the nearest ones are offered."""

    code = "unknown_name"


class BadSetting(UserMistake):
    """A setting (FARM_* variable, farm.toml, flag) has a wrong name or value."""

    code = "bad_setting"


class EnvironmentFault(FarmError):
    """Something the farm needs is missing or broken."""

    code = "environment_fault"
    exit_code = 3


class NoBroker(EnvironmentFault):
    """The broker cannot be reached."""

    code = "no_broker"


class NoDatabase(EnvironmentFault):
    """The database cannot be opened."""

    code = "no_database"


class DatabaseBehind(EnvironmentFault):
    """The database is older than the program."""

    code = "database_behind"


class DatabaseNewer(EnvironmentFault):
    """The database is newer than the program."""

    code = "database_newer"


class NoWorker(EnvironmentFault):
    """A local worker did not start."""

    code = "no_worker"


class JobFailure(FarmError):
    """This job failed; the sweep goes on. `retry` says whether another attempt can help."""

    code = "job_failure"
    retry: ClassVar[bool] = False


class Unsupported(JobFailure):
    """The cell cannot be run here, by its nature: not a failure, a fact."""

    code = "unsupported"


class ModelNotFound(JobFailure):
    """A model folder or hub id that does not exist."""

    code = "model_not_found"


class ModelUnreachable(JobFailure):
    """The model hub could not be reached."""

    code = "model_unreachable"


class ModelInvalid(JobFailure):
    """A folder that is no loadable model."""

    code = "model_invalid"


class UnsafeModel(JobFailure):
    """Pickle weights, remote code, or a path outside the model roots."""

    code = "unsafe_model"


class NotPrepared(JobFailure):
    """Something was expected in the cache and is not there; the job is prepared again."""

    code = "not_prepared"
    retry = True


class WrongModel(JobFailure):
    """The built model differs from its published architecture."""

    code = "wrong_model"


class OutOfMemory(JobFailure):
    """The process or the device ran out of memory."""

    code = "out_of_memory"


class Crashed(JobFailure):
    """The process died of a signal such as SIGSEGV."""

    code = "crashed"
    retry = True


class Killed(JobFailure):
    """The process was killed from outside (SIGKILL), most often for memory."""

    code = "killed"
    retry = True


class TimedOut(JobFailure):
    """The job's time limit passed."""

    code = "timed_out"


class NoResult(JobFailure):
    """The process ended without a result."""

    code = "no_result"
    retry = True


class NotStarted(JobFailure):
    """The worker could not start a process: its disk or its process table is full."""

    code = "not_started"
    retry = True


class ResultRefused(JobFailure):
    """The database refused what the run brought back."""

    code = "result_refused"


class PythonError(JobFailure):
    """An exception that nothing above describes."""

    code = "python_error"


class LeaseExpired(JobFailure):
    """The worker stopped answering, every time it was tried."""

    code = "lease_expired"


def leaves(root: type[FarmError] = FarmError) -> dict[str, type[FarmError]]:
    """Map every error code to its class."""
    found = {root.code: root}
    for child in root.__subclasses__():
        found |= leaves(child)
    return found
