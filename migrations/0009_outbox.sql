-- A row of the outbox stays in its page as it is. Before, a full batch made one of 14 KB, which was compressed to half, cut into pieces
-- and kept in a table and an index of their own: more work than the bytes it saved. A row names at most 256 steps now, 7 KB.
alter table outbox set (toast_tuple_target = 8160);
