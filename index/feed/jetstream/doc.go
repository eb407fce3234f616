// Package jetstream keeps the change log and the snapshots of package feed in NATS
// JetStream: in a server inside this process, or in a cluster that many nodes
// share.
//
//	log, err := jetstream.Open(ctx, jetstream.Options{Server: jetstream.ServerOptions{Dir: "nats"}})
//	log, err := jetstream.Open(ctx, jetstream.Options{URL: "nats://n1:4222,nats://n2:4222,nats://n3:4222"})
//	snaps, err := log.Snapshots(ctx)
//	r, err := feed.OpenReplica(ctx, log, snaps, feed.Options{})
//
// # What is stored
//
// The log is one stream with one subject, and an entry is one message, encoded as
// package feed does. The number of an entry is that of its message in the stream,
// and is in the entry too. The lineage is metadata of the stream, and in every
// entry. Entries are added with the number of the last entry as a condition, which
// the server checks: so the writers of several nodes agree on the order, none
// adds what another has added, and nothing depends on the window in which the
// server knows duplicates.
//
// # What can be relied on
//
// JetStream checks little of what it returns, and returns what is left of a damaged
// stream without saying so. Everything is checked here:
//
//   - A server of this process syncs before it acknowledges. One that is started
//     elsewhere should be told to (sync_interval: always), or have three replicas
//     on machines that do not lose power together.
//   - Entries carry their number, the checksum of the one before and their own, so
//     that one that is missing, another or damaged is an error of Read.
//   - A log that has fewer entries than it acknowledged is an error: to the
//     process that knows so, to replicas, and for a server of this process to Open,
//     which finds how far it was acknowledged in a file beside.
//   - A consumer that delivers nothing means nothing: what there is to read is
//     known from the stream itself.
//   - A server that does not start in time is given up: see [ErrNotReady].
//
// # Who can connect
//
// Whoever connects to the servers reads and changes everything that they store. A
// server of this process is reached by nobody else, unless it is told to listen:
// where other machines reach it, only with a token for clients and a password for
// the servers of its cluster. What they say is not encrypted without TLS.
//
// # Clusters
//
// While a cluster has no leader, because most of its servers are not there yet or
// it elects one, which takes some seconds, requests are lost without an answer.
// Everything here then asks again, up to the end of its context, whose error says
// what the servers said last, if anything: give [Open] and [Log.Snapshots] as long
// as it may take until most of the cluster has started. A [feed.Replica] serves
// meanwhile, and is not fresh any more after feed.Options.MaxAge.
//
// Of nodes that write at the same time one adds its entry, and the others read that
// first. One that misses its turn again and again is let by the others, which it
// tells on the subject of the stream's name and ".turns": whoever restricts subjects
// should allow it.
package jetstream
