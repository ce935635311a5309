-- additive
-- Who added a story, and who had a document made: empty where the platform did by itself, null from before it was kept.

alter table stories add column added_by text;
alter table documents add column added_by text;
