-- All that was restored is written out now: else the first commit of the exchange would wait for the disk.
CHECKPOINT;
