"""Converts the codes of the Complete Journey data to readable names."""

import re
from functools import cache
from typing import Any

DEPARTMENTS = {
    "CHARITABLE CONT": "Charitable Contributions",
    "CNTRL/STORE SUP": "Store Supplies",
    "ELECT &PLUMBING": "Electrical & Plumbing",
    "GM MERCH EXP": "GM Merchandise Expense",
    "MEAT-PCKGD": "Packaged Meat",
    "PROD-WHS SALES": "Produce Warehouse Sales",
    "SEAFOOD-PCKGD": "Packaged Seafood",
}
# Types that mean nothing without their category, such as "Lean" of Beef or "Premium" of Bacon.
QUALIFIERS = frozenset(
    "ANGUS|BETTER FOR YOU|BLENDS|CHOICE|DECOR|DRY|ECONOMY|ECONOMY - MEAT|ENHANCED|ENTREES"
    "|EVERYDAY MEDIUM|EVERYDAY SMALL|FLAVORED/OTHER|FRESH|GARDEN PLUS|IMPORTED|IN STORE MADE|LEAN"
    "|LINKS - RAW|MAINSTREAM|MARINATED|MINUET|MISCELLANEOUS|MULTIPACKS|NATURAL|ORGANIC|OTHER"
    "|PATTIES|POULTRY|PREMIUM|PREMIUM - MEAT|PREMIUM PINTS|PRIMAL|RED|REGULAR|REGULAR GARDEN|RIB"
    "|ROLLS - PORK|SEASONAL|SELECT|SMOKED/COOKED|SPECIALTY|STICKS/ENROBED|SUPER PREMIUM PINTS"
    "|TRADITIONAL|VALUE".split("|")
)
ACRONYMS = frozenset({"BBQ", "CD", "DVD", "GM", "HBC", "IQF", "NZ", "OJ", "SPF", "TV", "USDA"})
SMALL_WORDS = frozenset({"and", "for", "of", "or", "the", "with"})
ABBREVIATIONS = {
    "BEERALEMALT": "Beer/Ale/Malt",
    "BG": "Bags",
    "BKD": "Baked",
    "BN": "Bean",
    "BR": "Bread",
    "BRD": "Breaded",
    "BRKFST": "Breakfast",
    "BTL": "Bottle",
    "BTR": "Butter",
    "CAR": "Carbonated",
    "CARB": "Carbonated",
    "CATFD": "Cat Food",
    "CB": "Consumer Bunch",
    "CHICK": "Chicken",
    "CHIX": "Chicken",
    "CHOC": "Chocolate",
    "CHOCOCLATE": "Chocolate",
    "CHS": "Cheese",
    "CKE": "Cake",
    "CKTLS": "Cocktails",
    "CLEANE": "Cleaner",
    "CLEANG": "Cleaning",
    "CND": "Canned",
    "CRBNTD": "Carbonated",
    "CRMD": "Creamed",
    "CRYSTL": "Crystal",
    "DAN": "Danish",
    "DISPOSIBLE": "Disposable",
    "DNR": "Dinner",
    "DNRS": "Dinners",
    "DOGFD": "Dog Food",
    "DRNK": "Drink",
    "DRNKING": "Drinking",
    "DRNKNG": "Drinking",
    "DRNKS": "Drinks",
    "DRSNG": "Dressing",
    "DSH": "Dish",
    "FD": "Food",
    "FDS": "Foods",
    "FEM": "Feminine",
    "FLVR": "Flavored",
    "FLVRD": "Flavored",
    "FRD": "Fried",
    "FRE": "Fresh",
    "FRZ": "Frozen",
    "FRZN": "Frozen",
    "GDS": "Goods",
    "GRND": "Ground",
    "HYGN": "Hygiene",
    "IWS": "Individually Wrapped",
    "JCE": "Juice",
    "JUIC": "Juice",
    "MAY": "Mayonnaise",
    "MENS": "Men's",
    "MISC": "Miscellaneous",
    "MIXS": "Mixes",
    "MLK": "Milk",
    "MLT": "Multi",
    "MNERAL": "Mineral",
    "MNR": "Mineral",
    "MNRL": "Mineral",
    "MW": "Microwave",
    "MX": "Mix",
    "MXS": "Mixes",
    "OTYHER": "Other",
    "PCKGD": "Packaged",
    "PK": "Pack",
    "PKG": "Package",
    "PKLD": "Pickled",
    "PLSTC": "Plastic",
    "PNT": "Peanut",
    "PORTON": "Portion",
    "PREM": "Premium",
    "PREP": "Prepared",
    "PROTIEN": "Protein",
    "PWDR": "Powder",
    "PWDRS": "Powders",
    "REFRGRATD": "Refrigerated",
    "REFRIG": "Refrigerated",
    "RTD": "Ready to Drink",
    "RTS": "Ready to Serve",
    "RW": "Raw",
    "SALD": "Salad",
    "SAUCESSALSAPICANTEE": "Sauces/Salsa/Picante",
    "SAUS": "Sausage",
    "SFT": "Soft",
    "SGL": "Single",
    "SHERBTS": "Sherbets",
    "SHLFSH": "Shellfish",
    "SNDWCH": "Sandwich",
    "SNGL": "Single",
    "SPECILATY": "Specialty",
    "SPLY": "Supply",
    "SPRD": "Spread",
    "SRV": "Serve",
    "SS": "Single Serve",
    "STK": "Stick",
    "SUPPPLIES": "Supplies",
    "SV": "Serve",
    "SW": "Sweet",
    "SWEETNERS": "Sweeteners",
    "TISS": "Tissue",
    "TN": "Tennessee",
    "TORT": "Tortilla",
    "TRSH": "Trash",
    "VEG": "Vegetable",
    "WAT": "Water",
    "WATE": "Water",
    "WHL": "Whole",
    "WHLSM": "Wholesome",
    "WOMENS": "Women's",
    "WT": "Weight",
    "WTR": "Water",
}
WORD = re.compile(r"[A-Za-z][A-Za-z']*")
# The source cuts texts at 30 characters, which leaves open parentheses and single last letters.
CUT_TAIL = re.compile(r"\s*(\([^)]*|(?:[-/]|\bOR\b)\s*[A-Z]?|<=\S*|\b(INCL|ET|EX))$")


@cache
def readable(text: str) -> str:
    """Return a source text in title case with its abbreviations spelled out."""
    text = CUT_TAIL.sub("", CUT_TAIL.sub("", text))
    text = re.sub(r"\s*&\s*", " & ", text)
    text = re.sub(r"(?<=\d)(?=[A-Z])", " ", text)
    text = re.sub(r"(:|\b\.)\s*(?=[A-Z])", r"\1 ", text)
    text = re.sub(r"\b(WOMEN|MEN|KID) S\b", r"\1'S", text)
    text = re.sub(r"\b(FEM|HYGN|MISC|OZ)\.", r"\1", text)
    text = " ".join(re.sub(r"\bW/", "with ", text).split())
    text = WORD.sub(lambda match: readable_word(match[0]), text)
    return text[:1].upper() + text[1:]


def readable_word(word: str) -> str:
    """Return a word in title case."""
    if word in ACRONYMS:
        return word
    if word.lower() in SMALL_WORDS:
        return word.lower()
    return ABBREVIATIONS.get(word, word.capitalize())


@cache
def readable_size(size: str) -> str:
    """Return the package size in lower-case units, or an empty string if the source has none."""
    size = " ".join(re.sub(r"[^0-9A-Za-z./%-]", " ", size).lower().split())
    size = re.sub(r"(?<![\d.])\.(?=\d)", "0.", size)
    # Article numbers and shelf letters precede some sizes: "973875 PK", "600 4 LB", "P 8 OZ".
    size, numbers = re.subn(r"\s*\d{5,}\s*", "", size)
    if numbers and not re.search(r"\d", size):
        return ""
    size = re.sub(r"^([a-z]{1,3}|\d{3,})\s+(?=\d)", "", size)
    size = re.sub(r"\bl\b", "L", size)
    return re.sub(r"\bga\b", "gal", size)


def department_name(department: str) -> str:
    """Return the readable name of a department."""
    return DEPARTMENTS.get(department) or readable(department)


def product_name(product: dict[str, Any]) -> str:
    """Return the readable name of a product from its type, package size and brand."""
    category, kind = product["product_category"], product["product_type"]
    if kind and kind in QUALIFIERS and category:
        name = f"{readable(category)} - {readable(kind)}"
    elif kind:
        name = readable(kind)
    else:
        group = readable(category) if category else department_name(product["department"])
        name = f"{group} Product {product['product_id']}"
    size = readable_size(product["package_size"] or "")
    if kind and size:
        name += f", {size}"
    if kind and product["brand"] == "Private":
        name += " (private label)"
    return name


def product_description(product: dict[str, Any]) -> str:
    """Return the department, category, manufacturer and brand of a product in one text."""
    place = department_name(product["department"])
    if product["product_category"]:
        place += f" / {readable(product['product_category'])}"
    brand = "Private label" if product["brand"] == "Private" else "National brand"
    return f"{place}. Manufacturer {product['manufacturer_id']}. {brand}."
