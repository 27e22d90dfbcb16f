"""Word lists of the intent rules: well-known sites, reference sites, and the phrases that signal each intent.

Plain data. Names of sites are the words a searcher types, lower case; multi-word names are matched as
phrases.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _phrases(text: str) -> frozenset[str]:
    return frozenset(" ".join(part.split()) for part in text.split(",") if part.strip())


SITES = _phrases(
    """
    facebook, fb, youtube, you tube, google, gmail, google maps, google docs, google drive, google
    translate, yahoo, yahoo mail, bing, msn, aol, aol mail, hotmail, outlook, outlook 365, office 365,
    onedrive, amazon, amazon prime, ebay, craigslist, walmart, target, costco, sams club, best buy, home
    depot, lowes, kohls, macys, jcpenney, jc penney, nordstrom, sears, kmart, walgreens, cvs, rite aid,
    kroger, publix, aldi, safeway, wegmans, ikea, wayfair, overstock, etsy, zappos, old navy, gamestop,
    barnes and noble, chewy, petsmart, petco, autozone, harbor freight, menards, dollar general, dollar
    tree, family dollar, big lots, hobby lobby, michaels, joann, dicks sporting goods, bass pro shops,
    cabelas, victoria secret, victorias secret, bath and body works, forever 21, h&m, zara, asos, shein,
    aliexpress, alibaba, wish, qvc, hsn, groupon, netflix, hulu, disney plus, hbo, hbo max, hbo go,
    spotify, pandora, itunes, twitch, vimeo, roku, sling tv, espn, cnn, fox news, bbc, bbc news, msnbc,
    nbc, abc news, cbs, cbs news, new york times, nytimes, washington post, usa today, huffington post,
    drudge report, daily mail, reddit, twitter, instagram, pinterest, linkedin, snapchat, tumblr, tiktok,
    whatsapp, skype, zoom, slack, discord, quora, yelp, tripadvisor, trip advisor, expedia, priceline,
    orbitz, kayak, hotels.com, airbnb, booking.com, trivago, travelocity, hotwire, southwest airlines,
    southwest, united airlines, american airlines, delta airlines, jetblue, spirit airlines, frontier
    airlines, alaska airlines, british airways, ryanair, easyjet, uber, lyft, amtrak, greyhound,
    enterprise rent a car, hertz, avis, marriott, hilton, hyatt, holiday inn, carnival cruise, royal
    caribbean, zillow, trulia, realtor, redfin, apartments.com, indeed, monster, glassdoor, careerbuilder,
    ziprecruiter, usajobs, usa jobs, paypal, venmo, cash app, zelle, wells fargo, chase, chase bank, bank
    of america, boa, citibank, citi, us bank, pnc, pnc bank, td bank, suntrust, bbt, bb&t, regions bank,
    capital one, fifth third, ally bank, discover card, american express, amex, synchrony, usaa, navy
    federal, navy federal credit union, charles schwab, fidelity, vanguard, etrade, td ameritrade,
    robinhood, coinbase, credit karma, turbotax, turbo tax, hr block, h&r block, quickbooks, intuit,
    experian, equifax, transunion, geico, progressive, state farm, allstate, aetna, cigna, humana, kaiser
    permanente, kaiser, blue cross blue shield, bcbs, united healthcare, anthem, metlife, medicare.gov,
    verizon, verizon wireless, att, at&t, t mobile, tmobile, sprint, comcast, xfinity, spectrum, cox,
    centurylink, directv, dish network, metro pcs, metropcs, boost mobile, cricket wireless, straight
    talk, tracfone, straighttalk, apple store, icloud, microsoft, microsoft store, windows update, dell
    support, hp support, hp, adobe, dropbox, github, gitlab, stack overflow, stackoverflow, wordpress,
    wix, squarespace, godaddy, shopify, mailchimp, salesforce, canva, usps, ups, fedex, dhl, usps
    tracking, ups tracking, fedex tracking, irs, ssa, uscis, dmv, nih, cdc, fda, noaa, osha, npr, pbs,
    aarp, fafsa, studentaid.gov, navient, nelnet, great lakes, college board, collegeboard, khan academy,
    coursera, udemy, edx, quizlet, chegg, blackboard, canvas, moodle, google classroom, schoology, edmodo,
    kahoot, duolingo, brainly, renaissance place, powerschool, ixl, abcmouse, prodigy, coolmath, cool math
    games, coolmathgames, roblox, minecraft, steam, epic games, fortnite, playstation store, xbox live,
    nintendo, webmd, mayo clinic, healthgrades, imdb, rotten tomatoes, fandango, amc theaters, regal
    cinemas, ticketmaster, stubhub, eventbrite, weather channel, accuweather, wunderground, wikipedia,
    wikihow, dictionary.com, merriam webster, urban dictionary, ancestry, ancestry.com, 23andme,
    match.com, tinder, okcupid, eharmony, pof, plenty of fish, adt, nfl, nba, mlb, nhl, fantasy football
    espn, draftkings, fanduel, starbucks, mcdonalds, dominos, pizza hut, papa johns, subway, chick fil a,
    taco bell, chipotle, doordash, grubhub, instacart, olive garden, kelley blue book, kbb, carmax,
    cars.com, autotrader, carvana, edmunds, carfax, toyota financial, honda financial, ally auto,
    whitepages, white pages, yellow pages, mapquest, map quest, angies list, nextdoor, care.com,
    shutterfly, flickr, photobucket, imgur, internet archive, archive.org, project gutenberg, webex,
    docusign, adp, paychex, workday, kronos, paycom, evite, surveymonkey, weight watchers, my fitness pal,
    myfitnesspal, fitbit, garmin connect, peloton, planet fitness, la fitness, myspace, livejournal,
    deviantart, wattpad, goodreads, audible, kindle, scribd, slideshare, prezi
    """
)
"""Sites and services whose bare name is a wish to go there."""

REFERENCE_HOSTS = _words(
    """
    wikipedia wikihow quora answers britannica reference about thoughtco verywell healthline webmd
    medicinenet mayoclinic livestrong investopedia dictionary merriam-webster thefreedictionary vocabulary
    yourdictionary urbandictionary wiktionary biography imdb rottentomatoes goodreads fandom wikia ehow
    instructables allrecipes foodnetwork epicurious genius azlyrics songfacts gamepedia wikidot weebly
    livejournal stackoverflow stackexchange reddit yahoo blogspot medium sciencedaily livescience
    nationalgeographic history howstuffworks encyclopedia sparknotes cliffsnotes shmoop quizlet study
    khanacademy mathsisfun purplemath drugs rxlist emedicinehealth everydayhealth nih cdc medlineplus
    weather accuweather wunderground timeanddate worldatlas infoplease factmonster techtarget lifewire
    computerhope howtogeek pcmag cnet businessdictionary thebalance nerdwallet bankrate forbes
    """
)
"""Sites that answer questions about everything; landing there is no wish for the site unless it is named."""

GENERIC_LABELS = _words(
    """
    weather history recipes recipe health medicine dictionary math science food foods travel car cars job
    jobs map maps movie movies music game games news biography lyrics time money home house homes garden
    pet pets dog dogs cat cats baby wedding flowers insurance loans credit school schools college bank law
    legal tax taxes doctor drugs fitness diet nutrition sports golf fish fishing art photo photos video
    videos shop store hotel hotels flights tickets books book quotes names words english spanish french
    german bible church energy water study answers business careers education family kids parenting women
    men city country state world earth space cancer diabetes heart sleep skin hair dental teeth calories
    vitamins trees plants birds horses snakes spine kidney kidneys liver lung lungs brain blood bone bones
    eye eyes ear ears nose throat foot feet knee knees shoulder hip back neck stomach colon thyroid breast
    prostate allergy allergies asthma arthritis autism stroke epilepsy pain depression anxiety stress
    pregnancy fertility virus flu hiv aids hepatitis obesity nurse nurses nursing surgery vaccine vaccines
    medication medications pharmacy pill pills vitamin protein calorie vegan vegetarian wine beer coffee
    tea milk cheese bread beef pork chicken egg eggs rice potato potatoes onion garlic ginger honey
    chocolate cake cookies candy pizza pasta salad soup sauce fruit apples banana berry vegetables cooking
    kitchen bbq grilling knitting crochet sewing quilt quilting craft crafts origami piano guitar violin
    drums band bands concert opera ballet dance theater theatre film films anime manga comics cartoon
    cartoons radio television author poem poems poetry essay essays grammar writing reading spelling
    phonics algebra geometry calculus statistics physics chemistry biology geology astronomy planets ocean
    oceans river rivers lake lakes mountain mountains island islands beach beaches desert forest forests
    tree flower rose roses bee bees ant ants spider spiders insect insects bug bugs bird wolf wolves bear
    bears lion tiger elephant shark sharks whale whales turtle turtles frog frogs fishing hunting guns gun
    camping hiking cycling bike bikes bicycle running yoga pilates swimming tennis soccer football
    baseball basketball hockey golfing boxing wrestling skiing surfing boat boats boating sailing truck
    trucks motorcycle motorcycles tire tires engine engines brake brakes battery batteries oil gas solar
    wind electric power plumbing roofing flooring paint painting furniture lighting lamp door doors carpet
    tile concrete wood steel metal metals glass plastic paper gold silver diamond diamonds jewelry watch
    watches clothing clothes shoes shirt dress dresses fashion beauty makeup nails tattoo tattoos perfume
    gift gifts party parties christmas halloween easter holiday holidays birthday marriage divorce
    adoption child children baby babies toddler teen teens senior seniors veterans military army navy
    marines police fire crime prison court courts lawyer lawyers attorney attorneys patent patents
    immigration visa passport passports election elections president presidents congress senate government
    politics economics economy finance mortgage mortgages stock stocks bonds investing bitcoin crypto
    retirement pension medicare medicaid budget accounting marketing sales management leadership resume
    resumes interview salary salaries internship college colleges university universities scholarship
    scholarships student students kindergarten preschool homework test tests exam internet web email html
    css java python javascript excel word linux wifi router printer printers laptop laptops camera cameras
    drone drones robot robots jesus god gods catholic christian islam buddhism angel angels zodiac
    astrology dream dreams psychology philosophy religion myth mythology pirate pirates viking vikings
    egypt greece rome india china japan russia france germany italy spain mexico canada australia africa
    europe asia london paris texas florida california ohio michigan virginia georgia arizona colorado
    alaska hawaii chicago boston seattle america american national united new general best free online
    your with about find live real estate realestate the and for learn teach teacher computer phone
    software windows support help service services center
    """
)
"""Labels and words too common to name one site."""

QUESTION_START = _words(
    "who whos whom whose what whats when where wheres why which how hows is are was were am do does did can "
    "could should would will has have had may might must shall isnt arent dont doesnt cant"
)

LOGIN = _phrases(
    """
    login, log in, logon, log on, signin, sign in, signup, sign up, my account, account login, web mail,
    webmail, official site, official website, website, web site, homepage, home page, portal, intranet, sso,
    online banking
    """
)

ORGANISATION_END = _phrases(
    """
    credit union, federal credit union, fcu, school district, isd, public schools, high school, elementary
    school, middle school, university, college, community college, community bank, savings bank, national
    bank, state bank, medical center, airlines, airways, public library, lottery, globe, tribune, herald,
    gazette, chronicle, county clerk, county court, sheriff office
    """
)
ORGANISATION_START = _phrases(
    "university of, bank of, city of, county of, state of, department of, college of"
)

ACTION = _words(
    """
    download downloads downloadable downloading downloader install installer online free buy buying order
    payment transaction complimentary gratuitous video videos image images pics pictures photos wallpaper
    wallpapers clipart ringtone ringtones torrent apk mp3 mp4 pdf printable printables template templates
    coupon coupons calculator calculators converter generator generators translator tickets drivers
    emulator rom roms keygen audio
    """
)
"""Words that ask to act wherever they stand."""

ACTION_START = _words(
    """
    obtain access earn redeem watch play listen stream streaming shop shopping purchase purchasing chat
    procure subscribe reserve booking
    """
)
"""Verbs that ask to act at the start of a query only; elsewhere they are mostly nouns."""
ACTION_PHRASES = _phrases(
    """
    for sale, for rent, promo code, promo codes, discount code, coupon code, gift card, gift cards, free
    trial, sign up for, apply for, apply online, book a, shop for, pay my bill, pay bill, bill pay, make a
    payment, full movie, full episodes, coloring pages, live stream, order online, add to cart, near me for
    sale, free shipping, sheet music
    """
)
NOT_ACTION = _phrases(
    """
    parking tickets, traffic tickets, speeding tickets, drivers test, drivers permit, drivers handbook,
    gluten free, sugar free, dairy free, fat free, lactose free, grain free, nut free, egg free, caffeine
    free, tax free, duty free, lead free, bpa free, cage free, hands free, pain free, debt free, drug
    free, smoke free, cancer free, rent free, risk free, toll free, symptom free, disease free, scot free,
    feel free, set free, interest free, oil free, alcohol free, free radical, free radicals, free fall,
    free will, free energy, free trade, free throw, free throws, free speech, free market, free body
    diagram, free range, free verse, free cash flow, free t4, free t3, free state, free states, free
    press, free enterprise, free agent, free agents, free agency, free solo, free world, free form, free
    testosterone, apple watch, watch battery, watch brands, watch dogs, neighborhood watch, stop watch,
    smart watch, fossil watch, rolex watch, watch movement, watch band, watch bands, tropical storm watch,
    winter storm watch, weight watch, tornado watch, role play, play therapy, play dough, play doh, school
    play, broadway play, the play, play by, play structure, fair play, power play, pretend play, parallel
    play, double play, microsoft access, ms access, access 2010, access 2013, access 2016, access denied,
    access control, access point, access modifiers, random access, access list, remote access, access
    database, vascular access, body image, self image, image formation, image processing, mirror image,
    image file, disk image, real image, virtual image, video card, video cards, video game, video games,
    video codec, video format, video resolution, video editor, video editing, driver license, drivers
    license, driver's license, drivers ed, truck driver, bus driver, screw driver, golf driver, impact
    driver, uber driver, driver jobs, adam driver, down payment, payment terms, payment history, balance
    of payments, mail order, law and order, court order, executive order, in order, order of, alphabetical
    order, restraining order, money order, social order, new world order, gag order, pecking order, word
    order, online schools, price per, work order, purchase order, purchasing power, louisiana purchase,
    gadsden purchase, stream ecology, serial killer, serial killers, serial number, serial dilution,
    online degree, pay online, business online
    """
)
"""Phrases in which an action word is not a wish to act."""

FACTUAL = _words(
    """
    define definition definitions meaning meanings mean means phone number code codes zip zipcode zipcodes
    fact facts statistics statistic stats quantity quantities average averages sum cost costs amount
    salary salaries pay price prices wage wages population age height weight birthday born died death
    married spouse wife husband net worth networth temperature weather forecast distance capital symptoms
    symptom causes cause synonym synonyms antonym antonyms acronym abbreviation stands address hours
    timezone year years date dates calories carbs protein nutrition pronunciation etymology origin
    inventor founder ceo president director cast episodes season rating ratings lifespan dosage formula
    rate rates percent percentage percentile ratio timeline ingredient ingredients location area climate
    elevation definition example examples vs difference versus types type kinds purpose function functions
    side effects benefits history biography translation plural tense conversion mg ml kg lbs inches feet
    miles km celsius fahrenheit
    """
)
"""Words that ask for a fact."""

INSTRUMENTAL_PHRASES = _phrases(
    """
    how to, how do i, how do you, how do we, how can i, how can you, how should i, ways to, way to, steps
    to, step by step, tips for, tips on, tutorial, tutorials, instructions, instruction, diy, recipe,
    recipes, guide to, guide, troubleshooting, troubleshoot, walkthrough, fix for, lesson plan, treatment
    for, home remedies, home remedy
    """
)

IMPERATIVES = _words(
    """
    add adjust apply assemble attach avoid bake become boil build bypass calculate calibrate cancel change
    check choose clean clear close combine compare compress configure connect convert cook create crochet
    customize cut decorate delete detect determine diagnose disable dispose dissolve divide draw dry edit
    email embed enable enlarge evaluate extract find fix fry gain get getting give grow hide identify
    improve increase insert install integrate introduce join keep kill learn lose maintain make making
    manage marinate melt merge mix modify move multiply open optimize organize paste peel perform pick
    poach polish prepare preserve prevent pronounce prove publish raise reach read rebuild recall recover
    reduce refinish reheat reinstall remove rename repair replace reset resize resolve restore resume
    retrieve roast rotate save scan sell send separate set setup sharpen simplify slice soften solve split
    start stop strengthen subtract switch take teach thicken transfer transform treat turn unblock
    uninstall unlock update upgrade upload use using wash wean write writing
    """
)
"""Base forms that open a query about doing something."""

COMMERCIAL = _words(
    "review reviews alternative alternatives cheapest cheap affordable deals comparison competitors"
)
COMMERCIAL_START = _words("best top cheapest")
NOT_COMMERCIAL = _phrases(
    """
    best friend, best friends, best man, best practice, best practices, best known, best western, best time,
    best way, best describes, best buy, best of, best selling, top gun, top gear, top secret, top of, top
    level, top ramen, big top, tank top, peer review, literature review, book review, movie review, film
    review, review questions, exam review, review sheet, judicial review, systematic review, cheap trick,
    bible review, chapter review, performance review, alternative energy, alternative rock, alternative
    medicine, alternative fuel, alternative hypothesis, cost of living comparison
    """
)
PRODUCTS = _words(
    """
    laptop laptops phone phones smartphone smartphones tablet tablets tv tvs camera cameras headphones
    earbuds speaker speakers monitor monitors printer printers router routers keyboard mouse mattress
    mattresses pillow sofa couch desk chair vacuum vacuums blender mixer dishwasher refrigerator fridge
    washer dryer oven microwave toaster grill grills smoker mower mowers drill saw generator shoes boots
    sneakers jacket watch watches bike bikes treadmill tent backpack luggage stroller crib car cars suv
    suvs truck trucks tires battery razor shampoo sunscreen moisturizer serum makeup perfume vpn antivirus
    hosting software crm app apps broker insurance card cards plan plans bank banks loan loans toothbrush
    drone drones gpu cpu ssd console guitar piano knife knives cookware pan pans iphone galaxy pixel ipad
    macbook kindle xbox playstation ps4 ps5 nintendo roomba dyson
    """
)
