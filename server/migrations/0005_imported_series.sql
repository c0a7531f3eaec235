-- Series whose counter was copied from another service, for ever: one that has ended here since must not go on from there.
create table imported_series (
  series_key uuid primary key,
  imported timestamptz not null default now()
);
