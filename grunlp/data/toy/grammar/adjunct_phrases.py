"""Adjuncts of the toy corpus: literal phrases, with `{type}` for a noun phrase of that semantic type.

`word/TAG` gives the part of speech if neither a closed class nor "noun" is right (see `phrases.parse_tagged`).
"""

WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
MONTHS = ["January", "February", "March", "April", "June", "July", "August", "September", "October", "November"]
CLOCK_TIMES = ["noon", "midnight", "dawn", "sunset", "dusk", "daybreak"]
NUMBERS = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirty"]
UNITS = ["minutes/NNS", "hours/NNS", "days/NNS", "weeks/NNS", "months/NNS", "years/NNS"]

# By the tense that they are used with; "any" means all tenses.
TIMES = {
    "any": "on WEEKDAY|in MONTH|at CLOCK|by CLOCK|before CLOCK|after CLOCK|after the {event}|before the {event}|"
    "during the {event}|on WEEKDAY morning|after NUMBER UNIT|in the evening|at HOUR o'clock/RB|by "
    "WEEKDAY|on MONTH DAY|at the weekend|shortly/RB before the {event}|throughout/IN the {event}",
    "span": "for NUMBER UNIT|until CLOCK|within/IN NUMBER UNIT|for several/JJ UNIT|all day|until WEEKDAY|for a "
    "while|the whole/JJ evening",
    "past": "yesterday|last/JJ night|last/JJ WEEKDAY|NUMBER UNIT ago|in YEAR|last/JJ summer|that/DT afternoon|"
    "one/CD morning|the other/JJ day|in MONTH YEAR|the previous/JJ week|earlier/RBR that/DT day",
    "present": "every morning|every WEEKDAY|on WEEKDAY evenings/NNS|these days/NNS|once/RB a week|in winter|"
    "nowadays/RB|at weekends/NNS",
    "future": "tomorrow|next/JJ week|next/JJ MONTH|this evening|soon/RB|in NUMBER UNIT|the day after tomorrow|tonight",
}
PLACES = (
    "in the {area}|at the {building}|in {city}|near the {building}|behind the {building}|outside the {building}|"
    "in the {building}|beside the {area}|on the roof|in the kitchen|by the river|in front/NN of the {building}|"
    "on the beach|upstairs/RB|under the bridge|between the {building} and the {building}|downstairs/RB|at home|"
    "on the terrace|inside the {building}|opposite/IN the {building}|by the lake|in the attic|on the balcony"
)
MANNERS = (
    "with care|in silence|in a hurry|with pleasure|with great/JJ difficulty|without a word|with enthusiasm|by "
    "accident|by mistake|in secret|with confidence|by hand|without hesitation|in a strange/JJ way|with a smile|"
    "on purpose"
)
MEANS = "by bus|by train|on foot|by bicycle|by boat|on horseback|by taxi|by tram"
INSTRUMENT = "with a {tool}"
DIRECTIONS = (
    "from the {building}|towards the {building}|along the {area}|through the {area}|across the {area}|down/RP "
    "the hill|up/RP the stairs/NNS|past the {building}|around the {area}|away/RB from the {animal}|over the "
    "bridge|out/RP of the {building}"
)
CAUSES = (
    "because of the {weather}|due/JJ to the {weather}|because of the {event}|out/IN of curiosity|thanks/NNS to "
    "the {person}|for lack of money|because of the {idea}|from exhaustion"
)
PURPOSES = (
    "for fun|for lunch|for practice|for charity|for a change|for breakfast|for profit|for safety/NN reasons/NNS|"
    "for pleasure|for the {event}|for revenge|for supper"
)
BENEFICIARIES = "for the {person}|for the children/NNS|for the {kin}|for the guests/NNS"
COMPANIONS = "with the {person}|with {name}|with the {kin}|together/RB with the {person}"
SECONDARY_PREDICATES = (
    "alone/RB|as a child|barefoot/RB|as a volunteer|as a young/JJ man|unharmed/JJ|as a student|drunk/JJ"
)
CONCESSIONS = (
    "despite the {weather}|in spite/NN of the {weather}|unlike/IN {name}|instead/RB of the {person}|"
    "regardless/RB of the {weather}|in general/JJ|after all|according/VBG to the {person}"
)
CONNECTIVES = (
    "However/RB ,|In fact ,|Well/UH ,|For example ,|Besides/RB ,|But|And|Therefore/RB ,|Of course ,|On the "
    "other/JJ hand ,|Moreover/RB ,|By the way ,|So/RB|Still/RB ,|Nevertheless/RB ,|In addition ,"
)

# Adverbs before the verb, by label.
MEDIAL_ADVERBS = {
    "TMP": "often always already usually sometimes finally rarely soon recently frequently immediately seldom once "
    "regularly occasionally suddenly",
    "MNR": "quickly carefully quietly slowly happily politely secretly gently patiently calmly eagerly angrily "
    "cheerfully reluctantly proudly skillfully silently anxiously bravely rapidly cautiously stubbornly nervously "
    "gladly",
    "ADV": "probably certainly apparently perhaps actually only simply just surely evidently presumably even",
    "DIS": "also therefore however instead consequently likewise otherwise nonetheless",
}
EXTENTS = "slightly/RB|considerably/RB|a lot|dramatically/RB|a little/JJ|sharply/RB|steadily/RB|significantly/RB"
DEGREES = "very quite extremely rather too fairly so unusually really pretty"

HEADINGS = (
    "Chapter/NN NUMBER :/: The {building}|Good/JJ morning !|WEEKDAY , MONTH DAY , YEAR|Dear/JJ {name} ,|Yes , of "
    "course .|Hello , {name} !|What/WDT a beautiful/JJ {area} !|Price :/: MONEY per/IN person|To the {building} "
    "!|No/UH , not at all/RB .|Best/JJS wishes/NNS , {name}|The old/JJ {building} in the {area}|Part/NN NUMBER|"
    "Happy/JJ birthday , {name} !|No/DT {vehicle} after CLOCK .|Room/NN NUMBER , second/JJ floor|{city} , MONTH "
    "YEAR|Poor/JJ {name} !|Only/RB NUMBER more/JJR days/NNS !|A {animal} , a {animal} and a {animal} .|Why/WRB "
    "not ?|Congratulations/NNS , {name} !"
)
