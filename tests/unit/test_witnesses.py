"""Who tells of a session."""

from agentmonitor.witnesses import MAX_SESSIONS, Witness, Witnesses


def test_the_best_witness_of_a_session_is_remembered_whoever_speaks_last() -> None:
    witnesses = Witnesses()
    assert witnesses.is_best("one", Witness.TELEMETRY)
    witnesses.note(["one"], Witness.HOOK)
    witnesses.note(["one"], Witness.FILE)
    assert not witnesses.is_best("one", Witness.FILE)
    assert witnesses.is_best("one", Witness.HOOK)
    assert witnesses.is_best("two", Witness.TELEMETRY)


def test_sessions_that_were_quiet_the_longest_are_forgotten_first() -> None:
    witnesses = Witnesses()
    witnesses.note(["first", "second"], Witness.HOOK)
    witnesses.note((str(number) for number in range(MAX_SESSIONS - 2)), Witness.HOOK)
    witnesses.note(["first"], Witness.FILE)
    witnesses.note(["one more"], Witness.FILE)
    assert witnesses.is_best("second", Witness.TELEMETRY)
    assert not witnesses.is_best("first", Witness.FILE)
