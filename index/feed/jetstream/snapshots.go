package jetstream

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/vinmatch/vinmatch/index/feed"
)

// Snapshots are [feed.Snapshots] in an object store beside the log, which all that
// have the log open find. Make them with [Log.Snapshots].
//
// A snapshot is several objects: the parts of its file, and a head of no content
// that has its name, is stored last, and makes it a snapshot. Nodes may store the
// same one at the same time, and no two write the same bytes. So each Put makes up
// a word for the names of its parts, and the head tells the word: whichever Put
// stores its head last, the parts that it names are of one Put, and whole. Parts
// are small enough that all of one can wait to be acknowledged at the same time:
// the client gives up when too much waits.
type Snapshots struct {
	l      *Log
	bucket string
	store  jetstream.ObjectStore
	stream jetstream.Stream // behind the store
	lag    time.Duration    // for which a server may not have what another has
}

var _ feed.Snapshots = (*Snapshots)(nil)

// Variables for tests alone.
var (
	partBytes int64 = 64 << 20
	// partFirst is how long one part may take at first.
	partFirst = 20 * time.Second
	// chunkBytes is the length of a chunk: just short of what a message can hold.
	chunkBytes = func(nc *nats.Conn) uint32 { return uint32(nc.MaxPayload() - 4096) }
	// abandoned is how long a Put must have stored nothing before its parts count
	// as left behind, unless a head names them.
	abandoned = time.Hour
)

const (
	// partAttempts is how often a part is read, at least, that cannot be while
	// the servers answer, and listAttempts how often the list.
	partAttempts = 3
	listAttempts = 6
	// tidyTime bounds what is done after a snapshot was stored.
	tidyTime = time.Minute
	// partTime bounds how long a Put tries to store one part, or the head: it must
	// give up long before others take the parts before for abandoned.
	partTime = 30 * time.Minute

	wordKey  = "vinmatch-word"
	partsKey = "vinmatch-parts"
	bytesKey = "vinmatch-bytes"
)

// Snapshots returns the snapshots beside the log, and makes room for them if there
// is none.
func (l *Log) Snapshots(ctx context.Context) (_ *Snapshots, err error) {
	s := &Snapshots{l: l, bucket: l.o.Stream + "_snapshots"}
	ctx, stop := l.within(ctx)
	defer stop()
	s.store, err = ask(ctx, func(ctx context.Context) (jetstream.ObjectStore, error) {
		store, err := l.js.ObjectStore(ctx, s.bucket)
		if errors.Is(err, jetstream.ErrBucketNotFound) {
			store, err = l.js.CreateObjectStore(ctx, jetstream.ObjectStoreConfig{
				Bucket: s.bucket, Storage: jetstream.FileStorage, Replicas: l.stream.CachedInfo().Config.Replicas,
			})
		}
		return store, refused(err)
	})
	if err == nil {
		s.stream, err = ask(ctx, func(ctx context.Context) (jetstream.Stream, error) {
			return l.js.Stream(ctx, "OBJ_"+s.bucket)
		})
	}
	if err != nil {
		return nil, fmt.Errorf("jetstream: Snapshots: %w", closedError(ctx, err))
	}
	if s.stream.CachedInfo().Config.Replicas > 1 {
		s.lag = regressTime
	}
	return s, nil
}

// partPatience is how long one part may take, of 64 MiB.
func partPatience() *patience { return &patience{partFirst, 5 * time.Minute} }

func partName(name, word string, i int) string { return fmt.Sprintf("%s.%s.%04d", name, word, i) }

// wordOf returns the word in the name of a part.
func wordOf(part string) (word string, ok bool) {
	fields := strings.Split(part, ".")
	if len(fields) != 3 {
		return "", false
	}
	_, ok = feed.ParseSnapshot(fields[0])
	return fields[1], ok
}

// Put implements [feed.Snapshots]. The file is made in the directory for temporary
// files before.
func (s *Snapshots) Put(ctx context.Context, snap feed.Snapshot, save func(path string) error) error {
	dir, remove, err := scratch()
	if err != nil {
		return fmt.Errorf("jetstream: %w", err)
	}
	defer remove()
	path := filepath.Join(dir, "snapshot")
	if err := save(path); err != nil {
		return err
	}
	if err := s.put(ctx, snap.Name(), path); err != nil {
		return fmt.Errorf("jetstream: storing a snapshot: %w", err)
	}
	s.tidy(ctx, snap)
	return nil
}

func (s *Snapshots) put(ctx context.Context, name, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	parts, word := int((info.Size()+partBytes-1)/partBytes), rand.Text()
	for i := range parts {
		meta := jetstream.ObjectMeta{
			Name: partName(name, word, i),
			Opts: &jetstream.ObjectMetaOptions{ChunkSize: chunkBytes(s.l.nc)},
		}
		part := io.NewSectionReader(f, int64(i)*partBytes, partBytes)
		if err := s.putObject(ctx, meta, part); err != nil {
			return err
		}
	}
	return s.putHead(ctx, name, word, parts, info.Size())
}

// putHead stores the head of a snapshot, which makes it one.
func (s *Snapshots) putHead(ctx context.Context, name, word string, parts int, size int64) error {
	return s.putObject(ctx, jetstream.ObjectMeta{Name: name, Metadata: map[string]string{
		wordKey: word, partsKey: strconv.Itoa(parts), bytesKey: strconv.FormatInt(size, 10),
	}}, strings.NewReader(""))
}

// led waits until the store has a leader. What takes long is begun after that, since
// it would not notice for long that what it sent was lost.
func (s *Snapshots) led(ctx context.Context) error {
	_, err := ask(ctx, func(ctx context.Context) (*jetstream.StreamInfo, error) { return s.info(ctx) })
	return err
}

// info asks the leader of the store.
func (s *Snapshots) info(ctx context.Context, o ...jetstream.StreamInfoOpt) (*jetstream.StreamInfo, error) {
	info, err := s.stream.Info(ctx, o...)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		err = final{err} // somebody removed it
	}
	return info, err
}

// putObject stores an object, in several attempts if need be.
func (s *Snapshots) putObject(ctx context.Context, meta jetstream.ObjectMeta, r io.ReadSeeker) error {
	ctx, cancel := context.WithTimeout(ctx, partTime)
	defer cancel()
	p := partPatience()
	return retry(ctx, func() error {
		if err := s.led(ctx); err != nil {
			return err
		}
		if _, err := r.Seek(0, io.SeekStart); err != nil {
			return final{err}
		}
		_, err := attempt(ctx, p, func(ctx context.Context) (any, error) { return s.store.Put(ctx, meta, r) })
		return err
	})
}

// Get implements [feed.Snapshots]. The file is in the directory for temporary files
// meanwhile.
func (s *Snapshots) Get(ctx context.Context, snap feed.Snapshot, open func(path string) error) error {
	dir, remove, err := scratch()
	if err != nil {
		return fmt.Errorf("jetstream: %w", err)
	}
	defer remove()
	path := filepath.Join(dir, "snapshot")
	if err := s.get(ctx, snap.Name(), path); err != nil {
		return fmt.Errorf("jetstream: reading a snapshot: %w", err)
	}
	return open(path)
}

func (s *Snapshots) get(ctx context.Context, name, path string) error {
	if err := s.led(ctx); err != nil {
		return err
	}
	// After an error, another Put may have stored a head, and the parts of the one
	// before have gone.
	var tried string
	var said error
	for {
		word, parts, err := s.readHead(ctx, name)
		if err != nil {
			return err
		}
		if word == tried {
			return said
		}
		if said = s.getParts(ctx, name, word, parts, path); said == nil {
			return nil
		}
		tried = word
	}
}

// readHead returns what the head of a snapshot tells of its parts.
func (s *Snapshots) readHead(ctx context.Context, name string) (word string, parts int, err error) {
	began := time.Now()
	info, err := ask(ctx, func(ctx context.Context) (*jetstream.ObjectInfo, error) {
		info, err := s.store.GetInfo(ctx, name)
		if errors.Is(err, jetstream.ErrObjectNotFound) && time.Since(began) > s.lag {
			err = final{err}
		}
		return info, err
	})
	if err != nil {
		return "", 0, err
	}
	word = info.Metadata[wordKey]
	if parts, err = strconv.Atoi(info.Metadata[partsKey]); err != nil || word == "" {
		return "", 0, errors.New("it was not stored by this version of the package")
	}
	return word, parts, nil
}

// getParts makes the file of a snapshot of its parts.
func (s *Snapshots) getParts(ctx context.Context, name, word string, parts int, path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	for i := range parts {
		if err = s.getPart(ctx, partName(name, word, i), f); err != nil {
			err = fmt.Errorf("part %d of %d: %w", i+1, parts, err)
			break
		}
	}
	return errors.Join(err, f.Close())
}

// getPart appends a part to a file. The store checks its hash.
func (s *Snapshots) getPart(ctx context.Context, name string, f *os.File) error {
	at, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	began, attempts, p := time.Now(), 0, partPatience()
	return retry(ctx, func() error {
		if err := s.led(ctx); err != nil { // that nobody answers says nothing about the part
			return err
		}
		if _, err := f.Seek(at, io.SeekStart); err != nil {
			return final{err}
		}
		if err := f.Truncate(at); err != nil {
			return final{err}
		}
		_, err := attempt(ctx, p, func(ctx context.Context) (any, error) {
			o, err := s.store.Get(ctx, name)
			if err != nil {
				return nil, err
			}
			_, err = io.Copy(f, o)
			return nil, errors.Join(err, o.Close())
		})
		if attempts++; err != nil && attempts >= partAttempts && time.Since(began) > s.lag {
			err = final{err}
		}
		return err
	})
}

// List implements [feed.Snapshots].
func (s *Snapshots) List(ctx context.Context) ([]feed.Snapshot, error) {
	list, _, err := s.list(ctx)
	if err != nil {
		return nil, fmt.Errorf("jetstream: listing snapshots: %w", err)
	}
	return list, nil
}

// list returns the snapshots, and all objects by name.
func (s *Snapshots) list(ctx context.Context) (list []feed.Snapshot, objects map[string]*jetstream.ObjectInfo, err error) {
	began, attempts := time.Now(), 0
	infos, err := ask(ctx, func(ctx context.Context) ([]*jetstream.ObjectInfo, error) {
		// How many there are the leader says. What the store lists comes from
		// any server, which may not have them all yet; and of an empty store,
		// it may wait for the first object.
		info, err := s.info(ctx, jetstream.WithSubjectFilter("$O."+s.bucket+".M.>"))
		if err != nil || len(info.State.Subjects) == 0 {
			return nil, err
		}
		infos, err := s.store.List(ctx, jetstream.ListObjectsShowDeleted())
		if errors.Is(err, jetstream.ErrNoObjectsFound) {
			err = nil
		}
		if n := len(info.State.Subjects); err == nil && len(infos) < n && time.Since(began) < s.lag {
			err = fmt.Errorf("a server lists %d of %d objects", len(infos), n)
		}
		if attempts++; err != nil && attempts >= listAttempts && time.Since(began) > s.lag {
			err = final{err}
		}
		return infos, err
	})
	if err != nil {
		return nil, nil, err
	}
	objects = map[string]*jetstream.ObjectInfo{}
	for _, o := range infos {
		if o.Deleted {
			continue
		}
		objects[o.Name] = o
		if snap, ok := feed.ParseSnapshot(o.Name); ok {
			snap.Time = o.ModTime
			snap.Size, _ = strconv.ParseInt(o.Metadata[bytesKey], 10, 64)
			list = append(list, snap)
		}
	}
	feed.SortSnapshots(list)
	return list, objects, nil
}

// tidy removes snapshots of the same log that are too many, and what is left of a Put
// that did not end. It is a courtesy: what it cannot do, the next Put does.
func (s *Snapshots) tidy(ctx context.Context, snap feed.Snapshot) {
	ctx, cancel := context.WithTimeout(ctx, tidyTime)
	defer cancel()
	list, objects, err := s.list(ctx)
	if err != nil {
		return
	}
	named, forgotten, kept := map[string]bool{}, map[string]bool{}, 0 // words
	for _, other := range list {
		word := objects[other.Name()].Metadata[wordKey]
		if other.Position.Lineage == snap.Position.Lineage {
			// What makes it a snapshot first.
			if kept++; kept > s.l.o.KeepSnapshots && other.Size > 0 && s.forget(ctx, other) == nil {
				forgotten[word] = true
				continue
			}
		}
		named[word] = true
	}
	// Parts that no head names may be of a Put that is under way: it has stored one
	// of late. What time it is the youngest object tells, by the clock of the
	// servers. So a list that is out of date takes nothing for older than it was,
	// and a head that comes after the last of its parts is in time to be in it.
	var now time.Time
	last := map[string]time.Time{} // by word
	for name, o := range objects {
		now = later(now, o.ModTime)
		if word, ok := wordOf(name); ok {
			last[word] = later(last[word], o.ModTime)
		}
	}
	for name := range objects {
		word, ok := wordOf(name)
		if ok && !named[word] && (forgotten[word] || now.Sub(last[word]) > abandoned) {
			_ = s.remove(ctx, name)
		}
	}
	s.tidyChunks(ctx, now, objects)
}

// forget removes the head of a snapshot, or all that it tells but the name.
func (s *Snapshots) forget(ctx context.Context, snap feed.Snapshot) error {
	if snap.Position.Seq > 0 {
		return s.remove(ctx, snap.Name())
	}
	return s.putHead(ctx, snap.Name(), rand.Text(), 0, 0)
}

// tidyChunks removes chunks of objects whose end never came.
func (s *Snapshots) tidyChunks(ctx context.Context, now time.Time, objects map[string]*jetstream.ObjectInfo) {
	chunks := "$O." + s.bucket + ".C."
	info, err := s.info(ctx, jetstream.WithSubjectFilter(chunks+">"))
	if err != nil {
		return
	}
	for _, o := range objects {
		delete(info.State.Subjects, chunks+o.NUID)
	}
	for subject := range info.State.Subjects {
		m, err := s.stream.GetLastMsgForSubject(ctx, subject)
		if err == nil && now.Sub(m.Time) > abandoned {
			_ = s.stream.Purge(ctx, jetstream.WithPurgeSubject(subject))
		}
	}
}

// remove removes an object, and the mark that the store leaves in its place.
func (s *Snapshots) remove(ctx context.Context, name string) error {
	if err := s.store.Delete(ctx, name); err != nil {
		return err
	}
	mark := "$O." + s.bucket + ".M." + base64.URLEncoding.EncodeToString([]byte(name))
	_ = s.stream.Purge(ctx, jetstream.WithPurgeSubject(mark))
	return nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
