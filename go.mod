module github.com/vinmatch/vinmatch

go 1.26.0

require (
	github.com/cespare/xxhash/v2 v2.3.0
	github.com/google/go-cmp v0.7.0
)

require golang.org/x/exp v0.0.0-20261014143641-f0251eb4aa3e
