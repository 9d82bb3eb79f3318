"""Every sample implementation: the right ones and the wrong ones, as data.

Read by the tests of `symconv.implementations`; `test_samples_are_what_they_claim` runs each
sample, without symconv, and holds what is said of it here.
"""

from samples.entries import FOLDER
from samples.right_samples import RIGHT
from samples.wrong_samples import WRONG

__all__ = ["FOLDER", "RIGHT", "WRONG"]
