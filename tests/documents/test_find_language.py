# ruff: noqa: RUF001  (letters of other scripts are what this is about)
"""The language of a text is found where it is sure, and left open where it is not."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.extraction.function_words import ARABIC, CYRILLIC, DEVANAGARI, HEBREW, LATIN
from documents.extraction.language import language_of

LETTERS = {
    "en": """Dear Bob, I have been at the bridge for two days and the herons are still there.
        They do not seem to mind that we are so close. When will you come and see them with us?""",
    "de": """Lieber Bob, ich bin seit zwei Tagen an der Brücke und die Reiher sind noch immer da.
        Es stört sie nicht, dass wir so nah sind. Wann kommst du und siehst sie dir mit uns an?""",
    "fr": """Cher Bob, je suis au pont depuis deux jours et les hérons sont toujours là. Ils ne
        semblent pas gênés que nous soyons si près. Quand est-ce que tu viens les voir avec nous
        dans la vallée ?""",
    "es": """Querido Bob: llevo dos días en el puente y las garzas todavía están aquí. No parece
        que les moleste que estemos tan cerca. ¿Cuándo vas a venir a verlas con nosotros? También
        hay patos, pero son muy pequeños y se van cuando llega la noche.""",
    "pt": """Caro Bob, estou na ponte há dois dias e as garças ainda não foram embora. Não parece
        que as incomode que nós estejamos tão perto. Quando é que você vem com a sua irmã? Também
        há patos, mas são muito pequenos e só aparecem depois das seis.""",
    "it": """Caro Bob, sono al ponte da due giorni e gli aironi sono ancora qui. Non sembra che a
        loro dispiaccia che siamo così vicini. Quando vieni a vederli con noi? Ci sono anche delle
        anatre, ma sono molto piccole e se ne vanno quando è sera.""",
    "nl": """Beste Bob, ik ben al twee dagen bij de brug en de reigers zijn er nog steeds. Ze
        vinden het niet erg dat we zo dichtbij zijn. Wanneer kom je naar ons toe om ze te zien?""",
    "sv": """Kära Bob, jag har varit vid bron i två dagar och hägrarna är fortfarande kvar. De
        verkar inte ha något emot att vi är så nära. När kommer du för att se dem med oss?""",
    "da": """Kære Bob, jeg har nu været ved broen i to dage, og hejrerne er der stadig. De har
        ikke noget imod, at vi er så tæt på. Hvornår kommer du op til os? Efter middag blev de
        fodret af en mand, og der kom mange flere ud af skoven.""",
    "no": """Kjære Bob, jeg har nå vært ved broen i to dager, og hegrene er der ennå. De har ikke
        noe imot at vi er så nær. Når kommer du opp til oss? Etter middag ble de matet av en mann,
        og det kom mange flere ut av skogen for å spise.""",
    "pl": """Drogi Bobie, jestem przy moście już od dwóch dni, a czaple są tam jeszcze. Nie
        przeszkadza im, że jesteśmy tak blisko. Czy przyjedziesz do nas, żeby je zobaczyć? Są też
        kaczki, ale tylko przed nocą, bo potem się chowają.""",
    "fi": """Hyvä Bob, olen ollut sillalla jo kaksi päivää ja haikarat ovat vielä siellä. Ne
        eivät välitä siitä, että me olemme niin lähellä. Tulisitko sinä myös katsomaan niitä, kun
        se on vielä mahdollista? Täällä on myös sorsia, mutta ne ovat pieniä.""",
    "tr": """Sevgili Bob, iki gündür köprüdeyim ve balıkçıllar hâlâ burada. Bizim bu kadar yakın
        olmamız onlar için bir sorun değil gibi. Sen ne zaman geliyorsun? Daha sonra çok geç
        olabilir, ama ben her gün buradayım ve seni bekliyorum.""",
    "ru": """Дорогой Боб, я уже два дня у моста, и цапли всё ещё здесь. Их не пугает то, что мы
        так близко. Когда ты к нам приедешь, чтобы на них посмотреть? Ещё есть утки, но они только
        утром, и это было очень красиво.""",
    "uk": """Дорогий Бобе, я вже два дні біля мосту, і чаплі ще тут. Їм не заважає, що ми так
        близько. Коли ти до нас приїдеш, щоб на них подивитися? Також є качки, але вони лише
        вранці, і це було дуже гарно.""",
    "bg": """Скъпи Боб, от два дни съм на моста и чаплите още са тук. Не им пречи, че ние сме
        толкова близо. Кога ще дойдеш при нас, за да ги видиш? Има и патици, но те са само сутрин,
        а след това няма нищо.""",
    "ar": """عزيزي بوب، أنا على الجسر من يومين وكل الطيور ما زالت هنا. لا يبدو أن هذا يزعجها مع
        أننا قريبون. إذا كان لديك وقت بعد العمل فتعال إلى النهر، هذه هي التي حدثتك عن جمالها""",
    "fa": """باب عزیز، من دو روز است که در کنار پل هستم و حواصیل ها هنوز این جا هستند. برای آن ها
        مهم نیست که ما به این نزدیکی هستیم. تا کی باید از تو خبر نداشته باشم؟ اما هر روز با خود می
        گویم""",
    "hi": """प्रिय बॉब, मैं दो दिन से पुल पर हूँ और बगुले अब भी यहाँ हैं। इस से उन को कोई परेशानी
        नहीं है कि हम पास हैं। आप कब आ कर इन को देखने के लिए समय निकालते हैं? यह एक सुन्दर जगह है""",
    "he": """בוב היקר, אני כבר יומיים על הגשר וגם האנפות עוד כאן. לא אכפת להן כי אנחנו כל כך
        קרובים. אם יש לך זמן, בוא אל הנהר עם אחותך. זה מקום יפה, אבל רק בבוקר""",
    "el": "Αγαπητέ Μπομπ, είμαι στη γέφυρα εδώ και δύο μέρες και οι ερωδιοί είναι ακόμα εδώ.",
    "ja": "橋のそばに二日間いますが、鷺はまだここにいます。いつ見に来ますか。",
    "zh": "我在桥边已经两天了，苍鹭还在这里。你什么时候来看它们？它们不介意我们靠近。",
    "ko": "저는 이틀째 다리 옆에 있는데 왜가리가 아직 여기 있습니다. 언제 보러 오시겠어요?",
    "th": "ฉันอยู่ที่สะพานมาสองวันแล้วและนกกระสายังอยู่ที่นี่ คุณจะมาดูเมื่อไหร่",
}


@pytest.mark.parametrize("language", LETTERS)
def test_it_finds_the_language_of_a_letter(language: str) -> None:
    assert language_of(LETTERS[language]) == language


def test_names_and_quotations_of_others_do_not_matter() -> None:
    quoted = f"{LETTERS['de']} {LETTERS['de']} Wie man so sagt: „All the world is a stage“."
    assert language_of(quoted) == "de"


def test_decomposed_letters_are_the_same() -> None:
    assert language_of(unicodedata.normalize("NFD", LETTERS["tr"])) == "tr"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Herons",
        "Invoice 4711, 27.03.2024, 1,200.00 EUR",
        "def main(argv: list[str]) -> int:\n    return len(argv)\n" * 20,
        "id;name;price\n1;bolt;0.10\n2;nut;0.05\n" * 20,
        "0 1 2 3 4 5 6 7 8 9 " * 50,
        "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod " * 5,
        "o a o a i o u a o a i a o " * 20,
        LETTERS["en"] + LETTERS["ru"],
        LETTERS["en"] + LETTERS["de"],
        "Jeg er her og det er en fin dag.",
    ],
)
def test_it_leaves_open_what_is_not_sure(text: str) -> None:
    assert language_of(text) is None


def test_it_looks_at_the_beginning_only() -> None:
    assert language_of(LETTERS["en"] * 60 + LETTERS["ru"] * 1_000) == "en"


@pytest.mark.parametrize("words", [LATIN, CYRILLIC, ARABIC, HEBREW, DEVANAGARI])
def test_the_words_are_written_as_they_are_looked_up(words: dict[str, frozenset[str]]) -> None:
    every = {word for known in words.values() for word in known}
    assert {unicodedata.normalize("NFC", word.lower()) for word in every} == every
    assert all(len(known) >= 20 for known in words.values())


@given(st.text(max_size=200))
def test_no_characters_break_it(text: str) -> None:
    found = language_of(text)
    assert found is None or len(found) == 2
