"""Groups blocks into wards, districts and neighbourhoods that people would recognise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from demo.partition import Block
from demo.plane import Metres

ROUNDS = 60
SETTLING = 6
PULL = 1 / 9000  # how many metres of border one square metre of distance to the seat is worth
GIVE_M2 = 60_000  # by how much a region twice as populous as it should be gives way in one round


class Regions:
    """One region for each seat, each in one piece and on one bank of the river.

    Weighted Lloyd's method, then border blocks move until borders run along avenues rather than lanes.
    """

    def __init__(self, blocks: Sequence[Block], banks: Sequence[int], seats: Sequence[Metres]) -> None:
        """banks: the bank on which each block lies; a region keeps to the bank of its seat."""
        self.blocks = blocks
        self.seats = list(seats)
        self.weight = [0.0] * len(seats)
        nearest = [min(range(len(blocks)), key=lambda n: _squared(blocks[n].middle, seat)) for seat in seats]
        self.choices = [[r for r, near in enumerate(nearest) if banks[near] == bank] for bank in banks]
        self.owner = [0] * len(blocks)

    def grow(self, evenness: float) -> list[list[int]]:
        """Numbers of the blocks of each region.

        evenness: from 0 (each block to the nearest seat) to 1 (about as many people in each region).
        """
        aim = sum(block.people for block in self.blocks) / len(self.seats)
        for turn in range(ROUNDS):
            self.owner = [self._nearest(number) for number in range(len(self.blocks))]
            for region in range(len(self.seats)):
                self._balance(region, aim, evenness, moving=turn < ROUNDS // 3)
        for _ in range(SETTLING):
            self._settle()
            self._reunite()
        return [self._of(region) for region in range(len(self.seats))]

    def _balance(self, region: int, aim: float, evenness: float, moving: bool) -> None:
        own = [self.blocks[number] for number in self._of(region)]
        people = sum(block.people for block in own)
        if own and moving:
            x = sum(block.middle[0] * block.people for block in own) / people
            y = sum(block.middle[1] * block.people for block in own) / people
            seat = self.seats[region]
            self.seats[region] = (round(0.7 * seat[0] + 0.3 * x, 1), round(0.7 * seat[1] + 0.3 * y, 1))
        self.weight[region] += round(evenness * GIVE_M2 * max(min((aim - people) / aim, 1.0), -1.0), 1)

    def _settle(self) -> None:
        """Each block goes to the region with which it shares the longest lanes, unless that one's seat is far away."""
        for number in range(len(self.blocks)):
            bonds = self._bonds([number])
            bonds[self.owner[number]] += 0.0
            self.owner[number] = max(bonds, key=lambda r: (bonds[r] - PULL * self._distance(number, r), -r))

    def _reunite(self) -> None:
        """Gives every part that lies apart from its region to the neighbour it hangs together with most."""
        loose = [part for region in range(len(self.seats)) for part in self._parts(region)[1:]]
        taken = [part for part in loose if self._given_away(part)]
        if taken:
            self._reunite()

    def _given_away(self, part: list[int]) -> bool:
        bonds = self._bonds(part)
        bonds.pop(self.owner[part[0]], None)
        for number in part if bonds else ():
            self.owner[number] = max(bonds, key=lambda region: (bonds[region], -region))
        return bool(bonds)

    def _bonds(self, numbers: Iterable[int]) -> dict[int, float]:
        """How strongly these blocks hang together with each region that they may belong to."""
        bonds: dict[int, float] = defaultdict(float)
        for number in numbers:
            for other, metres in self.blocks[number].beside.items():
                if self.owner[other] in self.choices[number]:
                    bonds[self.owner[other]] += metres
        return bonds

    def _parts(self, region: int) -> list[list[int]]:
        """The pieces of a region, the most populous first."""
        left = set(self._of(region))
        pieces = []
        while left:
            waiting = [min(left)]
            left.discard(waiting[0])
            piece = []
            while waiting:
                piece.append(waiting.pop())
                found = sorted(left & self.blocks[piece[-1]].beside.keys())
                left.difference_update(found)
                waiting += found
            pieces.append(piece)
        return sorted(pieces, key=lambda piece: -sum(self.blocks[number].people for number in piece))

    def _nearest(self, number: int) -> int:
        return min(self.choices[number], key=lambda region: (self._distance(number, region), region))

    def _of(self, region: int) -> list[int]:
        return [number for number, at in enumerate(self.owner) if at == region]

    def _distance(self, number: int, region: int) -> float:
        return round(_squared(self.blocks[number].middle, self.seats[region]) - self.weight[region], 1)


def _squared(a: Metres, b: Metres) -> float:
    return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2
