package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	_ "modernc.org/sqlite" // the driver

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
)

// sqlite is SQLite, in memory and in this process.
type sqlite struct {
	db    *sql.DB
	stmts map[string]*sql.Stmt
	sizes []part
}

func (*sqlite) describe() description {
	return description{
		Name:    "SQLite",
		Version: moduleVersion("modernc.org/sqlite"),
		Setup: "modernc.org/sqlite in memory: one table with a B-tree of the VINs, one of the reversed VINs (a column of its own), " +
			"and FTS5 trigrams, case-sensitive, over the same table; loaded in order in one transaction, optimized, analysed. " +
			"Prepared statements on one connection; known ends as ranges of keys, one for each symbol that may stand where an unknown one is near the end, the rest by GLOB within them; a fragment as an FTS5 phrase; " +
			"many numbers and all that may have been meant as one JSON array, joined.",
	}
}

// The statements, all answered from an index alone but for fragments. The plus
// keeps SQLite from taking the known beginning of the pattern for a better range
// than the one it is given.
var sqliteStatements = map[string]string{
	"exact":    `SELECT id FROM v WHERE vin = ?`,
	"batch":    `SELECT j.key, v.id FROM json_each(?) AS j CROSS JOIN v WHERE v.vin = j.value`,
	"prefix":   `SELECT id FROM v WHERE vin >= ? AND vin < ? AND +vin GLOB ? LIMIT 100`,
	"suffix":   `SELECT id FROM v WHERE rvin >= ? AND rvin < ? LIMIT 100`,
	"places":   `SELECT v.id FROM json_each(?) AS h CROSS JOIN v ON v.rvin >= h.value AND v.rvin < h.value || '~' WHERE +v.rvin GLOB ? LIMIT 100`,
	"fragment": `SELECT rowid FROM f WHERE f MATCH ? LIMIT 100`,
}

func (c *sqlite) build(ctx context.Context, listed []entry) (err error) {
	if c.db, err = sql.Open("sqlite", ":memory:"); err != nil {
		return err
	}
	c.db.SetMaxOpenConns(1) // each connection would have a memory of its own
	for _, s := range []string{
		`PRAGMA journal_mode = off`,
		`PRAGMA synchronous = off`,
		`PRAGMA locking_mode = exclusive`,
		`PRAGMA temp_store = memory`,
		`CREATE TABLE v (id INTEGER PRIMARY KEY, vin TEXT NOT NULL, rvin TEXT NOT NULL)`,
	} {
		if _, err := c.db.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	if err := c.load(ctx, listed); err != nil {
		return err
	}
	before := int64(0)
	for _, s := range []struct{ name, sql string }{
		{"table", ``},
		{"B-tree", `CREATE UNIQUE INDEX v_vin ON v (vin)`},
		{"reversed B-tree", `CREATE INDEX v_rvin ON v (rvin)`},
		{"trigrams", `CREATE VIRTUAL TABLE f USING fts5(vin, content='v', content_rowid='id', columnsize=0, tokenize='trigram case_sensitive 1')`},
		{"trigrams", `INSERT INTO f (f) VALUES ('rebuild')`},
		{"trigrams", `INSERT INTO f (f) VALUES ('optimize')`},
		{"statistics", `ANALYZE`},
	} {
		if s.sql != "" {
			if _, err := c.db.ExecContext(ctx, s.sql); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
		var used int64
		const q = `SELECT (c.page_count - f.freelist_count) * s.page_size FROM pragma_page_count AS c, pragma_freelist_count AS f, pragma_page_size AS s`
		if err := c.db.QueryRowContext(ctx, q).Scan(&used); err != nil {
			return err
		}
		if n := len(c.sizes); n > 0 && c.sizes[n-1].Name == s.name {
			c.sizes[n-1].Bytes += used - before
		} else {
			c.sizes = append(c.sizes, part{s.name, used - before})
		}
		before = used
	}
	c.stmts = map[string]*sql.Stmt{}
	for name, s := range sqliteStatements {
		if c.stmts[name], err = c.db.PrepareContext(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// load inserts the VINs in the order of their ids, many with a statement.
func (c *sqlite) load(ctx context.Context, listed []entry) error {
	vins := make([]vin.VIN, len(listed))
	for i := range listed {
		vins[listed[i].id] = listed[i].vin
	}
	tx, err := c.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	const many = 256
	insert := func(n int) string {
		return `INSERT INTO v VALUES (?, ?, ?)` + strings.Repeat(`, (?, ?, ?)`, n-1)
	}
	stmt, err := tx.PrepareContext(ctx, insert(many))
	if err != nil {
		return err
	}
	args := make([]any, 0, 3*many)
	for i, v := range vins {
		s := v.String()
		args = append(args, i, s, reversed(s))
		if len(args) == cap(args) {
			if _, err := stmt.ExecContext(ctx, args...); err != nil {
				return err
			}
			args = args[:0]
		}
	}
	if len(args) > 0 {
		if _, err := tx.ExecContext(ctx, insert(len(args)/3), args...); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func (c *sqlite) parts(context.Context) ([]part, error) { return c.sizes, nil }

// rows appends the ids that a statement answers.
func (c *sqlite) rows(dst []index.Row, name string, args ...any) ([]index.Row, error) {
	rows, err := c.stmts[name].Query(args...)
	if err != nil {
		return dst, err
	}
	defer rows.Close()
	var id int64
	for rows.Next() {
		if err := rows.Scan(&id); err != nil {
			return dst, err
		}
		dst = append(dst, index.Row(id))
	}
	return dst, rows.Err()
}

func (*sqlite) needs(f form) []string { return indexesOf(f) }

// indexesOf returns what a database with both B-trees and trigrams reads for a form.
func indexesOf(f form) []string {
	switch f {
	case lastSix, makerLastFour, twoOfLastSix:
		return []string{"table", "reversed B-tree"}
	case twoUnknown:
		return []string{"table", "B-tree", "reversed B-tree"}
	case fragment:
		return []string{"table", "trigrams"}
	}
	return []string{"table", "B-tree"}
}

func (c *sqlite) prepare(q *question) ask {
	var name string
	var args []any
	switch q.form {
	case exactHit, exactMiss:
		name, args = "exact", []any{q.vin.String()}
	case lastSix:
		s := reversed(q.suffix())
		name, args = "suffix", []any{s, after(s)}
	case makerLastFour, twoUnknown, twoOfLastSix:
		// What ? means to GLOB is what it means here.
		if p := q.prefix(); len(p) >= narrowPrefix {
			name, args = "prefix", []any{p, after(p), q.places}
			break
		}
		places := reversed(q.places)
		list, err := json.Marshal(heads(places))
		if err != nil {
			panic("peers: symbols as JSON: " + err.Error())
		}
		name, args = "places", []any{string(list), places}
	case fragment:
		name, args = "fragment", []any{`"` + q.fragment + `"`}
	case oneError:
		v := q.vin
		return func(dst []index.Row) ([]index.Row, error) {
			list, err := json.Marshal(neighbours(v))
			if err != nil {
				return dst, err
			}
			err = c.join(string(list), func(_ int, id index.Row) { dst = append(dst, id) })
			return dst, err
		}
	default:
		return nil
	}
	return func(dst []index.Row) ([]index.Row, error) { return c.rows(dst, name, args...) }
}

// join looks up all VINs of a JSON array.
func (c *sqlite) join(list string, found func(i int, id index.Row)) error {
	rows, err := c.stmts["batch"].Query(list)
	if err != nil {
		return err
	}
	defer rows.Close()
	var i, id int64
	for rows.Next() {
		if err := rows.Scan(&i, &id); err != nil {
			return err
		}
		found(int(i), index.Row(id))
	}
	return rows.Err()
}

func (c *sqlite) batch(vins []vin.VIN) func(dst []index.Row) error {
	list, err := json.Marshal(vins)
	if err != nil {
		panic("peers: VINs as JSON: " + err.Error())
	}
	text := string(list)
	return func(dst []index.Row) error {
		for i := range dst {
			dst[i] = index.NoRow
		}
		return c.join(text, func(i int, id index.Row) { dst[i] = id })
	}
}

func (c *sqlite) close() error {
	if c.db == nil {
		return nil
	}
	return c.db.Close()
}
