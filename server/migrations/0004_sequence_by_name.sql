-- Callbacks of test sequences come without a token; whether there is such a sequence is asked by the name alone, before their
-- body is looked at.
create index subscription_by_name on subscription (name) where ended is null;
