// Package sheet reads registers, observations and lists of numbers from CSV.
//
// # Form
//
// A sheet is comma-separated UTF-8 text, with or without a byte order mark, or
// a gzip stream of it. Its first row names the columns, in any order; names
// are compared without regard to case, and blanks or dashes in them count as
// underscores. A missing column is a missing fact. A column with another name
// is ignored, and listed by Unknown so that a program can say so. A sheet
// without any column that could hold a number is an error.
//
// Sheets are read as streams: memory is bounded by the longest row, which is
// bounded too.
//
// # What cannot be read
//
// Nothing ends the reading but an error of the source. A row or a cell that
// cannot be read is a [Problem] with its line and the reason: the row is
// skipped, or the cell counts as a missing fact. Problems never quote a number:
// numbers of vehicles are personal data.
//
// # Cells
//
// Dates are YYYY-MM-DD or RFC 3339. Countries are ISO 3166-1 codes of two or
// three letters or signs of the UN list, such as D. An unknown type or status
// is "other". Tags are separated by semicolons.
package sheet
