package feed_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/index/feed"
	"github.com/vinmatch/vinmatch/index/feed/feedtest"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

var lineage = [16]byte{0xA0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

// full has a value in every field.
func full() index.Record {
	return index.Record{
		Owner: "FR", ID: "2026-17", Version: 300, VIN: vin.MustParse("1HGCM82633A004352"), Plate: plate.MustParse("F", "AB-123-CD"),
		Numbers: []index.Number{{Kind: index.KindEngine, Text: "K20A2"}, {Kind: index.KindDocument, Country: "FR", Text: "é"}},
		Type:    index.Car, Status: index.Stolen, Make: "Honda", ModelYear: 2003, Colour: "red",
		Stolen: time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC), Tags: []string{"", "operation"},
	}
}

func TestEntryRoundTrip(t *testing.T) {
	at := time.Unix(1_800_000_000, 123456789).UTC()
	negative := index.Record{Owner: "A", ID: "1", ModelYear: -5, Version: 1<<64 - 1, Type: 255, Status: 255}
	tagged := index.Record{Owner: "A", ID: strings.Repeat("i", index.MaxID), Tags: make([]string, 255), Make: strings.Repeat("m", 1024)}
	for i := range tagged.Tags {
		tagged.Tags[i] = strings.Repeat("t", 1024)
	}
	changes := []index.Change{
		{By: "FR", Op: index.Put, Record: full()},
		{By: "A", Op: index.Put, Record: negative},
		{By: "FR", Op: index.Withdraw, Record: index.Record{Owner: "FR", ID: "2026-17", Version: 301}},
		{By: "A", Op: index.Put, Record: tagged},
	}
	head := feed.Head{Position: index.Position{Lineage: lineage, Seq: 41}, Sum: 77}
	b, taken, next := head.Append([]byte("before"), at, changes)
	if taken != 3 || !bytes.HasPrefix(b, []byte("before")) {
		t.Fatalf("%d changes taken", taken)
	}
	e, err := feed.DecodeEntry(b[len("before"):])
	if err != nil {
		t.Fatal(err)
	}
	want := feed.Entry{Position: index.Position{Lineage: lineage, Seq: 42}, Prev: 77, Sum: next.Sum, Time: at, Changes: slices.Clone(changes[:3])}
	for i := range want.Changes {
		want.Changes[i].At = at
	}
	want.Changes[0].Record.Stolen = time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC) // a day, as in the index
	if diff := gocmp.Diff(want, e, gocmp.AllowUnexported(vin.VIN{}, plate.Plate{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, err := head.Follow(&e); err != nil || got != next {
		t.Errorf("Follow: %v, %v", got, err)
	}
	// The largest change there is makes an entry alone.
	b, taken, _ = next.Append(nil, at, changes[3:])
	if taken != 1 || len(b) < 255*1024 || len(b) > feed.MaxEntry/8 {
		t.Errorf("%d taken, %d bytes", taken, len(b))
	}
	if _, err := feed.DecodeEntry(b); err != nil {
		t.Error(err)
	}
}

// The bytes of an entry are those of the documentation, today and tomorrow.
func TestEntryBytes(t *testing.T) {
	head := feed.Head{Position: index.Position{Lineage: lineage, Seq: 0x0102}, Sum: 0x0A0B0C0D}
	b, _, next := head.Append(nil, time.Unix(0, 0x1112131415161718), []index.Change{
		{By: "FR", Op: index.Put, Record: full()},
		{By: "FR", Op: index.Withdraw, Record: index.Record{Owner: "FR", ID: "8", Version: 2}},
	})
	want := strings.Join([]string{
		"564d4601", "94000000", // magic, version, length
		"a00102030405060708090a0b0c0d0e0f", "0301000000000000",
		"0d0c0b0a", "1817161514131211", "02000000",
		"01", "024652", "024652", "07" + hex.EncodeToString([]byte("2026-17")), "ac02",
		"07",
		"89e0594de4020000", "44105d1444080000", // checked against vin.VIN.Words below
		"09" + hex.EncodeToString([]byte("FRAB123CD")),
		"", // the date, below
		"01", "01",
	}, "")
	words := binary.LittleEndian.AppendUint64(nil, 0)
	hi, lo := full().VIN.Words()
	words = binary.LittleEndian.AppendUint64(words[:0], hi)
	words = binary.LittleEndian.AppendUint64(words, lo)
	want = strings.Replace(want, "89e0594de402000044105d1444080000", hex.EncodeToString(words), 1)
	day := time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC).Sub(time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)).Hours()/24 + 730485
	want = strings.TrimSuffix(want, "0101") + hex.EncodeToString(binary.AppendUvarint(nil, uint64(day))) + "0101" +
		"05" + hex.EncodeToString([]byte("Honda")) + "03" + hex.EncodeToString([]byte("red")) + "a61f" +
		"02" + "00" + "09" + hex.EncodeToString([]byte("operation")) +
		"02" + "04" + "00" + "05" + hex.EncodeToString([]byte("K20A2")) + "08" + "024652" + "02c3a9" +
		"02" + "024652" + "024652" + "0138" + "02"
	wantBytes, err := hex.DecodeString(want)
	if err != nil {
		t.Fatal(err)
	}
	binary.LittleEndian.PutUint32(wantBytes[4:], uint32(len(wantBytes)+4))
	sum := crc32.Checksum(wantBytes, crc32.MakeTable(crc32.Castagnoli))
	wantBytes = binary.LittleEndian.AppendUint32(wantBytes, sum)
	if !bytes.Equal(b, wantBytes) {
		t.Errorf("an entry is\n%x, want\n%x", b, wantBytes)
	}
	if next.Sum != sum || next.Position.Seq != 0x0103 {
		t.Errorf("head %+v", next)
	}
}

func TestFollow(t *testing.T) {
	head := feed.Head{Position: index.Position{Lineage: lineage, Seq: 7}, Sum: 99}
	entry := func(change func(*feed.Entry)) *feed.Entry {
		e := &feed.Entry{Position: index.Position{Lineage: lineage, Seq: 8}, Prev: 99, Sum: 5}
		change(e)
		return e
	}
	for _, tc := range []struct {
		why  string
		head feed.Head
		e    *feed.Entry
		want error
	}{
		{"the next", head, entry(func(*feed.Entry) {}), nil},
		{"one is missing", head, entry(func(e *feed.Entry) { e.Position.Seq = 9 }), feed.ErrGap},
		{"the same again", head, entry(func(e *feed.Entry) { e.Position.Seq = 7 }), feed.ErrRegressed},
		{"another log", head, entry(func(e *feed.Entry) { e.Position.Lineage[0]++ }), feed.ErrReplaced},
		{"after another", head, entry(func(e *feed.Entry) { e.Prev++ }), feed.ErrReplaced},
		{"the first of any log", feed.Head{}, entry(func(e *feed.Entry) { e.Position.Seq, e.Prev = 1, 0 }), nil},
		{"not the first", feed.Head{}, entry(func(e *feed.Entry) {}), feed.ErrGap},
	} {
		next, err := tc.head.Follow(tc.e)
		var e *feed.LogError
		if !errors.Is(err, tc.want) || (err != nil) != (tc.want != nil) || err != nil && !errors.As(err, &e) {
			t.Errorf("%s: %v, want %v", tc.why, err, tc.want)
		}
		if err == nil && next != tc.e.Head() || err != nil && next != tc.head {
			t.Errorf("%s: head %+v", tc.why, next)
		}
	}
}

func TestCheckChange(t *testing.T) {
	long := strings.Repeat("x", 1025)
	number := index.Number{Kind: index.KindEngine, Text: strings.Repeat("7", 1024)}
	for _, tc := range []struct {
		why    string
		want   error
		change func(*index.Change)
	}{
		{"all is well", nil, func(*index.Change) {}},
		{"no owner", index.BadOwner, func(c *index.Change) { c.Record.Owner, c.By = "", "" }},
		{"a long owner", index.BadOwner, func(c *index.Change) { c.Record.Owner = strings.Repeat("x", 17); c.By = c.Record.Owner }},
		{"an owner with a space", index.BadOwner, func(c *index.Change) { c.Record.Owner = "F R"; c.By = c.Record.Owner }},
		{"no ID", index.BadID, func(c *index.Change) { c.Record.ID = "" }},
		{"a long ID", index.BadID, func(c *index.Change) { c.Record.ID = long[:256] }},
		{"sent by another", index.NotOwner, func(c *index.Change) { c.By = "fr" }},
		{"no operation", index.UnknownOp, func(c *index.Change) { c.Op = 0 }},
		{"a year of 33 bits", index.BadYear, func(c *index.Change) { c.Record.ModelYear = math.MinInt }},
		{"the year 10000", index.BadDate, func(c *index.Change) { c.Record.Stolen = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }},
		{"a long make", index.TooLarge, func(c *index.Change) { c.Record.Make = long }},
		{"a long colour", index.TooLarge, func(c *index.Change) { c.Record.Colour = long }},
		{"a long tag", index.TooLarge, func(c *index.Change) { c.Record.Tags = []string{long} }},
		{"many tags", index.TooLarge, func(c *index.Change) { c.Record.Tags = make([]string, 256) }},
		{"a long number", index.TooLarge, func(c *index.Change) { c.Record.Numbers = []index.Number{{Text: long}} }},
		{"many numbers", index.TooLarge, func(c *index.Change) { c.Record.Numbers = make([]index.Number, 256) }},
		{"as much as there may be", nil, func(c *index.Change) { c.Record.Numbers = slices.Repeat([]index.Number{number}, 63) }},
		{"more than that", index.TooLarge, func(c *index.Change) { c.Record.Numbers = slices.Repeat([]index.Number{number}, 64) }},
		{"a number that is none", nil, func(c *index.Change) { c.Record.Numbers = []index.Number{{}} }},
		{"of a withdrawal only identity counts", nil, func(c *index.Change) { c.Op, c.Record.Make = index.Withdraw, long }},
	} {
		c := index.Change{By: "FR", Op: index.Put, Record: full()}
		tc.change(&c)
		got := feed.Check(&c)
		if got != tc.want {
			t.Errorf("%s: %v, want %v", tc.why, got, tc.want)
		}
		// An index says the same.
		x, err := index.Build(t.Context(), index.Options{}, index.Records())
		if err != nil {
			t.Fatal(err)
		}
		done, err := x.Apply(index.Position{}, []index.Change{c})
		if err != nil {
			t.Fatal(err)
		}
		whole := slices.DeleteFunc(done.Refused, func(r index.Refusal) bool { return r.Number >= 0 })
		if refused := len(whole) > 0; refused != (got != nil) || refused && whole[0].Err != tc.want {
			t.Errorf("%s: the index says %v", tc.why, done.Refused)
		}
	}
}

func TestIDs(t *testing.T) {
	c := index.Change{By: "FR", Op: index.Put, Record: full()}
	same := c
	same.At, same.Record = time.Now(), index.Record{Owner: "FR", ID: "2026-17", Version: 300}
	if feed.IDOf(&c) != feed.IDOf(&same) {
		t.Error("the ID depends on more than by, op, owner, ID and version")
	}
	ids := map[feed.ID]bool{feed.IDOf(&c): true}
	for i, change := range []func(*index.Change){
		func(c *index.Change) { c.By = "F" },
		func(c *index.Change) { c.Op = index.Withdraw },
		func(c *index.Change) { c.Record.Owner = "F" },
		func(c *index.Change) { c.Record.ID = "2026-1" },
		func(c *index.Change) { c.Record.Version++ },
		// Where one text ends counts.
		func(c *index.Change) { c.Record.Owner, c.Record.ID = "F", "R2026-17" },
	} {
		other := c
		change(&other)
		if id := feed.IDOf(&other); ids[id] {
			t.Errorf("other change %d has an ID that was there", i)
		} else {
			ids[id] = true
		}
	}
	if n := testing.AllocsPerRun(100, func() { _ = feed.IDOf(&c) }); n != 0 {
		t.Errorf("IDOf allocates %v times", n)
	}
}

func TestRecent(t *testing.T) {
	r := feed.NewRecent(10)
	changes := feedtest.Changes(1, 25)
	for i := range changes {
		r.Add(feed.IDOf(&changes[i]), uint64(i+1))
		r.Add(feed.IDOf(&changes[i]), 1000) // the first counts
	}
	if r.Len() != 10 {
		t.Errorf("%d remembered", r.Len())
	}
	for i := range changes {
		want := uint64(0)
		if i >= 15 {
			want = uint64(i + 1)
		}
		if got := r.Seq(feed.IDOf(&changes[i])); got != want {
			t.Errorf("change %d is in entry %d, want %d", i, got, want)
		}
	}
	fresh, ids, last, err := r.Fresh(append(changes[14:17], changes[14], changes[3]))
	if err != nil || last != 17 || len(ids) != 2 || len(fresh) != 2 || fresh[0].Record.ID != changes[14].Record.ID || fresh[1].Record.ID != changes[3].Record.ID {
		t.Errorf("%d fresh, last %d, %v", len(fresh), last, err)
	}
}

// seal sets the length and the checksum of an entry right.
func seal(b []byte) {
	if len(b) >= 52 {
		binary.LittleEndian.PutUint32(b[4:], uint32(len(b)))
		binary.LittleEndian.PutUint32(b[len(b)-4:], crc32.Checksum(b[:len(b)-4], crc32.MakeTable(crc32.Castagnoli)))
	}
}

// Any bytes give an entry or an error; what gives an entry is the one encoding of
// it; and it takes memory in proportion. Checksums are made to fit, as somebody who
// forges an entry would.
func FuzzDecodeEntry(f *testing.F) {
	head := feed.Head{Position: index.Position{Lineage: lineage}}
	b, _, next := head.Append(nil, time.Unix(1_800_000_000, 0), []index.Change{{By: "FR", Op: index.Put, Record: full()}})
	f.Add(b)
	for changes := feedtest.Changes(1, 12); len(changes) > 0; {
		var taken int
		b, taken, next = next.Append(nil, time.Unix(1_800_000_000, 0), changes[:min(3, len(changes))])
		f.Add(b)
		changes = changes[taken:]
	}
	f.Fuzz(checkDecodeEntry)
}

func checkDecodeEntry(t *testing.T, b []byte) {
	if _, err := feed.DecodeEntry(b); err != nil {
		b = slices.Clone(b)
		seal(b)
	}
	var before, after runtime.MemStats
	measure := len(b) > 1<<14
	if measure {
		runtime.ReadMemStats(&before)
	}
	e, err := feed.DecodeEntry(b)
	if measure {
		runtime.ReadMemStats(&after)
		// A change of 8 bytes is an index.Change of some 300.
		if got := after.TotalAlloc - before.TotalAlloc; got > 1<<16+128*uint64(len(b)) {
			t.Errorf("%d bytes of memory for an entry of %d", got, len(b))
		}
	}
	var bad *feed.LogError
	if err != nil {
		if !errors.As(err, &bad) || !errors.Is(err, feed.ErrDamaged) && !errors.Is(err, feed.ErrVersion) {
			t.Errorf("error %v", err)
		}
		return
	}
	before1 := feed.Head{Position: index.Position{Lineage: e.Position.Lineage, Seq: e.Position.Seq - 1}, Sum: e.Prev}
	if len(b) <= feed.EntryTarget {
		again, taken, head := before1.Append(nil, e.Time, e.Changes)
		if taken != len(e.Changes) || !bytes.Equal(again, b) || head != e.Head() {
			t.Errorf("encoded again, an entry of %d bytes has %d", len(b), len(again))
		}
	}
	for i := range e.Changes {
		if err := feed.Check(&e.Changes[i]); err != nil {
			t.Errorf("change %d: %v", i, err)
		}
	}
}

// Bytes that claim more changes than there can be take no memory for them.
func TestDecodeEntryBounds(t *testing.T) {
	head := feed.Head{Position: index.Position{Lineage: lineage}}
	good, _, _ := head.Append(nil, time.Unix(1, 0), []index.Change{{By: "FR", Op: index.Put, Record: full()}})
	for _, n := range []uint32{0, 2, 100, 1 << 20, 1<<32 - 1} {
		b := slices.Clone(good)
		binary.LittleEndian.PutUint32(b[44:], n)
		seal(b)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := feed.DecodeEntry(b)
		runtime.ReadMemStats(&after)
		if !errors.Is(err, feed.ErrDamaged) {
			t.Errorf("%d changes: %v", n, err)
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > 1<<17 {
			t.Errorf("%d changes: %d bytes of memory", n, got)
		}
	}
	for bit := range 8 * len(good) {
		b := slices.Clone(good)
		b[bit/8] ^= 1 << (bit % 8)
		if _, err := feed.DecodeEntry(b); !errors.Is(err, feed.ErrDamaged) {
			t.Errorf("with bit %d flipped: %v", bit, err)
		}
	}
	later := slices.Clone(good)
	later[3] = 2
	seal(later)
	if _, err := feed.DecodeEntry(later); !errors.Is(err, feed.ErrVersion) {
		t.Errorf("a later version: %v", err)
	}
	for n := range good {
		if _, err := feed.DecodeEntry(good[:n]); !errors.Is(err, feed.ErrDamaged) {
			t.Errorf("cut to %d bytes: %v", n, err)
		}
	}
}
