"""Products are found in every script, the same on both databases."""

import httpx
import pytest

from tests.support.factories import create_product

# A name; searches that find it; searches that do not.
NAMES: list[tuple[str, list[str], list[str]]] = [
    # Chinese, which has no spaces
    ("茶葉蛋 五入裝", ["茶葉蛋", "葉蛋", "蛋", "五入", "葉蛋 入裝"], ["茶蛋", "葉茶"]),
    ("中华人民共和国地图", ["人民共和国", "共和国地图", "地图"], ["人民地图", "和共"]),
    ("𠮷野家牛丼", ["牛丼", "𠮷野", "野家牛"], ["吉野"]),
    ("iPhone用ケース", ["iphone", "ケース", "用ケース", "iPhone用"], ["phone"]),
    # Japanese
    ("地域住民のまちづくり", ["まちづくり", "住民", "づくり"], ["まちつくり", "地域のまち"]),
    ("ガラスのコップ", ["コップ", "ガラス", "ﾗｽ", "ｶﾞﾗｽ"], ["カラス"]),
    ("お茶とコーヒー", ["コーヒー", "茶"], ["コヒ"]),
    # Korean, whose compounds have none
    ("캔커피 세트", ["커피", "캔커피", "세트"], ["피커"]),
    ("대한민국 지도", ["민국", "대한민국"], ["민지"]),
    # Thai, Lao, Khmer and Burmese, which have none
    ("กาแฟคั่วบด", ["คั่ว", "กาแฟ", "คั่วบด", "บด"], ["คัว", "กาบด"]),
    ("น้ำปลาร้า", ["ปลา", "น้ำปลา", "ปลาร้า"], ["นำ"]),
    ("ข้าวหอมมะลิ", ["หอมมะลิ", "มะลิ", "ข้าว"], ["หอมข้าว"]),
    ("ເຂົ້າໜຽວ", ["ໜຽວ", "ເຂົ້າ"], ["ຂ້າວ"]),
    ("កាហ្វេទឹកដោះគោ", ["ទឹកដោះគោ", "កាហ្វេ"], ["កាទឹក"]),
    ("လက်ဖက်ရည်", ["ဖက်ရည်", "လက်ဖက်"], ["ရည်လက်"]),
    # Indic scripts, whose vowel signs are parts of words
    ("चाय पत्ती", ["चाय", "पत्ती", "पत्"], ["चीयर", "प ती"]),
    ("चीयर यम", ["चीयर"], ["चाय"]),
    ("हिन्दी किताब", ["हिन्दी", "किताब", "किता"], ["हिदी", "कताब"]),
    ("ज़ाफ़रान", ["ज़ाफ़रान", "जाफरान"], ["जफरन"]),
    ("চা পাতা", ["চা", "পাতা"], ["চ তা"]),
    ("ਚਾਹ ਪੱਤੀ", ["ਚਾਹ", "ਪੱਤੀ"], ["ਚਹ"]),
    ("ચા પત્તી", ["ચા", "પત્તી"], ["પતી"]),
    ("காபி தூள்", ["காபி", "தூள்"], ["கபி"]),
    ("టీ పొడి", ["టీ", "పొడి"], ["పడి"]),
    ("ಕಾಫಿ ಪುಡಿ", ["ಕಾಫಿ", "ಪುಡಿ"], ["ಕಫಿ"]),
    ("കാപ്പിപ്പൊടി", ["കാപ്പി", "കാപ്പിപ്പൊടി"], ["കപ്പി"]),
    ("තේ කොළ", ["තේ", "කොළ"], ["කළ"]),
    # Arabic, Persian, Urdu and Hebrew, with and without points
    ("قَهْوَة عربية", ["قهوة", "قَهْوَة", "قهوه", "عربي"], ["هوة"]),
    ("أرز بسمتي", ["ارز", "أرز"], ["رز"]),
    ("شـــاي", ["شاي"], ["شا ي ب"]),
    ("چای ایرانی", ["چای", "چاي", "ایرانی", "ايراني"], ["جای"]),
    ("کتاب‌خانه", ["کتاب‌خانه", "كتابخانه"], ["خانه"]),
    ("٣ أكواب", ["3", "٣", "۳"], ["٢"]),
    ("קָפֶה שחור", ["קפה", "שחור"], ["פה"]),
    # Latin letters with strokes, ligatures and without dots
    ("Łosoś wędzony", ["losos", "łosoś", "wedzony"], ["osos"]),
    ("Smørrebrød", ["smorrebrod", "SMØRREBRØD"], ["smrrebrd"]),
    ("Æbleskiver", ["aebleskiver", "æble"], ["ebleskiver"]),
    ("Đặc sản Đà Lạt", ["da lat", "đà lạt", "dac san"], ["a lat đ x"]),
    ("Cà phê sữa", ["ca phe sua", "cà phê"], ["c ph s x"]),
    ("Cœur d'artichaut", ["coeur", "cœur", "artichaut"], ["cur"]),
    ("ISPANAK", ["ıspanak", "ispanak"], ["spanak"]),
    ("İSTANBUL", ["istanbul", "ISTANBUL", "ıstanbul"], ["stanbul"]),
    ("Ħobż", ["hobz", "ħobż"], ["obz"]),
    ("Straße", ["STRASSE", "strasse", "straẞe"], ["strase"]),
    ("Þorramatur með", ["thorramatur", "med"], ["orramatur"]),
    ("Ŋu Ɛwe", ["nu", "ewe"], ["we"]),
    ("Qəhvə", ["qehve", "qəhvə", "QƏH"], ["hve"]),
    ("Oʻzbek choyi", ["ozbek", "oʻzbek"], ["zbek"]),
    ("Öl från Göteborg", ["ol", "ÖL", "fran goteborg"], ["oel"]),
    ("Crème brûlée", ["creme brulee", "bru\u0302le\u0301e"], ["rme"]),
    # Greek, Cyrillic, Armenian, Georgian, Ethiopic and others
    ("ΟΔΟΣ Ελαιόλαδο", ["οδος", "ελαιολαδο", "Ελαιό"], ["λαδο"]),
    ("Чёрный чай", ["черный", "чёрный", "ЧАЙ"], ["орный"]),
    ("Ґречка", ["ґречка", "Ґре"], ["речка"]),
    ("Սուրճ հայկական", ["սուրճ", "ՀԱՅԿԱԿԱՆ"], ["ուրճ"]),
    ("ქართული ღვინო", ["ღვინო", "ქართ"], ["ვინო"]),
    ("የኢትዮጵያ ቡና", ["ቡና", "የኢትዮ"], ["ትዮጵያ"]),
    ("བོད་ཇ", ["བོད", "ཇ"], ["ོད"]),
    ("ᠮᠣᠩᠭᠣᠯ ᠴᠠᠢ", ["ᠮᠣᠩᠭᠣᠯ", "ᠴᠠᠢ"], ["ᠣᠩᠭᠣᠯ"]),
    ("ᎠᎹ ᎧᏫ", ["ᎧᏫ", "Ꭰ"], ["Ꮻ"]),
    # Wide forms, and texts that the tokenizers of the databases would split
    ("ＦＵＬＬ １２３", ["full 123", "ｆｕｌｌ"], ["ull"]),
    ("SKU 5e8x quark", ["5e8x", "5e", "5e8", "quark", "q"], ["x", "uark"]),
    ("TEA-EARL-100 Grey", ["earl-100", "tea earl"], ["earl-1000"]),
]


async def test_a_name_in_any_script_is_found_by_its_words_alone(
    client: httpx.AsyncClient,
) -> None:
    assert len(NAMES) >= 60
    for number, (name, *_) in enumerate(NAMES):
        await create_product(client, sku=f"{number:03}", name=name, category="-", description="")
    wrong = {}
    for name, found, missed in NAMES:
        for asked in (name, *found):
            if name not in await _names(client, asked):
                wrong[asked] = f"does not find {name}"
        for asked in missed:
            if name in await _names(client, asked):
                wrong[asked] = f"finds {name}"
    assert not wrong


@pytest.mark.parametrize("asked", ["地域住民のまちづくり地域", "住民のまちつくり", "공화국대한"])
async def test_every_part_of_a_long_word_must_match(client: httpx.AsyncClient, asked: str) -> None:
    await create_product(client, name="地域住民のまちづくり", description="대한민국")
    assert await _names(client, asked) == []


async def _names(client: httpx.AsyncClient, asked: str) -> list[str]:
    response = await client.get("/products", params={"q": asked, "limit": 100})
    assert response.status_code == 200, (asked, response.text)
    return [item["name"] for item in response.json()["items"]]
