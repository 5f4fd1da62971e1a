-- Numbers for marketers: where visits came from, when leads reached each step, and how many there were.

-- Links without a site: `/l/{slug}` leads to the channel of the widget, and says where the visitor came from. A slug is one of the whole
-- instance, since the address names no project. One that was removed stays: it may be printed somewhere.
CREATE TABLE links (
    id ROWID,
    project_id BIGINT NOT NULL REFERENCES projects (id),
    widget_id BIGINT NOT NULL REFERENCES widgets (id),
    slug TEXT NOT NULL UNIQUE,
    source TEXT NOT NULL,
    medium TEXT NOT NULL,
    campaign TEXT NOT NULL,
    text TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- How many people followed it since it was paused, and when the last of them did.
    followed BIGINT NOT NULL DEFAULT 0,
    followed_at BIGINT
);
CREATE INDEX links_by_project ON links (project_id, id);
CREATE INDEX links_followed ON links (followed_at) WHERE followed_at IS NOT NULL;

-- The host that a project's links have instead of the server's. It names the project, so that it is one of the whole instance.
ALTER TABLE projects ADD COLUMN links_domain TEXT;
CREATE UNIQUE INDEX projects_by_links_domain ON projects (links_domain) WHERE links_domain IS NOT NULL;

-- Whether the button's script takes over the chat links that the site has.
ALTER TABLE widgets ADD COLUMN takes_links BOOLEAN NOT NULL DEFAULT FALSE;

-- Where visits of a project came from (`domain::source`). A row never changes and is never removed: counts name it. `digest` names
-- what stands in it.
CREATE TABLE sources (
    id ROWID,
    project_id BIGINT NOT NULL REFERENCES projects (id),
    digest TEXT NOT NULL,
    source TEXT NOT NULL,
    medium TEXT NOT NULL,
    campaign TEXT NOT NULL,
    referrer TEXT NOT NULL,
    landing TEXT NOT NULL,
    channel BIGINT,
    widget_id BIGINT,
    link_id BIGINT,
    device TEXT NOT NULL,
    -- What is wrong with the address (`domain::source::Trouble`), or nothing.
    trouble TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (project_id, digest)
);
CREATE INDEX sources_in_trouble ON sources (trouble, project_id) WHERE trouble <> '';
CREATE INDEX sources_by_link ON sources (project_id, link_id) WHERE link_id IS NOT NULL;

-- The ads that visits came by, keyed by the platform's ids, or by names where there are none.
CREATE TABLE ads (
    id ROWID,
    project_id BIGINT NOT NULL REFERENCES projects (id),
    digest TEXT NOT NULL,
    platform TEXT NOT NULL,
    campaign_id TEXT NOT NULL,
    adset_id TEXT NOT NULL,
    ad_id TEXT NOT NULL,
    keyword TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (project_id, digest)
);

-- What an ad and what it belongs to are called, from a time on.
CREATE TABLE ad_names (
    ad BIGINT NOT NULL,
    since BIGINT NOT NULL,
    project_id BIGINT NOT NULL,
    campaign TEXT NOT NULL,
    adset TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (ad, since)
);
CREATE INDEX ad_names_by_project ON ad_names (project_id);

-- How many sources and ads a project got on a day (UTC, days since 1970): more than a bound are counted as one.
CREATE TABLE new_sources (
    project_id BIGINT NOT NULL REFERENCES projects (id),
    day BIGINT NOT NULL,
    sources BIGINT NOT NULL,
    ads BIGINT NOT NULL,
    PRIMARY KEY (project_id, day)
);

-- Of its first click: set when it starts, NULL until then for what is older than counts. Internal: of the business's own people.
ALTER TABLE sessions ADD COLUMN source_id BIGINT;
ALTER TABLE sessions ADD COLUMN ad BIGINT;
ALTER TABLE sessions ADD COLUMN is_internal BOOLEAN NOT NULL DEFAULT FALSE;

-- When people first called it worth their time, and when they called it won: NULL where they do not.
ALTER TABLE leads ADD COLUMN qualified_at BIGINT;
ALTER TABLE leads ADD COLUMN won_at BIGINT;
ALTER TABLE leads ADD COLUMN is_internal BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX leads_own_people ON leads (project_id, id) WHERE is_internal;
-- What the first message said of the correlation id (`domain::attributed::Reference`); NULL for what is older than this.
ALTER TABLE leads ADD COLUMN reference TEXT;
UPDATE leads
SET qualified_at = (
    SELECT MIN(a.created_at) FROM lead_activity AS a WHERE a.lead_id = leads.id AND a.kind = 'stage'
)
WHERE stage IN ('qualified', 'won');
UPDATE leads
SET won_at = (
    SELECT MAX(a.created_at) FROM lead_activity AS a WHERE a.lead_id = leads.id AND a.kind = 'stage'
)
WHERE stage = 'won';

-- Browsers of the business's own people: what they click is not counted.
CREATE TABLE internal_devices (
    project_id BIGINT NOT NULL REFERENCES projects (id),
    device_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, device_id)
);

-- What is counted of each lead: where it came from, and when it reached each step. Written with its counts, in the transaction of what
-- changes them; a lead that is not counted has no row.
CREATE TABLE lead_steps (
    lead_id BIGINT PRIMARY KEY,
    project_id BIGINT NOT NULL,
    source_id BIGINT NOT NULL,
    ad BIGINT,
    -- When its session began, or itself where there is none.
    clicked_at BIGINT NOT NULL,
    began_at BIGINT NOT NULL,
    lead_at BIGINT,
    complete_at BIGINT,
    qualified_at BIGINT,
    won_at BIGINT,
    is_good BOOLEAN NOT NULL,
    -- By what it is known where it came from, or why it is not (`domain::attributed::Attributed`).
    attributed TEXT NOT NULL
);
CREATE INDEX lead_steps_by_click ON lead_steps (project_id, clicked_at, lead_id);
CREATE INDEX lead_steps_by_beginning ON lead_steps (project_id, began_at, lead_id);
CREATE INDEX lead_steps_by_lead ON lead_steps (project_id, lead_at, lead_id) WHERE lead_at IS NOT NULL;
CREATE INDEX lead_steps_by_completion ON lead_steps (project_id, complete_at, lead_id) WHERE complete_at IS NOT NULL;
CREATE INDEX lead_steps_by_qualification ON lead_steps (project_id, qualified_at, lead_id) WHERE qualified_at IS NOT NULL;
CREATE INDEX lead_steps_by_sale ON lead_steps (project_id, won_at, lead_id) WHERE won_at IS NOT NULL;

-- How many. `series` says of what and how long (`domain::counts`): of a source or an ad by local day or month, of the project by
-- quarter of an hour, or of what it is known by, or why not, where conversations came from, by local day; `at` is the day since 1970, the month since year 0, or the quarter since 1970 (UTC). `slot`: who writes, so
-- that no two nodes wait for one row. Without `of_`: when it happened; with it: when the session began.
CREATE TABLE counts (
    project_id BIGINT NOT NULL,
    series INTEGER NOT NULL,
    at BIGINT NOT NULL,
    subject BIGINT NOT NULL,
    slot INTEGER NOT NULL,
    clicks BIGINT NOT NULL,
    sessions BIGINT NOT NULL,
    conversations BIGINT NOT NULL,
    leads BIGINT NOT NULL,
    complete BIGINT NOT NULL,
    qualified BIGINT NOT NULL,
    won BIGINT NOT NULL,
    good BIGINT NOT NULL,
    of_conversations BIGINT NOT NULL,
    of_leads BIGINT NOT NULL,
    of_complete BIGINT NOT NULL,
    of_qualified BIGINT NOT NULL,
    of_won BIGINT NOT NULL,
    of_good BIGINT NOT NULL,
    PRIMARY KEY (project_id, series, at, subject, slot)
) IN_KEY_ORDER;

-- Clicks that are not counted yet: noted with each, and taken out by the transaction that counts them, many at once.
CREATE TABLE uncounted_clicks (
    project_id BIGINT NOT NULL,
    click_id BIGINT NOT NULL,
    source_id BIGINT NOT NULL,
    ad BIGINT,
    clicked_at BIGINT NOT NULL,
    -- Whether it began its session.
    begins BOOLEAN NOT NULL,
    PRIMARY KEY (project_id, click_id)
) IN_KEY_ORDER;

-- What is still to be counted of a project, or to be counted anew in another time zone (`domain::counts::Step`), NULL for nothing; up
-- to which row or day it is done; where it began, and where it ends, for how far it is.
ALTER TABLE projects ADD COLUMN recount_step TEXT;
ALTER TABLE projects ADD COLUMN recount_done BIGINT NOT NULL DEFAULT 0;
ALTER TABLE projects ADD COLUMN recount_first BIGINT NOT NULL DEFAULT 0;
ALTER TABLE projects ADD COLUMN recount_last BIGINT NOT NULL DEFAULT 0;
UPDATE projects SET recount_step = 'sessions';

-- The steps of setting up that a project's people skipped (`domain::setup::Step`), with spaces between.
ALTER TABLE projects ADD COLUMN setup_skipped TEXT NOT NULL DEFAULT '';

-- Since when the person waits for an answer of a person of the business: NULL where nobody does. It outlasts a take-over.
ALTER TABLE conversations ADD COLUMN asked_at BIGINT;
-- How long they had waited when this message of a person answered them, in microseconds; NULL of every other message.
ALTER TABLE messages ADD COLUMN waited BIGINT;
CREATE INDEX messages_answering ON messages (project_id, created_at, waited) WHERE waited IS NOT NULL;
-- Sales of which nobody said what they were worth.
CREATE INDEX leads_without_value ON leads (project_id, id) WHERE stage = 'won' AND stage_value IS NULL;

CREATE INDEX automated_requests_by_day ON automated_requests (project_id, day);
