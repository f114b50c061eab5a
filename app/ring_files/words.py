"""What names in a ring file say: stone, metal, scenery; by whole words, in the languages files come in."""

from __future__ import annotations

import operator
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import reduce

_PART = re.compile(r"[^\W\d_]+")
_LIKE = str.maketrans({"ß": "ss", "ı": "i", "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D"})
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

# English, German, French, Italian, Spanish, Portuguese, Dutch, Polish, Czech, Swedish, Danish, Norwegian,
# Finnish, Hungarian, Turkish, Russian, Ukrainian, Greek, Arabic, Hebrew; without accents.
_STONES = """
diamond diamonds diamant diamanten diamants diamante diamantes diamanti diament diamenty elmas pirlanta
brilliant brilliants brillant brillanten brillants brillante brillantes brillanti brilhante brylant
gemstones gem gems gemstone gemme gemmes gemma gema gemas juwel edelstein edelsteine stein steine
halbedelstein kamien stone stones pierre pierres pietra pietre piedra piedras pedra pedras steen stenen
edelsteen tas tasi ruby rubies rubin rubine rubis rubino rubini rubi robijn yakut sapphire sapphires
saphir saphire saphirs zaffiro zaffiri zafiro zafiros safira saffier safir szafir emerald emeralds
smaragd smaragde emeraude emeraudes smeraldo smeraldi esmeralda esmeraldas szmaragd zumrut topaz topazes
topas topaze topazio topacio amethyst amethysts amethyste amatista ametista ametist aquamarine aquamarin
acquamarina aguamarina tanzanite tanzanit morganite peridot citrine citrin garnet granat grenat granate
tourmaline turmalin tourmalines moissanite moissanit zircon zircons zirconia zirkon zirkonia circonita cz
crystal crystals kristall kristalle cristal cristales cristallo kristal swarovski glass glas verre vetro
vidrio vidro opal opale opalo alexandrite spinel spinell бриллиант бриллианты алмаз алмазы камень камни
рубин рубины сапфир сапфиры изумруд изумруды топаз аметист фианит камінь каміння діамант діаманти
brylanty brylantem diamenciki kamienie kamyk diamanty briliant brilianty drahokam drahokamy kamen kameny
rubiny safiry steinchen steinen brilliantschliff diamantje diamantjes steentje steentjes pietruzka
pierrerie brillantino brillantini adelsten adelstenar ædelsten ædelstene edelstener sten stenar stene
timantti timantit jalokivi jalokivet kivi rubiini safiiri smaragdi gyemant dragako dragakovek rubinko
briljant briljanten briljanter briljantid melee quartz quarz quarzo cuarzo quartzo kwarc strass rhinestone
rhinestones bergkristall zirkonie zircone zirconi cirkonie steinbesatz deimantas dimants teemant
zafir διαμαντι διαμαντια πετρα πετρες λιθος ρουμπινι ζαφειρι σμαραγδι الماس الماسة ماس ماسة حجر احجار
ياقوت زمرد יהלום יהלומים אבן אבנים רובי ספיר אזמרגד
"""
STONES = frozenset(_STONES.split())
_METALS = """
metal metall metallo metals metalic metallic gold golden oro or ouro goud zloto altin silver silber argent
argento plata prata zilver srebro gumus platinum platin platine platino platina palladium titanium titan
steel stahl acier rhodium bronze brass copper whitegold rosegold yellowgold weissgold rotgold gelbgold
roségold золото серебро платина металл prong prongs claw claws krappe krappen griffe griffes griffa garra
garras bezel setting settings fassung monture montatura engaste basket head gallery shank shanks schiene
band bands bead beads ring rings anillo anillos anello anelli bague bagues alliance anel aneis sortija
holder holders seat seats cup cups cutter cutters bail collet collets shoulder shoulders wire wires milgrain
chaton chatons serti sertissage zetting castone castoni cestello oprawa крапан крапаны каст касты
ringe pierscionek yuzuk кольцо engagement wedding trauring ehering verlobungsring mount оправа
"""
METALS = frozenset(_METALS.split())
_SCENERY = """
stand stands display podium plinth pedestal mannequin dummy finger fingers hand hands floor ground
backdrop background pillow boden sockel stander staender presentoir socle supporto soporte suelo pavimento
подставка палец
"""
SCENERY = frozenset(_SCENERY.split())
# In scripts that don't part words, or part them at their vowel signs: Chinese, Japanese, Korean, Hindi.
_SIGNS = """
钻石 鑽石 宝石 寶石 主石 副石 配石 碎钻 红宝 蓝宝 祖母绿 水晶 ダイヤ ルビー サファイア エメラルド ジルコニア
다이아 보석 루비 사파이어 에메랄드 큐빅 हीरा हीरे रत्न पत्थर माणिक नीलम पन्ना
"""
_CHARACTERS = tuple(_SIGNS.split())


def counted(text: str) -> Counter[str]:
    """The whole words of a name, in small letters without accents: CamelCase and under_scores part them."""
    parted = _CAMEL.sub(" ", text)
    plain = unicodedata.normalize("NFKD", parted)
    plain = "".join(c for c in plain if not unicodedata.combining(c) or c == "\u0306").translate(_LIKE)
    return Counter(_PART.findall(unicodedata.normalize("NFC", plain).lower()))


def in_all(names: Iterable[str]) -> Counter[str]:
    """The words that are in each of these names, as often as they are."""
    return reduce(operator.and_, map(counted, names))


def names_a_stone(text: str, apart_from: Counter[str] | None = None) -> bool:
    """Whether a part of this name is a stone. apart_from: words that are in all names, the ring's own."""
    own = (counted(text) - (apart_from or Counter())).keys()
    return not own & METALS and (bool(own & STONES) or any(c in text for c in _CHARACTERS))


def names_metal(text: str, apart_from: Counter[str] | None = None) -> bool:
    """Whether it is called a metal, or a part that is made of it."""
    return bool((counted(text) - (apart_from or Counter())).keys() & METALS)


def names_scenery(text: str) -> bool:
    """Whether it is what a ring stands on, or the finger of a dummy."""
    own = counted(text).keys()
    return bool(own & SCENERY) and not own & METALS
