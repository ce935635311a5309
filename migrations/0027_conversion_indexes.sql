-- additive
-- Of four states, three had an index already: what waits and what is leased (0016), and what is complete is nearly all.
-- `conversions_status` was written three times for every conversion, to find those that failed; the two that take its
-- place hold those alone, and find an error of old among 100,000 conversions without reading them all.

create index conversions_failed on conversions (created_at, position) where status = 'failed';
create index conversions_error_code on conversions (error_code, created_at, position) where error_code is not null;
drop index conversions_status;
