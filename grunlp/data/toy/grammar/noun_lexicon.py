"""The nouns of the toy corpus, by semantic type.

`wolf/wolves` gives a plural; `tea*` has neither a plural nor an article.
"""

NOUNS = {
    "person": "teacher doctor farmer nurse lawyer driver baker painter singer student neighbor engineer guard judge "
    "gardener reporter soldier sailor waiter chef mayor pilot plumber poet librarian dentist tailor carpenter "
    "scientist captain banker butcher clerk tourist hunter actor author coach janitor porter detective photographer "
    "musician shopkeeper mechanic secretary manager volunteer",
    "kin": "sister brother mother father aunt uncle cousin grandfather grandmother daughter son friend niece nephew "
    "husband roommate",
    "group": "committee council company team union government board ministry newspaper family orchestra club agency "
    "court parliament charity university jury",
    "animal": "dog cat horse cow goat rabbit fox parrot donkey sheep/sheep pony goose/geese squirrel wolf/wolves owl "
    "monkey",
    "food": "apple cake sandwich pie egg pear sausage biscuit potato tomato carrot melon pancake muffin omelet peach "
    "soup* bread* cheese* rice* pudding stew*",
    "drink": "tea* coffee* milk* juice* water* wine* lemonade* cider*",
    "tool": "hammer knife/knives brush stick shovel saw wrench rope needle spoon broom screwdriver axe rake chisel "
    "sponge",
    "document": "book contract map ticket form manual leaflet receipt magazine poster passport certificate brochure "
    "catalog invoice dictionary",
    "writing": "letter report note article list diary petition memo newsletter postcard column essay",
    "text": "poem novel story play fairy-tale biography sonnet legend",
    "picture": "painting portrait sketch photograph drawing cartoon mural watercolor",
    "song": "song ballad hymn lullaby waltz anthem carol tune",
    "container": "box bag basket drawer cupboard bottle jar bucket suitcase tin barrel crate",
    "furniture": "table shelf/shelves chair desk bench sofa stool carpet mattress wardrobe bookcase cradle",
    "device": "radio clock engine computer camera telephone lamp printer kettle oven heater alarm television freezer "
    "projector toaster",
    "vehicle": "bus car truck bicycle taxi tractor van train wagon motorcycle tram limousine",
    "vessel": "boat ferry ship canoe yacht raft submarine lifeboat",
    "opening": "door window gate lid hatch curtain shutter drawbridge",
    "building": "house school church library hospital hotel bakery factory barn museum office theater bank castle "
    "warehouse cottage chapel mill station palace restaurant clinic lighthouse pharmacy",
    "area": "garden park village forest valley town field market street yard square harbor meadow orchard courtyard "
    "cemetery",
    "outfit": "coat hat scarf/scarves jacket sweater uniform dress cloak raincoat cap gown turban",
    "clothing": "shirt glove boot apron sock skirt belt sandal shoe slipper mitten blouse",
    "toy": "doll kite ball puzzle drum whistle balloon marble teddy-bear puppet yo-yo trumpet",
    "valuable": "ring watch necklace key coin wallet medal stamp bracelet necktie vase diamond",
    "plant": "tree rose flower bush hedge tulip vine lily fern sunflower cactus oak",
    "substance": "paint* sand* oil* sugar* flour* gravel* hay* salt* mud* glue* straw* wax*",
    "event": "concert festival ceremony funeral picnic storm banquet exam lunch dinner breakfast carnival "
    "holiday seminar thunderstorm",
    "game": "match race tournament contest championship lottery quiz/quizzes regatta",
    "topic": "history* chemistry* music* politics* geography* poetry* law* football* mathematics* botany* astronomy* "
    "economics* chess* philosophy* archaeology*",
    "idea": "idea problem rumor budget theory method secret project scheme policy tradition schedule crisis/crises "
    "opportunity rule scandal",
    "quantity": "temperature population salary tax profit debt income speed deficit membership unemployment*",
    "nature": "ice* snow* candle butter* chocolate* frost* glacier",
    "weather": "rain* fog* heat* wind* hail* cold* darkness* noise* smoke* thunder*",
}

FIRST_NAMES = (
    "Anna Peter Maria Daniel Helen George Laura Simon Ruth Victor Emma Oliver Nadia Thomas Clara Marcus Irene Felix "
    "Julia Hugo Sofia Martin Diana Edwin Rosa Leonard Alice Samuel Greta Walter Paula Conrad"
)
SURNAMES = "Carter Novak Bennett Okafor Lindgren Moreau Haddad Ferreira Tanaka Whitlock Olsen Castillo"
CITIES = (
    "Lisbon Dublin Chicago Vienna Oslo Toronto Geneva Naples Denver Cairo Madrid Prague Austin Lyon Bergen Seville "
    "Glasgow Nairobi Lima Zurich Boston Antwerp Kyoto Riga"
)
LANGUAGES = "French German Spanish Italian Swedish Japanese Arabic Dutch"

# What a verb can ask for in one word.
SEMANTIC_TYPE_UNIONS = {
    "someone": "person group",
    "clothes": "outfit clothing",
    "paper": "document writing",
    "thing": "document writing valuable toy tool outfit clothing container",
    "gift": "toy food document valuable outfit",
    "goods": "vehicle valuable furniture outfit device picture food",
    "reading": "document writing text",
    "art": "picture song text",
    "matter": "idea topic event",
}

_PERSON = (
    "young old tall famous clever lazy friendly nervous kind polite cheerful retired stubborn honest wealthy curious"
)
_OBJECT = "old new small large heavy red blue green white black broken strange wooden shiny dusty rusty tiny antique"
_PLACE = "old new small large quiet crowded empty famous beautiful abandoned narrow busy local nearby"
_IDEA = "new old strange simple important serious recent complicated unusual interesting controversial major"
_PAPER = "new old long short important secret official strange interesting illegible recent anonymous"
_CLOTHES = "new old red blue green grey black white warm woolen expensive dirty torn striped elegant clean"
_FOOD = "fresh hot cold delicious sweet cheap warm tasty salty spicy"

ADJECTIVES = {
    **dict.fromkeys(("person", "kin"), _PERSON),
    **dict.fromkeys(("building", "area"), _PLACE),
    **dict.fromkeys(("idea", "event", "game", "topic", "text", "deed", "picture"), _IDEA),
    **dict.fromkeys(("document", "writing"), _PAPER),
    **dict.fromkeys(("outfit", "clothing"), _CLOTHES),
    **dict.fromkeys(("furniture", "container", "tool", "toy", "valuable", "vehicle", "vessel", "device"), _OBJECT),
    "opening": "heavy small large wooden narrow green iron broken rear open",
    "food": _FOOD,
    "drink": "fresh hot cold sweet warm cheap",
    "animal": "old young hungry small large black white wild brown noisy",
    "group": "new local old famous small large international powerful",
    "song": "old sad cheerful short beautiful popular slow famous",
    "plant": "old tall small beautiful young rare huge withered",
    "quantity": "national average annual local total monthly current regional",
    "weather": "heavy terrible sudden constant awful",
    **dict.fromkeys(("substance", "nature"), "cold old fresh dirty yellow soft dry hard"),
}

# Weights of the determiners of a singular noun.
DETERMINERS = {
    "the": 10.0,
    "a": 7,
    "this": 1,
    "that": 0.8,
    "every": 0.6,
    "my": 0.5,
    "her": 0.7,
    "his": 0.7,
    "their": 0.5,
}
DEFINITE = {"the": 12.0, "a": 2.5, "this": 0.7, "that": 0.5}  # for nouns without an owner or a number
NEVER_POSSESSED = (
    "person",
    "group",
    "building",
    "area",
    "quantity",
    "event",
    "game",
    "idea",
    "deed",
    "opening",
    "nature",
)

# Prepositional phrases that belong to a noun of some kind: "the man in the grey coat", "the book about chemistry".
NOUN_MODIFIERS = {
    "person": ["in outfit", "with outfit", "from city", "from building", "with tool"],
    "document": ["for event", "in container", "on furniture"],
    "writing": ["about topic", "on topic", "from person", "from group", "about event"],
    "text": ["about topic", "by person", "about event"],
    "picture": ["of person", "of area", "by person", "of animal"],
    "song": ["about animal", "from city"],
    "building": ["in area", "with opening", "near area", "behind building"],
    "furniture": ["in building", "near opening"],
    "container": ["of food", "on furniture", "under furniture", "of substance"],
    "opening": ["of building", "to building"],
    "toy": ["in container", "on furniture"],
    "valuable": ["in container", "from city"],
    "idea": ["of person", "for event"],
    "animal": ["from building", "in area"],
    "event": ["in city", "at building"],
    "quantity": ["of group", "in city"],
    "plant": ["in area", "near opening"],
    "tool": ["in container", "on furniture"],
}
