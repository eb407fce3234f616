module github.com/vinmatch/vinmatch/internal/tools

go 1.26.0

require golang.org/x/text v0.43.0

replace github.com/vinmatch/vinmatch => ../..
