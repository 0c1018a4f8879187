"""Every table of wismo, by room: the one description that migrations are checked against.

Ids are 53-bit integers made by the house (core/db/ids.py), times are UTC microseconds since 1970,
money is minor units, documents are JSON text. `shop_id` stands in every row.
"""

# ruff: noqa: F403 -- a table is named once, in its room

from core.db.tables.chat import *
from core.db.tables.columns import Whole as Whole
from core.db.tables.columns import metadata as metadata
from core.db.tables.fulfillment import *
from core.db.tables.house import *
from core.db.tables.machinery import *
from core.db.tables.money import *
from core.db.tables.ordering import *
from core.db.tables.returns import *
from core.db.tables.routing import *
from core.db.tables.stock import *
