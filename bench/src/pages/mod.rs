//! `aurix-bench pages`: every page of the console on a database that `seed` filled, each beside a bare answer of the same size.
//!
//! One page at a time, in an order that is drawn anew in each round, about another lead or delivery each time, so that no answer
//! is measured that was just given. Right behind it a server without work gives as many bytes over the same network.

mod browser;
mod measured;
mod site;
mod streams;
mod subjects;
mod weight;

use std::fs::File;
use std::path::Path;

use anyhow::ensure;
use rustix::fs::{Advice, fadvise};

use self::browser::{Browser, Encoding};
use self::measured::Measured;
pub use self::measured::Report;
use self::site::{PAGES, Page};
use self::streams::FILES;
use self::subjects::Subjects;
use self::weight::Files;
use crate::process::Meter;
use crate::program::Program;
use crate::progress::Progress;
use crate::roles::Bare;
use crate::rows;
use crate::seed::draw::{Draw, For};
use crate::seed::history::{PASSWORD, PEOPLE};
use crate::server::Server;
use aurix::config::Config;
use aurix::core::Core;
use aurix::db::Location;

/// The most rounds.
pub const ROUNDS_MAX: u64 = 10_000;
/// Subjects that are tried for a page: not everybody has a name.
const TRIES: u32 = 50;
/// Subjects that are drawn at least.
const SUBJECTS_MIN: u64 = 100;
/// What the server must not do meanwhile: rows of a seed are as old as they are.
const SETTINGS: [(&str, &str); 1] = [("AURIX_RETENTION", "attempts=forever")];

/// Which pages, and how often.
pub struct Wanted {
    /// How often each page is asked for.
    pub rounds: u64,
    /// Only pages with this in their name.
    pub only: String,
}

/// Measures the pages of the console on a database.
pub async fn run(config: Config, program: &Program, wanted: &Wanted) -> anyhow::Result<Report> {
    ensure!((1..=ROUNDS_MAX).contains(&wanted.rounds), "--rounds: 1 to {ROUNDS_MAX}");
    let progress = Progress::new();
    progress.begin("drawing what to ask for");
    let (folder, database) = (config.data_dir.clone(), setting_of(&config.database));
    let core = aurix::serve::open(config).await?;
    let count = SUBJECTS_MIN.max(wanted.rounds * 2);
    let subjects = core.db.read(async move |conn| Subjects::read(conn, count).await).await?;
    progress.begin("starting the server");
    let server = Server::start_with(program, (&folder, &database), &SETTINGS).await?;
    let mut browser = Browser::open(server.address()).await?;
    browser.sign_in(PEOPLE[0].email, PASSWORD).await?;
    let bare = Bare::start().await?;
    let mut visit = Visit {
        guest: Browser::open(server.address()).await?,
        bare: Browser::open(bare.address()).await?,
        browser,
        subjects,
        files: Files::default(),
        core,
        server,
        asked: 0,
    };
    let report = visit.report(wanted, &progress).await?;
    progress.end();
    Ok(report)
}

/// The setting of a database, as a server gets it.
fn setting_of(database: &Location) -> String {
    match database {
        Location::Sqlite(path) => format!("sqlite:{}", path.display()),
        Location::Postgres(url) => url.clone(),
    }
}

struct Visit {
    browser: Browser,
    guest: Browser,
    bare: Browser,
    subjects: Subjects,
    files: Files,
    core: Core,
    server: Server,
    /// Pages that were asked for so far: each draws its own.
    asked: u64,
}

impl Visit {
    async fn report(&mut self, wanted: &Wanted, progress: &Progress) -> anyhow::Result<Report> {
        let pages: Vec<&Page> = PAGES.iter().filter(|page| page.name.contains(&wanted.only)).collect();
        let (with, without): (Vec<&Page>, Vec<&Page>) =
            pages.into_iter().partition(|page| address(page, &self.subjects, 0).is_some());
        let mut measured: Vec<Measured> =
            with.iter().map(|page| Measured { name: page.name, ..Measured::default() }).collect();
        progress.phase("one of each", with.len() as u64);
        for (page, measured) in with.iter().zip(&mut measured) {
            self.weigh(page, measured).await?;
            progress.step(1);
        }
        progress.phase("all pages in turns", with.len() as u64 * wanted.rounds);
        for round in 0..wanted.rounds {
            let meter = self.meter().await?;
            for place in shuffled(with.len(), round) {
                self.measure(with[place], &mut measured[place], &meter).await?;
                progress.step(1);
            }
        }
        if let Location::Sqlite(path) = self.core.config.database.clone() {
            progress.phase("pages of which nothing is in memory", with.len() as u64);
            for (page, measured) in with.iter().zip(&mut measured) {
                forget(&path)?;
                measured.cold = Some(self.ask(page).await?.after);
                progress.step(1);
            }
        }
        let mut files = Vec::new();
        let meter = self.meter().await?;
        for file in FILES.iter().filter(|file| file.name.contains(&wanted.only)) {
            progress.begin(file.name);
            files.push((file.name, file.read(&self.browser, &self.subjects, &meter).await?));
        }
        Ok(Report {
            engine: self.core.db.engine(),
            rounds: wanted.rounds,
            pages: measured,
            files,
            live: streams::live(&self.browser, &self.subjects).await?,
            without: without.iter().map(|page| page.name).collect(),
        })
    }

    async fn meter(&self) -> anyhow::Result<Meter> {
        Ok(Meter::of(self.server.pid(), rows::backends(&self.core.db).await?))
    }

    /// An address of a page that was not asked for before, as far as there are so many.
    fn address(&mut self, page: &Page) -> String {
        self.asked += 1;
        address(page, &self.subjects, (1 << 32) + self.asked).unwrap_or_default()
    }

    async fn ask(&mut self, page: &Page) -> anyhow::Result<browser::Got> {
        let address = self.address(page);
        let browser = if page.is_for_guests() { &mut self.guest } else { &mut self.browser };
        let got = browser.get(&address, Encoding::Compressed).await?;
        ensure!(got.status < 400, "{address} was answered with {}", got.status);
        Ok(got)
    }

    /// The first answer, to be read: it counts for nothing else.
    async fn weigh(&mut self, page: &Page, measured: &mut Measured) -> anyhow::Result<()> {
        let address = self.address(page);
        let browser = if page.is_for_guests() { &mut self.guest } else { &mut self.browser };
        let html = String::from_utf8_lossy(&browser.get(&address, Encoding::Plain).await?.body).into_owned();
        let got = browser.get(&address, Encoding::Compressed).await?;
        measured.elements = weight::elements(&html);
        measured.bytes = got.body.len() as u64;
        measured.weight = self.files.of(&mut self.browser, &html).await?;
        Ok(())
    }

    async fn measure(&mut self, page: &Page, measured: &mut Measured, meter: &Meter) -> anyhow::Result<()> {
        let before = meter.read_exactly()?;
        let got = self.ask(page).await?;
        measured.cpu += meter.read_exactly()?.saturating_sub(before);
        measured.times.push(got.after);
        let bytes = got.body.len() as u64;
        measured.bytes = measured.bytes.max(bytes);
        measured.bare.push(self.bare.get(&format!("/{bytes}"), Encoding::Compressed).await?.after);
        Ok(())
    }
}

/// An address of a page; `None` where none of many subjects has what it shows.
fn address(page: &Page, subjects: &Subjects, number: u64) -> Option<String> {
    let draw = &mut Draw::new(For::Page, number);
    (0..TRIES).find_map(|_| page.address(subjects, draw))
}

/// The places of `count` things in an order of their own.
fn shuffled(count: usize, round: u64) -> Vec<usize> {
    let draw = &mut Draw::new(For::Page, (1 << 33) + round);
    let mut places: Vec<usize> = (0..count).collect();
    for place in (1..count).rev() {
        places.swap(place, draw.below(place as u64 + 1) as usize);
    }
    places
}

/// Throws a file out of the system's memory, as far as it is on disk.
fn forget(path: &Path) -> anyhow::Result<()> {
    let file = File::open(path)?;
    file.sync_data()?;
    fadvise(&file, 0, None, Advice::DontNeed)?;
    Ok(())
}
