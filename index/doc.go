// Package index holds a register of wanted vehicles in memory and answers
// whether a number is on it, some tens of millions of times a second.
//
//	x, err := index.Build(ctx, index.Options{}, records)
//	v := x.View()
//	row, ok := v.Lookup(index.VIN(number))
//	if ok {
//		fmt.Println(v.Record(row).Owner)
//	}
//
// # Records and owners
//
// A [Record] is what one owner says of one vehicle, component or document. Owner
// and ID identify it, and several owners may list the same vehicle. The owner is
// an opaque name: national contributors use their country's code. A record has
// any of a VIN, a plate and other numbers, and is found by each.
//
// # Keys
//
// Every number becomes a [Key] of 128 bits, whose equality is that of the number
// under the rules of its kind: [VIN] and [Plate] make keys of parsed values,
// [Number.Key] of text. Nothing is repaired here. Clean what was read before, as
// package match does.
//
// # Rows and views
//
// A [View] is one version of the register, and never changes. It numbers its
// records as rows. Readers take a View once for each piece of work, need no
// locks, and pass rows only to the View that gave them.
//
// To ask for many keys, use [View.LookupBatch]: it overlaps the waiting for
// memory, which is nearly all of the time that a lookup in a large register
// takes.
//
// # Changes
//
// [Index.Apply] takes what owners put and withdraw, in calls of many changes, at
// a [Position] of the log that they come from. Versions decide what a change
// does, so that changes may come twice, late and out of order, and only the owner
// of a record changes it.
//
// Readers do not notice. They take no lock and wait for nobody: a View has all
// changes of a call or none, and is the same, to the row, for as long as it is
// held. Work that should see new records takes a new View.
//
// Each number bounds another. Changes wait beside the register until
// [Index.Compact] merges them into it, which happens by itself, in the
// background, from [Options.CompactAfter] changes on; 16 times as many are the
// most that wait, because Apply then does. So memory is that of the register, of
// those changes at about 250 bytes each, and while it compacts of the new
// register with eight bytes a record; a lookup among the greatest number of
// changes takes up to half as long again as among none; and a View that is held keeps
// one register and the changes beside it, not more. Withdrawals are remembered for
// [Options.KeepWithdrawn]. [Index.Close] ends what works in the background.
//
// # Filters
//
// A [Filter] says which records count, by owner, type, status, make, colour, tag,
// model year and date of theft. Compile it for a View with [View.Select] and use
// the [Selection] for as long as the View. Lookups with a selection pass over
// records that fail it, so that another owner's record of the same number is
// found.
//
// [View.Count] tells how many records a filter selects. Values are bitmaps, and
// ranges a bit of every record's year or day at a time, so that terms are combined
// 64 records at once: three values take half a millisecond to one for twenty million
// records, a range of years one more, and one of dates two. Together they take
// six bytes a record, more where records have many attributes of many values.
//
// # Partial numbers
//
// [View.Search] finds VINs of which not everything is known, [View.SearchPlates]
// plates, and [View.SearchNumbers] numbers of every kind: the last six symbols,
// a maker and four digits, a fragment from nowhere in particular. Each takes a
// selection, and no search returns more rows than its limit: a broad one stops
// in time, says that it is truncated, and returns the first rows in an order
// that it documents.
//
// A search goes through as little as it can. It estimates what each [Path] would
// take, from the VINs that begin as wanted, from how often each symbol stands at
// each position, and from two directories, and the [Plan] in its result tells
// which it took. Beside the keys that takes six bytes a VIN:
//
//   - a prefix is a range of the sorted keys, and costs nothing;
//   - the serial directory orders the VINs by their last six symbols, the last
//     one first;
//   - the head directory holds the beginnings that VINs share, of eight and of
//     eleven symbols, of which there are few;
//   - a fragment at an unknown offset is tried at every offset, by the cheaper
//     of the two directories.
//
// Bitmaps of the rows of each symbol were tried and left out: their unions take
// a hundred times as long.
//
// # Snapshots
//
// [Index.Save] writes the register to a file and [Open] reads it back, many times
// faster than it was built. A snapshot opens wholly verified or not at all, and
// is replaced whole or not at all; see [Open] for what holds of files from others.
// [Index.Swap] puts a newer snapshot under running readers. A snapshot keeps the
// [Position] up to which a change log was taken.
//
// # What is bounded by what
//
// A lookup passes one group of its table and, where that is full, a sorted list:
// among a million numbers of one hash, which take the seed to choose, it makes some
// twenty steps. Among changes it passes 256 slots at most: where keys crowd in spite
// of the seed, their table takes another hash. No lookup allocates. The rows of a
// number are as many as records have it, and [View.Rows] yields them one by one.
//
// A search stops one row behind its limit and looks at its context as it goes; a
// pattern that fits everything visits no more than its limit and what it passes over.
// Of changes that wait, which come last, it visits all that begin as wanted, to return
// those that came first. A [Filter] has [MaxTerms] terms at most. A record has at
// most 255 numbers and 255 tags of 1024 bytes each, with its ID, plate and numbers
// 65,535 bytes together, and is refused beyond. A snapshot takes a small multiple of
// its length of memory to open, and time in proportion.
//
// # After a crash
//
// Changes are in memory. What lasts is a [Index.Save] that returned: the file is
// then whole under its name, and the directory synced. A program that is killed, or
// a disk that fails, before that leaves the file of before; which of both it is can
// be told from its [Position], and package feed applies again what came after. A
// temporary file may be left, and goes when somebody saves an hour later.
//
// # What "no match" means
//
// That no record of this View has exactly this number, and no more. The vehicle
// may be wanted and not listed, listed by another number, or its number misread.
// There are no false negatives for a number that is listed as it was read, and
// false positives only where a [Key] is hashed: see [Key.Hashed].
//
// # Personal data
//
// VINs and plates are personal data. Errors and the String of a Key do not show
// them; a [Record] does.
package index
