-- Lanes in the memory of their owner: a lane has a row only while it is cold. Records by name, and what the tables hold
-- at all times.

-- It waits for locks that running processes hold, and they wait behind it. Shorter than deadlock_timeout, so this
-- migration gives way, and the start that runs it tries again a second later.
set local lock_timeout = '500ms';

-- In the lock order of docs/architecture.md. `partition` comes first: every dispatch and every settlement begins with
-- the fence on it, so none of them is in the middle of anything while the other locks are waited for.
lock table partition, lane, partition_cursor, notification, subscription, delivery_target, test_sequence
  in access exclusive mode;

-- Of dispatchers and partitions, 2 is also: lanes without rows. Who reads only 1 takes every lane to have one.
comment on column partition.format is
  'what its next owner must read at least: 2 since an owner kept lanes without rows, more after a newer record';
comment on column dispatcher.format is 'the newest format that it reads; from 2 it keeps lanes without rows';

-- Left at 0, it would have a take-over read the whole history. It is set to the cursor when a partition that was kept
-- by the former release is taken: there every lane has a row.
alter table partition_cursor add column settled_below bigint not null default 0;
comment on column partition_cursor.settled_below is
  'the watermark: up to here, what is not settled is in a lane that has a row';

-- The former release writes neither, and runs on this schema while dispatchers are replaced.
alter table lane
  add column format smallint not null default 1,
  add column tenant_key uuid,
  add column wakes_after timestamptz;
comment on column lane.format is '1: head_position and waiting are exact; 2: head_position is a lower bound, waiting 1';
comment on column lane.tenant_key is 'null: of a row whose writer did not tell';
comment on column lane.wakes_after is
  'it is due once its address is found to work again at this time or later; null: not before its time';

-- The lanes that are woken so, without an update of each.
create index lane_wakes on lane (method, partition, address_key, wakes_after) where wakes_after is not null;

-- Insert-only: an update of `event` instead costs seven times as much and writes its indexes again.
create table dispatched (
  partition smallint not null,
  position bigint not null,
  number bigint not null,
  dispatched timestamptz not null default now(),
  primary key (partition, position)
);
comment on table dispatched is 'which events have been dispatched; parked ones are in dead_letter instead';
comment on column dispatched.number is 'seriesSeqCount, or -1 outside a series';

-- An event with so many matches that its notifications are inserted in slices. Its targets are fixed at the dispatch.
create table fan_out (
  partition smallint not null,
  position bigint not null,
  lane_series uuid not null,
  number bigint not null,
  received timestamptz not null,
  size integer not null,
  done integer not null default 0,
  target_ids bigint[] not null,
  primary key (partition, position)
);
-- Each slice reads all of it: not compressed, that is a tenth of the time.
alter table fan_out alter column target_ids set storage external;
comment on table fan_out is
  'events whose notifications are inserted in slices, and later events of their series. Behind the watermark, always';
comment on column fan_out.received is 'of the event, or of the dispatch if that was earlier';
comment on column fan_out.size is 'length of target_ids';
comment on column fan_out.done is 'how many of target_ids have had their turn';

-- `notification` gets no index: settlements and cold lanes use its primary key, take-overs (partition, position). One
-- with the state in it would have every settlement write all its indexes.

-- By which transaction a subscription was deleted: those that were not visible to an earlier look have an id from the
-- `xmin` of its snapshot on, however late they commit. A trigger, because an api of the former release deletes too.
alter table subscription add column ended_xid xid8;
comment on column subscription.ended_xid is 'of the transaction that deleted it; null: of an earlier release';
create index subscription_deleted on subscription (ended_xid) where ended_xid is not null;

create function note_deletion() returns trigger language plpgsql as $$
begin
  new.ended_xid := pg_current_xact_id();
  return new;
end $$;
create trigger subscription_deletion before update on subscription for each row
  when (new.end_reason = 'deleted' and old.end_reason is distinct from 'deleted')
  execute function note_deletion();

-- A dispatcher of the former release tries a partition of a newer format when nobody else has taken it for a minute,
-- and lowers the format to its own. It would overlook lanes without rows, so its update changes nothing here; it polls
-- again. The same for an owner that is not registered (any longer): what it reads is not known.
create function keep_from_former_release() returns trigger language plpgsql as $$
begin
  perform from dispatcher where dispatcher.id = new.owner and dispatcher.format >= 2;
  if not found then
    return null;
  end if;
  return new;
end $$;
create trigger partition_keeps_its_lanes before update on partition for each row
  when (old.format >= 2 and new.owner is not null and new.owner is distinct from old.owner)
  execute function keep_from_former_release();

-- The functions below. Each is one autocommit statement for its caller, and begins with the fence. In plpgsql every
-- statement has a newer snapshot than the lock waits before it. What is updated or deleted is found by key in a lateral
-- sub-select and then by its place (`ctid`): a join by key may be planned, while a table is small, to read all of it.
-- Callers give arrays in the lock order: partitions by id, series and lanes by key, events by position.
-- Codes: TD001 a partition is not ours; TD002 a cursor, or a fan-out, and TD003 a counter is not what the caller knows;
-- TD004 there are too many matches.

-- The fence: share locks on partitions that are still ours, in the order of their ids, or error TD001. A row that is
-- not ours is no row, hence the count.
create or replace function lock_owned(owner_id uuid, ids smallint[], epochs bigint[])
returns void language plpgsql as $$
declare
  locked integer;
begin
  perform
  from (select * from unnest(ids, epochs) as given (id, epoch) order by given.id) as held
  cross join lateral (
    select from partition
    where partition.id = held.id and partition.owner = owner_id and partition.epoch = held.epoch
    for share) as owned;
  get diagnostics locked = row_count;
  if locked <> cardinality(ids) then
    raise exception 'a partition belongs to another process' using errcode = 'TD001';
  end if;
end $$;

-- Fixes which targets these events go to, as dispatch_records matches them, and notes the events as dispatched: what
-- expand_fan_outs inserts. Called by dispatch_records.
create function begin_fan_outs(partitions smallint[], positions bigint[], numbers bigint[])
returns void language plpgsql as $$
begin
  insert into dispatched (partition, position, number)
  select * from unnest(partitions, positions, numbers);

  insert into fan_out (partition, position, lane_series, number, received, size, target_ids)
  select given.partition, given.position, given.lane_series, given.number, given.received,
         cardinality(matched.ids), matched.ids
  from (
    select event.partition, event.position, event.tenant, event.subject, event.type1, event.type2, event.type3,
           coalesce(event.series_key, event.uuid) as lane_series, least(event.received, now()) as received,
           numbered.number
    from unnest(partitions, positions, numbers) as numbered (partition, position, number)
    cross join lateral (
      select * from event
      where event.partition = numbered.partition and event.position = numbered.position
      limit 1) as event
    offset 0) as given
  cross join lateral (
    select array_agg(target.id order by target.id) as ids
    from (
      select id, expiry from subscription
      where tenant = given.tenant and subject_filter = given.subject and subject_filter <> '*'
        and enabled and (ended is null or end_reason = 'expired')
        and type1 in (given.type1, '*') and type2 in (given.type2, '*') and type3 in (given.type3, '*')
      union all
      select id, expiry from subscription
      where tenant = given.tenant and subject_filter = '*'
        and enabled and (ended is null or end_reason = 'expired')
        and type1 in (given.type1, '*') and type2 in (given.type2, '*') and type3 in (given.type3, '*')
    ) as matching
    cross join lateral (
      select id from delivery_target
      where delivery_target.subscription_id = matching.id and delivery_target.ended is null
      offset 0) as target
    where matching.expiry is null or matching.expiry > given.received) as matched
  where matched.ids is not null;
end $$;

-- Raises TD004, which names the positions of events with more matches than are inserted at once; it names none when
-- only all together are too many. Called by dispatch_records.
create function check_matches(large bigint[], matches bigint, max_in_all integer) returns boolean language plpgsql as $$
begin
  if large is not null then
    raise exception 'too many matches at %', array_to_string(large, ', ') using errcode = 'TD004';
  elsif matches > max_in_all then
    raise exception 'too many matches in all' using errcode = 'TD004';
  end if;
  return true;
end $$;

-- Dispatches a batch: moves the cursors and watermarks, writes the counters, parks what cannot be read, inserts the
-- notifications of the events and returns them. `is_cold`: the lane has a row, so it is not for memory. The cursors
-- are compared first (TD002): a statement that is repeated, or comes behind its own ghost, collides with nothing.
-- `numbers_before` null: no counter was read; `numbers_after` null: the series ends. A counter that is not what was
-- read is TD003. A watermark never moves backwards.
--
-- More than `max_of_event` matches of one event, or `max_in_all` of the batch, are TD004 before any is inserted. Events
-- of `large_positions`, which are not among `event_positions`, become a row of `fan_out` each, however many they match.
--
-- Matching is that of Tapis Notifications 1.6.2: same tenant, every type section equal or `*`, subject equal or `*`,
-- enabled. The expiry is compared with the event's `received`; one in the future counts as now, because the clock may
-- have been set back. The two branches, exact subjects and `*`, follow the two partial indexes. Before PostgreSQL 17 a
-- plan made while there are few subscriptions looks up the tenant alone; it is made anew once autovacuum has analyzed
-- the table. To spell the eight combinations of types out would be right at once, and cost 3 us an event for ever.
create function dispatch_records(
  owner_id uuid,
  partitions smallint[],
  epochs bigint[],
  cursors bigint[],
  next_cursors bigint[],
  watermarks bigint[],
  event_partitions smallint[],
  event_positions bigint[],
  event_numbers bigint[],
  large_partitions smallint[],
  large_positions bigint[],
  large_numbers bigint[],
  series_keys uuid[],
  series_partitions smallint[],
  numbers_before bigint[],
  numbers_after bigint[],
  removal_partitions smallint[],
  removal_positions bigint[],
  poison_partitions smallint[],
  poison_positions bigint[],
  poison_uuids uuid[],
  poison_reasons text[],
  max_of_event integer,
  max_in_all integer
) returns table (
  partition smallint, "position" bigint, target_id bigint, uuid uuid, created timestamptz, is_cold boolean
) language plpgsql as $$
#variable_conflict use_column
declare
  changed integer;
begin
  perform lock_owned(owner_id, partitions, epochs);

  with found as materialized (
    select moved.next, moved.watermark, cursor.place
    from unnest(partitions, cursors, next_cursors, watermarks) as moved (partition, was, next, watermark)
    cross join lateral (
      select partition_cursor.ctid as place from partition_cursor
      where partition_cursor.partition = moved.partition and partition_cursor.position = moved.was
      limit 1) as cursor
  )
  update partition_cursor
  set position = found.next, settled_below = greatest(partition_cursor.settled_below, found.watermark)
  from found
  where partition_cursor.ctid = found.place;
  get diagnostics changed = row_count;
  if changed <> cardinality(partitions) then
    raise exception 'a cursor is not where this process left it' using errcode = 'TD002';
  end if;

  if cardinality(series_keys) > 0 then
    with counted as materialized (
      select given.*, counter.place
      from unnest(series_keys, series_partitions, numbers_before, numbers_after)
        as given (series_key, partition, was, becomes)
      left join lateral (
        select series.ctid as place from series
        where series.series_key = given.series_key
        limit 1) as counter on true
    ), begun as (
      insert into series (series_key, partition, last_number)
      select series_key, partition, becomes from counted
      where was is null and becomes is not null
      on conflict (series_key) do nothing
      returning 1
    ), continued as (
      update series
      set last_number = counted.becomes, used = now()
      from counted
      where series.ctid = counted.place and series.last_number = counted.was and counted.becomes is not null
      returning 1
    ), ended as (
      delete from series
      using counted
      where series.ctid = counted.place and series.last_number = counted.was and counted.becomes is null
      returning 1
    )
    select (select count(*) from begun) + (select count(*) from continued) + (select count(*) from ended)
           + (select count(*) from counted where was is null and becomes is null and place is null)
    into changed;
    if changed <> cardinality(series_keys) then
      raise exception 'a counter is not what was read' using errcode = 'TD003';
    end if;
  end if;

  if cardinality(poison_positions) > 0 then
    insert into dead_letter (partition, position, uuid, reason)
    select * from unnest(poison_partitions, poison_positions, poison_uuids, poison_reasons);
  end if;

  insert into dispatched (partition, position, number)
  select * from unnest(event_partitions, event_positions, event_numbers);

  return query
  with given as materialized (
    select event.partition, event.position, event.tenant, event.subject, event.type1, event.type2, event.type3,
           coalesce(event.series_key, event.uuid) as lane_series, least(event.received, now()) as received,
           numbered.number
    from unnest(event_partitions, event_positions, event_numbers) as numbered (partition, position, number)
    cross join lateral (
      select * from event
      where event.partition = numbered.partition and event.position = numbered.position
      limit 1) as event
  ), matched as materialized (
    select given.partition, given.position, given.number, given.lane_series, target.id as target_id
    from given
    cross join lateral (
      select id, expiry from subscription
      where tenant = given.tenant and subject_filter = given.subject and subject_filter <> '*'
        and enabled and (ended is null or end_reason = 'expired')
        and type1 in (given.type1, '*') and type2 in (given.type2, '*') and type3 in (given.type3, '*')
      union all
      select id, expiry from subscription
      where tenant = given.tenant and subject_filter = '*'
        and enabled and (ended is null or end_reason = 'expired')
        and type1 in (given.type1, '*') and type2 in (given.type2, '*') and type3 in (given.type3, '*')
    ) as matching
    cross join lateral (
      select id from delivery_target
      where delivery_target.subscription_id = matching.id and delivery_target.ended is null
      offset 0) as target
    where matching.expiry is null or matching.expiry > given.received
    limit max_in_all + 1
  ), inserted as (
    insert into notification (target_id, lane_series, position, partition, number)
    select target_id, lane_series, position, partition, number from matched
    where (select count(*) <= max_of_event from matched)
       or (select check_matches(array_agg(position) filter (where matches > max_of_event), sum(matches)::bigint,
                                max_in_all)
           from (select position, count(*) as matches from matched group by position) as of_event)
    returning target_id, lane_series, position, partition, uuid, created
  )
  select inserted.partition, inserted.position, inserted.target_id, inserted.uuid, inserted.created,
         coalesce(cold.has_row, false)
  from inserted
  left join lateral (
    select true as has_row from lane
    where lane.target_id = inserted.target_id and lane.lane_series = inserted.lane_series
    limit 1) as cold on true;

  if cardinality(large_positions) > 0 then
    perform begin_fan_outs(large_partitions, large_positions, large_numbers);
  end if;

  -- deleteSubscriptionsMatchingSubject: which subscriptions end, and how many notifications are settled before.
  if cardinality(removal_positions) > 0 then
    insert into subject_removal (position, partition, unsettled)
    select event.position, event.partition, has.notifications + coalesce(slices.size, 0)
    from unnest(removal_partitions, removal_positions) as asked (partition, position)
    cross join lateral (
      select partition, position, subject from event
      where event.partition = asked.partition and event.position = asked.position
      limit 1) as event
    cross join lateral (
      select count(*) as notifications from notification
      where notification.partition = asked.partition and notification.position = asked.position) as has
    left join lateral (
      select size from fan_out
      where fan_out.partition = asked.partition and fan_out.position = asked.position
      limit 1) as slices on true
    where event.subject is not null;

    insert into subject_removal_member (position, subscription_id)
    select event.position, ending.id
    from unnest(removal_partitions, removal_positions) as asked (partition, position)
    cross join lateral (
      select position, tenant, subject from event
      where event.partition = asked.partition and event.position = asked.position
      limit 1) as event
    cross join lateral (
      select id from subscription
      where tenant = event.tenant and subject_filter = event.subject and subject_filter <> '*' and ended is null
      order by created -- as the index subscription_list_subject: any other one may look as cheap while there are few
      offset 0) as ending;
  end if;
end $$;

-- Counts down the unsettled notifications of events with deleteSubscriptionsMatchingSubject: one entry of
-- `settled_positions` for each that the caller's own statement has settled. Locks the counters by position.
create function count_down_removals(settled_positions bigint[]) returns void language plpgsql as $$
begin
  perform
  from (select distinct asked from unnest(settled_positions) as asked order by asked) as done
  cross join lateral (
    select from subject_removal
    where subject_removal.position = done.asked
    for update) as removal;

  with found as materialized (
    select done.settled, removal.place
    from (select asked, count(*) as settled from unnest(settled_positions) as asked group by asked) as done
    cross join lateral (
      select subject_removal.ctid as place from subject_removal
      where subject_removal.position = done.asked
      limit 1) as removal
  )
  update subject_removal
  set unsettled = subject_removal.unsettled - found.settled
  from found
  where subject_removal.ctid = found.place;
end $$;

-- Inserts the next notifications of these fan-outs and returns them, as dispatch_records does: of each, those from
-- `from_indexes` on, `slice_sizes` at most, or TD002. `are_cold`: memory has no room, so their lanes get rows, due now.
-- Their bound is behind the watermark, for what waits in them from before is not known here. A target that is gone
-- counts as settled. A fan-out of which everything is inserted goes.
create function expand_fan_outs(
  owner_id uuid,
  partitions smallint[],
  epochs bigint[],
  slice_partitions smallint[],
  slice_positions bigint[],
  from_indexes integer[],
  slice_sizes integer[],
  are_cold boolean
) returns table (
  partition smallint, "position" bigint, target_id bigint, uuid uuid, created timestamptz, is_cold boolean
) language plpgsql as $$
#variable_conflict use_column
declare
  changed integer;
  missing bigint;
begin
  perform lock_owned(owner_id, partitions, epochs);

  with found as materialized (
    select given.slice_size, work.place
    from unnest(slice_partitions, slice_positions, from_indexes, slice_sizes)
      as given (partition, position, from_index, slice_size)
    cross join lateral (
      select fan_out.ctid as place from fan_out
      where fan_out.partition = given.partition and fan_out.position = given.position
        and fan_out.done = given.from_index
      limit 1) as work
  )
  update fan_out
  set done = least(fan_out.size, fan_out.done + found.slice_size)
  from found
  where fan_out.ctid = found.place;
  get diagnostics changed = row_count;
  if changed <> cardinality(slice_positions) then
    raise exception 'a fan-out is not where this process left it' using errcode = 'TD002';
  end if;

  return query
  with slice as materialized (
    select given.partition, given.position, work.lane_series, work.number,
           target.id as target_id, target.method, target.address_key
    from unnest(slice_partitions, slice_positions, from_indexes) as given (partition, position, from_index)
    cross join lateral (
      select lane_series, number, target_ids[given.from_index + 1 : done] as ids from fan_out
      where fan_out.partition = given.partition and fan_out.position = given.position
      limit 1) as work
    cross join lateral unnest(work.ids) as member (id)
    cross join lateral (
      select id, method, address_key from delivery_target
      where delivery_target.id = member.id
      limit 1) as target
  ), inserted as (
    insert into notification (target_id, lane_series, position, partition, number)
    select target_id, lane_series, position, partition, number from slice
    returning target_id, lane_series, position, partition, uuid, created
  ), frozen as (
    insert into lane (target_id, lane_series, partition, method, address_key, head_position, waiting, format)
    select cold.target_id, cold.lane_series, cold.partition, cold.method, cold.address_key,
           least(cursor.settled_below + 1, cold.position), 1, 2
    from (
      select * from slice
      where are_cold
      order by target_id, lane_series, position) as cold
    cross join lateral (
      select settled_below from partition_cursor
      where partition_cursor.partition = cold.partition
      limit 1) as cursor
    on conflict (target_id, lane_series) do nothing
  )
  select inserted.partition, inserted.position, inserted.target_id, inserted.uuid, inserted.created,
         are_cold or coalesce(known.has_row, false)
  from inserted
  left join lateral (
    select true as has_row from lane
    where lane.target_id = inserted.target_id and lane.lane_series = inserted.lane_series
    limit 1) as known on true;
  get diagnostics changed = row_count;

  -- Usually none: what ended stays in the table as long as a fan-out may need it.
  select sum(work.done - given.from_index) - changed into missing
  from unnest(slice_partitions, slice_positions, from_indexes) as given (partition, position, from_index)
  cross join lateral (
    select done from fan_out
    where fan_out.partition = given.partition and fan_out.position = given.position
    limit 1) as work;
  if missing > 0 then
    perform count_down_removals(array(
      select slice.position
      from (
        select given.position, work.lane_series, work.ids
        from unnest(slice_partitions, slice_positions, from_indexes) as given (partition, position, from_index)
        cross join lateral (
          select lane_series, target_ids[given.from_index + 1 : done] as ids from fan_out
          where fan_out.partition = given.partition and fan_out.position = given.position
          limit 1) as work
        offset 0) as slice
      cross join lateral unnest(slice.ids) as member (id)
      left join lateral (
        select true as is_there from notification
        where notification.target_id = member.id and notification.lane_series = slice.lane_series
          and notification.position = slice.position
        limit 1) as inserted on true
      where inserted.is_there is null));
  end if;

  with ended as materialized (
    select work.place
    from unnest(slice_partitions, slice_positions) as given (partition, position)
    cross join lateral (
      select fan_out.ctid as place from fan_out
      where fan_out.partition = given.partition and fan_out.position = given.position and fan_out.done = fan_out.size
      limit 1) as work
  )
  delete from fan_out
  using ended
  where fan_out.ctid = ended.place;
end $$;

-- Records failed attempts, for inspection. One that is there stays: the statement was repeated.
create function insert_attempts(
  targets bigint[],
  lane_keys uuid[],
  positions bigint[],
  partitions smallint[],
  numbers integer[],
  durations_ms integer[],
  http_statuses smallint[],
  reasons text[]
) returns void language plpgsql as $$
begin
  insert into attempt (target_id, lane_series, position, partition, number, started, duration_ms, http_status, reason)
  select failed.target_id, failed.lane_series, failed.position, failed.partition, failed.number,
         clock_timestamp() - failed.duration_ms * interval '1 ms', failed.duration_ms, failed.http_status, failed.reason
  from unnest(targets, lane_keys, positions, partitions, numbers, durations_ms, http_statuses, reasons)
    as failed (target_id, lane_series, position, partition, number, duration_ms, http_status, reason)
  on conflict do nothing;
end $$;

-- Writes final outcomes, and the failed attempts that led to them. Returns how many notifications this statement has
-- settled; only those count down removals. Repeating it as it is after an unknown outcome is harmless. A row that
-- somebody else is settling is waited for and left alone, for nothing but a settlement changes one that waits.
create function settle_notifications(
  owner_id uuid,
  partitions smallint[],
  epochs bigint[],
  targets bigint[],
  lane_keys uuid[],
  positions bigint[],
  states text[],
  attempts_made integer[],
  http_statuses smallint[],
  removal_positions bigint[],
  attempt_targets bigint[],
  attempt_lane_keys uuid[],
  attempt_positions bigint[],
  attempt_partitions smallint[],
  attempt_numbers integer[],
  attempt_durations_ms integer[],
  attempt_http_statuses smallint[],
  attempt_reasons text[]
) returns integer language plpgsql as $$
#variable_conflict use_column
declare
  changed integer;
  counted bigint[];
begin
  perform lock_owned(owner_id, partitions, epochs);

  with found as materialized (
    select done.state, done.attempts, done.http_status, waiting.place
    from unnest(targets, lane_keys, positions, states, attempts_made, http_statuses)
      as done (target_id, lane_series, position, state, attempts, http_status)
    cross join lateral (
      select notification.ctid as place from notification
      where notification.target_id = done.target_id and notification.lane_series = done.lane_series
        and notification.position = done.position and notification.settled is null
      limit 1) as waiting
  ), settled as (
    update notification
    set state = found.state, attempts = coalesce(found.attempts, notification.attempts),
        http_status = found.http_status, settled = now()
    from found
    where notification.ctid = found.place and notification.settled is null
    returning notification.position
  )
  select count(*), array_agg(position) filter (where position = any (removal_positions))
  into changed, counted
  from settled;

  if counted is not null then
    perform count_down_removals(counted);
  end if;
  if cardinality(attempt_targets) > 0 then
    perform insert_attempts(attempt_targets, attempt_lane_keys, attempt_positions, attempt_partitions, attempt_numbers,
                            attempt_durations_ms, attempt_http_statuses, attempt_reasons);
  end if;
  return changed;
end $$;

-- Gives lanes rows, or changes those that they have, with the failed attempts that made them cold, and moves
-- watermarks, which may pass what these rows are for. `first_positions`: of the first that is not settled in each lane.
-- A bound and a watermark never move backwards. A lane may be given once. `wake_delays_ms`: until it may be woken, or
-- null.
create function freeze_lanes(
  owner_id uuid,
  partitions smallint[],
  epochs bigint[],
  watermark_partitions smallint[],
  watermarks bigint[],
  targets bigint[],
  lane_keys uuid[],
  lane_partitions smallint[],
  methods text[],
  address_keys uuid[],
  first_positions bigint[],
  attempts_made integer[],
  delays_ms float8[],
  wake_delays_ms float8[],
  attempt_targets bigint[],
  attempt_lane_keys uuid[],
  attempt_positions bigint[],
  attempt_partitions smallint[],
  attempt_numbers integer[],
  attempt_durations_ms integer[],
  attempt_http_statuses smallint[],
  attempt_reasons text[]
) returns void language plpgsql as $$
begin
  perform lock_owned(owner_id, partitions, epochs);

  if cardinality(watermarks) > 0 then
    with found as materialized (
      select moved.watermark, cursor.place
      from unnest(watermark_partitions, watermarks) as moved (partition, watermark)
      cross join lateral (
        select partition_cursor.ctid as place from partition_cursor
        where partition_cursor.partition = moved.partition and partition_cursor.settled_below < moved.watermark
        limit 1) as cursor
    )
    update partition_cursor
    set settled_below = found.watermark
    from found
    where partition_cursor.ctid = found.place;
  end if;

  if cardinality(targets) > 0 then
    insert into lane (target_id, lane_series, partition, method, address_key, head_position, waiting, attempts, due,
                      wakes_after, format)
    select cold.target_id, cold.lane_series, cold.partition, cold.method, cold.address_key, cold.first_position, 1,
           cold.attempts, clock_timestamp() + cold.delay_ms * interval '1 ms',
           clock_timestamp() + cold.wake_delay_ms * interval '1 ms', 2
    from unnest(targets, lane_keys, lane_partitions, methods, address_keys, first_positions, attempts_made, delays_ms,
                wake_delays_ms)
      as cold (target_id, lane_series, partition, method, address_key, first_position, attempts, delay_ms,
               wake_delay_ms)
    on conflict (target_id, lane_series) do update
    set attempts = excluded.attempts, due = excluded.due, wakes_after = excluded.wakes_after, format = 2,
        head_position = greatest(lane.head_position, excluded.head_position);
  end if;
  if cardinality(attempt_targets) > 0 then
    perform insert_attempts(attempt_targets, attempt_lane_keys, attempt_positions, attempt_partitions, attempt_numbers,
                            attempt_durations_ms, attempt_http_statuses, attempt_reasons);
  end if;
end $$;

-- Takes the rows of lanes in which everything is settled, and returns the lanes that have none: those, and any that had
-- none before. The bound of the others rises to what waits, or the next look would read past all that is settled. No
-- dispatch of the partition runs beside it, so nothing comes into a lane behind the look.
create function thaw_lanes(
  owner_id uuid,
  partitions smallint[],
  epochs bigint[],
  targets bigint[],
  lane_keys uuid[]
) returns table (target_id bigint, lane_series uuid) language plpgsql as $$
#variable_conflict use_column
begin
  perform lock_owned(owner_id, partitions, epochs);

  return query
  with found as materialized (
    select asked.target_id, asked.lane_series, cold.place, waiting.position as first_position
    from unnest(targets, lane_keys) as asked (target_id, lane_series)
    left join lateral (
      select lane.ctid as place, lane.head_position from lane
      where lane.target_id = asked.target_id and lane.lane_series = asked.lane_series
      limit 1) as cold on true
    left join lateral (
      select notification.position from notification
      where notification.target_id = asked.target_id and notification.lane_series = asked.lane_series
        and notification.position >= cold.head_position and notification.settled is null
      order by notification.position
      limit 1) as waiting on true
  ), gone as (
    delete from lane
    using found
    where lane.ctid = found.place and found.first_position is null
  ), raised as (
    update lane
    set head_position = found.first_position, attempts = 0, format = 2
    from found
    where lane.ctid = found.place and found.first_position > lane.head_position
  )
  select found.target_id, found.lane_series from found
  where found.first_position is null;
end $$;

-- Settles at most `max_rows` of what waits in lanes with rows, without an attempt: as cancelled, their subscriptions
-- being deleted, or as given up, if it is as old as `min_age_ms`. Returns the lane of each; the rows of the lanes stay.
-- A lane whose first is not so old is left at once.
create function end_waiting(
  owner_id uuid,
  partitions smallint[],
  epochs bigint[],
  targets bigint[],
  lane_keys uuid[],
  end_state text,
  min_age_ms float8,
  max_rows integer
) returns table (target_id bigint, lane_series uuid) language plpgsql as $$
#variable_conflict use_column
declare
  counted bigint[];
  ended_targets bigint[];
  ended_lane_keys uuid[];
begin
  perform lock_owned(owner_id, partitions, epochs);

  with found as materialized (
    select waiting.place, waiting.is_head, cold.attempts
    from unnest(targets, lane_keys) as asked (target_id, lane_series)
    cross join lateral (
      select head_position, attempts from lane
      where lane.target_id = asked.target_id and lane.lane_series = asked.lane_series
      limit 1) as cold
    cross join lateral (
      select notification.created from notification
      where notification.target_id = asked.target_id and notification.lane_series = asked.lane_series
        and notification.position >= cold.head_position and notification.settled is null
      order by notification.position
      limit 1) as first
    cross join lateral (
      select notification.ctid as place, notification.position = cold.head_position as is_head, notification.created
      from notification
      where notification.target_id = asked.target_id and notification.lane_series = asked.lane_series
        and notification.position >= cold.head_position and notification.settled is null
      order by notification.position
      limit max_rows) as waiting
    where (min_age_ms is null or first.created <= now() - min_age_ms * interval '1 ms')
      and (min_age_ms is null or waiting.created <= now() - min_age_ms * interval '1 ms')
    limit max_rows
  ), settled as (
    update notification
    set state = end_state, settled = now(),
        attempts = case when found.is_head then found.attempts else notification.attempts end
    from found
    where notification.ctid = found.place and notification.settled is null
    returning notification.position, notification.target_id, notification.lane_series
  )
  select array_agg(position), array_agg(settled.target_id), array_agg(settled.lane_series)
  into counted, ended_targets, ended_lane_keys
  from settled;

  if counted is not null then
    perform count_down_removals(counted);
  end if;
  return query select * from unnest(ended_targets, ended_lane_keys);
end $$;

-- Takes partitions over from oneself, after a statement whose outcome is unknown: waits for whatever still runs under
-- the former epochs, by id, and the fence refuses what comes later. Returns those that are still ours.
create function renew_epochs(owner_id uuid, ids smallint[], was bigint[])
returns table (id smallint, epoch bigint) language plpgsql as $$
#variable_conflict use_column
begin
  return query
  with locked as materialized (
    select held.id
    from (select * from unnest(ids, was) as given (id, epoch) order by given.id) as mine
    cross join lateral (
      select partition.id from partition
      where partition.id = mine.id and partition.owner = owner_id and partition.epoch = mine.epoch
      for update) as held
  )
  update partition
  set epoch = partition.epoch + 1
  from locked
  where partition.id = locked.id
  returning partition.id, partition.epoch;
end $$;
-- What the queues of RabbitMQ deliver goes into the inbox by a statement of its own.

-- Publishes a group of records as publish_records does, if the partitions are still the owner's: locks their rows for
-- share first, in ascending order, or raises TD001 and inserts nothing. `ids` and `epochs`: the partitions of the
-- records, each once. One autocommit statement: what is inserted is committed under the fence.
create function pump_records(
  owner_id uuid,
  ids smallint[],
  epochs bigint[],
  partitions smallint[],
  uuids uuid[],
  kinds text[],
  formats smallint[],
  tenants text[],
  series_keys uuid[],
  type1s text[],
  type2s text[],
  type3s text[],
  subjects text[],
  end_flags boolean[],
  deletion_flags boolean[],
  received_times timestamptz[],
  bodies text[],
  seq_offsets integer[],
  body_sizes integer[]
) returns void language plpgsql as $$
begin
  perform lock_owned(owner_id, ids, epochs);
  perform publish_records(
    notifies => false, partitions => partitions, uuids => uuids, kinds => kinds, formats => formats,
    tenants => tenants, series_keys => series_keys, type1s => type1s, type2s => type2s, type3s => type3s,
    subjects => subjects, end_flags => end_flags, deletion_flags => deletion_flags, received_times => received_times,
    bodies => bodies, seq_offsets => seq_offsets, body_sizes => body_sizes, content_hashes => '{}');
end $$;

-- The function of this name and these types, with names for its parameters: callers say which array is which. Callers
-- of the former release pass the arrays by position, in the same order. `create or replace` cannot rename parameters.
-- The function with one argument less (0003) goes with the next release.
drop function publish_records(
  boolean, smallint[], uuid[], text[], smallint[], text[], uuid[], text[], text[], text[], text[], boolean[], boolean[],
  timestamptz[], text[], integer[], integer[], uuid[]
);

-- Publishes a group of records: one autocommit statement. Takes the partitions' advisory locks in ascending order and
-- holds them until the commit is visible, so position order is commit order within a partition. Positions are allotted
-- in the order given. The rows are inserted in the order of their uuids, so that two groups that share uuids (repeated
-- idempotency keys) cannot wait for each other; of a uuid that comes twice in a group the first one counts.
-- Returns the places (from 1) of the records whose uuid stands for different content, by what is committed when the
-- insert is over. A null hash is compared with nothing.
create function publish_records(
  notifies boolean,
  partitions smallint[],
  uuids uuid[],
  kinds text[],
  formats smallint[],
  tenants text[],
  series_keys uuid[],
  type1s text[],
  type2s text[],
  type3s text[],
  subjects text[],
  end_flags boolean[],
  deletion_flags boolean[],
  received_times timestamptz[],
  bodies text[],
  seq_offsets integer[],
  body_sizes integer[],
  content_hashes uuid[]
) returns setof integer language plpgsql as $$
begin
  perform pg_advisory_xact_lock(1953064306, id)
  from (select distinct unnest(partitions)::integer as id order by 1) as sorted;

  insert into event (partition, position, uuid, kind, format, tenant, series_key, type1, type2, type3, subject,
                     ends_series, deletes_subscriptions, received, body, seq_offset, body_bytes, content_hash)
  select placed.partition, placed.position, placed.uuid, placed.kind, placed.format, placed.tenant, placed.series_key,
         placed.type1, placed.type2, placed.type3, placed.subject, placed.ends_series, placed.deletes_subscriptions,
         placed.received, placed.body, placed.seq_offset, placed.body_bytes, placed.content_hash
  from (
    select ordered.*, nextval('event_position') as position
    from (
      select *
      from unnest(partitions, uuids, kinds, formats, tenants, series_keys, type1s, type2s, type3s, subjects, end_flags,
                  deletion_flags, received_times, bodies, seq_offsets, body_sizes, content_hashes)
        with ordinality as given (partition, uuid, kind, format, tenant, series_key, type1, type2, type3, subject,
                                  ends_series, deletes_subscriptions, received, body, seq_offset, body_bytes,
                                  content_hash, place)
      order by given.place) as ordered) as placed
  order by placed.uuid, placed.position
  on conflict (uuid) do nothing;

  if notifies then
    perform pg_notify('tidings_events', '');
  end if;

  if exists (select from unnest(content_hashes) as hash where hash is not null) then
    return query
      select given.place::integer
      from unnest(uuids, content_hashes) with ordinality as given (uuid, content_hash, place)
      join event on event.uuid = given.uuid
      where event.content_hash <> given.content_hash;
  end if;
end $$;

-- Invariants that every statement of this release and of the former one keeps. They speak of columns that the service
-- itself decides: a violation is a bug. None is on a table that stores what callers send as it is (event, series,
-- attempt).

-- Large tables are not searched for old rows under the lock; the migration of the next release validates these.
alter table lane
  add constraint lane_method_is_known check (method in ('WEBHOOK', 'EMAIL')) not valid,
  add constraint lane_is_not_empty check (waiting > 0) not valid;
alter table notification
  add constraint notification_is_settled_unless_waiting check ((state = 'waiting') = (settled is null)) not valid,
  add constraint notification_status_is_of_an_attempt
    check (http_status is null or state in ('delivered', 'given_up')) not valid;

alter table subscription
  add constraint subscription_end_has_a_reason check ((ended is null) = (end_reason is null)),
  add constraint subscription_expired_has_an_expiry check (end_reason <> 'expired' or expiry is not null),
  add constraint subscription_filter_is_its_sections check (type_filter = type1 || '.' || type2 || '.' || type3);
alter table delivery_target
  add constraint delivery_target_method_is_known check (method in ('WEBHOOK', 'EMAIL')),
  add constraint delivery_target_ordinal_is_from_0 check (ordinal >= 0);
alter table test_sequence
  add constraint test_sequence_has_events check (start_count >= 1),
  add constraint test_sequence_publishes_no_more check (published between 0 and start_count),
  add constraint test_sequence_is_due_after_its_first check (next_due is null or published > 0),
  add constraint test_sequence_keeps_what_came check (kept between 0 and notification_count),
  add constraint test_sequence_kept_bytes_are_from_0 check (kept_bytes >= 0);
alter table partition
  add constraint partition_format_is_from_1 check (format >= 1);

-- Last, because leases are renewed in it.
alter table dispatcher
  add constraint dispatcher_format_is_from_1 check (format >= 1);
alter table installation
  add constraint installation_broker_is_known check (broker_kind in ('database', 'rabbitmq')),
  add constraint installation_has_partitions check (partition_count > 0);
