"""The countries of the world, the required parts of their addresses, and places in them."""

from msgspec import Struct

COUNTRIES = frozenset(
    """AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR
    BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ
    EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW
    GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY
    KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV
    MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY
    QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG
    TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM
    ZW""".split()
)
"""The officially assigned codes of ISO 3166-1 alpha-2."""

EU_COUNTRIES = frozenset(
    """AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK""".split()
)
"""The member states of the European Union."""

# From the metadata of Google's libaddressinput, which follows the postal addressing systems that
# the Universal Postal Union publishes. About 70 countries have no postal codes at all, and in some
# 100 others a letter also arrives without one.
NEED_POSTAL_CODE = frozenset(
    """AS AT AU AX BE BL BR CA CH CN CZ DE DK EE ES FI FK FM FR GB GF GG GL GP GR GS GU HU IM IN IO
    IT JE JP KR LI LT LU LV MF MH MP MQ MX MY NC NL NO NZ PF PL PM PN PR PT PW RE RO RU SE SG SH SJ
    SK SM TC TR TW UA US VI WF YT ZA""".split()
)
"""The countries whose addresses are incomplete without a postal code."""

NEED_NO_CITY = frozenset("AE GI HK JP KY MO NR SG".split())
"""The countries whose addresses are complete without a city, or name it in another part."""

OPTIONAL_PARTS = frozenset({"recipient", "company", "line2", "phone"})
"""The parts that are left out of a stored or shown address if they are empty."""


class Place(Struct, frozen=True):
    """A place, by which orders are taxed and shipped."""

    country: str
    region: str = ""
    postal_code: str = ""
    vat_number: str = ""
    """The VAT number under which goods are ordered there, as it is stored."""

    def __str__(self) -> str:
        return ", ".join(filter(None, (self.country, self.region)))
