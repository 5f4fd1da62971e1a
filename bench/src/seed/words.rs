//! What people and their sites say. Nobody here exists.

use super::draw::Draw;

/// Names in a language: each as it is written, and as it stands in an e-mail address.
struct Names {
    given: &'static [(&'static str, &'static str)],
    family: &'static [(&'static str, &'static str)],
    /// Between and behind them: the family's name first and no space, for example.
    is_family_first: bool,
    space: &'static str,
}

const NAMES: [Names; 8] = [
    Names {
        given: &[
            ("Jane", "jane"),
            ("Daniel", "daniel"),
            ("Olivia", "olivia"),
            ("Marcus", "marcus"),
            ("Grace", "grace"),
            ("Zoë", "zoe"),
            ("Henry", "henry"),
            ("Amelia", "amelia"),
            ("Ruth", "ruth"),
            ("Caleb", "caleb"),
        ],
        family: &[
            ("Doe", "doe"),
            ("Whitaker", "whitaker"),
            ("Brandt-Lee", "brandtlee"),
            ("O'Keeffe", "okeeffe"),
            ("Fairweather", "fairweather"),
            ("Sims", "sims"),
            ("Addo", "addo"),
            ("Lindqvist", "lindqvist"),
        ],
        is_family_first: false,
        space: " ",
    },
    Names {
        given: &[
            ("美玲", "meiling"),
            ("志明", "zhiming"),
            ("晓雯", "xiaowen"),
            ("建国", "jianguo"),
            ("嘉欣", "jiaxin"),
            ("伟", "wei"),
            ("丽华", "lihua"),
            ("子轩", "zixuan"),
        ],
        family: &[("陈", "chen"), ("林", "lin"), ("黄", "huang"), ("张", "zhang"), ("吴", "wu"), ("郑", "zheng")],
        is_family_first: true,
        space: "",
    },
    Names {
        given: &[
            ("Mei", "mei"),
            ("Wei Jie", "weijie"),
            ("Hui Min", "huimin"),
            ("Jun Hao", "junhao"),
            ("Xin Yi", "xinyi"),
            ("Kai", "kai"),
        ],
        family: &[
            ("Tan", "tan"),
            ("Lim", "lim"),
            ("Ng", "ng"),
            ("Goh", "goh"),
            ("Chua", "chua"),
            ("Ong", "ong"),
            ("Teo", "teo"),
        ],
        is_family_first: true,
        space: " ",
    },
    Names {
        given: &[
            ("Siti", "siti"),
            ("Farid", "farid"),
            ("Nurul Huda", "nurulhuda"),
            ("Hakim", "hakim"),
            ("Aisyah", "aisyah"),
        ],
        family: &[
            ("binti Rahman", "rahman"),
            ("bin Yusof", "yusof"),
            ("bin Osman", "osman"),
            ("binti Salleh", "salleh"),
        ],
        is_family_first: false,
        space: " ",
    },
    Names {
        given: &[("Arjun", "arjun"), ("Priya", "priya"), ("கவிதா", "kavitha"), ("Suresh", "suresh"), ("Divya", "divya")],
        family: &[("Nair", "nair"), ("Pillai", "pillai"), ("முருகன்", "murugan"), ("Iyer", "iyer"), ("Menon", "menon")],
        is_family_first: false,
        space: " ",
    },
    Names {
        given: &[
            ("Jürgen", "juergen"),
            ("Käthe", "kaethe"),
            ("Łukasz", "lukasz"),
            ("Søren", "soeren"),
            ("Chloé", "chloe"),
        ],
        family: &[
            ("Müller-Böhm", "muellerboehm"),
            ("Großmann", "grossmann"),
            ("Nowak", "nowak"),
            ("Ångström", "angstroem"),
        ],
        is_family_first: false,
        space: " ",
    },
    Names {
        given: &[("ليلى", "layla"), ("يوسف", "yousef"), ("नेहा", "neha"), ("Ольга", "olga"), ("Дмитро", "dmytro")],
        family: &[
            ("حداد", "haddad"),
            ("منصور", "mansour"),
            ("शर्मा", "sharma"),
            ("Коваль", "koval"),
            ("Седых", "sedykh"),
        ],
        is_family_first: false,
        space: " ",
    },
    Names {
        given: &[("さくら", "sakura"), ("健太", "kenta"), ("서연", "seoyeon"), ("민준", "minjun"), ("Ngọc", "ngoc")],
        family: &[("佐藤", "sato"), ("高橋", "takahashi"), ("김", "kim"), ("박", "park"), ("Nguyễn", "nguyen")],
        is_family_first: true,
        space: " ",
    },
];

/// A person's name, and the beginning of their e-mail address.
pub fn name(draw: &mut Draw) -> (String, String) {
    let names = draw.pick_skewed(&NAMES);
    let (given, family) = (draw.pick(names.given), draw.pick(names.family));
    let (first, second) = if names.is_family_first { (family.0, given.0) } else { (given.0, family.0) };
    (format!("{first}{}{second}", names.space), format!("{}.{}", given.1, family.1))
}

/// Where visits come from: source, medium and campaign, the most frequent first. Empty: the visitor typed the address, or came
/// by a link without parameters.
pub const CAMPAIGNS: [(&str, &str, &str); 24] = [
    ("google", "cpc", "brand"),
    ("google", "cpc", "city-bikes"),
    ("", "", ""),
    ("facebook", "paid_social", "spring_tune-up"),
    ("instagram", "paid_social", "reels_october"),
    ("google", "cpc", "repair near me"),
    ("newsletter", "email", "2026-10"),
    ("google", "organic", ""),
    ("tiktok", "paid_social", "wheels"),
    ("bing", "cpc", "brand"),
    ("newsletter", "email", "2026-11"),
    ("facebook", "paid_social", "lookalike_buyers"),
    ("google", "cpc", "e-bikes"),
    ("partner", "referral", "cycling-club"),
    ("instagram", "bio", ""),
    ("google", "cpc", "kids 50% off"),
    ("linkedin", "paid_social", "company-fleet"),
    ("youtube", "video", "how-to-true-a-wheel"),
    ("google", "cpc", "山地车"),
    ("flyer", "qr", "station"),
    ("facebook", "paid_social", "retargeting-30d"),
    ("reddit", "paid_social", "commuters"),
    ("whatsapp", "share", "friend"),
    ("google", "display", "autumn"),
];

/// Pages of the shop that have the widget.
pub const PAGES: [&str; 10] = [
    "/",
    "/tune-up",
    "/bikes/city-7",
    "/bikes/gravel-3",
    "/wheel-truing",
    "/bike-fitting",
    "/prices",
    "/visit",
    "/e-bikes/cargo-one",
    "/blog/which-tyre",
];

/// Browsers, the most frequent first.
pub const USER_AGENTS: [&str; 5] = [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
];

/// What people come for.
pub const INTENTS: [&str; 6] = [
    "My rear wheel is out of true after a pothole",
    "How much is a tune-up for a gravel bike?",
    "I would like to test the cargo bike this weekend",
    "变速不顺，想预约保养",
    "Boleh tukar brek hari ini?",
    "Ich suche ein Rad für meine Tochter (9 Jahre)",
];

/// What one says and what a colleague answers, in a conversation that goes on.
pub const CHAT: [(&str, &str); 6] = [
    ("Is it ready?", "Nearly: the spokes came this morning, and we true it after lunch."),
    ("Do you have it in blue, too?", "In blue from next week on. Shall I put one aside for you?"),
    ("谢谢，我五点过来拿。", "好的，我们开到七点。"),
    ("The gears still jump on the third cog.", "Bring it by, we adjust the hanger while you wait."),
    ("How long is the warranty?", "Two years on the frame, one on everything that turns."),
    ("👍", "See you then!"),
];

/// Notes that people of the business leave.
pub const NOTES: [&str; 4] = [
    "Called, nobody answered. Try again after six.",
    "Has two bikes with us. Ask for the old invoice first.",
    "Wants an offer for eight company bikes: see the mail of Monday.",
    "Prefers to write in Mandarin.",
];
