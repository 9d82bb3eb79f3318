"""The proof obligations of a report, as files that another solver can check again."""

from __future__ import annotations

from pathlib import Path

from symconv.errors import UsageError
from symconv.proof.certificates import certificates
from symconv.proof.equality import Proof
from symconv.reports.files import write_whole
from symconv.verdicts import Report


def make_folder(folder: Path) -> None:
    """Make a folder for certificates, before the work that fills it.

    Raises:
        UsageError: when it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"cannot write to {folder}: {error.strerror or error}",
            code="unwritable",
            help="give a folder that you may write to",
        ) from error


def write_certificates(report: Report, folder: Path) -> int:
    """Write every proof obligation of a report as an SMT-LIB 2 file; return how many.

    Raises:
        UsageError: when the folder cannot be written to.
    """
    make_folder(folder)
    written = 0
    for result in report.results:
        if isinstance(result.evidence, Proof):
            for name, text in certificates(result.evidence):
                write_whole(folder / name, text)
                written += 1
    return written
