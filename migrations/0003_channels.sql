-- Telegram: what a second platform needs of channels, conversations and messages.

-- As links name it: a bot's username.
ALTER TABLE channels ADD COLUMN handle TEXT;
-- What keeps messages from arriving here, and since when; when the platform is asked next. NULL where it is not asked.
ALTER TABLE channels ADD COLUMN inbound_fault TEXT;
ALTER TABLE channels ADD COLUMN inbound_fault_since BIGINT;
ALTER TABLE channels ADD COLUMN check_due_at BIGINT;
-- The platform wants fewer messages: of which conversation it last said so, until when; until when nothing is sent at all.
ALTER TABLE channels ADD COLUMN limited_conversation BIGINT;
ALTER TABLE channels ADD COLUMN limited_until BIGINT;
ALTER TABLE channels ADD COLUMN held_until BIGINT;
-- Replies a second at most: NULL for what the platform allows by default. When the next one may be sent, were they evenly spaced.
ALTER TABLE channels ADD COLUMN rate_per_second BIGINT;
ALTER TABLE channels ADD COLUMN next_at BIGINT NOT NULL DEFAULT 0;
-- Until when the platform gets nothing but replies: it wants fewer calls.
ALTER TABLE channels ADD COLUMN quiet_until BIGINT;
-- Whether it leaves groups that it is added to.
ALTER TABLE channels ADD COLUMN leaves_groups BOOLEAN NOT NULL DEFAULT FALSE;
-- When the platform takes the credentials no longer; NULL where they have no end, or none is known.
ALTER TABLE channels ADD COLUMN token_expires_at BIGINT;
CREATE INDEX channels_with_end ON channels (token_expires_at) WHERE token_expires_at IS NOT NULL;
UPDATE channels SET check_due_at = 0 WHERE kind = 'whatsapp';
CREATE INDEX channels_to_check ON channels (check_due_at) WHERE check_due_at IS NOT NULL;
CREATE INDEX channels_astray ON channels (inbound_fault_since) WHERE inbound_fault_since IS NOT NULL;

-- The language that the person's app is set to, and the part of the chat that they wrote in last: a topic, or the connection to an
-- account of the business's own (`domain::channel::Route`).
ALTER TABLE conversations ADD COLUMN language TEXT;
ALTER TABLE conversations ADD COLUMN thread TEXT;
ALTER TABLE conversations ADD COLUMN account TEXT;
-- Since when the person cannot be written to: they blocked the channel, or their account is gone.
ALTER TABLE conversations ADD COLUMN unreachable_at BIGINT;
-- Since when the person wants no marketing messages; the platform keeps them from getting any.
ALTER TABLE conversations ADD COLUMN no_marketing_since BIGINT;

-- What a reply offers to answer it by, JSON (`domain::channel::Offers`).
ALTER TABLE messages ADD COLUMN offers TEXT;
-- The approved template that a reply is, JSON (`domain::channel::Template`): it may be sent at any time.
ALTER TABLE messages ADD COLUMN template TEXT;
-- The key of the field that a person answered by a press on what was offered.
ALTER TABLE messages ADD COLUMN answers TEXT;
-- As what the platform counts a message to a person, such as `marketing`, and whether it charges for it. NULL: it did not say.
ALTER TABLE messages ADD COLUMN price_category TEXT;
ALTER TABLE messages ADD COLUMN is_billable BOOLEAN;
CREATE INDEX messages_charged ON messages (project_id, conversation_id, is_billable, price_category) WHERE is_billable IS NOT NULL;
-- Attempts since `retries_from` of which nobody knows whether the platform has the message. One that has no error, and was not
-- settled, is such.
ALTER TABLE messages ADD COLUMN unknown_attempts BIGINT NOT NULL DEFAULT 0;
-- The platform's code of a refusal that counts, and how often in a row it was that one.
ALTER TABLE messages ADD COLUMN refusal_code BIGINT;
ALTER TABLE messages ADD COLUMN refusals BIGINT NOT NULL DEFAULT 0;

-- The platform's id of a notice, where it has one: the same one twice is kept once.
ALTER TABLE notices ADD COLUMN external_id TEXT;
CREATE UNIQUE INDEX notices_by_external_id ON notices (channel, external_id) WHERE external_id IS NOT NULL;

-- Accounts of the business's own that a channel works for, as the platform said last.
CREATE TABLE channel_accounts (
    channel BIGINT NOT NULL,
    -- The platform's id of the connection.
    external_id TEXT NOT NULL,
    project_id BIGINT NOT NULL,
    username TEXT,
    may_reply BOOLEAN NOT NULL,
    told_at BIGINT NOT NULL,
    PRIMARY KEY (channel, external_id)
);

-- What a notice says and what to do about it, in words; NULL where it is kept without any.
ALTER TABLE notices ADD COLUMN words TEXT;
CREATE INDEX notices_in_words ON notices (channel, created_at) WHERE words IS NOT NULL;

-- What is wrong with a channel at its platform, until the platform says otherwise or `until` has come.
CREATE TABLE channel_troubles (
    channel BIGINT NOT NULL,
    subject TEXT NOT NULL,
    project_id BIGINT NOT NULL,
    words TEXT NOT NULL,
    since BIGINT NOT NULL,
    until BIGINT,
    PRIMARY KEY (channel, subject)
);

-- Groups that were told once that the channel talks in private only. Nothing else is known of them.
CREATE TABLE channel_groups (
    channel BIGINT NOT NULL,
    external_id TEXT NOT NULL,
    project_id BIGINT NOT NULL,
    told_at BIGINT NOT NULL,
    PRIMARY KEY (channel, external_id)
);

-- Pictures, sounds and files that people sent, by their message: fetched from the platform once, since its links end soon.
CREATE TABLE media (
    message_id BIGINT PRIMARY KEY,
    project_id BIGINT NOT NULL,
    channel BIGINT NOT NULL,
    conversation_id BIGINT NOT NULL,
    -- The platform's id to fetch it by.
    external_id TEXT NOT NULL,
    -- The platform's SHA-256 of it, hexadecimal, where it gives one.
    sha256 TEXT,
    filename TEXT,
    -- When it is fetched, or when the lease of who fetches it ends. NULL: it was fetched, or never will be.
    due_at BIGINT,
    attempts BIGINT NOT NULL,
    -- Why it was not fetched.
    error TEXT,
    -- What it is by its own bytes, and how many these are; NULL: it is not here.
    media_type TEXT,
    bytes BIGINT
);
CREATE INDEX media_due ON media (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX media_of_conversation ON media (conversation_id);

-- The bytes, apart: a list of messages does not read them.
CREATE TABLE media_content (
    message_id BIGINT PRIMARY KEY,
    content BYTEA NOT NULL
);

-- Since when it is known that a channel's number is used in the platform's own app as well; NULL: it is not known.
ALTER TABLE channels ADD COLUMN in_app_since BIGINT;

-- What was written in the platform's own app before the channel was here, as the platform told once: shown, and nothing more.
CREATE TABLE past_messages (
    id ROWID,
    project_id BIGINT NOT NULL,
    channel BIGINT NOT NULL,
    -- The platform's id of the message.
    external_id TEXT NOT NULL,
    -- The platform's ids of the person, whoever wrote. They find the messages until `conversation_id` says whose these are: ids move on
    -- to other people.
    external_user_id TEXT,
    external_phone_id TEXT,
    conversation_id BIGINT,
    -- Whether the business wrote it.
    is_ours BOOLEAN NOT NULL,
    kind TEXT NOT NULL,
    text TEXT,
    sent_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX past_messages_by_external_id ON past_messages (channel, external_id);
CREATE INDEX past_messages_by_phone_id ON past_messages (channel, external_phone_id, sent_at) WHERE conversation_id IS NULL;
CREATE INDEX past_messages_by_user_id ON past_messages (channel, external_user_id, sent_at) WHERE conversation_id IS NULL;
CREATE INDEX past_messages_by_conversation ON past_messages (conversation_id, sent_at) WHERE conversation_id IS NOT NULL;
CREATE INDEX past_messages_by_time ON past_messages (project_id, sent_at);

-- The address book of the platform's own app. What was removed stays for its time, so that older news of it does not count.
CREATE TABLE address_book (
    channel BIGINT NOT NULL,
    -- The platform's id of the person: the digits of a number, or the id that is no number.
    external_id TEXT NOT NULL,
    project_id BIGINT NOT NULL,
    name TEXT,
    told_at BIGINT NOT NULL,
    PRIMARY KEY (channel, external_id)
);
CREATE INDEX address_book_by_time ON address_book (project_id, told_at);

-- The chat on the page: what its panel calls the business by, and its first words; NULL for those of the visitor's language.
ALTER TABLE channels ADD COLUMN title TEXT;
ALTER TABLE channels ADD COLUMN greeting TEXT;

-- The number of a message in its chat, from 1 and without a gap, where people fetch their messages here: given in the order in which
-- transactions end, so that whoever has all up to a number misses none.
ALTER TABLE messages ADD COLUMN seq BIGINT;
CREATE UNIQUE INDEX messages_by_seq ON messages (conversation_id, seq) WHERE seq IS NOT NULL;

-- Chats on pages: a visitor's browser has the token, which is nowhere else. Without a conversation: nothing was written yet.
CREATE TABLE chats (
    id ROWID,
    project_id BIGINT NOT NULL,
    channel BIGINT NOT NULL,
    widget_id BIGINT NOT NULL,
    token_hash TEXT NOT NULL UNIQUE,
    -- A UUID: the channel's id of the person.
    visitor TEXT NOT NULL UNIQUE,
    conversation_id BIGINT,
    -- How the visitor came, as their browser said when the chat was opened.
    correlation_id TEXT,
    device_id TEXT,
    language TEXT,
    page TEXT,
    -- The number of the newest message, and of the newest that the visitor has seen.
    last_seq BIGINT NOT NULL DEFAULT 0,
    read_seq BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    -- When it was opened or written in last.
    used_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX chats_by_conversation ON chats (conversation_id) WHERE conversation_id IS NOT NULL;
CREATE INDEX chats_by_use ON chats (project_id, used_at);
CREATE INDEX chats_unwritten ON chats (project_id, used_at) WHERE conversation_id IS NULL;
