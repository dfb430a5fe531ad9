-- Put a message on its queue and its receipts into the journal: both or, on a full broker, neither.
--
--   <queue>.journal   stream   one entry a message: `message` its id, `receipts` a JSON list; the
--                              entry's own id is the server's time in ms. Workers move entries into
--                              the store and delete them here.
--
-- KEYS  waiting list, journal
-- ARGV  message, message id, receipts
-- reply id of the entry
--
-- LPUSH comes first because a broker out of memory refuses it, and with it the whole script; once
-- it has passed, nothing after it is refused.
redis.call('LPUSH', KEYS[1], ARGV[1])
return redis.call('XADD', KEYS[2], '*', 'message', ARGV[2], 'receipts', ARGV[3])
