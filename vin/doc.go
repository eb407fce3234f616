// Package vin is about vehicle identification numbers: what they are, what
// they say, and what people, papers and cameras make of them.
//
// [VIN] is a number of 17 symbols as a small value that compares, orders and
// hashes like its text. [Parse] reads one strictly; [Clean] reads what is
// written in practice and reports each edit; [Repairs] guesses at what was
// misread; [Classify] tells what a text is if it is no VIN. [Pattern] is a
// number that is known in part. [VIN.Decode] says who built the vehicle, where
// and when, as far as the number tells.
//
// # What can be relied on
//
// Nothing here needs the network, a file or the clock, so that an answer
// depends on the input and the version of this package alone. The values are
// plain data, safe to copy and to share between goroutines. Parsing a number
// and decoding it allocate nothing. Every parser takes any bytes whatever: the
// worst is an [*Error] with a position, in time and memory that do not grow
// with what follows the error.
//
// # Check digit
//
// Position 9 is a check digit in North America and China, often in Japan and
// Korea, and hardly ever in Europe. [VIN.CheckRule] tells which holds for a
// number. A mismatch is advice: it never makes a number invalid, and no lookup
// should depend on it.
//
// # Privacy
//
// A VIN leads to the vehicle's holder. Errors name the offending character and
// never the number, and log/slog shows [VIN.Masked] and of [Edits] no character.
// It looks into no slice, map or struct: what holds VINs it shows whole, as
// [VIN.String] does.
//
// # Sources
//
// The rules are those of 49 CFR 565 (United States), MVSS 115 (Canada) and ISO
// 3779 and 3780; where a maker is known to deviate, the code says so. Makers
// come from NHTSA's vPIC and public lists.
package vin
