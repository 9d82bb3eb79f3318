"""What results over all shapes come to: nothing that failed is lost on the way."""

from symconv.implementations.trying.conclusions import conclude
from symconv.implementations.trying.shape_classes import shape_classes
from symconv.layers.registry import default_layer
from symconv.verdicts import Counterexample, Result, Verdict

LAYER = default_layer()


def result(place, verdict, code) -> Result:
    example = Counterexample(place.sizes.given, {}) if verdict is Verdict.REFUTED else None
    return Result(
        "dL/dx", kind="code", verdict=verdict, code=code, sizes=place.sizes.given,
        counterexample=example,
    )  # fmt: skip


def concluded(choose):
    return conclude(
        LAYER,
        "dL/dx",
        {place: result(place, *choose(place.sizes)) for place in shape_classes(LAYER)},
    )


RIGHT = (Verdict.VERIFIED, "right")
WRONG = (Verdict.REFUTED, "wrong-value")
RAISED = (Verdict.REFUTED, "raised")
REJECTED = (None, "rejected")
UNKNOWN = (Verdict.UNDECIDED, "incomplete")


def test_what_is_right_everywhere_is_verified() -> None:
    conclusion = concluded(lambda s: RIGHT)
    assert (conclusion.verdict, conclusion.code) == (Verdict.VERIFIED, "right")
    assert conclusion.counts == {"right": len(shape_classes(LAYER))}
    assert conclusion.failure is None
    assert conclusion.where == {}


def test_one_failing_class_is_enough() -> None:
    last = max((place.sizes for place in shape_classes(LAYER)), key=lambda sizes: sizes.order())
    conclusion = concluded(lambda s: WRONG if s == last else RIGHT)
    assert conclusion.verdict is Verdict.REFUTED
    assert conclusion.counts["wrong-value"] == 1
    assert conclusion.failure is not None
    assert conclusion.failure.sizes == last.given


def test_each_kind_of_failure_has_its_regions() -> None:
    conclusion = concluded(lambda s: RAISED if s["P"] == 0 else (WRONG if s["S"] == 1 else RIGHT))
    clauses = {
        code: [region.clause for region in regions] for code, regions in conclusion.where.items()
    }
    assert clauses["raised"] == ["when padding is 0"]
    assert set(conclusion.where) == {"raised", "wrong-value"}
    for regions in conclusion.where.values():
        assert all(region.smallest in shape_classes(LAYER) for region in regions)


def test_rejections_are_no_failures() -> None:
    conclusion = concluded(
        lambda s: REJECTED if (s["H"] + 2 * s["P"] - s["HH"]) % s["S"] else RIGHT
    )
    assert conclusion.verdict is Verdict.VERIFIED
    assert conclusion.failure is None
    assert [region.clause for region in conclusion.rejected] == ["when rows are left over"]
    assert conclusion.rejection is not None


def test_what_rejects_everything_is_not_verified() -> None:
    conclusion = concluded(lambda s: REJECTED)
    assert conclusion.verdict is None
    assert conclusion.code == "rejected"


def test_what_is_wrong_counts_before_what_is_not_known() -> None:
    conclusion = concluded(lambda s: UNKNOWN if s["N"] == 1 else (WRONG if s["P"] else RIGHT))
    assert conclusion.verdict is Verdict.REFUTED
    assert conclusion.code == "wrong-value"
    assert set(conclusion.where) == {"incomplete", "wrong-value"}


def test_what_is_not_known_is_not_right() -> None:
    conclusion = concluded(lambda s: UNKNOWN if s["N"] == 1 else RIGHT)
    assert conclusion.verdict is Verdict.UNDECIDED
    assert conclusion.code == "incomplete"


NOT_RUN = (Verdict.UNDECIDED, "not-run")
CRASHED = (Verdict.REFUTED, "crashed")


def clauses_of(conclusion, code):
    return [region.clause for region in conclusion.where[code]]


def test_every_shape_is_not_said_where_some_were_not_run() -> None:
    conclusion = concluded(lambda s: NOT_RUN if s["N"] == 1 else CRASHED)
    number = conclusion.counts["crashed"]
    assert clauses_of(conclusion, "crashed") == [f"at all {number} shapes that were judged"]
    assert [*conclusion.where] == ["crashed", "not-run"]
    assert clauses_of(concluded(lambda s: CRASHED), "crashed") == ["at every shape"]


def test_a_rule_is_said_where_some_were_right_and_some_not_run() -> None:
    conclusion = concluded(lambda s: NOT_RUN if s["N"] == 1 else (WRONG if s["P"] == 0 else RIGHT))
    assert clauses_of(conclusion, "wrong-value") == ["when padding is 0"]


def test_why_nothing_ran_is_said_before_that_nothing_ran() -> None:
    lacks = (Verdict.UNDECIDED, "environment")
    conclusion = concluded(lambda s: NOT_RUN if s["N"] == 1 else lacks)
    assert conclusion.code == "environment"
    assert [*conclusion.where] == ["environment", "not-run"]


def test_a_rule_that_a_fresh_shape_contradicts_is_not_said() -> None:
    def by_class(wrong):
        return {
            place: result(place, *(WRONG if wrong(place.sizes) else RIGHT))
            for place in shape_classes(LAYER)
        }

    def without_padding(s):
        return s["P"] == 0

    for wide, clause in ((100, "when padding is 0"), (5, None)):

        def fresh(sizes, wide=wide):
            return "wrong-value" if sizes["P"] == 0 and sizes["W"] < wide else "right"

        conclusion = conclude(LAYER, "dL/dx", by_class(without_padding), fresh=fresh)
        clauses = [region.clause for region in conclusion.where["wrong-value"]]
        assert (clause in clauses) == (clause is not None)
        if clause is None:
            assert not any(region.rule == "when" for region in conclusion.where["wrong-value"])


def test_what_fails_at_the_only_shape_that_ran_is_not_said_to_fail_everywhere() -> None:
    place = shape_classes(LAYER)[0]
    conclusion = conclude(LAYER, "dL/dx", {place: result(place, *WRONG)})
    ((region,),) = conclusion.where.values()
    assert region.clause == "at the one shape that ran"
    assert not region.rule
