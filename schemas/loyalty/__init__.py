"""The contract of the loyalty room: points of members, and their daily check-in."""

from schemas.loyalty.check_ins import CHECK_IN as CHECK_IN
from schemas.loyalty.check_ins import CHECKED_IN as CHECKED_IN
from schemas.loyalty.check_ins import DAY_STATES as DAY_STATES
from schemas.loyalty.check_ins import DAYS_AT_MOST as DAYS_AT_MOST
from schemas.loyalty.check_ins import DAYS_OF_A_CYCLE as DAYS_OF_A_CYCLE
from schemas.loyalty.check_ins import GET_CHECK_IN as GET_CHECK_IN
from schemas.loyalty.check_ins import GET_CHECK_INS as GET_CHECK_INS
from schemas.loyalty.check_ins import REWARD_KINDS as REWARD_KINDS
from schemas.loyalty.points import ENTRY_KINDS as ENTRY_KINDS
from schemas.loyalty.points import ENTRY_REASONS as ENTRY_REASONS
from schemas.loyalty.points import GET_ENTRIES as GET_ENTRIES
from schemas.loyalty.points import GET_POINTS as GET_POINTS
from schemas.loyalty.points import REDEEM as REDEEM
from schemas.loyalty.points import REDEEMED as REDEEMED
from schemas.loyalty.points import NotEnoughPoints as NotEnoughPoints
from schemas.loyalty.points import PointsNotRedeemable as PointsNotRedeemable
from schemas.loyalty.standing import GET_STANDING as GET_STANDING
