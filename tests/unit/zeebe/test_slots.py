"""The pool of slots."""

import asyncio

from worker.zeebe.slots import Slots


async def test_a_reservation_takes_what_is_free_up_to_its_limit() -> None:
    slots = Slots(10)

    assert await slots.reserve(4) == 4
    assert await slots.reserve(100) == 6
    assert slots.used == 10


async def test_a_reservation_waits_until_a_slot_is_given_back() -> None:
    slots = Slots(1)
    await slots.reserve(1)

    waiting = asyncio.create_task(slots.reserve(5))
    await asyncio.sleep(0)
    assert not waiting.done()

    slots.release()
    assert await waiting == 1


async def test_reservations_are_served_in_their_order() -> None:
    slots = Slots(2)
    await slots.reserve(2)
    served: list[str] = []

    async def reserve(name: str) -> None:
        await slots.reserve(1)
        served.append(name)

    async with asyncio.TaskGroup() as group:
        group.create_task(reserve("first"))
        group.create_task(reserve("second"))
        await asyncio.sleep(0)
        slots.release()
        slots.release()

    assert served == ["first", "second"]


async def test_a_cancelled_reservation_takes_no_slot_with_it() -> None:
    slots = Slots(1)
    await slots.reserve(1)
    waiting = asyncio.create_task(slots.reserve(1))
    await asyncio.sleep(0)

    slots.release()  # serves the waiting one ...
    waiting.cancel()  # ... which goes away in the same moment
    await asyncio.wait([waiting])

    assert slots.used == 0


async def test_of_heavy_jobs_no_more_are_reserved_than_there_is_room_for() -> None:
    slots = Slots(1_000, weight=100_000)
    assert await slots.reserve(1_000) == 1  # nothing is known of these jobs yet
    for _ in range(500):  # so many that what was thought before counts no more
        slots.hold(1_000)
        slots.end(1_000)
        assert await slots.reserve(1) == 1
    slots.hold(1_000)

    assert await slots.reserve(1_000) in (98, 99)


async def test_of_light_jobs_every_free_slot_is_reserved() -> None:
    slots = Slots(1_000, weight=1 << 28)

    assert await slots.reserve(1_000) == 1_000


async def test_a_closed_pool_sends_everybody_away() -> None:
    slots = Slots(1)
    await slots.reserve(1)
    waiting = asyncio.create_task(slots.reserve(1))
    await asyncio.sleep(0)

    slots.close()

    assert await waiting == 0
    slots.release()
    assert await slots.reserve(1) == 0
