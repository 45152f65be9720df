"""Many at once, and the worst moment to die. Waits for servers to start and to be killed."""

import contextlib
import hashlib
import random
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import requests

from tests.e2e.conftest import Service

MB = 1024 * 1024


def test_32_uploads_of_one_file_make_one_document(service: Service) -> None:
    raw = random.Random(1).randbytes(5 * MB)
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda _: service.upload(raw), range(32)))
    assert sorted(a.status_code for a in answers) == [200] * 31 + [201]
    assert len({a.json()["id"] for a in answers}) == 1
    assert sum(a.json()["duplicate"] for a in answers) == 31
    digest = hashlib.sha256(raw).hexdigest()
    assert service.rows(f"SELECT count(*) FROM documents WHERE sha256 = '{digest}'") == [(1,)]
    assert [path.name for path in service.blobs()].count(digest) == 1


def test_killing_the_web_server_amid_uploads_loses_nothing_it_answered_for(
    service: Service,
) -> None:
    acknowledged: dict[str, str] = {}
    stop = threading.Event()
    with ThreadPoolExecutor(8) as pool:
        for seed in range(8):
            pool.submit(upload_until, stop, service, seed=seed, acknowledged=acknowledged)
        try:
            for turn in range(6):
                wait_for_ten_more(acknowledged, service)
                kill_the_web_server(service, whole=turn % 2 == 0)
            wait_for_ten_more(acknowledged, service)
        finally:
            stop.set()
    stored = dict(service.rows("SELECT id::text, sha256 FROM documents"))
    assert {number: stored.get(number) for number in acknowledged} == acknowledged
    on_disk = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in service.blobs()}
    assert all(name == digest for name, digest in on_disk.items())
    assert set(stored.values()) <= set(on_disk)


def upload_until(
    stop: threading.Event, service: Service, *, seed: int, acknowledged: dict[str, str]
) -> None:
    numbers, session = random.Random(seed), service.session()
    while not stop.is_set():
        raw = numbers.randbytes(MB)
        try:
            answer = service.upload(raw, session=session)
        except requests.RequestException:
            session = service.session()
            continue
        if answer.status_code == 201:
            acknowledged[answer.json()["id"]] = hashlib.sha256(raw).hexdigest()


def wait_for_ten_more(acknowledged: dict[str, str], service: Service) -> None:
    before, deadline = len(acknowledged), time.monotonic() + 60
    while len(acknowledged) < before + 10:
        assert time.monotonic() < deadline, service.log.read_text()
        time.sleep(0.01)


def kill_the_web_server(service: Service, *, whole: bool) -> None:
    """One of its processes, or all, as the kernel kills what takes too much memory."""
    assert service.process is not None
    family = psutil.Process(service.process.pid).children(recursive=True)
    web = [p for p in family if any("granian" in word for word in p.cmdline())]
    inner = [p for p in web if p.ppid() in {q.pid for q in web}]
    for process in web if whole or not inner else random.sample(inner, 1):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


SWEEP_WITHOUT_END = """
import django; django.setup()
from documents.blobs import sweep
deleted = 0
while True:
    deleted += sweep(older_than_seconds=0).blobs
    print(deleted, flush=True)
"""


def test_an_upload_that_races_sweep_keeps_its_bytes(service: Service) -> None:
    """Each time the bytes are there as an orphan that sweep deletes at just that moment."""
    numbers, session = random.Random(3), service.session()
    env = {**service.env, "DJANGO_SETTINGS_MODULE": "ingestion.settings"}
    command = [sys.executable, "-c", SWEEP_WITHOUT_END]
    sweeper = subprocess.Popen(command, cwd=service.folder, env=env, stdout=subprocess.PIPE)
    try:
        for _ in range(100):
            raw = numbers.randbytes(1000)
            first = service.upload(raw, session=session).json()
            url = f"{service.url}/api/v1/documents/{first['id']}/"
            time.sleep(numbers.random() * 0.02)
            session.delete(url, timeout=10)
            again = service.upload(raw, session=session)
            assert again.status_code == 201
            assert session.get(f"{url}file/", timeout=10).content == raw
    finally:
        sweeper.terminate()
        said, _ = sweeper.communicate(timeout=10)
    assert int(said.split()[-1]) > 0  # it did delete orphans meanwhile
