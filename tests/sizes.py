"""How much the tests try: `--size=ci` at every change, `--size=full` in ./prove.sh."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    model_steps: int        # steps of the model
    fresh_controls: bool    # whether the model's controls draw a new seed, not one with which each is noticed soon
    missing_guards: int     # so many of the guards, at most, are removed in turn; the seed draws which
    control_steps: int      # a guard that is missing has to be noticed within so many; most are in a few hundred
    model_most_steps: int   # when something rare has not happened by then, the model has failed
    rare: bool              # whether also those changes must happen that are rare in so many steps
    hall: int               # seats of the hall that a crowd buys empty
    buyers: int             # in that crowd, all at the same time
    door_codes: int         # scanned at two doors each
    contested_seats: int    # each wanted by a hundred buyers at the same time
    keys: int               # Idempotency-Keys, each sent ten times at the same time
    messages: int           # events and webhooks in one test, each in several copies
    killed_orders: int      # and as many check-ins, whose points and money come from processes that are killed
    death_every: int        # so many times that a process of those has done a step
    kills: int              # rooms and servers that are killed while customers buy
    pauses: int             # and so many that are paused; Redis is emptied as often
    films: int              # that a search looks through
    fuzz_cases: int         # odd requests to each method
    fuzzed_roles: int       # by so many kinds of accounts
    matrix: bool            # whether all cases that take the same way are tried, or some that chance draws
    second_servers: bool    # whether a second mesh has servers of its own, or runs beside, on the same ones


CI = Size(model_steps=500, fresh_controls=False, missing_guards=2, control_steps=20_000, model_most_steps=10_000,
          rare=False, hall=40, buyers=50, door_codes=24, contested_seats=2, keys=16, messages=60,
          killed_orders=40, death_every=1_000, kills=4, pauses=1, films=300, fuzz_cases=4, fuzzed_roles=1, matrix=False,
          second_servers=False)
FULL = Size(model_steps=10_000, fresh_controls=True, missing_guards=100, control_steps=40_000, model_most_steps=30_000,
            rare=True, hall=200, buyers=500, door_codes=1_000, contested_seats=20, keys=200, messages=1_000,
            killed_orders=1_000, death_every=400, kills=200, pauses=8, films=10_000, fuzz_cases=40, fuzzed_roles=3,
            matrix=True, second_servers=True)
SIZES = {"ci": CI, "full": FULL}
