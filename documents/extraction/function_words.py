# ruff: noqa: RUF001  (letters of other scripts are what this is about)
"""The words that no text of a language can do without, by its ISO 639-1 code.

Articles, prepositions, pronouns, auxiliaries: a third of all words of any text, and hardly ever
borrowed. Picked from the most frequent words that legal, technical and everyday texts share.
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LATIN = {
    "en": _words(
        """the of and to in a is that it for was on are as with be at by this had not but from or
        have an they which you were her all she there would their we him been has when who will no
        more if out so said what its about into them can only other my than your could our may"""
    ),
    "de": _words(
        """der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch
        es an werden aus er hat dass sie nach wird bei einer um am sind noch wie einem über einen
        so zum war haben nur oder aber vor zur bis mehr durch man sein wurde sei ich wir ihr kann
        dieser diese wenn unter alle keine"""
    ),
    "fr": _words(
        """de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce
        il sont avec ou son aux d l qu cette ces mais comme on sa ses être fait été nous vous je
        elle leur tout était peut même si n s ont sans entre deux elles ils"""
    ),
    "es": _words(
        """de la que el en y a los se del las un por con no una su para es al lo como más o pero
        sus le ha me si sin sobre este ya entre cuando todo esta ser son dos también fue había era
        muy años hasta desde está mi porque qué sólo han yo hay vez puede todos así nos ni"""
    ),
    "it": _words(
        """di e il la che in a per un è del non i le della una con si da come sono al nel dei più
        alla ha gli delle o lo anche ma dal se nella ad su essere questo suo questa stato ai era
        cui all dell sua hanno tra solo dopo loro ed mi ci io quando tutti perché può degli"""
    ),
    "pt": _words(
        """de a que e o do da em um para com não uma os no se na por mais as dos como mas ao ele
        das à seu sua ou quando muito nos já eu também só pelo pela até isso ela entre depois sem
        mesmo aos são foi está tem ser há você essa este nem seus às é era ter num suas"""
    ),
    "nl": _words(
        """de van een het en in is dat op te zijn met voor niet aan er om als die bij ook door
        dan of maar naar uit heeft nog over hij ik je wordt wat worden kan tot al deze ze geen
        zich meer was we dit had zij hebben moet wel zo werd kunnen hun veel"""
    ),
    "sv": _words(
        """och i att det som en på är av för med till den har de inte om ett han men var jag sig
        från vi så kan man när år under också efter eller nu sin där vid mot ska skulle kommer ut
        får finns vara hade alla andra mycket än här då sedan över bara hon vad"""
    ),
    "da": _words(
        """og i at det er en til af på for der de med som ikke den har et jeg om var vi men han
        så kan fra skal sig eller man når ved efter blev hun havde nu også være alle bliver få
        hvor end op ud ind mig kun hvis blive noget meget over hvad"""
    ),
    "no": _words(
        """og i det er på som en til å av for at med de har ikke den et om var jeg han seg men så
        vi fra kan skal eller ved etter ble hun hadde nå også være alle blir får hvor enn opp ut
        inn meg bare hvis bli noe mye over hva noen mellom"""
    ),
    "fi": _words(
        """ja on ei se että oli en hän ovat mutta kun niin myös joka kuin tai sen mitä olla ole
        jos minä voi nyt vain hänen sitä mukaan jo ollut tämä kanssa he joita jonka tämän sekä me
        ne olisi kuitenkin sitten mikä jotka kaikki vielä oman sinä tulee pitää minun siitä ilman
        jokainen kuten ennen voidaan tätä tähän vaan siihen tässä ettei kukaan jokaisella olevan
        mitään"""
    ),
    "pl": _words(
        """i w na z do się nie to że jest o a od za po co jak ale dla tak są przez oraz lub być
        może ma jego jej które który która był było tym tylko czy przed już ich jako ten też można
        także przy bez pod gdy ze tego jeszcze mnie ja sobie bardzo aby by jeśli lecz więc swoje
        swoich wszystkie wszystko każdy mają nad we będzie były ani również żeby której którym ta"""
    ),
    "cs": _words(
        """a se v na je že s z o do i to k ve pro za by ale si po jako od jsem jsou tak však
        které který při jeho byl jak nebo podle už než až jen co jsme také bylo která má být ne
        může tím tento jejich ještě před když mezi tomto byla není kde"""
    ),
    "sk": _words(
        """a sa v na je že s z o do i to k vo pre za by ale si po ako od som sú tak však ktoré
        ktorý pri jeho bol alebo podľa už než až len čo sme aj tiež bolo ktorá má byť nie môže tým
        tento ich ešte pred keď medzi bola kde iba aby"""
    ),
    "hu": _words(
        """a az és hogy nem is egy meg ez de csak már mint volt el van azt még ha ki vagy kell be
        le sem ezt minden én nagy lehet után pedig úgy között amely olyan akkor mert majd most
        mind ő őt ami aki szerint mi azonban több itt fel"""
    ),
    "ro": _words(
        """de și în a la cu nu o pe din să că care un se mai este sau pentru au prin ce sunt fi
        ca al dar fost lui ei ale dacă după ar am le fără lor are cel cea acest această acesta
        nici când decât numai va iar era între"""
    ),
    "hr": _words(
        """i u je na se da za su ne od s koji a o to što nije ili kao će koja ali po iz samo sam
        kako bi li već koje biti do prema sve ako može bio kada još tako te mu on ima jer pri bez
        bilo njih nego gdje mogu bila"""
    ),
    "sl": _words(
        """in je v na se da za so ne pa ki z s ali tudi po kot ni od pri če bi do iz bo sem le
        ter kar smo ko še kako to lahko ima že bil tako biti bila med več kaj njegov ga mu bilo
        tem zaradi vse pred naj"""
    ),
    "lt": _words(
        """ir į kad yra iš su ne tai kaip bet o ar per apie buvo jo už jis taip nuo tik dar prie
        savo arba turi jų gali po kai jau kuris ji būti kurie dėl nėra nes tarp jei labai būtų ką
        aš mes visi šio šį prieš kiekvienas niekas visų bei jog tuo mūsų jūs"""
    ),
    "lv": _words(
        """un ir ar uz no par ka kas to tas bet vai arī kā ne tā pēc lai nav tikai pie bija viņš
        šo šī kad ja viņa var tiek jau tam tās savu līdz būt gan tie ko vēl pa es mēs kur ļoti
        kurā pret ļauj šīs katram cilvēkam viņu mūsu jums visas visu tomēr kuri"""
    ),
    "et": _words(
        """ja on ei et see oli mis kui ka ta oma ma või selle aga nii siis kes ning olla ole mida
        juba veel ainult tema välja kõik oleks pole peab seda üle mees mina kuid selles sest enne
        nagu nende kus nad vaid pärast olid igal üks igaühel keegi ega mitte võib sellest need
        meie omad ent"""
    ),
    "tr": _words(
        """ve bir bu da de için ile o çok ne olarak daha gibi var en ama kadar ya mi sonra olan
        ben değil her olduğu ki göre diye veya tarafından oldu kendi iki hiç onu vardı şey bunu
        ise şu yok onun nasıl olduğunu önce biz herhangi hiçbir tam bütün aynı başka içinde bunun
        olmak üzere karşı bazı biri ancak olduğuna eder etmek bunlar gerek"""
    ),
    "ca": _words(
        """de la i que el a en els un les una per del amb és al es no se més com però o dels l d
        ha seva seu si ser aquest aquesta hi va són tot també ja molt sense fins quan ho als li
        sobre entre seus perquè han cap dos"""
    ),
    "gl": _words(
        """de a que e o do da en un unha para con non os no se na por máis as dos como pero ao
        das á seu súa ou cando moi nos xa tamén só polo pola até ela entre sen aos son foi está
        ten ser hai este esta dun dunha nunha é unhas"""
    ),
    "id": _words(
        """yang dan di itu dengan untuk tidak ini dari dalam akan pada juga saya ke karena
        tersebut bisa ada mereka lebih kata atau sudah oleh saat orang kita harus tahun dia telah
        seperti dapat sebagai bahwa kami hanya menjadi aku adalah anda lain setiap"""
    ),
    "vi": _words(
        """và của là có trong không được cho các một những người với này để khi đã ở đến từ ra
        cũng như nhưng về tôi lại vào anh phải nhiều thì sẽ làm việc năm mà họ theo sau còn chỉ
        rất ông nó hay trên bị đó mọi"""
    ),
    "sq": _words(
        """të e në dhe i për që me një nga se është më nuk ka u ose së tij do si por ky kjo janë
        edhe çdo tyre duhet duke pas mund pa kanë kur ishte këtë sepse saj disa shumë vetëm"""
    ),
    "is": _words(
        """og að í er sem á til var um með við ekki en það hann af fyrir því þess hafa eru verið
        eða hefur þar frá eftir ég upp þá hún þeir svo vera nú þetta hafði sér þeim verður"""
    ),
    "ga": _words(
        """an na a agus i ar is go le bhí do sé ag de tá sin as ní ach leis bhfuil don mar nó é
        air gur raibh níos seo aon aige bheith atá féin gach chun cheart"""
    ),
    "cy": _words(
        """y yn a i yr o ar ac mae wedi ei gan am eu neu fod hefyd oedd un hyn sydd at wrth ond
        nad cael gael hwn mewn fel iddo pob roedd bod nid chi unrhyw heb"""
    ),
    "eo": _words(
        """la de kaj en al estas mi ne li por ke ĝi kun sed oni vi ĉi pri tiu estis sur el kiel
        ĉiuj aŭ per ili si kiu havas ŝi da tio plej sia tre pli ĉiu povas"""
    ),
    "af": _words(
        """die van en in is het te nie wat met vir om op dat sy ek was aan deur hulle ook hy maar
        word as of ons by kan tot hierdie uit sal haar daar sê toe moet so hom"""
    ),
    "az": _words(
        """və bir bu ki üçün da də ilə o olan çox daha var kimi hər nə sonra onun mən amma idi
        isə deyil heç ya öz edir ona olur biz həm olaraq belə yox olduğu bütün hansı etmək digər
        eyni arasında olmalıdır edən üzrə yalnız onların bunun"""
    ),
    "eu": _words(
        """eta da ez du bat dira den ere izan zuen ziren zen dute hau baina edo bere egin dituzte
        duen beste baino zituen dago dela egiten behar hori nahi gabe guztiak edozein bai oro
        honetan ezen izango izateko artean guztiek edota nor hura baita zein dugu"""
    ),
}
CYRILLIC = {
    "ru": _words(
        """и в не на что он с как это по но из у к за от так о его для же то все она был только
        мы я вы бы когда если уже или ещё еще быть этого при чтобы их до была было этот может нет
        кто тем также который во"""
    ),
    "uk": _words(
        """і в не на що з та у як до за це є від але про він для по його так також бути а й чи
        або ще якщо був було який які через вони ми мені може має під із всі лише коли була вже її
        тому"""
    ),
    "bg": _words(
        """и на в да за се от е не с че по са ще си като до а но или това към той може при бе
        който които му има би след ние беше няма много само още както този когато без тя ми съм"""
    ),
    "be": _words(
        """і ў не на што з у да як ён гэта па за але для ад яго каб або яны мы ці калі пра быў
        таксама якія які можа ёсць было яна так пры толькі ужо мне гэтага быць"""
    ),
    "sr": _words(
        """и у је на да се за су не од који што није а као ће са или то али по из само сам како
        бити све која које може био ако још тако му он има те јер при без кад"""
    ),
    "mk": _words(
        """и на во да се за од не е со што ќе ги а го по како тоа но или до кој која сите само
        има беше тој може ова сме биде секој при му ја бил"""
    ),
    "kk": _words(
        """және бір мен деп бар бұл да де үшін ол емес еді өз болып осы болған сол кейін керек
        соң ғана дейін әр бойынша туралы жоқ қарай немесе менің оның тиіс болуы барлық басқа
        арқылы ешкім тек адам өзінің олар біз қандай кез болады"""
    ),
    "mn": _words(
        """нь юм гэж энэ байна бол ба болон тэр нэг байсан дээр ч гэсэн хүн их олон бас түүний уу
        үед юу би эсвэл эрх хувь буюу өөр бүр тул ямар болох бөгөөд хэн аль ёстой бүх тухай мөн
        харин эдгээр хүний түүнчлэн байх болсон өөрийн"""
    ),
}
ARABIC = {
    "ar": _words(
        """في من على أن إلى التي عن ما هذا لا مع كان الذي هذه أو بين لم كل بعد قد ذلك عند كما هو
        إن هي حتى كانت غير يكون له قال أي ثم لها إذا ولا"""
    ),
    "fa": _words(
        """و در به از که این را با است برای آن یک خود تا کرد بر هم نیز شده بود شد یا ما اما باید
        هر می او من های ها شود دارد کند کرده آنها نمی"""
    ),
    "ps": _words("""د په او چې له دی سره ته کې شي هغه يا به يې دا ده نه هر وي څخه خپل لري"""),
    "ur": _words(
        """کے کی میں سے ہے کا اور کو نے کہ اس پر یہ ہیں بھی ایک تھا نہیں کر جو وہ تو کیا گیا ہو
        ان تھے لیے لئے کوئی ہوئے مجھے"""
    ),
}
HEBREW = {
    "he": _words(
        """של את על לא זה עם הוא או כי גם אני היא אל כל יש לו אם מה אך רק הם אבל היה כמו לי בין
        אשר הזה"""
    ),
    "yi": _words(
        """און די אין איז פון צו דער אַ מיט אויף דאָס ניט נישט ער זיך האָט איך פֿון זײַן האט דאס
        וואָס"""
    ),
}
DEVANAGARI = {
    "hi": _words(
        """के में है की और का को से ने यह पर हैं एक भी कि इस नहीं तो था हो कर लिए जो किया गया वह
        अपने या ही साथ थे तक मैं आप"""
    ),
    "mr": _words(
        """आहे या व आणि तो ते हे हा ही नाही की मी तर होते होता आहेत करण्यात केला केली त्या
        त्याच्या असे एक किंवा साठी पण होती झाली मला यांच्या करणे आपल्या कोणत्याही असेल तसेच
        त्यांच्या सर्व कोणालाही करण्याचा असा अशा मध्ये प्रत्येक याचा म्हणून झाला होतो"""
    ),
    "ne": _words(
        """छ र को मा लाई पनि यो हो गर्न भने छन् गर्ने एक ले वा गरेको तर भएको थियो हुन्छ उनले त्यो
        छैन गरी नै प्रत्येक हुने गर्दा म तथा कुनै अनुसार गरिएको सबै लागि कसैलाई उसको आफ्नो हुनेछ
        त्यस यस जुन भन्ने बाट गरे"""
    ),
}
