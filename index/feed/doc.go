// Package feed takes a register past one process: owners' changes go into a log,
// and every node that reads the log has the same register.
//
//	log := feed.NewMemory(0)                       // or feed.OpenDir, or jetstream.Open
//	snaps, err := feed.OpenSnapshots("snapshots", 0)
//	r, err := feed.OpenReplica(ctx, log, snaps, feed.Options{})
//	at, err := log.Append(ctx, changes)            // from now on they are stored
//	err = r.WaitFor(ctx, at)                       // and from now on this node finds them
//	row, ok := r.View().Lookup(key)
//
// # The log
//
// A [Log] holds changes in one order, as entries of many changes each. What Append
// has acknowledged is there for good, once: a change that is sent again, because
// its sender does not know what became of it, is known by its [ID].
//
// Every entry carries the lineage of its log, its own number, the checksum of the
// entry before and one of its own, beside whatever the engine below has. So a
// reader notices by itself when that engine lost an entry, lost the end of the log
// and went on, went back to an old copy, or returned other bytes: all that makes a
// [*LogError], and nothing is ever passed over in silence. entry.go holds the
// encoding, byte by byte.
//
// [Memory] is a log for tests; [Dir] keeps one in files of one machine, and
// package feed/jetstream in NATS, for many. A log of your own implements [Log],
// with [Head.Append], [DecodeEntry] and [Recent]; package feed/feedtest tests
// whether it does.
//
// # Replicas
//
// A [Replica] opens the newest snapshot, reads the log from there on, and keeps
// up, while readers ask. Lookups never leave the process and never wait for the
// log.
//
// How much a replica knows is in its [Status]: the position, and AsOf, the last
// time of which the register is known to have held all that the log held. It is
// fresh when that is not long ago. A replica that has not caught up, that cannot
// reach its log, or whose log cannot be read on is not fresh, and goes on to
// answer from what it has. It is for the caller to say so, or to send its users
// elsewhere.
//
// Where the log cannot be read on because its beginning was trimmed, an entry is
// missing or damaged, or another log took its place, the replica starts anew from
// a snapshot that is further. It waits for one if there is none, and never goes
// back: a log that lost entries that it had acknowledged stays an error until
// somebody makes a new log of what the replicas still have, with [Begin].
//
// # Snapshots
//
// A replica stores its register from time to time, so that others and it itself
// start fast, and a log can forget its beginning. Keep more than one: a snapshot
// that is damaged is passed over for the one before, and with [Options.Trim] the
// log keeps what the oldest needs.
//
// # Agreement
//
// Replicas of one log at one position hold the same live records: [Hash] of their
// Views is equal. What an index refuses, all refuse. Of withdrawals, a replica that
// compacted later may remember some longer; that matters only for changes that
// come later than index.Options.KeepWithdrawn, the same for all replicas.
//
// # Personal data
//
// Entries and snapshots hold records as they are, not encrypted and not signed.
// Errors and events hold no number and no record's ID, but for an index.Refusal,
// whose fields name the record.
package feed
