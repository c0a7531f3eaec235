-- Records by name, and what the tables hold at all times.

-- It waits for locks that running processes hold, and they wait behind it. Shorter than deadlock_timeout, so this
-- migration gives way, and the start that runs it tries again a second later.
set local lock_timeout = '500ms';

-- In the lock order of docs/architecture.md. `partition` comes first: every dispatch and every settlement begins with
-- the fence on it, so none of them is in the middle of anything while the other locks are waited for.
lock table partition, lane, notification, subscription, delivery_target, test_sequence in access exclusive mode;

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
