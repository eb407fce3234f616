module github.com/vinmatch/vinmatch

go 1.26.0
