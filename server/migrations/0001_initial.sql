-- What the service stores. The flow of an event through these tables: docs/architecture.md.

-- One row: decisions that hold for the life of this database.
create table installation (
  only_row boolean primary key default true check (only_row),
  partition_count smallint not null,
  broker_kind text not null,
  created timestamptz not null default now()
);

-- A process that dispatches. Its lease covers all partitions that name it as their owner, so a renewal is one row.
create table dispatcher (
  id uuid primary key,
  address text not null,
  started timestamptz not null default now(),
  lease_until timestamptz not null
);

-- Who works a partition. Updated by take-over and release only; every dispatch and settle transaction locks it for
-- share.
create table partition (
  id smallint primary key,
  owner uuid,
  epoch bigint not null default 0
);

-- How far a partition has been dispatched. Apart from `partition`: moving it must not wait for the share locks there.
create table partition_cursor (
  partition smallint primary key,
  position bigint not null default 0
) with (fillfactor = 10);

create sequence event_position;

-- Every record, in the order of its partition: the inbox. Rows are inserted and deleted; only a redrive of a dead
-- letter changes one, its position.
create table event (
  partition smallint not null,
  position bigint not null,
  uuid uuid not null unique,
  kind text not null,
  format smallint not null,
  tenant text not null,
  series_key uuid,
  type1 text,
  type2 text,
  type3 text,
  subject text,
  ends_series boolean not null default false,
  deletes_subscriptions boolean not null default false,
  received timestamptz not null,
  body text not null,
  seq_offset integer not null default 0,
  body_bytes integer not null,
  primary key (partition, position)
);
comment on column event.kind is 'event, or end_series (a control record)';
comment on column event.series_key is 'hash of tenant, source, subject, seriesId; null outside a series';
comment on column event.subject is 'for matching only: null when absent or longer than a filter can be';
comment on column event.body is 'the JSON text that goes out, as text: NUL and lone surrogates stay escaped';
comment on column event.seq_offset is 'where seriesSeqCount goes into body, in UTF-16 units';

create table series (
  series_key uuid primary key,
  partition smallint not null,
  last_number bigint not null,
  used timestamptz not null default now()
) with (fillfactor = 50);

create table subscription (
  id bigint generated always as identity primary key,
  uuid uuid not null unique,
  tenant text not null,
  owner text not null,
  name text not null,
  description text,
  enabled boolean not null,
  type_filter text not null,
  type1 text not null,
  type2 text not null,
  type3 text not null,
  subject_filter text not null,
  ttl_minutes integer not null,
  expiry timestamptz,
  created timestamptz not null default now(),
  updated timestamptz not null default now(),
  ended timestamptz,
  end_reason text check (end_reason in ('deleted', 'expired', 'subject'))
);
comment on column subscription.end_reason is 'deleted: what waits is cancelled; expired, subject: what waits goes out';

create unique index subscription_living_name on subscription (tenant, owner, name) where ended is null;
-- An expired subscription still matches what was received before its expiry, so it stays in these until it is purged.
create index subscription_by_subject on subscription (tenant, subject_filter)
  where enabled and subject_filter <> '*' and (ended is null or end_reason = 'expired');
create index subscription_by_type on subscription (tenant, type1, type2, type3)
  where enabled and subject_filter = '*' and (ended is null or end_reason = 'expired');
create index subscription_living_subject on subscription (tenant, subject_filter) where ended is null;
create index subscription_expiry on subscription (expiry) where ended is null and expiry is not null;
create index subscription_ended on subscription (ended) where ended is not null;

create table delivery_target (
  id bigint generated always as identity primary key,
  subscription_id bigint not null references subscription,
  ordinal smallint not null,
  method text not null,
  address text not null,
  address_key uuid not null,
  ended timestamptz
);
-- An address that comes back to a subscription is the same target again, so it keeps its lanes.
create unique index delivery_target_once on delivery_target (subscription_id, method, address_key);

-- One match of one event, for one target. The lane it waits in is (target_id, lane_series).
create table notification (
  target_id bigint not null,
  lane_series uuid not null,
  position bigint not null,
  partition smallint not null,
  uuid uuid not null default gen_random_uuid(),
  number bigint not null,
  created timestamptz not null default now(),
  state text not null default 'waiting' check (state in ('waiting', 'delivered', 'given_up', 'cancelled')),
  attempts integer not null default 0,
  http_status smallint,
  settled timestamptz,
  primary key (target_id, lane_series, position)
) with (fillfactor = 50);
create index notification_position on notification (partition, position);
comment on column notification.lane_series is 'the series key, or the event uuid outside a series';
comment on column notification.number is 'seriesSeqCount, or -1 outside a series';

-- Failed attempts only; the success is on the notification.
create table attempt (
  target_id bigint not null,
  lane_series uuid not null,
  position bigint not null,
  partition smallint not null,
  number integer not null,
  started timestamptz not null,
  duration_ms integer not null,
  http_status smallint,
  reason text not null,
  primary key (target_id, lane_series, position, number)
);
create index attempt_position on attempt (partition, position);

-- A lane with something waiting. Its row lock orders "settle n" and "insert n+1"; the row goes with its last
-- notification.
create table lane (
  target_id bigint not null,
  lane_series uuid not null,
  partition smallint not null,
  method text not null,
  address_key uuid not null,
  head_position bigint not null,
  waiting integer not null,
  attempts integer not null default 0,
  due timestamptz not null default now(),
  primary key (target_id, lane_series)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
create index lane_due on lane (method, partition, address_key, due);

-- deleteSubscriptionsMatchingSubject: how many notifications of the event are unsettled, and what goes when none is.
create table subject_removal (
  position bigint primary key,
  partition smallint not null,
  unsettled integer not null
);
create index subject_removal_ready on subject_removal (position) where unsettled <= 0;
create table subject_removal_member (
  position bigint not null,
  subscription_id bigint not null,
  primary key (position, subscription_id)
);

-- Records that cannot be dispatched whatever is tried. A person looks.
create table dead_letter (
  partition smallint not null,
  position bigint not null,
  uuid uuid not null,
  reason text not null,
  parked timestamptz not null default now(),
  primary key (partition, position)
);

-- The current definition is in 0005_lanes_in_memory.sql.
-- Publish a group of records: one autocommit statement. Takes the partitions' advisory locks in ascending order and
-- holds them until the commit is visible, so position order is commit order within a partition. Positions are allotted
-- in the order given; the rows are inserted in the order of their uuids, so that two groups which share uuids (repeated
-- idempotency keys) cannot wait for each other.
create function publish_records(
  notify boolean, partitions smallint[], uuids uuid[], kinds text[], formats smallint[], tenants text[], series_keys uuid[],
  types1 text[], types2 text[], types3 text[], subjects text[], ends boolean[], deletes boolean[], receiveds timestamptz[],
  bodies text[], seq_offsets integer[], body_sizes integer[]
) returns void language plpgsql as $$
begin
  perform pg_advisory_xact_lock(1953064306, id) from (select distinct unnest(partitions)::integer as id order by 1) as sorted;
  insert into event (partition, position, uuid, kind, format, tenant, series_key, type1, type2, type3, subject,
                     ends_series, deletes_subscriptions, received, body, seq_offset, body_bytes)
  select p, position, u, k, f, te, s, t1, t2, t3, su, e, d, r, b, o, z
  from (
    select given.*, nextval('event_position') as position
    from (select * from unnest(partitions, uuids, kinds, formats, tenants, series_keys, types1, types2, types3, subjects,
                               ends, deletes, receiveds, bodies, seq_offsets, body_sizes)
          with ordinality as t(p, u, k, f, te, s, t1, t2, t3, su, e, d, r, b, o, z, ord) order by ord) as given) as placed
  order by u
  on conflict (uuid) do nothing;
  if notify then
    perform pg_notify('tidings_events', '');
  end if;
end $$;

-- The current definition is in 0005_lanes_in_memory.sql.
-- The fence: share locks on partitions that are still ours, or error TD001. See server/db/fence.ts.
create function lock_owned(owner_id uuid, ids smallint[], epochs bigint[]) returns void language plpgsql as $$
declare
  locked integer;
begin
  perform from partition
  join unnest(ids, epochs) as held (id, epoch) on held.id = partition.id
  where partition.owner = owner_id and partition.epoch = held.epoch
  order by partition.id
  for share of partition;
  get diagnostics locked = row_count;
  if locked <> cardinality(ids) then
    raise exception 'a partition belongs to another process' using errcode = 'TD001';
  end if;
end $$;
