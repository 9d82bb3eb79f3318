"""The wrong implementations, by the kind of their mistake."""

from samples.wrong_behaviour import WRONG_BEHAVIOUR
from samples.wrong_indices import WRONG_INDICES
from samples.wrong_padding import WRONG_PADDING
from samples.wrong_sums import WRONG_SUMS

WRONG = (*WRONG_PADDING, *WRONG_INDICES, *WRONG_SUMS, *WRONG_BEHAVIOUR)
