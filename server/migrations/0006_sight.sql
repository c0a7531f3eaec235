-- Looking at events: what nothing has kept so far, and the indexes by which it is found. What a look reads is in
-- server/sight/.

-- It waits for locks that running processes hold, and they wait behind it. Shorter than deadlock_timeout, so this
-- migration gives way, and the start that runs it tries again a second later.
set local lock_timeout = '500ms';

-- In the lock order of docs/architecture.md. Events and subscriptions are read all the time, and written again when the
-- indexes are there.
lock table event, subscription in share row exclusive mode;

-- What decided about a match, and since when. The state of now is in `subscription`, this is how it came to be. One row
-- for each change, the first for the creation.
create table subscription_version (
  id bigint generated always as identity,
  subscription_id bigint not null references subscription on delete cascade,
  changed timestamptz not null default clock_timestamp(),
  replaced timestamptz,
  type1 text collate "C" not null,
  type2 text collate "C" not null,
  type3 text collate "C" not null,
  subject_filter text collate "C" not null,
  enabled boolean not null,
  expiry timestamptz,
  primary key (subscription_id, id)
);
comment on column subscription_version.changed is
  'when the change was written, a little before its commit; of the row that the migration made: the last change before';
comment on column subscription_version.replaced is 'when the next one was written; null: it is in force';
create index subscription_version_replaced on subscription_version (replaced) where replaced is not null;

-- A trigger, because apis of the former release write subscriptions on this schema, too. The row of the subscription is
-- locked by the change, so versions are numbered in the order of the changes.
create function note_version() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    update subscription_version set replaced = clock_timestamp()
    where subscription_version.subscription_id = new.id and replaced is null;
  end if;
  insert into subscription_version (subscription_id, type1, type2, type3, subject_filter, enabled, expiry)
  values (new.id, new.type1, new.type2, new.type3, new.subject_filter, new.enabled, new.expiry);
  return null;
end $$;
create trigger subscription_first_version after insert on subscription for each row
  execute function note_version();
create trigger subscription_next_version after update on subscription for each row
  when ((old.type1, old.type2, old.type3, old.subject_filter, old.enabled, old.expiry)
        is distinct from (new.type1, new.type2, new.type3, new.subject_filter, new.enabled, new.expiry))
  execute function note_version();

insert into subscription_version (subscription_id, changed, type1, type2, type3, subject_filter, enabled, expiry)
select id, updated, type1, type2, type3, subject_filter, enabled, expiry from subscription order by id;

-- All subscriptions of a tenant or of an owner in one order, those that have ended too; and those whose filter has
-- other letters than the subject.
create index subscription_any_name on subscription (tenant, owner, name, id);
create index subscription_any_subject on subscription (tenant, lower(subject_filter), owner, id);

-- The two indexes for looks that a publish pays for, hence hashes (docs/decisions/0036). Both begin with the tenant, so
-- that no look reads what belongs to another one. The events of a series have one subject, so the second finds them.
create index event_tenant on event (hashtextextended(tenant, 0), received, position);
create index event_subject on event (hashtextextended(subject, hashtextextended(tenant, 0)), position)
  where subject is not null;

-- What all processes of an installation know, and nobody else (docs/decisions/0037). Made here, so it is made once.
create table secret (
  purpose text primary key,
  value bytea not null
);
comment on table secret is 'random bytes from which processes derive keys; never shown, never logged';
insert into secret (purpose, value)
values ('cursors', decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'));
