"""Machines that the plant file names and that never spoke: shown as such, and never as stopped."""

from tests.scenarios.offline import answering

PLANT = {"machines": {"s/a/l/m1": {"title": "Press"}}}


def test_a_configured_machine_is_listed_before_its_first_message() -> None:
    with answering(PLANT, []) as query:
        (machine,) = [a for a in query.assets()["assets"] if a["kind"] == "machine"]
        status = query.status("s/a/l/m1")
        line = query.status("s/a/l")
    assert (machine["path"], machine["first_seen"], machine["last_heard"]) == ("s/a/l/m1", None, None)
    assert (status["connection"], status["state"], status["since"]) == ("never", "unknown", None)
    assert (status["kpis"]["oee"]["values"]["oee"], status["title"]) == (None, "Press")
    assert [m["asset"] for m in line["machines"]] == ["s/a/l/m1"]
