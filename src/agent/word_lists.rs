//! Word lists: words that are not names.

/// Words that are never part of a name, though a sentence may have them where a name could be.
pub(super) const EVERYDAY: &str = "a about above account actually add address affirmative afraid after afternoon afterwards again agent ah all \
    allergic alone alright also always am amend an and anonymous another any anyone anything apologies apologize \
    april are area around as ask at august available away back bad be because been before being believe best better \
    between bit bonjour book booked booking bookings boss bot both breakfast british bro buddy buenos business but \
    by bye call called calling can can't cancel cancelled cannot cant car certainly chance change cheap check cheers \
    child children chinese city close closed cold come coming company confirm confirmed cool correct cost costs \
    could couldn't crazy cuisine cunt customer damn date daughter day days dear december delivery details dias did \
    didn't dinner do does doesn't don't done dont down drink easy eat eight either email english enough evening \
    every everyone everything exactly expensive father february fine finish first five food for forget four free \
    french friday friend friends from fuck fucking full garden german get give go going good goodbye goodnight got \
    great group guess guest guests guten guy guys ha had halal half happy has hate have haven't having he hell hello \
    help her here hey hi him his hiya hold home hope hotel hour hours how however human husband i i'd i'll i'm i've \
    id idiot idk if ill im in incorrect indian indoor indoors info information inside instead interested interior \
    into is isn't it it's italian its ive january japanese july june just keep kid kids kind kindly know korean \
    kosher large last late later let let's like list listed little look looking lot love lunch made make manager \
    many march mate may maybe me mean meant menu mexican midnight mine minute minutes missing moderate moment monday \
    more morning most mother mr mrs ms much must my myself name named names near need needs negative neither never \
    new next nice night nine no nobody none noon nope nor not nothing november now number october of off offer oh ok \
    okay old on one only oops open operator or order other our out outdoor outdoors outer outside over pagi parking \
    party pay people per perfect perhaps person phone place plan please pls polish possible prefer price private \
    probably problem put question questions quite rating ready really reason refer regarding reservation \
    reservations reserve reserved restaurant restaurants right robot rude running said same saturday say says seat \
    seated seating second secret see selamat send sent september service seven several shall she shit should show \
    sick silly simple since sir sit six skip slow small so some someone something son soon sorry sounds spanish \
    speak speaking staff start stay still stop strange stupid such sunday sup suppose sure table tables tag take \
    talk team tell ten test thai than thank thanks thankyou that that's thats the their them then there there's \
    these they they'll they're thing things think third this those though three thursday thx till time to today \
    together told tomorrow tomorrow's tonight too total town tuesday two type uh um ummm under unfortunately \
    unsubscribe until up update us use vegan vegetarian very wait waiting want wanted was way we we'd we'll we're \
    wednesday week weeks welcome well went were what what's whatever when where which while who whose why wife will \
    wish with without won't wonder work works would wrong wtf yea yeah yep yes yesterday yet you you're your yours \
    yup zero";

/// Words that are a name only with a capital, and beside a word that is in no list or after "my name is": about a
/// restaurant and its food, people, and conversations. First names that are such words (Olive, Bill) are left out.
pub(super) const COMMON: &str = "'cause able abroad absolutely ac access accessible accommodation adios adiós adults african ages ago agree ain't \
    aint aircon airport alcohol alcoholic allergen allergens allergies allergy allow allowed allows already \
    alternative alternatives amazing america american angry anniversary annoyed annoying annoys answer answered \
    answers anyhow anyone's anytime anyway anywhere apart core apparently appetizer appetizers apple apps argentine \
    argentinian argh arrange arrive article asap asd asdf asdfgh asia asian aside asked asking asks asshole assist \
    assistance assistant ate attend attending auntie australia australian austrian author automated automatic \
    availability average aw awesome awful aye babe baby baby-chair baked bakery balcony bangladeshi bank bar \
    basement bastard bathroom bcos beautiful beautifully become becuz beef beer beers belgian besides bestie \
    beverage beverages birthday birthdays bistro bitte blah bleh blind block bloody booths bored boring bother \
    bottle bottles boyfriend brasserie brazilian brb brilliant bring bringing brunch btw budget buffet bugger build \
    bullshit burger burgers bus busy button buy cafe cake cakes california calm campus canadian cancellation \
    cancelling cantonese capacity cards careful carpark carry casual cat catering cause caviar celebrate celebrating \
    celebration celiac centre certain chair chairs champagne changed changes changing charge charges chat chatbot \
    checking cheese chicken children's childrens chill china chinatown chips chocolate christmas ciao cigarette \
    cigarettes claim classic clean cleaner clear clearly click clothes clown club coast cocktail cocktails code \
    coeliac coffee coffees colleague colleagues colombian colouring columbian comfortable comfy complain complaint \
    complete completely complicated computer concern concerned conditioning confirmation confirming confused \
    confusing congratulations consider considering contact contactless contain continue contract control cooler \
    corkage corner correction correctly cos country couple course courses court cover coz cozy crab crap cream \
    crisps crying cuban curious currency currently customers cute cutlery cuz cyprian cyprus dad's daddy daily dairy \
    dancing danish danke dark darling data dated dating deaf deal deals debit decided decision deck definitely \
    degree delete delicious delighted deposit desk dessert desserts diet dietary different difficult diner diners \
    dinners direction directions directly dirty disability disabled disappointed disappointing discount discounts \
    discuss disgusting dish dishes dislike distance disturb document dog dogs double doubt downstairs downtown dozen \
    dress driving drunk duck dumb dunno dutch earlier early easier eaten eater eating effect egg eggs eighth eleven \
    elsewhere emailed emails emergency empty engaged england enjoy enjoyed enquire enquiry enter entire entirely \
    entrance entry environment error errr essential estimate etc ethiopian europe european euros event events \
    everyone's everywhere exact excellent exceptional excited exciting excuse exit expect expected expense explain \
    extension exterior extra extremely fabulous facilities facing fact fail failed fair fairly fake family famous \
    fantastic far fast faster favorite favourite fee feedback feel feeling fees fiance fiancee fifth fifty figure \
    filipino fill final finally find finding finished finnish fireplace fix flexible flight floor florida following \
    foo foods fool football forever forgot forgotten form forward found fourteen france fresh fridge fried friendly \
    fruit frustrated frustrating fully fuming fun function funeral funny further future fyi gallery gaming garlic \
    gas gastropub gate gathering generally gentle gentleman gents germany getting gimme girlfriend gives gluten gm \
    gn gonna goodevening goodmorning goodness google gotta grab gracias grandma grandpa granny gratis grazie greek \
    greet grill grilled ground guarantee guide guinness gutted gym haha hahah hahaha handicap handicapped handle \
    hangry happen happened happening harbor harbour hardly haven headache healthy hear heard heating heavy heh \
    height helloo hellooo helpful helping helpless hen hence herbal here's here-ish heya heyy high highchair \
    highchairs highest highly hiii hiiii himself hindu hmm hmmm hmmmm hola holding holiday holidays homemade \
    honestly horrible horribly hospital host hostess hotels household how's hrs hubby huge huh hundred hungarian \
    hungry hurry hurt husband's ice idea ideal ideally identity ignore ignored ikr imho immediately imo important \
    impossible including inclusive inconvenience increase incredible incredibly india indonesia indonesian \
    inexpensive infant infants inform inner inquire inquiry insane insist inspired instant instructions insurance \
    intended intention interest interesting internal international internet interrupt intolerance intolerant \
    introduce invitation invite invited ipsum ireland irish irritated island israeli issue issues it'd italy item \
    items itself jam japan jealous job joke joking juice juicy junk k kidding kiddo kindness kitchen kk knackered \
    knew knife knock knows korea kosovo lactose ladies lady lately latest latte laugh layout lazy leave leaving \
    lebanese left legal lemme less letter liar license lie lift light lights likely limit limited line link listen \
    literally live lives livid living lmao lmfao loads local located location locations lock locked log login lol \
    london longer looks lorem lost loud lounge lovely lower lowest luck lucky lunchtime luxury lyonnais mad main \
    mainly malaysia malaysian mall management managers mandatory mango map married marvellous massive match mates \
    matter maximum meal meals meaning meat meats medical mediterranean medium meet meeting mention mentioned menus \
    merci mess message messages messed metro middle mild mile milk mind mini minimum mins minus missed mistake \
    mistaken mixed mobile mocktail modern modify mom's money months mood moroccan mostly motel motorbike mouth move \
    moved movie moving mum mummy mums mushroom music musical musician muslim mussels mustn nah name's namely napkin \
    nasty national natural naturally nature nearby nearest nearly necessary neck needed neighborhood neighbourhood \
    nervous network nevermind news nexttime nicely nicer nickname nightclub nobody's noise noisy nonsense noo noodle \
    noodles nooo normal normally north norwegian notes notice notify nowhere nuisance numbers nut nuts nutty nvm \
    object obviously occasion occasionally occupied octopus odd offered offering offers office offline often oil \
    okey okie okies okk omg onion onions online opening operating opinion opposite option optional options orange \
    ordered ordering orders organic organise organize original ourselves outlet outlets outrageous outskirts \
    overlooking overview owe owner paid pair pakistani palestinian panic paper pardon parents parked partner \
    partners party's passport password past pasta pastry path patient patio pause pavement payment payments peanut \
    peanuts pen pensioner pensioners penthouse pepper percent period permission persian personal peruvian pet pets \
    philippines phoned photo photos pick picky picture pie piece pint pissed pisses pizza pizzas pizzeria places \
    plain planning plans plant plate plates platform play playing pleas pleasant pleased pleasure plenty plese plus \
    plz pm pointless policy polite poor popular pork portuguese position positive possibility possibly postcode \
    postpone potato potatoes pound pounds pram prank prawn prawns precisely prefered preference prefers pregnant \
    premium prepare prepared present pretty previous prices pricing prick print priority privacy privately probable \
    proceed process professional promise promised promo promotion promotions proper properly proposal protein proud \
    provide public pudding pull pulled puppy purchase purpose push quality query quicker quickly quiet quieter \
    quietly quit quiz qwerty racist rain raining rainy ramp random rang range rates rather read reading realise \
    realised realize realized reasonable reasonably receipt receive received reception recommend recommendation \
    recommendations recommended refund refuse refused regular regularly related relax relaxed remain remember remind \
    reminder remove repeat replace replied reply report request requested requests require required requires \
    reschedule rescheduling respond response rest restart restroom result retired return returning reverse review \
    reviews rewards ridiculous ringing risk riverside road roast robotic rofl romantic roof rooftop room rooms rough \
    route rubbish rum russian sad sadly safe safety salad salads salmon salt sandwich sandwiches saturday's sauce \
    sausage save saying scam scared scary schedule scheduled school score scotland scottish screen screw seafood \
    search searching season seater seats secondly section security seeing seek seeking seem seems selection sell \
    senior seniors sense separate separately serious seriously served serves services serving set setting settings \
    settle shade shaded share sharing shellfish shift shitty shocking shop shopping short shortly shot shouldn't \
    shout shouting shower showing shrimp shut shuttle sidewalk sign silence silent similar simply singapore \
    singaporean singing single sip site sitting situation size sized skipping slightly slot slots slower slowly \
    smaller smallest smart smell smh smile smoke smoker smokers smoking smoothie snack snacks sober sofa soft soju \
    solid somebody somehow someone's someplace sometime sometimes somewhat somewhere sort sorted sorting sorts sound \
    soup soups sour source south southern space spaces spacious spain spam speaker special specialist specials \
    specialties specialty specific specifically speed spell spelled spelling spelt spend spice spicy spirit split \
    spoke spoken spoon sports spot spots stadium stairs standard standing staring starter starters starting starving \
    state statement stating station stays steak steakhouse steaks step steps sticky stool stools stopped store \
    stories straight stranger street stressed strict strictly stroller stuck student students study stuff stuffed \
    stupidly style sub subscribe success successful sucks suddenly sugar suggest suggested suggestion suggestions \
    suitable suite suited summary super supper supply support supposed supposedly surely surname surprise surprised \
    surprisingly sushi suspect swap swear swedish sweetie sweets swiss switch system takeaway takeaways taken \
    takeout taking talking tall tap tapas tasty tax taxi tbh tea tech technical teenager teenagers telephone telling \
    temperature temporary tequila term terms terrace terrible terribly testing testing123 text texted texting \
    thailand thanking that'd theater theatre theme themselves there'd therefore thick thin thirsty thirteen thirty \
    thnks thnx thought thoughts thousand threat thru ticket tickets tight timing timings tips tipsy tired tks tnx \
    toast today's toddler toddlers tofu toilet toilets tomato tomatoes tonight's tonite topic totally touch touching \
    tour tourist tourists traditional traffic train training transfer transferred translate transport travel \
    travelling treat treatment tree tried trouble true truly trust truth trying tschüss tube tuna turkish turn \
    turning twenty twice typed types typical typing typo uber ugh ugly uhh uk ukrainian unable unacceptable \
    unavailable unbelievable uncle underground understand understood unfair unhappy unhelpful universal unless \
    unlike unlimited unlucky unreasonable unsure unusual unwell upgrade upper upset upstairs urgent urgently usa \
    useful useless username using usual usually vacation vaccine vague valet valid valuable value variety various \
    vat veg veganism vegans vegetable vegetables vegetarians veggie vendor venue venues verify version via video \
    vietnam vietnamese view viewing vip visa visible visit visited visiting vodafone vodka voice volume voucher \
    vouchers waiter waitress walk walking wanna warm warning washroom waste wasting watch watching water wb weather \
    web website wedding weekday weekdays weekend weekends weird wet whatsoever wheelchair wheelchairs when's \
    whenever where's whereas wherever whether whichever whiskey whisky who's whoever whole wholly why's wide wifey \
    wifi wifi's wild willing win window windows wine wines wishes withdraw within wives woman womens wonderful \
    wondering word words workers working world worried worries worry worse worst worth would've wow write writing \
    written yard yay yeh yess yesss yesterday's yikes yo yoghurt yogurt yooo york younger yourself yourselves youth \
    yuck yum yummy zone zoo";

/// Everyday words that are also family names: with a capital, after a first name.
pub(super) const FAMILY_NAMES: &str =
    "Call Day English Free French German Good Kid Little Person Small Still Strange Way Weeks";
