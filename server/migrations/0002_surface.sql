-- Lists and search, test sequences, the canary.

-- Texts are listed and compared in code-point order, whatever the locale of the database: every condition and every
-- order by says collate "C", and so do its indexes. Pages come from them in the order in which they are shown.
create index subscription_list on subscription (tenant, created, name collate "C", uuid) where ended is null;
create index subscription_list_owner on subscription (tenant, owner collate "C", created, name collate "C", uuid) where ended is null;
create index subscription_list_name on subscription (tenant, name collate "C") where ended is null;
create index subscription_list_type on subscription (tenant, type_filter collate "C", created, name collate "C", uuid) where ended is null;
create index subscription_list_subject on subscription (tenant, subject_filter collate "C", created, name collate "C", uuid) where ended is null;

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
  published timestamptz
);
create table canary_beat (
  event_uuid uuid primary key,
  published timestamptz not null default now(),
  arrived timestamptz
);
comment on column canary.published is 'when the last one was sent off, by whichever process';

-- Matching reads the targets in force; a subscription whose address changes often has many that are not.
create index delivery_target_in_force on delivery_target (subscription_id) where ended is null;
create index delivery_target_ended on delivery_target (ended) where ended is not null;
