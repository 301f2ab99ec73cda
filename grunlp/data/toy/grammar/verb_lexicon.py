"""The predicates of the toy corpus, one frame on each line, with PropBank's numbered roles.

    roleset [past participle]; ROLE subject; ROLE [prepositions] filler, ...; [flags]

A filler is a semantic type or a union of `noun_lexicon.py` (alternatives separated by `/`), or in capitals a clause
(TO, ING, THAT, WHETHER, NPTO and NPBARE for "the child to sleep" and "the child sleep") or an amount (MONEY, PERCENT,
SPAN, WEIGHT, NAME, LANGUAGE, OCCUPATION). `?` after a role makes its complement optional. Flags: `dative` for "gave her
a book", `state` for verbs without progressive, place or manner, `motion` for going somewhere, `change` for growing and
falling, `tool` for work with an instrument that has no numbered role, `active` for verbs without a passive, `common`
for verbs that are three times as frequent.
"""

VERBS = """
give.01 gave given; ARG0 someone; ARG1 gift, ARG2 to person; dative common
send.01 sent sent; ARG0 someone; ARG1 paper/gift, ARG2 to person; dative common
lend.01 lent lent; ARG0 person; ARG1 vehicle/tool/paper, ARG2 to person; dative common
show.01 showed shown; ARG0 person; ARG1 picture/paper, ARG2 to person; dative common
hand.01; ARG0 person; ARG1 thing, ARG2 to person; dative common
mail.01; ARG0 someone; ARG1 paper, ARG2 to person; dative
teach.01 taught taught; ARG0 person; ARG1 topic, ARG2 to person; dative
offer.01; ARG0 someone; ARG1 gift/drink, ARG3 to person; dative
promise.01; ARG0 person; ARG2 gift, ARG1 to person; dative
promise.01; ARG0 someone; ARG2 TO; active
sell.01 sold sold; ARG0 someone; ARG1 goods, ARG2? to person, ARG3? for MONEY
buy.01 bought bought; ARG0 someone; ARG1 goods, ARG2? from person, ARG3? for MONEY
buy.01 bought bought; ARG0 person; ARG1 gift, ARG4 for person
pay.01 paid paid; ARG0 someone; ARG2 person, ARG1 MONEY, ARG3? for food/vehicle/furniture
rent.01; ARG0 person; ARG1 vehicle/building, ARG2? from someone, ARG3? for MONEY
write.01 wrote written; ARG0 person; ARG1 writing/text, ARG2? to person
read.01 read read; ARG0 person; ARG1 reading
explain.01; ARG0 someone; ARG1 idea/deed, ARG2? to person
explain.01; ARG0 someone; ARG1 THAT
mention.01; ARG0 person; ARG1 idea/person/deed, ARG2? to person
describe.01; ARG0 person; ARG1 building/event/picture, ARG2? to person
deliver.01; ARG0 someone; ARG1 food/furniture/paper, ARG2? to building/person
return.02; ARG0 person; ARG1 paper/valuable, ARG2? to someone
borrow.01; ARG0 person; ARG1 tool/paper/vehicle, ARG2? from person
steal.01 stole stolen; ARG0 person/animal; ARG1 valuable/food, ARG2? from building/person
receive.01; ARG0 someone; ARG1 paper/gift, ARG2? from someone; active
get.01 got got; ARG0 person; ARG1 paper/gift, ARG2? from someone; active
collect.01; ARG0 someone; ARG1 paper/valuable, ARG2? from person
hear.01 heard heard; ARG0 person; ARG1 song/idea, ARG2? from person; state
learn.01; ARG0 person; ARG1 topic/song, ARG2? from person
learn.01; ARG0 person; ARG1 TO; active
put.01 put put; ARG0 person; ARG1 thing/food, ARG2 in/into container; common
put.01 put put; ARG0 person; ARG1 thing/food/toy, ARG2 on/under furniture; common
place.01; ARG0 person; ARG1 thing/picture, ARG2 on/behind furniture
hide.01 hid hidden; ARG0 person; ARG1 valuable/paper/toy
store.01; ARG0 someone; ARG1 food/substance/tool, ARG2 in container/building
hang.01 hung hung; ARG0 person; ARG1 clothes/picture, ARG2 on/near opening; tool
pour.01; ARG0 person; ARG1 drink/substance, ARG3 into container
throw.01 threw thrown; ARG0 person; ARG1 toy/food/tool, ARG2? at/into vehicle/area/animal
load.01; ARG0 person; ARG1 vehicle, ARG2 with food/furniture/substance
fill.01; ARG0 person; ARG1 container, ARG2 with substance/food/drink
cover.02; ARG0 person; ARG1 furniture/vehicle, ARG2 with substance/clothes
wrap.01; ARG0 person; ARG1 gift, ARG2 in clothes
spread.03 spread spread; ARG0 person; ARG1 substance, ARG2? over/on furniture
move.01; ARG0 person; ARG1 furniture/container, ARG2? to/into building/area; tool
push.01; ARG0 person/animal; ARG1 vehicle/furniture, ARG2? into/towards building/area
pull.01; ARG0 person/animal; ARG1 vehicle/container, ARG2? into/towards area/building
carry.01; ARG0 person/animal/vehicle; ARG1 container/furniture/food
take.01 took taken; ARG0 person; ARG1 person/animal/paper, ARG3 to building/city
bring.01 brought brought; ARG0 person; ARG1 gift/drink, ARG2 to person; dative
remove.01; ARG0 person; ARG1 thing/food, ARG2? from container/furniture/building; tool
drop.01; ARG0 person; ARG1 thing/toy, ARG4? into/onto container/furniture
plant.01; ARG0 person; ARG1 plant; tool
open.01; ARG0 person; ARG1 opening/container, ARG2? with tool/valuable
open.01; ARG1 opening/building; ; change
close.01; ARG0 person; ARG1 opening/container/building
close.01; ARG1 opening/building; ; change
break.01 broke broken; ARG0 person/animal; ARG1 toy/opening/device, ARG2? with tool
break.01 broke broken; ARG1 toy/device/furniture; ; change
lock.01; ARG0 person; ARG1 opening/building/vehicle; tool
melt.01; ARG1 nature; ; change
melt.01; ARG0 person; ARG1 nature
freeze.01 froze frozen; ARG1 drink/area; ; change
burn.01; ARG0 person; ARG1 paper/furniture; tool
burn.01; ARG1 building/paper; ; change
sink.01 sank sunk; ARG1 vessel; ; change
sink.01 sank sunk; ARG0 person/weather; ARG1 vessel
hit.01 hit hit; ARG0 person/vehicle; ARG1 person/furniture/vehicle, ARG2? with tool
repair.01; ARG0 person; ARG1 device/vehicle/furniture; tool
fix.02; ARG0 person; ARG1 device/vehicle/opening; tool
clean.01; ARG0 person; ARG1 furniture/building/vehicle; tool
wash.01; ARG0 person; ARG1 clothes/vehicle/animal, ARG2? with substance
polish.01; ARG0 person; ARG1 furniture/valuable/clothes; tool
paint.01; ARG0 person; ARG1 opening/furniture/building; tool
decorate.01; ARG0 person; ARG1 building/food, ARG2? with plant/food; tool
build.01 built built; ARG0 someone; ARG1 building/furniture; tool
bake.01; ARG0 person; ARG1 food, ARG3? for person
cook.01; ARG0 person; ARG1 food, ARG3? for person
make.01 made made; ARG0 person; ARG1 clothes/toy/food, ARG3? for person; tool
draw.01 drew drawn; ARG0 person; ARG1 picture; tool
sing.01 sang sung; ARG0 person; ARG1? song
play.11; ARG0 person; ARG1 song
eat.01 ate eaten; ARG0 person/animal; ARG1 food
drink.01 drank drunk; ARG0 person/animal; ARG1 drink
wear.01 wore worn; ARG0 person; ARG1 clothes; state
chase.01; ARG0 person/animal; ARG1 animal
feed.01 fed fed; ARG0 person; ARG2 animal
rescue.01; ARG0 person/animal; ARG1 person/animal, ARG2? from building/animal
protect.01; ARG0 someone; ARG1 person/animal/building, ARG2? against/from animal/weather
defend.01; ARG0 someone; ARG1 person/building/idea, ARG2? against someone
attack.01; ARG0 animal/person/group; ARG1 person/animal/idea
visit.01; ARG0 someone; ARG1 building/city/person
inspect.01; ARG0 someone; ARG1 building/vehicle/device
examine.01; ARG0 someone; ARG1 paper/animal/device
check.01; ARG0 person; ARG1 paper/device
test.01; ARG0 someone; ARG1 device/vehicle
review.01; ARG0 someone; ARG1 reading
order.02; ARG0 person; ARG1 food/drink, ARG3? from building
cancel.01; ARG0 someone; ARG1 event
organize.01; ARG0 someone; ARG1 event/game
attend.01; ARG0 person; ARG1 event/game
discuss.01; ARG0 someone; ARG1 idea/matter/deed, ARG2? with person
study.01; ARG0 person; ARG1 topic/paper
praise.01; ARG0 someone; ARG1 person/deed/art
criticize.01; ARG0 someone; ARG1 someone/idea/deed
welcome.01; ARG0 someone; ARG1 person/deed
greet.01; ARG0 person; ARG1 person
thank.01; ARG0 person; ARG1 person, ARG2? for gift/drink
accuse.01; ARG0 someone; ARG1 person, ARG2 of ING
warn.01; ARG0 someone; ARG2 person, ARG1 about weather/animal/idea
warn.01; ARG0 someone; ARG2 person, ARG1 THAT
invite.01; ARG0 person; ARG1 person, ARG2? to event
marry.01; ARG0 person; ARG1 person
meet.02 met met; ARG0 person; ARG1 person
join.04; ARG0 person; ARG1 group
follow.02; ARG0 person/animal; ARG1 person/animal/vehicle
help.01; ARG0 person; ARG2 person, ARG1? with topic/furniture/container
own.01; ARG0 someone; ARG1 building/vehicle/animal/valuable; state
contain.01; ARG0 container; ARG1 food/valuable/paper; state active
know.01 knew known; ARG0 person; ARG1 person/song/city; state active
know.01 knew known; ARG0 person; ARG1 THAT; state active
know.01 knew known; ARG0 person; ARG1 WHETHER; state active
like.01; ARG0 person; ARG1 person/animal/food/song/city; state active
love.01; ARG0 person; ARG1 person/animal/topic; state
hate.01; ARG0 person; ARG1 food/topic/animal; state active
enjoy.01; ARG0 person; ARG1 event/art/food
enjoy.01; ARG0 person; ARG1 ING; active
prefer.01; ARG0 person; ARG1 food/drink/topic, ARG2? to food/drink/topic; state active
need.01; ARG0 someone; ARG1 tool/vehicle/valuable; state active
need.01; ARG0 person; ARG1 TO; state active
want.01; ARG0 person; ARG1 gift/animal/vehicle; state active
want.01; ARG0 someone; ARG1 TO; state active
believe.01; ARG0 person; ARG1 idea/person/text; state
believe.01; ARG0 someone; ARG1 THAT; state active
remember.01; ARG0 person; ARG1 event/person/deed; state
remember.01; ARG0 person; ARG1 THAT; state active
forget.01 forgot forgotten; ARG0 person; ARG1 TO; state active
understand.01 understood understood; ARG0 person; ARG1 idea/text; state
notice.01; ARG0 person; ARG1 person/animal/vehicle; state
notice.01; ARG0 person; ARG1 THAT; state active
discover.01; ARG0 someone; ARG1 paper/valuable/idea; state
discover.01; ARG0 someone; ARG1 THAT; state active
realize.01; ARG0 person; ARG1 THAT; state active
see.01 saw seen; ARG0 person/animal; ARG1 person/animal/vehicle/picture; state
watch.01; ARG0 person/animal; ARG1 person/animal/event
find.01 found found; ARG0 person; ARG1 valuable/paper/animal; state
lose.02 lost lost; ARG0 person; ARG1 valuable/paper/clothes; state
publish.01; ARG0 group/person; ARG1 reading
print.01; ARG0 someone; ARG1 paper
translate.01; ARG0 person; ARG1 reading, ARG2? into LANGUAGE
sign.02; ARG0 person; ARG1 document/writing
choose.01 chose chosen; ARG0 someone; ARG1 clothes/song/person
elect.01; ARG0 group; ARG1 person, ARG2? as OCCUPATION
appoint.01; ARG0 group; ARG1 person, ARG2 as OCCUPATION
name.01; ARG0 person; ARG1 animal, ARG2 NAME
win.01 won won; ARG0 person/group; ARG2 game/valuable
measure.01; ARG0 person; ARG1 furniture/opening, ARG2? with tool
photograph.01; ARG0 person; ARG1 animal/building/plant
replace.01; ARG0 someone; ARG1 device/opening, ARG2? with device; tool
exchange.01; ARG0 person; ARG1 valuable/clothes, ARG3 for valuable/clothes
share.01; ARG0 person; ARG1 food/idea, ARG2? with person
surprise.01; ARG0 deed/event/idea; ARG1 person; state
annoy.01; ARG0 deed/weather/idea; ARG1 person; state
shock.01; ARG0 deed/idea; ARG1 person/group; state
delay.01; ARG0 deed/weather/event; ARG1 vehicle/event
damage.01; ARG0 weather/animal/vehicle; ARG1 building/vehicle/plant
sleep.01 slept slept; ARG0 person/animal; ;
laugh.01; ARG0 person; ARG1? at person/idea
smile.01; ARG0 person; ARG2? at person
cry.02; ARG0 person; ;
dance.01; ARG0 person; ;
arrive.01; ARG1 person/vehicle; ARG4? at/in building/city; motion
go.02 went gone; ARG0 person; ARG4 to building/city/event; motion common
come.01 came come; ARG1 person; ARG3? from building/city, ARG4? to building/event; motion common
return.01; ARG1 person; ARG3? from city/event, ARG4? to building/city; motion common
travel.01; ARG0 person; ARG1 to city; motion common
walk.01; ARG0 person/animal; ARG2? through/across area; motion common
run.02 ran run; ARG0 person/animal; ; motion common
drive.01 drove driven; ARG0 person; ARG1 vehicle; motion
sail.01; ARG0 person/vessel; ; motion
swim.01 swam swum; ARG0 person/animal; ; motion common
crawl.01; ARG0 animal/person; ; motion common
climb.01; ARG0 person/animal; ARG1 plant/building
live.01; ARG0 person/animal; ARGM-LOC in/near building/city/area; state
stay.01; ARG1 person; ARG3 in/at building/city
wait.01; ARG1 person; ARG2 for person/vehicle/event
look.01; ARG0 person/animal; ARG1 at picture/person/animal
search.01; ARG0 person; ARG1 building/container, ARG2? for valuable/paper/animal
listen.01; ARG0 person; ARG1 to song/person
talk.01; ARG0 person; ARG2? to/with person, ARG1? about matter/person
speak.01 spoke spoken; ARG0 person; ARG2? to/with person, ARG1? about matter
complain.01; ARG0 someone; ARG2? to someone, ARG1 about weather/food/idea
apologize.01; ARG0 person; ARG2? to person, ARG1? for ING
depend.01; ARG0 group/event; ARG1 on weather/person; state
belong.01; ARG0 thing/vehicle/building; ARG1 to someone; state
fall.01 fell fallen; ARG1 toy/picture/container; ARG4? into/onto area/furniture; change common
rise.01 rose risen; ARG1 quantity; ARG2? by PERCENT; change common
increase.01; ARG1 quantity; ARG2? by PERCENT; change common
decrease.01; ARG1 quantity; ARG2? by PERCENT; change common
grow.01 grew grown; ARG1 plant/quantity; ARG2? by PERCENT; change
collapse.01; ARG1 building/furniture; ; change
disappear.01; ARG1 person/animal/valuable; ; change
happen.01; ARG1 event/game; ; change
begin.02 began begun; ARG1 event; ; change
end.01; ARG1 event; ; change
last.01; ARG1 event; ARG2 SPAN; state active
cost.01 cost cost; ARG1 goods; ARG2 MONEY; state active
weigh.01; ARG1 furniture/container/animal; ARG2 WEIGHT; state active
become.01 became become; ARG1 person; ARG2 OCCUPATION; active
say.01 said said; ARG0 someone; ARG1 THAT; active common
think.01 thought thought; ARG0 person; ARG1 THAT; state active
admit.01; ARG0 someone; ARG1 THAT; active
announce.01; ARG0 someone; ARG1 THAT; active
announce.01; ARG0 group; ARG1 deed/event
report.01; ARG0 someone; ARG1 THAT; active
claim.01; ARG0 someone; ARG1 THAT; active
hope.01; ARG0 person; ARG1 THAT; active
tell.01 told told; ARG0 person; ARG2 person, ARG1 THAT; common
tell.01 told told; ARG0 person; ARG2 person, ARG1 TO; common
ask.01; ARG0 person; ARG2 person, ARG1 WHETHER; common
wonder.01; ARG0 person; ARG1 WHETHER; active common
ask.02; ARG0 someone; ARG2 person, ARG1 TO
try.01; ARG0 person/animal; ARG1 TO; active
decide.01; ARG0 someone; ARG1 TO; active
hope.01; ARG0 someone; ARG1 TO; active
plan.01; ARG0 someone; ARG1 TO; active
refuse.01; ARG0 someone; ARG1 TO; active
agree.01; ARG0 someone; ARG1 TO; active
manage.02; ARG0 person/animal; ARG1 TO; active
fail.01; ARG1 person/group; ARG2 TO; active
persuade.01; ARG0 person; ARG1 person, ARG2 TO
force.01; ARG0 someone; ARG1 person, ARG2 TO
encourage.01; ARG0 person; ARG1 person, ARG2 TO
order.01; ARG0 person; ARG1 person, ARG2 TO
allow.01; ARG0 someone; ARG1 NPTO; active
let.01 let let; ARG0 person; ARG1 NPBARE; active
make.02 made made; ARG0 person; ARG1 NPBARE; active
stop.01; ARG0 person/animal; ARG1 ING; active
finish.01; ARG0 person; ARG1 ING; active
avoid.01; ARG0 person; ARG1 ING; active
pick_up.04; ARG0 person; ARG1 thing/toy/container; common
throw_away.07 threw thrown; ARG0 person; ARG1 food/clothes/paper; common
turn_on.13; ARG0 person; ARG1 device; common
turn_off.07; ARG0 person; ARG1 device
look_up.05; ARG0 person; ARG1 topic/city
write_down.02 wrote written; ARG0 person; ARG1 idea/song; common
hand_out.03; ARG0 person; ARG1 paper/food
fill_out.03; ARG0 person; ARG1 paper
clean_up.02; ARG0 person; ARG1 area/building; tool
call_off.06; ARG0 someone; ARG1 event
tear_up.04 tore torn; ARG0 person/animal; ARG1 paper/picture
take_down.22 took taken; ARG0 person; ARG1 picture/opening
carry_out.03; ARG0 someone; ARG1 deed
give_back.03 gave given; ARG0 person; ARG1 paper/valuable/tool
"""

# The subjects of these verbs belong to the infinitive: "the guard seems to sleep".
RAISING = """
seem.01
appear.02
tend.02
continue.01
"""

# roleset noun; role of the possessor; complement. The noun phrase as a whole is of the kind "deed".
NOUN_PREDICATES = """
decide.01 decision; ARG0 someone; ARG1 TO
attempt.01 attempt; ARG0 person; ARG1 TO
promise.01 promise; ARG0 person; ARG2 TO
refuse.01 refusal; ARG0 someone; ARG1 TO
plan.01 plan; ARG0 someone; ARG1 TO
destroy.01 destruction; ARG0 someone; ARG1 of building
construct.01 construction; ARG0 someone; ARG1 of building
sell.01 sale; ARG0 someone; ARG1 of vehicle
discover.01 discovery; ARG0 person; ARG1 of valuable
describe.01 description; ARG0 person; ARG1 of event
analyze.01 analysis; ARG0 someone; ARG1 of idea
criticize.01 criticism; ARG0 someone; ARG1 of idea
arrive.01 arrival; ARG1 person; ARG4? at building
depart.01 departure; ARG1 person; ARG3? from city
visit.01 visit; ARG0 person; ARG1? to city
attack.01 attack; ARG0 someone; ARG1 on building
investigate.01 investigation; ARG0 group; ARG1 of idea
explain.01 explanation; ARG0 person; ARG1 of idea
translate.01 translation; ARG0 person; ARG1 of text
appoint.01 appointment; ARG0 group; ARG1 of person
rescue.01 rescue; ARG0 person; ARG1 of animal
celebrate.01 celebration; ARG0 group; ARG1 of event
"""

# light verb; roleset noun; role of the subject; complement of the noun.
LIGHT_VERBS = """
make.LV made made; decide.01 decision; ARG0 someone; ARG1? about idea
make.LV made made; offer.01 offer; ARG0 someone; ARG1? for vehicle
make.LV made made; complain.01 complaint; ARG0 someone; ARG1? about weather
make.LV made made; suggest.01 suggestion; ARG0 person; ARG1? about event
make.LV made made; mistake.01 mistake; ARG0 person; ARG1? in paper
take.LV took taken; walk.01 walk; ARG0 person; ARG2? through area
take.LV took taken; look.01 look; ARG0 person; ARG1 at picture
take.LV took taken; photograph.01 photograph; ARG0 person; ARG1 of animal
give.LV gave given; speak.01 speech; ARG0 person; ARG1? about topic
give.LV gave given; explain.01 explanation; ARG0 person; ARG1? of idea
give.LV gave given; describe.01 description; ARG0 person; ARG1 of picture
have.LV had had; talk.01 talk; ARG0 person; ARG2? with person
have.LV had had; argue.01 argument; ARG0 person; ARG1? about idea
have.LV had had; discuss.01 discussion; ARG0 someone; ARG1? about idea
do.LV did done; research.01 research*; ARG0 someone; ARG1? on topic
pay.LV paid paid; visit.01 visit; ARG0 person; ARG1 to building
"""

# roleset adjective; role and kinds of the subject; complement.
ADJECTIVES = """
able.01 able; ARG1 someone; ARG2 TO
ready.02 ready; ARG1 someone; ARG2 TO
will.02 willing; ARG0 someone; ARG1 TO
eager.01 eager; ARG0 person; ARG1 TO
fear.01 afraid; ARG0 person/animal; ARG1 of animal/weather
pride.01 proud; ARG0 person; ARG1 of person/picture
aware.01 aware; ARG0 someone; ARG1 of idea
interest.01 interested; ARG1 person; ARG2 in topic
responsible.03 responsible; ARG0 someone; ARG1 for event
familiarize.01 familiar; ARG1 person; ARG2 with idea/city
happy.01 happy; ARG1 person; ARG0? with gift/picture
worry.01 worried; ARG1 person; ARG0? about event/idea
impress.01 impressed; ARG1 person; ARG0? by picture/text
tire.03 tired; ARG0 person; ARG1? of topic/food
patient.01 patient; ARG1 person; ARG2? with person/animal
fill.01 full; ARG1 container/building; ARG2? of food/person
available.02 available; ARG2 paper/vehicle; ARG3? to person
differ.02 different; ARG1 idea/text; ARG2? from idea/text
helpful.04 helpful; ARG0 person/paper; ;
rude.01 rude; ARG0 person; ;
hunger.01 hungry; ARG0 person/animal; ;
busy.01 busy; ARG1 person; ;
safe.01 safe; ARG1 person/vehicle; ;
expensive.02 expensive; ARG1 goods; ;
cheap.02 cheap; ARG1 food/clothes; ;
fresh.04 fresh; ARG1 food; ;
clean.04 clean; ARG1 building/clothes; ;
dirty.02 dirty; ARG1 clothes/vehicle; ;
warm.07 warm; ARG1 building/clothes; ;
cold.01 cold; ARG1 food/building; ;
open.01 open; ARG1 building/opening; ;
beautiful.02 beautiful; ARG1 area/picture/song; ;
popular.02 popular; ARG1 song/text/person; ;
interest.01 interesting; ARG2 reading/idea/text; ;
important.01 important; ARG1 idea/paper; ;
quiet.04 quiet; ARG1 area/building; ;
heavy.01 heavy; ARG1 furniture/container; ;
endanger.01 dangerous; ARG0 animal/weather; ;
"""
