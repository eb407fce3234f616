package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
)

// postgres is PostgreSQL in a server of its own on a unix socket.
type postgres struct {
	ctx    context.Context
	server *pgServer
	conn   *pgx.Conn
}

func (c *postgres) describe() description {
	return description{
		Name:    "PostgreSQL",
		Version: c.server.version,
		Setup: "A server of its own on a unix socket, all data in shared buffers, no fsync, jit off, random_page_cost 1.1, collation C; " +
			"one table, loaded by COPY in order, with a unique B-tree of the VINs, one of the reversed VINs (a stored column), both with the id so that they answer alone, " +
			"and a pg_trgm GIN index without fastupdate; vacuumed, frozen, analysed with a statistics target of 1000. " +
			"Prepared statements, by pgx with binary results; generic plans but for the fragment, whose plan depends on how common it is; " +
			"known ends as ranges of keys, one for each symbol that may stand where an unknown one is near the end, the rest by LIKE within them; " +
			"many numbers and all that may have been meant as one array. " +
			"The server's own times are the execution times of EXPLAIN (ANALYZE, TIMING OFF), in whole microseconds, without planning and less what it tells of a statement that does nothing.",
	}
}

var postgresStatements = map[string]string{
	"exact":    `SELECT id FROM v WHERE vin = $1`,
	"batch":    `SELECT (o - 1)::int4, v.id FROM unnest($1::text[]) WITH ORDINALITY AS q (vin, o) JOIN v ON v.vin = q.vin`,
	"all":      `SELECT id FROM v WHERE vin = ANY ($1::text[])`,
	"prefix":   `SELECT id FROM v WHERE vin >= $1 AND vin < $2 AND vin LIKE $3 LIMIT 100`,
	"suffix":   `SELECT id FROM v WHERE rvin >= $1 AND rvin < $2 LIMIT 100`,
	"ends":     `SELECT id FROM v WHERE rvin >= $1 AND rvin < $2 AND rvin LIKE $3 LIMIT 100`,
	"places":   `SELECT r.id FROM unnest($1::text[]) AS h CROSS JOIN LATERAL (SELECT id FROM v WHERE rvin >= h AND rvin < h || '~' AND rvin LIKE $2 OFFSET 0) AS r LIMIT 100`,
	"fragment": `SELECT id FROM v WHERE vin LIKE $1 LIMIT 100`,
	"nothing":  `SELECT id FROM v WHERE false`,
}

func (c *postgres) build(ctx context.Context, listed []entry) (err error) {
	c.ctx = ctx
	if c.conn, err = c.server.connect(ctx); err != nil {
		return err
	}
	for _, s := range []string{
		`CREATE EXTENSION pg_trgm`,
		`CREATE TABLE v (id int4 NOT NULL, vin text NOT NULL, rvin text NOT NULL) WITH (autovacuum_enabled = off)`,
		`ALTER TABLE v ALTER vin SET STATISTICS 1000`,
	} {
		if _, err := c.conn.Exec(ctx, s); err != nil {
			return err
		}
	}
	vins := make([]vin.VIN, len(listed))
	for i := range listed {
		vins[listed[i].id] = listed[i].vin
	}
	_, err = c.conn.CopyFrom(ctx, pgx.Identifier{"v"}, []string{"id", "vin", "rvin"},
		pgx.CopyFromSlice(len(vins), func(i int) ([]any, error) {
			s := vins[i].String()
			return []any{int32(i), s, reversed(s)}, nil
		}))
	if err != nil {
		return err
	}
	for _, s := range []string{
		`CREATE UNIQUE INDEX v_vin ON v (vin) INCLUDE (id)`,
		`CREATE INDEX v_rvin ON v (rvin) INCLUDE (id)`,
		`CREATE INDEX v_trgm ON v USING gin (vin gin_trgm_ops) WITH (fastupdate = off)`,
		`VACUUM (FREEZE, ANALYZE) v`,
		// A few numbers are always looked up in the index, however the
		// planner guesses how many there are.
		`SET enable_hashjoin = off`,
		`SET enable_mergejoin = off`,
	} {
		if _, err := c.conn.Exec(ctx, s); err != nil {
			return err
		}
	}
	for name, s := range postgresStatements {
		if _, err := c.conn.Prepare(ctx, name, s); err != nil {
			return fmt.Errorf("statement %s: %w", name, err)
		}
	}
	return nil
}

func (c *postgres) parts(ctx context.Context) ([]part, error) {
	parts := []part{{Name: "v"}, {Name: "v_vin"}, {Name: "v_rvin"}, {Name: "v_trgm"}}
	names := []string{"table", "B-tree", "reversed B-tree", "trigrams"}
	for i := range parts {
		err := c.conn.QueryRow(ctx, `SELECT pg_table_size($1::regclass)`, parts[i].Name).Scan(&parts[i].Bytes)
		if err != nil {
			return nil, err
		}
		parts[i].Name = names[i]
	}
	return parts, nil
}

// statement returns what answers a question.
func statement(q *question) (name string, args []any) {
	switch q.form {
	case exactHit, exactMiss:
		return "exact", []any{q.vin.String()}
	case lastSix:
		s := reversed(q.suffix())
		return "suffix", []any{s, after(s)}
	case makerLastFour, twoUnknown, twoOfLastSix:
		like := func(places string) string { return strings.ReplaceAll(places, "?", "_") }
		if p := q.prefix(); len(p) >= narrowPrefix {
			return "prefix", []any{p, after(p), like(q.places)}
		}
		places := reversed(q.places)
		if hs := heads(places); len(hs) > 1 {
			return "places", []any{hs, like(places)}
		}
		s := reversed(q.suffix())
		return "ends", []any{s, after(s), like(places)}
	case fragment:
		return "fragment", []any{"%" + q.fragment + "%"}
	case oneError:
		return "all", []any{stringsOf(neighbours(q.vin))}
	}
	panic("peers: no statement for form " + string(q.form))
}

func stringsOf(vins []vin.VIN) []string {
	ss := make([]string, len(vins))
	for i, v := range vins {
		ss[i] = v.String()
	}
	return ss
}

func (*postgres) needs(f form) []string { return indexesOf(f) }

func (c *postgres) prepare(q *question) ask {
	var name string
	var args []any
	switch q.form {
	case oneErrorReady:
		return nil
	case oneError: // what may have been meant is part of the answer
	default:
		name, args = statement(q)
	}
	return func(dst []index.Row) ([]index.Row, error) {
		name, args := name, args
		if name == "" {
			name, args = statement(q)
		}
		rows, err := c.conn.Query(c.ctx, name, args...)
		if err != nil {
			return dst, err
		}
		for rows.Next() {
			dst = append(dst, index.Row(binary.BigEndian.Uint32(rows.RawValues()[0])))
		}
		return dst, rows.Err()
	}
}

// enter makes the connection ready for a form.
func (c *postgres) enter(f form) error {
	settings := `SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off`
	if f == fragment {
		// A fragment of many is found sooner without an index.
		settings = `SET plan_cache_mode = force_custom_plan; SET enable_seqscan = on`
	}
	_, err := c.conn.Exec(c.ctx, settings)
	return err
}

func (c *postgres) batch(vins []vin.VIN) func(dst []index.Row) error {
	texts := stringsOf(vins)
	return func(dst []index.Row) error {
		for i := range dst {
			dst[i] = index.NoRow
		}
		rows, err := c.conn.Query(c.ctx, "batch", texts)
		if err != nil {
			return err
		}
		for rows.Next() {
			v := rows.RawValues()
			dst[binary.BigEndian.Uint32(v[0])] = index.Row(binary.BigEndian.Uint32(v[1]))
		}
		return rows.Err()
	}
}

func (c *postgres) explain(ctx context.Context, q *question) (float64, error) {
	name, args := statement(q)
	quoted := make([]string, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case string:
			quoted[i] = quote(a)
		case []string:
			quoted[i] = "ARRAY[" + quote(a[0])
			for _, s := range a[1:] {
				quoted[i] += "," + quote(s)
			}
			quoted[i] += "]"
		}
	}
	return c.execution(ctx, `"`+name+`" (`+strings.Join(quoted, ", ")+`)`)
}

func (c *postgres) idle(ctx context.Context) (float64, error) { return c.execution(ctx, `"nothing"`) }

// execution returns the nanoseconds that a prepared statement takes to execute.
func (c *postgres) execution(ctx context.Context, statement string) (float64, error) {
	var text string
	err := c.conn.QueryRow(ctx, `EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) EXECUTE `+statement, pgx.QueryExecModeSimpleProtocol).Scan(&text)
	if err != nil {
		return 0, err
	}
	var plans []struct {
		ExecutionTime float64 `json:"Execution Time"` // milliseconds
	}
	if err := json.Unmarshal([]byte(text), &plans); err != nil {
		return 0, err
	}
	if len(plans) != 1 {
		return 0, fmt.Errorf("%d plans of one statement", len(plans))
	}
	return plans[0].ExecutionTime * 1e6, nil
}

// quote makes a literal of what holds symbols and wildcards only.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func (c *postgres) close() error {
	if c.conn != nil {
		return c.conn.Close(context.WithoutCancel(c.ctx))
	}
	return nil
}
