package jetstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/vinmatch/vinmatch/index/feed"
)

// Snapshots are [feed.Snapshots] in an object store beside the log, which all that
// have the log open find. Make them with [Log.Snapshots].
//
// A snapshot is several objects, the parts of its file, named after it with a
// number behind; and one without, of no content, that tells how many they are and
// makes it a snapshot. Parts are small enough that all of one can wait to be
// acknowledged at the same time: the client gives up when too much waits.
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
	// chunkBytes is the length of a chunk: just short of what a message can hold.
	chunkBytes = func(nc *nats.Conn) uint32 { return uint32(nc.MaxPayload() - 4096) }
)

const (
	// partAttempts is how often a part is read, at least, that cannot be while
	// the servers answer, and listAttempts how often the list.
	partAttempts = 3
	listAttempts = 6
	// tidyTime bounds what is done after a snapshot was stored.
	tidyTime = time.Minute
	// abandoned is how old parts are that belong to no snapshot because whoever
	// stored them died.
	abandoned = time.Hour

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
func partPatience() *patience { return &patience{20 * time.Second, 5 * time.Minute} }

func partName(name string, i int) string { return fmt.Sprintf("%s.%04d", name, i) }

// Put implements [feed.Snapshots]. The file is made in the directory for temporary
// files before.
func (s *Snapshots) Put(ctx context.Context, snap feed.Snapshot, save func(path string) error) error {
	dir, err := os.MkdirTemp("", "vinmatch")
	if err != nil {
		return fmt.Errorf("jetstream: %w", err)
	}
	defer os.RemoveAll(dir)
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
	parts := int((info.Size() + partBytes - 1) / partBytes)
	for i := range parts {
		meta := jetstream.ObjectMeta{
			Name: partName(name, i),
			Opts: &jetstream.ObjectMetaOptions{ChunkSize: chunkBytes(s.l.nc)},
		}
		part := io.NewSectionReader(f, int64(i)*partBytes, partBytes)
		if err := s.putObject(ctx, meta, part); err != nil {
			return err
		}
	}
	return s.putObject(ctx, jetstream.ObjectMeta{Name: name, Metadata: map[string]string{
		partsKey: strconv.Itoa(parts), bytesKey: strconv.FormatInt(info.Size(), 10),
	}}, io.NewSectionReader(f, 0, 0))
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
	dir, err := os.MkdirTemp("", "vinmatch")
	if err != nil {
		return fmt.Errorf("jetstream: %w", err)
	}
	defer os.RemoveAll(dir)
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
	began := time.Now()
	info, err := ask(ctx, func(ctx context.Context) (*jetstream.ObjectInfo, error) {
		info, err := s.store.GetInfo(ctx, name)
		if errors.Is(err, jetstream.ErrObjectNotFound) && time.Since(began) > s.lag {
			err = final{err}
		}
		return info, err
	})
	if err != nil {
		return err
	}
	parts, err := strconv.Atoi(info.Metadata[partsKey])
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	for i := range parts {
		if err = s.getPart(ctx, partName(name, i), f); err != nil {
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

// tidy removes snapshots of the same log that are too many, and parts without a
// snapshot. It is a courtesy: what it cannot do, the next Put does.
func (s *Snapshots) tidy(ctx context.Context, snap feed.Snapshot) {
	ctx, cancel := context.WithTimeout(ctx, tidyTime)
	defer cancel()
	list, objects, err := s.list(ctx)
	if err != nil {
		return
	}
	keep, kept := map[string]bool{}, 0
	for _, other := range list {
		if other.Position.Lineage == snap.Position.Lineage {
			if kept++; kept > s.l.o.KeepSnapshots {
				// What makes it a snapshot first.
				_ = s.store.Delete(ctx, other.Name())
				continue
			}
		}
		keep[other.Name()] = true
		parts, _ := strconv.Atoi(objects[other.Name()].Metadata[partsKey])
		for i := range parts {
			keep[partName(other.Name(), i)] = true
		}
	}
	for name, o := range objects {
		_, whole := feed.ParseSnapshot(name)
		of, isPart := feed.ParseSnapshot(name[:max(len(name)-len(".0000"), 0)])
		if keep[name] || whole || !isPart {
			continue
		}
		_, wasListed := objects[of.Name()]
		if wasListed || time.Since(o.ModTime) > abandoned {
			_ = s.store.Delete(ctx, name)
		}
	}
}
