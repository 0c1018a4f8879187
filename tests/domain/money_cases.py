"""Money computed by hand: what goes back of which order, to the cent.

A line is `units=paid/tax`, shipping `paid/tax`, all in minor units with the tax in them. Steps:
`a1` one unit of the first line, with `~` its share of shipping, `^` shipping with the last unit,
`!` shipping because the shop is at fault, `-500` less a fee; `ship` all shipping that is left,
`ship100` a part of it; `+500` an amount beside; `all` whatever is left. R(n) below is what was paid
for the first n units: paid x n / units, half a cent up; a step gives R(end) - R(start).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    lines: str
    steps: str
    gives: str
    tax: str = ""
    ship: str = "0"
    paid: int | None = None  # when it is not all of lines and shipping
    currency: str = "EUR"
    on_top: bool = False  # prices are told without tax


REFUNDS = (
    # R(1) = 333.33 -> 333, R(2) = 666.67 -> 667, R(3) = 1000
    Case("three units of ten", "3=1000", "a1 a1 a1", "333 334 333"),
    # R(1) = 2.5 -> 3
    Case("half a cent goes up", "2=5", "a1 a1", "3 2"),
    # 142.86 285.71 428.57 571.43 714.29 857.14 -> 143 286 429 571 714 857 1000
    Case("sevenths", "7=1000", "a1 a1 a1 a1 a1 a1 a1", "143 143 143 142 143 143 143"),
    Case("sevenths in two parcels", "7=1000", "a3 a4", "429 571"),
    # R(1) = 16.5 -> 17, R(3) = 49.5 -> 50
    Case("one, two, three of six", "6=99", "a1 a2 a3", "17 33 49"),
    # 0.25 -> 0, 0.5 -> 1, 0.75 -> 1
    Case("one cent for four", "4=1", "a1 a1 a1 a1", "0 1 0 0"),
    Case("one cent for a thousand", "1000=1", "a500 a500", "1 0"),
    Case("a gift costs nothing", "3=0", "a1 a2", "0 0"),
    Case("one unit is all of it", "1=1990", "a1", "1990"),
    # R(7) = 233.22 -> 233, R(20) = 666.33 -> 666
    Case("sixty in three parcels", "60=1999", "a7 a13 a40", "233 433 1333"),
    Case("yen have no cents", "3=1000", "a1 a1 a1", "333 334 333", currency="JPY"),
    # R(2) = 3527.14 -> 3527
    Case("dinars have three digits", "7=12345", "a2 a5", "3527 8818", currency="KWD"),
    Case("a fortune", "3=9999999999999", "a1 a2", "3333333333333 6666666666666"),
    # Tax that is in the price. T(1) = 53.33 -> 53, T(2) = 106.67 -> 107
    Case("tax by the same rule", "3=1000/160", "a1 a1 a1", "333 334 333", "53 54 53"),
    # 39.80 x 19/119 = 6.35; T(1) = 317.5 -> 318
    Case("19 % in two mugs", "2=3980/635", "a1 a1", "1990 1990", "318 317"),
    # 29.97 x 7/107 = 1.96; T(1) = 65.33 -> 65, T(2) = 130.67 -> 131
    Case("7 % in three books", "3=2997/196", "a1 a1 a1", "999 999 999", "65 66 65"),
    Case("two rates", "2=3980/635 1=1000/65", "a1 b1 a1", "1990 1000 1990", "318 65 317"),
    Case("no tax abroad", "2=3980", "a1 a1", "1990 1990", "0 0"),
    Case("10 % in yen", "3=3300/300", "a1 a2", "1100 2200", "100 200", currency="JPY"),
    Case("8 % in yen", "7=756/56", "a3 a4", "324 432", "24 32", currency="JPY"),
    # 1250.25 2500.5 3750.75 -> 1250 2501 3751; tax 59.5 119 178.5 -> 60 119 179
    Case(
        "5 % in dinars",
        "4=5001/238",
        "a1 a1 a1 a1",
        "1250 1251 1250 1250",
        "60 59 60 59",
        currency="KWD",
    ),
    # 5 x 9.99; T(1) = 159.6 -> 160, T(2) = 319.2 -> 319, T(3) = 478.8 -> 479
    Case("five in three parcels", "5=4995/798", "a2 a1 a2", "1998 999 1998", "319 160 319"),
    # Tax on top: 3 x 10.00 net, 8.25 % = 2.475 -> 2.48. R(1) = 1082.67, R(2) = 2165.33
    Case("8.25 % on top", "3=3248/248", "a1 a1 a1", "1083 1082 1083", "83 82 83", on_top=True),
    Case("19 % on top", "2=2380/380", "a1 a1", "1190 1190", "190 190", on_top=True),
    # Discounts of a line. 3 x 10.00 - 1.00: R(1) = 966.67, R(2) = 1933.33
    Case("a euro off three", "3=2900", "a1 a1 a1", "967 966 967"),
    # 3 x 10.00 - 10.00: R(1) = 666.67, R(2) = 1333.33
    Case("three for two", "3=2000", "a1 a1 a1", "667 666 667"),
    # 2 x 10.00 - 15 % = 17.00; 19/119 of it = 2.71; T(1) = 135.5 -> 136
    Case("15 % off two", "2=1700/271", "a1 a1", "850 850", "136 135"),
    Case("one price, two lines", "2=1980 2=1000", "a1 b2 a1", "990 1000 990"),
    # Shipping
    Case("shipping by itself", "1=1000", "ship a1", "490 1000", ship="490"),
    # T(100) = 15.92 -> 16, T(300) = 47.76 -> 48, T(490) = 78
    Case(
        "shipping in three parts",
        "1=1000",
        "ship100 ship200 ship",
        "100 200 190",
        "16 32 30",
        "490/78",
    ),
    Case("free shipping", "1=1000", "ship a1", "0 1000"),
    Case(
        "shipping taxed on top",
        "1=1190/190",
        "ship a1",
        "595 1190",
        "95 190",
        "595/95",
        on_top=True,
    ),
    # Goods 30.00: 490 x 1000/3000 = 163.33 -> 163, x 2000/3000 = 326.67 -> 327
    Case("shipping by share", "2=2000 1=1000", "a1~ b1~ a1~", "1163 1164 1163", ship="490"),
    # T(163) = 25.95 -> 26, T(327) = 52.05 -> 52, T(490) = 78
    Case(
        "its tax by share", "2=2000 1=1000", "a1~ b1~ a1~", "1163 1164 1163", "26 26 26", "490/78"
    ),
    Case(
        "shipping with the last unit", "2=2000 1=1000", "a1^ b1^ a1^", "1000 1000 1490", ship="490"
    ),
    Case("shipping where we erred", "2=2000 1=1000", "a1! a1 b1", "1490 1000 1000", ship="490"),
    Case("we erred twice", "2=2000", "a1! a1!", "1490 1000", ship="490"),
    Case("shipping stays", "2=2000 1=1000", "a1 a1 b1", "1000 1000 1000", ship="490"),
    Case(
        "shipping was given already", "2=2000 1=1000", "ship a2^ b1^", "490 2000 1000", ship="490"
    ),
    # 327 is the share of two thirds: 300 has gone back, 27 more
    Case(
        "a part of shipping was given",
        "2=2000 1=1000",
        "ship300 a2~ b1~",
        "300 2027 1163",
        ship="490",
    ),
    Case("gifts travel for all of it", "2=0", "a1~ a1~", "490 0", ship="490"),
    Case("shipping in yen", "3=3000", "a1~ a1~ a1~", "1167 1166 1167", ship="500", currency="JPY"),
    # Fees
    Case("a fee of five euro", "2=4000", "a1-500 a1", "1500 2000"),
    Case("a fee and our shipping", "1=1000", "a1!-200", "1290", ship="490"),
    Case("a fee that takes all", "1=300", "a1-500", "0"),
    Case("a fee on each", "3=3000", "a1-100 a1-100 a1-100", "900 900 900"),
    Case("a fee in dinars", "2=5000", "a1-125 a1", "2375 2500", currency="KWD"),
    # Amounts beside goods, never above what was paid
    Case("goodwill, then the goods", "2=2000", "+500 a1 a1", "500 1000 500"),
    Case("goodwill above all", "1=1000", "+5000", "1000"),
    Case("goodwill twice", "1=1000", "+600 +600", "600 400"),
    Case("goodwill, then the rest", "2=2000", "+500 all", "500 1990", ship="490"),
    # All that is left
    Case("all of it", "3=1000/160 1=500/35", "all", "1990", "273", "490/78"),
    Case(
        "one unit, then the rest", "3=1000/160 1=500/35", "a1 all", "333 1657", "53 220", "490/78"
    ),
    Case(
        "unit, shipping, the rest",
        "2=2000/320",
        "a1 ship all",
        "1000 490 1000",
        "160 78 160",
        "490/78",
    ),
    Case("a tip goes back, too", "2=2000", "all", "2100", paid=2100),
    # 500 of 2000 was never paid, and with it a quarter of the tax
    Case("three quarters paid", "2=2000/320", "all", "1500", "240", paid=1500),
    # the second unit: 500 of 1000, and half of its tax
    Case("paid in part, unit by unit", "2=2000/320", "a1 a1", "1000 500", "160 80", paid=1500),
    Case("never paid", "2=2000", "a1 all", "0 0", paid=0),
    Case("paid with yen, in part", "3=1000", "a1 a1 a1", "333 334 83", paid=750, currency="JPY"),
    Case("a unit a second time", "1=1000", "a1 a1", "1000 0"),
    Case(
        "goods, shipping, all at once", "1=1990/318", "all ship a1", "2480 0 0", "396 0 0", "490/78"
    ),
)

# What a new order tells of the whole: (lines' totals, shipping, discount, tax, total) and what
# becomes of it: (totals, taxes, the shipping's tax). Shares by largest remainder, first come first.
PLACED = {
    # 100 : 3 = 33.33 each, one cent is left
    "a euro off three lines": (([1000] * 3, 0, 100, 0, 2900), ([966, 967, 967], [0, 0, 0], 0)),
    # 500 x 3/4 = 375
    "five euro off two prices": (([3000, 1000], 0, 500, 0, 3500), ([2625, 875], [0, 0], 0)),
    # 319 : 2 = 159.5
    "tax told once, in the price": (([1000, 1000], 0, 0, 319, 2000), ([1000] * 2, [160, 159], 0)),
    # 280 x 1000/3500 = 80, x 2000/3500 = 160, shipping 40
    "tax told once, on top": (([1000, 2000], 500, 0, 280, 3780), ([1080, 2160], [80, 160], 40)),
    # 3.33 3.33 3.34: the third has the largest remainder
    "ten yen off": (([333, 333, 334], 0, 10, 0, 990), ([330, 330, 330], [0, 0, 0], 0)),
    "a thousandth of a dinar": (([5000, 5000], 0, 1, 0, 9999), ([4999, 5000], [0, 0], 0)),
    # 19 % of 18.00 = 3.42, half of it each
    "discount, then tax on top": (([1000, 1000], 0, 200, 342, 2142), ([1071] * 2, [171] * 2, 0)),
    "the discount was the shipping": (([2000], 0, 490, 0, 2000), ([2000], [0], 0)),
    "more off than there is": (([100], 0, 500, 0, 0), ([0], [0], 0)),
}

# Refunds over payments: (captured, is original), the refunds, and the shares of each.
PAYMENTS = {
    "three refunds over two payments": (
        [(3980, True), (1990, False)],
        [1500, 3000, 1470],
        [{1: 1500}, {1: 2480, 2: 520}, {2: 1470}],
    ),
    "the original is not the first": ([(1000, False), (2000, True)], [2500], [{2: 2000, 1: 500}]),
    "three payments": (
        [(500, True), (500, False), (500, False)],
        [700, 700, 100],
        [{1: 500, 2: 200}, {2: 300, 3: 400}, {3: 100}],
    ),
    "a yen on another card": ([(1000, True), (1, False)], [1001], [{1: 1000, 2: 1}]),
    "cent by cent": ([(2, True), (1, False)], [1, 1, 1], [{1: 1}, {1: 1}, {2: 1}]),
}

# An exchange: (what came back, its tax, what the new goods still cost) and
# (what pays for them, what goes back as money, the tax in that, what the customer owes).
EXCHANGES = {
    "for the same price": ((1990, 318, 1990), (1990, 0, 0, 0)),
    "for something dearer": ((1990, 318, 2490), (1990, 0, 0, 500)),
    # 398 x 500/2490 = 79.92
    "for something cheaper": ((2490, 398, 1990), (1990, 500, 80, 0)),
    "the new goods are paid for": ((1990, 318, 0), (0, 1990, 318, 0)),
    # 300 x 2300/3300 = 209.09
    "cheaper, in yen": ((3300, 300, 1000), (1000, 2300, 209, 0)),
    "a fee was taken": ((1500, 240, 2000), (1500, 0, 0, 500)),
}

# An edit: (total, captured, given back by edits, refunded, owed, the new total) and (refund, due).
EDITS = {
    "less, and paid": ((5970, 5970, 0, 0, 0, 3980), (1990, 0)),
    "more, and paid": ((5970, 5970, 0, 0, 0, 7960), (0, 1990)),
    "less, and not paid": ((5970, 0, 0, 0, 0, 3980), (0, 0)),
    "less than was paid of it": ((5970, 3000, 0, 0, 0, 3980), (0, 0)),
    # 9.70 were missing, the rest of 19.90 goes back
    "what is not paid falls first": ((5970, 5000, 0, 0, 0, 3980), (1020, 0)),
    "what was overpaid is used up": ((5970, 6970, 0, 0, 0, 6470), (0, 0)),
    "only what is still here": ((5970, 5970, 0, 5000, 0, 3980), (970, 0)),
    "what is owed is not here": ((5970, 5970, 0, 0, 5000, 3980), (970, 0)),
    "an edit after an edit": ((3980, 5970, 1990, 1990, 0, 1990), (1990, 0)),
}
