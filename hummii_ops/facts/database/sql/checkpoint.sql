-- All that was restored is written out now: else the first commit of the exchange would wait for the disk.
-- Not for ever: a server that others write to much may need longer than the step has.
SET statement_timeout = '300s';
CHECKPOINT;
