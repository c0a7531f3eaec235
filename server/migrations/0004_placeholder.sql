-- Nothing: a place that is kept for a change that is made elsewhere.
select 1;
