"""The three workloads in SimPy, with processes and timeouts. Words: workload, a file with sizes and delays as JSON.

SimPy has no cancellation: a process that waits is interrupted and waits anew, and its old timeout stays in the queue.
"""

import json
import sys
import time

import simpy

workload, file = sys.argv[1:]
with open(file, encoding="utf-8") as handle:
    given = json.load(handle)
sizes = given["sizes"][workload]
env = simpy.Environment()


def timed(work):
    before = time.process_time()
    operations, end = work()
    cpu = time.process_time() - before
    print(json.dumps({"operations": operations, "cpuSeconds": cpu, "endMicros": end}))


def hold():
    delays = given["delays"]
    mask = len(delays) - 1
    drawn = 0

    def again():
        nonlocal drawn
        while True:
            delay = delays[drawn & mask]
            drawn += 1
            yield env.timeout(delay)

    for _ in range(sizes["pending"]):
        env.process(again())
    # Every process has one more event that starts it.
    for _ in range(sizes["pending"]):
        env.step()

    def work():
        step = env.step
        for _ in range(sizes["operations"]):
            step()
        return sizes["operations"], env.now

    timed(work)


def beats():
    count = 0

    def beat(first, period):
        nonlocal count
        yield env.timeout(first)
        while True:
            count += 1
            yield env.timeout(period)

    for index in range(sizes["nodes"] + sizes["pods"]):
        period = 10_000_000 if index < sizes["nodes"] else 15_000_000
        env.process(beat((index * 7919) % period, period))
    for _ in range(sizes["nodes"] + sizes["pods"]):
        env.step()

    def work():
        # `run` stops before what is due at the instant given.
        env.run(until=sizes["untilMicros"] + 1)
        return count, sizes["untilMicros"]

    timed(work)


def rearm():
    operations = 0

    def timer(index):
        while True:
            try:
                yield env.timeout(40_000_000 + ((index * 31) & 0xFFFFF))
                return
            except simpy.Interrupt:
                pass

    timers = [env.process(timer(index)) for index in range(sizes["timers"])]
    for _ in range(sizes["timers"]):
        env.step()
    end = (sizes["operations"] // sizes["batch"] - 1) * sizes["everyMicros"]

    def driver():
        nonlocal operations
        following = 0
        while True:
            for _ in range(sizes["batch"]):
                following = (following + 7919) % sizes["timers"]
                timers[following].interrupt()
            operations += sizes["batch"]
            yield env.timeout(sizes["everyMicros"])

    def work():
        env.process(driver())
        env.run(until=end + 1)
        return operations, end

    timed(work)


{"hold": hold, "beats": beats, "rearm": rearm}[workload]()
