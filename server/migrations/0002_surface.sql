-- Lists and search, test sequences, the canary.

-- Texts of a subscription are compared and sorted by code point, whatever the locale of the database. It is said of the
-- columns, once: an index serves a condition or an order only when both have the same collation.
alter table subscription
  alter column tenant type text collate "C",
  alter column owner type text collate "C",
  alter column name type text collate "C",
  alter column description type text collate "C",
  alter column type_filter type text collate "C",
  alter column type1 type text collate "C",
  alter column type2 type text collate "C",
  alter column type3 type text collate "C",
  alter column subject_filter type text collate "C";

-- Lists. A page comes from one of these in the order of creation, those of equal `created` sorted as they come.
create index subscription_list on subscription (tenant, created) where ended is null;
create index subscription_list_owner on subscription (tenant, owner, created) where ended is null;
create index subscription_list_name on subscription (tenant, name, created) where ended is null;
create index subscription_list_type on subscription (tenant, type_filter, created) where ended is null;
create index subscription_list_subject on subscription (tenant, subject_filter, created) where ended is null;
drop index subscription_living_subject; -- what it did, subscription_list_subject does

-- A test sequence is a subscription to its own callback, and events that are published one after the other.
create table test_sequence (
  subscription_id bigint primary key references subscription on delete cascade,
  start_count integer not null,
  ends_series boolean not null,
  published integer not null default 0,
  next_due timestamptz,
  stopped boolean not null default false,
  notification_count bigint not null default 0,
  kept integer not null default 0,
  kept_bytes integer not null default 0,
  created timestamptz not null default now(),
  updated timestamptz not null default now()
);
create index test_sequence_due on test_sequence (next_due) where published < start_count and not stopped;
-- For a deletion that was interrupted.
create index test_sequence_stopped on test_sequence (subscription_id) where stopped;
comment on column test_sequence.next_due is 'null until its first event is stored';
comment on column test_sequence.start_count is 'how many events the caller asked for';
comment on column test_sequence.notification_count is 'callbacks that came, kept or not';

-- Callbacks of a test sequence, as they came.
create table test_notification (
  id bigint generated always as identity primary key,
  subscription_id bigint not null references test_sequence on delete cascade,
  body text not null,
  received timestamptz not null default now()
);
create index test_notification_sequence on test_notification (subscription_id, id);

-- The service's own liveness events: one subscription, whose only receiver is the process that sends to it.
create table canary (
  only_row boolean primary key default true check (only_row),
  address text not null,
  published timestamptz,
  alarmed timestamptz
);
create table canary_beat (
  event_uuid uuid primary key,
  published timestamptz not null default now(),
  arrived timestamptz,
  reported boolean not null default false
);
comment on column canary.published is 'when the last one was sent off, by whichever process';
comment on column canary.alarmed is 'since when beats are known to be missing; null: all is well';
comment on column canary_beat.reported is 'overdue, and said so';

-- Matching reads the targets in force; a subscription whose address changes often has many that are not.
create index delivery_target_in_force on delivery_target (subscription_id) where ended is null;
create index delivery_target_ended on delivery_target (ended) where ended is not null;

-- Subscriptions that were copied from another service, for ever: what ended here and was removed must not come back.
create table imported_subscription (
  uuid uuid primary key,
  imported timestamptz not null default now()
);
