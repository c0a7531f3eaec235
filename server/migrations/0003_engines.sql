-- RabbitMQ as broker, and many dispatchers.

-- Names this installation's queues, so that installations on one broker, or a new database, never meet another's
-- records.
alter table installation add column id uuid not null default gen_random_uuid();

-- A partition whose records are of a newer format waits for a dispatcher that reads it.
alter table partition add column format smallint not null default 1;
comment on column partition.format is 'what its next owner must read at least; raised by an owner that met a newer record';
alter table dispatcher add column format smallint not null default 1;
comment on column dispatcher.format is 'the newest format of record that it reads';
alter table dispatcher add column leaving boolean not null default false;
comment on column dispatcher.leaving is 'it is stopping, or cut off from the broker: its partitions go to the others';

-- The current definition is in 0005_lanes_in_memory.sql.
-- As before, and of a uuid that comes twice in a group the first one counts: a broker may hand over a record twice.
create or replace function publish_records(
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
  order by u, position
  on conflict (uuid) do nothing;
  if notify then
    perform pg_notify('tidings_events', '');
  end if;
end $$;
