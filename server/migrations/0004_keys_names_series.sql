-- An Idempotency-Key stands for one content.

alter table event add column content_hash uuid;
comment on column event.content_hash is 'of what was published under an Idempotency-Key; null without one, in rows of earlier releases, and where a broker stands before this table';

-- Which content a key stands for, where the event comes to the table after its publisher was answered (RabbitMQ).
-- Written before the broker.
create table idempotency_key (
  uuid uuid primary key,
  content_hash uuid not null,
  created timestamptz not null default now()
);
create index idempotency_key_created on idempotency_key (created);
comment on column idempotency_key.uuid is 'of the event, which follows from the key';

-- The current definition is in 0005_lanes_in_memory.sql.
-- As the function of this name with one argument less, which the release before calls. Answers the places (from 1) of
-- the records whose uuid stands for different content, by what is committed when the insert is over. A null hash is
-- compared with nothing.
create function publish_records(
  notify boolean, partitions smallint[], uuids uuid[], kinds text[], formats smallint[], tenants text[], series_keys uuid[],
  types1 text[], types2 text[], types3 text[], subjects text[], ends boolean[], deletes boolean[], receiveds timestamptz[],
  bodies text[], seq_offsets integer[], body_sizes integer[], content_hashes uuid[]
) returns setof integer language plpgsql as $$
begin
  perform pg_advisory_xact_lock(1953064306, id) from (select distinct unnest(partitions)::integer as id order by 1) as sorted;
  insert into event (partition, position, uuid, kind, format, tenant, series_key, type1, type2, type3, subject,
                     ends_series, deletes_subscriptions, received, body, seq_offset, body_bytes, content_hash)
  select p, position, u, k, f, te, s, t1, t2, t3, su, e, d, r, b, o, z, h
  from (
    select given.*, nextval('event_position') as position
    from (select * from unnest(partitions, uuids, kinds, formats, tenants, series_keys, types1, types2, types3, subjects,
                               ends, deletes, receiveds, bodies, seq_offsets, body_sizes, content_hashes)
          with ordinality as t(p, u, k, f, te, s, t1, t2, t3, su, e, d, r, b, o, z, h, ord) order by ord) as given) as placed
  order by u, position
  on conflict (uuid) do nothing;
  if notify then
    perform pg_notify('tidings_events', '');
  end if;
  if exists (select from unnest(content_hashes) as h where h is not null) then
    return query
      select ord::integer
      from unnest(uuids, content_hashes) with ordinality as given (u, h, ord)
      join event on event.uuid = u
      where event.content_hash <> h;
  end if;
end $$;

-- Has each key stand for its content, unless it stands for one already, here or in an event. Answers the places (from
-- 1) of the keys that stand for another. The rows are inserted in the order of their uuids, so that two of these cannot
-- wait for each other.
create function reserve_keys(uuids uuid[], content_hashes uuid[]) returns setof integer language plpgsql as $$
begin
  insert into idempotency_key (uuid, content_hash)
  select u, h
  from unnest(uuids, content_hashes) with ordinality as given (u, h, ord)
  left join event on event.uuid = u
  where event.content_hash is null or event.content_hash = h
  order by u, ord
  on conflict (uuid) do nothing;
  return query
    select ord::integer
    from unnest(uuids, content_hashes) with ordinality as given (u, h, ord)
    left join event on event.uuid = u
    left join idempotency_key on idempotency_key.uuid = u
    where event.content_hash <> h or idempotency_key.content_hash <> h;
end $$;

-- Callbacks of test sequences come without a token; whether there is such a sequence is asked by the name alone, before
-- their body is looked at.
create index subscription_by_name on subscription (name) where ended is null;

-- Series whose counter was copied from another service, for ever: one that has ended here since must not go on from
-- there.
create table imported_series (
  series_key uuid primary key,
  imported timestamptz not null default now()
);
