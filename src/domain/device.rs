//! What kind of device a browser runs on, by what it says of itself.

use super::closed_set::closed_set;

closed_set! {
    /// The kind of a visitor's device.
    pub enum Device {
        /// Fits in a hand.
        Phone = "phone",
        /// A larger one that is touched.
        Tablet = "tablet",
        /// A computer.
        Desktop = "desktop",
        /// The browser does not say, or nothing was clicked.
        Unknown = "unknown",
    }
}

impl Device {
    /// As pages call it; `None` where it is not known.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Phone => Some("Phone"),
            Self::Tablet => Some("Tablet"),
            Self::Desktop => Some("Desktop"),
            Self::Unknown => None,
        }
    }

    /// By the `User-Agent` of a browser. Android's tablets say `Android` without `Mobile`; iPads of today call themselves a Mac, and
    /// count as desktops.
    pub fn of_user_agent(user_agent: Option<&str>) -> Self {
        let Some(text) = user_agent.filter(|text| !text.trim().is_empty()) else { return Self::Unknown };
        let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
        if has(&["iPad", "Tablet", "PlayBook", "Silk/", "Kindle"]) || has(&["Android"]) && !has(&["Mobile"]) {
            Self::Tablet
        } else if has(&["Mobi", "iPhone", "iPod", "Android", "Opera Mini"]) {
            Self::Phone
        } else if has(&["Windows", "Macintosh", "X11", "Linux", "CrOS"]) {
            Self::Desktop
        } else {
            Self::Unknown
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Device;

    #[test]
    fn browsers_say_what_they_run_on() {
        let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148";
        for (user_agent, device) in [
            (iphone, Device::Phone),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/142.0.0.0 Mobile Safari/537.36",
                Device::Phone,
            ),
            ("Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36", Device::Tablet),
            ("Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148", Device::Tablet),
            ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0", Device::Desktop),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", Device::Desktop),
            ("curl/8.5.0", Device::Unknown),
            (" ", Device::Unknown),
        ] {
            assert_eq!(Device::of_user_agent(Some(user_agent)), device, "{user_agent}");
        }
        assert_eq!(Device::of_user_agent(None), Device::Unknown);
    }
}
