"""Processes are told apart also where a number is used again."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

from atlas_assets.store import processes


def test_this_process_is_alive_and_its_name_reads_back() -> None:
    this = processes.this()
    assert this.pid == os.getpid()
    assert this.is_alive() is True
    assert processes.parse(f"{this}-and more") == this


def test_a_process_that_ended_is_gone_before_and_after_its_parent_noticed() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    began = processes.began(child.pid)
    assert began is not None
    known = processes.Process(processes.host(), child.pid, began)
    assert known.is_alive() is True
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # ended, and not yet noticed: a zombie
    assert known.is_alive() is False
    child.wait()
    assert known.is_alive() is False


@pytest.mark.skipif(not Path("/proc/self/comm").exists(), reason="names of processes are set by /proc")
def test_a_process_whose_name_is_no_text_is_alive_too() -> None:
    """Linux cuts names to 15 bytes, in the middle of a character."""
    code = r"open('/proc/self/comm', 'wb').write(b'\xc3'); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert processes.began(child.pid) is not None


def test_another_process_with_the_same_number_is_not_taken_for_it() -> None:
    assert dataclasses.replace(processes.this(), began="1").is_alive() is False


def test_of_a_process_on_another_machine_nothing_is_known() -> None:
    assert dataclasses.replace(processes.this(), host="elsewhere").is_alive() is None


def test_what_names_no_process_is_none() -> None:
    assert processes.parse("0123456789abcdef0123456789abcdef") is None


def test_where_there_is_no_proc_ps_says_the_same() -> None:
    pid = os.getpid()
    assert processes._began_says_ps(pid) == processes._began_says_ps(pid)
    assert processes._began_says_ps(pid)
    assert processes._began_says_ps(2**22 - 1) is None
