//! Every check of a setting, and the key that is generated once.

use std::os::unix::fs::PermissionsExt as _;

use clap::Parser;

use super::*;
use crate::domain::random::Random;

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    settings: Settings,
}

fn config(flags: &[&str]) -> Result<Config, InvalidSetting> {
    let flags = Flags::try_parse_from([&["aurix"], flags].concat()).expect("flags that the command line takes");
    flags.settings.check()
}

/// What a wrong setting is answered with: one line, which names it.
#[track_caller]
fn check_refused(flag: &str, setting: &str, part: &str) {
    let error = config(&[flag]).expect_err(flag);
    let line = error.to_string();
    assert_eq!(error.setting, setting);
    assert!(line.starts_with(&format!("{setting}: ")) && line.contains(part) && line.lines().count() == 1, "{line}");
}

#[test]
fn a_wrong_setting_is_named_in_one_line() {
    check_refused("--listen=abc", "AURIX_LISTEN", "\"abc\" is no address: write HOST:PORT, for example 127.0.0.1:8080");
    check_refused("--listen=127.0.0.1", "AURIX_LISTEN", "HOST:PORT");
    check_refused("--listen=127.0.0.1:70000", "AURIX_LISTEN", "HOST:PORT");
    check_refused("--base-url=aurix.example.com", "AURIX_BASE_URL", "https://aurix.example.com");
    check_refused("--base-url=ftp://aurix.example.com", "AURIX_BASE_URL", "http:// or https://");
    check_refused("--base-url=https://a.example/?b=c", "AURIX_BASE_URL", "no address");
    check_refused("--database=mysql://a:secret@b/c", "AURIX_DATABASE", "postgres://");
    check_refused("--allow-networks=10.0.0.0/8,10.0.0.0/99", "AURIX_ALLOW_NETWORKS", "\"10.0.0.0/99\"");
    check_refused("--allow-http=perhaps", "AURIX_ALLOW_HTTP", "neither `true` nor `false`");
    check_refused("--trusted-proxies=proxy", "AURIX_TRUSTED_PROXIES", "\"proxy\" is no network");
    check_refused("--retry-schedule=5s,soon", "AURIX_RETRY_SCHEDULE", "`soon`");
    check_refused("--lease=soon", "AURIX_LEASE", "`soon`");
    check_refused("--secret-key=hunter2", "AURIX_SECRET_KEY", "has 7 characters: 12 are the least");
    check_refused("--secret-key=@/no/such/file", "AURIX_SECRET_KEY", "cannot read @/no/such/file");
    check_refused("--keep-alive=long", "AURIX_KEEP_ALIVE", "`long`");
    check_refused("--body-memory=64", "AURIX_BODY_MEMORY", "\"64\" is no size of 4MiB or more");
    check_refused("--body-memory=99999999999999GiB", "AURIX_BODY_MEMORY", "is no size");
    check_refused("--rate-limits=clicks=0", "AURIX_RATE_LIMITS", "\"0\" is not a number per minute");
    #[cfg(feature = "otlp")]
    check_refused("--otlp-endpoint=collector", "AURIX_OTLP_ENDPOINT", "write it like http://localhost:4318");
    check_refused("--log=a=b=c", "AURIX_LOG", "is no filter");
    check_refused("--log-format=xml", "AURIX_LOG_FORMAT", "neither `text` nor `json`");
    check_refused("--mail-from=aurix", "AURIX_MAIL_FROM", "\"aurix\" is no address: write Aurix <aurix@example.com>");
    check_refused("--mail-from=aurix@example.com", "AURIX_SMTP_URL", "has to be set beside AURIX_MAIL_FROM");
    check_refused("--smtp-url=smtp://mail.example.com", "AURIX_MAIL_FROM", "has to be set beside AURIX_SMTP_URL");
    check_refused("--llm-model=a", "AURIX_LLM_BASE_URL", "has to be set beside AURIX_LLM_MODEL");
    check_refused("--llm-base-url=http://localhost:11434/v1", "AURIX_LLM_MODEL", "beside AURIX_LLM_BASE_URL");
    check_refused("--llm-timeout-ms=5000", "AURIX_LLM_BASE_URL", "has to be set beside AURIX_LLM_TIMEOUT_MS");
    check_refused("--listen=a\nb", "AURIX_LISTEN", "no address");
    check_refused("--acme-domain=localhost", "AURIX_ACME_DOMAIN", "no domain that a certificate is given for");
    check_refused("--acme-domain=192.0.2.7", "AURIX_ACME_DOMAIN", "no domain");
    check_refused("--acme-domain=https://a.example", "AURIX_ACME_DOMAIN", "no domain");
    check_refused("--acme-domain=*.a.example", "AURIX_ACME_DOMAIN", "name each");
    check_refused("--acme-domain=,", "AURIX_ACME_DOMAIN", "names no domain");
    check_refused("--acme-email=mei@a.example", "AURIX_ACME_DOMAIN", "has to be set beside AURIX_ACME_EMAIL");
    check_refused("--redirect-listen=off", "AURIX_ACME_DOMAIN", "has to be set beside AURIX_REDIRECT_LISTEN");
}

/// What is wrong with a setting beside a domain.
#[track_caller]
fn check_refused_with_domain(flag: &str, setting: &str, part: &str) {
    let error = config(&["--acme-domain=a.example,b.example", flag]).expect_err(flag);
    assert!(error.setting == setting && error.to_string().contains(part), "{error}");
}

#[test]
fn a_domain_makes_a_whole_installation() {
    let found =
        config(&["--acme-domain= Aurix.Example, www.aurix.example.,bücher.example,aurix.example"]).expect("valid");
    let acme = found.acme.expect("a domain");
    assert_eq!(acme.domains, ["aurix.example", "www.aurix.example", "xn--bcher-kva.example"]);
    assert_eq!(acme.names(), "aurix.example,www.aurix.example,xn--bcher-kva.example");
    assert_eq!((found.base_url.as_str(), found.base_url_is_default), ("https://aurix.example", false));
    assert_eq!(found.listen.to_string(), "[::]:443");
    assert_eq!(acme.redirect_listen.map(|address| address.to_string()).as_deref(), Some("[::]:80"));
    assert_eq!(acme.directory, "https://acme-v02.api.letsencrypt.org/directory");

    let set = [
        "--acme-domain=a.example",
        "--listen=127.0.0.1:8443",
        "--redirect-listen=off",
        "--base-url=https://a.example:8443",
    ];
    let found = config(&set).expect("valid");
    assert_eq!((found.listen.port(), found.base_url.as_str()), (8443, "https://a.example:8443"));
    assert_eq!(found.acme.and_then(|acme| acme.redirect_listen), None);
    assert!(config(&[]).expect("valid").acme.is_none());
}

#[test]
fn what_goes_with_a_domain_is_checked() {
    check_refused_with_domain("--base-url=http://a.example", "AURIX_BASE_URL", "has to begin with https://");
    check_refused_with_domain("--base-url=https://c.example", "AURIX_BASE_URL", "(a.example, b.example)");
    check_refused_with_domain("--acme-email=mei", "AURIX_ACME_EMAIL", "no e-mail address");
    check_refused_with_domain("--acme-directory=http://ca.example", "AURIX_ACME_DIRECTORY", "https://");
    check_refused_with_domain(
        "--acme-ca=/no/such/file",
        "AURIX_ACME_CA",
        "cannot read certificates from /no/such/file",
    );
    check_refused_with_domain("--redirect-listen=80", "AURIX_REDIRECT_LISTEN", "HOST:PORT");
}

#[test]
fn certificates_that_vouch_for_an_authority_are_read_from_a_file() {
    let file = std::env::temp_dir().join(format!("aurix-test-ca-{}.pem", std::process::id()));
    let flag = format!("--acme-ca={}", file.display());
    let made = rcgen::generate_simple_self_signed(["ca.example".to_owned()]).expect("a name");
    std::fs::write(&file, made.cert.pem().repeat(2)).expect("written");
    let found = config(&["--acme-domain=a.example", &flag]).expect("valid").acme.expect("a domain");
    assert_eq!(found.extra_roots, vec![made.cert.der().to_vec(); 2]);
    std::fs::write(&file, "nothing").expect("written");
    check_refused_with_domain(&flag, "AURIX_ACME_CA", "there is no certificate in");
    std::fs::remove_file(&file).expect("removed");
}

#[test]
fn a_password_in_a_wrong_setting_is_not_repeated() {
    let refused = config(&["--database=mysql://a:hunter2@b/c"]).unwrap_err().to_string();
    assert!(!refused.contains("hunter2"), "{refused}");
}

#[test]
fn a_mail_server_is_read_from_two_settings_or_a_file() {
    let from = "--mail-from=Aurix <aurix@example.com>";
    let server = config(&["--smtp-url=smtp://mei:hunter2@mail.example.com", from]).unwrap().mail.unwrap();
    assert_eq!((server.host.as_str(), server.from.to_string().as_str()), ("mail.example.com", &from[12..]));
    let refused = config(&["--smtp-url=smtq://mei:hunter2@mail.example.com", from]).unwrap_err();
    assert_eq!(refused.setting, "AURIX_SMTP_URL");
    assert!(refused.to_string().contains("smtp://USER:PASSWORD@HOST:587") && !refused.to_string().contains("hunter2"));
    let folder = Folder::new();
    std::fs::create_dir_all(&folder.0).unwrap();
    let file = folder.0.join("smtp");
    std::fs::write(&file, "smtps://mail.example.com\n").unwrap();
    let server = config(&[&format!("--smtp-url=@{}", file.display()), from]).unwrap().mail.unwrap();
    assert_eq!((server.host.as_str(), server.port), ("mail.example.com", 465));
}

#[test]
fn a_language_model_is_read_from_its_settings() {
    let given = ["--llm-base-url=https://api.example.com/v1", "--llm-model=small"];
    let model = config(&given).unwrap().llm.unwrap();
    assert_eq!((model.host(), model.model(), model.timeout), ("api.example.com", "small", Duration::from_secs(12)));
    let refused = |flag: &str| config(&[given[0], given[1], flag]).expect_err(flag);
    for (flag, setting) in [
        ("--llm-timeout-ms=20000", "AURIX_LLM_TIMEOUT_MS"),
        ("--llm-timeout-ms=soon", "AURIX_LLM_TIMEOUT_MS"),
        ("--llm-extra=[]", "AURIX_LLM_EXTRA"),
        ("--llm-headers=host: hunter2", "AURIX_LLM_HEADERS"),
        ("--llm-headers=hunter2", "AURIX_LLM_HEADERS"),
        ("--llm-api-key=hunter2\u{e9}", "AURIX_LLM_API_KEY"),
        ("--llm-base-url=hunter2", "AURIX_LLM_BASE_URL"),
    ] {
        let error = match flag.strip_prefix("--llm-base-url") {
            Some(_) => config(&[flag, given[1]]).expect_err(flag),
            None => refused(flag),
        };
        assert_eq!(error.setting, setting);
        assert!(!error.to_string().contains("hunter2") && error.to_string().lines().count() == 1, "{error}");
    }
    let whole = config(&[given[0], given[1], "--llm-api-key=hunter2", "--llm-timeout-ms=900"]).unwrap();
    assert_eq!(whole.llm.as_ref().unwrap().timeout, Duration::from_millis(900));
    assert!(!format!("{whole:?}").contains("hunter2"));
}

#[test]
fn settings_are_read() {
    let config = config(&[
        "--listen=localhost:0",
        "--base-url=https://aurix.example.com/",
        "--data-dir=/var/lib/aurix",
        "--secret-key=hunter2hunter2",
        "--allow-networks=127.0.0.0/8, ::1",
        "--allow-http",
        "--trusted-proxies=10.0.0.0/8",
        "--retry-schedule=1s,2s",
        "--keep-alive=90s",
        "--body-memory=1GiB",
        "--rate-limits=clicks=600,tests=off",
        "--log=aurix=debug,info",
        "--log-format=json",
    ])
    .unwrap();
    assert_eq!(config.listen, "127.0.0.1:0".parse().unwrap());
    assert_eq!((config.base_url.as_str(), config.base_url_is_default), ("https://aurix.example.com", false));
    assert!(matches!(&config.database, Location::Sqlite(file) if file == &PathBuf::from("/var/lib/aurix/aurix.db")));
    assert_eq!(config.allow_networks, ["127.0.0.0/8".parse().unwrap(), "::1/128".parse::<IpNet>().unwrap()]);
    assert_eq!(config.trusted_proxies, ["10.0.0.0/8".parse::<IpNet>().unwrap()]);
    assert!(config.allow_http && config.log_format == LogFormat::Json);
    assert_eq!(config.retry_schedule, Schedule::parse("1s,2s").unwrap());
    assert_eq!((config.keep_alive, config.body_memory), (Duration::from_secs(90), 1 << 30));
    assert_eq!(config.rate_limits, Rates::parse("clicks=600,tests=off").unwrap());
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn an_empty_setting_is_none() {
    let flags: Vec<String> = settings().iter().map(|setting| format!("{}=", setting.flag)).collect();
    let empty = config(&flags.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
    assert_eq!(format!("{empty:?}"), format!("{:?}", Config::default()));
    assert_eq!(format!("{:?}", config(&[]).unwrap()), format!("{:?}", Config::default()));
}

#[test]
fn a_setting_is_a_variable_and_a_flag_of_the_same_name() {
    let settings = settings();
    assert_eq!(settings.len(), 38);
    for setting in settings {
        let name = setting.flag.trim_start_matches("--").replace('-', "_").to_uppercase();
        assert_eq!(setting.variable, format!("AURIX_{name}"));
        assert!(setting.meaning.len() > 10, "{setting:?}");
    }
}

/// A folder of this test's own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let id = Random::from_system().token("aurix-config-", 12);
        Self(std::env::temp_dir().join(id).join("data"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(self.0.parent().expect("made with a parent"));
    }
}

#[test]
fn a_key_is_made_once_and_readable_by_its_owner_alone() {
    let folder = Folder::new();
    let config = Config { data_dir: folder.0.clone(), ..Config::default() };
    let key = config.secret(&Random::seeded(1)).unwrap();
    assert_eq!(key.len(), 43);
    assert_eq!(config.secret(&Random::seeded(2)).unwrap(), key);
    let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(folder.0.clone()), mode(folder.0.join("secret.key"))), (0o700, 0o600));
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 1, "no draft is left behind");
}

#[test]
fn many_that_start_at_once_get_the_same_key() {
    let folder = Folder::new();
    let start = |seed| {
        let config = Config { data_dir: folder.0.clone(), ..Config::default() };
        std::thread::spawn(move || config.secret(&Random::seeded(seed)).unwrap())
    };
    let keys: Vec<_> = (0..8).map(start).collect::<Vec<_>>().into_iter().map(|one| one.join().unwrap()).collect();
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
}

#[test]
fn a_key_file_that_lost_its_content_is_refused() {
    let folder = Folder::new();
    let config = Config { data_dir: folder.0.clone(), ..Config::default() };
    config.make_data_dir().unwrap();
    std::fs::write(folder.0.join("secret.key"), "\n").unwrap();
    assert!(config.secret(&Random::seeded(1)).unwrap_err().to_string().contains("is empty"));
    let given = Config { secret_key: Some(SecretString::from("given")), ..config };
    assert_eq!(given.secret(&Random::seeded(1)).unwrap(), "given");
}

#[test]
fn a_short_key_file_is_refused() {
    let folder = Folder::new();
    let config = Config { data_dir: folder.0.clone(), ..Config::default() };
    config.make_data_dir().unwrap();
    std::fs::write(folder.0.join("secret.key"), "short").unwrap();
    assert!(config.secret(&Random::seeded(1)).unwrap_err().to_string().contains("has 5 characters"));
    assert!(config.known_secrets().is_err());
}

#[test]
fn a_credential_can_stand_in_a_file() {
    let folder = Folder::new();
    let config = Config { data_dir: folder.0.clone(), ..Config::default() };
    config.make_data_dir().unwrap();
    let file = folder.0.join("token");
    std::fs::write(&file, "a token\r\n").unwrap();
    assert_eq!(credential(&format!("@{}", file.display())), Ok("a token".to_owned()));
    assert_eq!(credential("plain"), Ok("plain".to_owned()));
    assert_eq!(credential("@@home"), Ok("@home".to_owned()));
    assert!(credential("@/no/such/file").is_err());
}
