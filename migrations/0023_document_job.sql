-- additive
-- Which job has made a document: the key of its work does not lead to the job.

alter table documents add column job_id text;
