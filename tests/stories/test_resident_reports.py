"""A resident reports something and is told who looks after it, and why."""

import httpx
def test_a_pothole_is_taken_in(resident, a_report):
    report = a_report()
    assert report.now["status"]["code"] == "received"
def test_push(crew, resident, a_report, run_jobs, phones):
    r=a_report()
    crew.post(f"/v1/work/{r.id}/take", json={}, if_match=1)
    run_jobs()
    assert phones.titles(resident.push_token)
def test_live(live_server, a_report):
    r=a_report()
    print(httpx.get(live_server.url+r.path).text)
    print(live_server.words())
def test_live(live_server, a_report):
    r=a_report()
    print(httpx.get(live_server.url+r.path).text)
    live_server.kill()
    live_server.start()
    print(httpx.get(live_server.url+r.path).text)
    live_server.stop()
